/* SPDX-License-Identifier: BSD-2-Clause */
/* test_certificate.c - tests common/certificate.c */

#include "config.h"

#include "common/base64.h"
#include "common/certificate.h"
#include "common/when.h"
#include "tests/unit/certificate_sample.h"
#include "tests/unit/unit.h"

enum {
	DER_MAX = 1024,
	/* verdicts, short */
	NO_FAULT = FACT_CHAIN_UNKNOWN,
	EXPIRED = FACT_CHAIN_EXPIRED,
	FUTURE = FACT_CHAIN_NOT_YET_VALID,
	SELF = FACT_CHAIN_SELF_SIGNED,
	UNTOLD = FACT_NAME_UNKNOWN,
	MATCH = FACT_NAME_MATCH,
	MISMATCH = FACT_NAME_MISMATCH,
};

static int64_t noon(void)
{
	return when_utc(2026, 11, 22, 12, 0, 0);
}

/* The first len bytes of a sample, in memory of just that size. */
static void look(
    const char *sample, size_t len, const char *host, struct certificate *out)
{
	char der[DER_MAX];
	int n = base64_decode(view_of(sample), der, sizeof(der));
	char *copy;

	assert_true(n > 0);
	len = len < (size_t)n ? len : (size_t)n;
	copy = malloc(len + 1);
	assert_non_null(copy);
	memcpy(copy, der, len);
	certificate_look(view_make(copy, len), noon(), view_of(host), out);
	free(copy);
}

static void test_look(void **state)
{
	static const struct {
		const char *name;
		const char *der;
		const char *host;
		unsigned fault;
		unsigned names;
	} table[] = {
		{ "good", CERT_GOOD, "mx.a.example", NO_FAULT, MATCH },
		{ "another name", CERT_GOOD, "mx.b.example", NO_FAULT,
		    MISMATCH },
		{ "a part of it", CERT_GOOD, "a.example", NO_FAULT, MISMATCH },
		{ "below it", CERT_GOOD, "x.mx.a.example", NO_FAULT, MISMATCH },
		{ "not asked", CERT_GOOD, "", NO_FAULT, UNTOLD },
		{ "expired", CERT_EXPIRED, "mx.a.example", EXPIRED, MATCH },
		{ "not yet valid", CERT_FUTURE, "mx.a.example", FUTURE, MATCH },
		{ "self-signed", CERT_SELF, "mx.a.example", SELF, MATCH },
		{ "commonName beside other names", CERT_OTHER, "mx.a.example",
		    NO_FAULT, MISMATCH },
		{ "the other name", CERT_OTHER, "mail.other.example", NO_FAULT,
		    MATCH },
		{ "an address is no name", CERT_OTHER, "192.0.2.1", NO_FAULT,
		    MISMATCH },
		{ "commonName alone", CERT_CN, "mx.a.example", NO_FAULT,
		    MATCH },
		{ "another commonName", CERT_CN, "mx.b.example", NO_FAULT,
		    MISMATCH },
		{ "wildcard", CERT_WILD, "mx.a.example", NO_FAULT, MATCH },
		{ "wildcard of one label", CERT_WILD, "x.mx.a.example",
		    NO_FAULT, MISMATCH },
		{ "wildcard of no label", CERT_WILD, "a.example", NO_FAULT,
		    MISMATCH },
		{ "no subject", CERT_NAMELESS, "mx.a.example", NO_FAULT,
		    MATCH },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct certificate c;

		look(table[i].der, DER_MAX, table[i].host, &c);
		UNIT_TRUE(table[i].name,
		    c.has_dates && c.has_names && c.is_whole &&
			!c.is_authority);
		UNIT_UINT(table[i].name, c.fault, table[i].fault);
		UNIT_UINT(table[i].name, c.name, table[i].names);
	}
}

static void test_fields(void **state)
{
	struct certificate c;

	(void)state;
	look(CERT_GOOD, DER_MAX, "", &c);
	UNIT_INT("from", c.from, when_utc(2026, 1, 1, 0, 0, 0));
	UNIT_INT("until", c.until, when_utc(2027, 1, 1, 0, 0, 0));
	UNIT_BOOL("signed by another", c.is_self_issued, false);
	look(CERT_FUTURE, DER_MAX, "", &c);
	UNIT_INT("until 2060", c.until, when_utc(2060, 1, 1, 0, 0, 0));
	look(CERT_AUTHORITY, DER_MAX, "", &c);
	UNIT_TRUE("authority", c.is_authority && c.is_self_issued);
	UNIT_UINT("fault", c.fault, SELF);
	look(CERT_OLD_AUTHORITY, DER_MAX, "", &c);
	UNIT_UINT("expired comes first", c.fault, EXPIRED);
}

/* At which times it holds: both ends belong to it. */
static void test_time(void **state)
{
	static const struct {
		const char *name;
		int64_t from_s; /* after the beginning */
		int64_t to_s;   /* after the end; or 1 << 40 */
		unsigned want;
	} table[] = {
		{ "just before", -1, 1LL << 40, FUTURE },
		{ "the first second", 0, 1LL << 40, NO_FAULT },
		{ "the last second", 0, 0, NO_FAULT },
		{ "just behind", 0, 1, EXPIRED },
	};

	char der[DER_MAX];
	int n = base64_decode(view_of(CERT_GOOD), der, sizeof(der));

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct certificate c;
		int64_t t = table[i].to_s == 1LL << 40 ?
		    when_utc(2026, 1, 1, 0, 0, 0) + table[i].from_s :
		    when_utc(2027, 1, 1, 0, 0, 0) + table[i].to_s;

		certificate_look(view_make(der, (size_t)n), t, view_of(""), &c);
		UNIT_UINT(table[i].name, c.fault, table[i].want);
	}
}

/*
 * Cut at each byte: what is known stays true, and the more there is, the more
 * is known.
 */
static void test_cut(void **state)
{
	static const struct {
		const char *name;
		const char *der;
		unsigned fault;
	} table[] = {
		{ "good", CERT_GOOD, NO_FAULT },
		{ "expired", CERT_EXPIRED, EXPIRED },
		{ "not yet valid", CERT_FUTURE, FUTURE },
		{ "self-signed", CERT_SELF, SELF },
		{ "wildcard", CERT_WILD, NO_FAULT },
		{ "no subject", CERT_NAMELESS, NO_FAULT },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct certificate before = { 0 };
		char der[DER_MAX];
		size_t n = (size_t)base64_decode(
		    view_of(table[i].der), der, sizeof(der));

		for (size_t len = 0; len <= n; len++) {
			struct certificate c;

			look(table[i].der, len, "mx.a.example", &c);
			UNIT_TRUE(table[i].name,
			    c.fault == FACT_CHAIN_UNKNOWN ||
				c.fault == table[i].fault);
			UNIT_TRUE(table[i].name,
			    c.name == FACT_NAME_UNKNOWN ||
				c.name == FACT_NAME_MATCH);
			UNIT_TRUE(table[i].name,
			    c.has_dates >= before.has_dates &&
				c.has_names >= before.has_names &&
				c.is_whole >= before.is_whole &&
				c.name >= before.name);
			before = c;
		}
		UNIT_UINT(table[i].name, before.fault, table[i].fault);
		UNIT_TRUE(table[i].name, before.is_whole);
	}
}

/* The name that does not match is known only with all the names. */
static void test_cut_mismatch(void **state)
{
	char der[DER_MAX];
	size_t n = (size_t)base64_decode(view_of(CERT_GOOD), der, sizeof(der));
	size_t first = 0;

	(void)state;
	for (size_t len = n; len > 0; len--) {
		struct certificate c;

		look(CERT_GOOD, len, "mx.b.example", &c);
		if (c.name != FACT_NAME_MISMATCH) {
			UNIT_UINT("unknown", c.name, UNTOLD);
			first = len + 1;
			break;
		}
	}
	/* the signature is not looked at */
	UNIT_TRUE("the names are in the first three quarters",
	    first > n / 2 && first < n);
}

/* Each byte changed in turn: nothing worse than another verdict comes of it. */
static void test_damage(void **state)
{
	char der[DER_MAX];
	size_t n = (size_t)base64_decode(view_of(CERT_OTHER), der, sizeof(der));

	(void)state;
	for (size_t at = 0; at < n; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct certificate c;

			der[at] = (char)(der[at] ^ (1 << bit));
			certificate_look(view_make(der, n), noon(),
			    view_of("mail.other.example"), &c);
			UNIT_TRUE("known", c.has_dates || !c.has_names);
			der[at] = (char)(der[at] ^ (1 << bit));
		}
	}
}

static void test_no_certificate(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
	} table[] = {
		{ "nothing", "", 0 },
		{ "one byte", "\x30", 1 },
		{ "text", "-----BEGIN CERTIFICATE-----", 27 },
		{ "empty sequence", "\x30\x00", 2 },
		{ "empty in it", "\x30\x02\x30\x00", 4 },
		{ "endless length", "\x30\x80\x30\x80\x02\x01\x01", 7 },
		{ "length of lengths", "\x30\xff\xff\xff\xff\xff\xff\xff\xff",
		    9 },
		{ "length of 4 GB", "\x30\x84\xff\xff\xff\xff\x30\x00", 8 },
		{ "numbers", "\x02\x01\x01", 3 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct certificate c;

		certificate_look(view_make(table[i].in, table[i].len), noon(),
		    view_of("mx.a.example"), &c);
		UNIT_TRUE(table[i].name,
		    !c.has_dates && !c.has_names && !c.is_whole &&
			c.name == FACT_NAME_UNKNOWN &&
			c.fault == FACT_CHAIN_UNKNOWN);
	}
}

/* Dates in forms that RFC 5280 does not have are not read. */
static void test_dates(void **state)
{
	static const struct {
		const char *name;
		const char *until; /* in the place of "270101000000Z" */
		bool want;
	} table[] = {
		{ "as it was", "270101000000Z", true },
		{ "the last century", "990101000000Z", true },
		{ "no zone", "270101000000 ", false },
		{ "month 13", "271301000000Z", false },
		{ "month 0", "270001000000Z", false },
		{ "letters", "27o101000000Z", false },
		{ "a sign", "-70101000000Z", false },
	};

	char der[DER_MAX];
	size_t n = (size_t)base64_decode(view_of(CERT_GOOD), der, sizeof(der));
	size_t at = 0;

	(void)state;
	while (memcmp(der + at, "270101000000Z", 13) != 0) {
		at++;
	}
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct certificate c;

		memcpy(der + at, table[i].until, 13);
		certificate_look(view_make(der, n), noon(), view_of(""), &c);
		UNIT_BOOL(table[i].name, c.has_dates, table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_mismatch),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_dates),
	};

	return UNIT_RUN(tests);
}
