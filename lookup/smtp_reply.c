/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_reply.c - a server's reply, taken off what it sent */

#include "config.h"

#include "common/ascii.h"
#include "common/err.h"
#include "lookup/smtp_reply.h"

enum {
	CODE = 3 /* digits of a code */
};

/* The code of a line without its end; 0: it has none. */
static unsigned code_of(struct view line)
{
	unsigned code = 0;

	if (line.len < CODE || line.s[0] < '2' || line.s[0] > '5') {
		return 0;
	}
	for (size_t i = 0; i < CODE; i++) {
		if (!ascii_is_digit(line.s[i])) {
			return 0;
		}
		code = code * 10 + (unsigned)(line.s[i] - '0');
	}
	if (line.len > CODE && line.s[CODE] != ' ' && line.s[CODE] != '-') {
		return 0;
	}
	return code;
}

/* Cuts a line off the front, without its end; false: it has no end yet. */
static bool take_line(struct view *in, struct view *line)
{
	size_t len = view_index(*in, '\n');

	if (len == in->len) {
		return false;
	}
	*line = view_make(in->s, len);
	if (len > 0 && line->s[len - 1] == '\r') {
		line->len--;
	}
	*in = view_skip(*in, len + 1);
	return true;
}

int smtp_reply_parse(struct view in, struct smtp_reply *out)
{
	struct view left = in;
	struct view line;

	*out = (struct smtp_reply){ .code = 0 };
	while (take_line(&left, &line)) {
		unsigned code = code_of(line);
		size_t used = in.len - left.len;

		if (code == 0 || (out->code != 0 && code != out->code) ||
		    used > SMTP_REPLY_MAX) {
			out->code = 0;
			return ERR_PARSE;
		}
		out->code = code;
		if (line.len == CODE || line.s[CODE] == ' ') {
			out->text = view_make(in.s, used);
			return (int)used;
		}
	}
	out->code = 0;
	return in.len > SMTP_REPLY_MAX ? ERR_PARSE : ERR_PARTIAL;
}

/* What stands behind the code and its sign. */
static struct view text_of(struct view line)
{
	return view_skip(line, line.len > CODE ? CODE + 1 : line.len);
}

static struct view first_word(struct view text)
{
	size_t len = 0;

	while (len < text.len && text.s[len] != ' ' && text.s[len] != '\t' &&
	    text.s[len] != '\r') {
		len++;
	}
	return view_make(text.s, len);
}

bool smtp_reply_offers(const struct smtp_reply *reply, const char *keyword)
{
	struct view left = reply->text;
	struct view line;
	bool is_first = true;

	while (take_line(&left, &line)) {
		if (!is_first &&
		    view_is_nocase(
			first_word(text_of(line)), view_of(keyword))) {
			return true;
		}
		is_first = false;
	}
	return false;
}

struct view smtp_reply_name(const struct smtp_reply *reply)
{
	struct view left = reply->text;
	struct view line;

	return take_line(&left, &line) ? first_word(text_of(line)) :
					 view_of("");
}
