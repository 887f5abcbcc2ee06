/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/domain.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * DNS through libunbound, many questions at once. The only file that knows
 * libunbound is dns.c. Who asks runs either dns_run() or an event loop that
 * calls dns_work().
 */
struct dns;

struct dns_options {
	const char *const *servers; /* "address" or "address@port",
	                               NULL-terminated; NULL or empty: those of
	                               /etc/resolv.conf */
	const char *local_data;   /* file of resource records, one a line: they
	                               are the only answers, nothing is asked of
	                               the network; NULL: none */
	const char *trust_anchor; /* file, perhaps dns_file_system_anchor();
	                             NULL: no validation */
	bool is_recursive;        /* ask the zones' own servers, from the root
	                             on; servers and /etc/resolv.conf are not
	                             asked then */
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

/* All that is pointed to is borrowed. */
struct dns_answer {
	enum dns_status status;
	/* DNSSEC validated: all of the chain where aliases were followed */
	bool secure;
	const struct view *rdata; /* RDATA of each record, names in it not
	                             compressed */
	size_t n;
	const char *canonical; /* the name that the aliases led to, as text
	                          without final dot; "" without aliases */
	unsigned ttl_s;        /* how long it may be kept, an answer that there
	                          is none too; 0: not known */
	/* DNS_BOGUS only: */
	enum dns_status unchecked; /* what it says to whom does not validate:
	                              with DNS_ANSWER rdata is there, too */
	const char *why;           /* dns_why_token() */
};

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_TLSA = 52
};

/*
 * Called once per question, from dns_run() or dns_work(), never from
 * dns_ask(); answer is valid only inside. It may ask further questions.
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

/*
 * For an event loop, instead of dns_run(): dns_work() does what can be done
 * now. It is called when this descriptor can be read, and once a second, for
 * the questions whose time is over. Returns as dns_run() does.
 */
int dns_fd(const struct dns *d);
int dns_work(struct dns *d);

/* The zone of the trust anchor, "." for the root; "" without an anchor. */
const char *dns_anchor(const struct dns *d);

const char *dns_status_word(enum dns_status s);

/*
 * What the library says of a bogus answer, as a token of ours: its texts hold
 * names that strangers chose. "signature-expired", "signature-not-yet-valid",
 * "signature-missing", "signature-invalid", "key-missing", "key-mismatch",
 * "denial-missing", or "unknown". NULL is allowed.
 */
const char *dns_why_token(const char *why);

/*
 * The name at the offset at of an RDATA, not compressed, in normal form; "."
 * for the root. Returns the length of that text; ERR_PARSE when it is none
 * (also an address, or one that goes on behind the name); ERR_LITERAL when
 * it reads as an address.
 */
int dns_name(struct view rdata, size_t at, char out[DOMAIN_BUF]);

/*
 * Joins the character-strings of a TXT RDATA (R19) into out (at least
 * rdata.len bytes). Returns the length; ERR_PARSE when the RDATA is none of a TXT
 * record; ERR_TOO_LONG.
 */
int dns_txt_join(struct view rdata, char *out, size_t size);

/* The texts of all TXT records of an answer; RDATA that is no TXT is none. */
struct dns_texts {
	struct view *v; /* owned, as is what they point to */
	size_t n;
	char *buf;
};

void dns_texts_init(struct dns_texts *t, const struct dns_answer *a);
void dns_texts_release(struct dns_texts *t);

#endif
