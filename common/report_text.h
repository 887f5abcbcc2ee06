/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_REPORT_TEXT_H
#define COMMON_REPORT_TEXT_H

#include "common/report_private.h"
#include "common/strbuf.h"

enum {
	REPORT_TEXT_FAILURES = 10, /* kinds of failure that the text names */
	REPORT_TEXT_WIDTH = 78,    /* octets of a line, without its end */
};

/*
 * Appends what the mail tells a person (R133): US-ASCII, CRLF line ends. r has
 * passed report_check().
 */
void report_text(struct report *r, struct strbuf *out);

#endif
