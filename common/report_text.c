/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_text.c - what a report's mail tells a person (R133)
 *
 * For who sees a TLS report for the first time: what it is, what failed in
 * plain words, whom to ask, how to get no more of them.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/report_details.h"
#include "common/report_text.h"
#include "common/utf8.h"
#include "common/when.h"

static const char *const type_text[JUDGE_TYPE_COUNT] = {
	[JUDGE_SUCCESS] = "",
	[JUDGE_STARTTLS_NOT_SUPPORTED] =
	    "the server did not offer STARTTLS, or refused it",
	[JUDGE_CERTIFICATE_HOST_MISMATCH] =
	    "the certificate does not name the server",
	[JUDGE_CERTIFICATE_EXPIRED] = "the certificate has expired",
	[JUDGE_CERTIFICATE_NOT_TRUSTED] = "the certificate is not trusted",
	[JUDGE_VALIDATION_FAILURE] = "TLS or a check of it failed",
	[JUDGE_TLSA_INVALID] = "none of the TLSA records can be used",
	[JUDGE_DNSSEC_INVALID] = "no valid answer from DNSSEC",
	[JUDGE_DANE_REQUIRED] =
	    "we require DANE here, but there is no TLSA record",
	[JUDGE_STS_POLICY_FETCH_ERROR] =
	    "the MTA-STS policy could not be fetched",
	[JUDGE_STS_POLICY_INVALID] = "the MTA-STS policy has errors",
	[JUDGE_STS_WEBPKI_INVALID] =
	    "the certificate of the MTA-STS policy host is not valid",
};

/* Reasons that say more than their result type; the first that fits. */
static const struct {
	enum judge_type type;
	const char *reason; /* its beginning */
	const char *text;
} reason_text[] = {
	{ JUDGE_STARTTLS_NOT_SUPPORTED, "starttls-not-offered-or",
	    "the server did not offer STARTTLS, or refused it" },
	{ JUDGE_STARTTLS_NOT_SUPPORTED, "starttls-not-offered",
	    "the server did not offer STARTTLS" },
	{ JUDGE_STARTTLS_NOT_SUPPORTED, "starttls-re",
	    "the server refused STARTTLS" },
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, "not-yet-valid",
	    "the certificate is not valid yet" },
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, "self-signed",
	    "the certificate is self-signed" },
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, "unknown-issuer",
	    "we do not know the issuer of the certificate" },
	{ JUDGE_VALIDATION_FAILURE, "tls-remote-alert",
	    "the server broke off the TLS handshake" },
	{ JUDGE_VALIDATION_FAILURE, "tls-local-alert",
	    "we broke off the TLS handshake" },
	{ JUDGE_VALIDATION_FAILURE, "tls-handshake",
	    "the TLS handshake failed" },
	{ JUDGE_VALIDATION_FAILURE, "connection-closed",
	    "the connection was lost during the TLS handshake" },
	{ JUDGE_VALIDATION_FAILURE, "timeout",
	    "the TLS handshake took too long" },
	{ JUDGE_VALIDATION_FAILURE, "not-tls",
	    "after STARTTLS came something else than TLS" },
	{ JUDGE_VALIDATION_FAILURE, "tls-version-too-old",
	    "the server's version of TLS is too old" },
	{ JUDGE_VALIDATION_FAILURE, "mta-sts-mx-mismatch",
	    "the MTA-STS policy does not name the server" },
	{ JUDGE_VALIDATION_FAILURE, "dane-no-match",
	    "no TLSA record matches the certificate" },
	{ JUDGE_VALIDATION_FAILURE, "mx-bogus",
	    "DNSSEC says that the MX records are forged" },
};

static const char *explain(const struct report_detail *d)
{
	for (size_t i = 0; i < sizeof(reason_text) / sizeof(reason_text[0]);
	     i++) {
		if (reason_text[i].type == d->type &&
		    view_starts(d->reason, reason_text[i].reason)) {
			return reason_text[i].text;
		}
	}
	return type_text[d->type];
}

/* Text that is being filled into lines. */
struct lines {
	struct strbuf *out;
	size_t indent; /* of all lines but the first */
	size_t column;
};

static void end_line(struct lines *l)
{
	strbuf_adds(l->out, "\r\n");
	l->column = 0;
}

static void begin_line(struct lines *l)
{
	while (l->column < l->indent) {
		strbuf_addc(l->out, ' ');
		l->column++;
	}
}

/* Appends a word; one that is longer than a line is cut into pieces. */
static void add_word(struct lines *l, struct view word)
{
	size_t width = REPORT_TEXT_WIDTH - l->indent;

	if (l->column > l->indent) {
		if (l->column + 1 + word.len > REPORT_TEXT_WIDTH) {
			end_line(l);
		} else {
			strbuf_addc(l->out, ' ');
			l->column++;
		}
	}
	begin_line(l);
	while (word.len > width) {
		strbuf_add(l->out, word.s, width);
		word = view_skip(word, width);
		end_line(l);
		begin_line(l);
	}
	strbuf_addv(l->out, word);
	l->column += word.len;
}

/* Appends words that stand between blanks. */
static void add_words(struct lines *l, struct view text)
{
	while (text.len > 0) {
		size_t n = view_index(text, ' ');

		if (n > 0) {
			add_word(l, view_make(text.s, n));
		}
		text = view_skip(text, n < text.len ? n + 1 : n);
	}
}

/* Appends words with a value in them, as many as there are "%s" (0 or 1). */
static void add_text(struct lines *l, const char *text, struct view value)
{
	struct strbuf s;
	const char *at = strstr(text, "%s");

	strbuf_init(&s, 4096);
	strbuf_add(&s, text, at != NULL ? (size_t)(at - text) : strlen(text));
	if (at != NULL) {
		strbuf_addv(&s, value);
		strbuf_adds(&s, at + 2);
	}
	add_words(l, view_make(s.s, s.len));
	strbuf_release(&s);
}

/* One character for each that is no ASCII. */
static struct view to_ascii(struct view text, struct arena *a)
{
	char *out = arena_alloc(a, text.len);
	size_t len = 0;

	while (text.len > 0) {
		uint32_t code = 0;
		size_t n = utf8_decode(text, &code);

		out[len++] = '?';
		if (n == 1) {
			out[len - 1] = text.s[0];
		}
		text = view_skip(text, n > 0 ? n : 1);
	}
	return view_make(out, len);
}

static void add_row(
    struct strbuf *out, const char *name, const char *format, struct view value)
{
	enum {
		NAME_WIDTH = 11
	};
	struct lines l = { out, NAME_WIDTH, 0 };

	strbuf_addf(out, "%-*s", NAME_WIDTH, name);
	l.column = NAME_WIDTH;
	add_text(&l, format, value);
	end_line(&l);
}

static void add_table(struct report *r, struct strbuf *out)
{
	struct report_totals totals;
	struct strbuf s;
	char date[WHEN_DATE_BUF];

	strbuf_init(&s, 4096);
	report_totals(r, &totals);
	strbuf_addf(&s, "%" PRIu64 " succeeded, %" PRIu64 " failed",
	    totals.successes, totals.failures);
	add_row(out, "Domain:", "%s", r->domain);
	add_row(out, "Day:", "%s, 00:00:00 to 23:59:59 UTC",
	    view_of(when_date(r->day, date)));
	add_row(out, "Sessions:", "%s", view_make(s.s, s.len));
	add_row(out, "Report-ID:", "%s", view_of(r->id));
	strbuf_release(&s);
}

static void add_failure(struct strbuf *out, const struct report_detail *d)
{
	enum {
		COUNT_WIDTH = 8
	};
	struct lines l = { out, COUNT_WIDTH + 2, 0 };
	struct strbuf s;
	size_t before = out->len;

	strbuf_init(&s, 4096);
	if (d->mx.len > 0) {
		strbuf_addv(&s, d->mx);
		strbuf_adds(&s, ": ");
	}
	strbuf_addf(&s, "%s (%s", explain(d), judge_type_word(d->type));
	if (d->reason.len > 0) {
		strbuf_adds(&s, ", ");
		strbuf_addv(&s, d->reason);
	}
	strbuf_addc(&s, ')');
	strbuf_addf(out, "%*" PRIu64 "  ", COUNT_WIDTH, d->count);
	l.column = out->len - before;
	add_words(&l, view_make(s.s, s.len));
	end_line(&l);
	strbuf_release(&s);
}

/* The most frequent failures, by MX host and cause. */
static void add_failures(struct report *r, struct strbuf *out)
{
	struct report_details d;

	report_sort(r);
	report_details_coarse(
	    &r->details, r->arena, REPORT_DETAILS_NO_ADDRESS, &d);
	if (d.n == 0) {
		return;
	}
	report_details_sort_by_count(&d);
	strbuf_adds(out,
	    "\r\nWhat failed most often, and in how many sessions:"
	    "\r\n\r\n");
	for (size_t i = 0; i < d.n && i < REPORT_TEXT_FAILURES; i++) {
		add_failure(out, d.v[i]);
	}
	if (d.n > REPORT_TEXT_FAILURES) {
		strbuf_addf(out,
		    "\r\nand %zu more, which the attachment has.\r\n",
		    d.n - REPORT_TEXT_FAILURES);
	}
}

static void add_paragraph(
    struct strbuf *out, const char *text, struct view value)
{
	struct lines l = { out, 0, 0 };

	add_text(&l, text, value);
	end_line(&l);
}

/* The reasons why sessions may lack, as parts of one sentence. */
static void add_notes(const struct report_notes *n, struct strbuf *out)
{
	const struct {
		bool holds;
		const char *text;
	} parts[] = {
		{ n->has_gap, "part of our log was missing" },
		{ n->is_unread, "the day was closed before our log was read" },
		{ n->has_late, "some were seen when the day was closed" },
		{ n->has_lost, "some were not kept with their domain" },
	};
	struct strbuf s;

	strbuf_init(&s, 4096);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].holds) {
			strbuf_adds(&s, s.len > 0 ? "; " : "");
			strbuf_adds(&s, parts[i].text);
		}
	}
	if (s.len > 0) {
		strbuf_adds(out, "\r\n");
		add_paragraph(out, "Sessions of that day may lack here: %s.",
		    view_make(s.s, s.len));
	}
	strbuf_release(&s);
}

/* What is not in the numbers, so that nobody takes them for all. */
static void add_missing(const struct report *r, struct strbuf *out)
{
	struct report_totals totals;
	char number[32];

	report_totals(r, &totals);
	if (totals.unjudged > 0) {
		(void)snprintf(
		    number, sizeof(number), "%" PRIu64, totals.unjudged);
		strbuf_adds(out, "\r\n");
		add_paragraph(out,
		    "Sessions in none of these numbers, because what they "
		    "came to is not known: %s.",
		    view_of(number));
	}
	add_notes(&r->notes, out);
}

void report_text(struct report *r, struct strbuf *out)
{
	struct view organization =
	    to_ascii(view_of(r->sender.organization), r->arena);

	add_paragraph(out,
	    "This is an SMTP TLS report (RFC 8460) from %s. It says how the "
	    "TLS of our SMTP sessions went when we sent mail to the domain "
	    "named here. A program made and sent it.",
	    organization);
	strbuf_adds(out, "\r\n");
	add_table(r, out);
	add_failures(r, out);
	add_missing(r, out);
	strbuf_adds(out, "\r\n");
	add_paragraph(out,
	    "The attachment has all that we know, as JSON compressed with "
	    "gzip.",
	    view_of(NULL));
	strbuf_adds(out, "\r\n");
	add_paragraph(out,
	    "You get such reports because a TXT record asks for them: the one "
	    "at _smtp._tls.%s. To get no more, or to get them elsewhere, "
	    "remove or change that record.",
	    r->domain);
	add_paragraph(
	    out, "Questions are welcome at %s.", view_of(r->sender.contact));
}
