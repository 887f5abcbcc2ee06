/* SPDX-License-Identifier: BSD-2-Clause */
/* test_daily_digest.c - tests reporter/digest.c and reporter/operator.c */

#include "config.h"

#include "reporter/digest.h"
#include "reporter/operator.h"
#include "tests/unit/report_golden.h"
#include "tests/unit/unit.h"

static struct digest_domain failing(
    const char *domain, uint64_t successes, uint64_t failures)
{
	return (struct digest_domain){ view_of(domain), successes, failures,
		JUDGE_CERTIFICATE_EXPIRED };
}

/* The whole mail of a day on which all went wrong that can. */
static void test_full(void **state)
{
	struct digest_domain now[] = {
		failing("a.example", 100, 5),
		failing("b.example", 0, 70),
		failing("c.example", 1, 5),
		failing("well.example", 3, 0),
	};
	struct digest_domain then[] = {
		failing("a.example", 1, 1),
		failing("gone.example", 1, 1),
		failing("well.example", 0, 9),
	};
	const struct digest_day today = { now, 4, 3, 5, 1234, 80, 6 };
	const struct digest_day yesterday = { then, 3, 3, 3, 2, 11, 0 };
	struct digest d = { .day = SAMPLE_DAY,
		.today = &today,
		.yesterday = &yesterday,
		.notes = { true, true, true, true },
		.reports = { 0, 30, 0, 2, 1, 4 },
		.why = "certificates lead to no CA that the MTA knows",
		.items = { 1, 50, 1, 2, 0 },
		.n_lost = 2,
		.n_suppressed = 1,
		.all_suppressed = DIGEST_LIST + 2 };
	char from[] = "tls@example.org";
	char me[] = "me@example.org";
	const struct conf c = { .from = from, .operator_to = me };
	struct operator_mail mail = { .word = "digest" };
	struct strbuf subject;
	struct strbuf body;
	struct strbuf out;

	(void)state;
	d.lost[0] = (struct outbox_item){ .domain = "x.example",
		.to = { RECORD_MAILTO, "tls@x.example" },
		.state = OUTBOX_BOUNCED,
		.answer = "550 5.1.1 no such user" };
	d.lost[1] = (struct outbox_item){ .domain = "y.example",
		.to = { RECORD_HTTPS, "https://y.example/tls" },
		.state = OUTBOX_GIVEN_UP };
	d.suppressed[0] = (struct suppress_entry){ .to = d.lost[0].to,
		.domain = "x.example",
		.until = SAMPLE_DAY + 7 * 86400,
		.why = "550 \xff\r\nBcc: x@y" };
	strbuf_init(&subject, OPERATOR_LINE);
	strbuf_init(&body, OPERATOR_BODY_MAX);
	strbuf_init(&out, OPERATOR_BODY_MAX);
	digest_subject(&d, &subject);
	UNIT_STR("subject", strbuf_str(&subject),
	    "TLS of outgoing mail on 2026-11-21: 3 domains failed, 2 new, "
	    "reports withheld");
	digest_format(&d, &body);
	mail.subject = strbuf_str(&subject);
	mail.body = &body;
	operator_format(
	    &c, "example.org", SAMPLE_DAY, SAMPLE_MADE, &mail, &out);
	golden_check("../text/digest", ".eml", &out);
	strbuf_release(&out);
	strbuf_release(&body);
	strbuf_release(&subject);
}

/* A day on which nothing happened, and the first one. */
static void test_quiet(void **state)
{
	const struct digest_day today = { .n_domains = 1, .successes = 1 };
	struct digest d = { .day = SAMPLE_DAY,
		.today = &today,
		.yesterday = &today,
		.reports = { 0, 1 } };
	struct strbuf text;

	(void)state;
	strbuf_init(&text, OPERATOR_BODY_MAX);
	digest_format(&d, &text);
	UNIT_STR("text", strbuf_str(&text),
	    "What telltls saw of the TLS of outgoing mail on 2026-11-21 "
	    "(UTC).\n\n"
	    "Sessions:  1 succeeded, 0 failed, 0 not judged\n"
	    "Domains:   1, 0 of them with failures\n"
	    "Reports:   1 made\n"
	    "\n\"telltls explain DOMAIN --day 2026-11-21\" tells why, "
	    "\"telltls status\" and\n\"telltls outbox\" what is to be "
	    "done.\n");
	strbuf_clear(&text);
	digest_subject(&d, &text);
	UNIT_STR("subject", strbuf_str(&text),
	    "TLS of outgoing mail on 2026-11-21: nothing failed");
	d.yesterday = NULL;
	strbuf_clear(&text);
	digest_format(&d, &text);
	UNIT_TRUE("the first day", strstr(text.s, "is not known: nothing to"));
	strbuf_release(&text);
}

/* Lists end, and say how many more there are; lines are cut. */
static void test_bounds(void **state)
{
	enum {
		MANY = 25
	};

	static char names[MANY][16];
	struct digest_domain now[MANY];
	const struct digest_day today = { now, MANY, MANY, MANY, 0, MANY, 0 };
	const struct digest_day none = { 0 };
	struct digest d = {
		.day = SAMPLE_DAY, .today = &today, .yesterday = &none
	};
	char from[] = "tls@example.org";
	char me[] = "me@example.org";
	const struct conf c = { .from = from, .operator_to = me };
	struct operator_mail mail = { .word = "digest", .subject = "x" };
	struct strbuf text;
	struct strbuf out;
	const char *last;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%02u.example", i);
		now[i] = failing(names[i], 0, i + 1);
	}
	strbuf_init(&text, OPERATOR_BODY_MAX);
	digest_format(&d, &text);
	UNIT_TRUE("most first",
	    strstr(text.s, "\n      25 of 25       d24.example: ") <
		strstr(text.s, "\n      24 of 24       d23.example: "));
	UNIT_TRUE("the last", strstr(text.s, " d05.example: ") != NULL);
	UNIT_TRUE("no more", strstr(text.s, " d04.example: ") == NULL);
	UNIT_UINT("both lists", count_of(text.s, "    and 5 more\n"), 2);

	strbuf_clear(&text);
	strbuf_init(&out, OPERATOR_BODY_MAX);
	for (unsigned i = 0; i <= OPERATOR_LINE; i++) {
		strbuf_addc(&text, 'x');
	}
	strbuf_adds(&text, "\ny");
	mail.body = &text;
	operator_format(&c, "x.example", SAMPLE_DAY, SAMPLE_MADE, &mail, &out);
	last = strstr(out.s, "\r\n\r\n");
	UNIT_INT("cut", strstr(last + 4, "\r\n") - (last + 4), OPERATOR_LINE);
	UNIT_TRUE("cut", strstr(last, "xxx...\r\ny\r\n"));
	strbuf_release(&out);
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
