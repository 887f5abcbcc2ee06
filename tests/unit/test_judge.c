/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_judge.c - sessions under no policy: a row for each value of each field
 * of a fact
 */
#include "config.h"

#include "tests/unit/judge_kit.h"

enum {
	OK = FACT_TLS_OK,
	NOT_OFFERED = FACT_TLS_NOT_OFFERED,
	REFUSED = FACT_TLS_REFUSED,
	FAILED = FACT_TLS_FAILED,
	NO_SESSION = FACT_TLS_NO_SESSION,
	NO_STARTTLS = JUDGE_STARTTLS_NOT_SUPPORTED,
	INVALID = JUDGE_VALIDATION_FAILURE,
};

#define TOKEN_64 \
 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* No policy: what tls and reason give (R54). */
static const struct {
	const char *name;
	unsigned tls;
	const char *reason;
	enum judge_outcome want;
	unsigned type;
	const char *token;
} tls_table[] = {
	{ "ok", OK, "", JUDGED_SUCCESS, 0, NULL },
	{ "ok, a reason", OK, "self-signed", JUDGED_SUCCESS, 0, NULL },
	{ "ok, overflow", OK, "overflow", JUDGED_SUCCESS, 0, NULL },
	{ "ok, mx-bogus", OK, "mx-bogus", JUDGED_SUCCESS, 0, NULL },
	{ "not offered", NOT_OFFERED, "", JUDGED_FAILURE, NO_STARTTLS,
	    "starttls-not-offered" },
	{ "not offered, a reason", NOT_OFFERED,
	    "starttls-not-offered-or-refused", JUDGED_FAILURE, NO_STARTTLS,
	    "starttls-not-offered-or-refused" },
	{ "not offered, no token", NOT_OFFERED, "No", JUDGED_FAILURE,
	    NO_STARTTLS, "starttls-not-offered" },
	{ "not offered, overflow", NOT_OFFERED, "overflow", JUDGED_FAILURE,
	    NO_STARTTLS, "overflow" },
	{ "not told", NOT_OFFERED, "tls-not-logged", JUDGED_UNKNOWN, 0, NULL },
	{ "refused, not logged", REFUSED, "tls-not-logged", JUDGED_FAILURE,
	    NO_STARTTLS, "tls-not-logged" },
	{ "refused", REFUSED, "", JUDGED_FAILURE, NO_STARTTLS,
	    "starttls-refused" },
	{ "refused 454", REFUSED, "starttls-reply-454", JUDGED_FAILURE,
	    NO_STARTTLS, "starttls-reply-454" },
	{ "refused 4xx", REFUSED, "starttls-reply-4xx", JUDGED_FAILURE,
	    NO_STARTTLS, "starttls-reply-4xx" },
	{ "refused, overflow", REFUSED, "overflow", JUDGED_FAILURE, NO_STARTTLS,
	    "overflow" },
	{ "failed", FAILED, "", JUDGED_FAILURE, INVALID,
	    "tls-handshake-failure" },
	{ "failed, alert", FAILED, "tls-remote-alert-40-handshake-failure",
	    JUDGED_FAILURE, INVALID, "tls-remote-alert-40-handshake-failure" },
	{ "failed, overflow", FAILED, "overflow", JUDGED_FAILURE, INVALID,
	    "overflow" },
	{ "failed, plus", FAILED, "timeout-during-handshake+probed",
	    JUDGED_FAILURE, INVALID, "timeout-during-handshake+probed" },
	{ "longest token", FAILED, TOKEN_64, JUDGED_FAILURE, INVALID,
	    TOKEN_64 },
	{ "token too long", FAILED, TOKEN_64 "x", JUDGED_FAILURE, INVALID,
	    "tls-handshake-failure" },
	{ "token with capitals", FAILED, "Not-TLS", JUDGED_FAILURE, INVALID,
	    "tls-handshake-failure" },
	{ "token with a blank", REFUSED, "454 no", JUDGED_FAILURE, NO_STARTTLS,
	    "starttls-refused" },
	{ "token with a line end", REFUSED, "x\r\n", JUDGED_FAILURE,
	    NO_STARTTLS, "starttls-refused" },
	{ "token of 8 bits", REFUSED, "\xc3\xbc", JUDGED_FAILURE, NO_STARTTLS,
	    "starttls-refused" },
	{ "no session", NO_SESSION, "", JUDGED_UNKNOWN, 0, NULL },
	{ "no session, mx-bogus (R306)", NO_SESSION, "mx-bogus", JUDGED_FAILURE,
	    INVALID, "mx-bogus" },
	{ "no session, tlsa-bogus", NO_SESSION, "tlsa-bogus", JUDGED_UNKNOWN, 0,
	    NULL },
	{ "no session, overflow", NO_SESSION, "overflow", JUDGED_UNKNOWN, 0,
	    NULL },
	{ "no such tls", FACT_TLS_COUNT, "", JUDGED_UNKNOWN, 0, NULL },
	{ "far from any tls", 0x7fffffff, "", JUDGED_UNKNOWN, 0, NULL },
};

/* What the domain had: nothing. */
static void judge_one(const struct fact *fact, struct judge_verdict *out)
{
	struct judge_verdict v[JUDGE_VERDICTS];

	UNIT_UINT("verdicts",
	    judge(fact, &judge_samples[NO_POLICY], JUDGE_GOVERNING, v), 1);
	*out = v[0];
	/* the token may stand in the verdict, which has moved */
	for (size_t i = 0; i < v[0].n; i++) {
		if (v[0].result[i].reason == v[0].reason) {
			out->result[i].reason = out->reason;
		}
	}
}

static void check_verdict(const char *name, const struct judge_verdict *v,
    enum judge_outcome want, unsigned type, const char *token)
{
	UNIT_UINT(name, v->outcome, want);
	UNIT_UINT(name, v->policy, JUDGE_NO_POLICY_FOUND);
	UNIT_UINT(name, v->n, want == JUDGED_FAILURE ? 1 : 0);
	if (want == JUDGED_FAILURE) {
		UNIT_UINT(name, v->result[0].type, type);
		UNIT_STR(name, v->result[0].reason, token);
	}
}

static void test_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(tls_table); i++) {
		struct fact fact = { .tls = (enum fact_tls)tls_table[i].tls,
			.reason = view_of(tls_table[i].reason) };
		struct judge_verdict v;

		judge_one(&fact, &v);
		check_verdict(tls_table[i].name, &v, tls_table[i].want,
		    tls_table[i].type, tls_table[i].token);
	}
}

/* Each value of tls stands in the table above. */
static void test_tls_complete(void **state)
{
	(void)state;
	for (unsigned t = 0; t < FACT_TLS_COUNT; t++) {
		bool found = false;

		for (size_t i = 0; i < UNIT_LEN(tls_table); i++) {
			found = found || tls_table[i].tls == t;
		}
		UNIT_TRUE(fact_tls_word((enum fact_tls)t), found);
	}
}

/* R54: with TLS up and no policy, what chain and name do. What DANE
   the MTA found makes it another policy: test_judge_policies.c. */
static void test_other_fields(void **state)
{
	static const enum judge_outcome chain[] = {
		[FACT_CHAIN_UNKNOWN] = JUDGED_SUCCESS,
		[FACT_CHAIN_OK] = JUDGED_SUCCESS,
		[FACT_CHAIN_EXPIRED] = JUDGED_SUCCESS,
		[FACT_CHAIN_NOT_YET_VALID] = JUDGED_SUCCESS,
		[FACT_CHAIN_SELF_SIGNED] = JUDGED_SUCCESS,
		[FACT_CHAIN_UNTRUSTED] = JUDGED_SUCCESS,
		[FACT_CHAIN_BAD] = JUDGED_SUCCESS,
		[FACT_CHAIN_COUNT] = JUDGED_UNKNOWN, /* no such value */
	};

	static const enum judge_outcome name[] = {
		[FACT_NAME_UNKNOWN] = JUDGED_SUCCESS,
		[FACT_NAME_MATCH] = JUDGED_SUCCESS,
		[FACT_NAME_MISMATCH] = JUDGED_SUCCESS,
		[FACT_NAME_COUNT] = JUDGED_UNKNOWN,
	};
	struct judge_verdict v;

	(void)state;
	for (unsigned i = 0; i <= FACT_CHAIN_COUNT; i++) {
		struct fact f = { .chain = (enum fact_chain)i };

		judge_one(&f, &v);
		check_verdict("chain", &v, chain[i], 0, NULL);
	}
	for (unsigned i = 0; i <= FACT_NAME_COUNT; i++) {
		struct fact f = { .name = (enum fact_name)i };

		judge_one(&f, &v);
		check_verdict("name", &v, name[i], 0, NULL);
	}
	for (unsigned i = FACT_DANE_UNKNOWN; i <= FACT_DANE_NONE;
	     i += FACT_DANE_NONE) {
		struct fact f = { .dane = (enum fact_dane)i };

		judge_one(&f, &v);
		check_verdict("dane", &v, JUDGED_SUCCESS, 0, NULL);
	}
}

/* A failure of TLS itself stays one, whatever else was seen. */
static void test_failure_stays(void **state)
{
	struct judge_verdict v;

	(void)state;
	for (unsigned n = 0; n < FACT_CHAIN_COUNT * FACT_NAME_COUNT; n++) {
		struct fact f = { .chain =
				      (enum fact_chain)(n % FACT_CHAIN_COUNT),
			.name = (enum fact_name)(n / FACT_CHAIN_COUNT) };

		f.tls = FACT_TLS_NOT_OFFERED;
		judge_one(&f, &v);
		check_verdict("not-offered", &v, JUDGED_FAILURE, NO_STARTTLS,
		    "starttls-not-offered");
		f.tls = FACT_TLS_REFUSED;
		judge_one(&f, &v);
		check_verdict("refused", &v, JUDGED_FAILURE, NO_STARTTLS,
		    "starttls-refused");
		f.tls = FACT_TLS_FAILED;
		judge_one(&f, &v);
		check_verdict("failed", &v, JUDGED_FAILURE, INVALID,
		    "tls-handshake-failure");
		f.tls = FACT_TLS_NO_SESSION;
		judge_one(&f, &v);
		check_verdict("no-session", &v, JUDGED_UNKNOWN, 0, NULL);
	}
}

/* What the fact has besides is nothing to the judge without a policy. */
static void test_no_bearing(void **state)
{
	struct fact f = { .domain = view_of("example.net"),
		.mx = view_of("mx.example.net"),
		.level = view_of("secure"),
		.verdict = view_of("[{\"policy\":\"sts\"}]"),
		.version = view_of("TLSv1"),
		.helo = view_of("x"),
		.feed = view_of("sendmail"),
		.policy = { 1 } };
	struct judge_verdict v;

	(void)state;
	judge_one(&f, &v);
	check_verdict("all fields", &v, JUDGED_SUCCESS, 0, NULL);
}

/* RFC 8460 4.3: the eleven of the registry. */
static void test_words(void **state)
{
	static const struct {
		enum judge_type type;
		const char *want;
	} table[] = {
		{ JUDGE_SUCCESS, "success" },
		{ JUDGE_STARTTLS_NOT_SUPPORTED, "starttls-not-supported" },
		{ JUDGE_CERTIFICATE_HOST_MISMATCH,
		    "certificate-host-mismatch" },
		{ JUDGE_CERTIFICATE_EXPIRED, "certificate-expired" },
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted" },
		{ JUDGE_VALIDATION_FAILURE, "validation-failure" },
		{ JUDGE_TLSA_INVALID, "tlsa-invalid" },
		{ JUDGE_DNSSEC_INVALID, "dnssec-invalid" },
		{ JUDGE_DANE_REQUIRED, "dane-required" },
		{ JUDGE_STS_POLICY_FETCH_ERROR, "sts-policy-fetch-error" },
		{ JUDGE_STS_POLICY_INVALID, "sts-policy-invalid" },
		{ JUDGE_STS_WEBPKI_INVALID, "sts-webpki-invalid" },
		{ JUDGE_TYPE_COUNT, NULL },
	};

	(void)state;
	UNIT_UINT("rows", UNIT_LEN(table), JUDGE_TYPE_COUNT + 1);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_STR("type", judge_type_word(table[i].type), table[i].want);
	}
	UNIT_STR("policy", judge_policy_word(JUDGE_NO_POLICY_FOUND),
	    "no-policy-found");
	UNIT_STR("policy", judge_policy_word(JUDGE_STS), "sts");
	UNIT_STR("policy", judge_policy_word(JUDGE_TLSA), "tlsa");
	UNIT_STR("policy", judge_policy_word((enum judge_policy)3), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_complete),
		cmocka_unit_test(test_other_fields),
		cmocka_unit_test(test_failure_stays),
		cmocka_unit_test(test_no_bearing),
		cmocka_unit_test(test_words),
	};

	return UNIT_RUN(tests);
}
