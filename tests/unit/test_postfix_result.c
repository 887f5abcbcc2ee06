/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_result.c - tests common/postfix_result.c */

#include "config.h"

#include "common/postfix_result.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

static void test_words(void **state)
{
	static const struct {
		unsigned code;
		const char *word;
		const char *logged;
	} table[] = {
		{ 201, "starttls-not-supported", "starttls_not_supported" },
		{ 202, "certificate-host-mismatch",
		    "certificate_host_mismatch" },
		{ 203, "certificate-not-trusted", "certificate_not_trusted" },
		{ 204, "certificate-expired", "Certificate_Expired" },
		{ 205, "validation-failure", "validation-failure" },
		{ 301, "sts-policy-fetch-error", "sts_policy_fetch_error" },
		{ 302, "sts-policy-invalid", "sts_policy_invalid" },
		{ 303, "sts-webpki-invalid", "sts_webpki_invalid" },
		{ 304, "tlsa-invalid", "tlsa_invalid" },
		{ 305, "dnssec-invalid", "dnssec_invalid" },
		{ 306, "dane-required", "dane_required" },
		{ 0, "unknown", "success" },
		{ 200, "unknown", "unknown" },
		{ 307, "unknown", "" },
		{ 901, "unknown", "certificate expired" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		enum postfix_result of_word =
		    postfix_result_of_word(view_of(table[i].logged));

		UNIT_STR(table[i].word,
		    postfix_result_word(postfix_result_of_code(table[i].code)),
		    table[i].word);
		UNIT_STR(table[i].logged, postfix_result_word(of_word),
		    table[i].word);
	}
	UNIT_STR("no result", postfix_result_word(POSTFIX_RESULT_COUNT), NULL);
	UNIT_STR(
	    "no policy", postfix_policy_word((enum postfix_policy)7), NULL);
}

static void test_verdict(void **state)
{
	static const char one[] =
	    "[{\"type\":\"sts\",\"result\":\"certificate-expired\","
	    "\"reason\":\"x_y\"}]";
	char buf[POSTFIX_VERDICT_BUF] = "";
	char kept[POSTFIX_VERDICT_BUF];
	unsigned n = 0;

	(void)state;
	UNIT_TRUE("one",
	    postfix_verdict_add(buf, POSTFIX_POLICY_STS,
		POSTFIX_CERTIFICATE_EXPIRED, view_of("x_y")));
	UNIT_STR("one", buf, one);
	UNIT_TRUE("two",
	    postfix_verdict_add(buf, POSTFIX_POLICY_UNKNOWN,
		POSTFIX_RESULT_SUCCESS, view_make(NULL, 0)));
	UNIT_STR("two", buf,
	    "[{\"type\":\"sts\",\"result\":\"certificate-expired\","
	    "\"reason\":\"x_y\"},{\"type\":\"\",\"result\":\"success\","
	    "\"reason\":\"\"}]");
	do {
		memcpy(kept, buf, sizeof(kept));
		n++;
	} while (postfix_verdict_add(buf, POSTFIX_POLICY_NONE,
	    POSTFIX_TLSA_INVALID, view_of("all-TLSA-records-unusable")));
	UNIT_TRUE("some fit", n > 1);
	UNIT_STR("full: as it was", buf, kept);
	buf[0] = '\0';
	(void)postfix_verdict_add(
	    buf, POSTFIX_POLICY_TLSA, POSTFIX_DANE_REQUIRED, view_of("a\"b"));
	UNIT_STR("a quote", buf,
	    "[{\"type\":\"tlsa\",\"result\":\"dane-required\","
	    "\"reason\":\"\"}]");
}

static void test_detail(void **state)
{
	static const struct {
		const char *in;
		bool is_kept;
	} table[] = {
		{ "self-signed_certificate", true },
		{ "a,b{}[]:", true },
		{ "", true },
		{ "a b", false },
		{ "a\"b", false },
		{ "a\\b", false },
		{ "a\nb", false },
		{ "a\x7f", false },
		{ "\xc3\xa4", false },
		{ "1234567890123456789012345678901234567890123456789012345678901"
		  "234",
		    true },
		{ "1234567890123456789012345678901234567890123456789012345678901"
		  "2345",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view got = postfix_result_detail(view_of(table[i].in));

		UNIT_TRUE(table[i].in,
		    view_is(got, table[i].is_kept ? table[i].in : ""));
	}
}

static void add(struct strbuf *b, const char *key, const char *word)
{
	if (word[0] != '\0' && strcmp(word, "unknown") != 0) {
		strbuf_addf(b, "%s%s%s", b->len > 0 ? " " : "", key, word);
	}
}

static const char *write_seen(struct strbuf *b, const struct postfix_seen *s)
{
	strbuf_clear(b);
	add(b, "", s->has_tls ? fact_tls_word(s->tls) : "");
	add(b, "", s->reason);
	add(b, "chain=", fact_chain_word(s->chain));
	add(b, "name=", fact_name_word(s->name));
	add(b, "dane=", fact_dane_word(s->dane));
	return strbuf_str(b);
}

static void test_apply(void **state)
{
	static const struct {
		const char *name;
		enum postfix_policy policy;
		enum postfix_result result;
		const char *detail;
		const char *want;
	} table[] = {
		{ "success", POSTFIX_POLICY_TLSA, POSTFIX_RESULT_SUCCESS, "",
		    "ok" },
		{ "no STARTTLS", POSTFIX_POLICY_STS,
		    POSTFIX_STARTTLS_NOT_SUPPORTED, "", "" },
		{ "name", POSTFIX_POLICY_STS, POSTFIX_CERTIFICATE_HOST_MISMATCH,
		    "", "ok name=mismatch" },
		{ "not trusted, sts", POSTFIX_POLICY_STS,
		    POSTFIX_CERTIFICATE_NOT_TRUSTED, "", "ok chain=untrusted" },
		{ "not trusted, tlsa", POSTFIX_POLICY_TLSA,
		    POSTFIX_CERTIFICATE_NOT_TRUSTED, "", "ok dane=mismatch" },
		{ "not trusted, nobody knows", POSTFIX_POLICY_UNKNOWN,
		    POSTFIX_CERTIFICATE_NOT_TRUSTED, "", "ok chain=bad" },
		{ "expired", POSTFIX_POLICY_NONE, POSTFIX_CERTIFICATE_EXPIRED,
		    "", "ok chain=expired" },
		{ "handshake", POSTFIX_POLICY_NONE, POSTFIX_VALIDATION_FAILURE,
		    "tls-handshake-failure", "failed tls-handshake-failure" },
		{ "self-signed", POSTFIX_POLICY_STS, POSTFIX_VALIDATION_FAILURE,
		    "self-signed_certificate", "ok chain=self-signed" },
		{ "self-signed in the chain", POSTFIX_POLICY_STS,
		    POSTFIX_VALIDATION_FAILURE,
		    "self-signed_certificate_in_certificate_chain",
		    "ok chain=untrusted" },
		{ "not yet valid", POSTFIX_POLICY_STS,
		    POSTFIX_VALIDATION_FAILURE, "certificate_is_not_yet_valid",
		    "ok chain=not-yet-valid" },
		{ "no issuer", POSTFIX_POLICY_STS, POSTFIX_VALIDATION_FAILURE,
		    "unable_to_get_local_issuer_certificate",
		    "ok chain=untrusted" },
		{ "a reason that nobody knows", POSTFIX_POLICY_STS,
		    POSTFIX_VALIDATION_FAILURE, "something_else",
		    "ok chain=bad" },
		{ "no reason", POSTFIX_POLICY_STS, POSTFIX_VALIDATION_FAILURE,
		    "", "ok" },
		{ "policy not fetched", POSTFIX_POLICY_STS,
		    POSTFIX_STS_POLICY_FETCH_ERROR, "", "ok" },
		{ "unusable", POSTFIX_POLICY_TLSA, POSTFIX_TLSA_INVALID, "",
		    "ok dane=unusable" },
		{ "bogus", POSTFIX_POLICY_TLSA, POSTFIX_DNSSEC_INVALID, "",
		    "no-session dane=lookup-failed" },
		{ "required", POSTFIX_POLICY_TLSA, POSTFIX_DANE_REQUIRED, "",
		    "no-session dane=required-missing" },
		{ "unknown", POSTFIX_POLICY_NONE, POSTFIX_RESULT_UNKNOWN, "x",
		    "" },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct postfix_seen seen = { 0 };

		postfix_result_apply(table[i].policy, table[i].result,
		    view_of(table[i].detail), &seen);
		UNIT_STR(table[i].name, write_seen(&got, &seen), table[i].want);
	}
	strbuf_release(&got);
}

/* What was told before, stays. */
static void test_apply_later(void **state)
{
	struct postfix_seen seen = { .has_tls = true,
		.tls = FACT_TLS_FAILED,
		.chain = FACT_CHAIN_SELF_SIGNED,
		.dane = FACT_DANE_UNUSABLE,
		.reason = "x" };
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (int r = 0; r < POSTFIX_RESULT_COUNT; r++) {
		if (r != POSTFIX_CERTIFICATE_HOST_MISMATCH) {
			postfix_result_apply(POSTFIX_POLICY_TLSA,
			    (enum postfix_result)r,
			    view_of("tls-handshake-failure"), &seen);
		}
	}
	UNIT_STR("as it was", write_seen(&got, &seen),
	    "failed x chain=self-signed dane=unusable");
	strbuf_release(&got);
}

static void test_verify(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "certificate has expired", "chain=expired" },
		{ "certificate not yet valid", "chain=not-yet-valid" },
		{ "self-signed certificate", "chain=self-signed" },
		{ "untrusted issuer /CN=certificate has expired",
		    "chain=untrusted" },
		{ "not designated for use as a server certificate",
		    "chain=untrusted" },
		{ "certificate chain longer than limit(9)", "chain=untrusted" },
		{ "not trusted by local or TLSA policy", "chain=bad" },
		{ "external policy failure (sts-policy-invalid)", "" },
		{ "num=62:hostname mismatch", "name=mismatch" },
		{ "num=65:no matching DANE TLSA records", "dane=mismatch" },
		{ "num=26:unsuitable certificate purpose", "chain=untrusted" },
		{ "num=20:unable to get local issuer certificate",
		    "chain=untrusted" },
		{ "num=77:something new", "chain=bad" },
		{ "num=x", "chain=bad" },
		{ "num=99999999999999999999:x", "chain=bad" },
		{ "", "chain=bad" },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct postfix_seen seen = { 0 };

		postfix_result_verify(view_of(table[i].in), &seen);
		UNIT_STR(table[i].in, write_seen(&got, &seen), table[i].want);
	}
	strbuf_release(&got);
}

static void test_policy(void **state)
{
	static const struct {
		enum postfix_result result;
		enum postfix_policy want; /* where nobody told */
	} table[] = {
		{ POSTFIX_RESULT_SUCCESS, POSTFIX_POLICY_UNKNOWN },
		{ POSTFIX_CERTIFICATE_EXPIRED, POSTFIX_POLICY_UNKNOWN },
		{ POSTFIX_STS_POLICY_FETCH_ERROR, POSTFIX_POLICY_STS },
		{ POSTFIX_STS_WEBPKI_INVALID, POSTFIX_POLICY_STS },
		{ POSTFIX_TLSA_INVALID, POSTFIX_POLICY_TLSA },
		{ POSTFIX_DANE_REQUIRED, POSTFIX_POLICY_TLSA },
		{ POSTFIX_RESULT_UNKNOWN, POSTFIX_POLICY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *name = postfix_result_word(table[i].result);

		UNIT_INT(name,
		    postfix_result_policy(
			table[i].result, POSTFIX_POLICY_UNKNOWN),
		    table[i].want);
		UNIT_INT(name,
		    postfix_result_policy(table[i].result, POSTFIX_POLICY_NONE),
		    POSTFIX_POLICY_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_later),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_policy),
	};

	return UNIT_RUN(tests);
}
