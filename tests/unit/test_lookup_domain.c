/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lookup_domain.c - tests what lookup/lookup.c finds of a domain */
#include "config.h"

#include "tests/unit/lookup_kit.h"

#define ASKS \
 "_smtp._tls.d.example TXT secure v=TLSRPTv1;rua=mailto:a@b.example\n"
#define STS "_mta-sts.d.example TXT insecure v=STSv1; id=7;\n"
#define MX  "d.example MX secure mx.d.example\n"

/* The domain is d.example; the probe finds that DNSSEC works. */
static const struct {
	const char *name;
	const char *zone;
	const char *want;
} domains[] = {
	/* the record */
	{ "no record", "", "not nxdomain stale=3600" },
	{ "nodata", "_smtp._tls.d.example TXT nodata ttl=700\n",
	    "not nodata stale=700" },
	{ "short TTL", "_smtp._tls.d.example TXT nodata ttl=10\n",
	    "not nodata stale=300" },
	{ "no TTL", "_smtp._tls.d.example TXT nodata ttl=0\n",
	    "not nodata stale=300" },
	{ "long TTL", "_smtp._tls.d.example TXT nodata ttl=99999999\n",
	    "not nodata stale=86400" },
	{ "other text", "_smtp._tls.d.example TXT secure v=spf1 -all\n",
	    "not none stale=3600" },
	{ "syntax", "_smtp._tls.d.example TXT secure v=TLSRPTv1;;\n",
	    "not syntax stale=3600" },
	{ "no destination",
	    "_smtp._tls.d.example TXT secure v=TLSRPTv1;rua=x:y\n",
	    "not no-rua stale=3600" },
	{ "servfail", "_smtp._tls.d.example TXT servfail\n",
	    "unknown servfail stale=300" },
	{ "timeout", "_smtp._tls.d.example TXT timeout\n",
	    "unknown timeout stale=300" },
	{ "error", "_smtp._tls.d.example TXT error\n",
	    "unknown error stale=300" },
	{ "forged",
	    "_smtp._tls.d.example TXT bogus v=TLSRPTv1;rua=mailto:a@b.example\n",
	    "unknown bogus stale=300" },
	/* MX */
	{ "secure", ASKS MX STS,
	    "asks mx=secure hosts=mx.d.example sts=7 stale=3600" },
	{ "insecure", ASKS "d.example MX insecure mx.d.example\n" STS,
	    "asks mx=insecure hosts=mx.d.example sts=7 stale=3600" },
	{ "least TTL", ASKS "d.example MX secure ttl=800 mx.d.example\n" STS,
	    "asks mx=secure hosts=mx.d.example sts=7 stale=800" },
	{ "several, once each",
	    ASKS
	    "d.example MX secure MX2.d.example mx.d.example mx2.d.example\n",
	    "asks mx=secure hosts=mx.d.example,mx2.d.example sts=nxdomain "
	    "stale=3600" },
	{ "implicit", ASKS "d.example MX nodata-secure\n",
	    "asks mx=secure hosts=d.example sts=nxdomain stale=3600" },
	{ "implicit, insecure", ASKS "d.example MX nodata\n",
	    "asks mx=insecure hosts=d.example sts=nxdomain stale=3600" },
	{ "no such domain", ASKS "d.example MX nxdomain-secure\n",
	    "asks mx=none sts=nxdomain stale=3600" },
	{ "null MX (R318)", ASKS "d.example MX secure .\n",
	    "asks mx=none sts=nxdomain stale=3600" },
	{ "null MX beside others", ASKS "d.example MX secure . mx.d.example\n",
	    "asks mx=secure hosts=mx.d.example sts=nxdomain stale=3600" },
	{ "address (R315)", ASKS "d.example MX secure 192.0.2.1\n",
	    "asks mx=secure sts=nxdomain stale=3600" },
	{ "no host name", ASKS "d.example MX secure a!b.example\n",
	    "asks mx=secure sts=nxdomain stale=3600" },
	{ "bogus (R306)", ASKS "d.example MX bogus mx.d.example\n",
	    "asks mx=bogus sts=nxdomain stale=300" },
	{ "bogus, empty", ASKS "d.example MX bogus-nodata\n",
	    "asks mx=bogus sts=nxdomain stale=300" },
	{ "servfail (R49)", ASKS "d.example MX servfail\n",
	    "asks mx=failed sts=nxdomain stale=300" },
	{ "MX timeout", ASKS "d.example MX timeout\n",
	    "asks mx=failed sts=nxdomain stale=300" },
	{ "MX error", ASKS "d.example MX error\n",
	    "asks mx=unknown sts=nxdomain stale=300" },
	/* MTA-STS */
	{ "no STS", ASKS MX "_mta-sts.d.example TXT nodata ttl=301\n",
	    "asks mx=secure hosts=mx.d.example sts=nodata stale=301" },
	{ "broken STS", ASKS MX "_mta-sts.d.example TXT secure v=STSv1; id=;\n",
	    "asks mx=secure hosts=mx.d.example sts=invalid stale=3600" },
	{ "STS servfail", ASKS MX "_mta-sts.d.example TXT servfail\n",
	    "asks mx=secure hosts=mx.d.example sts=servfail stale=300" },
	{ "STS timeout", ASKS MX "_mta-sts.d.example TXT timeout\n",
	    "asks mx=secure hosts=mx.d.example sts=timeout stale=300" },
	{ "STS bogus", ASKS MX "_mta-sts.d.example TXT bogus v=STSv1; id=7;\n",
	    "asks mx=secure hosts=mx.d.example sts=bogus stale=300" },
	/* DNSSEC does not work here: nothing is forged, nothing secure */
	{ "stripped, forged",
	    ". PROBE bogus signature-missing\n" ASKS
	    "d.example MX bogus mx.d.example\n"
	    "_mta-sts.d.example TXT bogus v=STSv1; id=7;\n",
	    "asks mx=unknown hosts=mx.d.example sts=7 stale=3600" },
	{ "stripped, forged record",
	    ". PROBE bogus signature-missing\n"
	    "_smtp._tls.d.example TXT bogus v=TLSRPTv1;rua=mailto:a@b.example\n" MX,
	    "asks mx=unknown hosts=mx.d.example sts=nxdomain stale=3600" },
	{ "stripped, no such domain",
	    ". PROBE nodata\n" ASKS "d.example MX nxdomain\n",
	    "asks mx=none sts=nxdomain stale=3600" },
	{ "stripped, null MX",
	    ". PROBE nodata\n" ASKS "d.example MX insecure .\n",
	    "asks mx=none sts=nxdomain stale=3600" },
	{ "clock, secure", ". PROBE bogus signature-expired\n" ASKS MX,
	    "asks mx=unknown hosts=mx.d.example sts=nxdomain stale=3600" },
	{ "unreachable", ". PROBE timeout\n" ASKS "d.example MX timeout\n",
	    "asks mx=unknown sts=nxdomain stale=300" },
};

static void test_domains(void **state)
{
	static struct kit kit;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(domains); i++) {
		kit_start(&kit, domains[i].zone);
		UNIT_INT(domains[i].name,
		    lookup_domain(kit.l, "d.example", kit_on_domain, &kit), 0);
		kit_run(&kit);
		UNIT_UINT(domains[i].name, kit.n_results, 1);
		UNIT_STR(domains[i].name, kit.result[0], domains[i].want);
		kit_stop(&kit);
	}
}

/* Nothing is asked of names that cannot exist, and nothing else of domains
   that do not ask for reports. */
static void test_not_asked(void **state)
{
	static struct kit kit;
	static char label[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char longest[300];

	(void)state;
	(void)snprintf(longest, sizeof(longest), "%s.%s.%s.%s.example", label,
	    label, label, label);
	kit_start(&kit, "");
	kit_run(&kit);
	UNIT_UINT("probe", kit.n_asked, 1);
	lookup_domain(kit.l, longest, kit_on_domain, &kit);
	lookup_domain(kit.l, "[192.0.2.1]", kit_on_domain, &kit);
	UNIT_UINT("asked", kit.n_asked, 1);
	UNIT_STR("too long", kit.result[0], "not nxdomain stale=86400");
	UNIT_STR("literal", kit.result[1], "not nxdomain stale=86400");
	lookup_domain(kit.l, "d.example", kit_on_domain, &kit);
	kit_run(&kit);
	UNIT_UINT("record only", kit.n_asked, 2);
	kit_stop(&kit);
}

/* Of a domain that asks for no reports, all is looked up on demand. */
static void test_all(void **state)
{
	static struct kit kit;
	struct lookup_options o;

	(void)state;
	kit.zone = STS MX "mx.d.example A secure 192.0.2.1\n";
	kit.now = 1000000;
	o = kit_options(&kit);
	o.is_all = true;
	kit.l = lookup_new(&o);
	UNIT_INT("domain",
	    lookup_domain(kit.l, "d.example", kit_on_domain, &kit), 0);
	UNIT_INT("host",
	    lookup_host(kit.l, "d.example", "mx.d.example", kit_on_host, &kit),
	    0);
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 2);
	UNIT_STR("domain", kit.result[0],
	    "not mx=secure hosts=mx.d.example sts=7 stale=3600");
	UNIT_STR("host", kit.result[1], "mx=secure tlsa=none stale=3600");
	kit_stop(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_all),
	};

	return UNIT_RUN(tests);
}
