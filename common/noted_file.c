/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noted_file.c - STATE/notes: its making and its checks
 *
 * The file gets its name when it is whole and on disk, so that nobody ever
 * sees a part of it. All of its space is allocated before it is mapped: a full
 * disk is an error here and not a SIGBUS later.
 */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/noted_file.h"

static const char name[] = "notes";
static const char name_new[] = "notes.new";
static const char name_bad[] = "notes.bad";

/* The head tells the salt, so its own check has a key that all know. */
static const struct hash_key head_key = { 0x74656c6c746c7332,
	0x68656164206b6579 };

uint64_t noted_file_check(
    const struct noted_head *head, uint32_t number, const uint64_t key[2])
{
	const struct hash_key check_key = { head->salt[0],
		head->salt[1] ^ number };

	return hash_sip(&check_key, key, 2 * sizeof(key[0]));
}

static int make_head(struct noted_head *head)
{
	struct {
		uint64_t key[4];
		uint64_t salt[2];
	} random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return -EIO;
	}
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, NOTED_MAGIC, sizeof(head->magic));
	head->byte_order = NOTED_BYTE_ORDER;
	head->version = NOTED_VERSION;
	head->slots = NOTED_SLOTS;
	head->slot_size = sizeof(struct noted_slot);
	memcpy(head->key, random.key, sizeof(head->key));
	memcpy(head->salt, random.salt, sizeof(head->salt));
	head->check =
	    hash_sip(&head_key, head, offsetof(struct noted_head, check));
	return 0;
}

static int check_head(const struct noted_head *head)
{
	if (memcmp(head->magic, NOTED_MAGIC, sizeof(head->magic)) != 0) {
		return ERR_DAMAGED;
	}
	if (head->byte_order != NOTED_BYTE_ORDER ||
	    head->version != NOTED_VERSION) {
		return ERR_VERSION;
	}
	if (hash_sip(&head_key, head, offsetof(struct noted_head, check)) !=
	    head->check) {
		return ERR_DAMAGED;
	}
	return head->slots == NOTED_SLOTS &&
		head->slot_size == sizeof(struct noted_slot) ?
	    0 :
	    ERR_VERSION;
}

static int check(const struct noted_layout *file)
{
	int rc = check_head(&file->head);

	for (unsigned i = 0; rc == 0 && i < NOTED_COUNTER_ROOM; i++) {
		uint64_t value;

		if (!noted_file_unword(&file->head, NOTED_PLACE_COUNTER(i),
			atomic_load(&file->counter[i]), &value)) {
			rc = ERR_DAMAGED;
		}
	}
	return rc;
}

static int map(int fd, bool is_writer, struct noted_layout **file)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return ERR_DAMAGED;
	}
	if ((uint64_t)st.st_size < sizeof(**file)) {
		return ERR_SHORT;
	}
	p = mmap(NULL, sizeof(**file), PROT_READ | PROT_WRITE,
	    is_writer ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		return -errno;
	}
	*file = p;
	return 0;
}

static void unmap(struct noted_layout **file)
{
	if (*file != NULL) {
		(void)munmap(*file, sizeof(**file));
		*file = NULL;
	}
}

/* Fills in a new, empty file. */
static int fill(int fd)
{
	struct noted_layout *file = NULL;
	int rc;

	do {
		rc = -posix_fallocate(fd, 0, (off_t)sizeof(*file));
	} while (rc == -EINTR);
	if (rc == 0) {
		rc = map(fd, true, &file);
	}
	assert(rc != 0 || file != NULL);
	if (rc == 0) {
		rc = make_head(&file->head);
	}
	for (unsigned i = 0; rc == 0 && i < NOTED_COUNTER_ROOM; i++) {
		atomic_init(&file->counter[i],
		    noted_file_word(&file->head, NOTED_PLACE_COUNTER(i), 0));
	}
	if (rc == 0 && msync(file, sizeof(*file), MS_SYNC) != 0) {
		rc = -errno;
	}
	unmap(&file);
	return rc == 0 && fsync(fd) != 0 ? -errno : rc;
}

static int make(int dir)
{
	int fd;
	int rc;

	/* it may be left from a crash */
	if (unlinkat(dir, name_new, 0) != 0 && errno != ENOENT) {
		return -errno;
	}
	fd = openat(dir, name_new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	rc = fill(fd);
	(void)close(fd);
	if (rc == 0 && renameat(dir, name_new, dir, name) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlinkat(dir, name_new, 0);
		return rc;
	}
	return fsync(dir) == 0 ? 0 : -errno;
}

/* Opens the file that has the name; for a writer, with the lock. */
static int open_locked(int dir, bool is_writer, int *fd)
{
	struct stat ours;
	struct stat st;

	*fd = openat(dir, name,
	    (is_writer ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK |
		O_NOFOLLOW);
	if (*fd < 0) {
		return -errno;
	}
	if (!is_writer) {
		return 0;
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK ? ERR_BUSY : -errno;
	}
	/* has it still the name, now that it is ours? */
	if (fstat(*fd, &ours) != 0 || fstatat(dir, name, &st, 0) != 0) {
		return -errno;
	}
	return ours.st_dev == st.st_dev && ours.st_ino == st.st_ino ? 0 :
								      ERR_BUSY;
}

static int try_open(
    int dir, bool is_writer, int *fd, struct noted_layout **file)
{
	int rc = open_locked(dir, is_writer, fd);

	if (rc == 0) {
		rc = map(*fd, is_writer, file);
	}
	assert(rc != 0 || *file != NULL);
	if (rc == 0) {
		rc = check(*file);
	}
	if (rc != 0) {
		unmap(file);
	}
	return rc;
}

static bool is_bad(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_SHORT || rc == ERR_VERSION;
}

int noted_file_open(const char *state, bool is_writer, int *fd,
    struct noted_layout **file, bool *remade)
{
	int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = -1;
	int rc;

	*fd = -1;
	*file = NULL;
	*remade = false;
	if (dir < 0) {
		return -errno;
	}
	rc = try_open(dir, is_writer, fd, file);
	if (is_writer && is_bad(rc)) {
		log_warn("made %s/%s anew, and kept the old file as %s/%s: %s; "
			 "what was noted of messages is forgotten",
		    state, name, state, name_bad, err_text(rc));
		*remade = true;
		/* its lock is ours until the new one is in its place */
		bad = *fd;
		*fd = -1;
		rc = renameat(dir, name, dir, name_bad) == 0 ? -ENOENT : -errno;
	}
	if (is_writer && rc == -ENOENT) {
		rc = make(dir);
		if (rc == 0) {
			rc = try_open(dir, is_writer, fd, file);
		}
	}
	if (bad >= 0) {
		(void)close(bad);
	}
	if (rc != 0 && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	(void)close(dir);
	return rc;
}
