/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_RESULT_H
#define COMMON_POSTFIX_RESULT_H

#include <stdbool.h>

#include "common/fact.h"
#include "common/tls_reason.h"
#include "common/view.h"

/*
 * The results that Postfix gives itself: by number in datagrams, by word in
 * the log, both from the list of libtlsrpt. They are kept as they were given
 * (fact.verdict), and tell what nothing else told of the session.
 */
enum postfix_result {
	POSTFIX_RESULT_SUCCESS,
	POSTFIX_STARTTLS_NOT_SUPPORTED,
	POSTFIX_CERTIFICATE_HOST_MISMATCH,
	POSTFIX_CERTIFICATE_NOT_TRUSTED,
	POSTFIX_CERTIFICATE_EXPIRED,
	POSTFIX_VALIDATION_FAILURE,
	POSTFIX_STS_POLICY_FETCH_ERROR,
	POSTFIX_STS_POLICY_INVALID,
	POSTFIX_STS_WEBPKI_INVALID,
	POSTFIX_TLSA_INVALID,
	POSTFIX_DNSSEC_INVALID,
	POSTFIX_DANE_REQUIRED,
	POSTFIX_RESULT_UNKNOWN, /* one that no version that we know gives */
	POSTFIX_RESULT_COUNT
};

/* Policy types of libtlsrpt. */
enum postfix_policy {
	POSTFIX_POLICY_UNKNOWN = 0, /* the log does not tell */
	POSTFIX_POLICY_TLSA = 1,
	POSTFIX_POLICY_STS = 2,
	POSTFIX_POLICY_NONE = 9,
};

enum {
	POSTFIX_DETAIL_MAX = 64,   /* octets of a reason as it was given */
	POSTFIX_VERDICT_BUF = 513, /* of a verdict, with the NUL */
};

/* 201 to 306; POSTFIX_RESULT_UNKNOWN for another number. */
enum postfix_result postfix_result_of_code(unsigned long long code);

/*
 * "certificate_expired" or "certificate-expired"; POSTFIX_RESULT_UNKNOWN for
 * another word.
 */
enum postfix_result postfix_result_of_word(struct view word);

/* RFC 8460's word; "success"; "unknown". */
const char *postfix_result_word(enum postfix_result r);

/* "tlsa", "sts", "no-policy-found"; "" for what is not told. */
const char *postfix_policy_word(enum postfix_policy p);

/* The policy type that a result can only have; else the one given. */
enum postfix_policy postfix_result_policy(
    enum postfix_result r, enum postfix_policy p);

/* A reason as it may be kept: printable, no quote or backslash; else "". */
struct view postfix_result_detail(struct view detail);

/*
 * Adds {type, result, reason} to a verdict, a JSON list; an empty buffer is
 * an empty list. What does not fit any more is left out: false.
 */
bool postfix_verdict_add(char buf[POSTFIX_VERDICT_BUF], enum postfix_policy p,
    enum postfix_result r, struct view detail);

/* What is known of a session's TLS. */
struct postfix_seen {
	bool has_tls; /* tls is known */
	enum fact_tls tls;
	enum fact_chain chain;
	enum fact_name name;
	enum fact_dane dane;
	char reason[TLS_REASON_BUF]; /* fact.reason */
};

/*
 * Fills in what a result tells of a session and nothing told before. Of a
 * refusal of STARTTLS it does not tell whether it was offered: not here.
 */
void postfix_result_apply(enum postfix_policy p, enum postfix_result r,
    struct view detail, struct postfix_seen *seen);

/* What the text of a failed verification says. */
void postfix_result_verify(struct view text, struct postfix_seen *seen);

#endif
