/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.c - reports on their way, in the ledger's file
 *
 * A walk over items is one statement a step, so that between two of them
 * nothing is locked and anything may change: the next item is the first one
 * behind the last that still fits.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/ledger_private.h"
#include "common/outbox.h"
#include "common/suppress.h"

enum {
	WORD_BUF = 16
};

static const char too_old[] = "of a day before those that were to be sent";

static enum outbox_state state_of(const char *word)
{
	for (int i = OUTBOX_WAITING; i <= OUTBOX_SUPPRESSED; i++) {
		if (strcmp(word, outbox_state_word((enum outbox_state)i)) ==
		    0) {
			return (enum outbox_state)i;
		}
	}
	return OUTBOX_GIVEN_UP; /* the table has no other */
}

/* The row of the statement in use; columns as in ledger_schema.c. */
static void get_item(struct db *d, struct outbox_item *out)
{
	char word[WORD_BUF];

	memset(out, 0, sizeof(*out));
	out->id = db_int(d, 0);
	out->day = db_int(d, 1);
	db_copy(d, 2, out->domain, sizeof(out->domain));
	db_copy(d, 3, out->file, sizeof(out->file));
	out->number = (unsigned)db_int(d, 4);
	ledger_get_rua(d, 5, &out->to);
	db_copy(d, 7, out->token, sizeof(out->token));
	db_copy(d, 8, word, sizeof(word));
	out->state = state_of(word);
	out->tries = (unsigned)db_int(d, 9);
	out->first_try = db_int(d, 10);
	out->last_try = db_int(d, 11);
	out->next_try = db_int(d, 12);
	db_copy(d, 13, out->answer, sizeof(out->answer));
}

static int get_first(struct db *d, struct outbox_item *out, bool *found)
{
	int rc = db_step(d, found);

	if (rc == 0 && *found) {
		get_item(d, out);
	}
	db_done(d);
	return rc;
}

static int fill_random(unsigned char *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -EIO;
}

/*
 * The first bytes are the same in all of a batch, so that its tokens stand side
 * by side in the index; the others suffice not to be guessed.
 */
static int make_token(struct ledger *l, char out[OUTBOX_TOKEN + 1])
{
	static const unsigned char none[LEDGER_BATCH];
	static const char digits[] = "0123456789abcdef";

	unsigned char bytes[OUTBOX_TOKEN / 2];
	int rc = fill_random(bytes, sizeof(bytes));

	if (rc == 0 && memcmp(l->batch, none, sizeof(none)) == 0) {
		rc = fill_random(l->batch, sizeof(l->batch));
	}
	memcpy(bytes, l->batch, sizeof(l->batch));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[OUTBOX_TOKEN] = '\0';
	return rc;
}

/* Adds it, if there is no such one. */
static int insert(struct db *d, const struct outbox_item *item)
{
	db_use(d, LEDGER_OUTBOX_ADD);
	db_bind_int(d, 1, item->day);
	db_bind_text(d, 2, view_of(item->domain));
	db_bind_text(d, 3, view_of(item->file));
	db_bind_int(d, 4, item->number);
	ledger_bind_rua(d, 5, &item->to);
	db_bind_text(d, 7, view_of(item->token));
	db_bind_text(d, 8, view_of(outbox_state_word(item->state)));
	db_bind_int(d, 9, item->tries);
	db_bind_int(d, 10, item->first_try);
	db_bind_int(d, 11, item->last_try);
	db_bind_int(d, 12, item->next_try);
	db_bind_text(d, 13, view_of(item->answer));
	return db_run(d);
}

static int find_same(struct db *d, struct outbox_item *item)
{
	const struct outbox_item key = *item;
	bool found;

	db_use(d, LEDGER_OUTBOX_SAME);
	db_bind_int(d, 1, key.day);
	db_bind_text(d, 2, view_of(key.domain));
	ledger_bind_rua(d, 3, &key.to);
	return get_first(d, item, &found);
}

/* A batch keeps others from changing it. */
static int find_since(struct ledger *l)
{
	int rc = l->has_since ? 0 : outbox_enabled(l, &l->since);

	l->has_since = rc == 0;
	return rc;
}

int outbox_add(struct ledger *l, struct outbox_item *item)
{
	struct db *d = l->db;
	int rc = ledger_begin(l);

	rc = rc == 0 ? find_since(l) : rc;
	rc = rc == 0 ? make_token(l, item->token) : rc;
	if (rc != 0) {
		return rc;
	}
	item->state = OUTBOX_WAITING;
	item->tries = 0;
	item->first_try = 0;
	item->last_try = 0;
	item->answer[0] = '\0';
	if (item->day < l->since) {
		item->state = OUTBOX_GIVEN_UP;
		(void)snprintf(
		    item->answer, sizeof(item->answer), "%s", too_old);
	}
	rc = insert(d, item);
	if (rc == 0 && db_changes(d) == 0) {
		return find_same(d, item);
	}
	item->id = db_last_id(d);
	return rc;
}

int outbox_update(struct ledger *l, const struct outbox_item *item)
{
	struct db *d;
	int rc = ledger_begin(l);

	if (rc != 0) {
		return rc;
	}
	d = ledger_use(l, LEDGER_OUTBOX_UPDATE, item->id);
	db_bind_text(d, 2, view_of(outbox_state_word(item->state)));
	db_bind_int(d, 3, item->tries);
	db_bind_int(d, 4, item->first_try);
	db_bind_int(d, 5, item->last_try);
	db_bind_int(d, 6, item->next_try);
	db_bind_text(d, 7, view_of(item->answer));
	rc = db_run(d);
	if (rc == 0 && item->state == OUTBOX_SENT) {
		rc = suppress_accepted(
		    l, &item->to, item->domain, item->last_try);
	}
	return rc;
}

/* The index that leads to the fewest items. */
static enum ledger_statement statement_of(const struct outbox_query *q)
{
	return q->token != NULL       ? LEDGER_OUTBOX_TOKEN :
	    q->domain != NULL         ? LEDGER_OUTBOX_DOMAIN :
	    q->due != 0 || q->is_open ? LEDGER_OUTBOX_OPEN :
	    q->is_failed              ? LEDGER_OUTBOX_FAILED :
	    q->day != 0               ? LEDGER_OUTBOX_DAY :
					LEDGER_OUTBOX_ALL;
}

int outbox_next(struct ledger *l, const struct outbox_query *q,
    struct outbox_item *out, bool *found)
{
	struct db *d = ledger_use(l, statement_of(q), q->after_id);

	db_bind_int(d, 2, q->due);
	db_bind_int(d, 3, q->day);
	db_bind_text(d, 4, view_of(q->domain));
	db_bind_int(d, 5, q->is_open);
	db_bind_text(d, 6, view_of(q->token));
	db_bind_int(d, 7, q->is_failed);
	return get_first(d, out, found);
}

int outbox_count(struct ledger *l, int64_t now, struct outbox_counts *out)
{
	struct db *d = l->db;
	bool is_row;
	int rc;

	memset(out, 0, sizeof(*out));
	db_use(d, LEDGER_OUTBOX_STATES);
	rc = db_step(d, &is_row);
	for (int i = 0; rc == 0 && is_row && i <= OUTBOX_SUPPRESSED; i++) {
		out->n[i] = (uint64_t)db_int(d, i);
	}
	if (rc == 0) {
		d = ledger_use(l, LEDGER_OUTBOX_DUE, now);
		rc = db_step(d, &is_row);
	}
	if (rc == 0 && is_row) {
		out->due = (uint64_t)db_int(d, 0);
		out->next_try = db_int(d, 1);
	}
	db_done(d);
	return rc;
}

int outbox_summary(struct ledger *l, int64_t since, struct outbox_summary *out)
{
	struct db *d = ledger_use(l, LEDGER_OUTBOX_SUMMARY, since);
	bool is_row;
	int rc = db_step(d, &is_row);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && is_row) {
		out->mails = (uint64_t)db_int(d, 0);
		out->uploads = (uint64_t)db_int(d, 1);
		out->reports = (uint64_t)db_int(d, 2);
		out->domains = (uint64_t)db_int(d, 3);
		out->targets = (uint64_t)db_int(d, 4);
	}
	db_done(d);
	return rc;
}

int outbox_targets(struct ledger *l, int64_t since, struct outbox_target *out,
    size_t size, size_t *n)
{
	struct db *d = ledger_use(l, LEDGER_OUTBOX_TARGETS, since);
	bool is_row = true;
	int rc = 0;

	*n = 0;
	db_bind_int(d, 2, (int64_t)size);
	while (rc == 0 && is_row && *n < size) {
		rc = db_step(d, &is_row);
		if (rc == 0 && is_row) {
			ledger_get_rua(d, 0, &out[*n].to);
			out[*n].items = (uint64_t)db_int(d, 2);
			(*n)++;
		}
	}
	db_done(d);
	return rc;
}

int outbox_forget(struct ledger *l, int64_t before_day)
{
	int rc = ledger_begin(l);

	return rc == 0 ?
	    db_run(ledger_use(l, LEDGER_OUTBOX_FORGET, before_day)) :
	    rc;
}

int outbox_enabled(struct ledger *l, int64_t *since)
{
	struct db *d = l->db;
	bool is_row;
	int rc;

	db_use(d, LEDGER_LEAVE);
	rc = db_step(d, &is_row);
	*since = rc == 0 && is_row ? db_int(d, 0) : 0;
	db_done(d);
	return rc;
}

int outbox_enable(struct ledger *l, int64_t since)
{
	struct db *d;
	int rc = ledger_begin(l);

	l->has_since = false;
	if (rc == 0) {
		rc = db_run(ledger_use(l, LEDGER_SET_LEAVE, since));
	}
	if (rc == 0 && since != 0) {
		d = ledger_use(l, LEDGER_OUTBOX_GIVE_UP, since);
		db_bind_text(d, 2, view_of(too_old));
		rc = db_run(d);
	}
	return rc;
}
