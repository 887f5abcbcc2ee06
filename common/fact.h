/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_FACT_H
#define COMMON_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ip.h"
#include "common/view.h"

/*
 * A fact: what was seen of one session (doc/design: "A fact, field by
 * field"). The numbers of the enums stand in tally files: append, never
 * renumber.
 */

/* How far TLS came. */
enum fact_tls {
	FACT_TLS_OK,          /* up, or would be but for the certificate */
	FACT_TLS_NOT_OFFERED, /* EHLO without STARTTLS */
	FACT_TLS_REFUSED,     /* STARTTLS answered 4xx or 5xx */
	FACT_TLS_FAILED,      /* handshake failed otherwise, connection lost */
	FACT_TLS_NO_SESSION,  /* given up before any connection */
	FACT_TLS_COUNT
};

/* The MTA's verdict on the certificate chain. */
enum fact_chain {
	FACT_CHAIN_UNKNOWN, /* not checked or not told */
	FACT_CHAIN_OK,
	FACT_CHAIN_EXPIRED,
	FACT_CHAIN_NOT_YET_VALID,
	FACT_CHAIN_SELF_SIGNED,
	FACT_CHAIN_UNTRUSTED,
	FACT_CHAIN_BAD, /* refused, why unknown */
	FACT_CHAIN_COUNT
};

/* Was the MX name in the certificate? */
enum fact_name {
	FACT_NAME_UNKNOWN,
	FACT_NAME_MATCH,
	FACT_NAME_MISMATCH,
	FACT_NAME_COUNT
};

/* The MTA's own DANE verdict. */
enum fact_dane {
	FACT_DANE_UNKNOWN, /* it does no DANE, or did not tell */
	FACT_DANE_MATCH,
	FACT_DANE_MISMATCH,
	FACT_DANE_UNUSABLE,
	FACT_DANE_LOOKUP_FAILED,
	FACT_DANE_REQUIRED_MISSING,
	FACT_DANE_NONE, /* it looked: no TLSA */
	FACT_DANE_COUNT
};

/* The words of the formats, "not-offered" etc.; NULL for no such value. */
const char *fact_tls_word(enum fact_tls v);
const char *fact_chain_word(enum fact_chain v);
const char *fact_name_word(enum fact_name v);
const char *fact_dane_word(enum fact_dane v);

enum {
	FACT_POLICY_HASH = 16
}; /* bytes of a policy's content hash */

/*
 * One fact. Views are borrowed; an empty view means "not known" ("" in the
 * formats). Length bounds in parentheses: fact_check() enforces them.
 */
struct fact {
	struct view domain; /* recipient (next-hop) domain, normalised (253);
	                        "" only in the tally's last overflow fact */
	struct view mx; /* host name as in the MX record, normalised (253) */
	struct view reason;   /* token of the failure table (64): a-z 0-9 - + */
	struct view level;    /* TLS level the MTA applied (32) */
	struct view verdict;  /* the MTA's own results, JSON text (512) */
	struct view version;  /* "TLSv1.3" (16) */
	struct view helo;     /* name that the receiver announced (255) */
	struct view feed;     /* name of the feed (64) */
	struct ip ip;         /* the receiver's address */
	struct ip sending_ip; /* ours */
	enum fact_tls tls;
	enum fact_chain chain;
	enum fact_name name;
	enum fact_dane dane;
	uint8_t policy[FACT_POLICY_HASH]; /* all zero: not known yet */
};

/*
 * Did the log not tell whether there was TLS? tls is "not-offered" then, for
 * that is what such a log looks like, and reason says "tls-not-logged".
 */
bool fact_is_untold(const struct fact *fact);

/* Is it a token as reason may hold: a-z 0-9 - +, at most 64 of them? */
bool fact_is_reason(struct view v);

/*
 * Does the fact keep the bounds and character sets above? Facts are made by
 * our parsers, so false is our bug or a damaged file, never a peer's doing.
 */
bool fact_check(const struct fact *fact);

#endif
