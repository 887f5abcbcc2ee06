/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_line.c - takes one line of Sendmail apart
 *
 * The rule that keeps forgers out: a field is believed only where Sendmail
 * itself puts it, counted from the front of the message; nothing is searched
 * for behind text that a stranger chose.
 */

#include "config.h"

#include <stdint.h>
#include <string.h>

#include "common/ascii.h"
#include "common/sendmail_line.h"
#include "common/sendmail_record.h"
#include "common/sendmail_text.h"

/*
 * Length of the queue id at the front, 0 for none. Queue ids are letters and
 * digits (8.12 and later: 14 of them; older ones 12).
 */
static size_t qid_length(struct view msg)
{
	size_t n = 0;

	while (n < msg.len && ascii_is_alnum(msg.s[n])) {
		n++;
	}
	return n < 8 || n > 24 ? 0 : n;
}

/* "QID: " or "QID[n]: " at the front. part is 0 without brackets. */
static bool take_qid(struct view *msg, struct view *qid, unsigned *part)
{
	size_t n = qid_length(*msg);
	unsigned long long number = 0;
	struct view rest;

	if (n == 0) {
		return false;
	}
	rest = view_skip(*msg, n);
	if (view_take(&rest, "[")) {
		struct view digits;

		if (!sendmail_take_before(&rest, "]", &digits) ||
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
 * Sendmail cuts records of more than about 1000 bytes: "QID[1]: ... ..." and
 * "QID[2]: ...". Nothing is believed before the end is there.
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
	out->part = part;
	if (part > 1) {
		out->kind = SENDMAIL_SPLIT_TAIL;
	} else if (view_starts(msg, "TLSRPT1^")) {
		out->kind = out->has_more ? SENDMAIL_SPLIT_HEAD : SENDMAIL_BAD;
	} else if (view_starts(msg, "split: ") && out->has_more) {
		out->kind = SENDMAIL_SPLIT_HEAD;
	}
}

bool sendmail_line_next_id(struct view *ids, struct view *id)
{
	size_t n = qid_length(*ids);

	*id = view_make(ids->s, n);
	*ids = view_skip(*ids, n);
	return n > 0 &&
	    (ids->len == 0 || (view_take(ids, "; ") && ids->len > 0));
}

static bool take_number(
    struct view *text, const char *key, const char *end, uint64_t *out)
{
	unsigned long long n = 0;
	struct view digits;

	if (!view_take(text, key) ||
	    !sendmail_take_before(text, end, &digits) ||
	    view_number(digits, UINT32_MAX, &n) != 0) {
		return false;
	}
	*out = n;
	return true;
}

/*
 * An envelope became several, by the limit of its queue group ("maxrcpts=2,
 * rcpts=5, count=2, ids=A; B") or by groups ("count=1, id=A"). Errors that
 * begin with an address as it was typed end in words, and this does not.
 */
static void parse_envelope_split(struct view text, struct sendmail_line *out)
{
	uint64_t count = 0;
	uint64_t skip;
	struct view ids;
	struct view id;

	if (view_starts(text, "maxrcpts=") &&
	    (!take_number(&text, "maxrcpts=", ", ", &skip) ||
		!take_number(&text, "rcpts=", ", ", &skip))) {
		return;
	}
	if (!take_number(&text, "count=", ", id", &count)) {
		return;
	}
	(void)view_take(&text, "s");
	if (!view_take(&text, "=")) {
		return;
	}
	ids = text;
	while (ids.len > 0) {
		if (!sendmail_line_next_id(&ids, &id) || count-- == 0) {
			return;
		}
	}
	if (count == 0 && text.len > 0) {
		out->kind = SENDMAIL_IDS;
		out->ids = text;
	}
}

/* "ID: clone: owner=...": a list with an owner got an envelope of its own. */
static void parse_clone(struct view text, struct sendmail_line *out)
{
	unsigned part = 0;
	struct view id;

	if (take_qid(&text, &id, &part) && part == 0 &&
	    view_starts(text, "clone: owner=")) {
		out->kind = SENDMAIL_IDS;
		out->ids = id;
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

/* What follows relay= where the lookup of the TLSA records failed. */
static bool is_tlsa_error(struct view text)
{
	struct view value;

	return view_take(&text, "dsn=") &&
	    sendmail_take_before(&text, ", ", &value) &&
	    view_take(&text, "stat=Deferred: Name server: ") &&
	    sendmail_take_before(&text, ": ", &value) &&
	    view_is(text, "host name lookup failure for TLSA RR");
}

/* What follows the list: "delay=, xdelay=, mailer=, pri=, relay=, dsn=, " */
static bool parse_delivery(struct view text, struct sendmail_line *out)
{
	struct view value;

	if (!view_take(&text, "delay=") ||
	    !sendmail_take_before(&text, ", ", &value)) {
		return false;
	}
	if (view_take(&text, "xdelay=") &&
	    !sendmail_take_before(&text, ", ", &value)) {
		return false;
	}
	if (!view_take(&text, "mailer=") ||
	    !sendmail_take_before(&text, ", ", &out->mailer)) {
		return false;
	}
	if (view_take(&text, "pri=") &&
	    !sendmail_take_before(&text, ", ", &value)) {
		return false;
	}
	if (view_take(&text, "relay=")) {
		if (!sendmail_take_before(&text, ", ", &value)) {
			return false;
		}
		parse_relay(value, out);
		/* without an address there was no peer whose text could follow
		 */
		out->is_tlsa_error = out->addr.len == 0 && is_tlsa_error(text);
	}
	if (view_take(&text, "dsn=") &&
	    sendmail_take_before(&text, ", ", &value)) {
		out->dsn = value;
	}
	return true;
}

static void parse_to(struct view text, struct sendmail_line *out)
{
	struct view ids;
	size_t n = sendmail_rcpts_length(text);

	out->rcpts = view_make(text.s, n);
	text = view_skip(text, n);
	if (!view_take(&text, ", ")) {
		return;
	}
	out->has_more = view_take(&text, "[more], ");
	if (view_take(&text, "ctladdr=")) {
		text = view_skip(text, sendmail_rcpts_length(text));
		/* "<a@b> (1000/1000)" */
		if (view_take(&text, " (")) {
			(void)sendmail_take_before(&text, ")", &ids);
		}
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
		if (sendmail_take_before(&text, ", reason=", &value) &&
		    sendmail_take_before(&text, ", SSL_error=", &out->text)) {
			out->kind = SENDMAIL_TLS_ERROR;
			out->is_closed = view_starts(text, "5, ");
			out->is_timeout = view_starts(text, "2, ") &&
			    view_find(text, "retry=0") < text.len;
		}
		return;
	}
	if (view_take(&text, "cert-subject=")) {
		/* the names before it are the peer's: ours stands last */
		while (sendmail_take_before(&text, ", verifymsg=", &value)) {
			out->text = text;
			out->kind = SENDMAIL_VERIFYMSG;
		}
		return;
	}
	if (!view_take(&text, "relay=") ||
	    !sendmail_take_before(&text, ", ", &out->host)) {
		return;
	}
	if (view_take(&text, "version=")) {
		if (sendmail_take_before(&text, ", verify=", &out->version) &&
		    sendmail_take_before(&text, ", ", &out->verify)) {
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
	if (sendmail_take_before(&text, ", arg1=", &out->ruleset) &&
	    sendmail_take_before(&text, ", relay=", &out->text) &&
	    sendmail_take_before(&text, ", ", &out->host) &&
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
	} else if (view_take(&msg, "to=")) {
		parse_to(msg, out);
	} else {
		sendmail_line_parse_whole(out->qid, msg, out);
	}
}

void sendmail_line_parse_whole(
    struct view qid, struct view text, struct sendmail_line *out)
{
	if (view_starts(text, "TLSRPT1^")) {
		sendmail_record_parse(qid, text, out);
		return;
	}
	*out = (struct sendmail_line){ .kind = SENDMAIL_OTHER, .qid = qid };
	if (view_take(&text, "split: ")) {
		parse_envelope_split(text, out);
	} else {
		parse_clone(text, out);
	}
}
