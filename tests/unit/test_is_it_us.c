/* SPDX-License-Identifier: BSD-2-Clause */
/* test_is_it_us.c - tests reporter/is_it_us.c */
#include "config.h"

#include "common/policy_probe.h"
#include "reporter/is_it_us.h"
#include "tests/unit/unit.h"

#define CA_STORE (1U << IS_IT_US_CA_STORE)
#define CLOCK    (1U << IS_IT_US_CLOCK)
#define RESOLVER (1U << IS_IT_US_RESOLVER)
#define TLS      (1U << IS_IT_US_TLS)
#define FETCH    (1U << IS_IT_US_FETCH)

static const struct policy_probe untrusted = { .chain = FACT_CHAIN_UNTRUSTED };
static const struct policy_probe expired = { .chain = FACT_CHAIN_EXPIRED };
static const struct policy_probe by_dane = { .chain = FACT_CHAIN_UNTRUSTED,
	.dane = FACT_DANE_MATCH };

/* What one session says. */
static const struct {
	const char *name;
	struct fact fact;
	struct policy_set set;
	unsigned failed;
	unsigned held;
} looks[] = {
	{ "all good", { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_OK }, { 0 }, 0,
	    CA_STORE | CLOCK | TLS },
	{ "untrusted", { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_UNTRUSTED },
	    { 0 }, CA_STORE, TLS },
	{ "refused, why unknown",
	    { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_BAD }, { 0 }, CA_STORE,
	    TLS },
	{ "self-signed",
	    { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_SELF_SIGNED }, { 0 }, 0,
	    TLS },
	{ "expired", { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_EXPIRED }, { 0 },
	    CLOCK, TLS },
	{ "not yet valid",
	    { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_NOT_YET_VALID }, { 0 },
	    CLOCK, TLS },
	{ "not checked", { .tls = FACT_TLS_OK }, { 0 }, 0, TLS },
	/* TLSA records vouched for it, or did not: no CA was asked */
	{ "DANE match",
	    { .tls = FACT_TLS_OK,
		.chain = FACT_CHAIN_OK,
		.dane = FACT_DANE_MATCH },
	    { 0 }, 0, RESOLVER | TLS },
	{ "DANE mismatch",
	    { .tls = FACT_TLS_OK,
		.chain = FACT_CHAIN_UNTRUSTED,
		.dane = FACT_DANE_MISMATCH },
	    { 0 }, 0, RESOLVER | TLS },
	{ "DANE lookup failed",
	    { .tls = FACT_TLS_NO_SESSION, .dane = FACT_DANE_LOOKUP_FAILED },
	    { 0 }, RESOLVER, 0 },
	{ "MX bogus",
	    { .tls = FACT_TLS_NO_SESSION, .reason = { "mx-bogus", 8 } }, { 0 },
	    RESOLVER, 0 },
	{ "no STARTTLS", { .tls = FACT_TLS_NOT_OFFERED }, { 0 }, 0, 0 },
	{ "our alert",
	    { .tls = FACT_TLS_FAILED,
		.reason = { "tls-local-alert-70-protocol-version", 35 } },
	    { 0 }, TLS, 0 },
	{ "their alert",
	    { .tls = FACT_TLS_FAILED,
		.reason = { "tls-remote-alert-40-handshake-failure", 37 } },
	    { 0 }, 0, 0 },
	{ "our set: TLSA bogus", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_BOGUS }, RESOLVER,
	    TLS },
	{ "our set: TLSA failed", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_FAILED }, RESOLVER,
	    TLS },
	{ "our set: TLSA usable", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_USABLE }, 0,
	    RESOLVER | TLS },
	{ "our set: secure, no TLSA", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_NONE }, 0,
	    RESOLVER | TLS },
	/* nothing of DNSSEC was needed */
	{ "our set: insecure", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_INSECURE, .tlsa = POLICY_TLSA_NONE }, 0, TLS },
	{ "our set: MX bogus", { .tls = FACT_TLS_OK },
	    { .mx = POLICY_MX_BOGUS }, RESOLVER, TLS },
	{ "our set: fetch error", { .tls = FACT_TLS_OK },
	    { .sts = POLICY_STS_FETCH_ERROR }, FETCH, TLS },
	{ "our set: policy host's certificate", { .tls = FACT_TLS_OK },
	    { .sts = POLICY_STS_WEBPKI_INVALID }, FETCH, TLS },
	{ "our set: fetched", { .tls = FACT_TLS_OK },
	    { .sts = POLICY_STS_FOUND }, 0, FETCH | TLS },
	{ "our set: fetched, broken", { .tls = FACT_TLS_OK },
	    { .sts = POLICY_STS_POLICY_INVALID }, 0, FETCH | TLS },
	/* what the MTA tells was looked up by others */
	{ "the MTA's set", { .tls = FACT_TLS_OK },
	    { .source = POLICY_MTA, .sts = POLICY_STS_FETCH_ERROR }, 0, TLS },
	/* our probe has our roots and our clock */
	{ "probe: untrusted", { .tls = FACT_TLS_OK }, { .probe = &untrusted },
	    CA_STORE, TLS },
	{ "probe: expired", { .tls = FACT_TLS_OK }, { .probe = &expired },
	    CLOCK, TLS },
	{ "probe: by TLSA records", { .tls = FACT_TLS_OK },
	    { .probe = &by_dane }, 0, TLS },
	{ "probe, and the MTA told it",
	    { .tls = FACT_TLS_OK, .chain = FACT_CHAIN_OK },
	    { .probe = &untrusted }, 0, CA_STORE | CLOCK | TLS },
};

static void test_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(looks); i++) {
		struct is_it_us_domain d = { 0 };

		is_it_us_look(&d, &looks[i].fact, &looks[i].set);
		UNIT_UINT(looks[i].name, d.failed, looks[i].failed);
		UNIT_UINT(looks[i].name, d.held, looks[i].held);
	}
}

static void test_look_without_set(void **state)
{
	const struct fact fact = { .tls = FACT_TLS_OK };
	struct is_it_us_domain d = { 0 };

	(void)state;
	is_it_us_look(&d, &fact, NULL);
	UNIT_UINT("failed", d.failed, 0);
	UNIT_UINT("held", d.held, TLS);
	is_it_us_look_event(&d);
	UNIT_UINT("event", d.failed, FETCH);
}

/* More than half of 20 domains or more. */
static void test_suspects(void **state)
{
	static const struct {
		unsigned failed;
		unsigned held;
		unsigned both;  /* one session failed, another one held */
		unsigned other; /* say nothing of this way */
		bool want;
	} table[] = {
		{ 0, 0, 0, 0, false },
		{ 19, 0, 0, 100, false },
		{ 20, 0, 0, 0, true },
		{ 20, 0, 0, 1000, true },
		{ 11, 9, 0, 0, true },
		{ 10, 10, 0, 0, false },
		{ 11, 10, 0, 0, true },
		{ 10, 11, 0, 0, false },
		{ 11, 8, 0, 0, false },
		{ 0, 9, 11, 0, true }, /* it began at noon */
		{ 0, 10, 10, 0, false },
		{ 500, 501, 0, 0, false },
		{ 501, 500, 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const struct is_it_us_domain failed = { CLOCK, TLS };
		const struct is_it_us_domain held = { 0, CLOCK | TLS };
		const struct is_it_us_domain both = { CLOCK, CLOCK | TLS };
		const struct is_it_us_domain other = { 0, TLS };
		struct is_it_us u = { { 0 }, { 0 } };
		char name[32];

		for (unsigned n = 0; n < table[i].failed; n++) {
			is_it_us_add(&u, &failed);
		}
		for (unsigned n = 0; n < table[i].held; n++) {
			is_it_us_add(&u, &held);
		}
		for (unsigned n = 0; n < table[i].both; n++) {
			is_it_us_add(&u, &both);
		}
		for (unsigned n = 0; n < table[i].other; n++) {
			is_it_us_add(&u, &other);
		}
		(void)snprintf(name, sizeof(name), "row %zu", i);
		UNIT_BOOL(
		    name, is_it_us_suspects(&u, IS_IT_US_CLOCK), table[i].want);
		UNIT_BOOL(name, is_it_us_suspects(&u, IS_IT_US_TLS), false);
	}
}

/* Which failures of a report are of which way. */
static void test_way_of(void **state)
{
	static const struct {
		enum judge_type type;
		const char *reason;
		enum is_it_us_way want;
	} table[] = {
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "", IS_IT_US_CA_STORE },
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "unknown-issuer",
		    IS_IT_US_CA_STORE },
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "reason-unknown",
		    IS_IT_US_CA_STORE },
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "self-signed", IS_IT_US_WAYS },
		{ JUDGE_CERTIFICATE_NOT_TRUSTED, "not-yet-valid",
		    IS_IT_US_CLOCK },
		{ JUDGE_CERTIFICATE_EXPIRED, "", IS_IT_US_CLOCK },
		{ JUDGE_CERTIFICATE_HOST_MISMATCH, "", IS_IT_US_WAYS },
		{ JUDGE_DNSSEC_INVALID, "tlsa-bogus", IS_IT_US_RESOLVER },
		{ JUDGE_VALIDATION_FAILURE, "mx-bogus", IS_IT_US_RESOLVER },
		{ JUDGE_VALIDATION_FAILURE,
		    "tls-local-alert-70-protocol-version", IS_IT_US_TLS },
		{ JUDGE_VALIDATION_FAILURE,
		    "tls-remote-alert-40-handshake-failure", IS_IT_US_WAYS },
		{ JUDGE_VALIDATION_FAILURE, "dane-no-match", IS_IT_US_WAYS },
		{ JUDGE_STS_POLICY_FETCH_ERROR, "timeout", IS_IT_US_FETCH },
		{ JUDGE_STS_WEBPKI_INVALID, "", IS_IT_US_FETCH },
		{ JUDGE_STS_POLICY_INVALID, "syntax", IS_IT_US_WAYS },
		{ JUDGE_STARTTLS_NOT_SUPPORTED, "starttls-not-offered",
		    IS_IT_US_WAYS },
		{ JUDGE_DANE_REQUIRED, "", IS_IT_US_WAYS },
		{ JUDGE_TLSA_INVALID, "all-tlsa-unusable", IS_IT_US_WAYS },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "%s %s",
		    judge_type_word(table[i].type), table[i].reason);
		UNIT_INT(name,
		    is_it_us_way_of(table[i].type, view_of(table[i].reason)),
		    table[i].want);
	}
}

static void test_text(void **state)
{
	(void)state;
	for (int way = 0; way < IS_IT_US_WAYS; way++) {
		UNIT_TRUE(
		    "text", is_it_us_text((enum is_it_us_way)way)[0] != '\0');
		UNIT_TRUE(
		    "word", is_it_us_word((enum is_it_us_way)way)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_look_without_set),
		cmocka_unit_test(test_suspects),
		cmocka_unit_test(test_way_of),
		cmocka_unit_test(test_text),
	};

	return UNIT_RUN(tests);
}
