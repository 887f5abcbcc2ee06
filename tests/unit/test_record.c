/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_record.c - tests common/record.c and common/record_uri.c: each rule of
 * RFC 8460 3 (R10-R24) has a row, and so has each fault of other senders.
 */
#include "config.h"

#include "common/record.h"
#include "tests/unit/unit.h"

#define V "v=TLSRPTv1"

/* "mailto target" or "https target" of each destination, one a line. */
static const char *targets(const struct record *r, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < r->n_rua; i++) {
		int len =
		    snprintf(buf + n, size - n, "%s%s %s", i == 0 ? "" : "\n",
			r->rua[i].kind == RECORD_MAILTO ? "mailto" : "https",
			r->rua[i].target);

		assert_true(len > 0 && (size_t)len < size - n);
		n += (size_t)len;
	}
	return buf;
}

/* in the order in which a row reads */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct row {
	const char *name;
	const char *in;
	enum record_status status;
	const char *targets;
	unsigned ignored;
};

static void check_rows(const struct row *table, size_t n)
{
	static struct record r;
	char buf[4096];

	for (size_t i = 0; i < n; i++) {
		const struct row *row = &table[i];
		struct view text = view_of(row->in);

		record_parse(&text, 1, &r);
		UNIT_STR(row->name, record_status_word(r.status),
		    record_status_word(row->status));
		UNIT_STR(
		    row->name, targets(&r, buf, sizeof(buf)), row->targets);
		UNIT_UINT(row->name, r.ignored, row->ignored);
		UNIT_BOOL(
		    row->name, r.error != NULL, row->status == RECORD_SYNTAX);
	}
}

/* The vectors of RFC 8460's grammar, good and bad. */
static const struct row vectors_rows[] = {
	{ "plain", V ";rua=mailto:a@example.com", RECORD_VALID,
	    "mailto a@example.com", 0 },
	{ "R12 final delimiter",
	    V "; rua=mailto:a@example.com,https://b.example/x;", RECORD_VALID,
	    "mailto a@example.com\nhttps https://b.example/x", 0 },
	{ "R18 blank before ';', R13 blanks round ','",
	    V " ; rua=mailto:a@b.example , mailto:c@d.example", RECORD_VALID,
	    "mailto a@b.example\nmailto c@d.example", 0 },
	{ "R16 extension first", V "; ext=1; rua=mailto:a@b.example",
	    RECORD_VALID, "mailto a@b.example", 0 },
	{ "R22 encoded , ! ;", V ";rua=mailto:a%2Cb%21%3B@example.com",
	    RECORD_VALID, "mailto \"a,b!;\"@example.com", 0 },
	{ "R21 two rua fields",
	    V ";rua=mailto:a@x.example;rua=mailto:b@x.example", RECORD_VALID,
	    "mailto a@x.example\nmailto b@x.example", 0 },
	{ "empty", "", RECORD_NONE, "", 0 },
	{ "version only", V, RECORD_NONE, "", 0 },
	{ "R14 no field", V ";", RECORD_SYNTAX, "", 0 },
	{ "R11 version 2", "v=TLSRPTv2;rua=mailto:a@b.example", RECORD_NONE, "",
	    0 },
	{ "R11 version 10", "v=TLSRPTv10;rua=mailto:a@b.example", RECORD_NONE,
	    "", 0 },
	{ "R11 upper-case V", "V=TLSRPTv1;rua=mailto:a@b.example", RECORD_NONE,
	    "", 0 },
	{ "R11 lower-case tlsrpt", "v=tlsrptv1;rua=mailto:a@b.example",
	    RECORD_NONE, "", 0 },
	{ "R11 leading blank", " " V ";rua=mailto:a@b.example", RECORD_NONE, "",
	    0 },
	{ "R11 version not first", "rua=mailto:a@b.example;" V, RECORD_NONE, "",
	    0 },
	{ "R13 upper-case RUA", V ";RUA=mailto:a@b.example", RECORD_SYNTAX, "",
	    0 },
	{ "R13 empty rua", V ";rua=", RECORD_SYNTAX, "", 0 },
	{ "R12 empty field", V ";;rua=mailto:a@b.example", RECORD_SYNTAX, "",
	    0 },
	{ "R12 empty field at the end", V ";rua=mailto:a@b.example;;",
	    RECORD_SYNTAX, "", 0 },
	{ "R13 final comma", V ";rua=mailto:a@b,", RECORD_SYNTAX, "", 0 },
	{ "R22 only '!'", V ";rua=!!", RECORD_NO_RUA, "", 1 },
	{ "no delimiter", V " rua=mailto:a@b.example", RECORD_NONE, "", 0 },
	{ "R15 no value", V ";rua=mailto:a@b.example;test==", RECORD_SYNTAX, "",
	    0 },
	{ "text after the last field", V ";rua=mailto:a@b.example and more",
	    RECORD_SYNTAX, "", 0 },
	{ "8-bit octet in a URI", V ";rua=mailto:\xc3\xa4@b.example",
	    RECORD_SYNTAX, "", 0 },
	{ "8-bit octet in a value", V ";x=\xe4;rua=mailto:a@b.example",
	    RECORD_SYNTAX, "", 0 },
};

static void test_vectors(void **state)
{
	(void)state;
	check_rows(vectors_rows, UNIT_LEN(vectors_rows));
}

#define NAME32 "a23456789012345678901234567890_2"

static const struct row grammar_rows[] = {
	{ "R12 blanks and tabs round ';'",
	    V "\t ;\t rua=mailto:a@b.example \t;\t ", RECORD_VALID,
	    "mailto a@b.example", 0 },
	{ "R12 blank at the end", V ";rua=mailto:a@b.example ", RECORD_SYNTAX,
	    "", 0 },
	{ "R13 blank before '='", V ";rua =mailto:a@b.example", RECORD_SYNTAX,
	    "", 0 },
	{ "R13 blank after '='", V ";rua= mailto:a@b.example", RECORD_SYNTAX,
	    "", 0 },
	{ "R13 two commas", V ";rua=mailto:a@b.example,,mailto:b@b.example",
	    RECORD_SYNTAX, "", 0 },
	{ "R14 an extension only", V ";ext=1", RECORD_SYNTAX, "", 0 },
	{ "R15 name of 32", V ";" NAME32 "=1;rua=mailto:a@b.example",
	    RECORD_VALID, "mailto a@b.example", 0 },
	{ "R15 name of 33", V ";" NAME32 "x=1;rua=mailto:a@b.example",
	    RECORD_SYNTAX, "", 0 },
	{ "R15 name begins with '_'", V ";_a=1;rua=mailto:a@b.example",
	    RECORD_SYNTAX, "", 0 },
	{ "R15 name with - . _", V ";a-b.c_d=1;rua=mailto:a@b.example",
	    RECORD_VALID, "mailto a@b.example", 0 },
	{ "R15 '==' with text", V ";a==b;rua=mailto:a@b.example", RECORD_SYNTAX,
	    "", 0 },
	{ "R15 value with a blank", V ";a=b c;rua=mailto:a@b.example",
	    RECORD_SYNTAX, "", 0 },
	{ "R15 empty value", V ";a=;rua=mailto:a@b.example", RECORD_SYNTAX, "",
	    0 },
	{ "R15 edges of the value", V ";a=!:<>~;rua=mailto:a@b.example",
	    RECORD_VALID, "mailto a@b.example", 0 },
	{ "R15 field without '='", V ";a;rua=mailto:a@b.example", RECORD_SYNTAX,
	    "", 0 },
	{ "R16 extension in the middle and last",
	    V ";rua=mailto:a@b.example;x=1;rua=mailto:b@b.example;y=2",
	    RECORD_VALID, "mailto a@b.example\nmailto b@b.example", 0 },
	{ "R16 RUA as an extension beside rua",
	    V ";RUA=x;rua=mailto:a@b.example", RECORD_VALID,
	    "mailto a@b.example", 0 },
	{ "error behind a good rua",
	    V ";rua=mailto:a@b.example;=", RECORD_SYNTAX, "", 0 },
	{ "R22 '!10m' as in DMARC",
	    V ";rua=mailto:a@b.example!10m,mailto:c@b.example", RECORD_VALID,
	    "mailto c@b.example", 1 },
	{ "R23 upper-case schemes",
	    V ";rua=MAILTO:a@b.example,HTTPS://c.example/", RECORD_VALID,
	    "mailto a@b.example\nhttps HTTPS://c.example/", 0 },
	{ "R23 other schemes",
	    V ";rua=http://b.example/,tel:1,mailto:a@b.example", RECORD_VALID,
	    "mailto a@b.example", 2 },
	{ "R23 only other schemes", V ";rua=ftp://b.example/", RECORD_NO_RUA,
	    "", 1 },
	{ "R23 no scheme", V ";rua=a@b.example", RECORD_NO_RUA, "", 1 },
	{ "R23 empty mailto", V ";rua=mailto:", RECORD_NO_RUA, "", 1 },
	{ "R23 scheme without colon", V ";rua=mailto", RECORD_NO_RUA, "", 1 },
	{ "duplicates",
	    V ";rua=mailto:a@b.example,mailto:a@B.Example;"
	      "rua=mailto:a@b.example",
	    RECORD_VALID, "mailto a@b.example", 2 },
};

static void test_grammar(void **state)
{
	(void)state;
	check_rows(grammar_rows, UNIT_LEN(grammar_rows));
}

#define L64 "a234567890123456789012345678901234567890123456789012345678901234"

static const struct row mailto_rows[] = {
	{ "R24 header fields are ignored",
	    V ";rua=mailto:a@b.example?subject=x", RECORD_VALID,
	    "mailto a@b.example", 0 },
	{ "fragment is ignored", V ";rua=mailto:a@b.example#x", RECORD_VALID,
	    "mailto a@b.example", 0 },
	{ "encoded letters", V ";rua=mailto:%61%2bx@b%2Eexample", RECORD_VALID,
	    "mailto a+x@b.example", 0 },
	{ "R4 domain in lower case", V ";rua=mailto:Ab@B.EXAMPLE.",
	    RECORD_VALID, "mailto Ab@b.example", 0 },
	{ "R4 domain in UTF-8, encoded", V ";rua=mailto:a@b%C3%BCcher.example",
	    RECORD_NO_RUA, "", 1 },
	{ "R24 encoded CR LF", V ";rua=mailto:a%0D%0ABcc:x@b.example",
	    RECORD_NO_RUA, "", 1 },
	{ "R24 encoded NUL", V ";rua=mailto:a%00@b.example", RECORD_NO_RUA, "",
	    1 },
	{ "R24 encoded blank", V ";rua=mailto:a%20b@b.example", RECORD_NO_RUA,
	    "", 1 },
	{ "R24 encoded DEL", V ";rua=mailto:a%7f@b.example", RECORD_NO_RUA, "",
	    1 },
	{ "R24 encoded 8-bit octet", V ";rua=mailto:a%e4@b.example",
	    RECORD_NO_RUA, "", 1 },
	{ "R24 two addresses in one", V ";rua=mailto:a@b.example%2Cc@d.example",
	    RECORD_NO_RUA, "", 1 },
	{ "R24 display name", V ";rua=mailto:X%3Ca@b.example%3E", RECORD_NO_RUA,
	    "", 1 },
	{ "R24 only header fields", V ";rua=mailto:?to=a@b.example",
	    RECORD_NO_RUA, "", 1 },
	{ "bad encoding", V ";rua=mailto:a%2@b.example", RECORD_NO_RUA, "", 1 },
	{ "cut encoding", V ";rua=mailto:a@b.example%2", RECORD_NO_RUA, "", 1 },
	{ "encoded '%'", V ";rua=mailto:a%2541@b.example", RECORD_VALID,
	    "mailto a%41@b.example", 0 },
	{ "quoted local part", V ";rua=mailto:%22a@b%22@c.example",
	    RECORD_VALID, "mailto \"a@b\"@c.example", 0 },
	{ "quoted pair", V ";rua=mailto:%22a%5C%22b%22@c.example", RECORD_VALID,
	    "mailto \"a\\\"b\"@c.example", 0 },
	{ "quoted pair eats the quote", V ";rua=mailto:%22a%5C%22@c.example",
	    RECORD_NO_RUA, "", 1 },
	{ "quote in the middle", V ";rua=mailto:%22a%22b%22@c.example",
	    RECORD_NO_RUA, "", 1 },
	{ "lone quote", V ";rua=mailto:%22@c.example", RECORD_NO_RUA, "", 1 },
	{ "two dots", V ";rua=mailto:a..b@c.example", RECORD_NO_RUA, "", 1 },
	{ "dot first", V ";rua=mailto:.a@c.example", RECORD_NO_RUA, "", 1 },
	{ "dot last", V ";rua=mailto:a.@c.example", RECORD_NO_RUA, "", 1 },
	{ "no local part", V ";rua=mailto:@c.example", RECORD_NO_RUA, "", 1 },
	{ "no domain", V ";rua=mailto:a@", RECORD_NO_RUA, "", 1 },
	{ "no '@'", V ";rua=mailto:a", RECORD_NO_RUA, "", 1 },
	{ "address literal", V ";rua=mailto:a@[192.0.2.1]", RECORD_NO_RUA, "",
	    1 },
	{ "address as domain", V ";rua=mailto:a@192.0.2.1", RECORD_NO_RUA, "",
	    1 },
	{ "path in the domain", V ";rua=mailto:a@../../x", RECORD_NO_RUA, "",
	    1 },
	{ "local part of 64", V ";rua=mailto:" L64 "@c.example", RECORD_VALID,
	    "mailto " L64 "@c.example", 0 },
	{ "local part of 65", V ";rua=mailto:" L64 "x@c.example", RECORD_NO_RUA,
	    "", 1 },
};

static void test_mailto(void **state)
{
	(void)state;
	check_rows(mailto_rows, UNIT_LEN(mailto_rows));
}

static const struct row https_rows[] = {
	{ "path and query", V ";rua=https://a.example/b/c?d=%0d%0a",
	    RECORD_VALID, "https https://a.example/b/c?d=%0d%0a", 0 },
	{ "host only", V ";rua=https://a.example", RECORD_VALID,
	    "https https://a.example", 0 },
	{ "R180 fragment is cut", V ";rua=https://a.example/x#y", RECORD_VALID,
	    "https https://a.example/x", 0 },
	{ "port", V ";rua=https://a.example:8443/", RECORD_VALID,
	    "https https://a.example:8443/", 0 },
	{ "port 0", V ";rua=https://a.example:0/", RECORD_NO_RUA, "", 1 },
	{ "port 65536", V ";rua=https://a.example:65536/", RECORD_NO_RUA, "",
	    1 },
	{ "port in letters", V ";rua=https://a.example:https/", RECORD_NO_RUA,
	    "", 1 },
	{ "R180 user", V ";rua=https://u@a.example/", RECORD_NO_RUA, "", 1 },
	{ "R180 user and password", V ";rua=https://u:p@a.example/",
	    RECORD_NO_RUA, "", 1 },
	{ "'@' in the path", V ";rua=https://a.example/@x", RECORD_VALID,
	    "https https://a.example/@x", 0 },
	{ "no host", V ";rua=https:///x", RECORD_NO_RUA, "", 1 },
	{ "no host, port", V ";rua=https://:443/x", RECORD_NO_RUA, "", 1 },
	{ "no slashes", V ";rua=https:a.example", RECORD_NO_RUA, "", 1 },
	{ "IPv4", V ";rua=https://192.0.2.1/", RECORD_VALID,
	    "https https://192.0.2.1/", 0 },
	{ "IPv6", V ";rua=https://[2001:db8::1]:444/", RECORD_VALID,
	    "https https://[2001:db8::1]:444/", 0 },
	{ "IPv6 without brackets", V ";rua=https://2001:db8::1/", RECORD_NO_RUA,
	    "", 1 },
	{ "IPv4 in brackets", V ";rua=https://[192.0.2.1]/", RECORD_NO_RUA, "",
	    1 },
	{ "tag of mail in brackets", V ";rua=https://[IPv6:2001:db8::1]/",
	    RECORD_NO_RUA, "", 1 },
	{ "zone", V ";rua=https://[fe80::1%25eth0]/", RECORD_NO_RUA, "", 1 },
	{ "text behind the bracket", V ";rua=https://[::1]x/", RECORD_NO_RUA,
	    "", 1 },
	{ "open bracket", V ";rua=https://[::1/", RECORD_NO_RUA, "", 1 },
	{ "encoded host", V ";rua=https://a%2eexample/", RECORD_NO_RUA, "", 1 },
	{ "quotes", V ";rua=https://a.example/\"x\"", RECORD_NO_RUA, "", 1 },
	{ "back slash", V ";rua=https://a.example\\@b.example/", RECORD_NO_RUA,
	    "", 1 },
};

static void test_https(void **state)
{
	(void)state;
	check_rows(https_rows, UNIT_LEN(https_rows));
}

/* R17: what several TXT records mean. */
static void test_several(void **state)
{
	static const struct {
		const char *name;
		const char *in[3];
		enum record_status want;
	} table[] = {
		{ "no text", { NULL }, RECORD_NONE },
		{ "two records",
		    { V ";rua=mailto:a@b.example",
			V ";rua=mailto:a@b.example" },
		    RECORD_SEVERAL },
		{ "a good and a broken one",
		    { V ";rua=mailto:a@b.example", V " ;" }, RECORD_SEVERAL },
		{ "one beside others",
		    { "v=spf1 -all", V ";rua=mailto:a@b.example", V },
		    RECORD_VALID },
		{ "none of them", { "v=spf1 -all", "x" }, RECORD_NONE },
		{ "another version beside",
		    { "v=TLSRPTv2;rua=mailto:x@b.example",
			V ";rua=mailto:a@b.example" },
		    RECORD_VALID },
	};

	static struct record r;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view texts[3];
		size_t n = 0;

		while (n < 3 && table[i].in[n] != NULL) {
			texts[n] = view_of(table[i].in[n]);
			n++;
		}
		record_parse(texts, n, &r);
		UNIT_STR(table[i].name, record_status_word(r.status),
		    record_status_word(table[i].want));
		UNIT_UINT(table[i].name, r.n_rua,
		    table[i].want == RECORD_VALID ? 1 : 0);
	}
}

/* What a person is shown: where it went wrong. */
static void test_error(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t at;
		const char *error;
	} table[] = {
		{ "no field", V ";", 11, "expected a field rua=" },
		{ "empty rua", V ";rua=", 15, "expected a URI" },
		{ "final comma", V ";rua=mailto:a@b,", 26, "expected a URI" },
		{ "empty field", V ";;rua=x", 11,
		    "expected a field: name=value" },
		{ "blank in the list", V ";rua=x y", 17, "expected ';'" },
		{ "blank at the end", V ";rua=x ", 17, "expected ';'" },
		{ "no '='", V ";ext", 14,
		    "expected '=' after the name of the field" },
		{ "no value", V ";ext=;", 15, "expected a value" },
		{ "long name", V ";" NAME32 "x=1", 43,
		    "expected a name of at most 32 characters" },
		{ "8-bit", V "; rua=\xff", 16, "expected a URI" },
	};

	static struct record r;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text = view_of(table[i].in);

		record_parse(&text, 1, &r);
		UNIT_STR(table[i].name, r.error, table[i].error);
		UNIT_UINT(table[i].name, r.error_at, table[i].at);
	}
}

/* Octets that no string literal shows, and the bounds. */
static void test_bounds(void **state)
{
	static char buf[RECORD_TEXT_MAX + 2];
	static const char nul[] = V ";rua=mailto:a@b.example\0;x=1";
	static struct record r;
	struct view text = view_make(nul, sizeof(nul) - 1);
	size_t n;

	(void)state;
	record_parse(&text, 1, &r);
	UNIT_STR("NUL", record_status_word(r.status), "syntax");
	UNIT_UINT("NUL", r.error_at, 33);
	text = view_make(nul, sizeof(V ";rua=mailto:a@b.example"));
	record_parse(&text, 1, &r);
	UNIT_STR("NUL at the end", record_status_word(r.status), "syntax");

	/* R191: ten are kept, and the rest is counted */
	n = (size_t)snprintf(buf, sizeof(buf), V ";rua=mailto:a0@b.example");
	for (int i = 1; i < 2000; i++) {
		n += (size_t)snprintf(
		    buf + n, sizeof(buf) - n, ",mailto:a%d@b.example", i);
	}
	text = view_make(buf, n);
	record_parse(&text, 1, &r);
	UNIT_STR("many", record_status_word(r.status), "valid");
	UNIT_UINT("many", r.n_rua, RECORD_RUAS);
	UNIT_UINT("many", r.ignored, 2000 - RECORD_RUAS);

	n = (size_t)snprintf(buf, sizeof(buf), V ";rua=https://b.example/");
	memset(buf + n, 'x', sizeof(buf) - n);
	text = view_make(buf, 15 + RECORD_URI_MAX);
	record_parse(&text, 1, &r);
	UNIT_STR("longest URI", record_status_word(r.status), "valid");
	UNIT_UINT("longest URI", strlen(r.rua[0].target), RECORD_URI_MAX);
	text = view_make(buf, 15 + RECORD_URI_MAX + 1);
	record_parse(&text, 1, &r);
	UNIT_STR("longer URI", record_status_word(r.status), "no-rua");
	text = view_make(buf, RECORD_TEXT_MAX);
	record_parse(&text, 1, &r);
	UNIT_STR("longest text", record_status_word(r.status), "no-rua");
	text = view_make(buf, RECORD_TEXT_MAX + 1);
	record_parse(&text, 1, &r);
	UNIT_STR("longer text", record_status_word(r.status), "syntax");
}

/* An address of 254 octets is the longest that mail can be sent to. */
static void test_long_address(void **state)
{
	static const struct {
		const char *name;
		const char *local;
		int last_label;
		enum record_status want;
	} table[] = {
		{ "254 octets", "abcdef", 55, RECORD_VALID },
		{ "255 octets", "abcdef", 56, RECORD_NO_RUA },
		{ "254 octets, quoted", "a%2Cdef", 54, RECORD_VALID },
		{ "255 octets, quoted", "a%2Cdef", 55, RECORD_NO_RUA },
	};

	static struct record r;
	char buf[400];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text;
		int n = snprintf(buf, sizeof(buf),
		    V ";rua=mailto:%s@%.63s.%.63s.%.63s.%.*s", table[i].local,
		    L64, L64, L64, table[i].last_label, L64);

		text = view_make(buf, (size_t)n);
		record_parse(&text, 1, &r);
		UNIT_STR(table[i].name, record_status_word(r.status),
		    record_status_word(table[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_mailto),
		cmocka_unit_test(test_https),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_address),
	};

	return UNIT_RUN(tests);
}
