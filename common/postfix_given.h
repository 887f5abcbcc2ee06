/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_GIVEN_H
#define COMMON_POSTFIX_GIVEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/view.h"

/*
 * What stands in a datagram of libtlsrpt, as it stands there; what it means is
 * for postfix_datagram.c. Views borrow the datagram or the arena; what was not
 * sent is empty.
 */

/* One of failure-details. */
struct postfix_given_failure {
	uint32_t code;
	struct view sending_ip;
	struct view mx;
	struct view helo;
	struct view ip;
	struct view detail;
};

struct postfix_given_failures {
	struct postfix_given_failure *failure;
	size_t n;
};

struct postfix_given_texts {
	struct view *text;
	size_t n;
	size_t cap;
};

/* One of policies. */
struct postfix_given_policy {
	uint32_t type;
	struct view domain; /* "": that of the datagram */
	struct postfix_given_texts strings;
	struct postfix_given_texts mx;
	struct postfix_given_failures failures;
	uint32_t has_failed; /* in the end */
};

struct postfix_given_policies {
	struct postfix_given_policy *policy;
	size_t n;
};

struct postfix_given {
	struct view version;
	struct view domain;
	struct view record;
	struct postfix_given_policies policies;
};

/*
 * Reads a datagram. Returns 0, ERR_PARSE, ERR_VERSION or ERR_FULL, see
 * postfix_datagram.h.
 */
int postfix_given_read(
    struct view text, struct arena *a, struct postfix_given *given);

#endif
