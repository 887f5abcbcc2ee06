/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_state.c - the open messages and connections of an Exim
 *
 * What an entry holds depends on the lines from its pos on, and on no earlier
 * one: where one entry is looked at on behalf of another, both need the lines
 * of both from then on (exim_state_join()).
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/exim_private.h"
#include "common/hash.h"
#include "common/mem.h"

void exim_key_of(
    struct view host, char kind, struct view text, struct exim_key *out)
{
	/* two words, so that no stranger's text meets another by chance */
	for (uint64_t i = 0; i < 2; i++) {
		struct hash_key key = { 0x74656c6c746c73, 8 + i };
		uint64_t h = hash_sip(&key, host.s, host.len);

		key.k1 = h ^ (uint64_t)(unsigned char)kind;
		out->word[i] = hash_sip(&key, text.s, text.len);
	}
}

static bool is_waiting(const struct exim_message *m)
{
	const struct exim_session *s;

	TAILQ_FOREACH(s, &m->sessions, link) {
		/* plain lines never say that nothing more will come */
		if (!s->is_plain && s->left_out == COUNTER_COUNT &&
		    (!s->is_settled || s->n_domains == 0)) {
			return true;
		}
	}
	return false;
}

static int message_close(
    struct exim *ex, struct exim_message *m, enum counter why)
{
	int rc = 0;

	if (why != COUNTER_COUNT && is_waiting(m)) {
		rc = exim_bump(ex, m->slot.last, why);
	}
	if (rc == 0) {
		rc = exim_plain_settle(ex, m);
	}
	if (rc == 0) {
		rc = exim_rules_settle(ex, m);
	}
	while (rc == 0 && !TAILQ_EMPTY(&m->sessions)) {
		struct exim_session *s = TAILQ_FIRST(&m->sessions);

		TAILQ_REMOVE(&m->sessions, s, link);
		rc = exim_session_leave(ex, s);
	}
	if (rc == 0) {
		exim_table_remove(&ex->messages, &m->slot);
		free(m);
	}
	return rc;
}

static int connection_close(struct exim *ex, struct exim_connection *c)
{
	int rc = 0;

	if (c->session != NULL) {
		c->session->connection = NULL;
		rc = exim_session_leave(ex, c->session);
		c->session = NULL;
	}
	if (rc == 0) {
		exim_table_remove(&ex->connections, &c->slot);
		free(c);
	}
	return rc;
}

void exim_split_drop(struct exim *ex, struct exim_split *split)
{
	exim_table_remove(&ex->splits, &split->slot);
	free(split->text);
	free(split);
}

/* The other part of a record never came. */
static int split_close(struct exim *ex, struct exim_split *split)
{
	int64_t t = split->slot.last;

	exim_split_drop(ex, split);
	return exim_bump(ex, t, COUNTER_BAD_RECORD);
}

/* A record in parts begins before what came in between. */
static void take_pos(struct exim_slot *slot, uint64_t pos)
{
	if (pos < slot->pos) {
		slot->pos = pos;
	}
}

int exim_message_get(struct exim *ex, const struct exim_key *key, uint64_t pos,
    struct exim_message **out)
{
	struct exim_slot *slot = exim_table_find(&ex->messages, key);
	struct exim_message *m = (struct exim_message *)slot;
	int rc = 0;

	if (m == NULL) {
		m = xcalloc(1, sizeof(*m));
		TAILQ_INIT(&m->sessions);
		exim_table_add(&ex->messages, &m->slot, key, pos);
		slot = exim_table_surplus(&ex->messages);
		if (slot != NULL) {
			rc = message_close(
			    ex, (struct exim_message *)slot, COUNTER_EVICTED);
		}
	}
	take_pos(&m->slot, pos);
	*out = m;
	return rc;
}

int exim_connection_get(struct exim *ex, const struct exim_key *key,
    uint64_t pos, struct exim_connection **out)
{
	struct exim_slot *slot = exim_table_find(&ex->connections, key);
	struct exim_connection *c = (struct exim_connection *)slot;
	int rc = 0;

	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		exim_table_add(&ex->connections, &c->slot, key, pos);
		slot = exim_table_surplus(&ex->connections);
		if (slot != NULL) {
			rc = connection_close(
			    ex, (struct exim_connection *)slot);
		}
	}
	take_pos(&c->slot, pos);
	*out = c;
	return rc;
}

int exim_split_get(struct exim *ex, const struct exim_key *key, uint64_t pos,
    struct exim_split **out)
{
	struct exim_slot *slot = exim_table_find(&ex->splits, key);
	struct exim_split *split = (struct exim_split *)slot;
	int rc = 0;

	if (split == NULL) {
		split = xcalloc(1, sizeof(*split));
		exim_table_add(&ex->splits, &split->slot, key, pos);
		slot = exim_table_surplus(&ex->splits);
		if (slot != NULL) {
			rc = split_close(ex, (struct exim_split *)slot);
		}
	}
	*out = split;
	return rc;
}

void exim_state_join(struct exim_message *m, struct exim_connection *c)
{
	uint64_t pos = m->slot.pos < c->slot.pos ? m->slot.pos : c->slot.pos;
	struct exim_session *s;

	m->slot.pos = pos;
	c->slot.pos = pos;
	TAILQ_FOREACH(s, &m->sessions, link) {
		if (s->connection != NULL) {
			take_pos(&s->connection->slot, pos);
		}
	}
}

static bool is_over(const struct exim_slot *slot, int64_t t)
{
	return slot != NULL && slot->deadline < t;
}

int exim_state_expire(struct exim *ex, int64_t t)
{
	struct exim_slot *slot;
	int rc = 0;

	while (rc == 0 && is_over(slot = exim_table_first(&ex->messages), t)) {
		rc = message_close(
		    ex, (struct exim_message *)slot, COUNTER_EXPIRED);
	}
	while (
	    rc == 0 && is_over(slot = exim_table_first(&ex->connections), t)) {
		rc = connection_close(ex, (struct exim_connection *)slot);
	}
	while (rc == 0 && is_over(slot = exim_table_first(&ex->splits), t)) {
		rc = split_close(ex, (struct exim_split *)slot);
	}
	return rc;
}

int exim_state_flush(struct exim *ex)
{
	struct exim_slot *slot;
	int rc = 0;

	while (rc == 0 && (slot = exim_table_first(&ex->messages)) != NULL) {
		rc = message_close(
		    ex, (struct exim_message *)slot, COUNTER_COUNT);
	}
	while (rc == 0 && (slot = exim_table_first(&ex->connections)) != NULL) {
		rc = connection_close(ex, (struct exim_connection *)slot);
	}
	while (rc == 0 && (slot = exim_table_first(&ex->splits)) != NULL) {
		rc = split_close(ex, (struct exim_split *)slot);
	}
	return rc;
}

void exim_state_release(struct exim *ex)
{
	struct exim_slot *slot;

	while ((slot = exim_table_first(&ex->messages)) != NULL) {
		struct exim_message *m = (struct exim_message *)slot;
		struct exim_session *s;

		while ((s = TAILQ_FIRST(&m->sessions)) != NULL) {
			exim_session_drop(m, s);
		}
		exim_table_remove(&ex->messages, slot);
		free(m);
	}
	while ((slot = exim_table_first(&ex->connections)) != NULL) {
		struct exim_connection *c = (struct exim_connection *)slot;

		if (c->session != NULL) {
			/* in clear: nothing is counted */
			c->session->is_clear = true;
			(void)exim_session_leave(ex, c->session);
		}
		exim_table_remove(&ex->connections, slot);
		free(c);
	}
	while ((slot = exim_table_first(&ex->splits)) != NULL) {
		exim_split_drop(ex, (struct exim_split *)slot);
	}
}

unsigned exim_state_open(const struct exim *ex)
{
	const struct exim_slot *slot;
	unsigned n = 0;

	TAILQ_FOREACH(slot, &ex->messages.slots, link) {
		n += is_waiting((const struct exim_message *)slot);
	}
	return n;
}
