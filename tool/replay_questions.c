/* SPDX-License-Identifier: BSD-2-Clause */
/* replay_questions.c - which policies the facts of replayed days wait for */

#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/policy_set.h"
#include "common/store.h"
#include "tool/replay_questions.h"

static int compare_views(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(
    const struct replay_question *a, struct view domain, struct view mx)
{
	int c = compare_views(a->domain, domain);

	return c != 0 ? c : compare_views(a->mx, mx);
}

static int by_names(const void *a, const void *b)
{
	const struct replay_question *x = a;
	const struct replay_question *y = b;
	int c = compare_names(x, y->domain, y->mx);

	return c != 0 ? c : (x->day > y->day) - (x->day < y->day);
}

static void sort(struct replay_question *v, size_t n)
{
	if (n > 1) {
		qsort(v, n, sizeof(*v), by_names);
	}
}

/* --- the facts of a day --------------------------------------------------- */

static bool names_policy(const struct fact *fact)
{
	static const uint8_t none[FACT_POLICY_HASH];

	return memcmp(fact->policy, none, sizeof(none)) != 0;
}

static void add(struct replay_questions *q, const struct tally_fact *fact)
{
	struct replay_question one = { .domain = fact->fact.domain,
		.first = fact->first,
		.day = q->n_days,
		.state = REPLAY_QUESTION_OPEN };

	if (domain_is_normal(fact->fact.mx)) {
		one.mx = fact->fact.mx;
	}
	if (q->n == q->cap) {
		q->cap = q->cap > 0 ? 2 * q->cap : 1024;
		q->v = xrealloc_array(q->v, q->cap, sizeof(*q->v));
	}
	q->v[q->n++] = one;
}

/* Sorts what stands there from begin on; equal ones become one. */
static void merge(struct replay_questions *q, size_t begin)
{
	size_t n = begin;

	if (q->n == begin) {
		return;
	}
	sort(q->v + begin, q->n - begin);
	for (size_t i = begin; i < q->n; i++) {
		struct replay_question *last = &q->v[n - (n > begin)];

		if (n > begin && by_names(last, &q->v[i]) == 0) {
			if (q->v[i].first > last->first) {
				last->first = q->v[i].first;
			}
		} else {
			q->v[n++] = q->v[i];
		}
	}
	q->n = n;
}

static void add_facts(struct replay_questions *q, struct tally *t)
{
	struct tally_fact fact;
	uint64_t cursor = 0;

	while (tally_next_fact(t, &cursor, &fact) > 0) {
		if (!names_policy(&fact.fact) &&
		    domain_is_normal(fact.fact.domain)) {
			add(q, &fact);
		}
	}
}

/* --- the policies of a day ------------------------------------------------ */

/* An event is no policy. */
static bool is_policy(const struct policy *policy, struct arena *a)
{
	struct policy_set set;

	return policy_set_read(policy, a, &set) == 0 && set.failed_at == 0;
}

static struct replay_question *find(
    struct replay_question *v, size_t n, struct view domain, struct view mx)
{
	size_t low = 0;
	size_t high = n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (compare_names(&v[at], domain, mx) < 0) {
			low = at + 1;
		} else {
			high = at;
		}
	}
	return &v[low];
}

/* Takes out what the day knows, of the questions from begin on. */
static void drop_known(
    struct replay_questions *q, struct tally *t, size_t begin)
{
	struct arena *a = arena_new();
	struct policy policy;
	uint64_t cursor = 0;
	size_t n = begin;

	while (tally_next_policy(t, &cursor, &policy) > 0) {
		struct replay_question *at =
		    find(q->v + begin, q->n - begin, policy.domain, policy.mx);

		if (policy.source == POLICY_OWN && at < q->v + q->n &&
		    compare_names(at, policy.domain, policy.mx) == 0 &&
		    policy.since >= at->first && is_policy(&policy, a)) {
			at->state = REPLAY_QUESTION_KNOWN;
		}
		arena_reset(a);
	}
	for (size_t i = begin; i < q->n; i++) {
		if (q->v[i].state == REPLAY_QUESTION_OPEN) {
			q->v[n++] = q->v[i];
		}
	}
	q->n = n;
	arena_free(a);
}

/* --- days ----------------------------------------------------------------- */

static bool has_counted(struct tally *t, const char *feed)
{
	struct tally_feed f;
	uint64_t cursor = 0;

	while (tally_next_feed(t, &cursor, &f) > 0) {
		if (strcmp(f.name, feed) == 0) {
			return f.applied > 0;
		}
	}
	return false;
}

static struct tally *open_day(const char *state, int64_t day, const char *feed)
{
	char path[PATH_MAX];
	struct tally_info info;
	struct tally *t = NULL;
	int rc = tally_open(store_path(state, day, path, sizeof(path)), &t);

	if (rc != 0) {
		log_error("cannot read %s: %s", path, err_text(rc));
		return NULL;
	}
	tally_info(t, &info);
	if (info.sealed != 0 || (feed != NULL && !has_counted(t, feed))) {
		tally_close(t);
		return NULL;
	}
	return t;
}

void replay_questions_load(struct replay_questions *q, const char *state,
    const int64_t *days, unsigned n, const char *feed)
{
	*q = (struct replay_questions){ .days = days };
	q->tallies = xcalloc(n, sizeof(struct tally *));
	while (q->n_days < n && q->n < REPLAY_QUESTIONS_MAX) {
		struct tally *t = open_day(state, days[q->n_days], feed);
		size_t begin = q->n;

		q->tallies[q->n_days] = t;
		if (t != NULL) {
			add_facts(q, t);
			merge(q, begin);
		}
		if (q->n > begin) {
			drop_known(q, t, begin);
		}
		q->n_days++;
	}
	sort(q->v, q->n);
}

void replay_questions_release(struct replay_questions *q)
{
	for (unsigned i = 0; i < q->n_days; i++) {
		tally_close(q->tallies[i]);
	}
	free(q->tallies);
	free(q->v);
	*q = (struct replay_questions){ .n = 0 };
}

size_t replay_questions_find(
    const struct replay_questions *q, struct view domain, struct view mx)
{
	size_t at = q->n;

	if (q->n > 0) {
		at = (size_t)(find(q->v, q->n, domain, mx) - q->v);
	}
	return at < q->n && compare_names(&q->v[at], domain, mx) == 0 ? at :
									q->n;
}

size_t replay_questions_end(const struct replay_questions *q, size_t begin)
{
	size_t end = begin + 1;

	while (end < q->n &&
	    compare_names(&q->v[end], q->v[begin].domain, q->v[begin].mx) ==
		0) {
		end++;
	}
	return end;
}
