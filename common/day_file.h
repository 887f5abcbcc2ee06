/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_FILE_H
#define COMMON_DAY_FILE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/tally_layout.h"

/*
 * One day's tally file, mapped for writing: its words, its extents, its
 * growth, its end. What is in the extents is the business of others.
 */
struct day_file {
	int fd;
	uint8_t *base;              /* the mapping; moves when the file grows */
	uint64_t size;              /* of the file and of the mapping */
	int64_t day;                /* first second of the UTC day */
	struct hash_key salt;       /* of the file's checks */
	struct tally_space names;   /* the names, as a reader sees them */
	uint64_t word[TALLY_WORDS]; /* values as they stand in the file */
	uint64_t held[TALLY_KINDS]; /* bytes of all extents of a kind */
	uint64_t
	    start[TALLY_KINDS];    /* where the last extent of a kind begins */
	uint64_t end[TALLY_KINDS]; /* where the last extent of a kind ends */
	uint64_t data_end;         /* where the last of all extents ends */
	uint64_t *chunk; /* owned: offset of each TALLY_CHUNK of facts */
	size_t n_chunks; /* of them */
	bool dirty;      /* written to since the last sync */
};

/*
 * Makes the file of a day: initialised and on disk before it gets its name,
 * so that nobody ever sees a part of it. temp is a path beside it, which may
 * be left from a crash. Returns 0 or -errno.
 */
int day_file_create(const char *path, const char *temp, int64_t day,
    const struct hash_key *salt);

/*
 * Opens the file of a day; the extents of a sealed one are not looked at.
 * Returns 0, -errno, ERR_VERSION, ERR_SHORT or ERR_DAMAGED; on error *f needs
 * no release.
 */
int day_file_open(struct day_file *f, const char *path, int64_t day);
void day_file_release(struct day_file *f);

/*
 * Was a batch on its way into this file when its writer died? (Also true
 * where that cannot be told.) Returns 0 or an error as day_file_open().
 */
int day_file_is_armed(const char *path, bool *armed);

/* Stores a word, behind all that was written before. */
void day_file_set(struct day_file *f, enum tally_word word, uint64_t value);

/*
 * Adds an extent with room for at least need bytes. The mapping may move.
 * Returns 0, -errno (-ENOSPC: the file is as it was) or ERR_FULL.
 */
int day_file_grow(struct day_file *f, enum tally_kind kind, uint64_t need);

/*
 * Where the next record of size bytes goes, given the end of the last one (0:
 * there is none): there, or into another extent. Returns 0 or an error of
 * day_file_grow().
 */
int day_file_place(struct day_file *f, enum tally_kind kind, uint64_t end,
    uint64_t size, uint64_t *at);

/* Waits until all is on disk. Returns 0 or -errno. */
int day_file_sync(struct day_file *f);

/* The same for the front alone. */
int day_file_sync_front(struct day_file *f);

/*
 * Seals: syncs, marks, cuts off what was reserved, syncs. Nothing but feed
 * slots may be written afterwards. Returns 0 or -errno.
 */
int day_file_seal(struct day_file *f, int64_t now);

static inline bool day_file_is_sealed(const struct day_file *f)
{
	return f->word[TALLY_WORD_SEALED] != 0;
}

static inline struct tally_front *day_file_front(const struct day_file *f)
{
	return (struct tally_front *)(void *)f->base;
}

/* The slot with this number; the extents must reach that far (asserted). */
static inline struct tally_slot *day_file_slot(
    const struct day_file *f, uint32_t number)
{
	size_t chunk = number / TALLY_CHUNK_SLOTS;
	size_t in = number % TALLY_CHUNK_SLOTS;

	assert(chunk < f->n_chunks);
	return (struct tally_slot *)(void *)(f->base + f->chunk[chunk]) + in;
}

#endif
