/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JUDGE_H
#define COMMON_JUDGE_H

#include <stddef.h>

#include "common/fact.h"
#include "common/policy.h"

/* RFC 8460 4.3, in the order of the registry; JUDGE_SUCCESS is none of them. */
enum judge_type {
	JUDGE_SUCCESS,
	JUDGE_STARTTLS_NOT_SUPPORTED,
	JUDGE_CERTIFICATE_HOST_MISMATCH,
	JUDGE_CERTIFICATE_EXPIRED,
	JUDGE_CERTIFICATE_NOT_TRUSTED,
	JUDGE_VALIDATION_FAILURE,
	JUDGE_TLSA_INVALID,
	JUDGE_DNSSEC_INVALID,
	JUDGE_DANE_REQUIRED,
	JUDGE_STS_POLICY_FETCH_ERROR,
	JUDGE_STS_POLICY_INVALID,
	JUDGE_STS_WEBPKI_INVALID,
	JUDGE_TYPE_COUNT
};

/* "starttls-not-supported" etc.; "success" for JUDGE_SUCCESS. */
const char *judge_type_word(enum judge_type t);

/* Policy types of RFC 8460 4.4. */
enum judge_policy {
	JUDGE_NO_POLICY_FOUND,
	JUDGE_STS,
	JUDGE_TLSA
};

const char *judge_policy_word(enum judge_policy p);

struct judge_result {
	enum judge_type type; /* never JUDGE_SUCCESS */
	const char *reason;   /* failure-reason-code, "" for none; static */
};

enum {
	JUDGE_RESULTS = 4,
	JUDGE_REASON_MAX = 64
};

enum judge_outcome {
	JUDGED_SUCCESS, /* one success; no results */
	JUDGED_FAILURE, /* one failure; n results, one or more (R43, R76) */
	JUDGED_UNKNOWN  /* neither: what is needed was not seen (promise 5) */
};

struct judge_verdict {
	enum judge_policy policy;
	enum judge_outcome outcome;
	struct judge_result result[JUDGE_RESULTS];
	size_t n;
	char reason[JUDGE_REASON_MAX + 1]; /* storage for the own token */
};

/*
 * Judges one session. Pure: no I/O, no clock. policy is NULL: nothing was
 * published (no-policy-found, R54). Policies of other kinds come with their
 * lookup; until then any other policy gives JUDGED_UNKNOWN. So does TLS that
 * came up where the MTA says that DANE did not hold: then a policy governed
 * which is not at hand.
 * result[].reason may point into *out, so *out must not be moved.
 */
void judge(const struct fact *fact, const struct policy *policy,
    struct judge_verdict *out);

#endif
