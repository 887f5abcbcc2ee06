/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_sample.h - reports for tests: senders, days, facts as tables
 *
 * With $TESTS_REPORTS set, sample_keep() writes each report that a test makes
 * into that folder, so that tests/check-report can read all of them.
 */
#ifndef TESTS_UNIT_REPORT_SAMPLE_H
#define TESTS_UNIT_REPORT_SAMPLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ip.h"
#include "common/report.h"
#include "common/report_details.h"
#include "common/report_private.h"
#include "common/strbuf.h"
#include "common/view.h"

enum {
	SAMPLE_FACTS = 16,
	SAMPLE_DAY = 1795219200,       /* 2026-11-21 */
	SAMPLE_MADE = 1795306500,      /* 2026-11-22T00:15:00Z */
	SAMPLE_MAX = 64 * 1024 * 1024, /* bound of buffers in tests */
};

struct sample_fact {
	enum fact_tls tls;
	const char *mx;
	const char *ip;
	const char *sending_ip;
	const char *reason;
	const char *helo;
	uint64_t count; /* 0: the end of the table */
};

struct sample {
	const char *name; /* of the golden files */
	struct report_sender sender;
	const char *domain;
	struct sample_fact facts[SAMPLE_FACTS];
};

#define SAMPLE_SENDER                                            \
 {                                                               \
  .organization = "Example Org", .contact = "tls@example.org",   \
  .from = "tls-reports@example.org", .submitter = "example.org", \
  .sending_mta_ip = true                                         \
 }

/* We looked, and nothing is published. */
static const struct policy_set sample_nothing = { .mx = POLICY_MX_INSECURE,
	.tlsa = POLICY_TLSA_NONE,
	.sts = POLICY_STS_NONE };

/* A label of 63 octets, and a domain of 253: there is none longer. */
#define SAMPLE_9(c)     c c c c c c c c c
#define SAMPLE_27(c)    SAMPLE_9(c) SAMPLE_9(c) SAMPLE_9(c)
#define SAMPLE_LABEL(c) SAMPLE_27(c) SAMPLE_27(c) SAMPLE_9(c)
#define SAMPLE_LONG(c)                                                 \
 SAMPLE_LABEL(c)                                                       \
 "." SAMPLE_LABEL(c) "." SAMPLE_LABEL(c) "." SAMPLE_27(c) SAMPLE_27(c) \
     c c c c c ".x"

_Static_assert(sizeof(SAMPLE_LONG("a")) == DOMAIN_MAX + 1, "longest domain");

static const struct sample samples[] = {
	{ .name = "success",
	    .sender = SAMPLE_SENDER,
	    .domain = "example.net",
	    .facts = { { FACT_TLS_OK, "mx1.example.net", "192.0.2.25",
		"198.51.100.1", "", "mx1.example.net", 12 } } },
	{ .name = "mixed",
	    .sender = SAMPLE_SENDER,
	    .domain = "example.net",
	    .facts = { { FACT_TLS_OK, "mx1.example.net", "192.0.2.25",
			   "198.51.100.1", "", "mx1.example.net", 1200 },
		{ FACT_TLS_NOT_OFFERED, "mx2.example.net", "192.0.2.26",
		    "198.51.100.1", "", "mx2", 3 },
		{ FACT_TLS_NOT_OFFERED, "mx2.example.net", "2001:db8::26",
		    "2001:db8:1::1", "", "mx2", 40 },
		{ FACT_TLS_REFUSED, "mx2.example.net", "192.0.2.26",
		    "198.51.100.1", "starttls-reply-454", "mx2", 7 },
		{ FACT_TLS_REFUSED, "mx3.example.net", "192.0.2.27",
		    "198.51.100.1", "", "", 1 },
		{ FACT_TLS_FAILED, "mx3.example.net", "192.0.2.27",
		    "198.51.100.1", "connection-closed-during-handshake", "",
		    2 },
		{ FACT_TLS_FAILED, "mx3.example.net", "192.0.2.27", "", "", "",
		    5 },
		{ FACT_TLS_NO_SESSION, "", "", "", "mx-bogus", "", 4 },
		/* nothing to judge: in no total */
		{ FACT_TLS_NO_SESSION, "mx4.example.net", "", "", "", "", 9 },
		/* the same as the third but for what is not reported */
		{ FACT_TLS_NOT_OFFERED, "mx2.example.net", "2001:db8::26",
		    "2001:db8:1::1", "", "mx2", 2 } } },
	{ .name = "private",
	    .sender = { .organization = "Example Org",
		.contact = "tls@example.org",
		.from = "tls@example.org",
		.submitter = "example.org" },
	    .domain = "example.net",
	    .facts = { { FACT_TLS_FAILED, "mx1.example.net", "192.0.2.25",
		"198.51.100.1", "not-tls", "", 1 } } },
	{ .name = "hostile",
	    .sender = { .organization = "\"A\\B\" <b>/Sm\xc3\xb8rrebr\xc3\xb8"
					"d \xff\xe2\x80\xa8\xef\xbf\xbe",
		.contact = "tls=x+y@example.org",
		.from = "tls@example.org",
		.submitter = "example.org",
		.sending_mta_ip = true },
	    .domain = "xn--bcher-kva.example",
	    .facts = { { FACT_TLS_NOT_OFFERED, "mx.example\r\nBcc: x@y",
			   "192.0.2.1", "", "", "quote\" back\\slash/", 1 },
		{ FACT_TLS_NOT_OFFERED, "mx.example.", "192.0.2.2", "", "",
		    "250-a\r\n250 b", 1 },
		{ FACT_TLS_NOT_OFFERED, "-mx.example", "192.0.2.3", "", "",
		    "del\x7f", 1 },
		{ FACT_TLS_NOT_OFFERED, "MX.example", "192.0.2.4", "", "",
		    "\xe2\x80\xa8", 1 },
		{ FACT_TLS_NOT_OFFERED, "m\xc3\xbc.example", "192.0.2.5", "",
		    "", "\xff\xfe", 1 },
		{ FACT_TLS_FAILED, "_mx.example", "192.0.2.6", "",
		    "Bad Token\r\n", "   ", 1 },
		{ FACT_TLS_FAILED, "m-x.example", "::ffff:192.0.2.7",
		    "2001:DB8:0:0:1:0:0:1", "<script>", "x", 1 },
		{ FACT_TLS_REFUSED, "a-.example", "0.0.0.0", "::",
		    "0123456789012345678901234567890123456789012345678901234"
		    "5678901234",
		    "{}", 1 } } },
	{ .name = "long",
	    .sender = { .organization = SAMPLE_LABEL("o") " " SAMPLE_LABEL("o"),
		.contact = "tls@" SAMPLE_LONG("a"),
		.from = "tls@" SAMPLE_LONG("a"),
		.submitter = SAMPLE_LONG("a"),
		.sending_mta_ip = true },
	    .domain = SAMPLE_LONG("b"),
	    .facts = { { FACT_TLS_OK, SAMPLE_LONG("c"), "192.0.2.1", "", "",
			   SAMPLE_LONG("c"), 1 },
		{ FACT_TLS_NOT_OFFERED, SAMPLE_LONG("c"), "192.0.2.1", "", "",
		    SAMPLE_LONG("c"), 1 } } },
	{ .name = "overflow",
	    .sender = SAMPLE_SENDER,
	    .domain = "example.net",
	    .facts = { { FACT_TLS_OK, "", "", "", "overflow", "", 100 },
		{ FACT_TLS_NOT_OFFERED, "", "", "", "overflow", "", 10 },
		{ FACT_TLS_REFUSED, "", "", "", "overflow", "", 20 },
		{ FACT_TLS_FAILED, "", "", "", "overflow", "", 30 },
		{ FACT_TLS_NO_SESSION, "", "", "", "overflow", "", 40 } } },
	{ .name = "saturated",
	    .sender = SAMPLE_SENDER,
	    .domain = "example.net",
	    .facts = { { FACT_TLS_OK, "mx.example.net", "", "", "", "",
			   UINT64_MAX },
		{ FACT_TLS_OK, "mx.example.net", "", "", "", "", 1 },
		{ FACT_TLS_FAILED, "mx.example.net", "", "", "not-tls", "",
		    UINT64_MAX - 1 },
		{ FACT_TLS_FAILED, "mx.example.net", "", "", "not-tls", "",
		    UINT64_C(9007199254740991) },
		/* alone: nothing is added to it */
		{ FACT_TLS_REFUSED, "mx.example.net", "", "", "", "",
		    UINT64_MAX } } },
};

enum {
	SAMPLES = sizeof(samples) / sizeof(samples[0])
};

static inline struct tally_fact sample_tally_fact(
    const char *domain, const struct sample_fact *f)
{
	struct tally_fact t = { .count = f->count };

	t.fact.domain = view_of(domain);
	t.fact.tls = f->tls;
	t.fact.mx = view_of(f->mx);
	t.fact.reason = view_of(f->reason);
	t.fact.helo = view_of(f->helo);
	(void)ip_parse(view_of(f->ip), &t.fact.ip);
	(void)ip_parse(view_of(f->sending_ip), &t.fact.sending_ip);
	return t;
}

static inline size_t sample_n_facts(const struct sample *s)
{
	size_t n = 0;

	while (n < SAMPLE_FACTS && s->facts[n].count > 0) {
		n++;
	}
	return n;
}

/* The report of a sample; its facts in an order that depends on turn. */
static inline struct report *sample_report(const struct sample *s, size_t turn)
{
	size_t n = sample_n_facts(s);
	struct report *r =
	    report_new(&s->sender, view_of(s->domain), SAMPLE_DAY, SAMPLE_MADE);

	for (size_t i = 0; i < n; i++) {
		size_t at = (turn % 2 == 0 ? i + turn / 2 : n - 1 - i) % n;
		struct tally_fact t =
		    sample_tally_fact(s->domain, &s->facts[at]);

		report_add(r, &t, &sample_nothing);
	}
	return r;
}

/* Adds to a report what comes with policies: elements of each type. */
static inline void sample_add_policies(struct report *r)
{
	static const struct view sts[] = {
		{ "version: STSv1", 14 },
		{ "mode: testing", 13 },
		{ "mx: *.mail.example.net", 22 },
		{ "", 0 },
		{ "bad \xc3\x28 nul \0 del \x7f sep \xe2\x80\xa8\xe2\x80\xa9",
		    29 },
		{ "max_age: 86400", 14 },
	};
	static const struct view mx[] = { { "*.mail.example.net", 18 },
		{ "mx.example.net", 14 } };
	static const struct view tlsa[] = { { "3 1 1 00ff", 10 },
		{ "2 0 1 aa55", 10 } };
	const struct report_policy policies[] = {
		{ .type = JUDGE_TLSA,
		    .domain = view_of("mx.example.net"),
		    .strings = tlsa,
		    .n_strings = 2 },
		{ .type = JUDGE_STS,
		    .domain = r->domain,
		    .strings = sts,
		    .n_strings = 6,
		    .mx = mx,
		    .n_mx = 2 },
		/* another text on the same day is another element (R47) */
		{ .type = JUDGE_STS,
		    .domain = r->domain,
		    .strings = sts,
		    .n_strings = 3,
		    .mx = mx,
		    .n_mx = 1 },
		{ .type = JUDGE_STS, .domain = r->domain },
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct report_element *e = report_find_element(r, &policies[i]);

		e->successes = report_count_add(e->successes, i + 1);
	}
}

/* One failure of an element that no fact leads to as yet. */
static inline void sample_add_failure(struct report *r,
    struct report_element *e, enum judge_type type, const char *reason,
    uint64_t count)
{
	struct report_detail *d = arena_alloc(r->arena, sizeof(*d));

	d->element = e;
	d->type = type;
	d->reason = view_of(reason);
	d->count = count;
	report_details_add(&r->details, r->arena, d);
	r->is_sorted = false;
}

static inline void sample_write(
    const char *dir, const char *name, const char *ext, const struct strbuf *b)
{
	char path[8192];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s%s", dir, name, ext);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(strbuf_str(b), 1, b->len, f) != b->len ||
	    fclose(f) != 0) {
		perror(path);
		abort();
	}
}

static inline void sample_keep(
    const char *name, const char *ext, const struct strbuf *b)
{
	const char *dir = getenv("TESTS_REPORTS");

	if (dir != NULL && *dir != '\0') {
		sample_write(dir, name, ext, b);
	}
}

#endif
