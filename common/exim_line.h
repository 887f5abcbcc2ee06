/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_LINE_H
#define COMMON_EXIM_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/syslog_line.h"
#include "common/view.h"

/*
 * The outer shape of Exim's log. An entry stands in a file of Exim's own
 * ("stamp [pid] id text", in one line as a rule) or in syslog, where it may be
 * cut into parts ("[1/7] ...") and where its own stamp may stand once more.
 */

/* What stands before the text of an entry. All views borrow the line. */
struct exim_line {
	unsigned part;    /* of an entry in parts: 1 is the first; else 0 */
	unsigned parts;   /* how many there are */
	bool is_newline;  /* cut at a line end, not for its length */
	bool is_file;     /* from Exim's own file */
	struct view id;   /* message id; "" where the line names none */
	struct view text; /* of a part behind the first: all of it */
};

enum {
	EXIM_ENTRY_MAX = 8192, /* bytes that Exim writes at once, at most */
	EXIM_ID_MAX = 24,      /* characters of a message id */
};

/* struct mta_type: parse */
int exim_line_take_apart(
    struct view line, int64_t until, struct syslog_line *out);

/* Takes the head off a line. Never fails. */
void exim_line_parse(const struct syslog_line *line, struct exim_line *out);

/*
 * Where a line of an entry ends within its sender, behind which a stranger's
 * text follows, even if it looks like lines of the log.
 */
enum exim_quote {
	EXIM_QUOTE_NONE,   /* not within the sender */
	EXIM_QUOTE_STRING, /* in a quoted string of it */
	EXIM_QUOTE_ESCAPE, /* behind a backslash outside of one */
};

/* The text of an entry that may begin with a sender. */
enum exim_quote exim_line_quote(struct view text);

/* The line behind one that ended so. */
enum exim_quote exim_line_quote_next(struct view line, enum exim_quote before);

/* Is it a message id: "1vMAAA-000001-AA", "1vMAAA-00000000001-AAAA"? */
bool exim_line_is_id(struct view text);

#endif
