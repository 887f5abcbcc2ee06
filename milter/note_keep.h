/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NOTE_KEEP_H
#define MILTER_NOTE_KEEP_H

#include <stddef.h>

#include "common/noted.h"
#include "milter/note.h"

/*
 * The parent's part: reads what came from the child, counts it, and keeps
 * what the parsers of the log will ask for. To be called before the log is
 * read on, so that the note of a message is there before its lines are.
 * Returns 0, and the note for whoever wants its domains; or ERR_PARSE, and all
 * that was done is to count it.
 */
int note_keep(struct noted *n, const char *buf, size_t len, struct note *note);

#endif
