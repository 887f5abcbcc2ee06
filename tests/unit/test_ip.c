/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ip.c - tests of common/ip.c */

#include "config.h"

#include "common/err.h"
#include "common/ip.h"
#include "tests/unit/unit.h"

/* Text, and the canonical text of the address (RFC 5952). */
static const struct {
	const char *name;
	const char *in;
	const char *want;
} good[] = {
	{ "v4", "192.0.2.1", "192.0.2.1" },
	{ "v4, highest", "255.255.255.255", "255.255.255.255" },
	{ "v4, zero", "0.0.0.0", "0.0.0.0" },
	{ "v4-mapped", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "v4-mapped, capitals", "::FFFF:192.0.2.1", "192.0.2.1" },
	{ "v4-mapped, hexadecimal", "::ffff:c000:201", "192.0.2.1" },
	{ "v4-mapped, in full", "0000:0000:0000:0000:0000:ffff:192.168.100.228",
	    "192.168.100.228" },
	{ "v4, tag", "IPv6:192.0.2.1", "192.0.2.1" },
	{ "v4-mapped, tag", "IPv6:::ffff:192.0.2.1", "192.0.2.1" },
	{ "not mapped: ::/96", "::192.0.2.1", "::c000:201" },
	{ "not mapped: fffe", "::fffe:192.0.2.1", "::fffe:c000:201" },
	{ "not mapped: ffff:0", "::ffff:0:192.0.2.1", "::ffff:0:c000:201" },
	{ "not mapped: 64:ff9b", "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
	{ "not mapped: 1::ffff", "1::ffff:192.0.2.1", "1::ffff:c000:201" },
	{ "unknown", "::", "" },
	{ "unknown, in full", "0:0:0:0:0:0:0:0", "" },
	{ "loopback", "::1", "::1" },
	{ "all ones", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "4.1 leading zeros", "2001:0db8::0001", "2001:db8::1" },
	{ "4.1 a group of zeros", "2001:db8:0:1:1:1:1:0000",
	    "2001:db8:0:1:1:1:1:0" },
	{ "4.2.1 as much as goes", "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },
	{ "4.2.2 one zero group", "2001:db8::1:1:1:1:1",
	    "2001:db8:0:1:1:1:1:1" },
	{ "4.2.2 one zero group, first", "0:1:1:1:1:1:1:1", "0:1:1:1:1:1:1:1" },
	{ "4.2.2 one zero group, last", "1:1:1:1:1:1:1:0", "1:1:1:1:1:1:1:0" },
	{ "4.2.2 single ones only", "1:0:1:0:1:0:1:0", "1:0:1:0:1:0:1:0" },
	{ "4.2.3 the longest run", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "4.2.3 the longest run, first", "0:0:0:1:0:0:1:1", "::1:0:0:1:1" },
	{ "4.2.3 the first of equal runs", "2001:db8:0:0:1:0:0:1",
	    "2001:db8::1:0:0:1" },
	{ "4.2.3 the first of three", "0:0:1:0:0:1:0:0", "::1:0:0:1:0:0" },
	{ "4.3 lower case", "2001:DB8::ABCD:EF", "2001:db8::abcd:ef" },
	{ "run at the front", "::2:3:4:5:6:7", "::2:3:4:5:6:7" },
	{ "run of 7 at the front", "::8", "::8" },
	{ "run at the end", "1:2:3:4:5:6::", "1:2:3:4:5:6::" },
	{ "run of 7 at the end", "1::", "1::" },
	{ "run of 6 inside", "1::8", "1::8" },
	{ "tag", "IPv6:2001:db8::1", "2001:db8::1" },
	{ "tag, Sendmail's form", "IPv6:fd99:0:0:0:0:0:0:2", "fd99::2" },
	{ "tag, lower case", "ipv6:2001:db8::1", "2001:db8::1" },
	{ "tag, capitals", "IPV6:2001:db8::1", "2001:db8::1" },
	{ "tag, run at the front", "iPv6:::1", "::1" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(good); i++) {
		char out[IP_TEXT_MAX];
		struct ip ip;
		struct ip again;

		UNIT_INT(good[i].name, ip_parse(view_of(good[i].in), &ip), 0);
		UNIT_STR(good[i].name, ip_format(&ip, out), good[i].want);
		UNIT_TRUE(good[i].name, ip_format(&ip, out) == out);
		UNIT_BOOL(
		    good[i].name, ip_is_known(&ip), good[i].want[0] != '\0');
		if (good[i].want[0] != '\0') {
			UNIT_INT(
			    good[i].name, ip_parse(view_of(out), &again), 0);
			UNIT_MEM(good[i].name, again.b, sizeof(again.b), ip.b,
			    sizeof(ip.b));
		}
	}
}

static void test_bytes(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		uint8_t want[16];
	} table[] = {
		{ "v4", "192.0.2.1",
		    { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } },
		{ "v6", "2001:db8::1:203",
		    { 0x20, 0x01, 0x0d, 0xb8, [13] = 1, 2, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ip ip;

		UNIT_INT(table[i].name, ip_parse(view_of(table[i].in), &ip), 0);
		UNIT_MEM(table[i].name, ip.b, sizeof(ip.b), table[i].want, 16);
	}
}

#define V(literal) view_make((literal), sizeof(literal) - 1)

static void test_bad(void **state)
{
	const struct {
		const char *name;
		struct view in;
	} table[] = {
		{ "empty", V("") },
		{ "no buffer", view_of(NULL) },
		{ "tag only", V("IPv6:") },
		{ "tag twice", V("IPv6:IPv6:::1") },
		{ "another tag", V("IPv4:192.0.2.1") },
		{ "tag, blank", V("IPv6: ::1") },
		{ "brackets", V("[192.0.2.1]") },
		{ "brackets, v6", V("[2001:db8::1]") },
		{ "port", V("192.0.2.1:25") },
		{ "zone", V("fe80::1%eth0") },
		{ "prefix", V("192.0.2.0/24") },
		{ "three numbers", V("192.0.2") },
		{ "five numbers", V("192.0.2.1.1") },
		{ "final dot", V("192.0.2.1.") },
		{ "256", V("192.0.2.256") },
		{ "octal", V("192.0.2.01") },
		{ "hexadecimal", V("0xc0.0.2.1") },
		{ "one number", V("3221225985") },
		{ "blank before", V(" 192.0.2.1") },
		{ "blank behind", V("192.0.2.1 ") },
		{ "line end", V("192.0.2.1\n") },
		{ "NUL behind", V("192.0.2.1\0") },
		{ "NUL inside", V("192.0.2.1\0x") },
		{ "seven groups", V("1:2:3:4:5:6:7") },
		{ "nine groups", V("1:2:3:4:5:6:7:8:9") },
		{ "two runs", V("1::2::3") },
		{ "three colons", V("1:::2") },
		{ "one colon", V(":") },
		{ "colon at the end", V("1:2:3:4:5:6:7:8:") },
		{ "five digits", V("2001:0db80::1") },
		{ "no digit", V("2001:dbg::1") },
		{ "name", V("mx.example.org") },
		{ "dotted inside", V("::192.0.2.1:1") },
		{ "46 bytes",
		    V("0000:0000:0000:0000:0000:ffff:192.168.100.2280") },
		{ "1 more byte than a text has, tag",
		    V("IPv6:0000:0000:0000:0000:0000:ffff:192.168.100.2280") },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char out[IP_TEXT_MAX];
		struct ip ip;

		memset(&ip, 0xaa, sizeof(ip));
		UNIT_INT(table[i].name, ip_parse(table[i].in, &ip), ERR_PARSE);
		UNIT_BOOL(table[i].name, ip_is_known(&ip), false);
		UNIT_STR(table[i].name, ip_format(&ip, out), "");
	}
}

/* The longest text with the tag has 50 bytes. */
static void test_longest(void **state)
{
	static const char text[] =
	    "IPv6:0000:0000:0000:0000:0000:ffff:192.168.100.228";
	struct ip ip;

	(void)state;
	UNIT_INT("tag", ip_parse(V(text), &ip), 0);
	UNIT_INT("a view that ends before the text",
	    ip_parse(view_make("192.0.2.123", 9), &ip), 0);
	UNIT_INT("192.0.2.1", ip.b[15], 1);
}

static void test_loopback(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool want;
	} table[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.0", "127.0.0.0", true },
		{ "127.255.255.255", "127.255.255.255", true },
		{ "126.255.255.255", "126.255.255.255", false },
		{ "128.0.0.0", "128.0.0.0", false },
		{ "mapped", "::ffff:127.0.0.1", true },
		{ "::1", "::1", true },
		{ "::127.0.0.1", "::127.0.0.1", false },
		{ "::2", "::2", false },
		{ "::", "::", false },
		{ "1::1", "1::1", false },
		{ "::1:1", "::1:1", false },
		{ "7f00::", "7f00::", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ip ip;

		UNIT_INT(table[i].name, ip_parse(view_of(table[i].in), &ip), 0);
		UNIT_BOOL(table[i].name, ip_is_loopback(&ip), table[i].want);
	}
}

/* The edges of each network that is special. */
static const struct {
	const char *in;
	bool want;
} addresses[] = {
	{ "0.0.0.0", false },
	{ "0.255.255.255", false },
	{ "1.1.1.1", true },
	{ "9.255.255.255", true },
	{ "10.0.0.0", false },
	{ "10.255.255.255", false },
	{ "11.0.0.0", true },
	{ "100.63.255.255", true },
	{ "100.64.0.0", false },
	{ "100.127.255.255", false },
	{ "100.128.0.0", true },
	{ "127.0.0.1", false },
	{ "127.255.255.255", false },
	{ "169.254.169.254", false },
	{ "172.15.255.255", true },
	{ "172.16.0.0", false },
	{ "172.31.255.255", false },
	{ "172.32.0.0", true },
	{ "192.0.0.8", false },
	{ "192.0.2.1", false },
	{ "192.88.99.1", false },
	{ "192.167.255.255", true },
	{ "192.168.0.0", false },
	{ "192.169.0.0", true },
	{ "198.17.255.255", true },
	{ "198.18.0.0", false },
	{ "198.19.255.255", false },
	{ "198.51.100.1", false },
	{ "203.0.113.1", false },
	{ "223.255.255.255", true },
	{ "224.0.0.1", false },
	{ "239.255.255.255", false },
	{ "240.0.0.1", false },
	{ "255.255.255.255", false },
	{ "::", false },
	{ "::1", false },
	{ "::7f00:1", false },
	{ "::ffff:10.0.0.1", false },
	{ "::ffff:1.1.1.1", true },
	{ "64:ff9b::1.1.1.1", true },
	{ "64:ff9b::127.0.0.1", false },
	{ "64:ff9b::10.1.2.3", false },
	{ "64:ff9b:1::1.1.1.1", false },
	{ "100::1", false },
	{ "2000::1", true },
	{ "2001::1", false },
	{ "2001:1ff::1", false },
	{ "2001:200::1", true },
	{ "2001:db8::1", false },
	{ "2001:db9::1", true },
	{ "2002:7f00:1::1", false },
	{ "2a00:1450::1", true },
	{ "3ffe::1", true },
	{ "3fff:fff::1", false },
	{ "3fff:1000::1", true },
	{ "4000::1", false },
	{ "fc00::1", false },
	{ "fd00::1", false },
	{ "fe80::1", false },
	{ "fec0::1", false },
	{ "ff02::1", false },
};

static void test_public(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(addresses); i++) {
		struct ip ip;

		UNIT_INT(addresses[i].in,
		    ip_parse(view_of(addresses[i].in), &ip), 0);
		UNIT_BOOL(
		    addresses[i].in, ip_is_public(&ip), addresses[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_public),
	};

	return UNIT_RUN(tests);
}
