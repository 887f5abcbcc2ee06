/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_line.c - takes one line of Postfix apart
 *
 * The rule that keeps forgers out: a field is believed only where Postfix
 * itself puts it, counted from the front of the message; nothing is searched
 * for behind text that a stranger chose.
 */

#include "config.h"

#include <stdint.h>
#include <string.h>

#include "common/ascii.h"
#include "common/postfix_line.h"

/*
 * "QID: " at the front. Short ids are hexadecimal, long ones letters and
 * digits; both may well begin with a letter.
 */
static bool take_qid(struct view *msg, struct view *qid)
{
	static const char *const words[] = { "warning", "error", "fatal",
		"panic", "statistics" };
	struct view rest;
	size_t n = 0;

	while (n < msg->len && ascii_is_alnum(msg->s[n])) {
		n++;
	}
	if (n < 6 || n > 32) {
		return false;
	}
	*qid = view_make(msg->s, n);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (view_is(*qid, words[i])) {
			return false;
		}
	}
	rest = view_skip(*msg, n);
	if (!view_take(&rest, ": ")) {
		return false;
	}
	*msg = rest;
	return true;
}

static struct view to_end_of_field(struct view *text)
{
	size_t n = view_find(*text, ", ");
	struct view value = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 2 : n);
	return value;
}

/* relay=: a server, or "none". What is neither names no server. */
static void parse_relay(struct view value, struct postfix_line *out)
{
	out->has_relay =
	    postfix_take_peer(&value, &out->peer) && value.len == 0;
	if (!out->has_relay) {
		out->peer = (struct postfix_peer){ 0 };
	}
}

static unsigned read_uses(struct view text)
{
	unsigned long long n = 0;

	(void)view_number(text, UINT16_MAX, &n);
	return (unsigned)n;
}

/*
 * "relay=, conn_use=, delay=, delays=, tls=, dsn=, " up to "status=". Later
 * versions may add fields. Returns whether all that is needed was there.
 */
static bool parse_fields(struct view *text, struct postfix_line *out)
{
	bool has_relay = false;
	bool has_dsn = false;

	while (!view_take(text, "status=")) {
		struct view field = to_end_of_field(text);

		if (view_take(&field, "relay=")) {
			parse_relay(field, out);
			has_relay = true;
		} else if (view_take(&field, "conn_use=")) {
			out->is_reused = true;
			out->uses = read_uses(field);
		} else if (view_take(&field, "delays=")) {
			out->session =
			    view_make(field.s, view_rindex(field, '/'));
		} else if (view_take(&field, "tls=")) {
			out->tls = field;
		} else if (view_take(&field, "dsn=")) {
			has_dsn = true;
		}
		if (text->len == 0) {
			return false;
		}
	}
	return has_relay && has_dsn;
}

/* "status=" is taken off: "sent (250 ok)" */
static bool parse_status(struct view text, struct postfix_line *out)
{
	static const char rcpt[] = " (in reply to RCPT TO command)";
	struct view status;

	if (!postfix_take_before(&text, " (", &status) || text.len == 0 ||
	    text.s[text.len - 1] != ')') {
		return false;
	}
	text.len--;
	out->is_probe =
	    view_is(status, "deliverable") || view_is(status, "undeliverable");
	if (view_is(status, "sent") || view_is(status, "deliverable")) {
		out->reason.end = POSTFIX_END_REACHED;
		return true;
	}
	postfix_reason_parse(text, &out->reason);
	out->is_rcpt_reply = text.len >= strlen(rcpt) &&
	    view_is(view_skip(text, text.len - strlen(rcpt)), rcpt);
	return true;
}

/*
 * An address that is not quoted, but should be, could end in fields of its
 * own making: then there is another end further on. What a server replied may
 * look the same.
 */
static bool has_other_end(struct view text)
{
	return view_find(text, ">, relay=") < text.len ||
	    view_find(text, ">, orig_to=<") < text.len;
}

/* "to=" is taken off. */
static void parse_to(struct view text, struct postfix_line *out)
{
	struct view original;
	bool is_exact;
	bool was_exact = true;

	if (!postfix_take_address(&text, &out->address, &is_exact)) {
		return;
	}
	if (view_take(&text, "orig_to=") &&
	    !postfix_take_address(&text, &original, &was_exact)) {
		return;
	}
	out->has_other_end = has_other_end(text);
	out->is_uncertain = out->has_other_end && !(is_exact && was_exact);
	if (parse_fields(&text, out) && parse_status(text, out)) {
		out->kind = POSTFIX_TO;
	}
}

/* smtp_header_checks and work-arounds say something about a message, too. */
static void parse_part(struct view text, struct postfix_line *out)
{
	postfix_reason_parse(text, &out->reason);
	if (out->reason.end != POSTFIX_END_OTHER) {
		out->kind = POSTFIX_PART;
		out->peer = out->reason.peer;
	}
}

/* "[Un]Trusted TLS connection established to PEER: TLSv1.3 with cipher ..." */
static bool parse_connection(struct view msg, struct postfix_line *out)
{
	static const struct {
		const char *word;
		enum postfix_trust trust;
	} rows[] = {
		{ "Verified", POSTFIX_TRUST_VERIFIED },
		{ "Trusted", POSTFIX_TRUST_TRUSTED },
		{ "Untrusted", POSTFIX_TRUST_UNTRUSTED },
		{ "Anonymous", POSTFIX_TRUST_ANONYMOUS },
	};
	enum postfix_kind kind = POSTFIX_TLS_UP;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_take(&msg, rows[i].word)) {
			out->trust = rows[i].trust;
			break;
		}
	}
	if (out->trust == POSTFIX_TRUST_NONE ||
	    !view_take(&msg, " TLS connection ")) {
		return false;
	}
	if (view_take(&msg, "reused to ")) {
		kind = POSTFIX_TLS_REUSED;
	} else if (!view_take(&msg, "established to ")) {
		return false; /* "from": we are the server */
	}
	if (!postfix_take_peer(&msg, &out->peer) || !view_take(&msg, ": ")) {
		return false;
	}
	out->version = view_make(msg.s, view_index(msg, ' '));
	out->kind = kind;
	return true;
}

/* "server certificate verification failed for PEER: text" */
static bool parse_verify(struct view msg, struct postfix_line *out)
{
	(void)(view_take(&msg, "server ") || view_take(&msg, "CA "));
	if (!view_take(&msg, "certificate verification failed for ") ||
	    !postfix_take_peer(&msg, &out->peer) || !view_take(&msg, ": ")) {
		return false;
	}
	out->text = msg;
	out->kind = POSTFIX_VERIFY;
	return true;
}

/* "TLSRPT: " is taken off. */
static void parse_tlsrpt(struct view text, struct postfix_line *out)
{
	bool is_failure = view_take(&text, "status=failure, ");

	if ((!is_failure && !view_take(&text, "status=success, ")) ||
	    !view_take(&text, "domain=") ||
	    !postfix_take_before(&text, ", receiving_mx=", &out->domain) ||
	    !postfix_take_peer(&text, &out->peer)) {
		return;
	}
	if (is_failure) {
		if (!view_take(&text, ", failure_type=")) {
			return;
		}
		out->type = to_end_of_field(&text);
		if (view_take(&text, "failure_reason=")) {
			out->detail = text;
		}
	}
	out->kind = POSTFIX_TLSRPT;
}

/*
 * "error:CODE:library:function:reason:file:line:data:"; older versions have a
 * number before it.
 */
static void parse_library(struct view text, struct postfix_line *out)
{
	struct view skip;

	if (!view_take(&text, "error:") &&
	    (!postfix_take_before(&text, ":error:", &skip) ||
		view_index(skip, ':') < skip.len)) {
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (!postfix_take_before(&text, ":", &skip)) {
			return;
		}
	}
	if (postfix_take_before(&text, ":", &out->text)) {
		out->kind = POSTFIX_LIBRARY;
	}
}

/* "TLS policy lookup for " is taken off: next hop "/" host ": " text */
static void parse_lookup(struct view text, struct postfix_line *out)
{
	struct view names;
	size_t slash;

	if (!postfix_take_before(&text, ": ", &names)) {
		return;
	}
	slash = view_rindex(names, '/');
	if (slash < names.len) {
		out->domain = view_make(names.s, slash);
		out->peer.name = view_skip(names, slash + 1);
		out->text = text;
		out->kind = POSTFIX_LOOKUP;
	}
}

static void parse_mx_mismatch(struct view text, struct postfix_line *out)
{
	if (postfix_take_before(&text, "' does not match STS MX pattern for '",
		&out->peer.name) &&
	    text.len > 1 && text.s[text.len - 1] == '\'') {
		out->domain = view_make(text.s, text.len - 1);
		out->kind = POSTFIX_MX_MISMATCH;
	}
}

/* "warning: " is taken off. */
static void parse_warning(struct view text, struct postfix_line *out)
{
	if (view_take(&text, "TLS library problem: ")) {
		parse_library(text, out);
	} else if (view_take(&text, "TLS policy lookup for ")) {
		parse_lookup(text, out);
	} else if (view_take(&text, "MX name '")) {
		parse_mx_mismatch(text, out);
	} else if (view_take(&text, "connect to private/")) {
		if (view_starts(text, "tlsproxy service: ")) {
			out->kind = POSTFIX_PROXY_GONE;
		}
	} else if (postfix_take_peer(&text, &out->peer) &&
	    view_starts(text, ": all TLSA records unusable")) {
		out->kind = POSTFIX_UNUSABLE;
	}
}

/* What smtp(8), lmtp(8) and tlsproxy(8) say of a connection. */
static bool parse_tls(struct view msg, struct postfix_line *out)
{
	if (parse_connection(msg, out) || parse_verify(msg, out)) {
		return true;
	}
	if (view_take(&msg, "SSL_connect error to ")) {
		if (postfix_take_peer(&msg, &out->peer) &&
		    view_take(&msg, ": ")) {
			out->text = msg;
			out->kind = POSTFIX_TLS_ERROR;
		}
		return true;
	}
	if (view_take(&msg, "TLSRPT: ")) {
		parse_tlsrpt(msg, out);
		return true;
	}
	if (view_take(&msg, "warning: ")) {
		parse_warning(msg, out);
		return true;
	}
	return false;
}

/* With smtp_tls_note_starttls_offer, of servers that get no TLS from us. */
static bool parse_offered(struct view msg, struct postfix_line *out)
{
	if (!view_take(&msg, "Host offered STARTTLS: [")) {
		return false;
	}
	if (postfix_take_before(&msg, "]", &out->peer.name)) {
		out->kind = POSTFIX_OFFERED;
	}
	return true;
}

static void parse_client(struct view msg, struct postfix_line *out)
{
	if (parse_tls(msg, out) || parse_offered(msg, out) ||
	    !take_qid(&msg, &out->qid)) {
		return;
	}
	if (view_take(&msg, "to=")) {
		parse_to(msg, out);
	} else {
		parse_part(msg, out);
	}
}

static void parse_proxy(struct view msg, struct postfix_line *out)
{
	struct view service;

	if (view_take(&msg, "warning: ciphertext read/write timeout for ")) {
		if (postfix_take_peer(&msg, &out->peer)) {
			out->kind = POSTFIX_PROXY_TIMEOUT;
		}
		return;
	}
	if (parse_tls(msg, out)) {
		return;
	}
	if (view_take(&msg, "TLS handshake failed for service=") &&
	    postfix_take_before(&msg, " peer=", &service) &&
	    postfix_take_peer(&msg, &out->peer)) {
		out->kind = POSTFIX_PROXY_FAILED;
	}
}

static void parse_queue(struct view msg, struct postfix_line *out)
{
	bool is_exact;

	if (!take_qid(&msg, &out->qid)) {
		return;
	}
	if (view_is(msg, "removed")) {
		out->kind = POSTFIX_REMOVED;
	} else if (view_take(&msg, "from=") &&
	    postfix_take_address(&msg, &out->address, &is_exact) &&
	    view_starts(msg, "size=")) {
		out->kind = POSTFIX_FROM;
	}
}

static bool take_nocase(struct view *text, const char *word)
{
	size_t n = strlen(word);

	if (text->len < n ||
	    !view_is_nocase(view_make(text->s, n), view_of(word))) {
		return false;
	}
	*text = view_skip(*text, n);
	return true;
}

/* What header_checks say of RFC 8689's header, if they look for it. */
static void parse_cleanup(struct view msg, struct postfix_line *out)
{
	if (!take_qid(&msg, &out->qid) || !view_take(&msg, "info: header ") ||
	    !take_nocase(&msg, "TLS-Required:")) {
		return;
	}
	while (msg.len > 0 && ascii_is_wsp(msg.s[0])) {
		msg = view_skip(msg, 1);
	}
	if (take_nocase(&msg, "No") && view_starts(msg, " from ")) {
		out->kind = POSTFIX_TLS_REQUIRED;
	}
}

void postfix_line_parse(
    struct view service, struct view msg, struct postfix_line *out)
{
	*out = (struct postfix_line){ .kind = POSTFIX_OTHER };
	if (view_is(service, "smtp") || view_is(service, "lmtp")) {
		parse_client(msg, out);
	} else if (view_is(service, "tlsproxy")) {
		parse_proxy(msg, out);
	} else if (view_is(service, "qmgr") || view_is(service, "oqmgr") ||
	    view_is(service, "postsuper")) {
		parse_queue(msg, out);
	} else if (view_is(service, "cleanup")) {
		parse_cleanup(msg, out);
	} else if (view_is(service, "master") &&
	    (view_starts(msg, "reload ") ||
		view_starts(msg, "daemon started "))) {
		out->kind = POSTFIX_STARTED;
	}
}
