/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_tally.c - whatever is in a tally file, reader and writer stay upright
 *
 * Input: changes to a small day file that the store has written. The first
 * byte says which checks are made anew afterwards (bits: head, words, extents,
 * feeds, redo slot, facts, policies), so that what lies behind them is seen
 * too; the next two, if not 0, to how many times 16 bytes the file is cut.
 * Then changes: where (two bytes, in units of 4), how many bytes, the bytes.
 * Numbers are little-endian. A file that was changed is read, then written to
 * and sealed, and read again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store.h"
#include "common/tally.h"
#include "common/tally_layout.h"
#include "tests/fuzz/fuzz.h"

enum fix {
	FIX_HEAD = 1,
	FIX_WORDS = 2,
	FIX_EXTENTS = 4,
	FIX_FEEDS = 8,
	FIX_REDO = 16,
	FIX_FACTS = 32,
	FIX_POLICIES = 64
};

enum {
	FILE_MAX = 512 * 1024
};

static const int64_t day = 1795305600; /* 2026-11-22 */

struct target {
	char state[64];
	char path[128];
	uint8_t *base; /* the file as the store wrote it, with a fixed salt */
	size_t size;

	union {
		struct tally_front front;
		uint8_t b[FILE_MAX];
	} * file; /* the one of this input */
};

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void fix_front(
    struct tally_front *f, const struct hash_key *salt, unsigned what)
{
	static const struct hash_key key = { 0x74656c6c746c7331,
		0x68656164206b6579 };

	if ((what & FIX_HEAD) != 0) {
		f->head.check = hash_sip(
		    &key, &f->head, offsetof(struct tally_head, check));
	}
	for (unsigned i = 0; i < TALLY_WORDS && (what & FIX_WORDS) != 0; i++) {
		f->word[i] =
		    tally_layout_word(salt, i, f->word[i] & TALLY_COUNT_MAX);
	}
	for (uint32_t i = 0; i < 8 && (what & FIX_EXTENTS) != 0; i++) {
		f->extent[i].check =
		    tally_layout_extent_check(salt, i, &f->extent[i]);
	}
	for (uint32_t i = 0; i < 4 && (what & FIX_FEEDS) != 0; i++) {
		f->feed[i].check =
		    tally_layout_feed_check(salt, i, &f->feed[i]);
	}
	if ((what & FIX_REDO) != 0) {
		f->redo.n %= TALLY_BATCH_FACTS + 1;
		f->redo.state = tally_layout_word(
		    salt, TALLY_ID_REDO, f->redo.state & TALLY_COUNT_MAX);
		f->redo.sequence = (f->redo.state & TALLY_COUNT_MAX) >> 1;
		f->redo.check = tally_layout_redo_check(salt, &f->redo);
	}
}

static void fix_facts(
    struct tally_slot *slot, uint32_t n, const struct tally_space *space)
{
	const struct hash_key *salt = &space->salt;

	for (uint32_t i = 0; i < n; i++) {
		struct tally_key key = { .len = 0 };
		struct fact fact;

		slot[i].count = tally_layout_word(
		    salt, TALLY_ID_COUNT(i), slot[i].count & TALLY_COUNT_MAX);
		slot[i].times = tally_layout_word(
		    salt, TALLY_ID_TIMES(i), slot[i].times & TALLY_COUNT_MAX);
		(void)tally_layout_fact(space, i, &slot[i], &fact, &key);
		slot[i].check = tally_layout_slot_check(salt, i, &key);
	}
}

static void fix_policy(
    uint8_t *at, uint64_t offset, const struct hash_key *salt)
{
	struct tally_policy_head head;
	size_t len;

	memcpy(&head, at, sizeof(head));
	len = (size_t)head.domain_len + head.mx_len + head.content_len;
	if (len < 4096) {
		head.body_check =
		    tally_layout_body_check(salt, at + sizeof(head), len);
	}
	head.check = tally_layout_policy_check(salt, offset, &head);
	memcpy(at, &head, sizeof(head));
}

/* Makes checks of the file anew, where it can be told where they are. */
static void fix(struct target *t, unsigned what)
{
	struct tally_front *f = &t->file->front;
	const struct hash_key salt = { f->head.salt[0], f->head.salt[1] };
	const struct tally_space space = { t->file->b, t->size, salt };

	for (unsigned i = 0; i < 3; i++) {
		/* of the base file: those of the input may lead anywhere */
		const struct tally_front *base = (const void *)t->base;
		uint64_t at = base->extent[i].offset;

		if (base->extent[i].kind == TALLY_FACTS &&
		    (what & FIX_FACTS) != 0) {
			fix_facts((void *)(t->file->b + at), 8, &space);
		} else if (base->extent[i].kind == TALLY_POLICY &&
		    (what & FIX_POLICIES) != 0) {
			fix_policy(t->file->b + at, at, &salt);
		}
	}
	fix_front(f, &salt, what);
}

/* One feed's work on the day, as far as it goes. */
static void write_day(const struct target *t, bool seal)
{
	static const struct store_limits limits = { 6, 3 };
	static const struct mark mark = { 900, 0, 0, 1795305601 };
	struct policy policy = { .domain = { "p.example", 9 },
		.content = { "{}", 2 } };
	struct fact fact = { .domain = { "d0.example", 10 },
		.version = { "TLSv1.3", 7 } };
	struct mark rescan;
	struct mark read;
	struct store *s;
	int rc;

	require(store_open(t->state, &limits, &s) == 0);
	rc = store_feed(s, "feed", "exim", &rescan, &read);
	for (unsigned i = 0; i < 8 && rc == 0; i++) {
		fact.ip.b[0] = (uint8_t)i;
		rc = store_session(s, day + i, 800 + i, &fact);
	}
	if (rc == 0) {
		(void)store_policy(s, day, &policy);
		rc = store_commit(s, &mark, &mark, false);
	}
	if (rc == 0 && seal) {
		(void)store_seal(s, day, day + 90000);
	}
	store_close(s);
}

/* Returns how much is damaged. */
static uint64_t read_day(const struct target *t)
{
	struct tally_info info;
	struct tally_fact fact;
	struct tally_feed feed;
	struct policy policy;
	struct tally *tally;
	uint64_t cursor = 0;
	uint64_t n = 0;

	if (tally_open(t->path, &tally) != 0) {
		require(tally == NULL);
		return 1;
	}
	tally_info(tally, &info);
	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		require(fact.count > 0 && fact_check(&fact.fact));
		require(fact.first >= info.day && fact.first <= fact.last &&
		    fact.last - info.day < 86400);
		n++;
	}
	tally_info(tally, &info);
	require(n + info.damaged <= info.facts);
	for (cursor = 0; tally_next_feed(tally, &cursor, &feed) == 1;) {
		require(strlen(feed.name) < TALLY_FEED_NAME);
	}
	for (cursor = 0; tally_next_policy(tally, &cursor, &policy) == 1;) {
		require(policy.content.len <= POLICY_CONTENT_MAX);
	}
	tally_info(tally, &info);
	tally_close(tally);
	return info.damaged + info.damaged_feeds;
}

static void put_file(const struct target *t, const void *data, size_t size)
{
	int fd = open(t->path, O_WRONLY | O_CREAT, 0640);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	require(ftruncate(fd, (off_t)size) == 0);
	(void)close(fd);
}

static struct target target;

static void clean_up(void)
{
	char path[128];

	(void)unlink(target.path);
	(void)snprintf(path, sizeof(path), "%s/tally/lock", target.state);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/tally", target.state);
	(void)rmdir(path);
	(void)rmdir(target.state);
	free(target.base);
	free(target.file);
}

/* Has the store write the base file, in memory if the system can. */
static void make_base(struct target *t)
{
	struct stat st;
	int fd;

	(void)snprintf(t->state, sizeof(t->state), "%s/fuzz-tally-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	require(mkdtemp(t->state) != NULL);
	store_path(t->state, day, t->path, sizeof(t->path));
	write_day(t, false);
	fd = open(t->path, O_RDONLY);
	require(fd >= 0 && fstat(fd, &st) == 0 && st.st_size < FILE_MAX);
	t->size = (size_t)st.st_size;
	t->base = malloc(t->size);
	t->file = calloc(1, sizeof(*t->file));
	require(t->base != NULL && t->file != NULL);
	require(read(fd, t->base, t->size) == (ssize_t)t->size);
	(void)close(fd);
	(void)atexit(clean_up);

	memcpy(t->file->b, t->base, t->size);
	memset(t->file->front.head.salt, 0x5a, sizeof(uint64_t) * 2);
	t->file->front.head.created = day;
	fix(t, 0x7f);
	memcpy(t->base, t->file->b, t->size);
	/* what was made anew is as good as what the store wrote */
	put_file(t, t->base, t->size);
	require(read_day(t) == 0);
}

FUZZ_TARGET(data, size)
{
	struct target *t = &target;
	size_t cut;

	if (t->base == NULL) {
		make_base(t);
	}
	if (size < 3) {
		return 0;
	}
	memcpy(t->file->b, t->base, t->size);
	cut = (size_t)(data[1] | data[2] << 8) * 16;
	for (size_t i = 3; i + 3 <= size;) {
		size_t at = (size_t)(data[i] | data[i + 1] << 8) * 4;
		size_t n = data[i + 2];

		i += 3;
		n = n < size - i ? n : size - i;
		if (at + n <= t->size) {
			memcpy(t->file->b + at, data + i, n);
		}
		i += n;
	}
	fix(t, data[0]);
	put_file(t, t->file->b, cut != 0 && cut < t->size ? cut : t->size);
	(void)read_day(t);
	write_day(t, true);
	(void)read_day(t);
	return 0;
}
