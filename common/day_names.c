/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * day_names.c - the names of one day's file, each of them stored once
 *
 * The index is made from the names that whole facts refer to. A name that was
 * appended when the writer died, and no fact refers to, is just lost space.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/day_names.h"
#include "common/mem.h"

void day_names_init(struct day_names *names, const struct hash_key *key)
{
	memset(names, 0, sizeof(*names));
	names->key = *key;
	day_index_init(&names->index);
}

void day_names_release(struct day_names *names)
{
	day_index_release(&names->index);
	free(names->name);
	names->name = NULL;
}

static uint32_t tag_of(const struct day_names *names, struct view text)
{
	return day_index_tag(hash_sip(&names->key, text.s, text.len));
}

static struct day_name *find(const struct day_names *names,
    const struct day_file *f, uint32_t tag, struct view text)
{
	size_t probe = 0;
	uint32_t number;

	while (day_index_next(&names->index, tag, &probe, &number)) {
		struct view v;

		if (tally_layout_name(&f->names, names->name[number].ref, &v) &&
		    view_eq(v, text)) {
			return &names->name[number];
		}
	}
	return NULL;
}

static struct day_name *add(struct day_names *names, uint32_t tag, uint32_t ref)
{
	if (names->n == names->cap) {
		names->cap = names->cap == 0 ? 1024 : names->cap * 2;
		names->name = xrealloc_array(
		    names->name, names->cap, sizeof(*names->name));
	}
	names->name[names->n] = (struct day_name){ ref, 0 };
	day_index_add(&names->index, tag, names->n);
	return &names->name[names->n++];
}

struct day_name *day_names_find(
    const struct day_names *names, const struct day_file *f, struct view text)
{
	return find(names, f, tag_of(names, text), text);
}

struct day_name *day_names_know(struct day_names *names,
    const struct day_file *f, uint32_t ref, struct view text)
{
	uint32_t tag = tag_of(names, text);
	struct day_name *name = find(names, f, tag, text);

	return name != NULL ? name : add(names, tag, ref);
}

/* Writes a name behind the last one, whole before the word says so. */
static int append(struct day_file *f, struct view text, uint32_t *ref)
{
	uint64_t size = tally_layout_name_size(text.len);
	struct tally_name *record;
	uint64_t at;
	int rc;

	rc = day_file_place(f, TALLY_NAMES, f->names.end, size, &at);
	if (rc != 0) {
		return rc;
	}
	/* a writer that was killed may have left something here */
	memset(f->base + at, 0, size);
	record = (struct tally_name *)(void *)(f->base + at);
	record->len = (uint16_t)text.len;
	memcpy(record->s, text.s, text.len);
	*ref = (uint32_t)(at / TALLY_UNIT);
	day_file_set(f, TALLY_WORD_NAMES, (at + size) / TALLY_UNIT);
	return 0;
}

int day_names_add(struct day_names *names, struct day_file *f, struct view text,
    uint32_t *ref)
{
	const struct day_name *name;
	uint32_t tag;
	int rc;

	*ref = 0;
	if (text.len == 0) {
		return 0;
	}
	tag = tag_of(names, text);
	name = find(names, f, tag, text);
	if (name != NULL) {
		*ref = name->ref;
		return 0;
	}
	rc = append(f, text, ref);
	if (rc == 0) {
		(void)add(names, tag, *ref);
	}
	return rc;
}
