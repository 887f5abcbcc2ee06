/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_BOUNCE_LINE_H
#define COMMON_BOUNCE_LINE_H

#include <stdbool.h>

#include "common/syslog_line.h"
#include "common/view.h"

/*
 * What a line of an MTA's log says of messages that come back: whose they are,
 * and that one failed for good. Deferrals are nothing here. Replies and
 * addresses are strangers' text; fields are believed only where the MTA itself
 * puts them.
 */
enum bounce_line_kind {
	BOUNCE_LINE_SENDER, /* the message with this id has this sender */
	BOUNCE_LINE_FAILED, /* a recipient of it failed for good */
};

/* All views borrow the line. */
struct bounce_line {
	enum bounce_line_kind kind;
	struct view scope;  /* ids are unique within it; beside the host */
	struct view qid;    /* queue id or message id */
	struct view sender; /* without brackets; of a failure "" where the line
	                       does not tell */
	struct view dsn;    /* of a failure: RFC 3463; "" where the line does
	                       not tell */
};

/*
 * One for each MTA (struct mta_type). False: the line says nothing of this. A
 * line that goes on with another is none of these.
 */
bool bounce_line_sendmail(
    const struct syslog_line *line, struct bounce_line *out);
bool bounce_line_exim(const struct syslog_line *line, struct bounce_line *out);
bool bounce_line_postfix(
    const struct syslog_line *line, struct bounce_line *out);

/*
 * Is it a status code of RFC 3463 ("5.1.1") of a permanent failure? Any with
 * its shape that begins with '5'.
 */
bool bounce_line_is_permanent(struct view dsn);

#endif
