/* SPDX-License-Identifier: BSD-2-Clause */
/* test_outbox.c - tests common/outbox.c */
#include "config.h"

#include "common/outbox.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	DAY1 = 20779 * WHEN_DAY_S, /* 2026-11-22 */
	DAY2 = DAY1 + WHEN_DAY_S,
	DAY3 = DAY2 + WHEN_DAY_S
};

static char dir[64];
static char path[100];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static struct ledger *open_ledger(void)
{
	struct ledger *l = NULL;

	UNIT_INT("open", ledger_open(path, &l), 0);
	return l;
}

static struct outbox_item item_of(
    int64_t day, const char *domain, const char *target, int64_t next_try)
{
	struct outbox_item item = {
		.day = day, .number = 3, .next_try = next_try
	};

	(void)snprintf(item.domain, sizeof(item.domain), "%s", domain);
	(void)snprintf(item.file, sizeof(item.file), "s!%s!1!2!x", domain);
	(void)snprintf(item.to.target, sizeof(item.to.target), "%s", target);
	item.to.kind = target[0] == 'h' ? RECORD_HTTPS : RECORD_MAILTO;
	return item;
}

static struct outbox_item add(struct ledger *l, int64_t day, const char *domain,
    const char *target, int64_t next_try)
{
	struct outbox_item item = item_of(day, domain, target, next_try);

	UNIT_INT(domain, outbox_add(l, &item), 0);
	return item;
}

static void set_state(
    struct ledger *l, struct outbox_item *item, enum outbox_state state)
{
	item->state = state;
	UNIT_INT("update", outbox_update(l, item), 0);
}

/* The ids of all that fits, as "1 2 5". */
static const char *walk(struct ledger *l, struct outbox_query q, char out[100])
{
	struct outbox_item item;
	size_t len = 0;
	bool found = true;

	out[0] = '\0';
	while (found && len < 90) {
		UNIT_INT("next", outbox_next(l, &q, &item, &found), 0);
		if (found) {
			len += (size_t)snprintf(out + len, 100 - len, "%s%d",
			    len > 0 ? " " : "", (int)item.id);
			q.after_id = item.id;
		}
	}
	return out;
}

static void test_item(void **state)
{
	struct ledger *l = open_ledger();
	struct outbox_item in =
	    add(l, DAY1, "a.example", "https://h.example/x", 77);
	struct outbox_item out;
	struct outbox_query all = { .day = 0 };
	bool found = false;

	(void)state;
	UNIT_UINT("token", strlen(in.token), OUTBOX_TOKEN);
	UNIT_UINT("token", strspn(in.token, "0123456789abcdef"), OUTBOX_TOKEN);
	UNIT_STR("state", outbox_state_word(in.state), "waiting");
	in.tries = 4;
	in.first_try = 1;
	in.last_try = 2;
	in.next_try = INT64_C(3000000000);
	(void)snprintf(in.answer, sizeof(in.answer), "http 429");
	set_state(l, &in, OUTBOX_GIVEN_UP);
	UNIT_INT("commit", ledger_commit(l), 0);
	ledger_close(l);

	UNIT_INT("open", ledger_open_read(path, &l), 0);
	UNIT_INT("next", outbox_next(l, &all, &out, &found), 0);
	UNIT_BOOL("found", found, true);
	UNIT_INT("id", out.id, in.id);
	UNIT_INT("day", out.day, DAY1);
	UNIT_STR("domain", out.domain, "a.example");
	UNIT_STR("file", out.file, "s!a.example!1!2!x");
	UNIT_UINT("number", out.number, 3);
	UNIT_INT("kind", out.to.kind, RECORD_HTTPS);
	UNIT_STR("target", out.to.target, "https://h.example/x");
	UNIT_STR("token", out.token, in.token);
	UNIT_STR("state", outbox_state_word(out.state), "given-up");
	UNIT_UINT("tries", out.tries, 4);
	UNIT_INT("first", out.first_try, 1);
	UNIT_INT("last", out.last_try, 2);
	UNIT_INT("next", out.next_try, 3000000000);
	UNIT_STR("answer", out.answer, "http 429");
	UNIT_TRUE("write", outbox_update(l, &out) != 0);
	ledger_close(l);
}

/* One a day, domain and destination (R191): the first one stays. */
static void test_same(void **state)
{
	static const struct {
		const char *name;
		int64_t day;
		const char *domain;
		const char *target;
		bool is_same;
	} table[] = {
		{ "same", DAY1, "a.example", "r@a.example", true },
		{ "other day", DAY2, "a.example", "r@a.example", false },
		{ "other domain", DAY1, "b.example", "r@a.example", false },
		{ "other target", DAY1, "a.example", "s@a.example", false },
		{ "other case", DAY1, "a.example", "R@a.example", false },
	};

	struct ledger *l = open_ledger();
	struct outbox_item first = add(l, DAY1, "a.example", "r@a.example", 5);

	(void)state;
	first.tries = 1;
	set_state(l, &first, OUTBOX_SENT);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct outbox_item item =
		    add(l, table[i].day, table[i].domain, table[i].target, 9);

		UNIT_BOOL(table[i].name, item.id == first.id, table[i].is_same);
		UNIT_BOOL(table[i].name, strcmp(item.token, first.token) == 0,
		    table[i].is_same);
		UNIT_STR(table[i].name, outbox_state_word(item.state),
		    table[i].is_same ? "sent" : "waiting");
		UNIT_INT(
		    table[i].name, item.next_try, table[i].is_same ? 5 : 9);
	}
	ledger_close(l);
}

/* Without commit neither a report nor its items were there. */
static void test_batch(void **state)
{
	struct ledger *l = open_ledger();
	struct ledger_entry entry = { .state = LEDGER_WRITTEN };
	char ids[100];

	(void)state;
	UNIT_INT("mark", ledger_mark(l, DAY1, view_of("a.example"), &entry), 0);
	(void)add(l, DAY1, "a.example", "r@a.example", 5);
	UNIT_STR("before", walk(l, (struct outbox_query){ 0 }, ids), "1");
	ledger_close(l);
	l = open_ledger();
	UNIT_STR("after", walk(l, (struct outbox_query){ 0 }, ids), "");
	UNIT_INT("find", ledger_find(l, DAY1, view_of("a.example"), &entry), 0);
	UNIT_STR("find", ledger_state_word(entry.state), "absent");
	ledger_close(l);
}

/* A clock that was wrong for a while keeps nothing back after it. */
static void test_clock(void **state)
{
	static const struct {
		const char *name;
		int64_t next_try;
		bool want;
	} table[] = {
		{ "now", DAY3, true },
		{ "in a day", DAY3 + WHEN_DAY_S, false },
		{ "in two days", DAY3 + 2 * WHEN_DAY_S, false },
		{ "later", DAY3 + 2 * WHEN_DAY_S + 1, true },
		{ "in years", DAY3 + 9000 * (int64_t)WHEN_DAY_S, true },
	};

	const struct outbox_query q = { .due = DAY3 };
	struct outbox_counts c;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct ledger *l = open_ledger();
		struct outbox_item item =
		    add(l, DAY1, "a.example", "r@a.example", DAY1);
		bool found = false;

		item.next_try = table[i].next_try;
		UNIT_INT(table[i].name, outbox_update(l, &item), 0);
		UNIT_BOOL(
		    table[i].name, outbox_is_due(&item, DAY3), table[i].want);
		UNIT_INT(table[i].name, outbox_next(l, &q, &item, &found), 0);
		UNIT_BOOL(table[i].name, found, table[i].want);
		UNIT_INT(table[i].name, outbox_count(l, DAY3, &c), 0);
		UNIT_UINT(table[i].name, c.due, table[i].want);
		ledger_close(l);
	}
}

static void test_queries(void **state)
{
	struct ledger *l = open_ledger();
	struct outbox_item item;
	char token[OUTBOX_TOKEN + 1];

	(void)state;
	(void)add(l, DAY1, "b.example", "r@b.example", 100); /* 1 */
	(void)add(l, DAY1, "a.example", "r@a.example", 50);  /* 2 */
	item = add(l, DAY1, "a.example", "https://a.example/", 50);
	set_state(l, &item, OUTBOX_SENT);                   /* 3 */
	(void)add(l, DAY2, "a.example", "r@a.example", 10); /* 4 */
	item = add(l, DAY2, "c.example", "r@c.example", 10);
	(void)snprintf(token, sizeof(token), "%s", item.token);
	set_state(l, &item, OUTBOX_GIVEN_UP);                /* 5 */
	(void)add(l, DAY3, "b.example", "r@b.example", 101); /* 6 */

	const struct {
		const char *name;
		struct outbox_query q;
		const char *want;
	} table[] = {
		{ "all", { .day = 0 }, "1 2 3 4 5 6" },
		{ "after", { .after_id = 3 }, "4 5 6" },
		{ "after all", { .after_id = 6 }, "" },
		{ "after what is not", { .after_id = 1000000 }, "" },
		{ "open", { .is_open = true }, "1 2 4 6" },
		{ "open after", { .is_open = true, .after_id = 2 }, "4 6" },
		{ "due: none", { .due = 9 }, "" },
		{ "due: oldest", { .due = 10 }, "4" },
		{ "due", { .due = 100 }, "1 2 4" },
		{ "due after", { .due = 100, .after_id = 1 }, "2 4" },
		{ "due: all", { .due = INT64_MAX }, "1 2 4 6" },
		{ "day", { .day = DAY1 }, "1 2 3" },
		{ "day after", { .day = DAY1, .after_id = 1 }, "2 3" },
		{ "no such day", { .day = 1 }, "" },
		{ "domain", { .domain = "a.example" }, "2 3 4" },
		{ "domain after", { .domain = "a.example", .after_id = 2 },
		    "3 4" },
		{ "no such domain", { .domain = "a.exampl" }, "" },
		{ "token", { .token = token }, "5" },
		{ "no such token", { .token = "0" }, "" },
		{ "domain, day", { .domain = "a.example", .day = DAY2 }, "4" },
		{ "domain, open", { .domain = "a.example", .is_open = true },
		    "2 4" },
		{ "domain, due", { .domain = "a.example", .due = 10 }, "4" },
		{ "day, open", { .day = DAY1, .is_open = true }, "1 2" },
		{ "day, due", { .day = DAY1, .due = 60 }, "2" },
		{ "token, open", { .token = token, .is_open = true }, "" },
		{ "token, due", { .token = token, .due = 100 }, "" },
		{ "failed", { .is_failed = true }, "5" },
		{ "failed after", { .is_failed = true, .after_id = 5 }, "" },
		{ "failed, day", { .is_failed = true, .day = DAY1 }, "" },
		{ "failed, open", { .is_failed = true, .is_open = true }, "" },
		{ "hostile", { .domain = "' OR 1 --" }, "" },
	};

	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char ids[100];

		UNIT_STR(
		    table[i].name, walk(l, table[i].q, ids), table[i].want);
	}
	ledger_close(l);
}

static void test_count(void **state)
{
	struct ledger *l = open_ledger();
	struct outbox_counts c;
	struct outbox_item item;

	(void)state;
	UNIT_INT("none", outbox_count(l, 50, &c), 0);
	UNIT_UINT("none", c.n[OUTBOX_WAITING], 0);
	UNIT_INT("none", c.next_try, 0);
	(void)add(l, DAY1, "a.example", "r@a.example", 60);
	(void)add(l, DAY1, "b.example", "r@a.example", 50);
	(void)add(l, DAY1, "c.example", "r@a.example", 40);
	for (int i = OUTBOX_SENT; i <= OUTBOX_SUPPRESSED; i++) {
		item = add(l, DAY1 + i, "a.example", "r@a.example", 1);
		set_state(l, &item, (enum outbox_state)i);
	}
	UNIT_INT("some", outbox_count(l, 50, &c), 0);
	UNIT_UINT("waiting", c.n[OUTBOX_WAITING], 3);
	for (int i = OUTBOX_SENT; i <= OUTBOX_SUPPRESSED; i++) {
		UNIT_UINT(outbox_state_word((enum outbox_state)i), c.n[i], 1);
	}
	UNIT_UINT("due", c.due, 2);
	UNIT_INT("next", c.next_try, 40);
	ledger_close(l);
}

static void test_summary(void **state)
{
	static const struct {
		const char *name;
		int64_t since;
		struct outbox_summary want;
		size_t n_targets;
		const char *first;
		uint64_t items;
	} table[] = {
		{ "all", INT64_MIN, { 4, 1, 4, 3, 3 }, 2, "r@big.example", 3 },
		{ "day 2", DAY2, { 2, 1, 2, 2, 3 }, 2, "r@a.example", 1 },
		{ "none", DAY3, { 0 }, 0, "", 0 },
	};

	struct ledger *l = open_ledger();
	struct outbox_item item;

	(void)state;
	(void)add(l, DAY1, "a.example", "r@big.example", 1);
	(void)add(l, DAY1, "b.example", "r@big.example", 1);
	(void)add(l, DAY2, "a.example", "r@a.example", 1);
	(void)add(l, DAY2, "a.example", "https://a.example/", 1);
	(void)add(l, DAY2, "c.example", "r@big.example", 1);
	item = add(l, DAY3, "d.example", "r@big.example", 1);
	set_state(l, &item, OUTBOX_SENT);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *name = table[i].name;
		const struct outbox_summary *want = &table[i].want;
		struct outbox_summary got;
		struct outbox_target targets[2] = { { .items = 0 } };
		size_t n = 9;

		UNIT_INT(name, outbox_summary(l, table[i].since, &got), 0);
		UNIT_UINT(name, got.mails, want->mails);
		UNIT_UINT(name, got.uploads, want->uploads);
		UNIT_UINT(name, got.reports, want->reports);
		UNIT_UINT(name, got.domains, want->domains);
		UNIT_UINT(name, got.targets, want->targets);
		UNIT_INT(
		    name, outbox_targets(l, table[i].since, targets, 2, &n), 0);
		UNIT_UINT(name, n, table[i].n_targets);
		UNIT_STR(name, targets[0].to.target, table[i].first);
		UNIT_UINT(name, targets[0].items, table[i].items);
	}
	ledger_close(l);
}

/* Nothing leaves before somebody said so; nothing of the days before. */
static void test_leave(void **state)
{
	struct ledger *l = open_ledger();
	struct outbox_item item;
	int64_t since = 7;
	char ids[100];

	(void)state;
	UNIT_INT("new", outbox_enabled(l, &since), 0);
	UNIT_INT("new", since, 0);
	(void)add(l, DAY1, "a.example", "r@a.example", 1);
	(void)add(l, DAY2, "a.example", "r@a.example", 1);
	UNIT_INT("enable", outbox_enable(l, DAY2), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	ledger_close(l);

	l = open_ledger();
	UNIT_INT("enabled", outbox_enabled(l, &since), 0);
	UNIT_INT("enabled", since, DAY2);
	UNIT_STR("left", walk(l, (struct outbox_query){ .is_open = true }, ids),
	    "2");
	item = add(l, DAY1, "b.example", "r@a.example", 1);
	UNIT_STR("late", outbox_state_word(item.state), "given-up");
	UNIT_STR(
	    "why", item.answer, "of a day before those that were to be sent");
	item = add(l, DAY2, "b.example", "r@a.example", 1);
	UNIT_STR("new", outbox_state_word(item.state), "waiting");
	UNIT_INT("disable", outbox_enable(l, 0), 0);
	UNIT_INT("disabled", outbox_enabled(l, &since), 0);
	UNIT_INT("disabled", since, 0);
	item = add(l, DAY1, "c.example", "r@a.example", 1);
	UNIT_STR("waits", outbox_state_word(item.state), "waiting");
	UNIT_INT("all", outbox_enable(l, 1), 0);
	UNIT_STR("all", walk(l, (struct outbox_query){ .is_open = true }, ids),
	    "2 4 5");
	ledger_close(l);
}

/* Somebody else may say so between two batches. */
static void test_leave_meanwhile(void **state)
{
	struct ledger *l = open_ledger();
	struct ledger *other = open_ledger();
	struct outbox_item item;

	(void)state;
	item = add(l, DAY1, "a.example", "r@a.example", 1);
	UNIT_STR("before", outbox_state_word(item.state), "waiting");
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_INT("enable", outbox_enable(other, DAY2), 0);
	UNIT_INT("commit", ledger_commit(other), 0);
	item = add(l, DAY1, "b.example", "r@a.example", 1);
	UNIT_STR("after", outbox_state_word(item.state), "given-up");
	ledger_close(other);
	ledger_close(l);
}

/* No more is kept than is needed (R27, R197). */
static void test_forget(void **state)
{
	struct ledger *l = open_ledger();
	struct outbox_item item;
	char ids[100];

	(void)state;
	UNIT_INT("enable", outbox_enable(l, 1), 0);
	(void)add(l, DAY1, "a.example", "r@a.example", 1); /* waits */
	item = add(l, DAY1, "b.example", "r@a.example", 1);
	set_state(l, &item, OUTBOX_SENT);
	item = add(l, DAY2, "b.example", "r@a.example", 1);
	set_state(l, &item, OUTBOX_SENT);
	UNIT_INT("forget", outbox_forget(l, DAY2), 0);
	UNIT_STR("left", walk(l, (struct outbox_query){ 0 }, ids), "1 3");
	UNIT_INT("disable", outbox_enable(l, 0), 0);
	UNIT_INT("forget", outbox_forget(l, DAY2), 0);
	UNIT_STR("no leave", walk(l, (struct outbox_query){ 0 }, ids), "3");
	ledger_close(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_item),
		TEST(test_same),
		TEST(test_batch),
		TEST(test_clock),
		TEST(test_queries),
		TEST(test_count),
		TEST(test_summary),
		TEST(test_leave),
		TEST(test_leave_meanwhile),
		TEST(test_forget),
	};

	return UNIT_RUN(tests);
}
