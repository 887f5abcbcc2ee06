/* SPDX-License-Identifier: BSD-2-Clause */
/* test_live.c - tests of common/live.c */

#include "config.h"

#include "common/err.h"
#include "common/live.h"
#include "tests/unit/unit.h"

/* A view of a literal, with the NUL bytes inside it. */
#define V(literal) view_make((literal), sizeof(literal) - 1)

static void format(const struct live *l, struct strbuf *out)
{
	strbuf_init(out, LIVE_PACKET);
	live_format(l, out);
	assert_false(out->failed);
}

/* Parses a packet of exactly its size, for the sanitizer. */
static int parse(struct view packet, struct live *out)
{
	char *copy = malloc(packet.len > 0 ? packet.len : 1);
	int rc;

	assert_non_null(copy);
	if (packet.len > 0) {
		memcpy(copy, packet.s, packet.len);
	}
	memset(out, 0xff, sizeof(*out));
	rc = live_parse(view_make(copy, packet.len), out);
	free(copy);
	return rc;
}

/* One of each kind, and the text that it is. */
static const struct {
	const char *want;
	struct live in;
} each[] = {
	{ "kind ask-status\n", { .kind = LIVE_ASK_STATUS } },
	{ "kind ask-replay\n"
	  "feed in\n"
	  "mta sendmail\n"
	  "until -9223372036854775807\n",
	    { .kind = LIVE_ASK_REPLAY,
		.u.ask = { .feed = "in",
		    .mta = "sendmail",
		    .until = -INT64_MAX } } },
	{ "kind daemon\n"
	  "version 1.2\n"
	  "state /var/lib/telltls\n"
	  "pid 4711\n"
	  "started 1795305600\n"
	  "milter yes\n"
	  "milter-runs no\n"
	  "milter-socket unix:/run/telltls/milter\n"
	  "milter-starts 18446744073709551615\n"
	  "network yes\n"
	  "network-runs yes\n"
	  "network-starts 2\n"
	  "dns-health validating\n"
	  "policies 3\n"
	  "questions 4\n"
	  "policies-dropped 5\n"
	  "probe yes\n"
	  "probes-open 6\n"
	  "probes-seen 7\n"
	  "probes-unseen 8\n"
	  "probes-dropped 9\n"
	  "sandboxed yes\n"
	  "clock-step 9223372036854775807\n",
	    { .kind = LIVE_DAEMON,
		.u.daemon = { .version = "1.2",
		    .state = "/var/lib/telltls",
		    .pid = 4711,
		    .started = 1795305600,
		    .has_milter = true,
		    .milter_socket = "unix:/run/telltls/milter",
		    .milter_starts = UINT64_MAX,
		    .has_network = true,
		    .network_runs = true,
		    .network_starts = 2,
		    .dns_health = "validating",
		    .policies = 3,
		    .questions = 4,
		    .policies_dropped = 5,
		    .has_probes = true,
		    .probes_open = 6,
		    .probes_seen = 7,
		    .probes_unseen = 8,
		    .probes_dropped = 9,
		    .is_sandboxed = true,
		    .clock_step = INT64_MAX } } },
	{ "kind feed\n"
	  "name in\n"
	  "source /var/log/mail log\n"
	  "open yes\n"
	  "at-end no\n"
	  "has-lag-bytes yes\n"
	  "lag-bytes 1\n"
	  "lag-seconds 2\n"
	  "open-sessions 3\n"
	  "error-time 4\n"
	  "has-error yes\n"
	  "error /x: No space left on device\n",
	    { .kind = LIVE_FEED,
		.u.feed = { .name = "in",
		    .source = "/var/log/mail log",
		    .is_open = true,
		    .has_lag_b = true,
		    .lag_b = 1,
		    .lag_s = 2,
		    .open_sessions = 3,
		    .error_t = 4,
		    .has_error = true,
		    .error = "/x: No space left on device" } } },
	{ "kind progress\n"
	  "path 3\n"
	  "done 10\n"
	  "size 0\n",
	    { .kind = LIVE_PROGRESS,
		.u.progress = { .path = "3", .done = 10 } } },
	{ "kind result\n"
	  "code -10013\n"
	  "path \n"
	  "lines 5\n"
	  "sessions 6\n"
	  "open 7\n"
	  "was-known no\n"
	  "was-new yes\n",
	    { .kind = LIVE_RESULT,
		.u.result = { .code = ERR_OLD,
		    .lines = 5,
		    .sessions = 6,
		    .open = 7,
		    .was_new = true } } },
};

static void test_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(each); i++) {
		const char *name = each[i].want;
		struct live got;
		struct strbuf text;
		struct strbuf again;

		UNIT_INT(name, each[i].in.kind, (enum live_kind)i);
		format(&each[i].in, &text);
		UNIT_STR(name, strbuf_str(&text), each[i].want);
		UNIT_INT(name, parse(view_of(strbuf_str(&text)), &got), 0);
		UNIT_INT(name, got.kind, each[i].in.kind);
		format(&got, &again);
		UNIT_STR(name, strbuf_str(&again), each[i].want);
		strbuf_release(&text);
		strbuf_release(&again);
	}
	UNIT_UINT("all kinds", UNIT_LEN(each), LIVE_UNKNOWN);
}

/*
 * A packet that ends anywhere: what it tells is what the whole one does, or
 * nothing, and never half of it.
 */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(each); i++) {
		struct view whole = view_of(each[i].want);
		size_t head = view_index(whole, '\n') + 1;

		for (size_t len = 0; len < whole.len; len++) {
			struct view cut = view_make(whole.s, len);
			struct view lines =
			    view_make(whole.s, view_rindex(cut, '\n') + 1);
			struct live got;
			struct live want;
			struct strbuf text;
			struct strbuf wanted;

			if (len < head) {
				UNIT_INT(
				    "no kind", parse(cut, &got), ERR_PARSE);
				UNIT_INT("no kind", got.kind, LIVE_UNKNOWN);
				continue;
			}
			UNIT_INT(each[i].want, parse(cut, &got), 0);
			UNIT_INT(each[i].want, parse(lines, &want), 0);
			format(&got, &text);
			format(&want, &wanted);
			UNIT_STR(each[i].want, strbuf_str(&text),
			    strbuf_str(&wanted));
			strbuf_release(&text);
			strbuf_release(&wanted);
		}
	}
}

static void test_heads(void **state)
{
	const struct {
		const char *name;
		struct view in;
		int want;
		enum live_kind kind;
	} table[] = {
		{ "empty", V(""), ERR_PARSE, LIVE_UNKNOWN },
		{ "a line end", V("\n"), ERR_PARSE, LIVE_UNKNOWN },
		{ "no line end", V("kind feed"), ERR_PARSE, LIVE_UNKNOWN },
		{ "no kind", V("name x\nkind feed\n"), ERR_PARSE,
		    LIVE_UNKNOWN },
		{ "other case", V("Kind feed\n"), ERR_PARSE, LIVE_UNKNOWN },
		{ "no blank", V("kind\n"), ERR_PARSE, LIVE_UNKNOWN },
		{ "a blank before", V(" kind feed\n"), ERR_PARSE,
		    LIVE_UNKNOWN },
		{ "NUL", V("kind feed\nname a\0b\n"), ERR_PARSE, LIVE_UNKNOWN },
		{ "NUL in front", V("\0kind feed\n"), ERR_PARSE, LIVE_UNKNOWN },
		{ "nothing", V("kind \n"), 0, LIVE_UNKNOWN },
		{ "unknown", V("kind outbox\nname x\n"), 0, LIVE_UNKNOWN },
		{ "a blank behind", V("kind feed \n"), 0, LIVE_UNKNOWN },
		{ "two blanks", V("kind  feed\n"), 0, LIVE_UNKNOWN },
		{ "CR", V("kind feed\r\n"), 0, LIVE_UNKNOWN },
		{ "part of one", V("kind fee\n"), 0, LIVE_UNKNOWN },
		{ "and more", V("kind feeds\n"), 0, LIVE_UNKNOWN },
		{ "said twice", V("kind feed\nkind daemon\n"), 0, LIVE_FEED },
		{ "no members", V("kind daemon\n"), 0, LIVE_DAEMON },
		{ "empty lines", V("kind daemon\n\n\n"), 0, LIVE_DAEMON },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct live got;

		UNIT_INT(
		    table[i].name, parse(table[i].in, &got), table[i].want);
		UNIT_INT(table[i].name, got.kind, table[i].kind);
	}
}

/* What a line does to a feed that is named "old" and 7 bytes behind. */
static void test_lines(void **state)
{
	static const struct {
		const char *in;
		const char *want; /* name, then lag */
	} table[] = {
		{ "name new", "new 7" },
		{ "name ", " 7" },
		{ "name  new ", " new  7" },
		{ "name a\tb\x1b", "a\tb\x1b 7" },
		{ "name new\nname newer", "newer 7" },
		{ "name", "old 7" },
		{ " name new", "old 7" },
		{ "Name new", "old 7" },
		{ "nam new", "old 7" },
		{ "names new", "old 7" },
		{ "version new", "old 7" },
		{ "no-such-key new", "old 7" },
		{ "lag-bytes 0", "old 0" },
		{ "lag-bytes 007", "old 7" },
		{ "lag-bytes 8\nlag-bytes x", "old 8" },
		{ "lag-bytes 18446744073709551615",
		    "old 18446744073709551615" },
		{ "lag-bytes 18446744073709551616", "old 7" },
		{ "lag-bytes 99999999999999999999999999", "old 7" },
		{ "lag-bytes -1", "old 7" },
		{ "lag-bytes +1", "old 7" },
		{ "lag-bytes 1 ", "old 7" },
		{ "lag-bytes  1", "old 7" },
		{ "lag-bytes 0x1", "old 7" },
		{ "lag-bytes ", "old 7" },
		{ "lag-bytes", "old 7" },
		{ "", "old 7" },
		{ " ", "old 7" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char packet[200];
		char got[LIVE_TEXT + 32];
		struct live l;

		(void)snprintf(packet, sizeof(packet),
		    "kind feed\nname old\nlag-bytes 7\n%s\n", table[i].in);
		UNIT_INT(table[i].in, parse(view_of(packet), &l), 0);
		(void)snprintf(got, sizeof(got), "%s %llu", l.u.feed.name,
		    (unsigned long long)l.u.feed.lag_b);
		UNIT_STR(table[i].in, got, table[i].want);
	}
}

static void test_signed(void **state)
{
	static const struct {
		const char *in;
		int64_t want; /* -1: as it was */
	} table[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "-5", -5 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775807", -INT64_MAX },
		{ "9223372036854775808", -1 },
		{ "18446744073709551615", -1 },
		{ "--5", -1 },
		{ "-", -1 },
		{ "- 5", -1 },
		{ "+5", -1 },
		{ "5s", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char packet[100];
		struct live l;

		(void)snprintf(packet, sizeof(packet),
		    "kind result\ncode -1\ncode %s\n", table[i].in);
		UNIT_INT(table[i].in, parse(view_of(packet), &l), 0);
		UNIT_INT(table[i].in, l.u.result.code, table[i].want);
	}
}

static void test_bool(void **state)
{
	static const struct {
		const char *in;
		bool want;
	} table[] = {
		{ "yes", true },
		{ "no", false },
		{ "Yes", false },
		{ "yes ", false },
		{ "1", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char packet[100];
		struct live l;

		(void)snprintf(packet, sizeof(packet), "kind feed\nopen %s\n",
		    table[i].in);
		UNIT_INT(table[i].in, parse(view_of(packet), &l), 0);
		UNIT_BOOL(table[i].in, l.u.feed.is_open, table[i].want);
	}
}

/* Texts are cut where there is no room; a NUL comes with them always. */
static void test_long_texts(void **state)
{
	char text[2 * LIVE_TEXT];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		size_t want = len < LIVE_TEXT ? len : LIVE_TEXT - 1;
		char out[LIVE_TEXT];
		struct strbuf packet;
		struct live l;

		memset(out, 'y', sizeof(out));
		live_set(out, view_make(text, len));
		UNIT_MEM("live_set", out, strnlen(out, LIVE_TEXT), text, want);
		strbuf_init(&packet, LIVE_PACKET);
		strbuf_adds(&packet, "kind progress\npath ");
		strbuf_add(&packet, text, len);
		strbuf_adds(&packet, "\ndone 3\n");
		UNIT_INT("parse", parse(view_of(packet.s), &l), 0);
		UNIT_MEM("parse", l.u.progress.path,
		    strnlen(l.u.progress.path, LIVE_TEXT), text, want);
		UNIT_UINT("what follows", l.u.progress.done, 3);
		strbuf_release(&packet);
	}
	live_set(text, view_of(NULL));
	UNIT_STR("none", text, "");
}

/* The fullest packets fit, and no packet is longer than LIVE_PACKET. */
static void test_bounds(void **state)
{
	struct live daemon = { .kind = LIVE_DAEMON };
	struct live feed = { .kind = LIVE_FEED };
	char *const texts[] = { daemon.u.daemon.version, daemon.u.daemon.state,
		daemon.u.daemon.milter_socket, feed.u.feed.name,
		feed.u.feed.source, feed.u.feed.error };
	struct strbuf text;
	struct live l;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		memset(texts[i], 'x', LIVE_TEXT - 1);
	}
	format(&daemon, &text);
	UNIT_INT("daemon", parse(view_of(text.s), &l), 0);
	UNIT_STR("daemon", l.u.daemon.milter_socket, texts[0]);
	strbuf_release(&text);
	format(&feed, &text);
	UNIT_INT("feed", parse(view_of(text.s), &l), 0);
	UNIT_STR("feed", l.u.feed.error, texts[0]);
	strbuf_release(&text);

	strbuf_init(&text, LIVE_PACKET + 1);
	strbuf_adds(&text, "kind feed\n");
	while (text.len <= LIVE_PACKET) {
		strbuf_addc(&text, '\n');
	}
	UNIT_INT("longest", parse(view_make(text.s, LIVE_PACKET), &l), 0);
	UNIT_INT("too long", parse(view_make(text.s, LIVE_PACKET + 1), &l),
	    ERR_PARSE);
	strbuf_release(&text);
}

/* No text can end its line: what it says stays in its value. */
static void test_line_ends(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "a\nb", "a b" },
		{ "a\r\nb", "a  b" },
		{ "\nname evil", " name evil" },
		{ "x\nhas-error no\n", "x has-error no " },
		{ "\n", " " },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct live l = { .kind = LIVE_FEED,
			.u.feed = { .name = "in", .has_error = true } };
		struct strbuf text;

		live_set(l.u.feed.source, view_of(table[i].in));
		live_set(l.u.feed.error, view_of(table[i].in));
		format(&l, &text);
		UNIT_INT(table[i].in, parse(view_of(text.s), &l), 0);
		UNIT_STR(table[i].in, l.u.feed.name, "in");
		UNIT_STR(table[i].in, l.u.feed.source, table[i].want);
		UNIT_STR(table[i].in, l.u.feed.error, table[i].want);
		UNIT_BOOL(table[i].in, l.u.feed.has_error, true);
		strbuf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_line_ends),
	};

	return UNIT_RUN(tests);
}
