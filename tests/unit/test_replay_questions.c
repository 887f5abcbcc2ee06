/* SPDX-License-Identifier: BSD-2-Clause */
/* test_replay_questions.c - tests which policies replayed days wait for */
#include "config.h"

#include "common/err.h"
#include "common/policy_set.h"
#include "common/store.h"
#include "tests/unit/tally_kit.h"
#include "tests/unit/unit.h"
#include "tool/replay_questions.h"

enum {
	ROWS = 6
};

static char dir[64];
static const struct store_limits limits; /* the defaults */

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

/* What a day has; an empty row is the end of the table. */
struct row {
	int day; /* 1 or 2 */
	const char *domain;
	const char *mx;
	int at;      /* second of the day: a session, or a policy found then */
	char what;   /* 's' session, 'n' one that names a policy, 'o' policy of
	                our own, 'm' of the MTA, 'e' event */
	bool is_end; /* of the second feed */
};

static const struct {
	const char *name;
	struct row row[ROWS];
	const char *feed;
	const char *want; /* "DOMAIN MX DAY FIRST;" each */
} cases[] = {
	{ "nothing", { { 0 } }, NULL, "" },
	{ "by name, MX, day",
	    { { 2, "b.example", "", 5, 's', false },
		{ 2, "a.example", "mx.a.example", 4, 's', false },
		{ 1, "a.example", "mx.a.example", 3, 's', false },
		{ 1, "a.example", "", 2, 's', false } },
	    NULL,
	    "a.example  0 2;a.example mx.a.example 0 3;"
	    "a.example mx.a.example 1 4;b.example  1 5;" },
	{ "without a policy only",
	    { { 1, "a.example", "mx.a.example", 3, 'n', false },
		{ 1, "b.example", "mx.b.example", 3, 's', false } },
	    NULL, "b.example mx.b.example 0 3;" },
	{ "known",
	    { { 1, "a.example", "mx.a.example", 3, 's', false },
		{ 1, "a.example", "mx.a.example", 3, 'o', false } },
	    NULL, "" },
	{ "known of another day, MX, or domain",
	    { { 1, "a.example", "mx.a.example", 3, 's', false },
		{ 2, "a.example", "mx.a.example", 3, 'o', false },
		{ 1, "a.example", "mx2.a.example", 3, 'o', false },
		{ 1, "a.example", "", 3, 'o', false },
		{ 1, "b.example", "mx.a.example", 3, 'o', false } },
	    NULL, "a.example mx.a.example 0 3;" },
	{ "known from before",
	    { { 1, "a.example", "mx.a.example", 3, 's', false },
		{ 1, "a.example", "mx.a.example", 2, 'o', false } },
	    NULL, "a.example mx.a.example 0 3;" },
	{ "told by the MTA, and an event",
	    { { 1, "a.example", "", 3, 's', false },
		{ 1, "a.example", "", 4, 'm', false },
		{ 1, "a.example", "", 5, 'e', false } },
	    NULL, "a.example  0 3;" },
	{ "of days that a feed counted in",
	    { { 1, "a.example", "", 3, 's', false },
		{ 2, "b.example", "", 3, 's', true } },
	    "other", "b.example  1 3;" },
};

static void put_policy(struct store *s, const struct row *r)
{
	struct policy_set set = { .source =
				      r->what == 'm' ? POLICY_MTA : POLICY_OWN,
		.sts = POLICY_STS_NONE };
	int64_t day = r->day == 1 ? KIT_DAY : KIT_NEXT;
	struct policy policy = { .domain = view_of(r->domain),
		.mx = view_of(r->mx),
		.since = day + r->at,
		.source = set.source };
	struct strbuf content;

	if (r->what == 'e') {
		set.sts = POLICY_STS_FOUND;
		set.sts_text = view_of("version: STSv1\nmode: testing\n");
		set.sts_reason = view_of("http-404+cached-policy-used");
		set.failed = POLICY_STS_FETCH_ERROR;
		set.failed_at = policy.since;
	}
	strbuf_init(&content, POLICY_CONTENT_MAX);
	UNIT_INT(r->domain, policy_set_write(&set, &content), 0);
	policy.content = view_make(content.s, content.len);
	UNIT_INT(r->domain, store_policy(s, day, &policy), 0);
	strbuf_release(&content);
}

static void put_session(struct store *s, const struct row *r, uint64_t pos)
{
	struct fact fact = { .domain = view_of(r->domain),
		.mx = view_of(r->mx) };

	if (r->what == 'n') {
		memset(fact.policy, 7, sizeof(fact.policy));
	}
	UNIT_INT(r->domain,
	    store_session(
		s, (r->day == 1 ? KIT_DAY : KIT_NEXT) + r->at, pos, &fact),
	    0);
}

static void fill(const struct row *rows)
{
	struct mark rescan;
	struct mark read;
	struct store *s;

	UNIT_INT("open", store_open(dir, &limits, &s), 0);
	for (unsigned i = 0; i < ROWS && rows[i].day != 0; i++) {
		const struct row *r = &rows[i];

		UNIT_INT("feed",
		    store_feed(s, r->is_end ? "other" : "one", "sendmail",
			&rescan, &read),
		    0);
		if (r->what == 's' || r->what == 'n') {
			put_session(s, r, i + 1);
		} else {
			put_policy(s, r);
		}
		UNIT_INT("commit", store_commit(s, NULL, NULL, false), 0);
	}
	store_close(s);
}

static void print(const struct replay_questions *q, struct strbuf *out)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct replay_question *v = &q->v[i];

		strbuf_addf(out, "%.*s %.*s %u %d;", (int)v->domain.len,
		    v->domain.s, (int)v->mx.len, v->mx.len > 0 ? v->mx.s : "",
		    v->day, (int)(v->first - KIT_DAY) % 86400);
		UNIT_UINT("state", v->state, REPLAY_QUESTION_OPEN);
	}
}

static void test_load(void **state)
{
	static const int64_t days[] = { KIT_DAY, KIT_NEXT };

	for (size_t i = 0; i < UNIT_LEN(cases); i++) {
		struct replay_questions q;
		struct strbuf got;
		int64_t *found = NULL;
		unsigned n = 0;

		set_up(state);
		fill(cases[i].row);
		UNIT_INT(cases[i].name, store_days(dir, &found, &n), 0);
		/* where there is but one day, the other must not be asked of */
		replay_questions_load(
		    &q, dir, n == 2 ? days : found, n, cases[i].feed);
		strbuf_init(&got, 1000);
		print(&q, &got);
		UNIT_STR(cases[i].name, strbuf_str(&got), cases[i].want);
		UNIT_UINT(cases[i].name, q.n_days, n);
		strbuf_release(&got);
		replay_questions_release(&q);
		free(found);
		tear_down(state);
	}
}

static void test_sealed(void **state)
{
	static const struct row rows[ROWS] = {
		{ 1, "a.example", "mx.a.example", 3, 's', false },
		{ 2, "b.example", "mx.b.example", 3, 's', false },
	};
	static const int64_t days[] = { KIT_DAY, KIT_NEXT };
	struct replay_questions q;
	struct store *s;

	(void)state;
	fill(rows);
	UNIT_INT("open", store_open(dir, &limits, &s), 0);
	UNIT_INT("seal", store_seal(s, KIT_DAY, KIT_NEXT + 600), 0);
	store_close(s);
	replay_questions_load(&q, dir, days, 2, NULL);
	UNIT_UINT("questions", q.n, 1);
	UNIT_TRUE("of the other", view_is(q.v[0].domain, "b.example"));
	UNIT_TRUE("left out", q.tallies[0] == NULL && q.tallies[1] != NULL);
	replay_questions_release(&q);
}

static void test_find(void **state)
{
	static const struct row rows[ROWS] = {
		{ 1, "a.example", "mx.a.example", 3, 's', false },
		{ 2, "a.example", "mx.a.example", 3, 's', false },
		{ 2, "a.example", "mx2.a.example", 3, 's', false },
		{ 1, "b.example", "", 3, 's', false },
	};

	static const struct {
		const char *domain;
		const char *mx;
		size_t want;
		size_t end;
	} finds[] = {
		{ "a.example", "mx.a.example", 0, 2 },
		{ "a.example", "mx2.a.example", 2, 3 },
		{ "b.example", "", 3, 4 },
		{ "a.example", "", 4, 0 },
		{ "0.example", "", 4, 0 },
		{ "z.example", "", 4, 0 },
	};

	static const int64_t days[] = { KIT_DAY, KIT_NEXT };
	struct replay_questions q;

	(void)state;
	fill(rows);
	replay_questions_load(&q, dir, days, 2, NULL);
	for (size_t i = 0; i < UNIT_LEN(finds); i++) {
		size_t at = replay_questions_find(
		    &q, view_of(finds[i].domain), view_of(finds[i].mx));

		UNIT_UINT(finds[i].domain, at, finds[i].want);
		if (finds[i].end > 0) {
			UNIT_UINT(finds[i].mx, replay_questions_end(&q, at),
			    finds[i].end);
		}
	}
	replay_questions_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test_setup_teardown(test_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
