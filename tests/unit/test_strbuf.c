/* SPDX-License-Identifier: BSD-2-Clause */
/* test_strbuf.c - tests of common/strbuf.c */

#include "config.h"

#include "common/strbuf.h"
#include "tests/unit/unit.h"

/* What must hold after each step. */
static void check(const char *name, const struct strbuf *b, const char *want,
    size_t len, bool failed)
{
	UNIT_MEM(name, strbuf_str(b), b->len, want, len);
	UNIT_INT(name, strbuf_str(b)[b->len], '\0');
	UNIT_BOOL(name, b->failed, failed);
	UNIT_TRUE(name, b->len <= b->max);
	UNIT_TRUE(name, b->s == NULL || b->cap > b->len);
}

/* Adding 3 bytes in each way at the bound. */
static void test_bound(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		const char *before;
		const char *want;
		bool failed;
	} table[] = {
		{ "room", 10, "", "abc", false },
		{ "just fits", 5, "xy", "xyabc", false },
		{ "one too many", 4, "xy", "xy", true },
		{ "full", 2, "xy", "xy", true },
		{ "no room at all", 0, "", "", true },
		{ "empty, just fits", 3, "", "abc", false },
		{ "empty, too many", 2, "", "", true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *name = table[i].name;

		for (int how = 0; how < 4; how++) {
			struct strbuf b;

			strbuf_init(&b, table[i].max);
			strbuf_adds(&b, table[i].before);
			check(name, &b, table[i].before,
			    strlen(table[i].before), false);
			switch (how) {
			case 0:
				strbuf_add(&b, "abcd", 3);
				break;
			case 1:
				strbuf_adds(&b, "abc");
				break;
			case 2:
				strbuf_addv(&b, view_make("abcd", 3));
				break;
			default:
				strbuf_addf(&b, "%s%c", "ab", 'c');
				break;
			}
			check(name, &b, table[i].want, strlen(table[i].want),
			    table[i].failed);
			strbuf_release(&b);
		}
	}
}

/* After a failure nothing is added, not even what would fit. */
static void test_sticky(void **state)
{
	struct strbuf b;

	(void)state;
	strbuf_init(&b, 4);
	strbuf_adds(&b, "ab");
	strbuf_adds(&b, "cde");
	check("failed", &b, "ab", 2, true);
	strbuf_addc(&b, 'c');
	strbuf_adds(&b, "c");
	strbuf_add(&b, "", 0);
	strbuf_addf(&b, "%d", 1);
	check("still failed", &b, "ab", 2, true);
	strbuf_clear(&b);
	check("cleared", &b, "", 0, false);
	strbuf_adds(&b, "cdef");
	check("used again", &b, "cdef", 4, false);
	strbuf_addc(&b, 'g');
	check("failed again", &b, "cdef", 4, true);
	strbuf_release(&b);
	check("released", &b, "", 0, false);
	strbuf_adds(&b, "ghij");
	check("used after release", &b, "ghij", 4, false);
	strbuf_release(&b);
	strbuf_release(&b);
}

static void test_empty(void **state)
{
	struct strbuf b;

	(void)state;
	strbuf_init(&b, 0);
	check("new", &b, "", 0, false);
	strbuf_clear(&b);
	check("cleared", &b, "", 0, false);
	strbuf_addv(&b, view_of(NULL));
	strbuf_adds(&b, "");
	strbuf_addf(&b, "%s", "");
	check("nothing added", &b, "", 0, false);
	strbuf_release(&b);
}

/* Bytes of all values, over several growths. */
static void test_bytes(void **state)
{
	enum {
		N = 5000
	};

	char want[N];
	struct strbuf b;

	(void)state;
	strbuf_init(&b, N);
	for (size_t i = 0; i < N; i++) {
		want[i] = (char)(i * 7 % 256);
		strbuf_addc(&b, want[i]);
	}
	check("N bytes", &b, want, N, false);
	strbuf_addc(&b, 'x');
	check("N + 1 bytes", &b, want, N, true);
	strbuf_release(&b);
}

/* Texts around the size of the first allocation and of its doubles. */
static void test_growth(void **state)
{
	(void)state;
	for (size_t n = 60; n < 260; n++) {
		char text[300];
		struct strbuf b;

		memset(text, 'a', n);
		text[n] = '\0';
		strbuf_init(&b, SIZE_MAX / 4);
		strbuf_addf(&b, "%s", text);
		strbuf_add(&b, text, n);
		UNIT_UINT("length", b.len, 2 * n);
		UNIT_MEM("first half", b.s, n, text, n);
		UNIT_MEM("second half", b.s + n, n, text, n);
		UNIT_INT("end", b.s[2 * n], '\0');
		strbuf_release(&b);
	}
}

/* A length near SIZE_MAX must not wrap around. */
static void test_huge(void **state)
{
	struct strbuf b;

	(void)state;
	strbuf_init(&b, 100);
	strbuf_adds(&b, "abc");
	strbuf_add(&b, "x", SIZE_MAX);
	check("SIZE_MAX", &b, "abc", 3, true);
	strbuf_clear(&b);
	strbuf_adds(&b, "abc");
	strbuf_add(&b, "x", SIZE_MAX - 2);
	check("sum is 0", &b, "abc", 3, true);
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_huge),
	};

	return UNIT_RUN(tests);
}
