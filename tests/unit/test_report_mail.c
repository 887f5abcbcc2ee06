/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_mail.c - the mail that carries a report */
#include "config.h"

#include "common/err.h"
#include "common/report.h"
#include "tests/unit/report_golden.h"
#include "tests/unit/report_sample.h"
#include "tests/unit/unit.h"

static const char to[] = "postmaster@example.net";

/* Body, compressed body and mail of a report. */
struct parts {
	struct strbuf json;
	struct strbuf gz;
	struct strbuf mail;
};

static void parts_init(struct parts *p)
{
	strbuf_init(&p->json, SAMPLE_MAX);
	strbuf_init(&p->gz, SAMPLE_MAX);
	strbuf_init(&p->mail, SAMPLE_MAX);
}

static void parts_release(struct parts *p)
{
	strbuf_release(&p->json);
	strbuf_release(&p->gz);
	strbuf_release(&p->mail);
}

static void make_parts(const char *name, struct report *r, struct parts *p)
{
	UNIT_INT(name, report_json(r, &p->json), 0);
	UNIT_INT(name, report_gzip(&p->json, &p->gz), 0);
	UNIT_INT(name, report_mail(r, &p->gz, to, 0, &p->mail), 0);
	sample_keep(name, ".json.gz", &p->gz);
	sample_keep(name, ".eml", &p->mail);
}

/* Every line ends in CRLF, is ASCII, and no longer than max. */
static void check_lines(const char *name, const struct strbuf *mail, size_t max)
{
	size_t start = 0;

	for (size_t i = 0; i < mail->len; i++) {
		unsigned char c = (unsigned char)mail->s[i];

		UNIT_TRUE(
		    name, (c >= ' ' && c < 0x7f) || c == '\r' || c == '\n');
		if (c == '\r') {
			UNIT_TRUE(name, mail->s[i + 1] == '\n');
		}
		if (c == '\n') {
			UNIT_TRUE(name, i > start && mail->s[i - 1] == '\r');
			UNIT_TRUE(name, i - 1 - start <= max);
			start = i + 1;
		}
	}
	UNIT_UINT(name, start, mail->len);
}

/*
 * Byte for byte, around compressed bytes that are shipped, for what zlib makes
 * depends on its version.
 */
static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const char *name = samples[i].name;
		struct report *r = sample_report(&samples[i], 0);
		struct strbuf gz;
		struct strbuf json;
		struct strbuf mail;
		struct parts p;

		parts_init(&p);
		make_parts(name, r, &p);
		(void)golden_update(name, ".json.gz", &p.gz);
		strbuf_init(&gz, SAMPLE_MAX);
		strbuf_init(&json, SAMPLE_MAX);
		strbuf_init(&mail, SAMPLE_MAX);
		golden_read(name, ".json.gz", false, &gz);
		golden_read(name, ".json.gz", true, &json);
		UNIT_MEM(name, json.s, json.len, p.json.s, p.json.len);
		UNIT_INT(name, report_mail(r, &gz, to, 0, &mail), 0);
		golden_check(name, ".eml", &mail);
		check_lines(name, &mail, 998);
		strbuf_release(&gz);
		strbuf_release(&json);
		strbuf_release(&mail);
		parts_release(&p);
		report_free(r);
	}
}

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct report *first = sample_report(&samples[i], 0);
		struct parts want;

		parts_init(&want);
		make_parts(samples[i].name, first, &want);
		for (size_t t = 1; t < SAMPLE_FACTS; t++) {
			struct report *r = sample_report(&samples[i], t);
			struct parts got;

			parts_init(&got);
			make_parts(samples[i].name, r, &got);
			UNIT_MEM(samples[i].name, got.mail.s, got.mail.len,
			    want.mail.s, want.mail.len);
			parts_release(&got);
			report_free(r);
		}
		parts_release(&want);
		report_free(first);
	}
}

/* R149, R185: another destination changes To: and Message-ID:, no more. */
static void test_destinations(void **state)
{
	struct report *r = sample_report(&samples[1], 0);
	struct strbuf gz;
	struct strbuf one;
	struct strbuf two;

	(void)state;
	strbuf_init(&gz, 100);
	strbuf_init(&one, SAMPLE_MAX);
	strbuf_init(&two, SAMPLE_MAX);
	strbuf_adds(&gz, "any bytes");
	UNIT_INT("first", report_mail(r, &gz, to, 0, &one), 0);
	UNIT_INT(
	    "second", report_mail(r, &gz, "\"a,b;c\"@x.example", 17, &two), 0);
	UNIT_TRUE("to", strstr(one.s, "\r\nTo: postmaster@example.net\r\n"));
	UNIT_TRUE("to", strstr(two.s, "\r\nTo: \"a,b;c\"@x.example\r\n"));
	UNIT_TRUE("id",
	    strstr(one.s,
		"\r\nMessage-ID: <20261121.1806a4b8d029d059.0@"
		"example.org>\r\n"));
	UNIT_TRUE("id",
	    strstr(two.s,
		"\r\nMessage-ID: <20261121.1806a4b8d029d059.17@"
		"example.org>\r\n"));
	UNIT_STR("rest", strstr(one.s, "TLS-Report-Domain"),
	    strstr(two.s, "TLS-Report-Domain"));
	UNIT_TRUE("base64", strstr(one.s, "\r\n\r\nYW55IGJ5dGVz\r\n\r\n--"));
	strbuf_release(&gz);
	strbuf_release(&one);
	strbuf_release(&two);
	report_free(r);
}

/*
 * R148: mails of two hosts of one organization are no copies of each other,
 * those of one are.
 */
static void test_sites(void **state)
{
	static const struct {
		const char *name;
		const char *site;
		const char *id;
	} table[] = {
		{ "none", NULL, "1806a4b8d029d059" },
		{ "one", "mx1", "b5fb9f0919b4e6ba" },
		{ "the same again", "mx1", "b5fb9f0919b4e6ba" },
		{ "another", "mx2", "e28c788cdf1b07e2" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report_sender s = SAMPLE_SENDER;
		struct report *r;
		struct strbuf gz;
		struct strbuf mail;
		char want[128];

		s.site = table[i].site;
		r = report_new(
		    &s, view_of("example.net"), SAMPLE_DAY, SAMPLE_MADE);
		strbuf_init(&gz, 100);
		strbuf_init(&mail, SAMPLE_MAX);
		UNIT_INT(table[i].name, report_mail(r, &gz, to, 0, &mail), 0);
		(void)snprintf(want, sizeof(want),
		    "\r\nMessage-ID: <20261121.%s.0@example.org>\r\n",
		    table[i].id);
		UNIT_TRUE(table[i].name, strstr(mail.s, want));
		(void)snprintf(
		    want, sizeof(want), "\"telltls-%s\"", table[i].id);
		UNIT_TRUE(table[i].name, strstr(mail.s, want));
		strbuf_release(&gz);
		strbuf_release(&mail);
		report_free(r);
	}
}

/* R150 */
static void test_addresses(void **state)
{
	static const struct {
		const char *to;
		int want;
	} table[] = {
		{ "a@b", 0 },
		{ "a.b-c_d+e=f!g@x.example", 0 },
		{ "\"a\\\"b\"@x.example", 0 },
		{ "\"a@b\"@x.example", 0 },
		{ "", ERR_PARSE },
		{ "a", ERR_PARSE },
		{ "@x.example", ERR_PARSE },
		{ "a@", ERR_PARSE },
		{ "a@x.example\r\nBcc: b@y", ERR_PARSE },
		{ "a\r\nBcc:b@y.example", ERR_PARSE },
		{ "\"a\r\nBcc:b\"@y.example", ERR_PARSE },
		{ "a\n@x.example", ERR_PARSE },
		{ "a@x.example\n", ERR_PARSE },
		{ "a b@x.example", ERR_PARSE },
		{ "\"a b\"@x.example", ERR_PARSE },
		{ "a,b@x.example", ERR_PARSE },
		{ "a@x.example,b@x.example", ERR_PARSE },
		{ "a;b@x.example", ERR_PARSE },
		{ "a@b@x.example", ERR_PARSE },
		{ "A <a@x.example>", ERR_PARSE },
		{ "<a@x.example>", ERR_PARSE },
		{ "a(b)@x.example", ERR_PARSE },
		{ "\"a\"b\"@x.example", ERR_PARSE },
		{ "\"a\\\"@x.example", ERR_PARSE },
		{ "\"@x.example", ERR_PARSE },
		{ ".a@x.example", ERR_PARSE },
		{ "a.@x.example", ERR_PARSE },
		{ "a..b@x.example", ERR_PARSE },
		{ "a@[192.0.2.1]", ERR_PARSE },
		{ "a@x_.example", 0 },
		{ "a@X.example", ERR_PARSE },
		{ "a@x..example", ERR_PARSE },
		{ "\xc3\xbc@x.example", ERR_PARSE },
		{ "a@\xc3\xbc.example", ERR_PARSE },
		{ "\x7f@x.example", ERR_PARSE },
		{ SAMPLE_LABEL("l") "@" SAMPLE_LONG("d"), 0 },
		{ SAMPLE_LABEL("l") "lllll@" SAMPLE_LONG("d"), ERR_PARSE },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = sample_report(&samples[0], 0);
		struct strbuf gz;
		struct strbuf mail;

		strbuf_init(&gz, 100);
		strbuf_init(&mail, SAMPLE_MAX);
		UNIT_INT(table[i].to,
		    report_mail(r, &gz, table[i].to, 0, &mail), table[i].want);
		if (table[i].want != 0) {
			UNIT_UINT(table[i].to, mail.len, 0);
		} else {
			check_lines(table[i].to, &mail, 998);
		}
		strbuf_release(&gz);
		strbuf_release(&mail);
		report_free(r);
	}
}

/* The sender's and the report's own names are looked at again, too. */
static void test_refused(void **state)
{
	static const struct {
		const char *name;
		const char *from;
		const char *domain;
		int want;
	} table[] = {
		{ "good", "a@example.org", "example.net", 0 },
		{ "from elsewhere", "a@example.net", "example.net", ERR_PARSE },
		{ "from with a name", "A <a@example.org>", "example.net",
		    ERR_PARSE },
		{ "from with a line end", "a\r\n@example.org", "example.net",
		    ERR_PARSE },
		{ "two from", "b@x,a@example.org", "example.net", ERR_PARSE },
		{ "no from", "", "example.net", ERR_PARSE },
		{ "domain with a line end", "a@example.org", "x\r\nX: y",
		    ERR_PARSE },
		{ "domain with a blank", "a@example.org", "x y", ERR_PARSE },
		{ "domain with a quote", "a@example.org", "x\"y", ERR_PARSE },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report_sender s = { "X", "c@example.org", table[i].from,
			"example.org", NULL, false, JUDGE_GOVERNING };
		struct report *r = report_new(
		    &s, view_of(table[i].domain), SAMPLE_DAY, SAMPLE_MADE);
		struct strbuf gz;
		struct strbuf mail;

		strbuf_init(&gz, 100);
		strbuf_init(&mail, SAMPLE_MAX);
		UNIT_INT(table[i].name, report_mail(r, &gz, to, 0, &mail),
		    table[i].want);
		UNIT_BOOL(table[i].name, mail.len > 0, table[i].want == 0);
		strbuf_release(&gz);
		strbuf_release(&mail);
		report_free(r);
	}
}

/* Folded between parts only, each line short where that can be (R146). */
static void test_subject(void **state)
{
	static const struct {
		const char *name;
		size_t sample;
		const char *want;
	} table[] = {
		{ "short", 0,
		    "\r\nSubject: Report Domain: example.net Submitter: "
		    "example.org\r\n Report-ID: <20261121.1806a4b8d029d059@"
		    "example.org>\r\nMessage-ID:" },
		{ "long", 4,
		    "\r\nSubject: Report Domain:\r\n " SAMPLE_LONG(
			"b") "\r\n Submitter:\r\n " SAMPLE_LONG("a") "\r\n "
								     "Report-"
								     "ID:\r\n "
								     "<202611"
								     "21." },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = sample_report(&samples[table[i].sample], 0);
		struct strbuf gz;
		struct strbuf mail;

		strbuf_init(&gz, 100);
		strbuf_init(&mail, SAMPLE_MAX);
		UNIT_INT(table[i].name, report_mail(r, &gz, to, 0, &mail), 0);
		UNIT_TRUE(table[i].name, strstr(mail.s, table[i].want));
		strbuf_release(&gz);
		strbuf_release(&mail);
		report_free(r);
	}
}

/* The text part alone, into the buffer. */
static void get_text(struct report *r, struct strbuf *out)
{
	struct strbuf gz;
	struct strbuf mail;
	const char *begin;
	const char *end;

	strbuf_init(&gz, 100);
	strbuf_init(&mail, SAMPLE_MAX);
	UNIT_INT("mail", report_mail(r, &gz, to, 0, &mail), 0);
	begin = strstr(mail.s, "7bit\r\n\r\n") + 8;
	end = strstr(begin, "\r\n--telltls-");
	strbuf_add(out, begin, (size_t)(end - begin));
	strbuf_release(&gz);
	strbuf_release(&mail);
}

/* R133: no line over 78, whatever the names; at most ten failures. */
static void test_text(void **state)
{
	struct report *r;
	struct strbuf text;
	const char *first;

	(void)state;
	strbuf_init(&text, SAMPLE_MAX);
	for (size_t i = 0; i < SAMPLES; i++) {
		r = sample_report(&samples[i], 0);
		strbuf_clear(&text);
		get_text(r, &text);
		check_lines(samples[i].name, &text, 78);
		report_free(r);
	}
	r = sample_report(&samples[0], 0);
	for (unsigned i = 0; i < 13; i++) {
		char mx[64];
		struct sample_fact f = { FACT_TLS_FAILED, mx, "192.0.2.1", "",
			"not-tls", "", 100 + i };
		struct tally_fact t;

		(void)snprintf(mx, sizeof(mx), "mx%u.example.net", i);
		t = sample_tally_fact(samples[0].domain, &f);
		report_add(r, &t, &sample_nothing);
		/* from another address: one line in the text all the same */
		f.ip = "192.0.2.2";
		t = sample_tally_fact(samples[0].domain, &f);
		report_add(r, &t, &sample_nothing);
	}
	strbuf_clear(&text);
	get_text(r, &text);
	first = strstr(text.s, "224  mx12.example.net: ");
	UNIT_TRUE("most frequent", first);
	UNIT_TRUE("tenth", strstr(first, "206  mx3.example.net: "));
	UNIT_TRUE("eleventh", strstr(text.s, "mx2.example.net") == NULL);
	UNIT_TRUE("rest", strstr(text.s, "\r\nand 3 more, which"));
	strbuf_release(&text);
	report_free(r);
}

/* What may lack is said, and only that. */
static void test_notes(void **state)
{
	static const struct {
		const char *name;
		struct report_notes notes;
		const char *want; /* "": nothing of it */
	} table[] = {
		{ "nothing", { 0 }, "" },
		{ "gap", { .has_gap = true },
		    "\r\nSessions of that day may lack here: part of our log "
		    "was missing.\r\n\r\n" },
		{ "late", { .has_late = true },
		    "\r\nSessions of that day may lack here: some were seen "
		    "when the day was closed.\r\n\r\n" },
		{ "unread and lost", { .is_unread = true, .has_lost = true },
		    "\r\nSessions of that day may lack here: the day was closed "
		    "before our log was\r\nread; some were not kept with their "
		    "domain.\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = sample_report(&samples[0], 0);
		struct strbuf text;

		strbuf_init(&text, SAMPLE_MAX);
		report_set_notes(r, &table[i].notes);
		get_text(r, &text);
		check_lines(table[i].name, &text, 78);
		UNIT_TRUE(table[i].name, strstr(text.s, table[i].want));
		UNIT_BOOL(table[i].name, strstr(text.s, "may lack") != NULL,
		    table[i].want[0] != '\0');
		UNIT_TRUE(table[i].name, strstr(text.s, "in none of") == NULL);
		strbuf_release(&text);
		report_free(r);
	}
}

/* Sessions that cannot be judged are told apart. */
static void test_unjudged(void **state)
{
	struct report *r = sample_report(&samples[0], 0);
	struct sample_fact f = { FACT_TLS_OK, "mx1.example.net", "192.0.2.1",
		"", "", "", 41 };
	struct tally_fact t = sample_tally_fact(samples[0].domain, &f);
	struct strbuf text;

	(void)state;
	strbuf_init(&text, SAMPLE_MAX);
	report_add(r, &t, NULL);
	get_text(r, &text);
	UNIT_TRUE("told",
	    strstr(text.s,
		"\r\n\r\nSessions in none of these "
		"numbers, because what they came to is not known: 41."
		"\r\n\r\n"));
	strbuf_release(&text);
	report_free(r);
}

static void test_bounds_of_out(void **state)
{
	struct report *r = sample_report(&samples[1], 0);
	struct strbuf gz;
	struct strbuf mail;

	(void)state;
	strbuf_init(&gz, 100);
	strbuf_init(&mail, 500);
	UNIT_INT(
	    "small buffer", report_mail(r, &gz, to, 0, &mail), ERR_TOO_LONG);
	strbuf_release(&gz);
	strbuf_release(&mail);
	report_free(r);
}

/* RFC 4648 10, and each length of the last line. */
static void test_base64(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "", "" },
		{ "f", "Zg==\r\n" },
		{ "fo", "Zm8=\r\n" },
		{ "foo", "Zm9v\r\n" },
		{ "foob", "Zm9vYg==\r\n" },
		{ "foobar", "Zm9vYmFy\r\n" },
		{ "\xfb\xff\xbf", "+/+/\r\n" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY"
		    "WFhYWFhYWFhYWFhYWFh\r\n" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		    "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY"
		    "WFhYWFhYWFhYWFhYWFh\r\nYg==\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = sample_report(&samples[0], 0);
		char want[256];
		struct strbuf gz;
		struct strbuf mail;
		const char *at;

		strbuf_init(&gz, 100);
		strbuf_init(&mail, SAMPLE_MAX);
		strbuf_adds(&gz, table[i].in);
		(void)snprintf(
		    want, sizeof(want), "%s\r\n--telltls-", table[i].want);
		UNIT_INT(table[i].in, report_mail(r, &gz, to, 0, &mail), 0);
		at = strstr(mail.s, ".json.gz\"\r\n\r\n");
		UNIT_TRUE(table[i].in, at);
		UNIT_INT(table[i].in, strncmp(at + 13, want, strlen(want)), 0);
		strbuf_release(&gz);
		strbuf_release(&mail);
		report_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_unjudged),
		cmocka_unit_test(test_bounds_of_out),
		cmocka_unit_test(test_base64),
	};

	return UNIT_RUN(tests);
}
