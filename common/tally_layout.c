/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally_layout.c - checks of the bytes of a tally file
 *
 * Every check is a SipHash whose key is the file's random salt, bent by what
 * is checked and where: bytes that stand in another place, or in another
 * file, or that a stranger chose, cannot pass for a record.
 */

#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/ip.h"
#include "common/tally_layout.h"
#include "common/when.h"

_Static_assert(sizeof(struct mark) == 32, "mark stands in feed slots");
_Static_assert(TALLY_COUNT_MAX < UINT64_MAX >> 15, "48 bits of value");

/* What a check is for. */
enum tag {
	TAG_EXTENT = 1,
	TAG_FEED,
	TAG_REDO,
	TAG_POLICY,
	TAG_BODY,
	TAG_FACT
};

/* The head tells the salt, so its own check has a key that all know. */
static const struct hash_key head_key = { 0x74656c6c746c7331,
	0x68656164206b6579 };

/* Bounds of a fact's names (fact.h), by enum tally_column. */
static const uint16_t column_max[TALLY_COLUMNS] = { DOMAIN_MAX, DOMAIN_MAX, 64,
	32, 512, 16, 255, 64, FACT_POLICY_HASH };

static uint64_t keyed(const struct hash_key *salt, enum tag tag, uint64_t place,
    const void *buf, size_t len)
{
	struct hash_key key = { salt->k0 ^ (uint64_t)tag, salt->k1 ^ place };

	return hash_sip(&key, buf, len);
}

void tally_layout_head_make(struct tally_head *head, int64_t day,
    int64_t created, const struct hash_key *salt)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, TALLY_MAGIC, sizeof(head->magic));
	head->byte_order = TALLY_BYTE_ORDER;
	head->version = TALLY_VERSION;
	head->front_size = sizeof(struct tally_front);
	head->slot_size = sizeof(struct tally_slot);
	head->feed_size = sizeof(struct tally_feed_slot);
	head->policy_size = sizeof(struct tally_policy_head);
	head->n_extents = TALLY_EXTENTS;
	head->n_feeds = TALLY_FEEDS;
	head->n_batch = TALLY_BATCH_FACTS;
	head->n_counters = COUNTER_SLOTS;
	head->day = day;
	head->created = created;
	head->salt[0] = salt->k0;
	head->salt[1] = salt->k1;
	head->check =
	    hash_sip(&head_key, head, offsetof(struct tally_head, check));
}

int tally_layout_head(const struct tally_head *head, struct hash_key *salt)
{
	struct tally_head want;

	if (memcmp(head->magic, TALLY_MAGIC, sizeof(head->magic)) != 0) {
		return ERR_DAMAGED;
	}
	if (head->byte_order != TALLY_BYTE_ORDER ||
	    head->version != TALLY_VERSION) {
		return ERR_VERSION;
	}
	salt->k0 = head->salt[0];
	salt->k1 = head->salt[1];
	tally_layout_head_make(&want, head->day, head->created, salt);
	/* the check of what stands there, then what we would have written */
	if (hash_sip(&head_key, head, offsetof(struct tally_head, check)) !=
	    head->check) {
		return ERR_DAMAGED;
	}
	if (memcmp(head, &want, sizeof(want)) != 0) {
		return ERR_VERSION;
	}
	return head->day == when_day(head->day) ? 0 : ERR_DAMAGED;
}

int tally_layout_words(const struct tally_front *front,
    const struct hash_key *salt, uint64_t value[TALLY_WORDS])
{
	for (unsigned i = 0; i < TALLY_WORDS; i++) {
		uint64_t word =
		    atomic_load_explicit(&front->word[i], memory_order_acquire);

		if (!tally_layout_unword(salt, i, word, &value[i])) {
			return ERR_DAMAGED;
		}
	}
	if (value[TALLY_WORD_FACTS] > UINT32_MAX ||
	    value[TALLY_WORD_NAMES] > UINT32_MAX ||
	    value[TALLY_WORD_EXTENTS] > TALLY_EXTENTS ||
	    value[TALLY_WORD_FEEDS] > TALLY_FEEDS) {
		return ERR_DAMAGED;
	}
	return 0;
}

bool tally_layout_extent(const struct hash_key *salt, uint32_t number,
    const struct tally_extent *e, uint64_t after)
{
	uint64_t unit = e->kind == TALLY_FACTS ? TALLY_CHUNK : TALLY_PAGE;

	return tally_layout_extent_check(salt, number, e) == e->check &&
	    e->kind > TALLY_NONE && e->kind < TALLY_KINDS && e->size > 0 &&
	    e->size <= TALLY_COUNT_MAX && e->size % unit == 0 &&
	    e->offset <= TALLY_COUNT_MAX && e->offset >= after &&
	    e->offset % TALLY_PAGE == 0;
}

uint64_t tally_layout_extent_check(
    const struct hash_key *salt, uint32_t number, const struct tally_extent *e)
{
	return keyed(
	    salt, TAG_EXTENT, number, e, offsetof(struct tally_extent, check));
}

uint64_t tally_layout_feed_check(const struct hash_key *salt, uint32_t number,
    const struct tally_feed_slot *feed)
{
	return keyed(salt, TAG_FEED, number, &feed->applied,
	    sizeof(*feed) - offsetof(struct tally_feed_slot, applied));
}

uint64_t tally_layout_redo_check(
    const struct hash_key *salt, const struct tally_redo *redo)
{
	size_t size = offsetof(struct tally_redo, entry) -
	    offsetof(struct tally_redo, sequence);

	assert(redo->n <= TALLY_BATCH_FACTS);
	return keyed(salt, TAG_REDO, 0, &redo->sequence,
	    size + redo->n * sizeof(struct tally_redo_entry));
}

uint64_t tally_layout_policy_check(const struct hash_key *salt, uint64_t offset,
    const struct tally_policy_head *policy)
{
	return keyed(salt, TAG_POLICY, offset, &policy->body_check,
	    sizeof(*policy) - offsetof(struct tally_policy_head, body_check));
}

uint64_t tally_layout_body_check(
    const struct hash_key *salt, const void *body, size_t len)
{
	return keyed(salt, TAG_BODY, 0, body, len);
}

uint64_t tally_layout_slot_check(
    const struct hash_key *salt, uint32_t number, const struct tally_key *key)
{
	return keyed(salt, TAG_FACT, number, key->b, key->len);
}

/* memcpy, a word at a time, of what another process may be writing. */
static void copy_words(void *to, const void *from, size_t size)
{
	const _Atomic uint64_t *src = from;
	uint64_t *dst = to;

	for (size_t i = 0; i < size / sizeof(*dst); i++) {
		dst[i] = atomic_load_explicit(&src[i], memory_order_relaxed);
	}
}

bool tally_layout_feed_copy(const struct hash_key *salt, uint32_t number,
    const struct tally_feed_slot *from, struct tally_feed_slot *to)
{
	copy_words(to, from, sizeof(*to));
	return tally_layout_feed_check(salt, number, to) == to->check &&
	    memchr(to->name, '\0', sizeof(to->name)) != NULL &&
	    memchr(to->mta, '\0', sizeof(to->mta)) != NULL;
}

bool tally_layout_redo_copy(const struct hash_key *salt,
    const struct tally_redo *from, struct tally_redo *to)
{
	uint64_t state;

	copy_words(to, from, sizeof(*to));
	return tally_layout_unword(salt, TALLY_ID_REDO,
		   atomic_load_explicit(&to->state, memory_order_relaxed),
		   &state) &&
	    (state & 1) != 0 && to->n <= TALLY_BATCH_FACTS &&
	    to->sequence == state >> 1 &&
	    tally_layout_redo_check(salt, to) == to->check;
}

static bool is_zero(const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (b[i] != 0) {
			return false;
		}
	}
	return true;
}

void tally_layout_columns(
    const struct fact *fact, struct view column[TALLY_COLUMNS])
{
	const char *policy = (const char *)fact->policy;

	column[TALLY_DOMAIN] = fact->domain;
	column[TALLY_MX] = fact->mx;
	column[TALLY_REASON] = fact->reason;
	column[TALLY_LEVEL] = fact->level;
	column[TALLY_VERDICT] = fact->verdict;
	column[TALLY_VERSION_NAME] = fact->version;
	column[TALLY_HELO] = fact->helo;
	column[TALLY_FEED] = fact->feed;
	column[TALLY_POLICY_HASH] = view_make(policy,
	    is_zero(fact->policy, FACT_POLICY_HASH) ? 0 : FACT_POLICY_HASH);
}

/* Sets the names of a fact, but for the policy's hash. */
static void set_columns(
    struct fact *fact, const struct view column[TALLY_COLUMNS])
{
	fact->domain = column[TALLY_DOMAIN];
	fact->mx = column[TALLY_MX];
	fact->reason = column[TALLY_REASON];
	fact->level = column[TALLY_LEVEL];
	fact->verdict = column[TALLY_VERDICT];
	fact->version = column[TALLY_VERSION_NAME];
	fact->helo = column[TALLY_HELO];
	fact->feed = column[TALLY_FEED];
}

void tally_layout_key(struct tally_key *key)
{
	struct fact *fact = &key->fact;
	const uint8_t enums[4] = { (uint8_t)fact->tls, (uint8_t)fact->chain,
		(uint8_t)fact->name, (uint8_t)fact->dane };
	uint8_t *p = key->b;

	tally_layout_columns(fact, key->column);
	memcpy(p, enums, sizeof(enums));
	p += sizeof(enums);
	memcpy(p, fact->ip.b, sizeof(fact->ip.b));
	p += sizeof(fact->ip.b);
	memcpy(p, fact->sending_ip.b, sizeof(fact->sending_ip.b));
	p += sizeof(fact->sending_ip.b);
	for (unsigned i = 0; i < TALLY_COLUMNS; i++) {
		struct view *v = &key->column[i];
		uint16_t len = (uint16_t)v->len;

		assert(v->len <= column_max[i]);
		memcpy(p, &len, sizeof(len));
		p += sizeof(len);
		if (len > 0) {
			memcpy(p, v->s, len);
		}
		v->s = (const char *)p;
		p += len;
	}
	set_columns(fact, key->column);
	key->len = (size_t)(p - key->b);
}

/* The names of a slot; false: one of them is none. */
static bool read_columns(const struct tally_space *space,
    const struct tally_slot *slot, struct view column[TALLY_COLUMNS])
{
	for (unsigned i = 0; i < TALLY_COLUMNS; i++) {
		if (!tally_layout_name(space, slot->column[i], &column[i]) ||
		    column[i].len > column_max[i]) {
			return false;
		}
	}
	return column[TALLY_POLICY_HASH].len == 0 ||
	    column[TALLY_POLICY_HASH].len == FACT_POLICY_HASH;
}

bool tally_layout_fact(const struct tally_space *space, uint32_t number,
    const struct tally_slot *slot, struct fact *out, struct tally_key *key)
{
	struct view column[TALLY_COLUMNS];

	if (!read_columns(space, slot, column)) {
		return false;
	}
	memset(out, 0, sizeof(*out));
	set_columns(out, column);
	out->ip = slot->ip;
	out->sending_ip = slot->sending_ip;
	out->tls = (enum fact_tls)slot->tls;
	out->chain = (enum fact_chain)slot->chain;
	out->name = (enum fact_name)slot->name;
	out->dane = (enum fact_dane)slot->dane;
	if (column[TALLY_POLICY_HASH].len > 0) {
		memcpy(
		    out->policy, column[TALLY_POLICY_HASH].s, FACT_POLICY_HASH);
	}
	key->fact = *out;
	tally_layout_key(key);
	return tally_layout_slot_check(&space->salt, number, key) ==
	    slot->check &&
	    fact_check(out);
}

/* Do the lengths of a policy keep their bounds? */
static bool policy_fits(const struct tally_policy_head *head)
{
	return head->domain_len <= DOMAIN_MAX && head->mx_len <= DOMAIN_MAX &&
	    head->content_len <= POLICY_CONTENT_MAX &&
	    head->source <= TALLY_SOURCE_MAX;
}

uint64_t tally_layout_policy(const struct tally_space *space, uint64_t offset,
    struct policy *out, bool *whole)
{
	struct tally_policy_head head;
	const char *body;
	size_t len;

	*whole = false;
	if (offset > space->end || space->end - offset < sizeof(head)) {
		return 0;
	}
	memcpy(&head, space->base + offset, sizeof(head));
	len = (size_t)head.domain_len + head.mx_len + head.content_len;
	if (!policy_fits(&head) || space->end - offset - sizeof(head) < len ||
	    tally_layout_policy_check(&space->salt, offset, &head) !=
		head.check) {
		return 0;
	}
	body = (const char *)space->base + offset + sizeof(head);
	*whole =
	    tally_layout_body_check(&space->salt, body, len) == head.body_check;
	memcpy(out->hash, head.hash, sizeof(out->hash));
	out->domain = view_make(body, head.domain_len);
	out->mx = view_make(body + head.domain_len, head.mx_len);
	out->content =
	    view_make(body + head.domain_len + head.mx_len, head.content_len);
	out->since = head.since;
	out->source = (enum policy_source)head.source;
	return (sizeof(head) + len + TALLY_UNIT - 1) / TALLY_UNIT * TALLY_UNIT;
}
