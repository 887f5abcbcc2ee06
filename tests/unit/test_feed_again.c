/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feed_again.c - logs that were read before, and not all there any more */

#include "config.h"

#include "common/err.h"
#include "tests/unit/feed_kit.h"

static int replay(const char *state, const char *const *paths, size_t n)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};
	struct store *store = NULL;
	struct feed *feed = NULL;
	int rc;

	assert_int_equal(store_open(state, &limits, &store), 0);
	assert_int_equal(feed_open(store, &o, &feed), 0);
	rc = feed_read(feed, paths, n, false);
	feed_close(feed);
	store_close(store);
	return rc;
}

/* A record of a process that delivers to a domain of its own. */
static void add_record(
    struct strbuf *log, const char *stamp, char kind, unsigned n)
{
	strbuf_addf(log,
	    "%s vm sm-mta[%u]: 6AMAAAAAA0000%u: TLSRPT1^%c^i:6AMAAAAAA0000%u"
	    "^v:OK^p:TLSv1.3%s^a:192.0.2.%u%s^h:mx%u.example^d:d%u.example."
	    "^s:a@b.example^r:u@d%u.example%s\n",
	    stamp, n, n, kind, n, kind == 'S' ? "^c:x^b:256^n:match" : "", n,
	    kind == 'S' ? "^f:^o:^q:^k:1" : "^q:", n, n, n,
	    kind == 'S' ? "^cn:x^ci:x" : "");
}

/*
 * A line that is read again without what stands before it, which no open
 * session needs: it must not count, though it seems to be worth more than it
 * was. (It was the last line of its day, and was counted twice.)
 */
static void test_line_again(void **unused)
{
	static const struct {
		const char *stamp;
		char kind;
		unsigned process;
	} lines[] = {
		{ "2026-11-22T22:00:00Z", 'S', 1 },
		{ "2026-11-22T22:00:00Z", 'R', 1 },
		{ "2026-11-22T23:00:00Z", 'S', 2 },
		{ "2026-11-22T23:00:00Z", 'R', 2 },
		{ "2026-11-22T23:10:00Z", 'R', 1 },
		{ "2026-11-23T00:10:00Z", 'R', 2 },
		/* 1 is over, 2 is not */
		{ "2026-11-23T01:10:00Z", 'R', 2 },
	};

	char state[96];
	char path[96];
	const char *paths = path;
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	path_of(state, sizeof(state), "again");
	path_of(path, sizeof(path), "mail.log");
	for (size_t i = 0; i < UNIT_LEN(lines); i++) {
		/* in between there is a place where reading may begin again */
		for (int k = 0; i == 2 && k < 2000; k++) {
			strbuf_adds(
			    &log, "2026-11-22T22:30:00Z vm x[1]: hello\n");
		}
		add_record(
		    &log, lines[i].stamp, lines[i].kind, lines[i].process);
	}
	write_file(path, log.s, log.len, "w");
	UNIT_INT("once", replay(state, &paths, 1), 0);
	dump(state, &want);
	UNIT_INT("again", replay(state, &paths, 1), 0);
	dump(state, &got);
	UNIT_STR("counted", strbuf_str(&got), strbuf_str(&want));
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

/* One that is open, and what may come behind it. */
static const char open_session[] =
    "Nov 22 12:00:00 vm sm-mta[7]: 6AMAAAAAA00007: "
    "TLSRPT1^T^i:6AMAAAAAA00007^a:192.0.2.7^q:^h:mx.example^d:d.example."
    "^s:a@b.example^r:u@d.example\n";
static const char hello[] = "Nov 22 12:00:0%d vm sm-mta[1]: hello\n";

/* Files that were read before need not all be there again. */
static void test_hole(void **unused)
{
	static const struct {
		const char *name;
		int files[4]; /* 0: no more */
		int more;     /* file to which a line is added before */
		int rc;
		const char *want;
	} table[] = {
		{ "one", { 1 }, 0, 0, "lines: 1\n" },
		{ "two", { 1, 2 }, 0, 0, "lines: 2\n" },
		{ "three", { 1, 2, 3 }, 0, 0, "lines: 3\n" },
		{ "more", { 1, 2, 3 }, 3, 0, "lines: 4\n" },
		{ "one between is gone", { 1, 3 }, 3, 0, "lines: 5\n" },
		{ "the older one alone", { 1 }, 0, 0, "lines: 5\n" },
		{ "older ones alone", { 1, 2 }, 0, ERR_OLD, "lines: 5\n" },
		{ "the last one is gone", { 1, 4 }, 0, 0, "lines: 6\n" },
		{ "and is here again", { 1, 3, 4 }, 4, 0, "lines: 7\n" },
	};

	char state[96];
	struct strbuf got;

	(void)unused;
	strbuf_init(&got, TEXT_MAX);
	path_of(state, sizeof(state), "hole");
	for (int i = 1; i <= 4; i++) {
		char path[96];
		char line[96];

		(void)snprintf(line, sizeof(line), hello, i);
		path_of(path, sizeof(path), (const char[2]){ (char)('0' + i) });
		write_file(path, i == 1 ? open_session : line,
		    strlen(i == 1 ? open_session : line), "w");
	}
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char paths[4][96];
		const char *p[4];
		char line[96];
		size_t n = 0;

		for (; n < 4 && table[i].files[n] != 0; n++) {
			const char name[2] = { (
			    char)('0' + table[i].files[n]) };

			path_of(paths[n], sizeof(paths[n]), name);
			p[n] = paths[n];
		}
		if (table[i].more != 0) {
			(void)snprintf(
			    line, sizeof(line), hello, table[i].more);
			write_file(paths[n - 1], line, strlen(line), "a");
		}
		UNIT_INT(table[i].name, replay(state, p, n), table[i].rc);
		dump(state, &got);
		got.s[strcspn(got.s, "\n") + 1] = '\0';
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_line_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hole, setup, teardown),
	};

	return UNIT_RUN(tests);
}
