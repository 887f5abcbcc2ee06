/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_note.c - any bytes as a note of the milter's child
 *
 * Beyond memory errors: what comes out keeps its bounds, and written again it
 * is what came in.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "milter/note.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct note *note)
{
	if (strlen(note->qid) > NOTE_QID || note->n_domains > NOTE_DOMAINS ||
	    note->kinds > NOTED_KINDS || note->t < 0) {
		abort();
	}
	for (unsigned i = 0; i < note->n_domains; i++) {
		if (!domain_is_normal(view_of(note->domain[i]))) {
			abort();
		}
	}
	if (note_is_report(note) &&
	    (note->n_domains > 0 || note->qid[0] != '\0')) {
		abort();
	}
}

FUZZ_TARGET(data, size)
{
	static char again[NOTE_MAX];
	static struct note note;
	int rc = note_parse((const char *)data, size, &note);

	if (rc != 0) {
		if (rc != ERR_PARSE) {
			abort();
		}
		return 0;
	}
	check(&note);
	if (note_format(&note, again) != size ||
	    memcmp(again, data, size) != 0) {
		abort();
	}
	return 0;
}
