/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.c - from what was seen to RFC 8460's words
 *
 * One table: each value of each field of a fact is a row, each kind of policy
 * a column, and a cell says what the value means under that policy. A verdict
 * is all its cells taken together: what failed, failed; else what is not known
 * keeps the session out of the report; else it is a success. A value without a
 * row means "unknown": nothing is judged that was not seen.
 */

#include "config.h"

#include <stdbool.h>

#include "common/judge.h"

static const char *const type_words[JUDGE_TYPE_COUNT] = {
	[JUDGE_SUCCESS] = "success",
	[JUDGE_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
	[JUDGE_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
	[JUDGE_CERTIFICATE_EXPIRED] = "certificate-expired",
	[JUDGE_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
	[JUDGE_VALIDATION_FAILURE] = "validation-failure",
	[JUDGE_TLSA_INVALID] = "tlsa-invalid",
	[JUDGE_DNSSEC_INVALID] = "dnssec-invalid",
	[JUDGE_DANE_REQUIRED] = "dane-required",
	[JUDGE_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
	[JUDGE_STS_POLICY_INVALID] = "sts-policy-invalid",
	[JUDGE_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
};

const char *judge_type_word(enum judge_type t)
{
	return (unsigned)t < JUDGE_TYPE_COUNT ? type_words[t] : NULL;
}

const char *judge_policy_word(enum judge_policy p)
{
	switch (p) {
	case JUDGE_NO_POLICY_FOUND:
		return "no-policy-found";
	case JUDGE_STS:
		return "sts";
	case JUDGE_TLSA:
		return "tlsa";
	}
	return NULL;
}

enum says {
	SAYS_UNKNOWN, /* not enough was seen: no verdict (promise 5) */
	SAYS_NOTHING, /* the value has no bearing under this policy */
	SAYS_SUCCESS,
	SAYS_FAILURE
};

struct cell {
	enum says says;
	enum judge_type type; /* with SAYS_FAILURE */
	const char *token;    /* failure-reason-code */
	bool own;             /* the fact's own token stands before ours */
};

/* What a cell may hold. */
#define UNKNOWN                            \
 {                                         \
  SAYS_UNKNOWN, JUDGE_SUCCESS, NULL, false \
 }
#define NOTHING                            \
 {                                         \
  SAYS_NOTHING, JUDGE_SUCCESS, NULL, false \
 }
#define SUCCESS                            \
 {                                         \
  SAYS_SUCCESS, JUDGE_SUCCESS, NULL, false \
 }
#define FAILURE(type, token)                 \
 {                                           \
  SAYS_FAILURE, JUDGE_##type, (token), false \
 }
#define FAILURE_OWN(type, token)            \
 {                                          \
  SAYS_FAILURE, JUDGE_##type, (token), true \
 }

/* The columns. Those of sts and tlsa come with the lookup of policies. */
struct row {
	struct cell no_policy; /* R54: TLS at all is a success */
};

static const struct row tls_rows[FACT_TLS_COUNT] = {
	/* RFC 8460 4.2.1, R40, R54 */
	[FACT_TLS_OK] = { SUCCESS },
	/* RFC 8460 4.3.1, R60; a log may not tell it from the next one */
	[FACT_TLS_NOT_OFFERED] = { FAILURE_OWN(
	    STARTTLS_NOT_SUPPORTED, "starttls-not-offered") },
	/* R60: the reply code is in the fact's token */
	[FACT_TLS_REFUSED] = { FAILURE_OWN(
	    STARTTLS_NOT_SUPPORTED, "starttls-refused") },
	/* RFC 8460 4.3.4, R64 */
	[FACT_TLS_FAILED] = { FAILURE_OWN(
	    VALIDATION_FAILURE, "tls-handshake-failure") },
	/* nobody was asked for TLS; but see mx_bogus */
	[FACT_TLS_NO_SESSION] = { UNKNOWN },
};

/* RFC 7672 2.1.2, R306: the answer to the MX lookup is known to be forged. */
static const struct row mx_bogus = { FAILURE(VALIDATION_FAILURE, "mx-bogus") };

/* R54: where no policy is, nobody asks for a certificate that holds. */
static const struct row chain_rows[FACT_CHAIN_COUNT] = {
	[FACT_CHAIN_UNKNOWN] = { NOTHING },
	[FACT_CHAIN_OK] = { NOTHING },
	[FACT_CHAIN_EXPIRED] = { NOTHING },
	[FACT_CHAIN_NOT_YET_VALID] = { NOTHING },
	[FACT_CHAIN_SELF_SIGNED] = { NOTHING },
	[FACT_CHAIN_UNTRUSTED] = { NOTHING },
	[FACT_CHAIN_BAD] = { NOTHING },
};

static const struct row name_rows[FACT_NAME_COUNT] = {
	[FACT_NAME_UNKNOWN] = { NOTHING },
	[FACT_NAME_MATCH] = { NOTHING },
	[FACT_NAME_MISMATCH] = { NOTHING },
};

/*
 * R316: where the MTA says that DANE did not hold, a TLSA policy governed
 * which is not at hand. TLS alone is then no success.
 */
static const struct row dane_rows[FACT_DANE_COUNT] = {
	[FACT_DANE_UNKNOWN] = { NOTHING },
	[FACT_DANE_MATCH] = { NOTHING },
	[FACT_DANE_MISMATCH] = { UNKNOWN },
	[FACT_DANE_UNUSABLE] = { UNKNOWN },
	[FACT_DANE_LOOKUP_FAILED] = { UNKNOWN },
	[FACT_DANE_REQUIRED_MISSING] = { UNKNOWN },
	[FACT_DANE_NONE] = { NOTHING },
};

static const struct row no_row = { UNKNOWN };

static const struct row *find_row(
    const struct row *rows, unsigned n, unsigned value)
{
	return value < n ? &rows[value] : &no_row;
}

/* The fact's token as it may stand in a report (R71, R196), else "". */
static const char *own_token(
    const struct fact *fact, char out[JUDGE_REASON_MAX + 1])
{
	out[0] = '\0';
	if (fact_is_reason(fact->reason)) {
		(void)view_copy(fact->reason, out, JUDGE_REASON_MAX + 1);
	}
	return out;
}

static void add_result(
    const struct fact *fact, const struct cell *cell, struct judge_verdict *out)
{
	struct judge_result *result;

	if (out->n == JUDGE_RESULTS) {
		return;
	}
	result = &out->result[out->n++];
	result->type = cell->type;
	result->reason = cell->token;
	/* an overflow fact stands for many: no token of theirs is its own */
	if (cell->own || view_is(fact->reason, "overflow")) {
		const char *own = own_token(fact, out->reason);

		if (own[0] != '\0') {
			result->reason = own;
		}
	}
}

void judge(const struct fact *fact, const struct policy *policy,
    struct judge_verdict *out)
{
	const struct row *rows[] = {
		find_row(tls_rows, FACT_TLS_COUNT, (unsigned)fact->tls),
		find_row(chain_rows, FACT_CHAIN_COUNT, (unsigned)fact->chain),
		find_row(name_rows, FACT_NAME_COUNT, (unsigned)fact->name),
		find_row(dane_rows, FACT_DANE_COUNT, (unsigned)fact->dane),
	};
	bool is_known = true;

	*out = (struct judge_verdict){ .policy = JUDGE_NO_POLICY_FOUND,
		.outcome = JUDGED_UNKNOWN };
	if (policy != NULL) {
		return;
	}
	if (fact_is_untold(fact)) {
		rows[0] = &no_row;
	}
	if (fact->tls == FACT_TLS_NO_SESSION &&
	    view_is(fact->reason, "mx-bogus")) {
		rows[0] = &mx_bogus;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cell *cell = &rows[i]->no_policy;

		if (cell->says == SAYS_FAILURE) {
			add_result(fact, cell, out);
		} else if (cell->says == SAYS_UNKNOWN) {
			is_known = false;
		}
	}
	if (out->n > 0) {
		out->outcome = JUDGED_FAILURE;
	} else if (is_known) {
		out->outcome = JUDGED_SUCCESS;
	}
}
