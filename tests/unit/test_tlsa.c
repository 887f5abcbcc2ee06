/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tlsa.c - tests common/tlsa.c */
#include "config.h"

#include "common/err.h"
#include "common/tlsa.h"
#include "tests/unit/unit.h"

#define H32 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define H64 H32 H32

/* frames: a certificate, and a public key */
#define PARTS "3002050030020601"
#define BITS  "03020001"
#define CERT  "300C" PARTS BITS
#define KEY \
 "3008"     \
 "30020500" BITS

static struct tlsa read_one(const char *text, struct arena *a)
{
	struct tlsa t;

	UNIT_INT(text, tlsa_read(view_of(text), a, &t), 0);
	return t;
}

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		int want;
	} rows[] = {
		{ "empty", "", 0, ERR_PARSE },
		{ "cut", "\3\1", 2, ERR_PARSE },
		{ "no data", "\3\1\1", 3, ERR_PARSE },
		{ "one octet", "\3\1\1\0", 4, 0 },
		{ "any numbers", "\377\376\375\0\1", 5, 0 },
	};

	static char big[65536] = "\3\1";
	struct tlsa t;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct view in = view_make(rows[i].in, rows[i].len);

		UNIT_INT(rows[i].name, tlsa_parse(in, &t), rows[i].want);
		if (rows[i].want == 0) {
			UNIT_UINT(rows[i].name, t.usage,
			    (unsigned char)rows[i].in[0]);
			UNIT_UINT(rows[i].name, t.selector,
			    (unsigned char)rows[i].in[1]);
			UNIT_UINT(rows[i].name, t.mtype,
			    (unsigned char)rows[i].in[2]);
			UNIT_UINT(rows[i].name, t.data.len, rows[i].len - 3);
		}
	}
	UNIT_INT("longest", tlsa_parse(view_make(big, 65535), &t), 0);
	UNIT_INT("too long", tlsa_parse(view_make(big, 65536), &t), ERR_PARSE);
}

/* R307 */
static void test_usable(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool want;
	} rows[] = {
		{ "3 1 1", "3 1 1 " H32, true },
		{ "3 0 1", "3 0 1 " H32, true },
		{ "2 0 1", "2 0 1 " H32, true },
		{ "2 1 2", "2 1 2 " H64, true },
		{ "PKIX-TA", "0 0 1 " H32, false },
		{ "PKIX-EE", "1 1 1 " H32, false },
		{ "usage 4", "4 1 1 " H32, false },
		{ "private usage", "255 1 1 " H32, false },
		{ "selector 2", "3 2 1 " H32, false },
		{ "private selector", "3 255 1 " H32, false },
		{ "matching type 3", "3 1 3 " H32, false },
		{ "private matching type", "3 1 255 " H32, false },
		{ "SHA-256 cut", "3 1 1 00", false },
		{ "SHA-256 of 33", "3 1 1 " H32 "00", false },
		{ "SHA-256 of 64", "3 1 1 " H64, false },
		{ "SHA-512 of 32", "3 1 2 " H32, false },
		{ "certificate", "2 0 0 " CERT, true },
		{ "certificate, long lengths", "2 0 0 3082000C" PARTS BITS,
		    true },
		{ "octets behind", "2 0 0 " CERT "00", false },
		{ "octets behind in it", "2 0 0 300D" PARTS BITS "00", false },
		{ "cut", "2 0 0 300C" PARTS "030200", false },
		{ "no signature", "2 0 0 3008" PARTS, false },
		{ "key", "3 1 0 " KEY, true },
		{ "key for a certificate", "3 0 0 " KEY, false },
		{ "certificate for a key", "3 1 0 " CERT, false },
		{ "empty sequence", "3 1 0 3000", false },
		{ "one octet", "3 1 0 30", false },
		{ "indefinite length", "3 1 0 308030020500" BITS "0000",
		    false },
		{ "length of 3 octets", "3 1 0 308300000830020500" BITS,
		    false },
		{ "length cut", "3 1 0 3082", false },
		{ "text", "3 1 0 74657874", false },
	};

	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct tlsa t;
		int rc = tlsa_read(view_of(rows[i].in), a, &t);

		UNIT_BOOL(
		    rows[i].name, rc == 0 && tlsa_is_usable(&t), rows[i].want);
	}
	arena_free(a);
}

/* R314 */
static const struct {
	const char *name;
	const char *in[5];
	const char *want; /* the indices that stay */
} strongest_rows[] = {
	{ "none", { NULL }, "" },
	{ "one", { "3 1 1 " H32 }, "0" },
	{ "two of a kind", { "3 1 1 " H32, "3 1 1 " H32 }, "01" },
	{ "SHA-512 beats SHA-256", { "3 1 1 " H32, "3 1 2 " H64 }, "1" },
	{ "in any order", { "3 1 2 " H64, "3 1 1 " H32 }, "0" },
	{ "other selector", { "3 0 1 " H32, "3 1 2 " H64 }, "01" },
	{ "other usage", { "2 1 1 " H32, "3 1 2 " H64 }, "01" },
	{ "in full stays", { "3 1 0 " KEY, "3 1 1 " H32, "3 1 2 " H64 }, "02" },
	{ "unusable goes", { "1 1 1 " H32, "3 1 1 " H32 }, "1" },
	{ "unusable beats nothing", { "3 1 2 " H32, "3 1 1 " H32 }, "1" },
	{ "all unusable", { "0 1 1 " H32, "3 1 1 00" }, "" },
};

/* Which of the texts stay: their indices, as digits. */
static void show_strongest(
    const char *const in[5], struct arena *a, char kept[6])
{
	struct tlsa list[5];
	struct tlsa before[5];
	size_t n = 0;
	size_t left;

	while (n < 5 && in[n] != NULL) {
		list[n] = read_one(in[n], a);
		before[n] = list[n];
		n++;
	}
	left = tlsa_strongest(list, n);
	for (size_t k = 0; k < left; k++) {
		size_t j = 0;

		while (list[k].data.s != before[j].data.s) {
			j++;
		}
		kept[k] = (char)('0' + (int)j);
	}
	kept[left] = '\0';
}

static void test_strongest(void **state)
{
	struct arena *a = arena_new();
	char kept[6];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(strongest_rows); i++) {
		show_strongest(strongest_rows[i].in, a, kept);
		UNIT_STR(strongest_rows[i].name, kept, strongest_rows[i].want);
	}
	arena_free(a);
}

static void test_text(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* NULL: ERR_PARSE */
	} rows[] = {
		{ "plain", "3 1 1 00FF", "3 1 1 00FF" },
		{ "small letters", "3 1 1 abcdef", "3 1 1 ABCDEF" },
		{ "blanks", " 2  0\t1 ab cd\tEF ", "2 0 1 ABCDEF" },
		{ "highest", "255 255 255 00", "255 255 255 00" },
		{ "leading zero", "03 01 01 00", "3 1 1 00" },
		{ "number too high", "256 1 1 00", NULL },
		{ "name of the usage", "DANE-EE 1 1 00", NULL },
		{ "sign", "-3 1 1 00", NULL },
		{ "odd digits", "3 1 1 000", NULL },
		{ "no digits", "3 1 1", NULL },
		{ "no digits, a blank", "3 1 1 ", NULL },
		{ "no hex", "3 1 1 0g", NULL },
		{ "brackets", "3 1 1 ( 00 )", NULL },
		{ "two numbers", "3 1 00", NULL },
		{ "empty", "", NULL },
	};

	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct strbuf out;
		struct tlsa t;
		int rc = tlsa_read(view_of(rows[i].in), a, &t);

		UNIT_INT(
		    rows[i].name, rc, rows[i].want != NULL ? 0 : ERR_PARSE);
		if (rc == 0) {
			strbuf_init(&out, 100);
			UNIT_INT(rows[i].name, tlsa_write(&t, &out), 0);
			UNIT_STR(rows[i].name, strbuf_str(&out), rows[i].want);
			strbuf_release(&out);
		}
	}
	arena_free(a);
}

static void test_full(void **state)
{
	struct arena *a = arena_new();
	struct tlsa t = read_one("3 1 1 0011", a);
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 9);
	UNIT_INT("no room", tlsa_write(&t, &out), ERR_TOO_LONG);
	strbuf_release(&out);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_strongest),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_full),
	};

	return UNIT_RUN(tests);
}
