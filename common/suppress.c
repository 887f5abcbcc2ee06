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
	db_copy(d, 2, out->domain, sizeof(out->domain));
	out->bounces = (unsigned)db_int(d, 3);
	out->last = db_int(d, 4);
	out->until = db_int(d, 5);
	out->accepted = db_int(d, 6);
	db_copy(d, 7, out->why, sizeof(out->why));
}

/* Begins with a statement whose first parameters are destination and domain. */
static struct db *use(struct ledger *l, enum ledger_statement which,
    const struct record_rua *to, const char *domain)
{
	struct db *d = l->db;

	db_use(d, which);
	ledger_bind_rua(d, 1, to);
	db_bind_text(d, 3, view_of(domain));
	return d;
}

/* All members but to and domain are zero when nothing is known of it. */
static int find(struct ledger *l, const struct record_rua *to,
    const char *domain, struct suppress_entry *out)
{
	struct db *d = use(l, LEDGER_SUPPRESS_FIND, to, domain);
	bool found;
	int rc = db_step(d, &found);

	if (rc == 0 && found) {
		get_entry(d, out);
	} else {
		*out = (struct suppress_entry){ .to = *to };
		(void)snprintf(out->domain, sizeof(out->domain), "%s", domain);
	}
	db_done(d);
	return rc;
}

static int set(struct ledger *l, const struct suppress_entry *e)
{
	struct db *d = use(l, LEDGER_SUPPRESS_SET, &e->to, e->domain);

	db_bind_int(d, 4, e->bounces);
	db_bind_int(d, 5, e->last);
	db_bind_int(d, 6, e->until);
	db_bind_int(d, 7, e->accepted);
	db_bind_text(d, 8, view_of(e->why));
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

int suppress_find(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t now, bool *is_suppressed)
{
	struct db *d = use(l, LEDGER_SUPPRESS_UNTIL, to, domain);
	bool is_row;
	int rc = db_step(d, &is_row);

	*is_suppressed = rc == 0 && is_row && now < db_int(d, 0);
	db_done(d);
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

static int add_bounce(struct ledger *l, const struct outbox_item *item,
    int64_t now, const char *why)
{
	struct suppress_entry e;
	int rc = find(l, &item->to, item->domain, &e);

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
	return rc == 0 ? add_bounce(l, &item, now, why) : rc;
}

int suppress_accepted(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t now)
{
	struct db *d;
	int rc = ledger_begin(l);

	if (rc != 0) {
		return rc;
	}
	d = use(l, LEDGER_SUPPRESS_ACCEPTED, to, domain);
	db_bind_int(d, 4, now);
	return db_run(d);
}

int suppress_add(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t until, const char *why)
{
	struct suppress_entry e;
	int rc = ledger_begin(l);

	rc = rc == 0 ? find(l, to, domain, &e) : rc;
	if (rc == 0) {
		e.until = until;
		set_why(e.why, why);
		rc = set(l, &e);
	}
	return rc;
}

int suppress_lift(struct ledger *l, const struct record_rua *to,
    const char *domain, bool *was_there)
{
	struct db *d;
	int rc = ledger_begin(l);

	*was_there = false;
	if (rc == 0) {
		d = use(l, LEDGER_SUPPRESS_LIFT, to, domain);
		db_bind_int(d, 4, domain == NULL);
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

int suppress_next(struct ledger *l, struct suppress_entry *e, bool *found)
{
	struct db *d = use(l, LEDGER_SUPPRESS_NEXT, &e->to, e->domain);
	int rc = db_step(d, found);

	if (rc == 0 && *found) {
		get_entry(d, e);
	}
	db_done(d);
	return rc;
}
