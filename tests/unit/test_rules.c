/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules.c - tests common/rules.c and common/rules_match.c */

#include "config.h"

#include "tests/unit/unit.h"

#include "common/err.h"
#include "common/record_uri.h"
#include "common/rules.h"

static struct rules *parse(const char *text)
{
	struct rules *r;
	struct strbuf error;

	strbuf_init(&error, 4096);
	(void)rules_parse(view_of(text), "x", &r, &error);
	UNIT_STR(text, strbuf_str(&error), "");
	strbuf_release(&error);
	return r;
}

/* The record's destinations as one text, each behind a blank. */
static void show(const struct record *record, struct strbuf *out)
{
	strbuf_clear(out);
	for (size_t i = 0; i < record->n_rua; i++) {
		strbuf_addf(out, "%s%s%s", i > 0 ? " " : "",
		    record->rua[i].kind == RECORD_MAILTO ? "mailto:" : "",
		    record->rua[i].target);
	}
}

static void set_record(const char *rua, struct record *out)
{
	struct strbuf text;
	struct view view;

	strbuf_init(&text, 8192);
	strbuf_addf(&text, "v=TLSRPTv1; rua=%s", rua);
	view = view_make(text.s, text.len);
	record_parse(&view, 1, out);
	UNIT_STR(rua, record_status_word(out->status), "valid");
	strbuf_release(&text);
}

#define TWO "mailto:t@a.example,https://up.example/t"

static const struct {
	const char *name;
	const char *rules;
	const char *domain;
	const char *rua;
	const char *want;
	unsigned denied;
} applied[] = {
	{ "no rule", "# none\n", "a.example", TWO,
	    "mailto:t@a.example https://up.example/t", 0 },
	{ "domain", "deny a.example", "a.example", TWO, "", 2 },
	{ "another domain", "deny a.example", "b.a.example", TWO,
	    "mailto:t@a.example https://up.example/t", 0 },
	{ "below", "deny .a.example", "b.a.example", TWO, "", 2 },
	{ "not itself", "deny .a.example", "a.example", TWO,
	    "mailto:t@a.example https://up.example/t", 0 },
	{ "not a part of a label", "deny .a.example", "ba.example", TWO,
	    "mailto:t@a.example https://up.example/t", 0 },
	{ "first match", "allow .a.example\ndeny *", "b.a.example", TWO,
	    "mailto:t@a.example https://up.example/t", 0 },
	{ "first match, other order", "deny *\nallow .a.example", "b.a.example",
	    TWO, "", 2 },
	{ "one destination", "deny mailto:T@A.example", "x.example", TWO,
	    "https://up.example/t", 1 },
	{ "destination before domain", "allow mailto:*\ndeny x.example",
	    "x.example", TWO, "mailto:t@a.example", 1 },
	{ "no uploads", "deny https://*", "x.example", TWO,
	    "mailto:t@a.example", 1 },
	{ "replace", "replace https://* mailto:u@s.example", "x.example", TWO,
	    "mailto:t@a.example mailto:u@s.example", 1 },
	{ "replace all by one", "replace * mailto:u@s.example", "x.example",
	    TWO, "mailto:u@s.example", 2 },
	{ "replaced destinations are not looked at again",
	    "replace mailto:* https://s.example/x\ndeny https://*", "x.example",
	    TWO, "https://s.example/x", 2 },
	{ "add", "add x.example mailto:u@s.example", "x.example", TWO,
	    "mailto:t@a.example https://up.example/t "
	    "mailto:u@s.example",
	    0 },
	{ "add behind a deny", "deny *\nadd * mailto:u@s.example", "x.example",
	    TWO, "mailto:u@s.example", 2 },
	{ "the first add",
	    "add .x.example mailto:a@s.example\n"
	    "add * mailto:b@s.example\nadd * mailto:c@s.example",
	    "x.example", "mailto:t@a.example",
	    "mailto:t@a.example mailto:b@s.example", 0 },
	{ "add what is there", "add * mailto:t@a.example", "x.example",
	    "mailto:t@a.example", "mailto:t@a.example", 0 },
	{ "several, and a comment",
	    "replace * mailto:a@s.example\thttps://s.example/x # us",
	    "x.example", TWO, "mailto:a@s.example https://s.example/x", 2 },
};

static void test_apply(void **state)
{
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 65536);
	for (size_t i = 0; i < UNIT_LEN(applied); i++) {
		struct rules *r = parse(applied[i].rules);
		struct record record;

		set_record(applied[i].rua, &record);
		UNIT_UINT(applied[i].name,
		    rules_apply(r, view_of(applied[i].domain), &record),
		    applied[i].denied);
		show(&record, &got);
		UNIT_STR(applied[i].name, strbuf_str(&got), applied[i].want);
		UNIT_UINT(applied[i].name, record.ignored, 0);
		rules_free(r);
	}
	strbuf_release(&got);
}

/* Whoever publishes a record may not slip through by another spelling. */
static const struct {
	const char *match;
	const char *uri;
	bool want;
} matched[] = {
	{ "mailto:tls@a.example", "mailto:tls@a.example", true },
	{ "mailto:tls@a.example", "MAILTO:TLS@A.Example.", true },
	{ "mailto:tls@a.example", "mailto:%74ls@a.example?x=y", true },
	{ "mailto:tls@a.example", "mailto:%22tls%22@a.example", true },
	{ "mailto:tls@a.example", "mailto:%22t%5Cls%22@a.example", true },
	{ "mailto:tls@a.example", "mailto:tls2@a.example", false },
	{ "mailto:tls@a.example", "mailto:tls@b.a.example", false },
	{ "mailto:a%2Cb@a.example", "mailto:a%2cb@a.example", true },
	{ "mailto:tls@a.example", "https://a.example/tls", false },
	{ "mailto:*@a.example", "mailto:x@a.example", true },
	{ "mailto:*@a.example", "mailto:x@b.a.example", false },
	{ "mailto:*@.a.example", "mailto:x@c.b.a.example", true },
	{ "mailto:*@.a.example", "mailto:x@a.example", false },
	{ "mailto:*@b\xc3\xbc"
	  "cher.example",
	    "mailto:x@xn--bcher-kva.example", false },
	{ "mailto:*@xn--bcher-kva.example", "mailto:x@XN--bcher-kva.example",
	    true },
	{ "mailto:*", "mailto:x@a.example", true },
	{ "mailto:*", "https://a.example/", false },
	{ "https://*", "https://[2001:db8::1]:8443/x?y", true },
	{ "https://*", "mailto:x@a.example", false },
	{ "https://a.example/t", "https://a.example/t", true },
	{ "https://a.example/t", "HTTPS://A.EXAMPLE.:443/t#x", true },
	{ "https://a.example/t", "https://a.example:0443/t", true },
	{ "https://a.example/t", "https://a.example:8443/t", true },
	{ "https://a.example:443/t", "https://a.example/t", true },
	{ "https://a.example:443/t", "https://a.example:/t", true },
	{ "https://a.example:443/t", "https://a.example:8443/t", false },
	{ "https://a.example/t", "https://a.example/T", false },
	{ "https://a.example/t", "https://a.example/t?x", false },
	{ "https://a.example/t*", "https://a.example/t?x", true },
	{ "https://a.example/", "https://a.example", true },
	{ "https://a.example/?x", "https://a.example?x", true },
	{ "https://a.example/*", "https://a.example?x", true },
	{ "https://a.example/*", "https://b.a.example/x", false },
	{ "https://.a.example/*", "https://b.a.example/x", true },
	{ "https://.a.example/*", "https://a.example/x", false },
	{ "https://192.0.2.1/*", "https://[::ffff:192.0.2.1]/", true },
	{ "https://[2001:db8::1]/*", "https://[2001:DB8:0::1]:1/x", true },
	{ "https://[2001:db8::1]:2/*", "https://[2001:db8::1]:1/x", false },
	{ "https://[2001:db8::1]/*", "https://[2001:db8::2]/x", false },
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(matched); i++) {
		char text[256];
		struct rules_verdict v;
		struct record_rua rua;
		struct strbuf error;
		struct rules *r;

		strbuf_init(&error, 4096);
		(void)snprintf(
		    text, sizeof(text), "#\ndeny %s\n", matched[i].match);
		UNIT_TRUE(matched[i].uri,
		    record_uri_parse(view_of(matched[i].uri), &rua));
		if (rules_parse(view_of(text), "x", &r, &error) != 0) {
			/* only ASCII stands in a URI */
			UNIT_BOOL(matched[i].match, matched[i].want, false);
			UNIT_TRUE(matched[i].match,
			    strstr(strbuf_str(&error), "x:2: expected mailto"));
			strbuf_release(&error);
			continue;
		}
		rules_decide(r, view_of("x.example"), &rua, &v);
		UNIT_UINT(matched[i].uri, v.line, matched[i].want ? 2 : 0);
		UNIT_STR(matched[i].uri, rules_action_word(v.action),
		    matched[i].want ? "deny" : "allow");
		rules_free(r);
		strbuf_release(&error);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* the beginning */
	} table[] = {
		{ "\ndney *\n", "x:2: expected allow, deny, replace or add" },
		{ "deny", "x:1: expected a domain like example.org" },
		{ "deny a..b", "x:1: expected a domain like example.org" },
		{ "deny [192.0.2.1]", "x:1: expected a domain like" },
		{ "deny *.a.example", "x:1: expected a domain like" },
		{ "deny ftp://a.example/", "x:1: expected a domain like" },
		{ "deny mailto:a.example", "x:1: expected mailto:LOCAL@" },
		{ "deny mailto:*@", "x:1: expected mailto:LOCAL@" },
		{ "deny mailto:a*@..x", "x:1: expected mailto:LOCAL@" },
		{ "deny https://a.example",
		    "x:1: expected a path behind the host" },
		{ "deny https:///x", "x:1: expected https://HOST/PATH" },
		{ "deny https://*.a.example/", "x:1: expected https://HOST/" },
		{ "deny https://u@a.example/", "x:1: expected https://HOST/" },
		{ "deny * mailto:a@b.example", "x:1: expected nothing behind" },
		{ "allow * x", "x:1: expected nothing behind" },
		{ "replace *", "x:1: expected destinations behind it" },
		{ "replace * # mailto:a@b.example",
		    "x:1: expected destinations behind it" },
		{ "add * http://a.example/",
		    "x:1: expected destinations like" },
		{ "add * a@b.example", "x:1: expected destinations like" },
		{ "add mailto:* mailto:a@b.example",
		    "x:1: expected a domain behind add" },
		{ "add * mailto:a@b.example mailto:a@B.example",
		    "x:1: this destination is there twice" },
		{ "dney *\ndeny *\nallow\n",
		    "x:1: expected allow, deny, replace or add\nx:3: " },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct rules *r;
		struct strbuf error;

		strbuf_init(&error, 4096);
		UNIT_INT(table[i].text,
		    rules_parse(view_of(table[i].text), "x", &r, &error),
		    ERR_CONFIG);
		UNIT_TRUE(table[i].text, r == NULL);
		if (strncmp(strbuf_str(&error), table[i].want,
			strlen(table[i].want)) != 0) {
			UNIT_STR(
			    table[i].text, strbuf_str(&error), table[i].want);
		}
		strbuf_release(&error);
	}
}

/* Ten destinations of a record, ten of a line, a thousand lines. */
static void test_bounds(void **state)
{
	struct strbuf text;
	struct strbuf error;
	struct record record;
	struct rules *r;

	(void)state;
	strbuf_init(&text, 1 << 20);
	strbuf_init(&error, 4096);
	strbuf_adds(&text, "replace mailto:a@b.example");
	for (unsigned i = 0; i < RECORD_RUAS; i++) {
		strbuf_addf(&text, " mailto:a%u@s.example", i);
	}
	strbuf_adds(&text, "\nadd * mailto:z@s.example mailto:a0@s.example\n");
	r = parse(strbuf_str(&text));
	set_record("mailto:b@b.example,mailto:a@b.example", &record);
	UNIT_UINT("apply", rules_apply(r, view_of("x.example"), &record), 1);
	UNIT_UINT("all that may be", record.n_rua, RECORD_RUAS);
	UNIT_STR("first", record.rua[0].target, "b@b.example");
	UNIT_STR("last", record.rua[9].target, "a8@s.example");
	UNIT_UINT("the rest", record.ignored, 2);
	rules_free(r);

	strbuf_clear(&text);
	strbuf_adds(&text, "add *");
	for (unsigned i = 0; i <= RECORD_RUAS; i++) {
		strbuf_addf(&text, " mailto:a%u@s.example", i);
	}
	UNIT_INT("eleven",
	    rules_parse(view_make(text.s, text.len), "x", &r, &error),
	    ERR_CONFIG);
	UNIT_STR("eleven", strbuf_str(&error),
	    "x:1: too many destinations, expected up to 10");

	strbuf_clear(&text);
	strbuf_clear(&error);
	for (unsigned i = 0; i <= RULES_MAX; i++) {
		strbuf_addf(&text, "deny a%u.example\n", i);
	}
	UNIT_INT("lines",
	    rules_parse(view_make(text.s, text.len), "x", &r, &error),
	    ERR_CONFIG);
	UNIT_STR("lines", strbuf_str(&error), "x:1001: too many rules");
	strbuf_release(&error);
	strbuf_release(&text);
}

static void test_none(void **state)
{
	struct rules_verdict v;
	struct record record;

	(void)state;
	set_record(TWO, &record);
	rules_decide(NULL, view_of("a.example"), &record.rua[0], &v);
	UNIT_UINT("allowed", v.action, RULES_ALLOW);
	rules_decide_add(NULL, view_of("a.example"), &v);
	UNIT_UINT("nothing added", v.n_to, 0);
	UNIT_UINT("apply", rules_apply(NULL, view_of("a.example"), &record), 0);
	UNIT_UINT("all there", record.n_rua, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_none),
	};

	return UNIT_RUN(tests);
}
