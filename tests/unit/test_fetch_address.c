/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fetch_address.c - tests lookup/fetch_address.c */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/err.h"
#include "lookup/fetch_address.h"
#include "tests/unit/unit.h"

enum {
	LIST = 16
};

/* "a,b,c" */
static size_t read_list(const char *text, struct ip out[LIST])
{
	struct view left = view_of(text);
	size_t n = 0;

	while (left.len > 0) {
		size_t len = view_index(left, ',');

		assert_true(n < LIST);
		assert_int_equal(
		    ip_parse(view_make(left.s, len), &out[n++]), 0);
		left = view_skip(left, len < left.len ? len + 1 : len);
	}
	return n;
}

/* There is a way to 127.0.0.0/8 on every host, and to nowhere else. */
static void test_choose(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool allow_private;
		enum fetch_address_why want;
		const char *chosen;
	} table[] = {
		{ "none", "", true, FETCH_ADDRESS_PRIVATE, "" },
		{ "loopback", "127.0.0.1", false, FETCH_ADDRESS_PRIVATE, "" },
		{ "loopback, allowed", "127.0.0.1", true, FETCH_ADDRESS_OK,
		    "127.0.0.1" },
		{ "private ones", "10.0.0.1,192.168.1.1,fe80::1,fd00::1,::1",
		    false, FETCH_ADDRESS_PRIVATE, "" },
		{ "mapped", "::ffff:127.0.0.1", false, FETCH_ADDRESS_PRIVATE,
		    "" },
		{ "unspecified", "::", true, FETCH_ADDRESS_PRIVATE, "" },
		{ "no way", "255.255.255.255", true, FETCH_ADDRESS_NO_ROUTE,
		    "" },
		{ "one of two", "255.255.255.255,127.0.0.2", true,
		    FETCH_ADDRESS_OK, "127.0.0.2" },
		{ "twice", "127.0.0.2,127.0.0.3,127.0.0.2", true,
		    FETCH_ADDRESS_OK, "127.0.0.2,127.0.0.3" },
		{ "too many",
		    "127.0.0.9,127.0.0.8,127.0.0.7,127.0.0.6,127.0.0.5", true,
		    FETCH_ADDRESS_OK,
		    "127.0.0.9,127.0.0.8,127.0.0.7,127.0.0.6" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ip in[LIST];
		struct ip want[LIST];
		struct ip got[FETCH_ADDRESSES];
		size_t n = read_list(table[i].in, in);
		size_t n_want = read_list(table[i].chosen, want);
		size_t n_got = 99;

		UNIT_INT(table[i].name,
		    fetch_address_choose(
			in, n, table[i].allow_private, got, &n_got),
		    table[i].want);
		UNIT_MEM(table[i].name, got, n_got * sizeof(got[0]), want,
		    n_want * sizeof(want[0]));
	}
}

static void test_key(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "one", "192.0.2.9", "192.0.2.9" },
		{ "the least", "192.0.2.9,192.0.2.8", "192.0.2.8" },
		{ "in any order", "192.0.2.8,192.0.2.9", "192.0.2.8" },
		{ "a network of IPv6", "2001:db8:1:2:3:4:5:6",
		    "2001:db8:1:2::" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ip in[LIST];
		size_t n = read_list(table[i].in, in);
		struct ip key = fetch_address_key(in, n);
		char text[IP_TEXT_MAX];

		UNIT_STR(table[i].name, ip_format(&key, text), table[i].want);
	}
}

static void test_of(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char text[IP_TEXT_MAX];
	struct ip ip;

	(void)state;
	in.sin_addr.s_addr = htonl(0xc0000201);
	in6.sin6_addr.s6_addr[0] = 0x20;
	in6.sin6_addr.s6_addr[15] = 1;
	ip = fetch_address_of((const struct sockaddr *)&in);
	UNIT_STR("v4", ip_format(&ip, text), "192.0.2.1");
	ip = fetch_address_of((const struct sockaddr *)&in6);
	UNIT_STR("v6", ip_format(&ip, text), "2000::1");
	ip = fetch_address_of(&other);
	UNIT_BOOL("other", ip_is_known(&ip), false);
}

static void test_list(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t size;
		int want_rc;
		const char *want;
	} table[] = {
		{ "v4", "192.0.2.1", 100, 0, "+h.example:443:192.0.2.1" },
		{ "both", "2001:db8::1,192.0.2.1", 100, 0,
		    "+h.example:443:[2001:db8::1],192.0.2.1" },
		{ "just", "192.0.2.1", 25, 0, "+h.example:443:192.0.2.1" },
		{ "too long", "192.0.2.1", 24, ERR_TOO_LONG, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ip in[LIST];
		size_t n = read_list(table[i].in, in);
		char got[100] = "x";

		UNIT_INT(table[i].name,
		    fetch_address_list(
			"+", "h.example:443", in, n, got, table[i].size),
		    table[i].want_rc);
		UNIT_STR(table[i].name, got, table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_of),
		cmocka_unit_test(test_list),
	};

	return UNIT_RUN(tests);
}
