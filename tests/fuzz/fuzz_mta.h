/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mta.h - the input is a byte, then a log of an MTA
 *
 * Beyond memory errors: each fact keeps its bounds and has a domain, nothing
 * stays open at the end, and a second reading that begins at the oldest line
 * needed after some line (the byte says which), or before, where reading may
 * begin, gives the same events for what follows.
 */
#ifndef TESTS_FUZZ_FUZZ_MTA_H
#define TESTS_FUZZ_FUZZ_MTA_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/bounce_log.h"
#include "common/domain.h"
#include "common/envelope.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/mta.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

/* What differs from MTA to MTA. */
struct fuzz_mta {
	const char *name;
	bool takes_all; /* its log has lines of its own shape: there is none
	                   that it does not take apart */
	struct mta_options o; /* all but the sink */
};

/* Where reading may begin, and the time of the line before. */
struct fuzz_mta_place {
	uint64_t pos;
	int64_t t;
};

struct fuzz_mta_reading {
	struct fuzz_mta_place *places;
	size_t n_places;
	uint64_t cut;
	bool is_counting; /* else events are of lines read before */
	uint64_t oldest;  /* line needed before cut */
	uint64_t n;       /* events */
	uint64_t hash;    /* of them all, in order */
};

static inline void fuzz_mta_note(
    struct fuzz_mta_reading *r, const void *data, size_t len)
{
	const struct hash_key key = { r->hash, r->n };

	if (r->is_counting) {
		r->hash = hash_sip(&key, data, len);
		r->n++;
	}
}

static inline int fuzz_mta_session(void *ctx, int64_t t, const struct fact *f)
{
	const int numbers[] = { (int)f->tls, (int)f->chain, (int)f->name,
		(int)f->dane };
	const struct view texts[] = { f->domain, f->mx, f->reason, f->version,
		f->helo, f->level, f->verdict };

	if (!fact_check(f) || !domain_is_normal(f->domain)) {
		abort();
	}
	fuzz_mta_note(ctx, &t, sizeof(t));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fuzz_mta_note(ctx, texts[i].s, texts[i].len);
	}
	fuzz_mta_note(ctx, &f->ip, sizeof(f->ip));
	fuzz_mta_note(ctx, &f->sending_ip, sizeof(f->sending_ip));
	fuzz_mta_note(ctx, numbers, sizeof(numbers));
	return 0;
}

static inline int fuzz_mta_counter(
    void *ctx, int64_t t, enum counter c, uint64_t n)
{
	const int64_t numbers[] = { t, (int64_t)c, (int64_t)n };

	if (counter_word(c) == NULL || n != 1) {
		abort();
	}
	fuzz_mta_note(ctx, numbers, sizeof(numbers));
	return 0;
}

static inline void fuzz_mta_bounced(
    void *ctx, int64_t t, const char *token, struct view dsn)
{
	(void)ctx;
	(void)t;
	if (!envelope_is_token(view_of(token)) || dsn.len > 16) {
		abort();
	}
}

static inline void fuzz_mta_before_line(
    struct fuzz_mta_reading *r, const struct mta *m, uint64_t pos, int64_t t)
{
	struct fuzz_mta_place *more;

	if (pos >= r->cut && !r->is_counting) {
		r->oldest = mta_oldest(m);
		r->is_counting = true;
	}
	if (!mta_may_begin(m)) {
		return;
	}
	more = realloc(r->places, (r->n_places + 1) * sizeof(*more));
	if (more == NULL) {
		abort();
	}
	r->places = more;
	r->places[r->n_places++] = (struct fuzz_mta_place){ pos, t };
}

/*
 * Reads a log from a place to its end; events of what begins at the cut or
 * later are noted.
 */
static inline void fuzz_mta_read(const struct fuzz_mta *mta, struct view log,
    struct fuzz_mta_place start, struct fuzz_mta_reading *r)
{
	const struct mta_type *type = mta_find(mta->name);
	struct mta_options options = mta->o;
	struct mta *m;
	uint64_t pos = start.pos;
	int64_t t = start.t;

	options.bounces = bounce_log_new();
	options.bounced = fuzz_mta_bounced;
	options.sink =
	    (struct mta_sink){ fuzz_mta_session, fuzz_mta_counter, r };
	m = mta_new(type, &options);
	r->oldest = UINT64_MAX;
	while (pos < log.len) {
		struct view rest = view_skip(log, pos);
		size_t n = view_index(rest, '\n');
		struct syslog_line line;
		int rc = mta_parse_line(type, view_make(rest.s, n),
		    when_utc(2027, 1, 1, 0, 0, 0), &line);

		fuzz_mta_before_line(r, m, pos, t);
		if (rc == 0) {
			t = line.t;
		} else if (rc == ERR_PARTIAL) {
			line.t = t; /* it goes on with an entry */
		}
		if (rc == 0 || rc == ERR_PARTIAL) {
			(void)mta_line(m, pos, &line);
		} else if (mta->takes_all) {
			abort();
		}
		pos += n < rest.len ? n + 1 : n;
	}
	(void)mta_flush(m);
	if (mta_oldest(m) != UINT64_MAX || mta_open_sessions(m) != 0) {
		abort();
	}
	mta_free(m);
	bounce_log_free(options.bounces);
}

/* The beginning of the line at about byte/256 of the log. */
static inline uint64_t fuzz_mta_line_at(struct view log, uint8_t byte)
{
	size_t pos = log.len * byte / 256;

	while (pos > 0 && log.s[pos - 1] != '\n') {
		pos--;
	}
	return pos;
}

/* The last place up to a position. */
static inline struct fuzz_mta_place fuzz_mta_place_before(
    const struct fuzz_mta_reading *r, uint64_t pos)
{
	size_t i = r->n_places;

	while (i > 1 && r->places[i - 1].pos > pos) {
		i--;
	}
	return i > 0 ? r->places[i - 1] : (struct fuzz_mta_place){ 0, 0 };
}

static inline void fuzz_mta(
    const struct fuzz_mta *mta, const uint8_t *data, size_t size)
{
	struct view log;
	struct fuzz_mta_reading first = { 0 };
	struct fuzz_mta_reading second = { 0 };
	uint64_t oldest;

	if (size < 2) {
		return;
	}
	log = view_make((const char *)data + 1, size - 1);
	first.cut = fuzz_mta_line_at(log, data[0]);
	fuzz_mta_read(mta, log, (struct fuzz_mta_place){ 0, 0 }, &first);
	second.cut = first.cut;
	oldest = first.oldest < first.cut ? first.oldest : first.cut;
	fuzz_mta_read(mta, log, fuzz_mta_place_before(&first, oldest), &second);
	if (first.n != second.n || first.hash != second.hash) {
		abort();
	}
	free(first.places);
	free(second.places);
}

#endif
