/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounce.c - news that a report came back, from the daemon to telltls-report
 *
 * The reader renames the file first and locks it then; the writer locks first
 * and then looks whether the name still means the file that it has open. So a
 * line is never written to a file that the reader is done with, and the writer
 * waits for nobody.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/bounce.h"
#include "common/bounce_line.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/whole.h"

enum {
	TRIES = 8, /* the reader renames the file once in a run */
	LINE = 128
};

#define FILE_NAME  "bounces"
#define TAKEN_NAME "bounces.taken"

/* --- text --- */

/* A code of RFC 3463: a delivery may end for good with a 4, too. */
static bool is_code(struct view dsn)
{
	char five[BOUNCE_DSN];

	if (dsn.len == 0 || (dsn.s[0] != '4' && dsn.s[0] != '5') ||
	    !view_copy(dsn, five, sizeof(five))) {
		return false;
	}
	five[0] = '5';
	return bounce_line_is_permanent(view_of(five));
}

bool bounce_set(struct bounce *b, int64_t t, struct view token, struct view dsn)
{
	*b = (struct bounce){ .t = t };
	if (!envelope_is_token(token)) {
		return false;
	}
	for (size_t i = 0; i < token.len; i++) {
		b->token[i] = ascii_lower(token.s[i]);
	}
	if (is_code(dsn)) {
		(void)view_copy(dsn, b->dsn, sizeof(b->dsn));
	}
	return true;
}

/* Cuts a word and the blank behind it off. */
static struct view take_word(struct view *text)
{
	size_t n = view_index(*text, ' ');
	struct view word = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 1 : n);
	return word;
}

/* "TOKEN DSN" */
static int parse_news(struct view text, int64_t t, struct bounce *out)
{
	struct view token = take_word(&text);

	return bounce_set(out, t, token, text) &&
		(view_is(text, "-") || out->dsn[0] != '\0') ?
	    0 :
	    ERR_PARSE;
}

int bounce_parse(struct view line, struct bounce *out)
{
	unsigned long long t;

	if (view_number(take_word(&line), INT64_MAX, &t) != 0) {
		return ERR_PARSE;
	}
	return parse_news(line, (int64_t)t, out);
}

int bounce_parse_packet(struct view packet, int64_t t, struct bounce *out)
{
	return view_take(&packet, "bounce ") ? parse_news(packet, t, out) :
					       ERR_PARSE;
}

static const char *shown_dsn(const struct bounce *b)
{
	return b->dsn[0] != '\0' ? b->dsn : "-";
}

size_t bounce_format_packet(const struct bounce *b, char out[BOUNCE_PACKET])
{
	int n = snprintf(
	    out, BOUNCE_PACKET, "bounce %s %s", b->token, shown_dsn(b));

	return n > 0 && n < BOUNCE_PACKET ? (size_t)n : 0;
}

const char *bounce_socket(const char *run, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/bounce", run);

	if (n < 0 || (size_t)n >= size) {
		out[0] = '\0';
	}
	return out;
}

/* --- the file --- */

static int path_of(const char *state, const char *name, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/outbox/%s", state, name);

	return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int bounce_make_folder(const char *state)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/outbox", state);

	if (n <= 0 || n >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	return mkdir(path, 0750) == 0 || errno == EEXIST ? 0 : -errno;
}

static int open_file(const char *state, const char *path)
{
	const int flags =
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = open(path, flags, 0640);
	int rc;

	if (fd < 0 && errno == ENOENT) {
		rc = bounce_make_folder(state);
		if (rc != 0) {
			return rc;
		}
		fd = open(path, flags, 0640);
	}
	return fd < 0 ? -errno : fd;
}

/* Does the path still name the file that is open? */
static bool is_there(int fd, const char *path, struct stat *st)
{
	struct stat now;

	return fstat(fd, st) == 0 && lstat(path, &now) == 0 &&
	    st->st_dev == now.st_dev && st->st_ino == now.st_ino;
}

/* The file, locked. Its size goes into *st. */
static int open_locked(const char *state, const char *path, struct stat *st)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = open_file(state, path);

		if (fd < 0) {
			return fd;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    is_there(fd, path, st)) {
			return fd;
		}
		(void)close(fd);
	}
	return -EAGAIN;
}

int bounce_append(const char *state, const struct bounce *b, size_t limit)
{
	char path[PATH_MAX];
	char line[LINE];
	struct stat st;
	ssize_t n;
	int len;
	int rc = path_of(state, FILE_NAME, path);
	int fd;

	if (rc != 0) {
		return rc;
	}
	fd = open_locked(state, path, &st);
	if (fd < 0) {
		return fd;
	}
	len = snprintf(line, sizeof(line), "%" PRId64 " %s %s\n", b->t,
	    b->token, shown_dsn(b));
	if (len <= 0 || len >= LINE) {
		rc = ERR_PARSE;
	} else if (!S_ISREG(st.st_mode)) {
		rc = -EINVAL;
	} else if ((size_t)st.st_size + (size_t)len > limit) {
		rc = ERR_FULL;
	} else {
		n = write(fd, line, (size_t)len);
		rc = n == len ? 0 : n < 0 ? -errno : -ENOSPC;
	}
	(void)close(fd);
	return rc;
}

/* What a full disk cut short is a line that is none. */
static int take_lines(
    struct view text, const struct bounce_taker *taker, uint64_t *n_bad)
{
	struct bounce b;
	int rc = 0;

	while (rc == 0 && text.len > 0) {
		size_t n = view_index(text, '\n');

		if (bounce_parse(view_make(text.s, n), &b) == 0) {
			rc = taker->take(taker->ctx, &b);
		} else {
			(*n_bad)++;
		}
		text = view_skip(text, n < text.len ? n + 1 : n);
	}
	return rc;
}

/* Takes the file that was renamed, and removes it. */
static int take_taken(
    const char *path, const struct bounce_taker *taker, uint64_t *n_bad)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;
	char *buf;
	int rc;

	if (fd < 0) {
		return -errno;
	}
	/* a writer that had it open may still be at it: for a moment */
	if (flock(fd, LOCK_EX) != 0) {
		rc = -errno;
		(void)close(fd);
		return rc;
	}
	buf = xmalloc(BOUNCE_FILE_MAX);
	n = read_all(fd, buf, BOUNCE_FILE_MAX);
	rc = n < 0 ? (int)n :
		     take_lines(view_make(buf, (size_t)n), taker, n_bad);
	free(buf);
	if (rc == 0) {
		rc = taker->commit(taker->ctx);
	}
	if (rc == 0 && unlink(path) != 0) {
		rc = -errno;
	}
	(void)close(fd);
	return rc;
}

int bounce_take(
    const char *state, const struct bounce_taker *taker, uint64_t *n_bad)
{
	char path[PATH_MAX];
	char taken[PATH_MAX];
	int rc = path_of(state, FILE_NAME, path);

	*n_bad = 0;
	rc = rc == 0 ? path_of(state, TAKEN_NAME, taken) : rc;
	if (rc != 0) {
		return rc;
	}
	/* what a killed run had taken over */
	rc = take_taken(taken, taker, n_bad);
	if (rc != 0 && rc != -ENOENT) {
		return rc;
	}
	if (rename(path, taken) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	return take_taken(taken, taker, n_bad);
}
