/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/fact.h"
#include "common/policy.h"

/*
 * Reading one day's tally. Any number of readers, at any time, without locks,
 * while the writer writes: a reader sees each count as it was at some moment
 * between open and read. Nothing here ever writes to the file.
 */
struct tally;

enum {
	TALLY_FEED_NAME = 64,
	TALLY_MTA_NAME = 16,
	TALLY_FEEDS = 32, /* feeds in one file */
};

/*
 * A place in a feed: an offset in the feed's whole uncompressed stream, and
 * how to find the file that holds it (DESIGN "Exactly once").
 */
struct mark {
	/* of a file; feed_journal.h says what it is in a journal */
	uint64_t pos;  /* offset in the feed's stream; 0: nothing read yet */
	uint64_t off;  /* offset in the file that held it */
	uint64_t hash; /* of up to 4 KiB of that file before off */
	int64_t t;     /* time of the last line before it; 0: none */
};

struct tally_feed {
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
	uint64_t applied;   /* closing position up to which this day counted */
	struct mark rescan; /* oldest line that an open session needs */
	struct mark read;   /* how far the feed was read */
	uint64_t counters[COUNTER_SLOTS];
};

struct tally_info {
	int64_t day;      /* first second of the UTC day */
	int64_t created;  /* when the file was made */
	int64_t sealed;   /* when it was sealed; 0: open */
	uint64_t size;    /* bytes of the file */
	uint64_t facts;   /* facts that the file should hold */
	uint64_t damaged; /* facts and policies left out as damaged; complete
	                          after tally_next_* have been run to the end */
	uint64_t damaged_feeds; /* feed records left out as damaged */
};

/*
 * Opens a tally file. Returns 0, -errno, ERR_VERSION (other version, byte
 * order or sizes), ERR_SHORT (not even a header), ERR_DAMAGED (the header
 * cannot be believed). On error *out is NULL.
 */
int tally_open(const char *path, struct tally **out);
void tally_close(struct tally *t); /* NULL is allowed */

void tally_info(const struct tally *t, struct tally_info *out);

struct tally_fact {
	struct fact
	    fact;       /* views borrow the tally: valid until tally_close() */
	uint64_t count; /* sessions, > 0 */
	int64_t first;  /* Unix seconds of the first and the last session */
	int64_t last;
};

/*
 * The facts one by one; *cursor starts at 0. Returns 1 and a fact, or 0 at
 * the end. A cursor that was kept gives the same fact again. Damaged facts are left out and counted in tally_info().
 */
int tally_next_fact(struct tally *t, uint64_t *cursor, struct tally_fact *out);

/*
 * The policies likewise, and what else is kept among them (policy.h). Those of
 * a source that we do not know are of a later version, and left out.
 */
int tally_next_policy(struct tally *t, uint64_t *cursor, struct policy *out);

/* The feeds likewise. A feed being written just now is read again. */
int tally_next_feed(struct tally *t, uint64_t *cursor, struct tally_feed *out);

#endif
