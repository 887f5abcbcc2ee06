/* SPDX-License-Identifier: BSD-2-Clause */
/* test_enqueue.c - tests reporter/enqueue.c */
#include "config.h"

#include "common/outbox.h"
#include "common/when.h"
#include "reporter/enqueue.h"
#include "tests/unit/unit.h"

enum {
	DAY1 = 20779 * WHEN_DAY_S /* 2026-11-22 */
};

static char dir[64];

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

static struct ledger *open_ledger(void)
{
	struct ledger *l = NULL;
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	UNIT_INT("open", ledger_open(path, &l), 0);
	return l;
}

/* The number of items, and the last of them. */
static unsigned count(struct ledger *l, struct outbox_item *last)
{
	struct outbox_query q = { .is_open = true };
	struct outbox_item item;
	bool found = true;
	unsigned n = 0;

	while (found) {
		UNIT_INT("next", outbox_next(l, &q, &item, &found), 0);
		if (found) {
			*last = item;
			q.after_id = item.id;
			n++;
		}
	}
	return n;
}

/* One item for each destination that has its file, with the file's number. */
static void test_items(void **state)
{
	const struct record to = {
		.n_rua = 3,
		.rua = { { RECORD_MAILTO, "x@a.example" },
		    { RECORD_MAILTO, "unusable@a.example" },
		    { RECORD_HTTPS, "https://a.example/x" } },
	};
	const struct write_result files = { .base = "s!a.example!1!2!x",
		.is_usable = { true, false, true } };
	const struct enqueue_report report = { .day = DAY1,
		.domain = view_of("a.example"),
		.submitter = "s.example",
		.files = &files };
	struct outbox_item item = { 0 };
	struct ledger *l = open_ledger();

	(void)state;
	UNIT_INT("add", enqueue_report(l, &report, &to), 0);
	UNIT_UINT("items", count(l, &item), 2);
	UNIT_STR("target", item.to.target, "https://a.example/x");
	UNIT_UINT("number", item.number, 2);
	UNIT_STR("file", item.file, "s!a.example!1!2!x");
	UNIT_STR("domain", item.domain, "a.example");
	UNIT_INT("day", item.day, DAY1);
	UNIT_INT("due", item.next_try,
	    outbox_due(DAY1, view_of("a.example"), "s.example"));
	ledger_close(l);
	l = open_ledger();
	UNIT_UINT("without a commit", count(l, &item), 0);
	UNIT_INT("add", enqueue_report(l, &report, &to), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	ledger_close(l);
	l = open_ledger();
	UNIT_UINT("committed", count(l, &item), 2);
	ledger_close(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_items),
	};

	return UNIT_RUN(tests);
}
