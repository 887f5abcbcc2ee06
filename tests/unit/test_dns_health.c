/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_health.c - tests common/dns_health.c */
#include "config.h"

#include "common/dns_health.h"
#include "tests/unit/unit.h"

static void test_health(void **state)
{
	static const struct {
		const char *name;
		bool has_anchor;
		enum dns_status status;
		bool secure;
		const char *why;
		const char *want;
	} table[] = {
		{ "no anchor", false, DNS_ANSWER, true, "", "anchor-missing" },
		{ "answer", true, DNS_ANSWER, true, "", "validating" },
		{ "nodata", true, DNS_NODATA, true, "", "validating" },
		{ "nxdomain", true, DNS_NXDOMAIN, true, "", "validating" },
		{ "insecure", true, DNS_ANSWER, false, "", "stripped" },
		{ "insecure nodata", true, DNS_NODATA, false, "", "stripped" },
		{ "no signature", true, DNS_BOGUS, false, "signature-missing",
		    "stripped" },
		{ "no key", true, DNS_BOGUS, false, "key-missing", "stripped" },
		{ "no denial", true, DNS_BOGUS, false, "denial-missing",
		    "stripped" },
		{ "late", true, DNS_BOGUS, false, "signature-expired",
		    "clock-wrong" },
		{ "early", true, DNS_BOGUS, false, "signature-not-yet-valid",
		    "clock-wrong" },
		{ "other key", true, DNS_BOGUS, false, "key-mismatch",
		    "anchor-wrong" },
		{ "forged", true, DNS_BOGUS, false, "signature-invalid",
		    "anchor-wrong" },
		{ "bogus", true, DNS_BOGUS, false, "unknown", "anchor-wrong" },
		{ "servfail", true, DNS_SERVFAIL, false, "", "unreachable" },
		{ "timeout", true, DNS_TIMEOUT, false, "", "unreachable" },
		{ "error", true, DNS_ERROR, false, "", "unreachable" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const struct dns_answer a = { .status = table[i].status,
			.secure = table[i].secure,
			.why = table[i].why };

		UNIT_STR(table[i].name,
		    dns_health_word(dns_health_of(table[i].has_anchor, &a)),
		    table[i].want);
	}
}

static void test_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DNS_HEALTH_COUNT; i++) {
		const char *word = dns_health_word((enum dns_health)i);

		UNIT_TRUE(word, strlen(word) > 0);
		UNIT_TRUE(
		    word, strlen(dns_health_text((enum dns_health)i)) > 0);
		UNIT_UINT(word, dns_health_find(word), i);
	}
	UNIT_STR("other", dns_health_word(DNS_HEALTH_COUNT), "unknown");
	UNIT_UINT("none", dns_health_find(""), DNS_HEALTH_UNKNOWN);
	UNIT_UINT("other", dns_health_find("Stripped"), DNS_HEALTH_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_words),
	};

	return UNIT_RUN(tests);
}
