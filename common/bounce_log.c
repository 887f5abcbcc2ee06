/* SPDX-License-Identifier: BSD-2-Clause */
/* bounce_log.c - which of our reports failed for good, as a log tells */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
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
};

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

static void take_sender(struct bounce_log *b, const struct bounce_own *own,
    uint64_t key, struct view sender)
{
	struct view token;
	struct entry *e;

	if (own_token(own, sender, &token)) {
		remember(b, key, token);
		return;
	}
	/* a short queue id comes again, for another message */
	e = find(b, key);
	if (e != NULL) {
		*e = (struct entry){ .key = 0 };
	}
}

bool bounce_log_line(struct bounce_log *b, const struct bounce_own *own,
    struct view host, const struct bounce_line *line,
    char token[ENVELOPE_TOKEN + 1])
{
	uint64_t key = key_of(host, line);
	struct view found;
	struct entry *e;

	if (line->kind == BOUNCE_LINE_SENDER) {
		take_sender(b, own, key, line->sender);
		return false;
	}
	if (!own_token(own, line->sender, &found)) {
		e = line->sender.len == 0 ? find(b, key) : NULL;
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
