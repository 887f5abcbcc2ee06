/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_postfix.c - the input is a byte, then a log of Postfix
 *
 * Beyond memory errors: each fact keeps its bounds and has a domain, nothing
 * stays open at the end, and a second reading that begins at the oldest line
 * needed after some line (the byte says which) gives the same events for what
 * follows.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/hash.h"
#include "common/mta.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

struct reading {
	bool is_counting; /* else events are of lines read before */
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
	note(ctx, f->level.s, f->level.len);
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

/*
 * Reads a log from position start to its end; events of what begins at cut or
 * later are noted. Returns the oldest line needed before cut.
 */
static uint64_t read_log(
    struct view log, uint64_t start, uint64_t cut, struct reading *r)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own,
		.sink = { on_session, on_counter, r } };
	struct mta *m = mta_new(mta_find("postfix"), &o);
	uint64_t oldest = UINT64_MAX;
	uint64_t pos = start;

	while (pos < log.len) {
		struct view rest = view_skip(log, pos);
		size_t n = view_index(rest, '\n');
		struct syslog_line line;

		if (pos >= cut && !r->is_counting) {
			oldest = mta_oldest(m);
			r->is_counting = true;
		}
		if (syslog_line_parse(view_make(rest.s, n),
			when_utc(2027, 1, 1, 0, 0, 0), &line) == 0) {
			(void)mta_line(m, pos, &line);
		}
		pos += n < rest.len ? n + 1 : n;
	}
	(void)mta_flush(m);
	if (mta_oldest(m) != UINT64_MAX || mta_open_sessions(m) != 0) {
		abort();
	}
	mta_free(m);
	return oldest;
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

FUZZ_TARGET(data, size)
{
	struct view log;
	struct reading first = { 0 };
	struct reading second = { 0 };
	uint64_t cut;
	uint64_t oldest;

	if (size < 2) {
		return 0;
	}
	log = view_make((const char *)data + 1, size - 1);
	cut = line_at(log, data[0]);
	oldest = read_log(log, 0, cut, &first);
	(void)read_log(log, oldest < cut ? oldest : cut, cut, &second);
	if (first.n != second.n || first.hash != second.hash) {
		abort();
	}
	return 0;
}
