/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_record.c - takes a TLSRPT1 record of our rulesets apart
 *
 * Two things keep forgers out. Within a record, each key stands at one place,
 * counted from the front, and what strangers choose stands behind those that
 * we trust. And a line that only begins like a record is none: Sendmail also
 * logs errors that begin with an address as a client typed it, "TLSRPT1^S^...
 * User unknown". All of them end in words, while no record does.
 */

#include "config.h"

#include "common/sendmail_record.h"
#include "common/sendmail_text.h"

/* One value of a record: "key:value^" with the key at this very place. */
static bool take_value(struct view *text, const char *key, struct view *out)
{
	return view_take(text, key) && sendmail_take_before(text, "^", out);
}

/*
 * h: and d: hold what DNS and addresses hold, and the first s: ends them.
 * Where another one follows, any of them may be a stranger's, so the next hop
 * is not known. A host is at worst the beginning of its own name.
 */
static bool take_hosts(struct view *text, struct sendmail_line *out)
{
	if (!view_take(text, "h:") ||
	    !sendmail_take_before(text, "^d:", &out->host) ||
	    !sendmail_take_before(text, "^s:", &out->nexthop)) {
		return false;
	}
	if (view_find(*text, "^s:") < text->len) {
		out->nexthop = view_make(NULL, 0);
	}
	return true;
}

/* Sender "^r:" recipient, if there is one way to tell them apart. */
static void split_sender(struct view text, struct sendmail_line *out)
{
	out->has_sender = sendmail_take_before(&text, "^r:", &out->sender) &&
	    view_find(text, "^r:") == text.len;
}

/*
 * The recipient stands last and a domain holds no '@', so what follows the
 * last one is its domain, whatever stands before.
 */
static bool parse_tail(struct view text, struct sendmail_line *out)
{
	struct view rcpt = text;
	struct view skip;
	bool has_rcpt = false;
	size_t at;

	split_sender(text, out);
	while (sendmail_take_before(&rcpt, "^r:", &skip)) {
		has_rcpt = true;
	}
	at = view_rindex(rcpt, '@');
	if (at < rcpt.len) {
		rcpt = view_skip(rcpt, at + 1);
		out->domain = rcpt;
	}
	return has_rcpt && view_index(rcpt, ' ') == rcpt.len;
}

/* The certificate's names stand last; Sendmail writes blanks as "+20". */
static bool parse_names(struct view text, struct sendmail_line *out)
{
	size_t blank = view_rindex(text, ' ');
	struct view last = view_skip(text, blank < text.len ? blank : 0);
	struct view tail;

	if (!sendmail_take_before(&last, "^cn:", &tail) ||
	    !sendmail_take_before(&last, "^ci:", &tail)) {
		return false;
	}
	if (sendmail_take_before(&text, "^cn:", &tail) &&
	    view_find(text, "^cn:") == text.len) {
		split_sender(tail, out);
	}
	return true;
}

static bool parse_server(struct view text, struct sendmail_line *out)
{
	struct view skip;
	struct view tlsreq;
	struct view fresh;

	if (!take_value(&text, "v:", &out->verify) ||
	    !take_value(&text, "p:", &out->version) ||
	    !take_value(&text, "c:", &skip) ||
	    !take_value(&text, "b:", &skip) ||
	    !take_value(&text, "n:", &out->name) ||
	    !take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "f:", &skip) ||
	    !take_value(&text, "o:", &out->origin) ||
	    !take_value(&text, "q:", &tlsreq) ||
	    !take_value(&text, "k:", &fresh)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	out->is_new = view_is(fresh, "1");
	return take_hosts(&text, out) && parse_names(text, out);
}

static bool parse_rcpt(struct view text, struct sendmail_line *out)
{
	struct view tlsreq;

	if (!take_value(&text, "v:", &out->verify) ||
	    !take_value(&text, "p:", &out->version) ||
	    !take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "q:", &tlsreq)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	return take_hosts(&text, out) && parse_tail(text, out);
}

static bool parse_try(struct view text, struct sendmail_line *out)
{
	struct view tlsreq;

	if (!take_value(&text, "a:", &out->addr) ||
	    !take_value(&text, "q:", &tlsreq)) {
		return false;
	}
	out->tls_required_no = view_is(tlsreq, "no");
	return take_hosts(&text, out) && parse_tail(text, out);
}

void sendmail_record_parse(
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
		if (sendmail_take_before(&text, "^", &id) && view_eq(id, qid) &&
		    rows[i].parse(text, out)) {
			out->kind = rows[i].kind;
		}
		return;
	}
}
