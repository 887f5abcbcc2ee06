/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_WRITE_H
#define REPORTER_WRITE_H

#include <stdbool.h>

#include "common/record.h"
#include "common/report.h"
#include "reporter/outdir.h"
#include "send/dkim.h"

/*
 * Memory for one report after the other; what is in it lasts until the next
 * write_report(). Released by its owner.
 */
struct write_buffers {
	struct strbuf json;
	struct strbuf gz;   /* of json */
	struct strbuf mail; /* the last one, not signed */
};

void write_buffers_init(struct write_buffers *b);
void write_buffers_release(struct write_buffers *b);

/* Where reports are written, borrowed. */
struct write_to {
	struct write_buffers *buffers;
	struct outdir *dir;
	struct dkim *dkim; /* that mails are signed with; NULL: they are not */
	bool wants_body;   /* for a person, where none is uploaded */
};

enum {
	/* gzip may make a body longer by some bytes, base64 by a third; the
	   rest of a mail is short */
	WRITE_BODY_MAX = REPORT_JSON_MAX + REPORT_JSON_MAX / 10,
	WRITE_MAIL_MAX = 2 * WRITE_BODY_MAX
};

/* What was written of one report. */
struct write_result {
	char base[OUTDIR_NAME];      /* outdir_base() of its files */
	unsigned mails;              /* .eml files */
	unsigned uploads;            /* https destinations */
	unsigned refused;            /* addresses that no mail can be made to */
	bool is_usable[RECORD_RUAS]; /* by destination: not refused */
	bool has_body;               /* the .json.gz file */
};

/*
 * Adds a report's files to the batch of a directory. The mail to the record's
 * destination number N is BASE.N.eml, signed. The body is BASE.json.gz, where
 * it is uploaded or wanted: a day may have a million reports. Returns 0; ERR_TOO_LONG or
 * ERR_PARSE when no report can be made of this, and nothing was written;
 * -errno.
 */
int write_report(const struct write_to *to, struct report *r,
    const struct record *record, struct write_result *out);

#endif
