/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * day_file.c - one day's tally file, mapped for writing
 *
 * What a reader may look at is complete before the word that tells of it is
 * stored: a writer that is killed leaves no half of anything behind. Space is
 * allocated before it is mapped, so that a full disk is an error here and not
 * a SIGBUS later.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/day_file.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/state_dir.h"
#include "common/whole.h"

enum {
	FIRST_FACTS = 2 * TALLY_CHUNK, /* bytes of the first extents */
	FIRST_OTHER = 16 * 1024,
	GROW_SHARE = 8,      /* the next has this part of what is held */
	GROW_MAX = 16 << 20, /* but at most this */
};

static int sync_dir(const char *path)
{
	char dir[4096];
	int len = snprintf(dir, sizeof(dir), "%s", path);
	char *slash;
	int fd;
	int rc;

	if (len < 0 || (size_t)len >= sizeof(dir)) {
		return -ENAMETOOLONG;
	}
	slash = strrchr(dir, '/');
	if (slash == NULL) {
		return -EINVAL;
	}
	*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	rc = fsync(fd) == 0 ? 0 : -errno;
	(void)close(fd);
	return rc;
}

/* posix_fallocate that tells its error as all of ours do. */
static int allocate(int fd, uint64_t offset, uint64_t size)
{
	int rc;

	do {
		rc = posix_fallocate(fd, (off_t)offset, (off_t)size);
	} while (rc == EINTR);
	return -rc;
}

/* Fills in the front of a new, empty file. */
static int init_front(int fd, int64_t day, const struct hash_key *salt)
{
	struct tally_front *front;
	struct stat st;
	int rc;

	if (fstat(fd, &st) != 0) {
		return -errno;
	}
	front = xcalloc(1, sizeof(*front));
	/* the file system's clock is clock enough */
	tally_layout_head_make(&front->head, day, st.st_mtime, salt);
	for (unsigned i = 0; i < TALLY_WORDS; i++) {
		atomic_init(&front->word[i], tally_layout_word(salt, i, 0));
	}
	atomic_init(
	    &front->redo.state, tally_layout_word(salt, TALLY_ID_REDO, 0));
	rc = write_all(fd, front, sizeof(*front));
	free(front);
	if (rc == 0 && fsync(fd) != 0) {
		rc = -errno;
	}
	return rc;
}

int day_file_create(const char *path, const char *temp, int64_t day,
    const struct hash_key *salt)
{
	int fd;
	int rc;

	if (unlink(temp) != 0 && errno != ENOENT) {
		return -errno;
	}
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	rc = state_dir_give(temp, fd);
	rc = rc == 0 ? init_front(fd, day, salt) : rc;
	if (close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc == 0 && rename(temp, path) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(temp);
		return rc;
	}
	return sync_dir(path);
}

static int read_at(int fd, void *buf, size_t len, size_t offset)
{
	ssize_t n = pread(fd, buf, len, (off_t)offset);

	if (n < 0) {
		return -errno;
	}
	return (size_t)n == len ? 0 : ERR_SHORT;
}

int day_file_is_armed(const char *path, bool *armed)
{
	struct tally_head head;
	struct hash_key salt;
	uint64_t word = 0;
	uint64_t value;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = read_at(fd, &head, sizeof(head), 0);
	if (rc == 0) {
		rc = tally_layout_head(&head, &salt);
	}
	if (rc == 0) {
		rc = read_at(fd, &word, sizeof(word),
		    offsetof(struct tally_front, redo.state));
	}
	if (rc == 0) {
		*armed =
		    !tally_layout_unword(&salt, TALLY_ID_REDO, word, &value) ||
		    (value & 1) != 0;
	}
	(void)close(fd);
	return rc;
}

void day_file_set(struct day_file *f, enum tally_word word, uint64_t value)
{
	f->word[word] = value;
	f->dirty = true;
	atomic_store_explicit(&day_file_front(f)->word[word],
	    tally_layout_word(&f->salt, word, value), memory_order_release);
	if (word == TALLY_WORD_NAMES) {
		f->names.end = value * TALLY_UNIT;
	}
}

/* Takes an extent into account. */
static void hold(struct day_file *f, const struct tally_extent *e)
{
	size_t n = e->kind == TALLY_FACTS ? e->size / TALLY_CHUNK : 0;

	f->held[e->kind] += e->size;
	f->start[e->kind] = e->offset;
	f->end[e->kind] = e->offset + e->size;
	f->data_end = e->offset + e->size;
	if (n > 0) {
		f->chunk = xrealloc_array(
		    f->chunk, f->n_chunks + n, sizeof(*f->chunk));
		for (size_t i = 0; i < n; i++) {
			f->chunk[f->n_chunks++] = e->offset + i * TALLY_CHUNK;
		}
	}
}

/* Is the end of the last record of a kind where it can be? */
static bool end_is_sound(
    const struct day_file *f, enum tally_kind kind, uint64_t end)
{
	return end == 0 ||
	    (end >= sizeof(struct tally_front) && end <= f->end[kind]);
}

static int load_extents(struct day_file *f)
{
	uint64_t policies = f->word[TALLY_WORD_POLICIES] & UINT32_MAX;

	f->data_end = sizeof(struct tally_front);
	for (uint32_t i = 0; i < f->word[TALLY_WORD_EXTENTS]; i++) {
		struct tally_extent e = day_file_front(f)->extent[i];

		if (!tally_layout_extent(&f->salt, i, &e, f->data_end) ||
		    (e.kind == TALLY_FACTS &&
			e.first != f->n_chunks * TALLY_CHUNK_SLOTS)) {
			return ERR_DAMAGED;
		}
		if (e.offset + e.size > f->size) {
			return ERR_SHORT;
		}
		hold(f, &e);
	}
	if (f->word[TALLY_WORD_FACTS] > f->n_chunks * TALLY_CHUNK_SLOTS ||
	    !end_is_sound(f, TALLY_NAMES, f->names.end) ||
	    !end_is_sound(f, TALLY_POLICY, policies * TALLY_UNIT)) {
		return ERR_DAMAGED;
	}
	return 0;
}

/*
 * There is one writer: what a child of ours does wrong must not reach the file,
 * and what it keeps mapped would outlive the release. It survives mremap(2).
 */
static void keep_from_children(void *base, uint64_t size)
{
	(void)madvise(base, size, MADV_DONTFORK);
}

static int map_file(struct day_file *f)
{
	struct stat st;
	void *p;

	if (fstat(f->fd, &st) != 0) {
		return -errno;
	}
	if ((uint64_t)st.st_size < sizeof(struct tally_front)) {
		return ERR_SHORT;
	}
	f->size = (uint64_t)st.st_size;
	p = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (p == MAP_FAILED) {
		return -errno;
	}
	keep_from_children(p, f->size);
	f->base = p;
	f->names.base = p;
	return 0;
}

int day_file_open(struct day_file *f, const char *path, int64_t day)
{
	int rc;

	memset(f, 0, sizeof(*f));
	f->day = day;
	f->fd = open(path, O_RDWR | O_CLOEXEC);
	if (f->fd < 0) {
		return -errno;
	}
	rc = map_file(f);
	if (rc == 0) {
		rc = tally_layout_head(&day_file_front(f)->head, &f->salt);
	}
	if (rc == 0 && day_file_front(f)->head.day != day) {
		rc = ERR_DAMAGED;
	}
	if (rc == 0) {
		rc = tally_layout_words(day_file_front(f), &f->salt, f->word);
	}
	if (rc == 0) {
		f->names.salt = f->salt;
		f->names.end = f->word[TALLY_WORD_NAMES] * TALLY_UNIT;
	}
	if (rc == 0 && !day_file_is_sealed(f)) {
		/* of a sealed day, nothing but the front is used */
		rc = load_extents(f);
	}
	if (rc != 0) {
		day_file_release(f);
	}
	return rc;
}

void day_file_release(struct day_file *f)
{
	if (f->base != NULL) {
		(void)munmap(f->base, f->size);
	}
	if (f->fd >= 0) {
		(void)close(f->fd);
	}
	free(f->chunk);
	memset(f, 0, sizeof(*f));
	f->fd = -1;
}

/* The size of the next extent of a kind. */
static uint64_t grow_size(
    const struct day_file *f, enum tally_kind kind, uint64_t need)
{
	uint64_t unit = kind == TALLY_FACTS ? TALLY_CHUNK : TALLY_PAGE;
	uint64_t max = GROW_MAX / unit * unit;
	uint64_t size = f->held[kind] / GROW_SHARE;

	if (f->held[kind] == 0) {
		size = kind == TALLY_FACTS ? FIRST_FACTS : FIRST_OTHER;
	}
	if (size < need) {
		size = need;
	}
	size = (size + unit - 1) / unit * unit;
	return size < max ? size : max;
}

/* Makes file and mapping reach to a size. */
static int extend(struct day_file *f, uint64_t offset, uint64_t size)
{
	uint64_t end = offset + size;
	void *p;
	int rc;

	rc = allocate(f->fd, offset, size);
	if (rc != 0) {
		/* a part may have been allocated: give it back if we can */
		if (ftruncate(f->fd, (off_t)f->size) != 0) {
			return -errno;
		}
		return rc;
	}
	if (end <= f->size) {
		return 0; /* left over from a writer that was killed here */
	}
	p = mremap(f->base, f->size, end, MREMAP_MAYMOVE);
	if (p == MAP_FAILED) {
		return -errno;
	}
	f->base = p;
	f->names.base = p;
	f->size = end;
	return 0;
}

int day_file_grow(struct day_file *f, enum tally_kind kind, uint64_t need)
{
	uint32_t number = (uint32_t)f->word[TALLY_WORD_EXTENTS];
	struct tally_extent e = { 0 };
	int rc;

	assert(need <= GROW_MAX / 2 && !day_file_is_sealed(f));
	if (number >= TALLY_EXTENTS) {
		return ERR_FULL;
	}
	e.offset = f->data_end;
	e.size = grow_size(f, kind, need);
	e.kind = kind;
	if (kind == TALLY_FACTS) {
		e.first = (uint32_t)(f->n_chunks * TALLY_CHUNK_SLOTS);
	}
	e.check = tally_layout_extent_check(&f->salt, number, &e);
	rc = extend(f, e.offset, e.size);
	if (rc != 0) {
		return rc;
	}
	day_file_front(f)->extent[number] = e;
	day_file_set(f, TALLY_WORD_EXTENTS, number + 1);
	hold(f, &e);
	return 0;
}

int day_file_place(struct day_file *f, enum tally_kind kind, uint64_t end,
    uint64_t size, uint64_t *at)
{
	int rc = 0;

	/* a writer may have died between the extent and its first record */
	*at = end > f->start[kind] ? end : f->start[kind];
	if (*at + size > f->end[kind]) {
		rc = day_file_grow(f, kind, size);
		*at = f->start[kind];
	}
	return rc;
}

int day_file_sync(struct day_file *f)
{
	if (msync(f->base, f->size, MS_SYNC) != 0) {
		return -errno;
	}
	f->dirty = false;
	return 0;
}

int day_file_sync_front(struct day_file *f)
{
	return msync(f->base, sizeof(struct tally_front), MS_SYNC) == 0 ?
	    0 :
	    -errno;
}

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Where the last byte in use ends. */
static uint64_t used_end(const struct day_file *f)
{
	uint64_t end = sizeof(struct tally_front);
	uint64_t n = f->word[TALLY_WORD_FACTS];

	if (n > 0) {
		const void *last = day_file_slot(f, (uint32_t)(n - 1)) + 1;

		end = (uint64_t)((const uint8_t *)last - f->base);
	}
	end = max64(end, f->names.end);
	return max64(
	    end, (f->word[TALLY_WORD_POLICIES] & UINT32_MAX) * TALLY_UNIT);
}

int day_file_seal(struct day_file *f, int64_t now)
{
	int rc;

	assert(now > 0);
	rc = day_file_sync(f);
	if (rc != 0) {
		return rc;
	}
	day_file_set(f, TALLY_WORD_SEALED, (uint64_t)now & TALLY_COUNT_MAX);
	rc = day_file_sync(f);
	if (rc != 0) {
		return rc;
	}
	if (ftruncate(f->fd, (off_t)used_end(f)) != 0 || fsync(f->fd) != 0) {
		return -errno;
	}
	return 0;
}
