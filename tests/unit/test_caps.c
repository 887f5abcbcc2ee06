/* SPDX-License-Identifier: BSD-2-Clause */
/* test_caps.c - tests reporter/caps.c */
#include "config.h"

#include "reporter/caps.h"
#include "tests/unit/unit.h"

static struct record_rua rua_of(const char *target)
{
	struct record_rua rua = { .kind = RECORD_MAILTO };

	if (strncmp(target, "https", 5) == 0 ||
	    strncmp(target, "HTTPS", 5) == 0) {
		rua.kind = RECORD_HTTPS;
	}
	(void)snprintf(rua.target, sizeof(rua.target), "%s", target);
	return rua;
}

static void test_host(void **state)
{
	static const struct {
		const char *name;
		const char *target;
		const char *want;
	} table[] = {
		{ "address", "tls@a.example", "a.example" },
		{ "quoted", "\"b@c\"@a.example", "a.example" },
		{ "no address", "tls", "tls" },
		{ "empty", "", "" },
		{ "uri", "https://a.example/x", "a.example" },
		{ "case", "HTTPS://A.Example./x", "a.example" },
		{ "port", "https://a.example:8443/x", "a.example" },
		{ "no path", "https://a.example", "a.example" },
		{ "query", "https://a.example?x=https://b.example/",
		    "a.example" },
		{ "path with @", "https://a.example/@b.example", "a.example" },
		{ "IPv4", "https://192.0.2.1:1/x", "192.0.2.1" },
		{ "IPv6", "https://[2001:DB8::1]:1/x", "[2001:db8::1]" },
		{ "IPv6 without port", "https://[2001:db8::1]/x",
		    "[2001:db8::1]" },
		{ "no host", "https:///x", "x" },
		{ "nothing", "https://", "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct record_rua rua = rua_of(table[i].target);
		char out[DOMAIN_BUF];

		UNIT_STR(table[i].name, caps_host(&rua, out), table[i].want);
	}
}

static void test_long_host(void **state)
{
	struct record_rua rua = rua_of("https://");
	char out[DOMAIN_BUF];

	(void)state;
	memset(rua.target + 8, 'a', sizeof(rua.target) - 9);
	rua.target[sizeof(rua.target) - 1] = '\0';
	UNIT_UINT("cut", strlen(caps_host(&rua, out)), DOMAIN_BUF - 1);
}

/* How many of n more a host may get. */
static unsigned take(struct caps *c, const char *target, unsigned n)
{
	struct record_rua rua = rua_of(target);
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++) {
		taken += caps_take(c, &rua);
	}
	return taken;
}

static void test_take(void **state)
{
	struct caps *c = calloc(1, sizeof(*c));

	(void)state;
	assert_non_null(c);
	c->key = (struct hash_key){ 1, 2 };
	UNIT_UINT("below", take(c, "https://a.example/x", 400), 400);
	UNIT_UINT("the same host", take(c, "https://A.EXAMPLE:8443/y", 1000),
	    CAPS_PER_HOST - 400);
	UNIT_UINT("full", take(c, "https://a.example/x", 10), 0);
	UNIT_UINT("another host", take(c, "https://b.example/x", 10), 10);
	UNIT_UINT("by mail", take(c, "x@a.example", 10), 10);
	UNIT_UINT("the same domain", take(c, "y@a.example", 2000),
	    CAPS_PER_HOST - 10);
	free(c);
}

/* However many hosts there are, none of them can overrun. */
static void test_many(void **state)
{
	struct caps *c = calloc(1, sizeof(*c));
	unsigned refused = 0;

	(void)state;
	assert_non_null(c);
	c->key = (struct hash_key){ 3, 4 };
	for (unsigned i = 0; i < 2 * CAPS_COUNTERS; i++) {
		char target[64];

		(void)snprintf(target, sizeof(target), "x@d%u.example", i);
		refused += 1 - take(c, target, 1);
	}
	UNIT_UINT("two to a counter put nobody off", refused, 0);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_long_host),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_many),
	};

	return UNIT_RUN(tests);
}
