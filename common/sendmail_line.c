/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_line.c - takes one line of Sendmail apart
 *
 * The rule that keeps forgers out: a field is believed only where Sendmail
 * itself puts it, counted from the front of the message; nothing is searched
 * for behind text that a stranger chose.
 */

#include "config.h"

#include <string.h>

#include "common/sendmail_line.h"

/* Cuts up to the next byte c off the front and drops c; false: no c. */
static bool take_until(struct view *text, char c, struct view *out)
{
	size_t n = view_index(*text, c);

	if (n == text->len) {
		return false;
	}
	*out = view_make(text->s, n);
	*text = view_skip(*text, n + 1);
	return true;
}

/* Cuts up to the first occurrence of a mark off the front, and the mark. */
static bool take_before(struct view *text, const char *mark, struct view *out)
{
	size_t n = view_find(*text, mark);

	if (n == text->len) {
		return false;
	}
	*out = view_make(text->s, n);
	*text = view_skip(*text, n + strlen(mark));
	return true;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/*
 * "QID: " or "QID[n]: " at the front. part is 0 without brackets. Queue ids
 * are letters and digits (8.12 and later: 14 of them; older ones 12).
 */
static bool take_qid(struct view *msg, struct view *qid, unsigned *part)
{
	size_t n = 0;
	unsigned long long number = 0;
	struct view rest;

	while (n < msg->len && is_alnum(msg->s[n])) {
		n++;
	}
	if (n < 8 || n > 24) {
		return false;
	}
	rest = view_skip(*msg, n);
	if (view_take(&rest, "[")) {
		struct view digits;

		if (!take_until(&rest, ']', &digits) ||
		    view_number(digits, 1000, &number) != 0 || number == 0) {
			return false;
		}
	}
	if (!view_take(&rest, ": ")) {
		return false;
	}
	*qid = view_make(msg->s, n);
	*part = (unsigned)number;
	*msg = rest;
	return true;
}

/*
 * Bytes of the unit at i: a byte, or a backslash with what it protects. In
 * log text each backslash of an address is doubled, and a byte that cannot be
 * printed is \\ooo.
 */
static size_t unit_length(struct view text, size_t i, bool is_log)
{
	size_t n = 1;

	if (text.s[i] != '\\' || i + 1 >= text.len) {
		return 1;
	}
	if (!is_log) {
		return 2;
	}
	if (text.s[i + 1] != '\\') {
		return 4;
	}
	if (i + 2 < text.len && text.s[i + 2] == '\\') {
		n = i + 3 < text.len && text.s[i + 3] == '\\' ? 2 : 4;
	}
	return 2 + n;
}

/*
 * sender "^r:" recipient. Both are strangers' text and either may hold the
 * mark, so they are told apart only where there is one way to do it: the
 * mark outside quotes stands once.
 */
static bool split_tail(struct view tail, struct view *sender, struct view *rcpt)
{
	bool quoted = false;
	size_t at = tail.len;

	for (size_t i = 0; i < tail.len; i += unit_length(tail, i, true)) {
		if (tail.s[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && tail.len - i >= 3 &&
		    memcmp(tail.s + i, "^r:", 3) == 0) {
			if (at != tail.len) {
				return false;
			}
			at = i;
		}
	}
	if (quoted || at == tail.len) {
		return false;
	}
	*sender = view_make(tail.s, at);
	*rcpt = view_skip(tail, at + 3);
	return true;
}

/* One value of a record: "key:value^" with the key at this very place. */
static bool take_value(struct view *text, const char *key, struct view *out)
{
	return view_take(text, key) && take_until(text, '^', out);
}

/* h: and d: may hold what DNS holds; the next key ends them. */
static bool take_hosts(struct view *text, struct sendmail_line *out)
{
	return view_take(text, "h:") && take_before(text, "^d:", &out->host) &&
	    take_before(text, "^s:", &out->nexthop);
}

static bool parse_server(struct view text, struct sendmail_line *out)
{
	struct view skip;
	struct view tlsreq;
	struct view fresh;
	size_t end;

	if (!take_value(&text, "v:", &out->verify) ||
	    !take_value(&text, "p:", &out->version) ||
	    !take_value(&text, "c:", &skip) ||
	    !take_value(&text, "b:", &skip) ||
	    !take_value(&text, "n:", &out->name) ||
	    !take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "f:", &skip) ||
	    !take_value(&text, "o:", &out->origin) ||
	    !take_value(&text, "q:", &tlsreq) ||
	    !take_value(&text, "k:", &fresh) || !take_hosts(&text, out)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	out->is_new = view_is(fresh, "1");
	/* the certificate's names follow: the recipient ends before them */
	end = view_find(text, "^cn:");
	if (end < text.len) {
		out->has_tail = split_tail(
		    view_make(text.s, end), &out->sender, &out->rcpt);
	}
	return true;
}

static bool parse_rcpt(struct view text, struct sendmail_line *out)
{
	struct view tlsreq;

	if (!take_value(&text, "v:", &out->verify) ||
	    !take_value(&text, "p:", &out->version) ||
	    !take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "q:", &tlsreq) || !take_hosts(&text, out)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	out->tail = text;
	out->has_tail = split_tail(text, &out->sender, &out->rcpt);
	return true;
}

static bool parse_try(struct view text, struct sendmail_line *out)
{
	struct view tlsreq;

	if (!take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "q:", &tlsreq) || !take_hosts(&text, out)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	out->tail = text;
	out->has_tail = split_tail(text, &out->sender, &out->rcpt);
	return true;
}

void sendmail_line_parse_record(
    struct view qid, struct view text, struct sendmail_line *out)
{
	static const struct {
		const char *mark;
		enum sendmail_kind kind;
		bool (*parse)(struct view text, struct sendmail_line *out);
	} rows[] = {
		{ "T^i:", SENDMAIL_TRY, parse_try },
		{ "S^i:", SENDMAIL_SERVER, parse_server },
		{ "R^i:", SENDMAIL_RCPT, parse_rcpt },
	};
	struct view id;

	*out = (struct sendmail_line){ .kind = SENDMAIL_BAD, .qid = qid };
	if (!view_take(&text, "TLSRPT1^")) {
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!view_take(&text, rows[i].mark)) {
			continue;
		}
		/* the record names the queue id that the line begins with */
		if (take_until(&text, '^', &id) && view_eq(id, qid) &&
		    rows[i].parse(text, out)) {
			out->kind = rows[i].kind;
		}
		return;
	}
}

/*
 * Sendmail cuts records of more than about 1000 bytes: "QID[1]: ... ..." and
 * "QID[2]: ...". An S record has all that we trust in the first part; of the
 * others the end is needed.
 */
static void parse_split(
    struct view msg, unsigned part, struct sendmail_line *out)
{
	static const char dots[] = " ...";
	size_t n = sizeof(dots) - 1;

	if (msg.len >= n && memcmp(msg.s + msg.len - n, dots, n) == 0) {
		msg.len -= n;
		out->has_more = true;
	}
	out->text = msg;
	if (part > 1) {
		out->kind = SENDMAIL_SPLIT_TAIL;
	} else if (view_starts(msg, "TLSRPT1^S^")) {
		sendmail_line_parse_record(out->qid, msg, out);
		/* what the parts hold of the names cannot be told */
		out->has_tail = false;
	} else if (view_starts(msg, "TLSRPT1^")) {
		out->kind = SENDMAIL_SPLIT_HEAD;
	}
}

size_t sendmail_unescape(struct view text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < size; i++) {
		const char *s = text.s + i;
		size_t left = text.len - i;

		if (s[0] == '\\' && left >= 2 && s[1] == '\\') {
			out[n++] = '\\';
			i++;
		} else if (s[0] == '\\' && left >= 4 && s[1] >= '0' &&
		    s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			out[n++] = (char)((s[1] - '0') << 6 |
			    (s[2] - '0') << 3 | (s[3] - '0'));
			i += 3;
		} else {
			out[n++] = s[0];
		}
	}
	return n;
}

/* Length of the address at the front: up to an unquoted stop byte. */
static size_t address_length(struct view text, char stop, bool is_log)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i += unit_length(text, i, is_log)) {
		if (text.s[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && text.s[i] == stop) {
			return i;
		}
	}
	return text.len;
}

bool sendmail_next_rcpt(struct view *list, struct view *address)
{
	size_t n;

	if (list->len == 0) {
		return false;
	}
	if (view_take(list, "<")) {
		n = address_length(*list, '>', false);
		*address = view_make(list->s, n);
		*list = view_skip(*list, n < list->len ? n + 1 : n);
	} else {
		n = address_length(*list, ',', false);
		*address = view_make(list->s, n);
		*list = view_skip(*list, n);
	}
	(void)view_take(list, ",");
	return true;
}

/*
 * Length of the list of addresses at the front of a to= line, still escaped.
 * It ends at ", " outside of an address.
 */
static size_t rcpts_length(struct view text)
{
	size_t at = 0;

	for (;;) {
		struct view rest = view_skip(text, at);
		bool bracketed = view_starts(rest, "<");
		size_t n;

		if (bracketed) {
			n = address_length(view_skip(rest, 1), '>', true) + 2;
		} else {
			n = address_length(rest, ',', true);
		}
		if (n >= rest.len) {
			return text.len;
		}
		at += n;
		rest = view_skip(text, at);
		if (!view_starts(rest, ",") || view_starts(rest, ", ")) {
			return at;
		}
		at++;
	}
}

/* relay= of a to= line: "host. [addr]", "[addr] [addr]", "host." */
static void parse_relay(struct view relay, struct sendmail_line *out)
{
	size_t open = view_rindex(relay, '[');

	out->has_relay = true;
	out->host = relay;
	if (open > 0 && open < relay.len && relay.s[relay.len - 1] == ']' &&
	    relay.s[open - 1] == ' ') {
		out->host = view_make(relay.s, open - 1);
		out->addr = view_make(relay.s + open + 1, relay.len - open - 2);
	}
}

/* What follows the list: "delay=, xdelay=, mailer=, pri=, relay=, dsn=, " */
static bool parse_delivery(struct view text, struct sendmail_line *out)
{
	struct view value;

	if (!view_take(&text, "delay=") || !take_before(&text, ", ", &value)) {
		return false;
	}
	if (view_take(&text, "xdelay=") && !take_before(&text, ", ", &value)) {
		return false;
	}
	if (!view_take(&text, "mailer=") ||
	    !take_before(&text, ", ", &out->mailer)) {
		return false;
	}
	if (view_take(&text, "pri=") && !take_before(&text, ", ", &value)) {
		return false;
	}
	if (view_take(&text, "relay=")) {
		if (!take_before(&text, ", dsn=", &value)) {
			return false;
		}
		parse_relay(value, out);
		/* without an address there was no peer whose text could follow */
		out->is_tlsa_error = out->addr.len == 0 &&
		    take_before(&text, ", ", &value) &&
		    view_take(&text, "stat=Deferred: Name server: ") &&
		    take_before(&text, ": host name lookup failure for TLSA RR",
			&value) &&
		    text.len == 0;
	}
	return true;
}

static void parse_to(struct view text, struct sendmail_line *out)
{
	size_t n = rcpts_length(text);

	out->rcpts = view_make(text.s, n);
	text = view_skip(text, n);
	if (!view_take(&text, ", ")) {
		return;
	}
	out->has_more = view_take(&text, "[more], ");
	if (view_take(&text, "ctladdr=")) {
		n = rcpts_length(text);
		text = view_skip(text, n);
		if (!view_take(&text, ", ")) {
			return;
		}
	}
	if (parse_delivery(text, out)) {
		out->kind = SENDMAIL_TO;
	}
}

/* "STARTTLS=client, " is taken off. */
static void parse_starttls(struct view text, struct sendmail_line *out)
{
	struct view value;

	if (view_take(&text, "error: connect failed=")) {
		if (take_before(&text, ", reason=", &value) &&
		    take_before(&text, ", SSL_error=", &out->text)) {
			out->kind = SENDMAIL_TLS_ERROR;
			out->is_closed = view_starts(text, "5, ");
			out->is_timeout = view_starts(text, "2, ") &&
			    view_find(text, "retry=0") < text.len;
		}
		return;
	}
	if (view_take(&text, "cert-subject=")) {
		/* the names before it are the peer's: ours stands last */
		while (take_before(&text, ", verifymsg=", &value)) {
			out->text = text;
			out->kind = SENDMAIL_VERIFYMSG;
		}
		return;
	}
	if (!view_take(&text, "relay=") ||
	    !take_before(&text, ", ", &out->host)) {
		return;
	}
	if (view_take(&text, "version=")) {
		if (take_before(&text, ", verify=", &out->version) &&
		    take_before(&text, ", ", &out->verify)) {
			out->kind = SENDMAIL_TLS_UP;
		}
	} else if (view_take(&text, "warning=DANE configured in DNS but ")) {
		if (view_is(text, "no STARTTLS available") ||
		    view_is(text, "STARTTLS not offered")) {
			out->kind = SENDMAIL_DANE_NO_TLS;
		} else if (view_is(text, "STARTTLS failed")) {
			out->kind = SENDMAIL_DANE_REFUSED;
		}
	}
}

static void parse_ruleset(struct view text, struct sendmail_line *out)
{
	if (take_before(&text, ", arg1=", &out->ruleset) &&
	    take_before(&text, ", relay=", &out->text) &&
	    take_before(&text, ", ", &out->host) &&
	    /* 8.17 and 8.18 call it differently */
	    (view_starts(text, "reject=") || view_starts(text, "status=")) &&
	    (view_is(out->ruleset, "tls_server") ||
		view_is(out->ruleset, "try_tls"))) {
		out->kind = SENDMAIL_REJECT;
	}
}

void sendmail_line_parse(struct view msg, struct sendmail_line *out)
{
	unsigned part = 0;

	*out = (struct sendmail_line){ .kind = SENDMAIL_OTHER };
	if (view_take(&msg, "STARTTLS=client, ")) {
		parse_starttls(msg, out);
	} else if (view_take(&msg, "ruleset=")) {
		parse_ruleset(msg, out);
	} else if (!take_qid(&msg, &out->qid, &part)) {
		return;
	} else if (part > 0) {
		parse_split(msg, part, out);
	} else if (view_starts(msg, "TLSRPT1^")) {
		sendmail_line_parse_record(out->qid, msg, out);
	} else if (view_take(&msg, "to=")) {
		parse_to(msg, out);
	}
}
