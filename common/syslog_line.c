/* SPDX-License-Identifier: BSD-2-Clause */
/* syslog_line.c - takes a log line apart: stamp, host, program, message */

#include "config.h"

#include "common/err.h"
#include "common/syslog_line.h"
#include "common/when.h"

/* "<22>" at the front, as in datagrams and raw files. */
static void skip_priority(struct view *line)
{
	size_t end;

	if (line->len == 0 || line->s[0] != '<') {
		return;
	}
	end = view_index(*line, '>');
	if (end >= 2 && end <= 4 && end < line->len) {
		*line = view_skip(*line, end + 1);
	}
}

/* Cuts the word up to the next blank off the front. */
static struct view take_word(struct view *line)
{
	size_t n = view_index(*line, ' ');
	struct view word = view_make(line->s, n);

	*line = view_skip(*line, n < line->len ? n + 1 : n);
	return word;
}

/* "ident[pid]:" or "ident:" as ident and pid. */
static int read_tag(struct view tag, struct syslog_line *out)
{
	unsigned long long pid = 0;
	size_t open;

	if (tag.len < 2 || tag.s[tag.len - 1] != ':') {
		return ERR_PARSE;
	}
	tag.len--;
	open = view_index(tag, '[');
	if (open < tag.len) {
		if (tag.s[tag.len - 1] != ']' ||
		    view_number(view_make(tag.s + open + 1, tag.len - open - 2),
			UINT32_MAX, &pid) != 0) {
			return ERR_PARSE;
		}
		tag.len = open;
	}
	if (tag.len == 0) {
		return ERR_PARSE;
	}
	out->ident = tag;
	out->pid = (uint32_t)pid;
	return 0;
}

int syslog_line_parse(struct view line, int64_t until, struct syslog_line *out)
{
	struct view word;
	int n;

	*out = (struct syslog_line){ 0 };
	skip_priority(&line);
	n = when_parse_stamp(line, until, &out->t);
	if (n < 0) {
		return n;
	}
	line = view_skip(line, (size_t)n);
	if (!view_take(&line, " ")) {
		return ERR_PARSE;
	}
	word = take_word(&line);
	/* a host name has no colon at its end; raw lines have no host */
	if (read_tag(word, out) != 0) {
		out->host = word;
		word = take_word(&line);
		if (word.len == 0 || out->host.len == 0 ||
		    read_tag(word, out) != 0) {
			return ERR_PARSE;
		}
	}
	out->msg = line;
	return 0;
}
