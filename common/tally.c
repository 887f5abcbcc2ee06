/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.c - reading one day's tally file
 *
 * A reader takes no lock, so the file grows, and may be sealed and cut, while
 * it is read. What makes that safe: the front is read before the size is
 * asked, so the mapping holds all that the front speaks of; the words are
 * taken once, at the start; and nothing behind them is touched, for only what
 * no word speaks of is ever cut off.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/tally.h"
#include "common/tally_layout.h"

/* How often a feed's record is read before it is called damaged. */
enum {
	FEED_TRIES = 100
};

struct tally {
	void *map;                       /* the mapping; nothing is written */
	uint64_t size;                   /* of the mapping */
	const struct tally_front *front; /* its beginning */
	struct tally_space names;        /* to where names were at the start */
	struct tally_space policies;     /* policies likewise */
	uint64_t word[TALLY_WORDS];      /* the words at the start */

	/* the extents that can be believed, by kind, in the file's order */
	struct tally_extent facts[TALLY_EXTENTS];
	struct tally_extent policy[TALLY_EXTENTS];
	unsigned n_facts;
	unsigned n_policy;

	unsigned at;            /* extent of the last fact */
	uint64_t damaged_facts; /* met since the last start at 0 */
	uint64_t damaged_policies;
	uint64_t damaged_feeds;
	uint64_t seen_policies; /* likewise, whole ones */
};

/* Maps the first size bytes of a file; NULL: errno tells why not. */
static void *map(int fd, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int size_of(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return -errno;
	}
	*size = (uint64_t)st.st_size;
	return *size < sizeof(struct tally_front) ? ERR_SHORT : 0;
}

/* Sorts the extents into the two lists; what is damaged is left out. */
static void load_extents(struct tally *t, const struct tally_front *front)
{
	uint64_t after = sizeof(*front);
	uint64_t first = 0;

	for (uint32_t i = 0; i < t->word[TALLY_WORD_EXTENTS]; i++) {
		struct tally_extent e = front->extent[i];

		if (!tally_layout_extent(&t->names.salt, i, &e, after)) {
			continue;
		}
		after = e.offset + e.size;
		if (e.kind == TALLY_FACTS && e.first >= first) {
			first = e.first + e.size / sizeof(struct tally_slot);
			t->facts[t->n_facts++] = e;
		} else if (e.kind == TALLY_POLICY) {
			t->policy[t->n_policy++] = e;
		}
	}
}

/* Reads what the front says, from a mapping of it alone. */
static int load_front(struct tally *t, int fd)
{
	struct tally_front *front = map(fd, sizeof(*front));
	int rc;

	if (front == NULL) {
		return -errno;
	}
	rc = tally_layout_head(&front->head, &t->names.salt);
	if (rc == 0) {
		rc = tally_layout_words(front, &t->names.salt, t->word);
	}
	if (rc == 0) {
		load_extents(t, front);
	}
	(void)munmap(front, sizeof(*front));
	return rc;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int load(struct tally *t, int fd)
{
	int rc = size_of(fd, &t->size);

	if (rc == 0) {
		rc = load_front(t, fd);
	}
	if (rc == 0) {
		rc = size_of(fd, &t->size);
	}
	if (rc != 0) {
		return rc;
	}
	t->map = map(fd, t->size);
	if (t->map == NULL) {
		return -errno;
	}
	t->front = t->map;
	t->names.base = t->map;
	t->policies = t->names;
	t->names.end = min64(t->word[TALLY_WORD_NAMES] * TALLY_UNIT, t->size);
	t->policies.end = min64(
	    (t->word[TALLY_WORD_POLICIES] & UINT32_MAX) * TALLY_UNIT, t->size);
	return 0;
}

int tally_open(const char *path, struct tally **out)
{
	struct tally *t;
	int fd;
	int rc;

	*out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	t = xcalloc(1, sizeof(*t));
	rc = load(t, fd);
	(void)close(fd);
	if (rc != 0) {
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tally_close(struct tally *t)
{
	if (t != NULL) {
		(void)munmap(t->map, t->size);
		free(t);
	}
}

void tally_info(const struct tally *t, struct tally_info *out)
{
	memset(out, 0, sizeof(*out));
	out->day = t->front->head.day;
	out->created = t->front->head.created;
	out->sealed = (int64_t)t->word[TALLY_WORD_SEALED];
	out->size = t->size;
	out->facts = t->word[TALLY_WORD_FACTS];
	out->damaged = t->damaged_facts + t->damaged_policies;
	out->damaged_feeds = t->damaged_feeds;
}

static uint64_t extent_slots(const struct tally_extent *e)
{
	return e->size / sizeof(struct tally_slot);
}

/* Moves the cursor on to a slot; what lies between is missing. */
static void skip_facts(struct tally *t, uint64_t *cursor, uint64_t to)
{
	to = min64(to, t->word[TALLY_WORD_FACTS]);
	if (to > *cursor) {
		t->damaged_facts += to - *cursor;
		*cursor = to;
	}
}

/*
 * The slot at the cursor. NULL: it is missing, as all are up to where the
 * cursor stands now.
 */
static const struct tally_slot *slot_at(struct tally *t, uint64_t *cursor)
{
	const struct tally_extent *e;
	uint64_t end;
	uint64_t at;

	if (t->at >= t->n_facts || *cursor < t->facts[t->at].first) {
		t->at = 0;
	}
	while (t->at < t->n_facts &&
	    t->facts[t->at].first + extent_slots(&t->facts[t->at]) <= *cursor) {
		t->at++;
	}
	if (t->at >= t->n_facts) {
		skip_facts(t, cursor, UINT64_MAX);
		return NULL;
	}
	e = &t->facts[t->at];
	if (*cursor < e->first) {
		skip_facts(t, cursor, e->first);
		return NULL;
	}
	at = e->offset + (*cursor - e->first) * sizeof(struct tally_slot);
	end = min64(e->offset + e->size, t->size);
	if (at + sizeof(struct tally_slot) > end) {
		skip_facts(t, cursor, e->first + extent_slots(e));
		return NULL;
	}
	return (const struct tally_slot *)(const void *)(t->names.base + at);
}

/* Reads a slot. Returns 1, 0 when it was never committed, ERR_DAMAGED. */
static int read_slot(const struct tally *t, uint32_t number,
    const struct tally_slot *slot, struct tally_fact *out)
{
	const struct hash_key *salt = &t->names.salt;
	struct tally_key key;
	uint64_t times;
	uint32_t first;
	uint32_t last;
	uint64_t word;

	/* the writer stores times before the count */
	word = atomic_load_explicit(&slot->count, memory_order_acquire);
	if (!tally_layout_unword(
		salt, TALLY_ID_COUNT(number), word, &out->count)) {
		return ERR_DAMAGED;
	}
	if (out->count == 0) {
		return 0;
	}
	word = atomic_load_explicit(&slot->times, memory_order_relaxed);
	if (!tally_layout_unword(salt, TALLY_ID_TIMES(number), word, &times) ||
	    !tally_layout_untimes(times, &first, &last) ||
	    !tally_layout_fact(&t->names, number, slot, &out->fact, &key)) {
		return ERR_DAMAGED;
	}
	out->first = t->front->head.day + first;
	out->last = t->front->head.day + last;
	return 1;
}

int tally_next_fact(struct tally *t, uint64_t *cursor, struct tally_fact *out)
{
	if (*cursor == 0) {
		t->damaged_facts = 0;
	}
	while (*cursor < t->word[TALLY_WORD_FACTS]) {
		const struct tally_slot *slot = slot_at(t, cursor);
		int rc;

		if (slot == NULL) {
			continue;
		}
		rc = read_slot(t, (uint32_t)*cursor, slot, out);
		++*cursor;
		if (rc == 1) {
			return 1;
		}
		if (rc != 0) {
			t->damaged_facts++;
		}
	}
	return 0;
}

/*
 * The next policy in an extent at or behind *at, which moves behind it.
 * Where none begins, one is looked for at every place it might.
 */
static bool next_in_extent(struct tally *t, const struct tally_extent *e,
    uint64_t *at, struct policy *out)
{
	struct tally_space space = t->policies;
	bool whole = false;

	space.end = min64(space.end, e->offset + e->size);
	while (*at < space.end && !whole) {
		uint64_t size = tally_layout_policy(&space, *at, out, &whole);

		*at += size > 0 ? size : TALLY_UNIT;
	}
	return whole;
}

int tally_next_policy(struct tally *t, uint64_t *cursor, struct policy *out)
{
	uint64_t n = t->word[TALLY_WORD_POLICIES] >> 32;

	if (*cursor == 0) {
		t->seen_policies = 0;
		t->damaged_policies = 0;
	}
	for (unsigned i = 0; i < t->n_policy; i++) {
		const struct tally_extent *e = &t->policy[i];

		if (*cursor < e->offset) {
			*cursor = e->offset;
		}
		while (*cursor < e->offset + e->size &&
		    next_in_extent(t, e, cursor, out)) {
			t->seen_policies++;
			if (out->source < POLICY_SOURCES) {
				return 1;
			}
		}
	}
	if (n > t->seen_policies) {
		t->damaged_policies = n - t->seen_policies;
	}
	return 0;
}

/*
 * A copy of a feed's record. While a batch is on its way into the record (or
 * was, when the writer died), the redo slot has the whole of it.
 */
static bool read_feed(
    const struct tally *t, uint32_t number, struct tally_feed_slot *out)
{
	const struct hash_key *salt = &t->names.salt;
	struct tally_redo *redo;
	bool whole;

	whole =
	    tally_layout_feed_copy(salt, number, &t->front->feed[number], out);
	if (whole) {
		return true;
	}
	redo = xmalloc(sizeof(*redo));
	for (int i = 0; i < FEED_TRIES && !whole; i++) {
		if (tally_layout_redo_copy(salt, &t->front->redo, redo) &&
		    redo->feed == number) {
			whole = tally_layout_feed_copy(
			    salt, number, &redo->image, out);
		} else {
			(void)sched_yield();
			whole = tally_layout_feed_copy(
			    salt, number, &t->front->feed[number], out);
		}
	}
	free(redo);
	return whole;
}

int tally_next_feed(struct tally *t, uint64_t *cursor, struct tally_feed *out)
{
	struct tally_feed_slot slot;

	if (*cursor == 0) {
		t->damaged_feeds = 0;
	}
	while (*cursor < t->word[TALLY_WORD_FEEDS]) {
		if (!read_feed(t, (uint32_t)(*cursor)++, &slot)) {
			t->damaged_feeds++;
			continue;
		}
		memcpy(out->name, slot.name, sizeof(out->name));
		memcpy(out->mta, slot.mta, sizeof(out->mta));
		memcpy(out->counters, slot.counters, sizeof(out->counters));
		out->applied = slot.applied;
		out->rescan = slot.rescan;
		out->read = slot.read;
		return 1;
	}
	return 0;
}
