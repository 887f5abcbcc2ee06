/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta_kit.h - log lines into a parser, its events out as text
 *
 * Lines are written short, "SECONDS PID[@HOST][/PROGRAM] MESSAGE"; so are
 * events: "SECONDS DOMAIN MX ADDRESS TLS ..." of a session, "SECONDS COUNTER"
 * of a counter. "| TEXT" goes on with the line before.
 */
#ifndef TESTS_UNIT_MTA_KIT_H
#define TESTS_UNIT_MTA_KIT_H

#include "common/mta.h"
#include "common/strbuf.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	MTA_KIT_NOTES = 16
};

struct mta_kit {
	struct mta *mta;
	struct strbuf events;
	uint64_t pos;      /* of the next line */
	int64_t t;         /* of the latest line */
	bool has_records;  /* write COUNTER_RECORDS too */
	unsigned fails_in; /* events until the sink fails; 0: never */

	/* what is noted of messages */
	struct {
		char qid[32];
		unsigned kinds;
	} note[MTA_KIT_NOTES];

	unsigned n_notes;
};

enum {
	MTA_KIT_ERROR = -4711 /* what a failing sink returns */
};

/* Second 0 of short lines. */
static inline int64_t mta_kit_base(void)
{
	return when_utc(2026, 11, 22, 12, 0, 0);
}

static inline int mta_kit_result(struct mta_kit *k)
{
	return k->fails_in > 0 && --k->fails_in == 0 ? MTA_KIT_ERROR : 0;
}

static inline void mta_kit_word(
    struct strbuf *b, const char *key, const char *word)
{
	if (strcmp(word, "unknown") != 0 && word[0] != '\0') {
		strbuf_addf(b, " %s%s", key, word);
	}
}

static inline void mta_kit_view(
    struct strbuf *b, const char *key, struct view v)
{
	if (v.len > 0) {
		strbuf_addf(b, " %s%.*s", key, (int)v.len, v.s);
	}
}

static inline int mta_kit_session(void *ctx, int64_t t, const struct fact *f)
{
	struct mta_kit *k = ctx;
	struct strbuf *b = &k->events;
	char ip[IP_TEXT_MAX];

	UNIT_TRUE("fact", fact_check(f));
	UNIT_TRUE("domain", f->domain.len > 0);
	strbuf_addf(b, "%lld", (long long)(t - mta_kit_base()));
	mta_kit_view(b, "", f->domain);
	mta_kit_view(b, "", f->mx);
	mta_kit_word(b, "", ip_format(&f->ip, ip));
	mta_kit_word(b, "", fact_tls_word(f->tls));
	mta_kit_view(b, "", f->reason);
	mta_kit_view(b, "", f->version);
	mta_kit_word(b, "chain=", fact_chain_word(f->chain));
	mta_kit_word(b, "name=", fact_name_word(f->name));
	mta_kit_word(b, "dane=", fact_dane_word(f->dane));
	mta_kit_word(b, "from=", ip_format(&f->sending_ip, ip));
	mta_kit_view(b, "helo=", f->helo);
	mta_kit_view(b, "verdict=", f->verdict);
	strbuf_addc(b, '\n');
	return mta_kit_result(k);
}

static inline int mta_kit_counter(
    void *ctx, int64_t t, enum counter c, uint64_t n)
{
	struct mta_kit *k = ctx;

	UNIT_UINT("n", n, 1);
	if (c != COUNTER_RECORDS || k->has_records) {
		strbuf_addf(&k->events, "%lld %s\n",
		    (long long)(t - mta_kit_base()), counter_word(c));
	}
	return mta_kit_result(k);
}

static inline void mta_kit_note(
    struct mta_kit *k, struct view qid, unsigned kinds)
{
	assert_true(k->n_notes < MTA_KIT_NOTES);
	assert_true(
	    view_copy(qid, k->note[k->n_notes].qid, sizeof(k->note[0].qid)));
	k->note[k->n_notes++].kinds = kinds;
}

static inline unsigned mta_kit_noted(void *ctx, struct view qid, int64_t t)
{
	const struct mta_kit *k = ctx;

	UNIT_TRUE("time of a line", t > mta_kit_base() - WHEN_DAY_S);
	for (unsigned i = 0; i < k->n_notes; i++) {
		if (view_is(qid, k->note[i].qid)) {
			return k->note[i].kinds;
		}
	}
	return 0;
}

static inline void mta_kit_note_own(void *ctx, struct view qid, int64_t t)
{
	unsigned kinds = mta_kit_noted(ctx, qid, t);

	if ((kinds & NOTED_OWN_REPORT) == 0) {
		mta_kit_note(ctx, qid, kinds | NOTED_OWN_REPORT);
	}
}

static inline void mta_kit_noted_alias(
    void *ctx, struct view old_qid, struct view new_qid, int64_t t)
{
	unsigned kinds = mta_kit_noted(ctx, old_qid, t);

	if (kinds != 0 && mta_kit_noted(ctx, new_qid, t) == 0) {
		mta_kit_note(ctx, new_qid, kinds);
	}
}

/* The sink and the notes of the options are ours, but for note_own. */
static inline void mta_kit_open_with(
    struct mta_kit *k, const char *name, const struct mta_options *options)
{
	struct mta_options o = *options;

	o.noted = mta_kit_noted;
	o.noted_alias = mta_kit_noted_alias;
	o.noted_ctx = k;
	o.sink = (struct mta_sink){ mta_kit_session, mta_kit_counter, k };
	*k = (struct mta_kit){ 0 };
	strbuf_init(&k->events, 1 << 24);
	k->mta = mta_new(mta_find(name), &o);
}

static inline void mta_kit_open(
    struct mta_kit *k, const char *name, const char *const *own_senders)
{
	struct mta_options o = { .own_senders = own_senders };

	mta_kit_open_with(k, name, &o);
}

static inline void mta_kit_close(struct mta_kit *k)
{
	UNIT_TRUE("events fit", !k->events.failed);
	mta_free(k->mta);
	strbuf_release(&k->events);
}

/* The short form of a line, taken apart. Borrows the text. */
static inline struct syslog_line mta_kit_parse(
    struct view text, const char *program)
{
	struct syslog_line line = { .host = view_of("vm"),
		.ident = view_of(program) };
	size_t n = view_index(text, ' ');
	char *end;

	line.t = mta_kit_base() + strtoll(text.s, &end, 10);
	assert_int_equal(end - text.s, n);
	text = view_skip(text, n + 1);
	line.pid = (uint32_t)strtoul(text.s, &end, 10);
	text = view_skip(text, (size_t)(end - text.s));
	if (view_take(&text, "@")) {
		n = strcspn(text.s, " /");
		line.host = view_make(text.s, n);
		text = view_skip(text, n);
	}
	if (view_take(&text, "/")) {
		n = view_index(text, ' ');
		line.ident = view_make(text.s, n);
		text = view_skip(text, n);
	}
	assert_true(view_take(&text, " "));
	line.msg = text;
	return line;
}

/* Hands one short line over. */
static inline int mta_kit_line(
    struct mta_kit *k, struct view text, const char *program)
{
	uint64_t pos = k->pos;
	struct syslog_line line;

	k->pos += text.len + 1;
	if (view_take(&text, "| ")) {
		line = (struct syslog_line){
			.t = k->t, .msg = text, .is_continued = true
		};
	} else {
		line = mta_kit_parse(text, program);
	}
	k->t = line.t;
	return mta_line(k->mta, pos, &line);
}

/* Hands short lines over, each with its line end. */
static inline void mta_kit_lines(
    struct mta_kit *k, const char *lines, const char *program)
{
	struct view rest = view_of(lines);

	while (rest.len > 0) {
		size_t n = view_index(rest, '\n');

		assert_true(n < rest.len);
		assert_int_equal(
		    mta_kit_line(k, view_make(rest.s, n), program), 0);
		rest = view_skip(rest, n + 1);
	}
}

/* The log ends here: nothing may stay open. */
static inline void mta_kit_flush(struct mta_kit *k)
{
	assert_int_equal(mta_flush(k->mta), 0);
	UNIT_TRUE("oldest", mta_oldest(k->mta) == UINT64_MAX);
	UNIT_UINT("open", mta_open_sessions(k->mta), 0);
}

#endif
