/* SPDX-License-Identifier: BSD-2-Clause */
/* note_keep.c - keeps what the milter's child told of messages */

#include "config.h"

#include "milter/note_keep.h"

int note_keep(struct noted *n, const char *buf, size_t len, struct note *note)
{
	int rc = note_parse(buf, len, note);

	if (rc != 0) {
		noted_bump(n, NOTED_BAD, 1);
		return rc;
	}
	if (note->dropped > 0) {
		noted_bump(n, NOTED_DROPPED, note->dropped);
	}
	if (note_is_report(note)) {
		return 0;
	}
	noted_bump(n, NOTED_NOTES, 1);
	if ((note->kinds & NOTED_TLS_REQUIRED) != 0) {
		noted_bump(n, NOTED_TLS_REQUIREDS, 1);
	}
	if ((note->kinds & NOTED_OWN_REPORT) != 0) {
		noted_bump(n, NOTED_OWN_REPORTS, 1);
	}
	noted_add(n, view_of(note->qid), note->kinds, note->t);
	return 0;
}
