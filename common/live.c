/* SPDX-License-Identifier: BSD-2-Clause */
/* live.c - what the running daemon tells of itself, as text and back */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/err.h"
#include "common/live.h"

enum type {
	TEXT,   /* char [LIVE_TEXT] */
	NUMBER, /* uint64_t */
	SIGNED, /* int64_t */
	BOOL
};

/* One line of a packet. */
struct row {
	const char *key;
	size_t offset; /* in struct live */
	enum live_kind kind;
	enum type type;
};

#define ROW(kind, key, type, member)             \
 {                                               \
  key, offsetof(struct live, member), kind, type \
 }

static const struct row rows[] = {
	ROW(LIVE_ASK_REPLAY, "feed", TEXT, u.ask.feed),
	ROW(LIVE_ASK_REPLAY, "mta", TEXT, u.ask.mta),
	ROW(LIVE_ASK_REPLAY, "until", SIGNED, u.ask.until),
	ROW(LIVE_DAEMON, "version", TEXT, u.daemon.version),
	ROW(LIVE_DAEMON, "state", TEXT, u.daemon.state),
	ROW(LIVE_DAEMON, "pid", NUMBER, u.daemon.pid),
	ROW(LIVE_DAEMON, "started", SIGNED, u.daemon.started),
	ROW(LIVE_DAEMON, "milter", BOOL, u.daemon.has_milter),
	ROW(LIVE_DAEMON, "milter-runs", BOOL, u.daemon.milter_runs),
	ROW(LIVE_DAEMON, "milter-socket", TEXT, u.daemon.milter_socket),
	ROW(LIVE_DAEMON, "milter-starts", NUMBER, u.daemon.milter_starts),
	ROW(LIVE_DAEMON, "network", BOOL, u.daemon.has_network),
	ROW(LIVE_DAEMON, "network-runs", BOOL, u.daemon.network_runs),
	ROW(LIVE_DAEMON, "network-starts", NUMBER, u.daemon.network_starts),
	ROW(LIVE_DAEMON, "dns-health", TEXT, u.daemon.dns_health),
	ROW(LIVE_DAEMON, "policies", NUMBER, u.daemon.policies),
	ROW(LIVE_DAEMON, "questions", NUMBER, u.daemon.questions),
	ROW(LIVE_DAEMON, "policies-dropped", NUMBER, u.daemon.policies_dropped),
	ROW(LIVE_DAEMON, "probe", BOOL, u.daemon.has_probes),
	ROW(LIVE_DAEMON, "probes-open", NUMBER, u.daemon.probes_open),
	ROW(LIVE_DAEMON, "probes-seen", NUMBER, u.daemon.probes_seen),
	ROW(LIVE_DAEMON, "probes-unseen", NUMBER, u.daemon.probes_unseen),
	ROW(LIVE_DAEMON, "probes-dropped", NUMBER, u.daemon.probes_dropped),
	ROW(LIVE_DAEMON, "sandboxed", BOOL, u.daemon.is_sandboxed),
	ROW(LIVE_DAEMON, "clock-step", SIGNED, u.daemon.clock_step),
	ROW(LIVE_FEED, "name", TEXT, u.feed.name),
	ROW(LIVE_FEED, "source", TEXT, u.feed.source),
	ROW(LIVE_FEED, "open", BOOL, u.feed.is_open),
	ROW(LIVE_FEED, "at-end", BOOL, u.feed.is_at_end),
	ROW(LIVE_FEED, "has-lag-bytes", BOOL, u.feed.has_lag_b),
	ROW(LIVE_FEED, "lag-bytes", NUMBER, u.feed.lag_b),
	ROW(LIVE_FEED, "lag-seconds", NUMBER, u.feed.lag_s),
	ROW(LIVE_FEED, "open-sessions", NUMBER, u.feed.open_sessions),
	ROW(LIVE_FEED, "error-time", SIGNED, u.feed.error_t),
	ROW(LIVE_FEED, "has-error", BOOL, u.feed.has_error),
	ROW(LIVE_FEED, "error", TEXT, u.feed.error),
	ROW(LIVE_PROGRESS, "path", TEXT, u.progress.path),
	ROW(LIVE_PROGRESS, "done", NUMBER, u.progress.done),
	ROW(LIVE_PROGRESS, "size", NUMBER, u.progress.size),
	ROW(LIVE_RESULT, "code", SIGNED, u.result.code),
	ROW(LIVE_RESULT, "path", TEXT, u.result.path),
	ROW(LIVE_RESULT, "lines", NUMBER, u.result.lines),
	ROW(LIVE_RESULT, "sessions", NUMBER, u.result.sessions),
	ROW(LIVE_RESULT, "open", NUMBER, u.result.open),
	ROW(LIVE_RESULT, "was-known", BOOL, u.result.was_known),
	ROW(LIVE_RESULT, "was-new", BOOL, u.result.was_new),
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0])
};

static const char *const kinds[] = {
	[LIVE_ASK_STATUS] = "ask-status",
	[LIVE_ASK_REPLAY] = "ask-replay",
	[LIVE_DAEMON] = "daemon",
	[LIVE_FEED] = "feed",
	[LIVE_PROGRESS] = "progress",
	[LIVE_RESULT] = "result",
};

void live_set(char out[LIVE_TEXT], struct view text)
{
	size_t n = text.len < LIVE_TEXT ? text.len : LIVE_TEXT - 1;

	if (n > 0) {
		memcpy(out, text.s, n);
	}
	out[n] = '\0';
}

static void format_text(const char *s, struct strbuf *out)
{
	for (; *s != '\0'; s++) {
		bool is_end = *s == '\n' || *s == '\r';

		strbuf_addc(out, (char)(is_end ? ' ' : *s));
	}
}

static void format_row(
    const struct live *l, const struct row *row, struct strbuf *out)
{
	const void *p = (const unsigned char *)l + row->offset;

	strbuf_addf(out, "%s ", row->key);
	switch (row->type) {
	case TEXT:
		format_text(p, out);
		break;
	case NUMBER:
		strbuf_addf(out, "%" PRIu64, *(const uint64_t *)p);
		break;
	case SIGNED:
		strbuf_addf(out, "%" PRId64, *(const int64_t *)p);
		break;
	case BOOL:
		strbuf_adds(out, *(const bool *)p ? "yes" : "no");
		break;
	}
	strbuf_addc(out, '\n');
}

void live_format(const struct live *l, struct strbuf *out)
{
	strbuf_addf(out, "kind %s\n", kinds[l->kind]);
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].kind == l->kind) {
			format_row(l, &rows[i], out);
		}
	}
}

static int parse_signed(struct view text, int64_t *out)
{
	unsigned long long n;
	bool is_negative = view_take(&text, "-");

	if (view_number(text, INT64_MAX, &n) != 0) {
		return ERR_PARSE;
	}
	*out = is_negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

/* A value that is none leaves the member as it is. */
static void parse_value(
    const struct row *row, struct view text, struct live *out)
{
	void *p = (unsigned char *)out + row->offset;
	unsigned long long n;

	switch (row->type) {
	case TEXT:
		live_set(p, text);
		break;
	case NUMBER:
		if (view_number(text, UINT64_MAX, &n) == 0) {
			*(uint64_t *)p = n;
		}
		break;
	case SIGNED:
		(void)parse_signed(text, p);
		break;
	case BOOL:
		*(bool *)p = view_is(text, "yes");
		break;
	}
}

static enum live_kind find_kind(struct view text)
{
	for (size_t i = 0; i < LIVE_UNKNOWN; i++) {
		if (view_is(text, kinds[i])) {
			return (enum live_kind)i;
		}
	}
	return LIVE_UNKNOWN;
}

static void parse_line(struct view line, struct live *out)
{
	size_t at = view_index(line, ' ');
	struct view key = view_make(line.s, at);

	for (size_t i = 0; i < ROWS && at < line.len; i++) {
		if (rows[i].kind == out->kind && view_is(key, rows[i].key)) {
			parse_value(&rows[i], view_skip(line, at + 1), out);
			return;
		}
	}
}

int live_parse(struct view packet, struct live *out)
{
	size_t at = view_index(packet, '\n');
	struct view first = view_make(packet.s, at);

	memset(out, 0, sizeof(*out));
	out->kind = LIVE_UNKNOWN;
	if (packet.len > LIVE_PACKET || at == packet.len ||
	    memchr(packet.s, '\0', packet.len) != NULL ||
	    !view_take(&first, "kind ")) {
		return ERR_PARSE;
	}
	out->kind = find_kind(first);
	while (at < packet.len) {
		packet = view_skip(packet, at + 1);
		at = view_index(packet, '\n');
		if (at < packet.len) {
			parse_line(view_make(packet.s, at), out);
		}
	}
	return 0;
}
