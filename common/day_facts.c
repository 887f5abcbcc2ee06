/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * day_facts.c - the facts of one day's file, each of them in one slot
 *
 * Strangers choose what is in a fact, and must not be able to fill the disk
 * or to make two facts one: so there are limits, and a hash only says where
 * to look.
 */

#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "common/day_facts.h"

static const char overflow_reason[] = "overflow";

uint32_t day_facts_tag(
    const struct day_facts *facts, const struct tally_key *key)
{
	return day_index_tag(hash_sip(&facts->key, key->b, key->len));
}

/*
 * Takes a fact that stands in the file into the indexes. before: the last one
 * that was taken, or NULL; facts that follow each other often share names.
 */
static void know(struct day_facts *facts, const struct day_file *f,
    uint32_t number, const struct tally_key *key,
    const struct tally_slot *before)
{
	const struct tally_slot *slot = day_file_slot(f, number);

	for (unsigned i = 0; i < TALLY_COLUMNS; i++) {
		struct day_name *name;

		if (slot->column[i] == 0 ||
		    (i != TALLY_DOMAIN && before != NULL &&
			before->column[i] == slot->column[i])) {
			continue;
		}
		name = day_names_know(
		    &facts->names, f, slot->column[i], key->column[i]);
		name->facts += i == TALLY_DOMAIN ? 1 : 0;
	}
	day_index_add(&facts->index, day_facts_tag(facts, key), number);
}

void day_facts_init(struct day_facts *facts, const struct day_file *f,
    const struct hash_key *key, const struct store_limits *limits)
{
	uint32_t n = (uint32_t)f->word[TALLY_WORD_FACTS];
	const struct tally_slot *before = NULL;
	struct tally_key fact_key;
	struct fact fact;

	facts->limits = *limits;
	facts->key = *key;
	day_index_init(&facts->index);
	day_names_init(&facts->names, key);
	day_index_reserve(&facts->index, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct tally_slot *slot = day_file_slot(f, i);
		uint64_t word =
		    atomic_load_explicit(&slot->count, memory_order_relaxed);
		uint64_t value;

		/* nothing may be added to a count that cannot be believed */
		if (tally_layout_fact(&f->names, i, slot, &fact, &fact_key) &&
		    tally_layout_unword(
			&f->salt, TALLY_ID_COUNT(i), word, &value)) {
			know(facts, f, i, &fact_key, before);
			before = slot;
		}
	}
}

void day_facts_release(struct day_facts *facts)
{
	day_names_release(&facts->names);
	day_index_release(&facts->index);
}

void day_facts_prefetch(const struct day_facts *facts, const struct day_file *f,
    uint32_t tag, unsigned step)
{
	const struct tally_slot *slot;
	size_t probe = 0;
	uint32_t number;

	if (step == 0) {
		day_index_prefetch(&facts->index, tag);
		return;
	}
	if (!day_index_next(&facts->index, tag, &probe, &number)) {
		return;
	}
	slot = day_file_slot(f, number);
	if (step == 1) {
		/* a slot lies on two cache lines */
		__builtin_prefetch(slot);
		__builtin_prefetch(&slot->dane);
		return;
	}
	/* the other names are few, and often used */
	__builtin_prefetch(
	    f->base + (uint64_t)slot->column[TALLY_DOMAIN] * TALLY_UNIT);
	__builtin_prefetch(
	    f->base + (uint64_t)slot->column[TALLY_MX] * TALLY_UNIT);
}

/* Does this slot hold the fact of this key? */
static bool slot_is(const struct day_file *f, const struct tally_slot *slot,
    const struct tally_key *key)
{
	const struct fact *fact = &key->fact;

	if (slot->tls != (uint8_t)fact->tls ||
	    slot->chain != (uint8_t)fact->chain ||
	    slot->name != (uint8_t)fact->name ||
	    slot->dane != (uint8_t)fact->dane ||
	    memcmp(&slot->ip, &fact->ip, sizeof(slot->ip)) != 0 ||
	    memcmp(&slot->sending_ip, &fact->sending_ip,
		sizeof(slot->sending_ip)) != 0) {
		return false;
	}
	for (unsigned i = 0; i < TALLY_COLUMNS; i++) {
		struct view v;

		if (!tally_layout_name(&f->names, slot->column[i], &v) ||
		    !view_eq(v, key->column[i])) {
			return false;
		}
	}
	return true;
}

static bool find(const struct day_facts *facts, const struct day_file *f,
    uint32_t tag, const struct tally_key *key, uint32_t *slot)
{
	size_t probe = 0;

	while (day_index_next(&facts->index, tag, &probe, slot)) {
		if (slot_is(f, day_file_slot(f, *slot), key)) {
			return true;
		}
	}
	return false;
}

/* Writes a slot that no word tells of yet. */
static void write_slot(struct day_file *f, uint32_t number,
    const struct tally_key *key, const uint32_t column[TALLY_COLUMNS])
{
	const struct fact *fact = &key->fact;
	struct tally_slot made = { 0 };

	atomic_init(&made.count,
	    tally_layout_word(&f->salt, TALLY_ID_COUNT(number), 0));
	atomic_init(&made.times,
	    tally_layout_word(&f->salt, TALLY_ID_TIMES(number), 0));
	made.check = tally_layout_slot_check(&f->salt, number, key);
	made.ip = fact->ip;
	made.sending_ip = fact->sending_ip;
	memcpy(made.column, column, sizeof(made.column));
	made.tls = (uint8_t)fact->tls;
	made.chain = (uint8_t)fact->chain;
	made.name = (uint8_t)fact->name;
	made.dane = (uint8_t)fact->dane;
	memcpy(day_file_slot(f, number), &made, sizeof(made));
}

/* Adds a fact with a count of 0. */
static int insert(struct day_facts *facts, struct day_file *f, uint32_t tag,
    const struct tally_key *key, uint32_t *slot)
{
	uint32_t n = (uint32_t)f->word[TALLY_WORD_FACTS];
	uint32_t column[TALLY_COLUMNS];
	int rc = 0;

	assert(fact_check(&key->fact));
	for (unsigned i = 0; i < TALLY_COLUMNS && rc == 0; i++) {
		rc =
		    day_names_add(&facts->names, f, key->column[i], &column[i]);
	}
	if (rc == 0 && n == f->n_chunks * TALLY_CHUNK_SLOTS) {
		rc = day_file_grow(f, TALLY_FACTS, TALLY_CHUNK);
	}
	if (rc != 0) {
		return rc;
	}
	write_slot(f, n, key, column);
	day_file_set(f, TALLY_WORD_FACTS, (uint64_t)n + 1);

	day_index_add(&facts->index, tag, n);
	if (key->fact.domain.len > 0) {
		day_names_find(&facts->names, f, key->fact.domain)->facts++;
	}
	*slot = n;
	return 0;
}

/* The fact in which those are counted that found no room. */
static void make_overflow(
    const struct fact *fact, bool of_domain, struct tally_key *key)
{
	struct fact *over = &key->fact;

	memset(over, 0, sizeof(*over));
	/* what nobody knows must not become a failure */
	over->reason =
	    fact_is_untold(fact) ? fact->reason : view_of(overflow_reason);
	over->feed = fact->feed;
	over->tls = fact->tls;
	over->chain = fact->chain;
	over->name = fact->name;
	over->dane = fact->dane;
	if (of_domain) {
		over->domain = fact->domain;
		over->version = fact->version;
		memcpy(over->policy, fact->policy, sizeof(over->policy));
	}
	tally_layout_key(key);
}

/* Finds or makes an overflow fact; without a domain there is always room. */
static int overflow_slot(struct day_facts *facts, struct day_file *f,
    const struct fact *fact, bool of_domain, uint32_t *slot)
{
	struct tally_key key;
	uint32_t tag;

	make_overflow(fact, of_domain, &key);
	tag = day_facts_tag(facts, &key);
	if (find(facts, f, tag, &key, slot)) {
		return 0;
	}
	if (of_domain && f->word[TALLY_WORD_FACTS] >= 2 * facts->limits.facts) {
		return overflow_slot(facts, f, fact, false, slot);
	}
	return insert(facts, f, tag, &key, slot);
}

int day_facts_slot(struct day_facts *facts, struct day_file *f, uint32_t tag,
    const struct tally_key *key, uint32_t *slot, bool *overflow)
{
	const struct day_name *domain;
	uint64_t n;

	*overflow = false;
	if (find(facts, f, tag, key, slot)) {
		return 0;
	}
	assert(key->fact.domain.len > 0);
	domain = day_names_find(&facts->names, f, key->fact.domain);
	n = domain != NULL ? domain->facts : 0;
	if (f->word[TALLY_WORD_FACTS] < facts->limits.facts &&
	    n < facts->limits.facts_per_domain) {
		return insert(facts, f, tag, key, slot);
	}
	*overflow = true;
	return overflow_slot(facts, f, &key->fact, n > 0, slot);
}
