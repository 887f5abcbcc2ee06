/* SPDX-License-Identifier: BSD-2-Clause */
/* bounce_log.c - which of our reports failed for good, as a log tells */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/bounce.h"
#include "common/bounce_log.h"
#include "common/hash.h"
#include "common/mem.h"

/* One message of ours: 0 is no key. */
struct entry {
	uint64_t key;
	uint64_t n; /* when it was last told of: counts up */
	char token[ENVELOPE_TOKEN];
};

struct bounce_log {
	struct entry *entries; /* owned; NULL: there was no report yet */
	uint64_t n;
	bool is_dirty;
};

#define FILE_NAME "underway"

struct bounce_log *bounce_log_new(void)
{
	return xcalloc(1, sizeof(struct bounce_log));
}

void bounce_log_free(struct bounce_log *b)
{
	if (b != NULL) {
		free(b->entries);
		free(b);
	}
}

/* Queue ids are the MTA's own: nobody chooses them to collide. */
static uint64_t key_of(struct view host, const struct bounce_line *line)
{
	static const struct hash_key key = { 0x74656c6c746c73, 11 };
	const uint64_t parts[] = {
		hash_sip(&key, host.s, host.len),
		hash_sip(&key, line->scope.s, line->scope.len),
		hash_sip(&key, line->qid.s, line->qid.len),
	};

	return hash_sip(&key, parts, sizeof(parts)) | 1;
}

static struct entry *set_of(struct bounce_log *b, uint64_t key)
{
	return b->entries + (key >> 1) % BOUNCE_LOG_SETS * BOUNCE_LOG_WAYS;
}

static struct entry *find(struct bounce_log *b, uint64_t key)
{
	struct entry *set;

	if (b->entries == NULL) {
		return NULL;
	}
	set = set_of(b, key);
	for (unsigned i = 0; i < BOUNCE_LOG_WAYS; i++) {
		if (set[i].key == key) {
			return &set[i];
		}
	}
	return NULL;
}

static void remember(struct bounce_log *b, uint64_t key, struct view token)
{
	struct entry *e = find(b, key);
	struct entry *set;

	if (b->entries == NULL) {
		b->entries = xcalloc((size_t)BOUNCE_LOG_SETS * BOUNCE_LOG_WAYS,
		    sizeof(*b->entries));
	}
	set = set_of(b, key);
	for (unsigned i = 0; e == NULL && i < BOUNCE_LOG_WAYS; i++) {
		if (set[i].key == 0) {
			e = &set[i];
		}
	}
	if (e == NULL) {
		e = set;
		for (unsigned i = 1; i < BOUNCE_LOG_WAYS; i++) {
			e = set[i].n < e->n ? &set[i] : e;
		}
	}
	e->key = key;
	e->n = ++b->n;
	b->is_dirty = true;
	memcpy(e->token, token.s, ENVELOPE_TOKEN);
}

static bool own_token(
    const struct bounce_own *own, struct view sender, struct view *token)
{
	for (const char *const *p = own->senders; p != NULL && *p != NULL;
	     p++) {
		if (envelope_token(*p, own->delimiter, sender, token)) {
			return true;
		}
	}
	return false;
}

/* A short queue id comes again, for another message. */
static void forget(struct bounce_log *b, uint64_t key)
{
	struct entry *e = find(b, key);

	if (e != NULL) {
		*e = (struct entry){ .key = 0 };
		b->is_dirty = true;
	}
}

bool bounce_log_line(struct bounce_log *b, const struct bounce_own *own,
    struct view host, const struct bounce_line *line,
    char token[ENVELOPE_TOKEN + 1])
{
	struct view found;
	bool is_own = own_token(own, line->sender, &found);
	const struct entry *e;

	if (!is_own && b->entries == NULL) {
		return false; /* of most lines of most sites */
	}
	if (line->kind == BOUNCE_LINE_SENDER) {
		if (is_own) {
			remember(b, key_of(host, line), found);
		} else {
			forget(b, key_of(host, line));
		}
		return false;
	}
	if (!is_own) {
		e = line->sender.len == 0 ? find(b, key_of(host, line)) : NULL;
		if (e == NULL) {
			return false;
		}
		found = view_make(e->token, ENVELOPE_TOKEN);
	}
	for (unsigned i = 0; i < ENVELOPE_TOKEN; i++) {
		token[i] = ascii_lower(found.s[i]);
	}
	token[ENVELOPE_TOKEN] = '\0';
	return true;
}

/* --- the file --- */

bool bounce_log_is_dirty(const struct bounce_log *b)
{
	return b->is_dirty;
}

static int by_age(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

/* One line each, the oldest first, so that loading ends in the same order. */
static int write_entries(struct bounce_log *b, FILE *f)
{
	const size_t max = (size_t)BOUNCE_LOG_SETS * BOUNCE_LOG_WAYS;
	struct entry *list = xcalloc(max, sizeof(*list));
	size_t n = 0;
	bool is_bad = false;

	for (size_t i = 0; b->entries != NULL && i < max; i++) {
		if (b->entries[i].key != 0) {
			list[n++] = b->entries[i];
		}
	}
	if (n > 1) {
		qsort(list, n, sizeof(*list), by_age);
	}
	for (size_t i = 0; i < n; i++) {
		is_bad |= fprintf(f, "%016" PRIx64 " %.*s\n", list[i].key,
			      ENVELOPE_TOKEN, list[i].token) < 0;
	}
	free(list);
	return is_bad ? -EIO : 0;
}

static int path_of(const char *state, const char *end, char out[PATH_MAX])
{
	int n =
	    snprintf(out, PATH_MAX, "%s/outbox/%s%s", state, FILE_NAME, end);

	return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Makes a new file, or writes over what a death left of one. */
static FILE *create(const char *path)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (f == NULL && fd >= 0) {
		(void)close(fd);
	}
	return f;
}

int bounce_log_save(struct bounce_log *b, const char *state)
{
	char path[PATH_MAX];
	char new[PATH_MAX];
	int rc = path_of(state, "", path);
	FILE *f;

	rc = rc == 0 ? path_of(state, ".new", new) : rc;
	rc = rc == 0 ? bounce_make_folder(state) : rc;
	if (rc != 0) {
		return rc;
	}
	f = create(new);
	if (f == NULL) {
		return -errno;
	}
	rc = write_entries(b, f);
	if (fclose(f) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc == 0 && rename(new, path) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(new);
		return rc;
	}
	b->is_dirty = false;
	return 0;
}

/* "KEY TOKEN" */
static void load_line(struct bounce_log *b, const char *line)
{
	char *end;
	uint64_t key = strtoull(line, &end, 16);
	struct view token;

	if (end != line + 16 || *end != ' ' || key == 0) {
		return;
	}
	token = view_of(end + 1);
	if (envelope_is_token(token)) {
		remember(b, key, token);
	}
}

int bounce_log_load(struct bounce_log *b, const char *state)
{
	char path[PATH_MAX];
	char line[128];
	int rc = path_of(state, "", path);
	FILE *f;

	if (rc != 0) {
		return rc;
	}
	f = fopen(path, "re");
	if (f == NULL) {
		return errno == ENOENT ? 0 : -errno;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		load_line(b, line);
	}
	rc = ferror(f) != 0 ? -EIO : 0;
	(void)fclose(f);
	b->is_dirty = false;
	return rc;
}
