/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * DNS through libunbound, many questions at once, one thread. The only file
 * that knows libunbound is dns.c.
 */
struct dns;

struct dns_options {
	const char *const *servers; /* "address" or "address@port",
	                               NULL-terminated; NULL or empty: those of
	                               /etc/resolv.conf */
	const char *local_data;   /* file of resource records, one a line: they
	                               are the only answers, nothing is asked of
	                               the network; NULL: none */
	const char *trust_anchor; /* file; NULL: no validation */
	unsigned parallel;        /* questions under way at once; 0: 200 */
	unsigned timeout_s;       /* after which a question is DNS_TIMEOUT;
	                               0: 30 */
};

enum dns_status {
	DNS_ANSWER, /* records */
	DNS_NODATA, /* the name exists, not this type */
	DNS_NXDOMAIN,
	DNS_SERVFAIL, /* any failure of servers, refused included */
	DNS_BOGUS,    /* DNSSEC says that the answer is forged */
	DNS_TIMEOUT,
	DNS_ERROR, /* ours: the library failed, bad name */
};

struct dns_answer {
	enum dns_status status;
	bool secure;              /* DNSSEC validated */
	const struct view *rdata; /* RDATA of each record; borrowed */
	size_t n;
};

enum {
	DNS_TYPE_NS = 2,
	DNS_TYPE_TXT = 16
};

/*
 * Called once per question, from dns_run(); answer is valid only inside. It
 * may ask further questions.
 */
typedef void (*dns_callback)(void *ctx, const struct dns_answer *answer);

/*
 * Returns 0; ERR_CONFIG when a server, a file or a line of it is wrong; the
 * error of the system. *error then says what, in one line.
 */
int dns_new(
    const struct dns_options *o, struct dns **out, struct strbuf *error);
void dns_free(struct dns *d); /* unanswered questions are dropped */

/*
 * Asks; name without final dot, "." for the root. Questions over the parallel
 * limit wait. Aliases are followed.
 */
void dns_ask(
    struct dns *d, const char *name, int type, dns_callback cb, void *ctx);

/*
 * Works until every question is answered. Returns 0, or ERR_TEMP when the
 * library gave up: what was open by then was answered with DNS_ERROR.
 */
int dns_run(struct dns *d);

const char *dns_status_word(enum dns_status s);

/*
 * Joins the character-strings of a TXT RDATA (R19) into out (at least
 * rdata.len bytes). Returns the length; ERR_PARSE when the RDATA is none of a TXT
 * record; ERR_TOO_LONG.
 */
int dns_txt_join(struct view rdata, char *out, size_t size);

#endif
