/* SPDX-License-Identifier: BSD-2-Clause */
/* test_suppress.c - tests common/suppress.c */
#include "config.h"

#include "common/suppress.h"
#include "common/when.h"
#include "tests/unit/unit.h"

#define D     ((int64_t)WHEN_DAY_S)
#define START (20779 * D + 3600)

static char dir[64];
static char path[100];
static struct ledger *l;

static const struct record_rua mailbox = { RECORD_MAILTO, "r@a.example" };

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	return ledger_open(path, &l);
}

static int tear_down(void **state)
{
	(void)state;
	ledger_close(l);
	unit_tmpdir_remove(dir);
	return 0;
}

/* A domain's report to a destination that takes it at now. Each is of another
   day: there is one a day only. */
static struct outbox_item send_of(
    const char *domain, const struct record_rua *to, int64_t now)
{
	struct outbox_item item = { .day = now, .to = *to };

	(void)snprintf(item.domain, sizeof(item.domain), "%s", domain);
	UNIT_INT("add", outbox_add(l, &item), 0);
	outbox_sent(&item, now);
	UNIT_INT("update", outbox_update(l, &item), 0);
	return item;
}

static struct outbox_item send(const struct record_rua *to, int64_t now)
{
	return send_of("a.example", to, now);
}

static bool bounce(const char *token, int64_t now)
{
	bool is_known = false;

	UNIT_INT("bounce",
	    suppress_bounce(l, token, now, "550 5.1.1 no such user", &is_known),
	    0);
	return is_known;
}

static struct suppress_entry first_entry(void)
{
	struct suppress_entry e = { .bounces = 0 };
	bool found;

	UNIT_INT("next", suppress_next(l, &e, &found), 0);
	return e;
}

static bool is_suppressed_of(
    const char *domain, const struct record_rua *to, int64_t now)
{
	bool is = false;

	UNIT_INT("find", suppress_find(l, to, domain, now, &is), 0);
	return is;
}

static bool is_suppressed(const struct record_rua *to, int64_t now)
{
	return is_suppressed_of("a.example", to, now);
}

/* A destination that bounces whatever it gets, as soon as it gets some. */
static void test_growth(void **state)
{
	static const int64_t want[] = { 0, 7, 14, 28, 56, 112, 180, 180 };
	int64_t now = START;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(want); i++) {
		struct outbox_item item = send(&mailbox, now);
		struct suppress_entry e;

		UNIT_BOOL("known", bounce(item.token, now + 60), true);
		e = first_entry();
		UNIT_UINT("bounces", e.bounces, i + 1);
		UNIT_INT("last", e.last, now + 60);
		UNIT_INT("until", e.until, i == 0 ? 0 : now + 60 + want[i] * D);
		UNIT_STR("why", e.why, "550 5.1.1 no such user");
		UNIT_BOOL("now", is_suppressed(&mailbox, now + 61), i > 0);
		now = i == 0 ? now + D : e.until;
		UNIT_BOOL("over", is_suppressed(&mailbox, now), false);
	}
}

/* The bounce marks its item, and the same news again changes nothing. */
static void test_news(void **state)
{
	struct outbox_item a = send(&mailbox, START);
	struct outbox_item b = send(&mailbox, START + 1);
	struct outbox_query q = { .token = a.token };
	struct outbox_item out;
	bool found;

	(void)state;
	UNIT_BOOL("unknown", bounce("00000000000000000000000000000000", START),
	    false);
	UNIT_BOOL("empty", bounce("", START), false);
	UNIT_BOOL("known", bounce(a.token, START + 5), true);
	UNIT_INT("find", outbox_next(l, &q, &out, &found), 0);
	UNIT_STR("state", outbox_state_word(out.state), "bounced");
	UNIT_STR("answer", out.answer, "550 5.1.1 no such user");
	UNIT_BOOL("known", bounce(a.token, START + 3 * D), true);
	UNIT_UINT("again", first_entry().bounces, 1);
	/* the other report of that day tells nothing new */
	UNIT_BOOL("known", bounce(b.token, START + 9), true);
	UNIT_UINT("same day", first_entry().bounces, 1);
	UNIT_INT("same day", first_entry().until, 0);
}

/* What the bounce is about may be marked as sent later, or never. */
static void test_before_mark(void **state)
{
	struct outbox_item item = { .day = START, .to = mailbox };
	struct outbox_query q = { .is_open = true };
	bool found;

	(void)state;
	UNIT_INT("add", outbox_add(l, &item), 0);
	UNIT_BOOL("known", bounce(item.token, START), true);
	UNIT_UINT("bounces", first_entry().bounces, 1);
	UNIT_INT("open", outbox_next(l, &q, &item, &found), 0);
	UNIT_BOOL("open", found, false);
}

/* Accepted, and not back a week later: bounces are forgotten. */
static void test_accepted(void **state)
{
	static const struct {
		const char *name;
		int64_t accepted; /* after the bounce; 0: nothing was */
		int64_t bounce;
		unsigned want;
	} table[] = {
		{ "nothing accepted", 0, 30 * D, 2 },
		{ "came back soon", D, 2 * D, 2 },
		{ "came back within a week", D, 8 * D - 1, 2 },
		{ "had worked for a week", D, 8 * D, 1 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct outbox_item late = send(&mailbox, START - 10);
		struct outbox_item item = send(&mailbox, START);
		struct suppress_entry e;
		bool was_there;

		(void)bounce(item.token, START);
		if (table[i].accepted != 0) {
			(void)send(&mailbox, START + table[i].accepted);
		}
		(void)bounce(late.token, START + table[i].bounce);
		e = first_entry();
		UNIT_UINT(table[i].name, e.bounces, table[i].want);
		UNIT_BOOL(table[i].name, e.until > 0, table[i].want > 1);
		UNIT_INT(
		    "lift", suppress_lift(l, &mailbox, NULL, &was_there), 0);
		UNIT_BOOL("lift", was_there, true);
		UNIT_INT("clean", outbox_forget(l, INT64_MAX), 0);
	}
}

static void test_forget(void **state)
{
	struct outbox_item item = send(&mailbox, START);

	(void)state;
	(void)bounce(item.token, START);
	UNIT_INT("forget", suppress_forget(l, START + 400 * D), 0);
	UNIT_UINT("nothing accepted", first_entry().bounces, 1);
	(void)send(&mailbox, START + D);
	UNIT_INT("forget", suppress_forget(l, START + 8 * D - 1), 0);
	UNIT_UINT("not a week", first_entry().bounces, 1);
	UNIT_INT("forget", suppress_forget(l, START + 8 * D), 0);
	UNIT_UINT("a week", first_entry().bounces, 0);

	/* strangers may name new destinations that bounce each day */
	item = send(&mailbox, START + 9 * D);
	(void)bounce(item.token, START + 9 * D);
	UNIT_INT("forget", suppress_forget(l, START + 549 * D - 1), 0);
	UNIT_UINT("not so long", first_entry().bounces, 1);
	UNIT_INT("forget", suppress_forget(l, START + 549 * D), 0);
	UNIT_UINT("for so long", first_entry().bounces, 0);

	UNIT_INT("hand", suppress_add(l, &mailbox, "", START + D, "asked"), 0);
	UNIT_INT("forget", suppress_forget(l, START + D - 1), 0);
	UNIT_STR("by hand", first_entry().why, "asked");
	UNIT_INT("forget", suppress_forget(l, START + D), 0);
	UNIT_STR("over", first_entry().why, "");
}

static void test_hand(void **state)
{
	const struct record_rua web = { RECORD_HTTPS, "https://a.example/r" };
	const struct record_rua other = { RECORD_MAILTO, "s@a.example" };
	struct suppress_entry e = { .domain = "" };
	bool found = true;
	bool was_there = true;
	int n = 0;

	(void)state;
	UNIT_INT("lift", suppress_lift(l, &web, NULL, &was_there), 0);
	UNIT_BOOL("lift", was_there, false);
	UNIT_INT(
	    "add", suppress_add(l, &web, "", START, "one\n\x1b[2Jtwo\xff"), 0);
	UNIT_INT("add", suppress_add(l, &mailbox, "", START, "mail"), 0);
	UNIT_INT("add", suppress_add(l, &mailbox, "", START + 1, "again"), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_BOOL("web", is_suppressed(&web, START - 1), true);
	UNIT_BOOL("web", is_suppressed(&web, START), false);
	UNIT_BOOL("mailbox", is_suppressed(&mailbox, START), true);
	UNIT_BOOL("other", is_suppressed(&other, START - 1), false);
	while (found && n < 9) {
		UNIT_INT("next", suppress_next(l, &e, &found), 0);
		if (found) {
			UNIT_STR("target", e.to.target,
			    n == 0 ? web.target : mailbox.target);
			UNIT_INT("kind", e.to.kind,
			    n == 0 ? RECORD_HTTPS : RECORD_MAILTO);
			UNIT_STR(
			    "why", e.why, n == 0 ? "one??[2Jtwo?" : "again");
			UNIT_INT("last", e.last, 0);
			n++;
		}
	}
	UNIT_INT("entries", n, 2);
	UNIT_INT("lift", suppress_lift(l, &web, NULL, &was_there), 0);
	UNIT_BOOL("lift", was_there, true);
	UNIT_BOOL("lifted", is_suppressed(&web, START - 1), false);
}

/* Two days with a bounce: suppressed, for the reports of this domain. */
static void bounce_twice(const char *domain)
{
	for (int64_t now = START; now <= START + D; now += D) {
		struct outbox_item item = send_of(domain, &mailbox, now);

		UNIT_BOOL("known", bounce(item.token, now), true);
	}
}

/* Who names a mailbox that does not serve him harms nobody else. */
static void test_domains(void **state)
{
	const int64_t now = START + 2 * D;
	bool was_there;

	(void)state;
	bounce_twice("bad.example");
	(void)send_of("good.example", &mailbox, START + D);
	UNIT_BOOL("bad", is_suppressed_of("bad.example", &mailbox, now), true);
	UNIT_BOOL(
	    "good", is_suppressed_of("good.example", &mailbox, now), false);
	UNIT_STR("whose", first_entry().domain, "bad.example");
	/* what takes others' reports does not end it */
	(void)send_of("good.example", &mailbox, now);
	UNIT_INT("accepted", first_entry().accepted, 0);
	UNIT_INT("forget", suppress_forget(l, START + 30 * D), 0);
	UNIT_UINT("stays", first_entry().bounces, 2);

	UNIT_INT("all", suppress_add(l, &mailbox, "", now + 1, "hand"), 0);
	UNIT_BOOL("all", is_suppressed_of("good.example", &mailbox, now), true);
	UNIT_INT("lift one",
	    suppress_lift(l, &mailbox, "good.example", &was_there), 0);
	UNIT_BOOL("lift one", was_there, false);
	UNIT_INT("lift one",
	    suppress_lift(l, &mailbox, "bad.example", &was_there), 0);
	UNIT_BOOL("lift one", was_there, true);
	UNIT_BOOL(
	    "all stays", is_suppressed_of("bad.example", &mailbox, now), true);
	bounce_twice("worse.example");
	UNIT_INT("lift all", suppress_lift(l, &mailbox, NULL, &was_there), 0);
	UNIT_STR("nothing left", first_entry().to.target, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_growth),
		TEST(test_news),
		TEST(test_before_mark),
		TEST(test_accepted),
		TEST(test_forget),
		TEST(test_hand),
		TEST(test_domains),
	};

	return UNIT_RUN(tests);
}
