/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JUDGE_H
#define COMMON_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fact.h"
#include "common/policy_set.h"

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

/* Where it is defined: "RFC 8460 4.3.1, R60"; "RFC 8460 4.2.1, R40". */
const char *judge_type_rule(enum judge_type t);

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
	char reason[JUDGE_REASON_MAX + 1]; /* storage for the fact's token */
	char set_reason[JUDGE_REASON_MAX + 1]; /* and for that of the set */
	bool is_probed; /* it is known by the set's probe only */
};

/* Which policies a session counts under (R45). */
enum judge_count {
	JUDGE_GOVERNING, /* the one that governed */
	JUDGE_ALL        /* each that was published */
};

enum {
	JUDGE_VERDICTS = 2 /* tlsa and sts at most */
};

/*
 * Judges one session. Pure: no I/O, no clock. set is what stood at its time;
 * NULL: that is not known, and one verdict JUDGED_UNKNOWN is the answer.
 * TLSA records, usable or not, and their lookup that failed, govern before
 * MTA-STS, that before no-policy-found (R235, R316); mode "none" is no policy
 * (R53). Returns the number of verdicts, 1 or more, the governing one first.
 * result[].reason may point into out, which must not be moved.
 *
 * A verdict that stays unknown for want of chain, name or DANE is settled by
 * the set's probe, if there is one: what the MTA told stands, what it did not
 * tell is taken from the probe, and tokens end in "+probed". DANE is taken from
 * a probe by the same TLSA records only.
 */
size_t judge(const struct fact *fact, const struct policy_set *set,
    enum judge_count count, struct judge_verdict out[JUDGE_VERDICTS]);

/* What a step says of its verdict. */
enum judge_effect {
	JUDGE_ALLOWS, /* in a success: what is asked for was seen */
	JUDGE_FAILS,  /* in a failure: a result comes of it */
	JUDGE_OPEN    /* in an unknown one: it would have to be known */
};

/* One thing that decided. All texts are static. */
struct judge_step {
	enum judge_effect effect;
	const char *about;    /* "tls", "chain", "dane" ... */
	const char *seen;     /* "the certificate has expired" */
	const char *rule;     /* what the policy asks, and where that stands */
	enum judge_type type; /* with JUDGE_FAILS */
};

enum {
	JUDGE_STEPS = 8 /* one for each thing that the judge looks at */
};

/* Why a verdict is what it is. All texts are static. */
struct judge_why {
	const char *tlsa; /* why TLSA records do or do not govern */
	const char *sts;  /* the same of an MTA-STS policy */
	struct judge_step step[JUDGE_STEPS]; /* only those that decided */
	size_t n; /* 0: it is not even known which policy governs */
};

/*
 * The same, with the reasons, from the same tables. why may be NULL.
 */
size_t judge_explain(const struct fact *fact, const struct policy_set *set,
    enum judge_count count, struct judge_verdict out[JUDGE_VERDICTS],
    struct judge_why why[JUDGE_VERDICTS]);

/*
 * Would a probe of the MX host settle what is unknown of this session? The
 * set's own probe is not looked at.
 */
bool judge_wants_probe(const struct fact *fact, const struct policy_set *set,
    enum judge_count count);

/*
 * Judges an event of the set (policy_set.h: failed_at): one failed session of
 * policy type sts.
 */
void judge_event(const struct policy_set *set, struct judge_verdict *out);

#endif
