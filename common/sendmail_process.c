/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_process.c - the delivering processes of a Sendmail
 *
 * A second reading of the log from any line not behind the oldest that a
 * process needs must end in the same state (mta.h). So how long a process
 * lives depends on its latest line alone, not on what is known of it: one
 * whose beginning was not read again ends at the same line all the same. And
 * a process that holds nothing is as good as none.
 */

#include "config.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/sendmail_state.h"

static unsigned slot_of(uint64_t host, uint32_t pid)
{
	/* pids are given out in sequence: their low bits do not collide */
	return (unsigned)((host ^ pid) % SENDMAIL_PROCESSES);
}

static uint64_t host_hash(struct view host)
{
	static const struct hash_key key = { 0x74656c6c746c73, 2 };

	return hash_sip(&key, host.s, host.len);
}

/* The order of ends is a total one: it does not depend on the heap. */
static bool is_before(
    const struct sendmail_process *a, const struct sendmail_process *b)
{
	if (a->deadline != b->deadline) {
		return a->deadline < b->deadline;
	}
	return a->pid != b->pid ? a->pid < b->pid : a->host < b->host;
}

static void heap_put(
    struct sendmail *sm, unsigned place, struct sendmail_process *p)
{
	sm->heap[place] = p;
	p->place = place;
}

/* Moves a process from an empty place to where its deadline belongs. */
static void heap_settle(
    struct sendmail *sm, unsigned place, struct sendmail_process *p)
{
	struct sendmail_process **heap = sm->heap;
	unsigned child;

	while (place > 0 && is_before(p, heap[(place - 1) / 2])) {
		heap_put(sm, place, heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	while ((child = 2 * place + 1) < sm->n_processes) {
		if (child + 1 < sm->n_processes &&
		    is_before(heap[child + 1], heap[child])) {
			child++;
		}
		if (!is_before(heap[child], p)) {
			break;
		}
		heap_put(sm, place, heap[child]);
		place = child;
	}
	heap_put(sm, place, p);
}

static void process_remove(struct sendmail *sm, struct sendmail_process *p)
{
	struct sendmail_process *last = sm->heap[--sm->n_processes];

	sm->slot[slot_of(p->host, p->pid)] = NULL;
	sm->heap[sm->n_processes] = NULL;
	if (last != p) {
		heap_settle(sm, p->place, last);
	}
	sendmail_process_free(p);
}

struct sendmail_process *sendmail_process_find(
    const struct sendmail *sm, const struct syslog_line *line)
{
	uint64_t host = host_hash(line->host);
	struct sendmail_process *p = sm->slot[slot_of(host, line->pid)];

	return p != NULL && p->pid == line->pid && p->host == host ? p : NULL;
}

static bool has_pending(const struct sendmail_process *p)
{
	const struct sendmail_session *s;

	LIST_FOREACH(s, &p->sessions, link) {
		if (s->is_pending) {
			return true;
		}
	}
	return false;
}

/* Makes room in a slot. */
static int evict(struct sendmail *sm, struct sendmail_process *p, int64_t t)
{
	int rc = 0;

	if (has_pending(p)) {
		rc = sendmail_bump(sm, t, COUNTER_EVICTED);
	}
	return rc != 0 ? rc : sendmail_process_close(sm, p, false);
}

int sendmail_process_get(struct sendmail *sm, const struct syslog_line *line,
    struct sendmail_process **out)
{
	uint64_t host = host_hash(line->host);
	unsigned slot = slot_of(host, line->pid);
	struct sendmail_process *p = sm->slot[slot];
	int rc = 0;

	if (p != NULL && (p->pid != line->pid || p->host != host)) {
		rc = evict(sm, p, line->t);
		p = NULL;
	}
	if (rc == 0 && p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->host = host;
		p->pid = line->pid;
		p->last = line->t;
		p->deadline = line->t;
		p->rules_pos = UINT64_MAX;
		p->hint_pos = UINT64_MAX;
		LIST_INIT(&p->sessions);
		sm->slot[slot] = p;
		sm->n_processes++;
		heap_settle(sm, sm->n_processes - 1, p);
	}
	*out = p;
	return rc;
}

uint64_t sendmail_process_oldest(const struct sendmail_process *p)
{
	const struct sendmail_session *s;
	uint64_t pos = p->hint_pos < p->rules_pos ? p->hint_pos : p->rules_pos;

	LIST_FOREACH(s, &p->sessions, link) {
		pos = s->pos < pos ? s->pos : pos;
	}
	return p->split != NULL && p->split_pos < pos ? p->split_pos : pos;
}

void sendmail_process_touch(
    struct sendmail *sm, struct sendmail_process *p, int64_t t, int64_t limit_s)
{
	if (sendmail_process_oldest(p) == UINT64_MAX) {
		process_remove(sm, p);
		return;
	}
	p->last = t;
	p->deadline = t + limit_s;
	heap_settle(sm, p->place, p);
}

int sendmail_process_close(
    struct sendmail *sm, struct sendmail_process *p, bool expired)
{
	int rc = 0;

	if (expired && has_pending(p)) {
		rc = sendmail_bump(sm, p->last, COUNTER_EXPIRED);
	}
	while (rc == 0 && !LIST_EMPTY(&p->sessions)) {
		rc = sendmail_session_close(sm, p, LIST_FIRST(&p->sessions));
	}
	if (rc == 0) {
		process_remove(sm, p);
	}
	return rc;
}

void sendmail_process_free(struct sendmail_process *p)
{
	if (p == NULL) {
		return;
	}
	while (!LIST_EMPTY(&p->sessions)) {
		sendmail_session_free(p, LIST_FIRST(&p->sessions));
	}
	free(p->split);
	free(p);
}

int sendmail_process_note_record(
    struct sendmail *sm, struct sendmail_process *p, uint64_t pos)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);
	int rc = 0;

	while (rc == 0 && s != NULL) {
		struct sendmail_session *next = LIST_NEXT(s, link);

		if (!s->from_rules && s->is_pending) {
			sendmail_session_free(p, s);
		} else if (!s->from_rules) {
			rc = sendmail_session_close(sm, p, s);
		}
		s = next;
	}
	p->rules_pos = pos;
	return rc;
}

int sendmail_expire(struct sendmail *sm, int64_t t)
{
	struct sendmail_process *p;
	int rc = 0;

	while (rc == 0 && (p = sm->heap[0]) != NULL && p->deadline < t) {
		rc = sendmail_process_close(sm, p, true);
	}
	return rc;
}

void sendmail_hint(struct sendmail_process *p, uint64_t pos)
{
	if (p->hint_pos == UINT64_MAX) {
		p->hint_pos = pos;
	}
}

void sendmail_hints_done(struct sendmail_process *p)
{
	if (!p->has_try) {
		p->hint_pos = UINT64_MAX;
	}
	p->chain = FACT_CHAIN_UNKNOWN;
	p->reason[0] = '\0';
	p->tls_forbidden = false;
}

void sendmail_hints_clear(struct sendmail_process *p)
{
	p->has_try = false;
	p->try_own = false;
	sendmail_hints_done(p);
}
