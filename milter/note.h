/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NOTE_H
#define MILTER_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/noted.h"
#include "common/view.h"

/*
 * What the milter's child tells its parent of one message, in one datagram.
 * To the parent it is hostile input: the child talks to strangers.
 */
enum {
	NOTE_QID = NOTED_QID, /* bytes of a queue id */
	NOTE_DOMAINS = 100,   /* recipient domains that are told */
	NOTE_MAX = 32 * 1024, /* no note is longer */
};

/* One message; or, with only dropped set, none: see note_is_report(). */
struct note {
	int64_t t;        /* end of its reception */
	uint64_t dropped; /* notes that could not be handed over since
	                           the last one that was */
	uint32_t n_more;  /* recipients whose domains are not told: too many */
	unsigned kinds;   /* bits of enum noted_kind */
	unsigned n_domains;     /* of the recipients, each once */
	char qid[NOTE_QID + 1]; /* printable, no blanks; "": not known */
	char domain[NOTE_DOMAINS][DOMAIN_BUF]; /* in the normal form */
};

void note_init(struct note *note);

/* Sets the queue id; one that is too long, or holds other bytes, is unknown. */
void note_set_qid(struct note *note, struct view qid);

/* Adds a domain in its normal form, unless it is there. */
void note_add_domain(struct note *note, struct view domain);

/* Counts a recipient whose domain is not told. */
void note_skip_domain(struct note *note);

/* Does it tell of no message, but only of notes that were dropped? */
bool note_is_report(const struct note *note);

/* Writes a note. Returns its length, NOTE_MAX at most. */
size_t note_format(const struct note *note, char out[NOTE_MAX]);

/*
 * Reads a note; nothing is borrowed. Returns 0 or ERR_PARSE, then *out is not
 * to be used. Each note has one form only: written again, it is the same.
 */
int note_parse(const char *buf, size_t len, struct note *out);

#endif
