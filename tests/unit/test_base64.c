/* SPDX-License-Identifier: BSD-2-Clause */
/* test_base64.c - tests common/base64.c */

#include "config.h"

#include "common/base64.h"
#include "common/err.h"
#include "tests/unit/unit.h"

static void test_decode(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		int want;
		const char *out;
	} table[] = {
		{ "nothing", "", 0, "" },
		{ "one byte", "Zg==", 1, "f" },
		{ "two bytes", "Zm8=", 2, "fo" },
		{ "three bytes", "Zm9v", 3, "foo" },
		{ "two groups", "Zm9vYmE=", 5, "fooba" },
		{ "all characters", "+/09azAZ", 6, "\xfb\xfd\x3d\x6b\x30\x19" },
		{ "cut behind one character", "Zm9vY", 3, "foo" },
		{ "cut behind two", "Zm9vYm", 4, "foob" },
		{ "cut behind three", "Zm9vYmE", 5, "fooba" },
		{ "cut in the padding", "Zg=", 1, "f" },
		{ "padding alone", "=", ERR_PARSE, "" },
		{ "padding behind one character", "Z===", ERR_PARSE, "" },
		{ "padding behind a group", "Zm9v=", ERR_PARSE, "" },
		{ "too much padding", "Zm8==", ERR_PARSE, "" },
		{ "text behind the padding", "Zg==Zg==", ERR_PARSE, "" },
		{ "text in the padding", "Zg=x", ERR_PARSE, "" },
		{ "blank", "Zm9 v", ERR_PARSE, "" },
		{ "line end", "Zm9v\n", ERR_PARSE, "" },
		{ "for addresses in the web", "-_-_", ERR_PARSE, "" },
		{ "8 bits", "Zm9\xc3", ERR_PARSE, "" },
	};

	char out[8];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int n = base64_decode(view_of(table[i].in), out, sizeof(out));

		UNIT_INT(table[i].name, n, table[i].want);
		if (n >= 0) {
			UNIT_MEM(table[i].name, out, (size_t)n, table[i].out,
			    strlen(table[i].out));
		}
	}
}

static void test_size(void **state)
{
	char out[6] = "-----";

	(void)state;
	UNIT_INT("fits", base64_decode(view_of("Zm9v"), out, 3), 3);
	UNIT_STR("no more", out, "foo--");
	UNIT_INT("full", base64_decode(view_of("Zm9vYg=="), out, 3), ERR_FULL);
	UNIT_STR("not behind it", out, "foo--");
	UNIT_INT(
	    "no room at all", base64_decode(view_of("Zg=="), out, 0), ERR_FULL);
	UNIT_INT("no room, none needed", base64_decode(view_of(""), out, 0), 0);
}

static void test_encode(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "\xfb\xfd\x3d\x6b\x30\x19", "+/09azAZ" },
	};

	struct strbuf out;
	char long_in[200];
	char back[200];

	(void)state;
	strbuf_init(&out, 1024);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		strbuf_clear(&out);
		base64_encode(table[i].in, strlen(table[i].in), &out);
		UNIT_STR(table[i].want, strbuf_str(&out), table[i].want);
	}
	for (size_t n = 0; n < sizeof(long_in); n++) {
		long_in[n] = (char)(unsigned char)(n * 37);
		strbuf_clear(&out);
		base64_encode(long_in, n, &out);
		UNIT_UINT("length", out.len, (n + 2) / 3 * 4);
		UNIT_INT("back",
		    base64_decode(
			view_of(strbuf_str(&out)), back, sizeof(back)),
		    (int)n);
		UNIT_MEM("back", back, n, long_in, n);
	}
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_encode),
	};

	return UNIT_RUN(tests);
}
