/* SPDX-License-Identifier: BSD-2-Clause */
/* test_metrics.c - tests common/metrics*.c */

#include "config.h"

#include <sys/stat.h>

#include "common/metrics.h"
#include "common/store.h"
#include "common/suppress.h"
#include "common/when.h"
#include "tests/unit/report_golden.h"
#include "tests/unit/unit.h"

enum {
	NOW = SAMPLE_DAY + 2 * WHEN_DAY_S + 900,
	TEXT_MAX = 1 << 20
};

/* Two feeds, three days, one of which cannot be read. */
static struct metrics_feed feeds[] = {
	{ .name = "sendmail",
	    .mta = "sendmail",
	    .read = { .pos = 123456789012, .t = NOW - 60 },
	    .is_live = true,
	    .live = { .is_open = true,
		.is_at_end = false,
		.has_lag_b = true,
		.lag_b = 4711,
		.lag_s = 61,
		.open_sessions = 3 } },
	{ .name = "a\"b\\c\nd\x01\xc3\xbc", .mta = "exim" },
};
static struct metrics_counts first[] = {
	{ .feed = 0,
	    .n = { [COUNTER_LINES] = 1000,
		[COUNTER_RECORDS] = 400,
		[COUNTER_SESSIONS] = 200,
		[COUNTER_BAD_LINE] = 2,
		[COUNTER_LATE] = 5,
		[COUNTER_GAP] = 1 } },
	{ .feed = 1, .n = { [COUNTER_LINES] = 1, [COUNTER_LATE] = 2 } },
};
static struct metrics_counts last[] = { { .feed = 0,
    .n = { [COUNTER_LINES] = UINT64_MAX, [COUNTER_OVERFLOW] = 9 } } };
static const struct metrics sample = {
	.now = NOW,
	.is_running = true,
	.feeds = feeds,
	.n_feeds = UNIT_LEN(feeds),
	.days = { { .day = SAMPLE_DAY,
		      .is_readable = true,
		      .is_sealed = true,
		      .facts = 17,
		      .sessions = { 150, 40, 3, 2, 5 },
		      .damaged = 1,
		      .counts = first,
		      .n_counts = UNIT_LEN(first),
		      .unjudged = 7,
		      .reports = { 0, 3, 2, 1, 4, 5 } },
	    { .day = SAMPLE_DAY + WHEN_DAY_S },
	    { .day = SAMPLE_DAY + 2 * WHEN_DAY_S,
		.is_readable = true,
		.facts = 1,
		.sessions = { 9 },
		.counts = last,
		.n_counts = UNIT_LEN(last) } },
	.n_days = 3,
	.has_ledger = true,
	.is_enabled = true,
	.outbox = { .n = { 6, 100, 1, 2, 3 }, .due = 4, .next_try = NOW + 900 },
	.suppressed = 2,
};

static void test_golden(void **state)
{
	struct metrics m = sample;
	struct strbuf text;

	(void)state;
	strbuf_init(&text, TEXT_MAX);
	metrics_format(&m, &text);
	golden_check("../text/metrics", ".prom", &text);

	/* without a ledger, and with nothing at all */
	m.has_ledger = false;
	strbuf_clear(&text);
	metrics_format(&m, &text);
	UNIT_TRUE("no outbox", strstr(text.s, "outbox") == NULL);
	UNIT_TRUE("no reports", strstr(text.s, "day_reports") == NULL);

	/* how many bytes of a journal are to come is not known */
	feeds[0].live.has_lag_b = false;
	strbuf_clear(&text);
	metrics_format(&m, &text);
	feeds[0].live.has_lag_b = true;
	UNIT_TRUE("bytes", strstr(text.s, "\ntelltls_feed_lag_bytes{") == NULL);
	UNIT_TRUE("seconds", strstr(text.s, "\ntelltls_feed_lag_seconds{"));

	m = (struct metrics){ .now = NOW };
	strbuf_clear(&text);
	metrics_format(&m, &text);
	UNIT_TRUE("nothing", strstr(text.s, "\ntelltls_daemon_running 0\n"));
	UNIT_STR("end", text.s + text.len - 6, "# EOF\n");
	strbuf_release(&text);
}

static struct store *fill(const char *dir)
{
	const struct store_limits limits = { .facts = 1000,
		.facts_per_domain = 100 };
	struct store *s = NULL;
	struct mark rescan;
	struct mark read;
	struct fact fact = { .domain = view_of("a.example"),
		.tls = FACT_TLS_OK };

	UNIT_INT("store", store_open(dir, &limits, &s), 0);
	UNIT_INT("feed", store_feed(s, "f", "exim", &rescan, &read), 0);
	for (unsigned day = 0; day < METRICS_DAYS + 2; day++) {
		int64_t t = SAMPLE_DAY + (int64_t)day * WHEN_DAY_S;

		fact.tls = day % 2 == 0 ? FACT_TLS_OK : FACT_TLS_REFUSED;
		UNIT_INT("session", store_session(s, t, day + 1, &fact), 0);
		UNIT_INT(
		    "line", store_bump(s, t, day + 1, COUNTER_LINES, 8), 0);
		read = (struct mark){ .pos = day + 1, .t = t };
		UNIT_INT("commit", store_commit(s, NULL, &read, false), 0);
	}
	UNIT_INT("seal", store_seal(s, SAMPLE_DAY + 2 * WHEN_DAY_S, NOW), 0);
	return s;
}

/* What is on the disk: the last days alone, and the ledger's numbers. */
static void test_gather(void **state)
{
	static const char conf_text[] = "feeds: [{mta: exim, name: never}]\n";
	char dir[64];
	char path[128];
	struct ledger *l = NULL;
	struct ledger_entry e = { .state = LEDGER_WITHHELD };
	struct record_rua rua = { .kind = RECORD_MAILTO, .target = "a@b.c" };
	struct strbuf error;
	struct metrics m;
	struct conf c;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	strbuf_init(&error, 1000);
	conf_init(&c);
	UNIT_INT("conf",
	    conf_parse(&c, "x", conf_text, strlen(conf_text), &error), 0);
	free(c.run);
	c.run = strdup(dir);
	UNIT_INT("no state", metrics_gather(&c, dir, NULL, NOW, &m), 0);
	UNIT_UINT("no state: the feed", m.n_feeds, 1);
	UNIT_UINT("no state: days", m.n_days, 0);
	metrics_release(&m);

	store_close(fill(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	UNIT_INT("ledger", ledger_open(path, &l), 0);
	UNIT_INT("mark",
	    ledger_mark(
		l, SAMPLE_DAY + 2 * WHEN_DAY_S, view_of("a.example"), &e),
	    0);
	UNIT_INT("suppress", suppress_add(l, &rua, "", NOW + 1, "x"), 0);
	UNIT_INT(
	    "suppress", suppress_add(l, &rua, "b.example", NOW + 1, "x"), 0);
	UNIT_INT("over", suppress_add(l, &rua, "c.example", NOW, "x"), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_INT("gather", metrics_gather(&c, dir, l, NOW, &m), 0);
	UNIT_UINT("days", m.n_days, METRICS_DAYS);
	UNIT_INT("first", m.days[0].day, SAMPLE_DAY + 2 * WHEN_DAY_S);
	UNIT_BOOL("sealed", m.days[0].is_sealed, true);
	UNIT_UINT("ok", m.days[0].sessions[FACT_TLS_OK], 1);
	UNIT_UINT("withheld", m.days[0].reports[LEDGER_WITHHELD], 1);
	UNIT_BOOL("open", m.days[1].is_sealed, false);
	UNIT_UINT("refused", m.days[1].sessions[FACT_TLS_REFUSED], 1);
	UNIT_UINT("feeds", m.n_feeds, 2);
	UNIT_STR("read", m.feeds[1].name, "f");
	UNIT_UINT("position", m.feeds[1].read.pos, METRICS_DAYS + 2);
	UNIT_UINT("lines", m.days[6].counts[0].n[COUNTER_LINES], 8);
	UNIT_BOOL("ledger", m.has_ledger, true);
	UNIT_BOOL("enabled", m.is_enabled, false);
	UNIT_UINT("suppressed", m.suppressed, 2);
	metrics_release(&m);
	ledger_close(l);
	conf_release(&c);
	strbuf_release(&error);
	unit_tmpdir_remove(dir);
}

/* The file is another one each time, and never half. */
static void test_write(void **state)
{
	char dir[64];
	char path[128];
	struct strbuf text;
	struct stat before;
	struct stat after;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/t.prom", dir);
	strbuf_init(&text, 100);
	strbuf_adds(&text, "first\n");
	UNIT_INT("first", metrics_write(path, &text), 0);
	UNIT_INT("stat", stat(path, &before), 0);
	UNIT_UINT("mode", before.st_mode & 0777, 0644);
	strbuf_adds(&text, "second\n");
	UNIT_INT("second", metrics_write(path, &text), 0);
	UNIT_INT("stat", stat(path, &after), 0);
	UNIT_TRUE("another file", before.st_ino != after.st_ino);
	UNIT_INT("size", after.st_size, (intmax_t)text.len);
	(void)snprintf(path, sizeof(path), "%s/none/t.prom", dir);
	UNIT_INT("no directory", metrics_write(path, &text), -ENOENT);
	strbuf_release(&text);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_write),
	};

	return UNIT_RUN(tests);
}
