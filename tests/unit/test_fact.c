/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fact.c - tests of common/fact.c */

#include "config.h"

#include "common/domain.h"
#include "common/fact.h"
#include "tests/unit/unit.h"

static const char *tls(unsigned v)
{
	return fact_tls_word((enum fact_tls)v);
}

static const char *chain(unsigned v)
{
	return fact_chain_word((enum fact_chain)v);
}

static const char *name_of(unsigned v)
{
	return fact_name_word((enum fact_name)v);
}

static const char *dane(unsigned v)
{
	return fact_dane_word((enum fact_dane)v);
}

static void check_words(const char *name, const char *(*run)(unsigned v),
    const char *const *want, unsigned count)
{
	for (unsigned v = 0; v < count; v++) {
		UNIT_STR(name, run(v), want[v]);
	}
	UNIT_STR(name, run(count), NULL);
	UNIT_STR(name, run(255), NULL);
	UNIT_STR(name, run((unsigned)-1), NULL);
	UNIT_STR(name, run(0x80000000), NULL);
}

/* The numbers stand in tally files, the words in what telltls prints. */
static void test_words(void **state)
{
	static const char *const tls_words[] = { "ok", "not-offered", "refused",
		"failed", "no-session" };
	static const char *const chain_words[] = { "unknown", "ok", "expired",
		"not-yet-valid", "self-signed", "untrusted", "bad" };
	static const char *const name_words[] = { "unknown", "match",
		"mismatch" };
	static const char *const dane_words[] = { "unknown", "match",
		"mismatch", "unusable", "lookup-failed", "required-missing",
		"none" };

	(void)state;
	UNIT_UINT("tls", FACT_TLS_COUNT, UNIT_LEN(tls_words));
	UNIT_UINT("chain", FACT_CHAIN_COUNT, UNIT_LEN(chain_words));
	UNIT_UINT("name", FACT_NAME_COUNT, UNIT_LEN(name_words));
	UNIT_UINT("dane", FACT_DANE_COUNT, UNIT_LEN(dane_words));
	check_words("tls", tls, tls_words, FACT_TLS_COUNT);
	check_words("chain", chain, chain_words, FACT_CHAIN_COUNT);
	check_words("name", name_of, name_words, FACT_NAME_COUNT);
	check_words("dane", dane, dane_words, FACT_DANE_COUNT);
}

/* The members that hold text, each with the longest that fact.h allows. */
static const struct {
	const char *name;
	size_t offset;
	size_t max;
	char fill;      /* a byte that is allowed */
	const char *no; /* bytes that are not, the NUL beside */
} texts[] = {
	{ "reason", offsetof(struct fact, reason), 64, 'a', "A_ .\n\x7f\xc3/" },
	{ "level", offsetof(struct fact, level), 32, 'A',
	    " \t\n\r\x1b\x7f\xc3" },
	{ "verdict", offsetof(struct fact, verdict), 512, 'A', NULL },
	{ "version", offsetof(struct fact, version), 16, 'A', " \t\n\x7f\xff" },
	{ "helo", offsetof(struct fact, helo), 255, 'A', " \t\n\x01\x7f\x80" },
	{ "feed", offsetof(struct fact, feed), 64, 'A', " \n\x7f\xff" },
};

static struct fact with_text(size_t offset, struct view text)
{
	struct fact fact = { 0 };

	memcpy((char *)&fact + offset, &text, sizeof(text));
	return fact;
}

static void test_text_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		for (size_t len = 0; len <= texts[i].max + 2; len++) {
			char *text = malloc(len + 1);
			struct fact fact;

			assert_non_null(text);
			memset(text, texts[i].fill, len);
			text[len] = '\n';
			fact = with_text(texts[i].offset, view_make(text, len));
			UNIT_BOOL(texts[i].name, fact_check(&fact),
			    len <= texts[i].max);
			free(text);
		}
	}
}

/* A byte that is not allowed, in each place of a short text. */
static void test_text_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		if (texts[i].no == NULL) {
			continue;
		}
		/* the NUL behind the set, too */
		for (size_t j = 0; j <= strlen(texts[i].no); j++) {
			for (size_t at = 0; at < 3; at++) {
				char text[3];
				struct fact fact;

				memset(text, texts[i].fill, sizeof(text));
				text[at] = texts[i].no[j];
				fact = with_text(texts[i].offset,
				    view_make(text, sizeof(text)));
				UNIT_BOOL(
				    texts[i].name, fact_check(&fact), false);
			}
		}
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool want;
	} table[] = {
		{ "not known", "", true },
		{ "name", "mx-1.example.org", true },
		{ "underscore", "_x.example.org", true },
		{ "capital", "Example.org", false },
		{ "final dot", "example.org.", false },
		{ "dot", ".", false },
		{ "blank", "example org", false },
		{ "U-label", "b\303\274cher.example", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct fact fact = { .domain = view_of(table[i].in) };

		UNIT_BOOL(table[i].name, fact_check(&fact), table[i].want);
		fact = (struct fact){ .mx = view_of(table[i].in) };
		UNIT_BOOL(table[i].name, fact_check(&fact), table[i].want);
	}
}

/* 253 and 254 octets, of labels of one and two. */
static void test_name_lengths(void **state)
{
	char text[DOMAIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = i % 2 == 1 && i < DOMAIN_MAX ? '.' : 'a';
	}
	text[DOMAIN_MAX - 2] = 'a';
	for (int k = 0; k < 2; k++) {
		size_t offset = k == 0 ? offsetof(struct fact, domain) :
					 offsetof(struct fact, mx);
		struct fact fact =
		    with_text(offset, view_make(text, DOMAIN_MAX));

		UNIT_BOOL("253", fact_check(&fact), true);
		fact = with_text(offset, view_make(text, DOMAIN_MAX + 1));
		UNIT_BOOL("254", fact_check(&fact), false);
	}
}

static void test_enums(void **state)
{
	struct fact fact = { 0 };

	(void)state;
	UNIT_BOOL("empty", fact_check(&fact), true);
	fact = (struct fact){ .tls = FACT_TLS_NO_SESSION,
		.chain = FACT_CHAIN_BAD,
		.name = FACT_NAME_MISMATCH,
		.dane = FACT_DANE_NONE };
	UNIT_BOOL("the last values", fact_check(&fact), true);
	fact = (struct fact){ .tls = FACT_TLS_COUNT };
	UNIT_BOOL("tls", fact_check(&fact), false);
	fact = (struct fact){ .chain = FACT_CHAIN_COUNT };
	UNIT_BOOL("chain", fact_check(&fact), false);
	fact = (struct fact){ .name = FACT_NAME_COUNT };
	UNIT_BOOL("name", fact_check(&fact), false);
	fact = (struct fact){ .dane = FACT_DANE_COUNT };
	UNIT_BOOL("dane", fact_check(&fact), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_text_lengths),
		cmocka_unit_test(test_text_bytes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_lengths),
		cmocka_unit_test(test_enums),
	};

	return UNIT_RUN(tests);
}
