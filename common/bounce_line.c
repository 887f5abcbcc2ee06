/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounce_line.c - what a line of an MTA's log says of messages that come back
 *
 * Whom a message is from and that it failed stand in different lines, of
 * different days even; bounce_log.c puts them together.
 */

#include "config.h"

#include "common/ascii.h"
#include "common/bounce_line.h"
#include "common/exim_entry.h"
#include "common/exim_line.h"
#include "common/postfix_text.h"
#include "common/sendmail_line.h"
#include "common/sendmail_text.h"

enum {
	QID_MIN = 6,
	QID_MAX = 32
};

/* The queue was kept trying for too long (RFC 3463 3.5). */
#define DSN_EXPIRED "4.4.7"

bool bounce_line_is_permanent(struct view dsn)
{
	unsigned dots = 0;

	if (!view_take(&dsn, "5.") || dsn.len == 0 || dsn.len > 7) {
		return false;
	}
	for (size_t i = 0; i < dsn.len; i++) {
		bool is_edge = i == 0 || i == dsn.len - 1;

		if (dsn.s[i] == '.' && !is_edge) {
			dots++;
		} else if (!ascii_is_digit(dsn.s[i])) {
			return false;
		}
	}
	return dots == 1;
}

/* "QID: " at the front of a line. */
static bool take_qid(struct view *msg, struct view *qid)
{
	struct view rest;
	size_t n = 0;

	while (n < msg->len && ascii_is_alnum(msg->s[n])) {
		n++;
	}
	rest = view_skip(*msg, n);
	if (n < QID_MIN || n > QID_MAX || !view_take(&rest, ": ")) {
		return false;
	}
	*qid = view_make(msg->s, n);
	*msg = rest;
	return true;
}

/* Cuts what stands before a byte off, or all where it does not stand. */
static struct view cut_before(struct view *text, char c)
{
	size_t n = view_index(*text, c);
	struct view out = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 1 : n);
	return out;
}

/*
 * "from=<a@b>, ..." An address that needs more care than this (quotes, blanks)
 * is not one of ours.
 */
static bool take_sender(struct view text, struct bounce_line *out)
{
	struct view address;

	if (!view_take(&text, "from=")) {
		return false;
	}
	address = cut_before(&text, ',');
	if (address.len >= 2 && address.s[0] == '<' &&
	    address.s[address.len - 1] == '>') {
		address = view_make(address.s + 1, address.len - 2);
	}
	out->kind = BOUNCE_LINE_SENDER;
	out->sender = address;
	return true;
}

/* --- Sendmail --- */

/* "QID: to=..., dsn=5.1.1, ..." */
static bool sendmail_to(struct view msg, struct bounce_line *out)
{
	struct view text = msg;
	struct sendmail_line l;

	/* most lines of deliveries are not taken apart here */
	(void)take_qid(&text, &out->qid);
	if (!view_starts(text, "TLSRPT1^S^") &&
	    (!view_starts(text, "to=") ||
		view_find(text, ", dsn=5.") == text.len)) {
		return false;
	}
	sendmail_line_parse(msg, &l);
	out->qid = l.qid;
	if (l.has_sender) {
		/* our rules say it before each attempt */
		out->kind = BOUNCE_LINE_SENDER;
		out->sender = l.sender;
		return true;
	}
	if (l.kind != SENDMAIL_TO || !bounce_line_is_permanent(l.dsn)) {
		return false;
	}
	out->kind = BOUNCE_LINE_FAILED;
	out->dsn = l.dsn;
	return true;
}

/* "NEWQID: sender notify: Cannot send message for 5 days" */
static bool is_sendmail_expiry(struct view text)
{
	struct view qid;

	return take_qid(&text, &qid) &&
	    (view_take(&text, "sender notify: ") ||
		view_take(&text, "return to sender: ") ||
		view_take(&text, "DSN: ")) &&
	    view_starts(text, "Cannot send message for ");
}

bool bounce_line_sendmail(
    const struct syslog_line *line, struct bounce_line *out)
{
	struct view msg = line->msg;

	*out = (struct bounce_line){ .kind = BOUNCE_LINE_SENDER };
	if (!take_qid(&msg, &out->qid)) {
		return false;
	}
	if (take_sender(msg, out)) {
		return true;
	}
	if (is_sendmail_expiry(msg)) {
		out->kind = BOUNCE_LINE_FAILED;
		out->dsn = view_of(DSN_EXPIRED);
		return true;
	}
	return sendmail_to(line->msg, out);
}

/* --- Exim --- */

/*
 * "ADDRESS F=<sender> Q=... P=<return path> R=...": the sender, if the line
 * tells it; it does if log_selector says so.
 */
static struct view exim_sender(struct view text)
{
	static const char *const marks[] = { " F=<", " P=<" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t at = view_find(text, marks[i]);
		struct view rest = view_skip(text, at);

		if (view_take(&rest, marks[i])) {
			return cut_before(&rest, '>');
		}
	}
	return view_of(NULL);
}

/* Where what became of it begins: the addresses stand before. */
static struct view exim_fields(struct view text)
{
	static const char *const marks[] = { " R=", " T=", ": " };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		text.len = view_find(text, marks[i]);
	}
	return text;
}

/* The code in a reply: "... : 550 5.1.1 no such user" */
static struct view exim_dsn(struct view text)
{
	size_t at = view_find(text, ": 5");
	struct view rest = view_skip(text, at);
	struct view dsn;

	/* "550 5.1.1", "550-5.1.1" */
	if (!view_take(&rest, ": ") || rest.len < 4) {
		return view_of(NULL);
	}
	rest = view_skip(rest, 4);
	dsn = cut_before(&rest, ' ');
	return bounce_line_is_permanent(dsn) ? dsn : view_of(NULL);
}

bool bounce_line_exim(const struct syslog_line *line, struct bounce_line *out)
{
	struct exim_line l;
	struct view text;

	*out = (struct bounce_line){ .kind = BOUNCE_LINE_SENDER };
	if (line->is_continued) {
		return false;
	}
	exim_line_parse(line, &l);
	out->qid = l.id;
	text = l.text;
	if (l.part > 1 || l.id.len == 0) {
		return false;
	}
	if (view_take(&text, "<= ")) {
		out->sender = cut_before(&text, ' ');
		return true;
	}
	if (!view_take(&text, "** ")) {
		return false;
	}
	out->kind = BOUNCE_LINE_FAILED;
	out->sender = exim_sender(exim_fields(text));
	out->dsn = exim_dsn(text);
	return true;
}

/* --- Postfix --- */

/* "relay=..., delay=..., delays=..., dsn=5.1.1, status=bounced (" */
static bool postfix_bounced(struct view text, struct bounce_line *out)
{
	struct view field = view_of(NULL);

	while (text.len > 0 && !view_starts(text, "status=")) {
		field = cut_before(&text, ',');
		(void)view_take(&text, " ");
	}
	if (!view_starts(text, "status=bounced (") ||
	    !view_take(&field, "dsn=")) {
		return false;
	}
	out->kind = BOUNCE_LINE_FAILED;
	out->dsn = field;
	return true;
}

/* "<a@b>, orig_to=<c@d>, ..." */
static bool postfix_to(struct view text, struct bounce_line *out)
{
	struct view address;
	bool is_exact;

	return postfix_take_address(&text, &address, &is_exact) && is_exact &&
	    postfix_bounced(text, out);
}

/* "from=<a@b>, status=expired, returned to sender" */
static bool is_postfix_expiry(struct view text)
{
	(void)cut_before(&text, '>');
	return view_is(text, ", status=expired, returned to sender") ||
	    view_is(text, ", status=force-expired, returned to sender");
}

bool bounce_line_postfix(
    const struct syslog_line *line, struct bounce_line *out)
{
	struct view msg = line->msg;

	*out = (struct bounce_line){ .kind = BOUNCE_LINE_SENDER };
	out->scope = view_make(line->ident.s, view_index(line->ident, '/'));
	if (!take_qid(&msg, &out->qid)) {
		return false;
	}
	if (view_take(&msg, "to=")) {
		return postfix_to(msg, out);
	}
	if (!take_sender(msg, out)) {
		return false;
	}
	if (is_postfix_expiry(msg)) {
		out->kind = BOUNCE_LINE_FAILED;
		out->dsn = view_of(DSN_EXPIRED);
	}
	return true;
}
