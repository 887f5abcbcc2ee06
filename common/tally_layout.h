/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_TALLY_LAYOUT_H
#define COMMON_TALLY_LAYOUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/fact.h"
#include "common/hash.h"
#include "common/policy.h"
#include "common/tally.h"
#include "common/view.h"

/*
 * The bytes of a tally file: the only place that knows offsets, for the
 * reader (tally.c) and the writer (day_*.c). doc/tally-format.md tells the
 * same for strangers; a change here is a new TALLY_VERSION.
 *
 * A file is a front of fixed size, then extents: ranges that hold facts,
 * names or policies. Nothing in it ever moves. All numbers are in the byte
 * order of the host, which the head tells.
 *
 * A "word" is one aligned number of 64 bits that is stored at once: 48 bits
 * of value and a CRC-16 of them. Its seed depends on the file and on the
 * word's place, so that no word can pass for another.
 */

enum {
	TALLY_VERSION = 1,
	TALLY_PAGE = 4096,        /* extents begin and end at multiples */
	TALLY_UNIT = 8,           /* names lie at multiples; references count
	                            in it */
	TALLY_EXTENTS = 512,      /* entries of the extent directory */
	TALLY_BATCH_FACTS = 2048, /* facts in one batch */
	TALLY_COLUMNS = 9,        /* names of a fact */
	TALLY_CHUNK = 12288,     /* FACTS extents are multiples of this: a whole
	                            number of pages and of slots */
	TALLY_CHUNK_SLOTS = 128, /* slots in it */
	TALLY_POLICIES = 3000000,     /* most policies a day */
	TALLY_POLICIES_TOLD = 65535,  /* word 2 counts no further */
	TALLY_POLICY_BYTES = 1 << 30, /* most bytes of them */
	TALLY_SOURCE_MAX = 255, /* of a policy; one that we do not know is of a
	                           later version, and no damage */
};

#define TALLY_MAGIC      "TELLTLS\n"
#define TALLY_BYTE_ORDER UINT32_C(0x01020304)
#define TALLY_COUNT_MAX  ((UINT64_C(1) << 48) - 1)

/* The first bytes: they never change once the file is there. */
struct tally_head {
	char magic[8];         /* TALLY_MAGIC */
	uint32_t byte_order;   /* TALLY_BYTE_ORDER */
	uint32_t version;      /* TALLY_VERSION */
	uint32_t front_size;   /* sizeof(struct tally_front) */
	uint32_t slot_size;    /* sizeof(struct tally_slot) */
	uint32_t feed_size;    /* sizeof(struct tally_feed_slot) */
	uint32_t policy_size;  /* sizeof(struct tally_policy_head) */
	uint32_t n_extents;    /* TALLY_EXTENTS */
	uint32_t n_feeds;      /* TALLY_FEEDS */
	uint32_t n_batch;      /* TALLY_BATCH_FACTS */
	uint32_t n_counters;   /* COUNTER_SLOTS */
	int64_t day;           /* first second of the UTC day */
	int64_t created;       /* when the file was made */
	uint64_t salt[2];      /* random: the key of all checks below */
	uint8_t reserved[168]; /* zero */
	uint64_t check;        /* of all before it, with a fixed key */
};

/* The words that change, by their place in the front. */
enum tally_word {
	TALLY_WORD_FACTS,    /* slots in use */
	TALLY_WORD_NAMES,    /* where the next name goes: file offset / 8 */
	TALLY_WORD_POLICIES, /* end of the last policy: file offset / 8, in the
	                        low 32 bits; above them how many there are */
	TALLY_WORD_EXTENTS,  /* entries in use in the extent directory */
	TALLY_WORD_FEEDS,    /* feed slots in use */
	TALLY_WORD_SEALED,   /* when the day was sealed; 0: open */
	TALLY_WORDS
};

/* What an extent holds. */
enum tally_kind {
	TALLY_NONE,
	TALLY_FACTS,
	TALLY_NAMES,
	TALLY_POLICY,
	TALLY_KINDS
};

/* A range of the file; later entries lie behind earlier ones. */
struct tally_extent {
	uint64_t offset; /* in the file */
	uint64_t size;   /* in bytes; a sealed file may end before the last */
	uint32_t kind;   /* enum tally_kind */
	uint32_t first;  /* FACTS: the number of its first slot; else 0 */
	uint64_t check;  /* of its number and of all before */
};

/* One feed's record. A reader may find it half-written, and tries again. */
struct tally_feed_slot {
	uint64_t check;   /* of its number and of all that follows */
	uint64_t applied; /* as in struct tally_feed, likewise below */
	struct mark rescan;
	struct mark read;
	uint64_t counters[COUNTER_SLOTS];
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
	uint8_t reserved[480]; /* zero; no slot lies on two pages */
};

/*
 * A fact. All but the words is written before the slot is in use and never
 * again; a count of 0 means that it was not committed yet.
 */
struct tally_slot {
	_Atomic uint64_t count; /* word: sessions */
	_Atomic uint64_t times; /* word: second of the day of the first session,
	                           and from bit 17 on of the last */
	uint64_t check; /* of the slot's number and of the whole fact, the
	                     bytes of its names included */
	struct ip ip;
	struct ip sending_ip;
	uint32_t column[TALLY_COLUMNS]; /* names: file offset / 8; 0: empty */
	uint8_t tls;                    /* the enums of fact.h */
	uint8_t chain;
	uint8_t name;
	uint8_t dane;
};

/* The names of a fact, by their place in column[]. */
enum tally_column {
	TALLY_DOMAIN,
	TALLY_MX,
	TALLY_REASON,
	TALLY_LEVEL,
	TALLY_VERDICT,
	TALLY_VERSION_NAME,
	TALLY_HELO,
	TALLY_FEED,
	TALLY_POLICY_HASH, /* 16 bytes */
};

/* A name: this, then its bytes, then zeros up to a multiple of 8. */
struct tally_name {
	uint16_t len; /* 1 or more */
	char s[];
};

/* A policy: this, then domain, mx and content, then zeros likewise. */
struct tally_policy_head {
	uint64_t check;      /* of its file offset and of what follows here */
	uint64_t body_check; /* of domain, mx and content */
	int64_t since;       /* as in struct policy, likewise below */
	uint8_t hash[FACT_POLICY_HASH];
	uint32_t content_len;
	uint16_t domain_len;
	uint16_t mx_len;
	uint32_t source;
	uint32_t reserved; /* zero */
};

/* New words of one slot, absolute: to store them twice does no harm. */
struct tally_redo_entry {
	uint32_t slot;
	uint32_t reserved; /* zero */
	uint64_t count;
	uint64_t times;
};

/*
 * A batch on its way into the file: written whole, then armed, then copied
 * to its places, then disarmed. Whoever finds it armed copies once more.
 */
struct tally_redo {
	_Atomic uint64_t
	    state;      /* word: sequence number * 2 + (armed ? 1 : 0) */
	uint64_t check; /* of all that follows, up to the last entry in use */
	uint64_t sequence; /* the number of this batch */
	uint32_t n;        /* entries in use */
	uint32_t feed;     /* number of the feed slot */
	uint8_t reserved[32];
	struct tally_feed_slot image; /* the feed slot as it shall be */
	struct tally_redo_entry entry[TALLY_BATCH_FACTS];
};

/* The front of the file. */
struct tally_front {
	struct tally_head head;
	_Atomic uint64_t word[TALLY_WORDS];
	uint8_t unused_a[TALLY_PAGE - 256 - 8 * TALLY_WORDS];
	struct tally_extent extent[TALLY_EXTENTS];
	struct tally_feed_slot feed[TALLY_FEEDS];
	struct tally_redo redo;
	uint8_t unused_b[3008];
};

_Static_assert(sizeof(struct tally_head) == 256, "head");
_Static_assert(sizeof(struct tally_extent) == 32, "extent");
_Static_assert(sizeof(struct tally_feed_slot) == 1024, "feed slot");
_Static_assert(sizeof(struct tally_slot) == 96, "slot");
_Static_assert(TALLY_CHUNK == TALLY_CHUNK_SLOTS * 96, "chunk");
_Static_assert(TALLY_CHUNK % TALLY_PAGE == 0, "chunk");
_Static_assert(sizeof(struct tally_policy_head) == 56, "policy");
_Static_assert(sizeof(struct tally_redo_entry) == 24, "redo entry");
_Static_assert(offsetof(struct tally_front, extent) == 4096, "extents");
_Static_assert(offsetof(struct tally_front, feed) == 20480, "feeds");
_Static_assert(offsetof(struct tally_front, redo) == 53248, "redo");
_Static_assert(sizeof(struct tally_front) == 106496, "front");

/* Words. Ids: enum tally_word, or one of these. */
#define TALLY_ID_REDO     UINT64_C(15)
#define TALLY_ID_COUNT(n) (UINT64_C(16) + 2 * (uint64_t)(n))
#define TALLY_ID_TIMES(n) (UINT64_C(17) + 2 * (uint64_t)(n))

/* The word that holds a value (<= TALLY_COUNT_MAX) at the place id. */
static inline uint64_t tally_layout_word(
    const struct hash_key *salt, uint64_t id, uint64_t value)
{
	uint16_t seed = (uint16_t)(salt->k0 ^ id);

	return value | (uint64_t)hash_crc16(value, seed) << 48;
}

/* Reads a word; false: it is damaged. */
static inline bool tally_layout_unword(
    const struct hash_key *salt, uint64_t id, uint64_t word, uint64_t *value)
{
	*value = word & TALLY_COUNT_MAX;
	return tally_layout_word(salt, id, *value) == word;
}

/* The value of a times word. */
static inline uint64_t tally_layout_times(uint32_t first, uint32_t last)
{
	return (uint64_t)last << 17 | first;
}

/* Takes it apart; false: no such times. */
static inline bool tally_layout_untimes(
    uint64_t value, uint32_t *first, uint32_t *last)
{
	*first = (uint32_t)(value & 0x1ffff);
	*last = (uint32_t)(value >> 17 & 0x1ffff);
	return value >> 34 == 0 && *first <= *last && *last < 86400;
}

/*
 * Is this the head of a file that we can read? Returns 0, ERR_VERSION or
 * ERR_DAMAGED. On 0 the salt is given.
 */
int tally_layout_head(const struct tally_head *head, struct hash_key *salt);

/* Fills in a head; salt and times from the caller. */
void tally_layout_head_make(struct tally_head *head, int64_t day,
    int64_t created, const struct hash_key *salt);

/* Reads all words of the front. Returns 0 or ERR_DAMAGED. */
int tally_layout_words(const struct tally_front *front,
    const struct hash_key *salt, uint64_t value[TALLY_WORDS]);

/*
 * Can the entry with this number in the extent directory be believed? It
 * must lie behind the byte "after", where the one before it ends.
 */
bool tally_layout_extent(const struct hash_key *salt, uint32_t number,
    const struct tally_extent *e, uint64_t after);

/* The checks, to be compared or stored. */
uint64_t tally_layout_extent_check(
    const struct hash_key *salt, uint32_t number, const struct tally_extent *e);
uint64_t tally_layout_feed_check(const struct hash_key *salt, uint32_t number,
    const struct tally_feed_slot *feed);
uint64_t tally_layout_redo_check(
    const struct hash_key *salt, const struct tally_redo *redo);
uint64_t tally_layout_policy_check(const struct hash_key *salt, uint64_t offset,
    const struct tally_policy_head *policy);
uint64_t tally_layout_body_check(
    const struct hash_key *salt, const void *body, size_t len);

/*
 * Copies a feed slot that may be written meanwhile; true when the copy is
 * whole.
 */
bool tally_layout_feed_copy(const struct hash_key *salt, uint32_t number,
    const struct tally_feed_slot *from, struct tally_feed_slot *to);

/* The same for a redo slot. True: it is armed and can be believed. */
bool tally_layout_redo_copy(const struct hash_key *salt,
    const struct tally_redo *from, struct tally_redo *to);

/* A mapped file, as far as its names (or its policies) may be read. */
struct tally_space {
	const uint8_t *base;  /* the mapping */
	uint64_t end;         /* bytes of it that may be read */
	struct hash_key salt; /* key of the file's checks */
};

/* The name at a reference; false: the reference leads nowhere. */
static inline bool tally_layout_name(
    const struct tally_space *space, uint32_t ref, struct view *out)
{
	uint64_t at = (uint64_t)ref * TALLY_UNIT;
	const struct tally_name *name;

	if (ref == 0) {
		*out = view_make(NULL, 0);
		return true;
	}
	if (at < sizeof(struct tally_front) ||
	    at + sizeof(*name) > space->end) {
		return false;
	}
	name = (const struct tally_name *)(const void *)(space->base + at);
	*out = view_make(name->s, name->len);
	return at + sizeof(*name) + name->len <= space->end;
}

/* Bytes that a name of this length takes. */
static inline uint64_t tally_layout_name_size(size_t len)
{
	return (sizeof(struct tally_name) + len + TALLY_UNIT - 1) / TALLY_UNIT *
	    TALLY_UNIT;
}

/* A fact in one row of bytes, for hashing: the same for equal facts. */
struct tally_key {
	struct fact fact;                  /* views into b */
	struct view column[TALLY_COLUMNS]; /* its names, likewise */
	size_t len;                        /* of b */
	uint8_t b[1536];                   /* all of the fact */
};

/*
 * Makes the key of key->fact, whose names must keep their bounds (asserted)
 * and lie elsewhere; then the key borrows nothing any more.
 */
void tally_layout_key(struct tally_key *key);

/* The check of a slot that holds the fact of this key. */
uint64_t tally_layout_slot_check(
    const struct hash_key *salt, uint32_t number, const struct tally_key *key);

/*
 * Reads a slot's fact, checks all of it but the words, and makes its key.
 * False: damaged. The fact's views borrow the mapping.
 */
bool tally_layout_fact(const struct tally_space *space, uint32_t number,
    const struct tally_slot *slot, struct fact *out, struct tally_key *key);

/* The names of a fact by their columns; the policy's hash is one of them. */
void tally_layout_columns(
    const struct fact *fact, struct view column[TALLY_COLUMNS]);

/*
 * Reads the policy at an offset; the space ends where policies end. Returns
 * the bytes it takes, 0 when no policy begins here. *whole: it can be
 * believed, and *out borrows the mapping.
 */
uint64_t tally_layout_policy(const struct tally_space *space, uint64_t offset,
    struct policy *out, bool *whole);

#endif
