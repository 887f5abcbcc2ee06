/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_line.c - the outer shape of Exim's log: stamps, parts, message ids
 *
 * A local user can write lines of his own into Exim's file: a sender may hold
 * line ends, quoted or behind a backslash, and Exim 4.96 logs it as it is. In
 * syslog each such line is a part of its entry and says so.
 */

#include "config.h"

#include "common/ascii.h"
#include "common/err.h"
#include "common/exim_line.h"
#include "common/when.h"

int exim_line_take_apart(
    struct view line, int64_t until, struct syslog_line *out)
{
	struct view rest;
	int n;

	*out = (struct syslog_line){ 0 };
	n = when_parse_log_stamp(line, &out->t);
	if (n > 0) {
		rest = view_skip(line, (size_t)n);
		if (view_take(&rest, " ")) {
			out->msg = rest;
			return 0;
		}
	}
	if (syslog_line_parse(line, until, out) == 0) {
		return 0;
	}
	*out = (struct syslog_line){ .msg = line };
	return ERR_PARTIAL;
}

/* The digits at the front, as a number of at most 6 of them. */
static bool take_number(struct view *text, unsigned *out)
{
	size_t n = 0;

	*out = 0;
	while (n < text->len && n < 6 && ascii_is_digit(text->s[n])) {
		*out = *out * 10 + (unsigned)(text->s[n++] - '0');
	}
	*text = view_skip(*text, n);
	return n > 0;
}

/* "[i/n] ", or "[i\n] " before a line end. */
static void take_part(struct view *text, struct exim_line *out)
{
	struct view rest = *text;
	unsigned part;
	unsigned parts;
	bool is_newline;

	if (!view_take(&rest, "[") || !take_number(&rest, &part)) {
		return;
	}
	is_newline = view_take(&rest, "\\");
	if ((is_newline || view_take(&rest, "/")) &&
	    take_number(&rest, &parts) && view_take(&rest, "] ") && part > 0 &&
	    part <= parts) {
		out->part = part;
		out->parts = parts;
		out->is_newline = is_newline;
		*text = rest;
	}
}

/* Exim's own stamp, where syslog has one already. */
static void skip_stamp(struct view *text)
{
	int64_t t;
	int n = when_parse_log_stamp(*text, &t);
	struct view rest;

	if (n > 0) {
		rest = view_skip(*text, (size_t)n);
		if (view_take(&rest, " ")) {
			*text = rest;
		}
	}
}

/* "[pid] " */
static void skip_pid(struct view *text)
{
	struct view rest = *text;
	size_t n;

	if (!view_take(&rest, "[")) {
		return;
	}
	n = view_index(rest, ']');
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_digit(rest.s[i])) {
			return;
		}
	}
	if (n > 0 && n < rest.len) {
		rest = view_skip(rest, n);
		if (view_take(&rest, "] ")) {
			*text = rest;
		}
	}
}

bool exim_line_is_id(struct view text)
{
	/* until 4.96, and from 4.97 on */
	static const size_t forms[2][3] = { { 6, 6, 2 }, { 6, 11, 4 } };

	for (size_t f = 0; f < 2; f++) {
		const size_t *len = forms[f];
		size_t first = len[0];
		size_t second = first + 1 + len[1];
		bool is_id = text.len == second + 1 + len[2];

		for (size_t i = 0; is_id && i < text.len; i++) {
			is_id = i == first || i == second ?
			    text.s[i] == '-' :
			    ascii_is_alnum(text.s[i]);
		}
		if (is_id) {
			return true;
		}
	}
	return false;
}

static void take_id(struct view *text, struct view *id)
{
	size_t n = view_index(*text, ' ');
	struct view word = view_make(text->s, n);

	if (n < text->len && exim_line_is_id(word)) {
		*id = word;
		*text = view_skip(*text, n + 1);
	}
}

void exim_line_parse(const struct syslog_line *line, struct exim_line *out)
{
	struct view text = line->msg;

	*out = (struct exim_line){ .is_file = line->ident.len == 0 };
	if (!out->is_file) {
		take_part(&text, out);
		if (out->part <= 1) {
			skip_stamp(&text);
		}
	}
	if (out->part <= 1) {
		skip_pid(&text);
		take_id(&text, &out->id);
	}
	out->text = text;
}

/*
 * Words with dots between them, each of which may be quoted; a backslash takes
 * the next byte as it is, in a quote or not.
 */
enum exim_quote exim_line_quote_next(struct view line, enum exim_quote before)
{
	bool is_quoted = before == EXIM_QUOTE_STRING;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.s[i];

		if (c == '\\') {
			i++;
			if (i == line.len && !is_quoted) {
				return EXIM_QUOTE_ESCAPE;
			}
		} else if (c == '"') {
			is_quoted = !is_quoted;
		} else if (!is_quoted && ascii_is_one_of(c, " >@")) {
			return EXIM_QUOTE_NONE;
		}
	}
	return is_quoted ? EXIM_QUOTE_STRING : EXIM_QUOTE_NONE;
}

enum exim_quote exim_line_quote(struct view text)
{
	/* where Exim logs the sender of a message that is no SMTP: accepted,
	   accepted with another answer, rejected, rewritten */
	static const char *const heads[] = { "<= ", "(= ", "F=<",
		"rejected from <", "\"" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct view rest = text;

		if (view_take(&rest, heads[i])) {
			return exim_line_quote_next(rest, EXIM_QUOTE_NONE);
		}
	}
	return EXIM_QUOTE_NONE;
}
