/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail.c - what the lines of a Sendmail say of its outgoing sessions
 *
 * First-class are the records of our rules (sendmail_rules.c). A process that
 * writes them is judged by them alone: of the plain lines they need only the
 * reason of a failure, logged just before. A process without rules is read
 * from its plain lines (sendmail_plain.c).
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/sendmail_line.h"
#include "common/sendmail_plain.h"
#include "common/sendmail_record.h"
#include "common/sendmail_rules.h"
#include "common/sendmail_state.h"

/* A to= line ends a delivery attempt. */
static int line_to(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);
	int rc = 0;

	sendmail_hints_clear(p);
	if (!l->has_relay) {
		p->served = l->has_more ? p->served : NULL;
		return 0;
	}
	while (rc == 0 && s != NULL) {
		struct sendmail_session *next = LIST_NEXT(s, link);

		if (s->from_rules) {
			rc = sendmail_rules_to(sm, p, s, l);
		}
		s = next;
	}
	rc = rc != 0 ? rc : sendmail_plain_to(sm, p, pos, t, l);
	if (!l->has_more) {
		p->served = NULL;
	}
	return rc;
}

static void drop_split(struct sendmail_process *p)
{
	free(p->split);
	p->split = NULL;
	p->split_len = 0;
	p->split_parts = 0;
}

/* Adds a part of a record that Sendmail cut. False: there is no such record. */
static bool keep_split(
    struct sendmail_process *p, const struct sendmail_line *l)
{
	if (p->split_len + l->text.len > SENDMAIL_SPLIT ||
	    l->part != p->split_parts + 1) {
		return false;
	}
	p->split = xrealloc_array(p->split, p->split_len + l->text.len, 1);
	memcpy(p->split + p->split_len, l->text.s, l->text.len);
	p->split_len += l->text.len;
	p->split_parts++;
	return true;
}

static int bad_split(struct sendmail *sm, struct sendmail_process *p, int64_t t)
{
	drop_split(p);
	return sendmail_bump(sm, t, COUNTER_BAD_RECORD);
}

static int line_split_head(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	p->split_pos = pos;
	(void)view_copy(l->qid, p->split_qid, sizeof(p->split_qid));
	return keep_split(p, l) ? 0 : bad_split(sm, p, t);
}

/* The message goes on under other ids, which share what was noted of it. */
static void line_ids(
    struct sendmail *sm, int64_t t, const struct sendmail_line *l)
{
	struct view rest = l->ids;
	struct view id;

	while (rest.len > 0 && sendmail_line_next_id(&rest, &id)) {
		mta_noted_alias(&sm->mta, l->qid, id, t);
	}
}

static int line_record(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	if (l->kind == SENDMAIL_TRY) {
		return sendmail_rules_try(sm, p, pos, l);
	}
	if (l->kind == SENDMAIL_SERVER) {
		return sendmail_rules_server(sm, p, pos, t, l);
	}
	if (l->kind == SENDMAIL_RCPT) {
		return sendmail_rules_rcpt(sm, p, pos, t, l);
	}
	return sendmail_bump(sm, t, COUNTER_BAD_RECORD);
}

/* The other part of a record: of any other split line it is nothing to us. */
static int line_split_tail(struct sendmail *sm, struct sendmail_process *p,
    int64_t t, const struct sendmail_line *l)
{
	struct sendmail_line whole;
	int rc;

	if (p->split == NULL || !view_is(l->qid, p->split_qid)) {
		return 0;
	}
	if (!keep_split(p, l)) {
		return bad_split(sm, p, t);
	}
	if (l->has_more) {
		return 0;
	}
	sendmail_line_parse_whole(
	    l->qid, view_make(p->split, p->split_len), &whole);
	whole.noted = mta_noted(&sm->mta, whole.qid, t);
	if (whole.kind == SENDMAIL_IDS) {
		line_ids(sm, t, &whole);
		rc = 0;
	} else {
		rc = line_record(sm, p, p->split_pos, t, &whole);
	}
	drop_split(p);
	return rc;
}

static int line_any(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	switch (l->kind) {
	case SENDMAIL_BAD:
	case SENDMAIL_TRY:
	case SENDMAIL_SERVER:
	case SENDMAIL_RCPT:
		return line_record(sm, p, pos, t, l);
	case SENDMAIL_SPLIT_HEAD:
		return line_split_head(sm, p, pos, t, l);
	case SENDMAIL_SPLIT_TAIL:
		return line_split_tail(sm, p, t, l);
	case SENDMAIL_TLS_UP:
		return sendmail_plain_tls_up(sm, p, pos, t, l);
	case SENDMAIL_VERIFYMSG:
		sendmail_plain_verifymsg(p, pos, l);
		return 0;
	case SENDMAIL_TLS_ERROR:
		sendmail_plain_tls_error(p, pos, l);
		return 0;
	case SENDMAIL_DANE_NO_TLS:
	case SENDMAIL_DANE_REFUSED:
		return sendmail_plain_dane(sm, p, pos, t, l);
	case SENDMAIL_REJECT:
		return sendmail_plain_reject(sm, p, pos, t, l);
	case SENDMAIL_TO:
		return line_to(sm, p, pos, t, l);
	case SENDMAIL_IDS:
	case SENDMAIL_OTHER:
		return 0;
	}
	return 0;
}

/* Does the line matter where nothing is known of its process? */
static bool opens_process(const struct sendmail_line *l)
{
	switch (l->kind) {
	case SENDMAIL_OTHER:
	case SENDMAIL_IDS:
	case SENDMAIL_BAD:
	case SENDMAIL_SPLIT_TAIL:
		return false;
	case SENDMAIL_TO:
		return l->is_tlsa_error;
	case SENDMAIL_TRY:
	case SENDMAIL_SERVER:
	case SENDMAIL_RCPT:
	case SENDMAIL_SPLIT_HEAD:
	case SENDMAIL_TLS_UP:
	case SENDMAIL_VERIFYMSG:
	case SENDMAIL_TLS_ERROR:
	case SENDMAIL_DANE_NO_TLS:
	case SENDMAIL_DANE_REFUSED:
	case SENDMAIL_REJECT:
		return true;
	}
	return false;
}

/*
 * How long a process may be silent after a line. It depends on the line
 * alone: see sendmail_process.c.
 */
static int64_t limit_of(const struct sendmail_line *l)
{
	return l->kind == SENDMAIL_TO && !l->has_more ? SENDMAIL_IDLE_S :
							SENDMAIL_WAIT_S;
}

static int sendmail_line(
    struct mta *m, uint64_t pos, const struct syslog_line *line)
{
	struct sendmail *sm = (struct sendmail *)m;
	struct sendmail_process *p = NULL;
	struct sendmail_line l;
	int rc = sendmail_expire(sm, line->t);

	sendmail_line_parse(line->msg, &l);
	if (rc == 0 && l.kind == SENDMAIL_IDS) {
		line_ids(sm, line->t, &l);
		return 0;
	}
	if (rc == 0 && opens_process(&l)) {
		rc = sendmail_process_get(sm, line, &p);
	} else if (rc == 0 && l.kind != SENDMAIL_OTHER) {
		p = sendmail_process_find(sm, line);
	}
	if (rc == 0 && p == NULL && l.kind == SENDMAIL_BAD) {
		rc = sendmail_bump(sm, line->t, COUNTER_BAD_RECORD);
	}
	if (rc != 0 || p == NULL) {
		return rc;
	}
	rc = sendmail_bump(sm, line->t, COUNTER_RECORDS);
	if (rc == 0 && p->split != NULL && l.kind != SENDMAIL_SPLIT_TAIL) {
		/* its other part never came */
		rc = bad_split(sm, p, line->t);
	}
	if (rc == 0) {
		l.noted = mta_noted(&sm->mta, l.qid, line->t);
		rc = line_any(sm, p, pos, line->t, &l);
	}
	if (rc == 0) {
		sendmail_process_touch(sm, p, line->t, limit_of(&l));
	}
	return rc;
}

static int sendmail_flush(struct mta *m)
{
	struct sendmail *sm = (struct sendmail *)m;
	int rc = 0;

	while (rc == 0 && sm->n_processes > 0) {
		rc = sendmail_process_close(sm, sm->heap[0], false);
	}
	return rc;
}

static uint64_t sendmail_oldest(const struct mta *m)
{
	const struct sendmail *sm = (const struct sendmail *)m;
	uint64_t pos = UINT64_MAX;

	for (unsigned i = 0; i < sm->n_processes; i++) {
		uint64_t mine = sendmail_process_oldest(sm->heap[i]);

		pos = mine < pos ? mine : pos;
	}
	return pos;
}

/*
 * A process delivers over one session at a time. Others may be kept, for
 * another message that perhaps never comes: they are over as far as anybody
 * who asks is concerned.
 */
static unsigned sendmail_open_sessions(const struct mta *m)
{
	const struct sendmail *sm = (const struct sendmail *)m;
	unsigned n = 0;

	for (unsigned i = 0; i < sm->n_processes; i++) {
		n += sm->heap[i]->served != NULL;
	}
	return n;
}

static struct mta *sendmail_create(void)
{
	struct sendmail *sm = xcalloc(1, sizeof(*sm));

	return &sm->mta;
}

static void sendmail_destroy(struct mta *m)
{
	struct sendmail *sm = (struct sendmail *)m;

	for (unsigned i = 0; i < sm->n_processes; i++) {
		sendmail_process_free(sm->heap[i]);
	}
	free(sm);
}

/* Debian's names, Sendmail's own, and those of systems with one for all. */
static const char *const sendmail_idents[] = { "sm-mta", "sm-mta-*", "sm-que",
	"sendmail", NULL };

const struct mta_type sendmail_type = {
	.name = "sendmail",
	.idents = sendmail_idents,
	.create = sendmail_create,
	.destroy = sendmail_destroy,
	.line = sendmail_line,
	.flush = sendmail_flush,
	.oldest = sendmail_oldest,
	.open_sessions = sendmail_open_sessions,
	.has_late_senders = true,
	.bounce = bounce_line_sendmail,
};
