/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_entry.c - takes a plain entry of Exim's log apart */

#include "config.h"

#include "common/ascii.h"
#include "common/exim_entry.h"
#include "common/exim_record.h"

/* Length of what stands before an unquoted stop byte, or all of it. */
static size_t unquoted_length(struct view text, char stop)
{
	bool is_quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\\' && is_quoted) {
			i++;
		} else if (c == '"') {
			is_quoted = !is_quoted;
		} else if (!is_quoted && c == stop) {
			return i;
		}
	}
	return text.len;
}

static struct view take_word(struct view *text)
{
	size_t n = view_index(*text, ' ');
	struct view word = view_make(text->s, n);

	*text = view_skip(*text, n);
	return word;
}

/* "[ip]" or "[ip]:port" */
static bool take_address_port(struct view *text, struct ip *ip, unsigned *port)
{
	struct view rest = *text;
	unsigned long long number = 0;
	struct ip found;
	size_t n;

	if (!view_take(&rest, "[")) {
		return false;
	}
	n = view_index(rest, ']');
	if (n == rest.len || ip_parse(view_make(rest.s, n), &found) != 0) {
		return false;
	}
	rest = view_skip(rest, n + 1);
	if (rest.len > 1 && rest.s[0] == ':' && ascii_is_digit(rest.s[1])) {
		for (n = 1; n < rest.len && ascii_is_digit(rest.s[n]); n++) {
		}
		if (view_number(view_make(rest.s + 1, n - 1), 65535, &number) !=
		    0) {
			return false;
		}
		rest = view_skip(rest, n);
	}
	*ip = found;
	*port = (unsigned)number;
	*text = rest;
	return true;
}

/* "mx [ip]", "mx DS [ip]:25*": DS is that DNSSEC holds. */
static bool take_host(struct view *text, struct exim_entry *out)
{
	struct view rest = *text;
	struct view mx = take_word(&rest);

	(void)view_take(&rest, " DS");
	if (mx.len == 0 || !view_take(&rest, " ") ||
	    !take_address_port(&rest, &out->ip, &out->port)) {
		return false;
	}
	out->mx = mx;
	out->is_continued = view_take(&rest, "*");
	*text = rest;
	return true;
}

/*
 * The recipient, and what else stands before the fields: " (parent)",
 * " <as it was given>".
 */
static void take_address(struct view *text, struct exim_entry *out)
{
	static const struct {
		const char *open;
		char close;
	} more[] = { { " (", ')' }, { " <", '>' } };

	size_t n = unquoted_length(*text, ' ');

	if (n > 0 && text->s[n - 1] == ':') {
		/* "address: why" */
		n--;
	}
	out->address = view_make(text->s, n);
	*text = view_skip(*text, n);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (view_take(text, more[i].open)) {
			n = unquoted_length(*text, more[i].close);
			*text = view_skip(*text, n < text->len ? n + 1 : n);
		}
	}
}

/* " F=<sender>", " Q=queue", " P=<...>", " R=router", " T=...", " S=size" */
static void skip_fields(struct view *text)
{
	struct view rest = *text;

	while (view_take(&rest, " ") && rest.len > 1 && rest.s[1] == '=' &&
	    ascii_is_one_of(rest.s[0], "FQPRTS")) {
		rest = view_skip(rest, 2);
		if (view_take(&rest, "<")) {
			size_t n = unquoted_length(rest, '>');

			rest = view_skip(rest, n < rest.len ? n + 1 : n);
		} else {
			/* names are letters, digits and underscores */
			while (rest.len > 0 && rest.s[0] != ' ' &&
			    rest.s[0] != ':') {
				rest = view_skip(rest, 1);
			}
		}
		*text = rest;
	}
}

/* What may follow the host: " PRX=[ip]", " I=[ip]:port", " TFO", " TFO*" */
static bool skip_host_more(struct view *text)
{
	struct view rest = *text;
	struct ip ip;
	unsigned port;

	if (view_take(&rest, " TFO")) {
		(void)view_take(&rest, "*");
	} else if ((!view_take(&rest, " PRX=") && !view_take(&rest, " I=")) ||
	    !take_address_port(&rest, &ip, &port)) {
		return false;
	}
	*text = rest;
	return true;
}

/* " H=mx [ip]..." */
static void take_host_field(struct view *text, struct exim_entry *out)
{
	struct view rest = *text;

	if (!view_take(&rest, " H=") || !take_host(&rest, out)) {
		return;
	}
	while (skip_host_more(&rest)) {
	}
	*text = rest;
}

/* " X=TLS1.3:...:256 CV=yes" */
static void take_tls(struct view *text, struct exim_entry *out)
{
	struct view rest = *text;
	struct view word;
	size_t n;

	if (!view_take(&rest, " X=")) {
		return;
	}
	word = take_word(&rest);
	out->version = view_make(word.s, view_index(word, ':'));
	*text = rest;
	if (!view_take(&rest, " CV=")) {
		return;
	}
	/* of a failure, ": why" follows */
	n = view_index(rest, ' ');
	word = view_make(rest.s, n);
	word.len = view_index(word, ':');
	rest = view_skip(rest, word.len);
	out->cv = view_is(word, "yes") ? EXIM_CV_YES :
	    view_is(word, "dane")      ? EXIM_CV_DANE :
	    view_is(word, "no")        ? EXIM_CV_NO :
					 EXIM_CV_UNTOLD;
	*text = rest;
}

static void parse_delivered(struct view text, struct exim_entry *out)
{
	out->kind = EXIM_ENTRY_DELIVERED;
	take_address(&text, out);
	skip_fields(&text);
	take_host_field(&text, out);
	if (ip_is_known(&out->ip)) {
		take_tls(&text, out);
	}
}

/* What the system says of an errno > 0, up to what follows it. */
static void skip_errno_text(struct view *text)
{
	static const char *const ends[] = { " H=", " DT=", ": " };
	size_t n = text->len;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t at = view_find(*text, ends[i]);

		n = at < n ? at : n;
	}
	*text = view_skip(*text, n);
}

/* " defer (-37) H=mx [ip] DT=1s: why", " defer (111): what it is ..." */
static void parse_deferred(struct view text, struct exim_entry *out)
{
	unsigned long long number;
	size_t n;

	out->kind = EXIM_ENTRY_DEFERRED;
	take_address(&text, out);
	skip_fields(&text);
	if (!view_take(&text, " defer (")) {
		return;
	}
	n = view_index(text, ')');
	if (n == text.len) {
		return;
	}
	/* Exim's own numbers are 0 and less */
	if (view_number(view_make(text.s, n), 10000, &number) == 0 &&
	    number > 0) {
		text = view_skip(text, n + 1);
		if (view_take(&text, ": ")) {
			skip_errno_text(&text);
		}
	} else {
		text = view_skip(text, n + 1);
	}
	take_host_field(&text, out);
	if (view_take(&text, " DT=")) {
		text = view_skip(text, view_find(text, ": "));
	}
	if (view_take(&text, ": ")) {
		out->text = text;
	}
}

/* " QT=1.234s", " DT=0.1s" at the end */
static struct view without_times(struct view text)
{
	static const char *const keys[] = { "QT=", "DT=" };
	size_t n;

	while ((n = view_rindex(text, ' ')) < text.len) {
		struct view last = view_skip(text, n + 1);

		if (!view_take(&last, keys[0]) && !view_take(&last, keys[1])) {
			break;
		}
		text.len = n;
	}
	return text;
}

static void parse_failed(struct view text, struct exim_entry *out)
{
	out->kind = EXIM_ENTRY_FAILED;
	take_address(&text, out);
	skip_fields(&text);
	take_host_field(&text, out);
	if (ip_is_known(&out->ip)) {
		take_tls(&text, out);
	}
	/* behind a certificate's name anything may stand */
	if (view_take(&text, ": ")) {
		out->text = without_times(text);
	}
}

/* "H=" is taken off. */
static void parse_host(struct view text, struct exim_entry *out)
{
	if (!take_host(&text, out)) {
		return;
	}
	if (view_take(&text, " TLS error on connection (recv): ") ||
	    view_take(&text, " TLS error on connection (send): ")) {
		out->kind = EXIM_ENTRY_TLS_ERROR;
		out->text = text;
	} else if (view_take(&text, ": ")) {
		out->kind = EXIM_ENTRY_HOST;
		out->text = text;
	}
}

/* "TLS session: why: delivering unencrypted to H=mx [ip] (...)" */
static void parse_clear(struct view text, struct exim_entry *out)
{
	static const char mark[] = ": delivering unencrypted to H=";
	size_t n = view_find(text, mark);
	struct view rest;

	if (n == text.len) {
		return;
	}
	rest = view_skip(text, n + sizeof(mark) - 1);
	if (take_host(&rest, out) &&
	    view_is(rest, " (not in hosts_require_tls)")) {
		out->kind = EXIM_ENTRY_CLEAR;
		out->text = view_make(text.s, n);
	}
}

/* Behind "DANE attempt failed; TLS connection to " */
static void parse_dane(struct view text, struct exim_entry *out)
{
	if (take_host(&text, out) && view_take(&text, ": ")) {
		out->kind = EXIM_ENTRY_DANE;
		out->text = text;
	}
}

/* Behind the certificate's own names stands ours: ... H="mx" */
static void take_last_host(struct view text, struct exim_entry *out)
{
	static const char mark[] = "\" H=\"";
	size_t n;

	while ((n = view_find(text, mark)) < text.len) {
		text = view_skip(text, n + sizeof(mark) - 1);
		n = view_index(text, '"');
		out->mx = n + 1 == text.len ? view_make(text.s, n) :
					      view_make(NULL, 0);
	}
}

/* "[ip] SSL verify error: depth=0 error=why cert=..." */
static void parse_verify(struct view text, struct exim_entry *out)
{
	unsigned long long depth;
	size_t n;

	if (!take_address_port(&text, &out->ip, &out->port) ||
	    !view_take(&text, " SSL verify error: ")) {
		return;
	}
	if (view_starts(text, "certificate name mismatch: ")) {
		out->kind = EXIM_ENTRY_VERIFY;
		out->is_name = true;
		take_last_host(text, out);
		return;
	}
	if (!view_take(&text, "depth=") ||
	    view_number(take_word(&text), 100, &depth) != 0 ||
	    !view_take(&text, " error=")) {
		return;
	}
	n = view_find(text, " cert=");
	if (n < text.len) {
		out->kind = EXIM_ENTRY_VERIFY;
		out->depth = (unsigned)depth;
		out->text = view_make(text.s, n);
	}
}

void exim_entry_parse(struct view text, struct exim_entry *out)
{
	*out = (struct exim_entry){ .kind = EXIM_ENTRY_OTHER };
	if (exim_record_is(text)) {
		out->kind = EXIM_ENTRY_RECORD;
	} else if (view_take(&text, "=> ") || view_take(&text, ">> ")) {
		parse_delivered(text, out);
	} else if (view_take(&text, "-> ")) {
		parse_delivered(text, out);
		out->is_more = true;
	} else if (view_take(&text, "== ")) {
		parse_deferred(text, out);
	} else if (view_take(&text, "** ")) {
		parse_failed(text, out);
	} else if (view_take(&text, "H=")) {
		parse_host(text, out);
	} else if (view_starts(text, "TLS session: ")) {
		parse_clear(text, out);
	} else if (view_take(
		       &text, "DANE attempt failed; TLS connection to ")) {
		parse_dane(text, out);
	} else if (view_starts(text, "[")) {
		parse_verify(text, out);
	} else if (view_is(text, "Completed") ||
	    view_starts(text, "Completed QT=")) {
		out->kind = EXIM_ENTRY_COMPLETED;
	}
	if (out->kind == EXIM_ENTRY_OTHER) {
		*out = (struct exim_entry){ .kind = EXIM_ENTRY_OTHER };
	}
}
