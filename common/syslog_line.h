/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SYSLOG_LINE_H
#define COMMON_SYSLOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

/* A log line taken apart. All views borrow the line. */
struct syslog_line {
	int64_t t;         /* Unix seconds of its stamp */
	struct view host;  /* "" where the line names none */
	struct view ident; /* program: "sm-mta", "exim4", "postfix/smtp" */
	uint32_t pid;      /* 0 where the line names none */
	struct view msg;   /* what follows "ident[pid]: " */
	bool is_continued; /* only by mta_parse_line() */
};

enum {
	SYSLOG_LINE_MAX = 65536
}; /* bytes; longer lines are counted, not read */

/*
 * Parses one line without its line end: "[<pri>]stamp [host] ident[pid]: msg".
 * until: see when_parse_stamp(). Returns 0 or ERR_PARSE.
 */
int syslog_line_parse(struct view line, int64_t until, struct syslog_line *out);

#endif
