/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outdir.c - a directory of finished files
 *
 * The names hold domains that strangers chose. They were checked before, and
 * are checked once more where they become a path.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/whole.h"
#include "reporter/outdir.h"

enum {
	BASE_MAX = 230 /* leaves room for the endings in 255 */
};

static const char temp_prefix[] = ".tmp.";
static const char body_end[] = ".json.gz";
static const char mail_end[] = ".eml";

struct outdir {
	int fd;
	pid_t process; /* ours: part of temporary names */
	bool is_synced;
	const struct step *step;
	char **names; /* of the batch; number i lies in temp_name(i) */
	unsigned n;
	unsigned cap;
};

int outdir_open(const char *path, unsigned flags, struct outdir **out)
{
	struct outdir *o;
	int fd;

	*out = NULL;
	if ((flags & OUTDIR_CREATE) != 0 && mkdir(path, 0750) != 0 &&
	    errno != EEXIST) {
		return -errno;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	o = xcalloc(1, sizeof(*o));
	o->fd = fd;
	o->process = getpid();
	o->is_synced = (flags & OUTDIR_SYNC) != 0;
	*out = o;
	return 0;
}

void outdir_watch(struct outdir *o, const struct step *step)
{
	o->step = step;
}

/* The process is part of it: a dry run may share its directory. */
static const char *temp_name(
    const struct outdir *o, unsigned i, char out[OUTDIR_NAME])
{
	(void)snprintf(
	    out, OUTDIR_NAME, "%s%ld.%u", temp_prefix, (long)o->process, i);
	return out;
}

static void forget_batch(struct outdir *o)
{
	while (o->n > 0) {
		free(o->names[--o->n]);
	}
}

void outdir_close(struct outdir *o)
{
	char temp[OUTDIR_NAME];

	if (o == NULL) {
		return;
	}
	for (unsigned i = 0; i < o->n; i++) {
		(void)unlinkat(o->fd, temp_name(o, i, temp), 0);
	}
	forget_batch(o);
	free(o->names);
	(void)close(o->fd);
	free(o);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

const char *outdir_base(const char *filename, char out[OUTDIR_NAME])
{
	static const struct hash_key key = { 1, 2 };
	size_t n = strlen(filename);

	if (ends_with(filename, body_end)) {
		n -= strlen(body_end);
	}
	if (n <= BASE_MAX) {
		(void)snprintf(out, OUTDIR_NAME, "%.*s", (int)n, filename);
	} else {
		(void)snprintf(out, OUTDIR_NAME, "%.*s~%016" PRIx64,
		    BASE_MAX - 17, filename, hash_sip(&key, filename, n));
	}
	return out;
}

static bool is_safe_byte(char c)
{
	return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_' ||
	    c == '!' || c == '~';
}

static bool is_safe(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= OUTDIR_NAME || name[0] == '.') {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_safe_byte(name[i])) {
			return false;
		}
	}
	return true;
}

static int create(const struct outdir *o, const char *temp)
{
	return openat(o->fd, temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
}

static int write_temp(
    const struct outdir *o, const char *temp, const struct strbuf *data)
{
	int fd = create(o, temp);
	int rc;

	if (fd < 0 && errno == EEXIST) {
		/* of a dead process of our number */
		(void)unlinkat(o->fd, temp, 0);
		fd = create(o, temp);
	}
	if (fd < 0) {
		return -errno;
	}
	rc = write_all(fd, strbuf_str(data), data->len);
	if (close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlinkat(o->fd, temp, 0);
	}
	return rc;
}

int outdir_put(struct outdir *o, const char *name, const struct strbuf *data)
{
	char temp[OUTDIR_NAME];
	int rc;

	if (!is_safe(name)) {
		return ERR_PARSE;
	}
	rc = write_temp(o, temp_name(o, o->n, temp), data);
	if (rc != 0) {
		return rc;
	}
	if (o->n == o->cap) {
		o->cap = o->cap > 0 ? 2 * o->cap : 64;
		o->names = xrealloc_array(o->names, o->cap, sizeof(*o->names));
	}
	o->names[o->n++] = xstrdup(name);
	step_at(o->step, "file-written");
	return 0;
}

int outdir_flush(struct outdir *o)
{
	char temp[OUTDIR_NAME];

	if (o->n == 0) {
		return 0;
	}
	/* one wait for all files; it also waits for those of others */
	if (o->is_synced && syncfs(o->fd) != 0) {
		return -errno;
	}
	step_at(o->step, "files-synced");
	for (unsigned i = 0; i < o->n; i++) {
		if (renameat(o->fd, temp_name(o, i, temp), o->fd,
			o->names[i]) != 0) {
			return -errno;
		}
		step_at(o->step, "file-named");
	}
	forget_batch(o);
	if (o->is_synced && fsync(o->fd) != 0) {
		return -errno;
	}
	return 0;
}

static int append_all(int fd, struct strbuf *out)
{
	char part[16384];
	ssize_t n;

	do {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			strbuf_add(out, part, (size_t)n);
		}
	} while (n != 0 && !out->failed);
	return out->failed ? ERR_TOO_LONG : 0;
}

int outdir_get(const struct outdir *o, const char *name, struct strbuf *out)
{
	int fd;
	int rc;

	if (!is_safe(name)) {
		return ERR_PARSE;
	}
	fd = openat(o->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return -errno;
	}
	rc = append_all(fd, out);
	(void)close(fd);
	return rc;
}

bool outdir_has(const struct outdir *o, const char *name)
{
	return is_safe(name) &&
	    faccessat(o->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* "BASE.json.gz" or "BASE.N.eml"; false: a file of somebody else. */
static bool base_of(const char *name, char out[OUTDIR_NAME])
{
	size_t n = strlen(name);

	if (!is_safe(name)) {
		return false;
	}
	if (ends_with(name, body_end)) {
		n -= strlen(body_end);
	} else if (ends_with(name, mail_end)) {
		n -= strlen(mail_end);
		while (n > 0 && ascii_is_digit(name[n - 1])) {
			n--;
		}
		if (n == 0 || name[n - 1] != '.') {
			return false;
		}
		n--;
	} else {
		return false;
	}
	memcpy(out, name, n);
	out[n] = '\0';
	return n > 0;
}

static int sweep_one(
    const struct outdir *o, const char *name, outdir_keeps keeps, void *ctx)
{
	char base[OUTDIR_NAME];
	int kept;

	if (strncmp(name, temp_prefix, sizeof(temp_prefix) - 1) == 0) {
		kept = 0;
	} else if (base_of(name, base)) {
		kept = keeps(ctx, base);
	} else {
		kept = 1;
	}
	if (kept == 0 && unlinkat(o->fd, name, 0) != 0) {
		return -errno;
	}
	if (kept == 0) {
		step_at(o->step, "file-removed");
	}
	return kept < 0 ? kept : 0;
}

int outdir_sweep(struct outdir *o, outdir_keeps keeps, void *ctx)
{
	const struct dirent *entry;
	DIR *dir;
	int fd = openat(o->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		rc = -errno;
		if (fd >= 0) {
			(void)close(fd);
		}
		return rc;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		rc = sweep_one(o, entry->d_name, keeps, ctx);
	}
	(void)closedir(dir);
	return rc;
}
