/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noted.c - what the milter noted of messages, under a hash of the queue id
 *
 * A message may lie in one of two buckets of a few slots each, which two
 * halves of its hash name, and takes the one with more room: so the table
 * fills up nearly whole before anybody must go. Nothing ever moves: a reader
 * that looks at the same time as the writer sees a message or does not.
 */

#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/noted_file.h"

enum {
	BUCKET = 8, /* slots */
	BUCKETS = NOTED_SLOTS / BUCKET,
	PLACES = 2 * BUCKET, /* slots where a message may be */
	TRIES = 100,         /* looks at a slot that changes */
	PENDING = 64,        /* splits of messages not known to be noted */
	KIND_BITS = 8,
};

static const int64_t time_max = (INT64_C(1) << (48 - KIND_BITS)) - 1;

/* The hash of a queue id. */
struct key {
	uint64_t word[2];
};

/* "from" became "to"; both zero: none. */
struct split {
	struct key from;
	struct key to;
};

struct noted {
	struct noted_layout *file;
	int fd; /* holds the writer's lock */
	bool is_writer;
	struct split pending[PENDING];
	unsigned next_pending; /* the oldest one */
};

static const struct {
	const char *word;
	const char *help;
} counters[NOTED_COUNTERS] = {
	[NOTED_NOTES] = { "notes", "messages that the milter told of" },
	[NOTED_TLS_REQUIREDS] = { "tls-required-no",
	    "messages with TLS-Required: No" },
	[NOTED_OWN_REPORTS] = { "own-report", "reports of ours" },
	[NOTED_DROPPED] = { "dropped",
	    "messages that the milter could not tell of" },
	[NOTED_BAD] = { "bad-note", "notes of the milter that are malformed" },
	[NOTED_EVICTED] = { "evicted",
	    "messages forgotten before their time: table full" },
	[NOTED_STARTS] = { "starts", "times that the milter was started" },
	[NOTED_DAMAGED] = { "damaged", "entries that were found damaged" },
	[NOTED_REMADE] = { "remade",
	    "times that a damaged file was made anew" },
};

const char *noted_counter_word(enum noted_counter c)
{
	return (unsigned)c < NOTED_COUNTERS ? counters[c].word : NULL;
}

const char *noted_counter_help(enum noted_counter c)
{
	return (unsigned)c < NOTED_COUNTERS ? counters[c].help : NULL;
}

static const struct noted_head *head_of(const struct noted *n)
{
	return &n->file->head;
}

static struct key key_of(const struct noted *n, struct view qid)
{
	const struct noted_head *head = head_of(n);
	const struct hash_key a = { head->key[0], head->key[1] };
	const struct hash_key b = { head->key[2], head->key[3] };

	return (struct key){ { hash_sip(&a, qid.s, qid.len),
	    hash_sip(&b, qid.s, qid.len) } };
}

static bool key_eq(const struct key *a, const struct key *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* Number of the slot that is place i (< PLACES) of a message. */
static uint32_t slot_number(const struct key *key, unsigned i)
{
	uint64_t bucket = key->word[i / BUCKET] % BUCKETS;

	return (uint32_t)bucket * BUCKET + i % BUCKET;
}

/*
 * Looks at a slot. Returns 1 and its key and value, 0 when it is free, -1 when
 * it is damaged (or changes all the time).
 */
static int look(
    const struct noted *n, uint32_t number, struct key *key, uint64_t *value)
{
	struct noted_slot *slot = &n->file->slot[number];
	uint64_t word;
	uint64_t check;

	for (unsigned i = 0; i < TRIES; i++) {
		word = atomic_load_explicit(&slot->word, memory_order_acquire);
		if (word == 0) {
			return 0;
		}
		key->word[0] =
		    atomic_load_explicit(&slot->key[0], memory_order_acquire);
		key->word[1] =
		    atomic_load_explicit(&slot->key[1], memory_order_acquire);
		check =
		    atomic_load_explicit(&slot->check, memory_order_acquire);
		if (atomic_load_explicit(&slot->word, memory_order_acquire) !=
		    word) {
			continue;
		}
		if (noted_file_unword(
			head_of(n), NOTED_PLACE_SLOT(number), word, value) &&
		    check == noted_file_check(head_of(n), number, key->word)) {
			return 1;
		}
	}
	return -1;
}

static unsigned kinds_of(uint64_t value)
{
	return (unsigned)value & NOTED_KINDS;
}

static int64_t time_of(uint64_t value)
{
	return (int64_t)(value >> KIND_BITS);
}

static bool is_over(uint64_t value, int64_t t)
{
	return t > time_of(value) + NOTED_LIFE_S;
}

/* Stores a value; with a key, the slot becomes this message's. */
static void store(
    struct noted *n, uint32_t number, const struct key *key, uint64_t value)
{
	struct noted_slot *slot = &n->file->slot[number];
	uint64_t word = value == 0 ?
	    0 :
	    noted_file_word(head_of(n), NOTED_PLACE_SLOT(number), value);

	if (key != NULL) {
		/* each store is seen behind those before it */
		atomic_store_explicit(&slot->word, 0, memory_order_release);
		atomic_store_explicit(
		    &slot->key[0], key->word[0], memory_order_release);
		atomic_store_explicit(
		    &slot->key[1], key->word[1], memory_order_release);
		atomic_store_explicit(&slot->check,
		    noted_file_check(head_of(n), number, key->word),
		    memory_order_release);
	}
	atomic_store_explicit(&slot->word, word, memory_order_release);
}

/* The slot that holds a message, or NOTED_SLOTS. */
static uint32_t find(
    const struct noted *n, const struct key *key, uint64_t *value)
{
	for (unsigned i = 0; i < PLACES; i++) {
		uint32_t number = slot_number(key, i);
		struct key other;

		if (look(n, number, &other, value) == 1 &&
		    key_eq(key, &other)) {
			return number;
		}
	}
	return NOTED_SLOTS;
}

/* A slot for a message that has none, as of time t. */
static uint32_t make_room(struct noted *n, const struct key *key, int64_t t)
{
	unsigned room[2] = { 0, 0 };
	uint32_t first[2] = { 0, 0 }; /* with room */
	uint32_t oldest = slot_number(key, 0);
	int64_t oldest_t = INT64_MAX;
	unsigned b;

	for (unsigned i = 0; i < PLACES; i++) {
		uint32_t number = slot_number(key, i);
		struct key other;
		uint64_t value;

		b = i / BUCKET;
		if (look(n, number, &other, &value) != 1 || is_over(value, t)) {
			first[b] = room[b]++ == 0 ? number : first[b];
		} else if (time_of(value) < oldest_t) {
			oldest = number;
			oldest_t = time_of(value);
		}
	}
	if (room[0] + room[1] == 0) {
		noted_bump(n, NOTED_EVICTED, 1);
		return oldest;
	}
	b = room[1] > room[0];
	return first[b];
}

static void put(
    struct noted *n, const struct key *key, unsigned kinds, int64_t t)
{
	uint64_t old;
	uint32_t number = find(n, key, &old);
	uint64_t value;

	t = t < 0 ? 0 : t > time_max ? time_max : t;
	value = (uint64_t)t << KIND_BITS | kinds;
	if (kinds == 0) {
		if (number != NOTED_SLOTS) {
			store(n, number, NULL, 0);
		}
	} else if (number != NOTED_SLOTS) {
		store(n, number, NULL, value);
	} else {
		store(n, make_room(n, key, t), key, value);
	}
}

static bool is_qid(struct view qid)
{
	return qid.len > 0 && qid.len <= NOTED_QID;
}

void noted_add(struct noted *n, struct view qid, unsigned kinds, int64_t t)
{
	if (is_qid(qid)) {
		struct key key = key_of(n, qid);

		put(n, &key, kinds & NOTED_KINDS, t);
	}
}

/* The value of a message at time t, 0 for none. */
static uint64_t value_at(
    const struct noted *n, const struct key *key, int64_t t)
{
	uint64_t value;

	if (find(n, key, &value) == NOTED_SLOTS || is_over(value, t) ||
	    t < time_of(value) - NOTED_EARLY_S) {
		return 0;
	}
	return value;
}

unsigned noted_find(const struct noted *n, struct view qid, int64_t t)
{
	struct key key;

	if (!is_qid(qid)) {
		return 0;
	}
	key = key_of(n, qid);
	return kinds_of(value_at(n, &key, t));
}

/* A part of an envelope may be split before we hear of the part itself. */
static void remember_split(
    struct noted *n, const struct key *from, const struct key *to)
{
	n->pending[n->next_pending] = (struct split){ *from, *to };
	n->next_pending = (n->next_pending + 1) % PENDING;
}

/* Notes what became of a message that is noted by now. */
static void follow_splits(struct noted *n, struct key from, uint64_t value)
{
	for (unsigned i = 0; i < PENDING; i++) {
		struct split *s = &n->pending[i];

		if (key_eq(&s->from, &from)) {
			put(n, &s->to, kinds_of(value), time_of(value));
			*s = (struct split){ 0 };
		}
	}
}

void noted_alias(
    struct noted *n, struct view old_qid, struct view new_qid, int64_t t)
{
	struct key from;
	struct key to;
	uint64_t value;

	if (!is_qid(old_qid) || !is_qid(new_qid)) {
		return;
	}
	from = key_of(n, old_qid);
	to = key_of(n, new_qid);
	value = value_at(n, &from, t);
	if (value == 0) {
		remember_split(n, &from, &to);
		return;
	}
	put(n, &to, kinds_of(value), time_of(value));
	follow_splits(n, to, value);
}

unsigned noted_on_find(void *ctx, struct view qid, int64_t t)
{
	return noted_find(ctx, qid, t);
}

void noted_on_alias(
    void *ctx, struct view old_qid, struct view new_qid, int64_t t)
{
	noted_alias(ctx, old_qid, new_qid, t);
}

void noted_on_own(void *ctx, struct view qid, int64_t t)
{
	unsigned kinds = noted_find(ctx, qid, t);

	/* beside what the milter noted of it */
	if ((kinds & NOTED_OWN_REPORT) == 0) {
		noted_add(ctx, qid, kinds | NOTED_OWN_REPORT, t);
	}
}

uint64_t noted_get(const struct noted *n, enum noted_counter c)
{
	uint64_t word =
	    atomic_load_explicit(&n->file->counter[c], memory_order_acquire);
	uint64_t value;

	/* a word that is damaged since it was opened has no value */
	return noted_file_unword(
		   head_of(n), NOTED_PLACE_COUNTER(c), word, &value) ?
	    value :
	    0;
}

void noted_bump(struct noted *n, enum noted_counter c, uint64_t by)
{
	uint64_t room = NOTED_VALUE_MAX - noted_get(n, c);
	uint64_t value = NOTED_VALUE_MAX - (by < room ? room - by : 0);

	atomic_store_explicit(&n->file->counter[c],
	    noted_file_word(head_of(n), NOTED_PLACE_COUNTER(c), value),
	    memory_order_release);
}

/* After a power cut, a slot may be there in part. */
static void mend(struct noted *n)
{
	for (uint32_t i = 0; i < NOTED_SLOTS; i++) {
		struct key key;
		uint64_t value;

		if (look(n, i, &key, &value) < 0) {
			store(n, i, NULL, 0);
			noted_bump(n, NOTED_DAMAGED, 1);
		}
	}
}

int noted_open(const char *state, bool is_writer, struct noted **out)
{
	struct noted *n = xcalloc(1, sizeof(*n));
	bool remade = false;
	int rc = noted_file_open(state, is_writer, &n->fd, &n->file, &remade);

	*out = NULL;
	if (rc != 0) {
		free(n);
		return rc;
	}
	n->is_writer = is_writer;
	if (is_writer) {
		mend(n);
	}
	if (remade) {
		noted_bump(n, NOTED_REMADE, 1);
	}
	*out = n;
	return 0;
}

int noted_sync(struct noted *n)
{
	return !n->is_writer || msync(n->file, sizeof(*n->file), MS_SYNC) == 0 ?
	    0 :
	    -errno;
}

void noted_close(struct noted *n)
{
	if (n == NULL) {
		return;
	}
	(void)noted_sync(n);
	(void)munmap(n->file, sizeof(*n->file));
	(void)close(n->fd);
	free(n);
}
