/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lookup.c - tests how lookup/lookup.c shares, keeps and doubts what it
 * finds; what that is: test_lookup_domain.c, test_lookup_host.c.
 */
#include "config.h"

#include "common/err.h"
#include "lookup/lookup_table.h"
#include "tests/unit/lookup_kit.h"

#define ASKS \
 "_smtp._tls.d.example TXT secure v=TLSRPTv1;rua=mailto:a@b.example\n"
#define MX   "d.example MX secure mx.d.example\n"
#define ADDR "mx.d.example A secure x\nmx.d.example AAAA nodata-secure\n"
#define GOOD ASKS MX ADDR "_25._tcp.mx.d.example TLSA secure 311\n"

static const char good[] =
    "mx=secure tlsa=usable base=mx.d.example records=311 stale=3600";

static void domain(struct kit *kit, const char *name)
{
	UNIT_INT(name, lookup_domain(kit->l, name, kit_on_domain, kit), 0);
}

static void host(struct kit *kit)
{
	UNIT_INT("host",
	    lookup_host(kit->l, "d.example", "mx.d.example", kit_on_host, kit),
	    0);
}

/* Equal lookups under way are one; one that is done is kept until stale. */
static void test_shared(void **state)
{
	static struct kit kit;
	struct lookup_counts counts;
	size_t asked;

	(void)state;
	kit_start(&kit, GOOD);
	host(&kit);
	host(&kit);
	domain(&kit, "d.example");
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 3);
	UNIT_UINT("record", kit_count(&kit, "_smtp._tls.d.example"), 1);
	UNIT_UINT("MX", kit_count(&kit, "d.example"), 1);
	UNIT_UINT("addresses", kit_count(&kit, "mx.d.example"), 2);
	UNIT_UINT("TLSA", kit_count(&kit, "_25._tcp.mx.d.example"), 1);
	asked = kit.n_asked;

	kit.now += 3599;
	host(&kit);
	domain(&kit, "d.example");
	UNIT_UINT("kept", kit.n_asked, asked);
	UNIT_UINT("told at once", kit.n_results, 5);
	UNIT_STR("kept", kit.result[3],
	    "mx=secure tlsa=usable base=mx.d.example records=311 stale=1");
	lookup_count(kit.l, &counts);
	UNIT_UINT("questions", counts.questions, asked);
	UNIT_UINT("shared", counts.shared, 6);
	UNIT_UINT("domains", counts.domains, 1);
	UNIT_UINT("hosts", counts.hosts, 1);

	kit.now += 1;
	kit.zone = ASKS MX ADDR;
	host(&kit);
	kit_run(&kit);
	UNIT_STR("stale", kit.result[5], "mx=secure tlsa=none stale=3600");

	kit.now -= 90000;
	asked = kit.n_asked;
	host(&kit);
	UNIT_UINT("clock set back", kit.n_asked, asked + 1);
	kit_stop(&kit);
}

/* A host of two domains is looked up once, whatever their MX records are. */
static void test_shared_host(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit,
	    GOOD "_smtp._tls.e.example TXT secure v=TLSRPTv1;"
		 "rua=mailto:a@b.example\ne.example MX insecure mx.d.example\n"
		 "_smtp._tls.f.example TXT secure v=TLSRPTv1;"
		 "rua=mailto:a@b.example\nf.example MX secure mx.d.example\n");
	host(&kit);
	lookup_host(kit.l, "e.example", "mx.d.example", kit_on_host, &kit);
	lookup_host(kit.l, "f.example", "mx.d.example", kit_on_host, &kit);
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 3);
	UNIT_UINT("TLSA", kit_count(&kit, "_25._tcp.mx.d.example"), 1);
	/* the one that needs no host is the first */
	UNIT_STR("insecure", kit.result[0], "mx=insecure tlsa=none stale=3600");
	UNIT_STR("secure", kit.result[1], good);
	UNIT_STR("secure", kit.result[2], good);
	kit_stop(&kit);
}

/* A domain that is never answered holds up nobody else. */
static void test_slow(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit, GOOD);
	kit.held = "_smtp._tls.slow.example";
	domain(&kit, "slow.example");
	host(&kit);
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 1);
	UNIT_STR("other", kit.result[0], good);
	kit.held = NULL;
	kit_run(&kit);
	UNIT_STR("slow", kit.result[1], "not nxdomain stale=3600");
	/* what is owed when it ends is dropped */
	domain(&kit, "another.example");
	host(&kit);
	UNIT_UINT("kept", kit.n_results, 3);
	kit_stop(&kit);
}

static void test_bounds(void **state)
{
	static struct kit kit;
	struct lookup_options o = kit_options(&kit);
	struct lookup_counts counts;
	char name[32];

	(void)state;
	o.domains_max = 3;
	o.waiting_max = 5;
	kit_start(&kit, "");
	lookup_free(kit.l);
	kit.n_asked = 0;
	kit.l = lookup_new(&o);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "d%d.example", i);
		domain(&kit, name);
	}
	UNIT_INT("all busy",
	    lookup_domain(kit.l, "d9.example", kit_on_domain, &kit), ERR_FULL);
	UNIT_INT("all busy, host",
	    lookup_host(kit.l, "d9.example", "mx", kit_on_host, &kit),
	    ERR_FULL);
	domain(&kit, "d0.example");
	domain(&kit, "d0.example");
	UNIT_INT("all waiting",
	    lookup_domain(kit.l, "d0.example", kit_on_domain, &kit), ERR_FULL);
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 5);

	domain(&kit, "d0.example"); /* now d1 is the oldest */
	domain(&kit, "d3.example");
	kit_run(&kit);
	domain(&kit, "d0.example");
	domain(&kit, "d2.example");
	kit_run(&kit);
	UNIT_UINT("d0 kept", kit_count(&kit, "_smtp._tls.d0.example"), 1);
	UNIT_UINT("d2 kept", kit_count(&kit, "_smtp._tls.d2.example"), 1);
	domain(&kit, "d1.example");
	kit_run(&kit);
	UNIT_UINT("d1 gone", kit_count(&kit, "_smtp._tls.d1.example"), 2);
	lookup_count(kit.l, &counts);
	UNIT_UINT("domains", counts.domains, 3);
	UNIT_UINT("evicted", counts.evicted, 2);
	UNIT_UINT("refused", counts.refused, 3);
	kit_stop(&kit);
}

/* No room for the host: its domain's part is told, and nothing invented. */
static void test_no_room_for_host(void **state)
{
	static struct kit kit;
	struct lookup_options o = kit_options(&kit);

	(void)state;
	o.hosts_max = 1;
	kit_start(&kit, GOOD);
	lookup_free(kit.l);
	kit.n_asked = 0;
	kit.l = lookup_new(&o);
	kit.held = "other.example";
	lookup_host(kit.l, "d.example", "other.example", kit_on_host, &kit);
	host(&kit);
	kit_run(&kit);
	UNIT_UINT("results", kit.n_results, 1);
	UNIT_STR("no room", kit.result[0], "mx=secure tlsa=unknown stale=300");
	kit_stop(&kit);
}

/* So much is kept, in bytes; more TLSA records than that are left out. */
static void test_bytes(void **state)
{
	static struct kit kit;
	struct lookup_options o = kit_options(&kit);
	struct lookup_counts counts;

	(void)state;
	o.bytes_max = 1;
	kit_start(&kit, GOOD);
	lookup_free(kit.l);
	kit.n_asked = 0;
	kit.l = lookup_new(&o);
	host(&kit);
	kit_run(&kit);
	UNIT_STR("told", kit.result[0], good);
	lookup_count(kit.l, &counts);
	UNIT_UINT("domains", counts.domains, 0);
	UNIT_UINT("hosts", counts.hosts, 0);
	kit_stop(&kit);
}

struct again {
	struct kit *kit;
	unsigned n;
};

static void ask_again(void *ctx, const struct lookup_domain *d)
{
	struct again *again = ctx;

	UNIT_INT("asks", d->asks, LOOKUP_ASKS_NOT);
	if (++again->n < 3) {
		lookup_domain(again->kit->l, "d.example", ask_again, again);
	}
}

/* A callback may ask, even for the same. */
static void test_ask_in_callback(void **state)
{
	static struct kit kit;
	struct again again = { &kit, 0 };

	(void)state;
	kit_start(&kit, "");
	lookup_domain(kit.l, "d.example", ask_again, &again);
	kit_run(&kit);
	UNIT_UINT("calls", again.n, 3);
	again.n = 0;
	lookup_domain(kit.l, "d.example", ask_again, &again);
	UNIT_UINT("calls, kept", again.n, 3);
	UNIT_UINT("asked", kit_count(&kit, "_smtp._tls.d.example"), 1);
	kit_stop(&kit);
}

/* --- the health --- */

static void test_health(void **state)
{
	static const struct {
		const char *name;
		const char *zone;
		enum dns_health want;
	} table[] = {
		{ "good", "", DNS_HEALTH_VALIDATING },
		{ "records", ". PROBE secure\n", DNS_HEALTH_VALIDATING },
		{ "unsigned", ". PROBE nodata\n", DNS_HEALTH_STRIPPED },
		{ "no signatures", ". PROBE bogus signature-missing\n",
		    DNS_HEALTH_STRIPPED },
		{ "other keys", ". PROBE bogus key-mismatch\n",
		    DNS_HEALTH_WRONG_ANCHOR },
		{ "other", ". PROBE bogus unknown\n", DNS_HEALTH_WRONG_ANCHOR },
		{ "late", ". PROBE bogus signature-expired\n",
		    DNS_HEALTH_WRONG_CLOCK },
		{ "early", ". PROBE bogus signature-not-yet-valid\n",
		    DNS_HEALTH_WRONG_CLOCK },
		{ "servfail", ". PROBE servfail\n", DNS_HEALTH_UNREACHABLE },
		{ "timeout", ". PROBE timeout\n", DNS_HEALTH_UNREACHABLE },
		{ "error", ". PROBE error\n", DNS_HEALTH_UNREACHABLE },
	};

	static struct kit kit;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		kit_start(&kit, table[i].zone);
		UNIT_STR(table[i].name, dns_health_word(lookup_health(kit.l)),
		    "unknown");
		kit_run(&kit);
		UNIT_STR(table[i].name, dns_health_word(kit.health),
		    dns_health_word(table[i].want));
		UNIT_UINT(table[i].name, kit.n_health, 1);
		kit_stop(&kit);
	}
	/* nothing to validate with, and nothing to ask for */
	kit.anchor = "";
	kit_start(&kit, "");
	UNIT_STR("no anchor", dns_health_word(kit.health), "anchor-missing");
	kit.now += 100000;
	lookup_tick(kit.l);
	UNIT_UINT("no anchor", kit.n_asked, 0);
	kit_stop(&kit);
	/* that of a zone of the site */
	kit.anchor = "lab.test";
	kit_start(&kit, "");
	kit_run(&kit);
	UNIT_STR("zone", dns_health_word(kit.health), "validating");
	UNIT_STR("zone", kit.asked[0].name, "lab.test");
	kit_stop(&kit);
}

/* A resolver that does not know one of the types is none that is down. */
static void test_second_probe(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit, ". TXT servfail\n");
	kit_run(&kit);
	UNIT_UINT("probes", kit.n_asked, 2);
	UNIT_STR("health", dns_health_word(kit.health), "validating");
	UNIT_UINT("changes", kit.n_health, 1);
	kit_stop(&kit);
	kit_start(&kit, ". PROBE servfail\n");
	kit_run(&kit);
	UNIT_UINT("probes", kit.n_asked, 2);
	UNIT_STR("health", dns_health_word(kit.health), "unreachable");
	kit_stop(&kit);
}

static void test_tick(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit, "");
	kit_run(&kit);
	kit.now += 3599;
	lookup_tick(kit.l);
	UNIT_UINT("early", kit.n_asked, 1);
	kit.now += 1;
	lookup_tick(kit.l);
	lookup_tick(kit.l);
	UNIT_UINT("hourly", kit.n_asked, 2);
	UNIT_TRUE("another", kit.asked[0].type != kit.asked[1].type);
	kit.zone = ". PROBE timeout\n";
	kit_run(&kit);
	UNIT_STR("down", dns_health_word(kit.health), "unreachable");
	kit.now += 60;
	lookup_tick(kit.l);
	kit.zone = "";
	kit_run(&kit);
	UNIT_STR("up", dns_health_word(kit.health), "validating");
	UNIT_UINT("changes", kit.n_health, 3);
	kit_stop(&kit);
}

/*
 * While the resolver was good DNSSEC worked; then it began to drop signatures.
 * Nobody's records are forged: the probe says so before the verdict.
 */
static void test_doubt(void **state)
{
	static const struct {
		const char *name;
		const char *zone; /* from the 5th minute on */
		const char *want;
		const char *health;
	} table[] = {
		{ "TLSA forged indeed",
		    ASKS MX ADDR "_25._tcp.mx.d.example TLSA bogus 311\n",
		    "mx=secure tlsa=bogus base=mx.d.example stale=300",
		    "validating" },
		{ "TLSA fails indeed",
		    ASKS MX ADDR "_25._tcp.mx.d.example TLSA servfail\n",
		    "mx=secure tlsa=failed base=mx.d.example stale=300",
		    "validating" },
		{ "MX forged indeed", ASKS "d.example MX bogus x.example\n",
		    "mx=bogus tlsa=none stale=300", "validating" },
		{ "stripped",
		    ". PROBE bogus signature-missing\n" ASKS MX ADDR
		    "_25._tcp.mx.d.example TLSA bogus 311\n",
		    "mx=secure tlsa=unknown stale=300", "stripped" },
		{ "stripped before the record",
		    ". PROBE bogus signature-missing\n"
		    "_smtp._tls.d.example TXT bogus "
		    "v=TLSRPTv1;rua=mailto:a@b.example\n" MX,
		    "mx=unknown tlsa=none stale=300", "stripped" },
		{ "clock",
		    ". PROBE bogus signature-expired\n" ASKS
		    "d.example MX bogus mx.d.example\n",
		    "mx=unknown tlsa=none stale=300", "clock-wrong" },
		{ "down while it was asked",
		    ". PROBE timeout\n" ASKS MX ADDR
		    "_25._tcp.mx.d.example TLSA timeout\n",
		    "mx=secure tlsa=unknown stale=300", "unreachable" },
	};

	static struct kit kit;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct lookup_counts counts;

		kit_start(&kit, "");
		kit_run(&kit);
		kit.now += 300;
		kit.zone = table[i].zone;
		host(&kit);
		kit_run(&kit);
		UNIT_UINT(table[i].name, kit.n_results, 1);
		UNIT_STR(table[i].name, kit.result[0], table[i].want);
		UNIT_STR(table[i].name, dns_health_word(kit.health),
		    table[i].health);
		lookup_count(kit.l, &counts);
		UNIT_UINT(table[i].name, counts.doubted, 1);
		kit_stop(&kit);
	}
}

/* What was found by other means is not kept when the health changes. */
static void test_forgets(void **state)
{
	static struct kit kit;

	(void)state;
	kit_start(&kit, ". PROBE nodata\n" GOOD);
	host(&kit);
	kit_run(&kit);
	UNIT_STR("ill", kit.result[0], "mx=unknown tlsa=unknown stale=3600");
	kit.now += 60;
	kit.zone = GOOD;
	lookup_tick(kit.l);
	kit_run(&kit);
	host(&kit);
	kit_run(&kit);
	UNIT_STR("well", kit.result[1], good);
	/* the same health again: kept */
	kit.now += 3600 - 60;
	lookup_tick(kit.l);
	kit_run(&kit);
	host(&kit);
	UNIT_UINT("kept", kit.n_results, 3);
	kit_stop(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_shared_host),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_no_room_for_host),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_ask_in_callback),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_second_probe),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_forgets),
	};

	return UNIT_RUN(tests);
}
