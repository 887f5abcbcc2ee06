/* SPDX-License-Identifier: BSD-2-Clause */
/* suppress.c - destinations that nothing is sent to for a time */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/ledger_private.h"
#include "common/suppress.h"
#include "common/when.h"

static void get_entry(struct db *d, struct suppress_entry *out)
{
	memset(out, 0, sizeof(*out));
	ledger_get_rua(d, 0, &out->to);
	out->bounces = (unsigned)db_int(d, 2);
	out->last = db_int(d, 3);
	out->until = db_int(d, 4);
	out->accepted = db_int(d, 5);
	db_copy(d, 6, out->why, sizeof(out->why));
}

/* All members but to are zero when nothing is known of it. */
static int find(struct ledger *l, const struct record_rua *to,
    struct suppress_entry *out, bool *found)
{
	struct db *d = l->db;
	int rc;

	db_use(d, LEDGER_SUPPRESS_FIND);
	ledger_bind_rua(d, 1, to);
	rc = db_step(d, found);
	if (rc == 0 && *found) {
		get_entry(d, out);
	} else {
		*out = (struct suppress_entry){ .to = *to };
	}
	db_done(d);
	return rc;
}

static int set(struct ledger *l, const struct suppress_entry *e)
{
	struct db *d = l->db;

	db_use(d, LEDGER_SUPPRESS_SET);
	ledger_bind_rua(d, 1, &e->to);
	db_bind_int(d, 3, e->bounces);
	db_bind_int(d, 4, e->last);
	db_bind_int(d, 5, e->until);
	db_bind_int(d, 6, e->accepted);
	db_bind_text(d, 7, view_of(e->why));
	return db_run(d);
}

/* Texts of strangers, for a terminal. */
static void set_why(char out[OUTBOX_ANSWER], const char *why)
{
	(void)snprintf(out, OUTBOX_ANSWER, "%s", why);
	for (char *c = out; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}
}

int suppress_find(struct ledger *l, const struct record_rua *to, int64_t now,
    bool *is_suppressed)
{
	struct suppress_entry e;
	bool found;
	int rc = find(l, to, &e, &found);

	*is_suppressed = rc == 0 && found && now < e.until;
	return rc;
}

/* How long after so many days with a bounce. */
static int64_t period(unsigned bounces)
{
	int64_t s = SUPPRESS_FIRST_S;

	if (bounces < 2) {
		return 0;
	}
	for (unsigned i = 2; i < bounces && s < SUPPRESS_MAX_S; i++) {
		s *= 2;
	}
	return s < SUPPRESS_MAX_S ? s : SUPPRESS_MAX_S;
}

static void count_bounce(struct suppress_entry *e, int64_t now, const char *why)
{
	int64_t until;

	if (e->accepted != 0 && now - e->accepted >= SUPPRESS_GOOD_S) {
		e->bounces = 0; /* it had worked in between */
		e->last = 0;
	}
	e->accepted = 0;
	set_why(e->why, why);
	/* several reports of a day tell one thing */
	if (e->bounces > 0 && when_day(now) <= when_day(e->last)) {
		return;
	}
	e->bounces++;
	e->last = now;
	until = now + period(e->bounces);
	if (e->bounces > 1 && until > e->until) {
		e->until = until;
	}
}

static int add_bounce(
    struct ledger *l, const struct record_rua *to, int64_t now, const char *why)
{
	struct suppress_entry e;
	bool found;
	int rc = find(l, to, &e, &found);

	if (rc == 0) {
		count_bounce(&e, now, why);
		rc = set(l, &e);
	}
	return rc;
}

int suppress_bounce(struct ledger *l, const char *token, int64_t now,
    const char *why, bool *is_known)
{
	struct outbox_query q = { .token = token };
	struct outbox_item item;
	int rc = outbox_next(l, &q, &item, is_known);

	if (rc != 0 || !*is_known || item.state == OUTBOX_BOUNCED) {
		return rc;
	}
	item.state = OUTBOX_BOUNCED;
	set_why(item.answer, why);
	rc = outbox_update(l, &item);
	return rc == 0 ? add_bounce(l, &item.to, now, why) : rc;
}

int suppress_accepted(
    struct ledger *l, const struct record_rua *to, int64_t now)
{
	struct db *d;
	int rc = ledger_begin(l);

	if (rc != 0) {
		return rc;
	}
	d = l->db;
	db_use(d, LEDGER_SUPPRESS_ACCEPTED);
	ledger_bind_rua(d, 1, to);
	db_bind_int(d, 3, now);
	return db_run(d);
}

int suppress_add(struct ledger *l, const struct record_rua *to, int64_t until,
    const char *why)
{
	struct suppress_entry e;
	bool found;
	int rc = ledger_begin(l);

	rc = rc == 0 ? find(l, to, &e, &found) : rc;
	if (rc == 0) {
		e.until = until;
		set_why(e.why, why);
		rc = set(l, &e);
	}
	return rc;
}

int suppress_lift(
    struct ledger *l, const struct record_rua *to, bool *was_there)
{
	struct db *d;
	int rc = ledger_begin(l);

	*was_there = false;
	if (rc == 0) {
		d = l->db;
		db_use(d, LEDGER_SUPPRESS_LIFT);
		ledger_bind_rua(d, 1, to);
		rc = db_run(d);
		*was_there = rc == 0 && db_changes(d) > 0;
	}
	return rc;
}

int suppress_forget(struct ledger *l, int64_t now)
{
	struct db *d;
	int rc = ledger_begin(l);

	if (rc == 0) {
		d = ledger_use(l, LEDGER_SUPPRESS_FORGET, now);
		db_bind_int(d, 2, now - SUPPRESS_GOOD_S);
		db_bind_int(d, 3, now - SUPPRESS_FORGET_S);
		rc = db_run(d);
	}
	return rc;
}

int suppress_next(struct ledger *l, struct record_rua *cursor,
    struct suppress_entry *out, bool *found)
{
	struct db *d = l->db;
	int rc;

	db_use(d, LEDGER_SUPPRESS_NEXT);
	ledger_bind_rua(d, 1, cursor);
	rc = db_step(d, found);
	if (rc == 0 && *found) {
		get_entry(d, out);
		*cursor = out->to;
	}
	db_done(d);
	return rc;
}
