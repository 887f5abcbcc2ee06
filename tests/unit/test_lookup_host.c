/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lookup_host.c - tests what lookup/lookup.c finds of an MX host */
#include "config.h"

#include "tests/unit/lookup_kit.h"

#define ASKS \
 "_smtp._tls.d.example TXT secure v=TLSRPTv1;rua=mailto:a@b.example\n"
#define MX   "d.example MX secure mx.d.example\n"
#define DOM  ASKS MX
#define ADDR DOM "mx.d.example A secure x\nmx.d.example AAAA nodata-secure\n"
#define TLSA "_25._tcp.mx.d.example TLSA "
/* an alias that leads to c.example */
#define FULL DOM "mx.d.example A secure ->c.example x\n"
#define PART                                   \
 DOM "mx.d.example A insecure ->c.example x\n" \
     "mx.d.example AAAA insecure ->c.example x\n"
#define EXPANDED "_25._tcp.c.example TLSA "
#define ILL      ". PROBE bogus signature-missing\n"

/* The domain is d.example, the host mx.d.example. */
static const struct {
	const char *name;
	const char *zone;
	const char *want;
} hosts[] = {
	/* R300: the MX records */
	{ "secure", ADDR TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "insecure MX",
	    ASKS "d.example MX insecure mx.d.example\n"
		 "mx.d.example A secure x\n" TLSA "secure 311\n",
	    "mx=insecure tlsa=none stale=3600" },
	{ "other host, insecure MX",
	    ASKS "d.example MX insecure other.example\n"
		 "mx.d.example A secure x\n" TLSA "secure 311\n",
	    "mx=insecure tlsa=unknown stale=3600" },
	{ "other host, insecure MX, no TLSA",
	    ASKS "d.example MX insecure other.example\n"
		 "mx.d.example A secure x\n",
	    "mx=insecure tlsa=none stale=3600" },
	{ "other host, secure MX",
	    ASKS "d.example MX secure other.example\n"
		 "mx.d.example A secure x\n" TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "host beside a null MX (R318)",
	    ASKS "d.example MX secure .\nmx.d.example A secure x\n" TLSA
		 "secure 311\n",
	    "mx=none tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "bogus MX (R306)",
	    ASKS "d.example MX bogus mx.d.example\n"
		 "mx.d.example A secure x\n" TLSA "secure 311\n",
	    "mx=bogus tlsa=unknown stale=300" },
	{ "MX failed (R49)",
	    ASKS "d.example MX servfail\nmx.d.example A secure x\n" TLSA
		 "secure 311\n",
	    "mx=failed tlsa=unknown stale=300" },
	{ "MX failed, no TLSA",
	    ASKS "d.example MX timeout\nmx.d.example A secure x\n",
	    "mx=failed tlsa=none stale=300" },
	{ "no report asked for",
	    MX "mx.d.example A secure x\n" TLSA "secure 311\n",
	    "mx=unknown tlsa=unknown stale=3600" },
	{ "record failed", "_smtp._tls.d.example TXT servfail\n",
	    "mx=unknown tlsa=unknown stale=300" },
	/* R301: the addresses */
	{ "insecure address",
	    DOM "mx.d.example A insecure x\n" TLSA "secure 311\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "insecure address, TLSA fails",
	    DOM "mx.d.example A insecure x\n" TLSA "servfail\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "AAAA only",
	    DOM "mx.d.example A nodata-secure\n"
		"mx.d.example AAAA secure x\n" TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "AAAA fails",
	    DOM "mx.d.example A secure x\nmx.d.example AAAA servfail\n" TLSA
		"secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=300" },
	{ "A forged, AAAA good",
	    DOM "mx.d.example A bogus x\nmx.d.example AAAA secure x\n" TLSA
		"secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=300" },
	{ "mixed",
	    DOM "mx.d.example A secure x\nmx.d.example AAAA insecure x\n" TLSA
		"secure 311\n",
	    "mx=secure tlsa=unknown stale=3600" },
	{ "no such host", DOM "mx.d.example A nxdomain-secure\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "no address", DOM "mx.d.example A nodata\nmx.d.example AAAA nodata\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "bogus addresses (R306)",
	    DOM "mx.d.example A bogus x\nmx.d.example AAAA bogus-nodata\n" TLSA
		"secure 311\n",
	    "mx=bogus tlsa=unknown stale=300" },
	{ "addresses fail",
	    DOM "mx.d.example A servfail\nmx.d.example AAAA timeout\n" TLSA
		"secure 311\n",
	    "mx=secure tlsa=unknown stale=300" },
	{ "address error", DOM "mx.d.example A error\n",
	    "mx=secure tlsa=unknown stale=300" },
	/* R302: aliases */
	{ "secure alias, expanded has TLSA",
	    FULL EXPANDED "secure 311\n" TLSA "secure 211\n",
	    "mx=secure tlsa=usable base=c.example records=311 stale=3600" },
	{ "secure alias, original has TLSA", FULL TLSA "secure 211\n",
	    "mx=secure tlsa=usable base=mx.d.example records=211 stale=3600" },
	{ "secure alias, expanded insecure",
	    FULL EXPANDED "insecure 311\n" TLSA "secure 211\n",
	    "mx=secure tlsa=usable base=mx.d.example records=211 stale=3600" },
	{ "secure alias, expanded unusable",
	    FULL EXPANDED "secure 111\n" TLSA "secure 211\n",
	    "mx=secure tlsa=unusable base=c.example records=111 stale=3600" },
	{ "secure alias, expanded fails (R305)",
	    FULL EXPANDED "servfail\n" TLSA "secure 211\n",
	    "mx=secure tlsa=failed base=c.example stale=300" },
	{ "secure alias, none has TLSA", FULL,
	    "mx=secure tlsa=none stale=3600" },
	{ "alias of itself",
	    DOM "mx.d.example A secure ->MX.d.example x\n" TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "alias to no host name",
	    DOM "mx.d.example A secure ->a!b.example x\n" TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "insecure chain, first link secure",
	    PART "mx.d.example CNAME secure b.example\n" EXPANDED
		 "secure 211\n" TLSA "secure 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "insecure chain, first link secure, no TLSA",
	    PART "mx.d.example CNAME secure b.example\n" EXPANDED
		 "secure 211\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "insecure chain, first link secure, TLSA bogus",
	    PART "mx.d.example CNAME secure b.example\n" TLSA "bogus 311\n",
	    "mx=secure tlsa=bogus base=mx.d.example stale=300" },
	{ "insecure chain, first link insecure",
	    PART "mx.d.example CNAME insecure b.example\n" TLSA "secure 311\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "insecure chain, first link gone",
	    PART "mx.d.example CNAME nodata-secure\n" TLSA "secure 311\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "insecure chain, first link fails",
	    PART "mx.d.example CNAME servfail\n" TLSA "secure 311\n",
	    "mx=secure tlsa=unknown stale=300" },
	{ "insecure chain, first link bogus",
	    PART "mx.d.example CNAME bogus b.example\n" TLSA "secure 311\n",
	    "mx=secure tlsa=unknown stale=300" },
	/* R303 to R305: the TLSA records */
	{ "TLSA alias, secure", ADDR TLSA "secure ->t.example 311\n",
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600" },
	{ "TLSA alias, insecure", ADDR TLSA "insecure ->t.example 311\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "TLSA nodata", ADDR TLSA "nodata-secure ttl=400\n",
	    "mx=secure tlsa=none stale=400" },
	{ "TLSA nodata, insecure", ADDR TLSA "nodata\n",
	    "mx=secure tlsa=none stale=3600" },
	{ "TLSA bogus", ADDR TLSA "bogus 311\n",
	    "mx=secure tlsa=bogus base=mx.d.example stale=300" },
	{ "TLSA bogus, empty", ADDR TLSA "bogus-nodata\n",
	    "mx=secure tlsa=bogus base=mx.d.example stale=300" },
	{ "TLSA servfail", ADDR TLSA "servfail\n",
	    "mx=secure tlsa=failed base=mx.d.example stale=300" },
	{ "TLSA timeout", ADDR TLSA "timeout\n",
	    "mx=secure tlsa=failed base=mx.d.example stale=300" },
	{ "TLSA error", ADDR TLSA "error\n",
	    "mx=secure tlsa=unknown stale=300" },
	/* R307, R88 */
	{ "usage 1", ADDR TLSA "secure 111\n",
	    "mx=secure tlsa=unusable base=mx.d.example records=111 "
	    "stale=3600" },
	{ "short digest", ADDR TLSA "secure short\n",
	    "mx=secure tlsa=unusable base=mx.d.example records=311 "
	    "stale=3600" },
	{ "matching type", ADDR TLSA "secure 319\n",
	    "mx=secure tlsa=unusable base=mx.d.example records=319 "
	    "stale=3600" },
	{ "sorted, unusable too", ADDR TLSA "secure 312 111 211 311\n",
	    "mx=secure tlsa=usable base=mx.d.example "
	    "records=111,211,311,312 stale=3600" },
	/* DNSSEC does not work here */
	{ "stripped, no TLSA", ILL ADDR, "mx=unknown tlsa=none stale=3600" },
	{ "stripped, TLSA", ILL ADDR TLSA "bogus 311\n",
	    "mx=unknown tlsa=unknown stale=3600" },
	{ "stripped, TLSA under an insecure address",
	    ILL DOM "mx.d.example A insecure x\n" TLSA "insecure 311\n",
	    "mx=unknown tlsa=unknown stale=3600" },
	{ "stripped, TLSA of the alias", ILL FULL EXPANDED "bogus 311\n",
	    "mx=unknown tlsa=unknown stale=3600" },
	{ "stripped, alias without TLSA", ILL PART,
	    "mx=unknown tlsa=none stale=3600" },
	{ "stripped, TLSA fails", ILL ADDR TLSA "servfail\n",
	    "mx=unknown tlsa=unknown stale=300" },
	{ "stripped, bogus addresses",
	    ILL DOM "mx.d.example A bogus x\n" TLSA "bogus-nodata\n",
	    "mx=unknown tlsa=none stale=3600" },
};

static void test_hosts(void **state)
{
	static struct kit kit;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(hosts); i++) {
		kit_start(&kit, hosts[i].zone);
		UNIT_INT(hosts[i].name,
		    lookup_host(
			kit.l, "d.example", "mx.d.example", kit_on_host, &kit),
		    0);
		kit_run(&kit);
		UNIT_UINT(hosts[i].name, kit.n_results, 1);
		UNIT_STR(hosts[i].name, kit.result[0], hosts[i].want);
		kit_stop(&kit);
	}
}

/* The domain itself is the host: its own addresses, and no MX. */
static void test_implicit(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit,
	    ASKS "d.example MX nodata-secure\nd.example A secure x\n"
		 "_25._tcp.d.example TLSA secure 311\n");
	lookup_host(kit.l, "d.example", "d.example", kit_on_host, &kit);
	kit_run(&kit);
	UNIT_STR("implicit", kit.result[0],
	    "mx=secure tlsa=usable base=d.example records=311 stale=3600");
	kit_stop(&kit);
}

/* R315: what is no host name is not asked for. */
static void test_literals(void **state)
{
	static const char *const names[] = { "192.0.2.1", "[192.0.2.1]",
		"2001:db8::1", "", "a b" };
	static struct kit kit;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(names); i++) {
		kit_start(&kit, DOM);
		lookup_host(kit.l, "d.example", names[i], kit_on_host, &kit);
		kit_run(&kit);
		UNIT_STR(
		    names[i], kit.result[0], "mx=secure tlsa=none stale=3600");
		UNIT_UINT(names[i], kit_count(&kit, names[i]), 0);
		kit_stop(&kit);
	}
}

/* R301: an insecure address ends it. R302: so does a secure record set. */
static void test_not_asked(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit, DOM "mx.d.example A insecure x\n");
	lookup_host(kit.l, "d.example", "mx.d.example", kit_on_host, &kit);
	kit_run(&kit);
	UNIT_UINT("TLSA", kit_count(&kit, "_25._tcp.mx.d.example"), 0);
	kit_stop(&kit);

	kit_start(&kit, FULL EXPANDED "secure 311\n");
	lookup_host(kit.l, "d.example", "mx.d.example", kit_on_host, &kit);
	kit_run(&kit);
	UNIT_UINT("expanded", kit_count(&kit, "_25._tcp.c.example"), 1);
	UNIT_UINT("original", kit_count(&kit, "_25._tcp.mx.d.example"), 0);
	kit_stop(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_implicit),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_not_asked),
	};

	return UNIT_RUN(tests);
}
