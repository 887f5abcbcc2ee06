/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_text.c - tests common/dns_text.c */
#include "config.h"

#include "common/dns.h"
#include "common/err.h"
#include "tests/unit/unit.h"

static void test_txt_join(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		size_t size;
		int want;
		const char *text;
	} table[] = {
		{ "one", "\003abc", 4, 100, 3, "abc" },
		{ "two", "\003abc\002de", 7, 100, 5, "abcde" },
		{ "empty string", "\0", 1, 100, 0, "" },
		{ "empty between", "\001a\0\001b", 5, 100, 2, "ab" },
		{ "NUL", "\003a\0b", 4, 100, 3, "a\0b" },
		{ "nothing", "", 0, 100, ERR_PARSE, "" },
		{ "cut", "\003ab", 3, 100, ERR_PARSE, "" },
		{ "length only", "\001", 1, 100, ERR_PARSE, "" },
		{ "second cut", "\001a\377b", 4, 100, ERR_PARSE, "" },
		{ "fits", "\003abc", 4, 3, 3, "abc" },
		{ "no room", "\003abc", 4, 2, ERR_TOO_LONG, "" },
	};

	char out[100];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int n = dns_txt_join(
		    view_make(table[i].in, table[i].len), out, table[i].size);

		UNIT_INT(table[i].name, n, table[i].want);
		if (n >= 0) {
			UNIT_MEM(table[i].name, out, (size_t)n, table[i].text,
			    (size_t)n);
		}
	}
}

/* The longest RDATA there can be. */
static void test_txt_join_long(void **state)
{
	static char rdata[65535];
	static char out[65535];
	size_t n = 0;
	int want = 0;

	(void)state;
	while (n < sizeof(rdata)) {
		size_t len = sizeof(rdata) - n - 1;

		len = len > 255 ? 255 : len;
		rdata[n] = (char)len;
		memset(rdata + n + 1, 'x', len);
		n += len + 1;
		want += (int)len;
	}
	UNIT_INT("join",
	    dns_txt_join(view_make(rdata, sizeof(rdata)), out, sizeof(out)),
	    want);
}

/* Texts as the library wrote them. */
static void test_why(void **state)
{
	static const struct {
		const char *name;
		const char *why;
		const char *want;
	} table[] = {
		{ "none", NULL, "unknown" },
		{ "empty", "", "unknown" },
		{ "late",
		    "validation failure <late.test. TXT IN>: signature expired "
		    "from 127.0.0.1 for trust anchor late.test. while building "
		    "chain of trust",
		    "signature-expired" },
		{ "early",
		    "validation failure <a. TXT IN>: signature before "
		    "inception date from 127.0.0.1 for trust anchor a. while "
		    "building chain of trust",
		    "signature-not-yet-valid" },
		{ "remembered",
		    "validation failure <a. A IN>: key for validation a. is "
		    "marked as invalid because of a previous validation "
		    "failure <a. TXT IN>: no DNSKEY rrset from 127.0.0.1 for "
		    "trust anchor a. while building chain of trust",
		    "key-missing" },
		{ "other key",
		    "validation failure <a. TXT IN>: signature missing from "
		    "127.0.0.1 for trust anchor a. while building chain of "
		    "trust",
		    "key-mismatch" },
		{ "other DS",
		    "validation failure <a. A IN>: no keys have a DS with "
		    "algorithm RSASHA256 from 192.0.2.1 for key a. while "
		    "building chain of trust",
		    "key-mismatch" },
		{ "stripped",
		    "validation failure <a.b. A IN>: no signatures from "
		    "192.0.2.1",
		    "signature-missing" },
		{ "forged",
		    "validation failure <_25._tcp.mx.a. TLSA IN>: ECDSA "
		    "signature verification failed from 127.0.0.1",
		    "signature-invalid" },
		{ "no proof",
		    "validation failure <a. A IN>: nodata proof failed from "
		    "192.0.2.1",
		    "denial-missing" },
		{ "name of a stranger",
		    "validation failure <signature?expired.a. A IN>: odd from "
		    "192.0.2.1 for key signature. while",
		    "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_STR(
		    table[i].name, dns_why_token(table[i].why), table[i].want);
	}
}

#define RDATA(s)     \
 {                   \
  (s), sizeof(s) - 1 \
 }

static void test_name(void **state)
{
	static const struct {
		const char *name;
		struct view rdata;
		size_t at;
		int want;
		const char *text;
	} table[] = {
		{ "name", RDATA("\0\012\002MX\004test\0"), 2, 7, "mx.test" },
		{ "root", RDATA("\0\0\0"), 2, 1, "." },
		{ "at the front", RDATA("\001a\0"), 0, 1, "a" },
		{ "nothing", RDATA(""), 0, ERR_PARSE, "" },
		{ "short", RDATA("\0"), 2, ERR_PARSE, "" },
		{ "no end", RDATA("\0\0\001a"), 2, ERR_PARSE, "" },
		{ "cut", RDATA("\0\0\005ab"), 2, ERR_PARSE, "" },
		{ "more behind", RDATA("\0\0\001a\0x"), 2, ERR_PARSE, "" },
		{ "compressed", RDATA("\0\0\300\014"), 2, ERR_PARSE, "" },
		{ "blank", RDATA("\0\0\003a b\0"), 2, ERR_PARSE, "" },
		{ "dot in a label", RDATA("\0\0\003a.b\0"), 2, ERR_PARSE, "" },
		{ "NUL", RDATA("\0\0\003a\0b\0"), 2, ERR_PARSE, "" },
		{ "address", RDATA("\0\0\003192\0010\0012\0011\0"), 2,
		    ERR_LITERAL, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char out[DOMAIN_BUF] = "x";

		UNIT_INT(table[i].name,
		    dns_name(table[i].rdata, table[i].at, out), table[i].want);
		UNIT_STR(table[i].name, out, table[i].text);
	}
}

/* The longest name there is, and one more. */
static void test_name_long(void **state)
{
	char rdata[300];
	char out[DOMAIN_BUF];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		size_t len = i < 3 ? 63 : 61;

		rdata[n] = (char)len;
		memset(rdata + n + 1, 'x', len);
		n += len + 1;
	}
	rdata[n] = 0;
	UNIT_INT("longest", dns_name(view_make(rdata, n + 1), 0, out), 253);
	rdata[n++] = 1;
	rdata[n++] = 'x';
	rdata[n++] = 0;
	UNIT_INT("longer", dns_name(view_make(rdata, n), 0, out), ERR_PARSE);
}

static void test_texts(void **state)
{
	static const struct view rdata[] = {
		{ "\x02v=\x01x", 5 },
		{ "\xffx", 2 }, /* no TXT */
		{ "\0", 1 },
	};
	const struct dns_answer a = { .rdata = rdata, .n = 3 };
	const struct dns_answer none = { .n = 0 };
	struct dns_texts t;

	(void)state;
	dns_texts_init(&t, &a);
	UNIT_UINT("texts", t.n, 2);
	UNIT_VIEW("first", t.v[0], "v=x");
	UNIT_UINT("second", t.v[1].len, 0);
	dns_texts_release(&t);
	dns_texts_init(&t, &none);
	UNIT_UINT("none", t.n, 0);
	dns_texts_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_txt_join),
		cmocka_unit_test(test_txt_join_long),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_name_long),
	};

	return UNIT_RUN(tests);
}
