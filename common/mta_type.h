/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_MTA_TYPE_H
#define COMMON_MTA_TYPE_H

#include "common/bounce_line.h"
#include "common/mta.h"

/* What an MTA's row is made of; only mta.c and the parsers include this. */
struct mta_type {
	const char *name;
	const char *const *idents; /* default programs, NULL-terminated */
	/* see mta_parse_line(); NULL: syslog_line_parse() */
	int (*parse)(struct view line, int64_t until, struct syslog_line *out);
	struct mta *(*create)(void);
	void (*destroy)(struct mta *m);
	/* lines of its programs; with parse, of all: see mta_is_ident() */
	int (*line)(
	    struct mta *m, uint64_t pos, const struct syslog_line *line);
	int (*flush)(struct mta *m);
	uint64_t (*oldest)(const struct mta *m);
	/* see mta_may_begin(); NULL: always */
	bool (*may_begin)(const struct mta *m);
	unsigned (*open_sessions)(const struct mta *m);
	/* the lines of a delivery may tell no sender: see note_own() */
	bool has_late_senders;
	/* what a line says of messages that come back; NULL: never */
	bool (*bounce)(const struct syslog_line *line, struct bounce_line *out);
};

/* The head of every parser's state; mta_new() fills it in. */
struct mta {
	const struct mta_type *type;
	struct mta_options o;
};

extern const struct mta_type sendmail_type;
extern const struct mta_type exim_type;
extern const struct mta_type postfix_type;

/* Is this the envelope sender of one of our own reports (mta_is_own())? */
bool mta_is_own_sender(const struct mta *m, struct view address);

/* What was noted of a message: bits of enum noted_kind. */
unsigned mta_noted(const struct mta *m, struct view qid, int64_t t);

/* A message goes on under another id too. */
void mta_noted_alias(
    const struct mta *m, struct view old_qid, struct view new_qid, int64_t t);

#endif
