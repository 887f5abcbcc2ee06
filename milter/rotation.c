/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotation.c - a log file and its rotated predecessors
 *
 * Rotation may be under way while we look. So the names are read once more
 * when all files are open, until they stand still. And a log may be there
 * twice for a while: as a copy that is still being made or was just made, as
 * a file and its compressed form. Reading both would count all of it twice.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/gzip.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "milter/rotation.h"

enum {
	TRIES = 100,
	SCAN_MAX = 4096, /* files of one log */
	PATH_BYTES = 4096,
	HEAD = 4096,      /* bytes of a file that tell it from all others, */
	HEAD_LEAST = 64,  /* and so many are the least */
	COUNT_DIGITS = 5, /* of NAME.12345; with more it is a date */
	RANK_DIGITS = 18
};

/* "mail.log.1", "mail.log-20261122.gz" for "mail.log". */
static bool is_predecessor(const char *name, const char *base)
{
	size_t n = strlen(base);

	return strncmp(name, base, n) == 0 &&
	    (name[n] == '.' || name[n] == '-') && name[n + 1] != '\0';
}

static int by_age(const void *a, const void *b)
{
	const struct rotation_file *x = a;
	const struct rotation_file *y = b;

	if (x->is_named != y->is_named) {
		return x->is_named ? 1 : -1;
	}
	if (x->mtime != y->mtime) {
		return x->mtime < y->mtime ? -1 : 1;
	}
	/* of one second: "mail.log.2" is older than "mail.log.1" */
	return -strverscmp(x->path, y->path);
}

static int by_rank(const void *a, const void *b)
{
	const struct rotation_file *x = a;
	const struct rotation_file *y = b;

	return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : by_age(a, b);
}

/* Reads the number that the part of the name behind "NAME." begins with. */
static void read_rank(struct rotation_file *file, const char *text)
{
	size_t n = strspn(text, "0123456789");
	unsigned long long value;

	if (n == 0 || n > RANK_DIGITS ||
	    view_number(view_make(text, n), INT64_MAX, &value) != 0) {
		return;
	}
	file->family = n <= COUNT_DIGITS ? ROTATION_COUNTED : ROTATION_DATED;
	file->rank =
	    file->family == ROTATION_COUNTED ? -(int64_t)value : (int64_t)value;
}

/* Puts the files of a family in the order of their ranks, where they are. */
static void sort_family(struct rotation *r, enum rotation_family family)
{
	struct rotation_file *part = xcalloc(r->n + 1, sizeof(*part));
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->file[i].family == family) {
			part[n++] = r->file[i];
		}
	}
	if (n > 1) {
		qsort(part, n, sizeof(*part), by_rank);
	}
	n = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (r->file[i].family == family) {
			r->file[i] = part[n++];
		}
	}
	free(part);
}

static void sort(struct rotation *r)
{
	if (r->n > 1) {
		qsort(r->file, r->n, sizeof(*r->file), by_age);
	}
	sort_family(r, ROTATION_COUNTED);
	sort_family(r, ROTATION_DATED);
}

static void file_release(struct rotation_file *file)
{
	if (file->fd >= 0) {
		(void)close(file->fd);
	}
	free(file->head);
	free(file->path);
}

void rotation_release(struct rotation *r)
{
	for (size_t i = 0; i < r->n; i++) {
		file_release(&r->file[i]);
	}
	free(r->file);
	*r = (struct rotation){ 0 };
}

static void add(
    struct rotation *r, const char *path, const struct stat *st, bool is_named)
{
	r->file = xrealloc_array(r->file, r->n + 1, sizeof(*r->file));
	r->file[r->n++] = (struct rotation_file){
		.path = xstrdup(path),
		.fd = -1,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.mtime = (int64_t)st->st_mtime,
		.changed = (int64_t)st->st_ctime,
		.size = (uint64_t)st->st_size,
		.is_named = is_named,
	};
}

static void add_predecessors(
    struct rotation *r, DIR *d, const char *dir, const char *base)
{
	const struct dirent *e;
	struct stat st;

	while (r->n < SCAN_MAX && (e = readdir(d)) != NULL) {
		struct strbuf path;

		if (!is_predecessor(e->d_name, base) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    !S_ISREG(st.st_mode) ||
		    rotation_index(r, st.st_dev, st.st_ino) < r->n) {
			continue;
		}
		strbuf_init(&path, PATH_BYTES);
		strbuf_addf(&path, "%s/%s", dir, e->d_name);
		if (!path.failed) {
			add(r, strbuf_str(&path), &st, false);
			read_rank(
			    &r->file[r->n - 1], e->d_name + strlen(base) + 1);
		}
		strbuf_release(&path);
	}
}

/* Finds the files, the newest max of them, in their order. */
static void find(struct rotation *r, const char *path, size_t max)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash != NULL && slash != path ?
	    xstrndup(path, (size_t)(slash - path)) :
	    xstrdup(slash != NULL ? "/" : ".");
	DIR *d = opendir(dir);
	struct stat st;
	int error;

	*r = (struct rotation){ 0 };
	if (stat(path, &st) == 0) {
		add(r, path, &st, true);
	} else if (errno != ENOENT) {
		st = (struct stat){ 0 };
		error = errno;
		add(r, path, &st, true);
		r->file[0].error = -error;
	}
	if (d != NULL) {
		add_predecessors(r, d, dir, slash != NULL ? slash + 1 : path);
		(void)closedir(d);
	}
	free(dir);
	sort(r);
	while (r->n > max) {
		file_release(&r->file[0]);
		r->n--;
		memmove(r->file, r->file + 1, r->n * sizeof(*r->file));
	}
}

/* Opens what was found. Returns 0 or ERR_TEMP (it is another by now). */
static int open_file(struct rotation_file *file)
{
	struct stat st;

	if (file->error != 0) {
		return 0;
	}
	file->fd = open(file->path,
	    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		(file->is_named ? 0 : O_NOFOLLOW));
	if (file->fd < 0) {
		file->error = -errno;
		return errno == ENOENT || errno == ELOOP ? ERR_TEMP : 0;
	}
	if (fstat(file->fd, &st) != 0 || st.st_dev != file->dev ||
	    st.st_ino != file->ino) {
		return ERR_TEMP;
	}
	if (!S_ISREG(st.st_mode)) {
		/* by now the name may be that of anything */
		file->error = S_ISDIR(st.st_mode) ? -EISDIR : ERR_NOT_FILE;
		(void)close(file->fd);
		file->fd = -1;
	}
	return 0;
}

/* Is b, which was found later, the same? */
static bool is_same(const struct rotation *a, const struct rotation *b)
{
	if (a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct rotation_file *x = &a->file[i];
		const struct rotation_file *y = &b->file[i];

		if (x->dev != y->dev || x->ino != y->ino ||
		    (x->is_named && y->size < x->size) ||
		    strcmp(x->path, y->path) != 0) {
			return false;
		}
	}
	return true;
}

bool rotation_is_current(const struct rotation *r, const char *path, size_t max)
{
	struct rotation again;
	bool is_current;

	find(&again, path, max);
	is_current = is_same(r, &again);
	rotation_release(&again);
	return is_current;
}

static int open_all(struct rotation *r, const char *path, size_t max)
{
	int rc = 0;

	find(r, path, max);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		rc = open_file(&r->file[i]);
	}
	return rc == 0 && !rotation_is_current(r, path, max) ? ERR_TEMP : rc;
}

/* The first whole lines. A fault of the file is met by who reads it. */
static void read_head(struct rotation_file *file)
{
	int fd = file->fd < 0 ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	struct gzip *gz = NULL;
	size_t len = 0;
	int n = 1;

	if (fd < 0) {
		return;
	}
	(void)lseek(fd, 0, SEEK_SET);
	if (gzip_open_take(fd, &gz) != 0) {
		return;
	}
	file->is_compressed = gzip_is_compressed(gz);
	file->head = xmalloc(HEAD);
	while (len < HEAD && n > 0) {
		n = gzip_read(gz, file->head + len, HEAD - len);
		len += n > 0 ? (size_t)n : 0;
	}
	gzip_close(gz);
	while (len < HEAD && len > 0 && file->head[len - 1] != '\n') {
		len--;
	}
	file->head_len = len;
}

/* Do they begin with the same lines? */
static bool begin_alike(
    const struct rotation_file *a, const struct rotation_file *b)
{
	size_t n = a->head_len < b->head_len ? a->head_len : b->head_len;

	return n > 0 && (n >= HEAD_LEAST || a->head_len == b->head_len) &&
	    memcmp(a->head, b->head, n) == 0;
}

/*
 * Is the first one the copy? Compression removes the file when it is done; a
 * copy is finished when it is as long; and who has the name goes on.
 */
static bool is_copy_of(
    const struct rotation_file *a, const struct rotation_file *b)
{
	if (a->is_named || b->is_named) {
		return b->is_named;
	}
	if (a->is_compressed != b->is_compressed) {
		return a->is_compressed;
	}
	return a->size < b->size;
}

static void find_copies(struct rotation *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < i; k++) {
			struct rotation_file *a = &r->file[i];
			struct rotation_file *b = &r->file[k];

			if (a->is_copy || b->is_copy || !begin_alike(a, b)) {
				continue;
			}
			if (is_copy_of(b, a)) {
				b->is_copy = true;
			} else {
				a->is_copy = true;
			}
		}
	}
}

int rotation_open(struct rotation *r, const char *path, size_t max)
{
	int rc = ERR_TEMP;

	for (int i = 0; i < TRIES && rc == ERR_TEMP; i++) {
		rc = open_all(r, path, max);
		if (rc != 0) {
			rotation_release(r);
		}
	}
	for (size_t i = 0; i < r->n; i++) {
		read_head(&r->file[i]);
	}
	find_copies(r);
	return rc;
}

size_t rotation_index(const struct rotation *r, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->file[i].dev == dev && r->file[i].ino == ino) {
			return i;
		}
	}
	return r->n;
}
