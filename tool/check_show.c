/* SPDX-License-Identifier: BSD-2-Clause */
/* check_show.c - findings, for a person and for other programs */

#include "config.h"

#include <string.h>

#include "common/json_out.h"
#include "tool/check.h"

enum {
	INDENT = 9, /* the column behind the level */
	TOPIC = 13,
	SHOWN_BEFORE = 50, /* of a record, before its error ... */
	SHOWN_BEHIND = 20, /* ... and behind it */
};

static const char *colour_of(enum check_level level)
{
	switch (level) {
	case CHECK_OK:
		return "\033[32m";
	case CHECK_WARNING:
	case CHECK_UNKNOWN:
		return "\033[33m";
	case CHECK_BAD:
		break;
	}
	return "\033[31m";
}

/* The part of a record around its error, and a caret under that. */
static void show_record(const struct check_finding *finding, FILE *stream)
{
	struct view record = finding->record;
	size_t at = finding->error_at;
	size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
	size_t to =
	    record.len - at > SHOWN_BEHIND ? at + SHOWN_BEHIND : record.len;
	int column = from > 0 ? 3 : 0;

	(void)fprintf(stream, "%*s%s", INDENT, "", from > 0 ? "..." : "");
	for (size_t i = from; i < to; i++) {
		unsigned char c = (unsigned char)record.s[i];
		/* as log_escape() writes it */
		bool is_plain = c >= ' ' && c <= '~' && c != '\\';
		int width = is_plain ? fprintf(stream, "%c", c) :
				       fprintf(stream, "\\x%02x", (unsigned)c);

		column += i < at && width > 0 ? width : 0;
	}
	(void)fprintf(stream, "%s\n%*s^\n", to < record.len ? "..." : "",
	    INDENT + column, "");
}

/* "mx.example.net 192.0.2.1": printed where it differs from the line before. */
static bool is_same_place(
    const struct check_finding *a, const struct check_finding *b)
{
	return strcmp(a->host, b->host) == 0 &&
	    strcmp(a->address, b->address) == 0;
}

static void show_finding(
    const struct check_finding *finding, FILE *stream, bool has_colour)
{
	(void)fprintf(stream, "%s%-*s%s%-*s%s%s%s%s\n",
	    has_colour ? colour_of(finding->level) : "", INDENT,
	    check_level_word(finding->level), has_colour ? "\033[0m" : "",
	    TOPIC, finding->topic, finding->text,
	    finding->code[0] != '\0' ? " (" : "", finding->code,
	    finding->code[0] != '\0' ? ")" : "");
	if (finding->has_error) {
		show_record(finding, stream);
	}
}

static const char *conclusion(enum check_level worst)
{
	switch (worst) {
	case CHECK_OK:
	case CHECK_WARNING:
		return "good";
	case CHECK_UNKNOWN:
		return "nothing bad was found, but not all could be found out";
	case CHECK_BAD:
		break;
	}
	return "not good";
}

void check_show_text(const struct check *c, const struct check_findings *f,
    FILE *stream, bool has_colour)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct check_finding *finding = &f->list[i];

		if (finding->host[0] != '\0' &&
		    (i == 0 || !is_same_place(finding, finding - 1))) {
			(void)fprintf(stream, "%s%s%s\n", finding->host,
			    finding->address[0] != '\0' ? " " : "",
			    finding->address);
		}
		show_finding(finding, stream, has_colour);
	}
	(void)fprintf(
	    stream, "%s: %s\n", c->domain, conclusion(check_worst(f)));
}

static void put_finding(
    const struct check_finding *finding, struct json_out *j, FILE *stream)
{
	json_out_begin(j);
	json_out_text(j, "kind", view_of("finding"));
	json_out_text(j, "level", view_of(check_level_word(finding->level)));
	json_out_text(j, "topic", view_of(finding->topic));
	json_out_text(j, "host", view_of(finding->host));
	json_out_text(j, "address", view_of(finding->address));
	json_out_text(j, "text", view_of(finding->text));
	json_out_text(j, "code", view_of(finding->code));
	if (finding->has_error) {
		json_out_text(j, "record", finding->record);
		json_out_number(j, "error-at", finding->error_at);
	}
	if (finding->not_after != 0) {
		json_out_time(j, "not-before", finding->not_before);
		json_out_time(j, "not-after", finding->not_after);
	}
	(void)json_out_end(j, stream);
}

void check_show_json(
    const struct check *c, const struct check_findings *f, FILE *stream)
{
	enum check_level worst = check_worst(f);
	struct json_out j;

	json_out_init(&j);
	for (size_t i = 0; i < f->n; i++) {
		put_finding(&f->list[i], &j, stream);
	}
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("result"));
	json_out_text(&j, "domain", view_of(c->domain));
	json_out_text(&j, "result",
	    view_of(worst == CHECK_BAD     ? "bad" :
		    worst == CHECK_UNKNOWN ? "unknown" :
					     "good"));
	json_out_bool(&j, "probed", c->is_probing);
	(void)json_out_end(&j, stream);
	json_out_release(&j);
}
