/* SPDX-License-Identifier: BSD-2-Clause */
/* test_network_message.c - tests milter/network_message.c */

#include "config.h"

#include "tests/unit/unit.h"

#include "common/err.h"
#include "milter/network_message.h"

/* Read, and written again, it is the same text. */
static void test_good(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum network_kind kind;
		const char *domain;
		const char *mx;
		int64_t since;
		int64_t again;
		const char *content;
		const char *word;
	} table[] = {
		{ "a host", "want a.example mx.a.example\n", NETWORK_WANT,
		    "a.example", "mx.a.example", 0, 0, "", "" },
		{ "a domain", "want xn--bcher-kva.example -\n", NETWORK_WANT,
		    "xn--bcher-kva.example", "", 0, 0, "", "" },
		{ "policy", "policy a.example mx.b.example 5 9\n{\"a\":1}\n",
		    NETWORK_POLICY, "a.example", "mx.b.example", 5, 9,
		    "{\"a\":1}\n", "" },
		{ "event", "event a.example - 1795305600 0\n{}", NETWORK_EVENT,
		    "a.example", "", 1795305600, 0, "{}", "" },
		{ "quiet", "quiet a.example - 0 9223372036854775807\n",
		    NETWORK_QUIET, "a.example", "", 0, INT64_MAX, "", "" },
		{ "later", "later a.example mx.a.example 0 7\n", NETWORK_LATER,
		    "a.example", "mx.a.example", 0, 7, "", "" },
		{ "health", "health anchor-missing\n", NETWORK_HEALTH, "", "",
		    0, 0, "", "anchor-missing" },
		{ "probe", "probe a.example mx.a.example 192.0.2.1\n",
		    NETWORK_PROBE, "a.example", "mx.a.example", 0, 0, "", "" },
		{ "probed", "probed a.example mx.a.example 2001:db8::1 5 9\n{}",
		    NETWORK_PROBED, "a.example", "mx.a.example", 5, 9, "{}",
		    "" },
		{ "unprobed", "unprobed a.example mx.a.example 192.0.2.1 0 9\n",
		    NETWORK_UNPROBED, "a.example", "mx.a.example", 0, 9, "",
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *name = table[i].name;
		struct network_message m;
		struct strbuf b;

		UNIT_INT(
		    name, network_message_parse(view_of(table[i].text), &m), 0);
		UNIT_INT(name, m.kind, table[i].kind);
		UNIT_VIEW(name, m.domain, table[i].domain);
		UNIT_VIEW(name, m.mx, table[i].mx);
		UNIT_INT(name, m.since, table[i].since);
		UNIT_INT(name, m.again, table[i].again);
		UNIT_VIEW(name, m.content, table[i].content);
		UNIT_VIEW(name, m.word, table[i].word);
		strbuf_init(&b, NETWORK_MESSAGE_MAX);
		UNIT_INT(name, network_message_write(&m, &b), 0);
		UNIT_STR(name, strbuf_str(&b), table[i].text);
		strbuf_release(&b);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "empty", "" },
		{ "no line end", "want a.example -" },
		{ "unknown kind", "wont a.example -\n" },
		{ "no mx", "want a.example\n" },
		{ "an empty word", "want  a.example -\n" },
		{ "not normal", "want A.example -\n" },
		{ "final dot", "want a.example. -\n" },
		{ "an address", "want [192.0.2.1] -\n" },
		{ "mx not normal", "want a.example MX.example\n" },
		{ "more", "want a.example - 1\n" },
		{ "no times", "quiet a.example -\n" },
		{ "one time", "quiet a.example - 1\n" },
		{ "negative", "quiet a.example - -1 2\n" },
		{ "too late", "quiet a.example - 0 9223372036854775808\n" },
		{ "no content", "policy a.example - 1 2\n" },
		{ "content", "want a.example -\n{}" },
		{ "probe without a host", "probe a.example - 192.0.2.1\n" },
		{ "without an address", "probe a.example mx.a.example\n" },
		{ "address -", "probe a.example mx.a.example -\n" },
		{ "address not known", "probe a.example mx.a.example ::\n" },
		{ "address of another form",
		    "probe a.example mx.a.example ::ffff:192.0.2.1\n" },
		{ "address in capitals",
		    "probe a.example mx.a.example 2001:DB8::1\n" },
		{ "want with an address",
		    "want a.example mx.a.example 192.0.2.1\n" },
		{ "probed without content",
		    "probed a.example mx.a.example 192.0.2.1 5 9\n" },
		{ "probed without times",
		    "probed a.example mx.a.example 192.0.2.1\n{}" },
		{ "unprobed with content",
		    "unprobed a.example mx.a.example 192.0.2.1 5 9\n{}" },
		{ "health with two words", "health well or-so\n" },
		{ "health in capitals", "health Well\n" },
		{ "no health", "health \n" },
		{ "long health", "health aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct network_message m;

		UNIT_INT(table[i].name,
		    network_message_parse(view_of(table[i].text), &m),
		    ERR_PARSE);
	}
}

static void test_bounds(void **state)
{
	static char content[POLICY_CONTENT_MAX + 1];
	struct network_message m = { .kind = NETWORK_POLICY,
		.domain = view_of("a.example"),
		.content = { content, POLICY_CONTENT_MAX } };
	struct network_message again;
	struct strbuf b;

	(void)state;
	memset(content, 'x', sizeof(content));
	strbuf_init(&b, (size_t)2 * NETWORK_MESSAGE_MAX);
	UNIT_INT("longest", network_message_write(&m, &b), 0);
	UNIT_INT(
	    "longest", network_message_parse(view_make(b.s, b.len), &again), 0);
	UNIT_UINT("longest", again.content.len, POLICY_CONTENT_MAX);
	strbuf_addc(&b, 'x');
	UNIT_INT("longer", network_message_parse(view_make(b.s, b.len), &again),
	    ERR_PARSE);
	strbuf_release(&b);
	strbuf_init(&b, 100);
	UNIT_INT("no room", network_message_write(&m, &b), ERR_TOO_LONG);
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
