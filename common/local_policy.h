/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LOCAL_POLICY_H
#define COMMON_LOCAL_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * What this site itself decides of domains: a small file, one line each,
 *
 *	dane DOMAIN...			DANE must hold (RFC 7672 6, R313)
 *	mta-sts DOMAIN...		there must be an MTA-STS policy
 *	exclude DOMAIN...		nothing is looked up, no report is made
 *	smart-host HOST DOMAIN		what goes through that MX host counts
 *					for this domain, not the recipients' (R1)
 *
 * and comments that begin with '#'. It has effect on what is recorded from
 * then on, since a day's reports are judged by what stands in the day.
 */
struct local_policy;

enum local_policy_demand {
	LOCAL_POLICY_DANE = 1,
	LOCAL_POLICY_STS = 2,
	LOCAL_POLICY_EXCLUDE = 4
};

enum {
	LOCAL_POLICY_MAX = 100 * 1000 /* names in all */
};

/* Parses the text of a file; name is for *error, which says all faults, a line
   each. Returns 0, or ERR_CONFIG and *out is NULL. */
int local_policy_parse(struct view text, const char *name,
    struct local_policy **out, struct strbuf *error);

/* The same for a file. Also -errno, and ERR_TOO_LONG for one over 16 MiB. */
int local_policy_read(
    const char *path, struct local_policy **out, struct strbuf *error);

void local_policy_free(struct local_policy *p); /* NULL is allowed */

/* Bits of enum local_policy_demand; domain normalised; p may be NULL: none. */
unsigned local_policy_of(const struct local_policy *p, struct view domain);

/*
 * The domain that sessions with an MX host count for, "" if it is no smart
 * host. Borrowed from p, which may be NULL.
 */
struct view local_policy_next_hop(const struct local_policy *p, struct view mx);

#endif
