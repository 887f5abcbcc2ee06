/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * again_kit.h - the rule of common/mta.h that makes "exactly once" true: begun
 * anew at any line not behind mta_oldest() at which reading may begin, a
 * parser gives the same events for all later lines
 *
 * A test makes up logs of its MTA; here each is read as a whole, and then again
 * from other places.
 */
#ifndef TESTS_UNIT_AGAIN_KIT_H
#define TESTS_UNIT_AGAIN_KIT_H

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "tests/unit/mta_kit.h"

enum {
	AGAIN_LINES = 70
};

struct again_log {
	struct strbuf text;
	uint64_t pos[AGAIN_LINES + 1];  /* of each line, and of the end */
	int64_t times[AGAIN_LINES + 1]; /* of the line before each */
	unsigned n;
	/* the full run */
	char *
	    events[AGAIN_LINES + 1]; /* after each line; the last: at the end */
	uint64_t oldest[AGAIN_LINES];
	bool may_begin[AGAIN_LINES + 1];
	int64_t t;
	uint32_t random;
};

/* What differs from MTA to MTA. */
struct again_mta {
	/* makes up a log of AGAIN_LINES lines */
	void (*make)(struct again_log *g);
	/* opens the kit, to show all records */
	void (*open)(struct mta_kit *k);
	/* reads line i; k->pos is set */
	void (*read)(struct mta_kit *k, const struct again_log *g, unsigned i);
};

/* xorshift: the same on all systems. */
static inline unsigned again_draw(struct again_log *g, unsigned n)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 17;
	g->random ^= g->random << 5;
	return g->random % n;
}

#define AGAIN_PICK(g, array) (array)[again_draw((g), UNIT_LEN(array))]

/* Line i, without its end. */
static inline struct view again_line(const struct again_log *g, unsigned i)
{
	return view_make(
	    strbuf_str(&g->text) + g->pos[i], g->pos[i + 1] - g->pos[i] - 1);
}

/* Reads a line or, behind the last, the end. Returns the events. */
static inline const char *again_read(const struct again_mta *mta,
    struct mta_kit *k, const struct again_log *g, unsigned i)
{
	strbuf_clear(&k->events);
	if (i == g->n) {
		mta_kit_flush(k);
	} else {
		k->pos = g->pos[i];
		mta->read(k, g, i);
	}
	return strbuf_str(&k->events);
}

static inline void again_read_all(
    const struct again_mta *mta, struct again_log *g)
{
	struct mta_kit k;

	mta->open(&k);
	for (unsigned i = 0; i <= g->n; i++) {
		g->may_begin[i] = mta_may_begin(k.mta);
		g->events[i] = xstrdup(again_read(mta, &k, g, i));
		if (i < g->n) {
			g->oldest[i] = mta_oldest(k.mta);
		}
	}
	mta_kit_close(&k);
}

/* Begins at a line; from line cut on, the events must be the same. */
static inline bool again_is_same_from(const struct again_mta *mta,
    const struct again_log *g, unsigned start, unsigned cut)
{
	struct mta_kit k;
	bool is_same = true;

	mta->open(&k);
	for (unsigned i = start; is_same && i <= g->n; i++) {
		const char *events = again_read(mta, &k, g, i);

		if (i >= cut && strcmp(events, g->events[i]) != 0) {
			is_same = unit_str("events", events, g->events[i]);
			print_error("begun at line %u, read before: %u, "
				    "differs at %u of\n%s",
			    start, cut, i, strbuf_str(&g->text));
		}
	}
	mta_kit_close(&k);
	return is_same;
}

/* The last line up to this one at which reading may begin. */
static inline unsigned again_beginning(const struct again_log *g, unsigned line)
{
	while (!g->may_begin[line]) {
		line--;
	}
	return line;
}

static inline void again_check_log(
    const struct again_mta *mta, struct again_log *g)
{
	for (unsigned cut = 1; cut <= g->n; cut++) {
		uint64_t oldest = g->oldest[cut - 1];
		unsigned start = cut;
		unsigned line;

		while (start > 0 && g->pos[start] > oldest) {
			start--;
		}
		UNIT_TRUE("oldest is the beginning of a line",
		    oldest == UINT64_MAX || g->pos[start] == oldest);
		UNIT_TRUE("nothing is open where reading may not begin",
		    oldest != UINT64_MAX || g->may_begin[cut]);
		line = again_beginning(g, start);
		UNIT_TRUE("again", again_is_same_from(mta, g, line, cut));
		line = again_beginning(g, again_draw(g, start + 1));
		UNIT_TRUE("earlier", again_is_same_from(mta, g, line, cut));
	}
}

/* So many logs. */
static inline void again_check(const struct again_mta *mta, unsigned rounds)
{
	size_t n_bytes = 0;

	for (uint32_t seed = 1; seed <= rounds; seed++) {
		struct again_log g = { .random = seed * 2654435761U };

		strbuf_init(&g.text, 1 << 20);
		mta->make(&g);
		again_read_all(mta, &g);
		again_check_log(mta, &g);
		for (unsigned i = 0; i <= g.n; i++) {
			n_bytes += strlen(g.events[i]);
			free(g.events[i]);
		}
		strbuf_release(&g.text);
	}
	UNIT_TRUE("there are events", n_bytes > (size_t)rounds * 1000);
}

#endif
