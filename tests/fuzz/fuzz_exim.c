/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_exim.c - the input is a byte, then a log of Exim, a file or syslog
 *
 * Beyond memory errors: each fact keeps its bounds and has a domain, nothing
 * stays open at the end, and a second reading that begins at the oldest line
 * needed after some line (the byte says which), or before, where reading may
 * begin, gives the same events for what follows.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/mta.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

/* Where reading may begin, and the time of the line before. */
struct place {
	uint64_t pos;
	int64_t t;
};

struct reading {
	struct place *places;
	size_t n_places;
	uint64_t cut;
	bool is_counting; /* else events are of lines read before */
	uint64_t oldest;  /* line needed before cut */
	uint64_t n;       /* events */
	uint64_t hash;    /* of them all, in order */
};

static void note(struct reading *r, const void *data, size_t len)
{
	const struct hash_key key = { r->hash, r->n };

	if (r->is_counting) {
		r->hash = hash_sip(&key, data, len);
		r->n++;
	}
}

static int on_session(void *ctx, int64_t t, const struct fact *f)
{
	const int numbers[] = { (int)f->tls, (int)f->chain, (int)f->name,
		(int)f->dane };

	if (!fact_check(f) || !domain_is_normal(f->domain)) {
		abort();
	}
	note(ctx, &t, sizeof(t));
	note(ctx, f->domain.s, f->domain.len);
	note(ctx, f->mx.s, f->mx.len);
	note(ctx, f->reason.s, f->reason.len);
	note(ctx, f->version.s, f->version.len);
	note(ctx, f->helo.s, f->helo.len);
	note(ctx, f->verdict.s, f->verdict.len);
	note(ctx, &f->ip, sizeof(f->ip));
	note(ctx, &f->sending_ip, sizeof(f->sending_ip));
	note(ctx, numbers, sizeof(numbers));
	return 0;
}

static int on_counter(void *ctx, int64_t t, enum counter c, uint64_t n)
{
	const int64_t numbers[] = { t, (int64_t)c, (int64_t)n };

	if (counter_word(c) == NULL || n != 1) {
		abort();
	}
	note(ctx, numbers, sizeof(numbers));
	return 0;
}

static void before_line(
    struct reading *r, const struct mta *m, uint64_t pos, int64_t t)
{
	struct place *more;

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
	r->places[r->n_places++] = (struct place){ pos, t };
}

/*
 * Reads a log from a place to its end; events of what begins at the cut or
 * later are noted.
 */
static void read_log(struct view log, struct place start, struct reading *r)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own,
		.has_callouts = true,
		.sink = { on_session, on_counter, r } };
	const struct mta_type *type = mta_find("exim");
	struct mta *m = mta_new(type, &o);
	uint64_t pos = start.pos;
	int64_t t = start.t;

	r->oldest = UINT64_MAX;
	while (pos < log.len) {
		struct view rest = view_skip(log, pos);
		size_t n = view_index(rest, '\n');
		struct syslog_line line;
		int rc = mta_parse_line(type, view_make(rest.s, n),
		    when_utc(2027, 1, 1, 0, 0, 0), &line);

		before_line(r, m, pos, t);
		if (rc == 0) {
			t = line.t;
		} else if (rc == ERR_PARTIAL) {
			line.t = t;
		} else {
			abort();
		}
		(void)mta_line(m, pos, &line);
		pos += n < rest.len ? n + 1 : n;
	}
	(void)mta_flush(m);
	if (mta_oldest(m) != UINT64_MAX || mta_open_sessions(m) != 0) {
		abort();
	}
	mta_free(m);
}

/* The beginning of the line at about byte/256 of the log. */
static uint64_t line_at(struct view log, uint8_t byte)
{
	size_t pos = log.len * byte / 256;

	while (pos > 0 && log.s[pos - 1] != '\n') {
		pos--;
	}
	return pos;
}

/* The last place up to a position. */
static struct place place_before(const struct reading *r, uint64_t pos)
{
	size_t i = r->n_places;

	while (i > 1 && r->places[i - 1].pos > pos) {
		i--;
	}
	return i > 0 ? r->places[i - 1] : (struct place){ 0, 0 };
}

FUZZ_TARGET(data, size)
{
	struct view log;
	struct reading first = { 0 };
	struct reading second = { 0 };
	uint64_t oldest;

	if (size < 2) {
		return 0;
	}
	log = view_make((const char *)data + 1, size - 1);
	first.cut = line_at(log, data[0]);
	read_log(log, (struct place){ 0, 0 }, &first);
	second.cut = first.cut;
	oldest = first.oldest < first.cut ? first.oldest : first.cut;
	read_log(log, place_before(&first, oldest), &second);
	if (first.n != second.n || first.hash != second.hash) {
		abort();
	}
	free(first.places);
	free(second.places);
	return 0;
}
