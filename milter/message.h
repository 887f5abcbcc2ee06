/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_MESSAGE_H
#define MILTER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "milter/note.h"

/*
 * What is collected of a message while an MTA receives it, until it is a note.
 * Bounded, whatever comes; all text is a stranger's.
 */
enum {
	MESSAGE_RCPTS = 1000 /* recipients that are looked at: IDNA takes time,
	                        and at the end the MTA waits for us */
};

struct message {
	struct note note;    /* as far as it is known */
	unsigned n_rcpts;    /* recipients so far, at most MESSAGE_RCPTS */
	unsigned n_fields;   /* TLS-Required fields so far, 2 for more */
	bool says_no;        /* the first of them says No */
	bool has_requiretls; /* the sender demands TLS (RFC 8689) */
};

/*
 * MAIL FROM. args: the address in its brackets, then the parameters,
 * NULL-terminated; at least the former may be missing. own_senders and
 * delimiter: as in struct mta_options.
 */
void message_begin(struct message *m, const char *const *args,
    const char *const *own_senders, char delimiter);

/* RCPT TO: the address in its brackets. Only its domain is kept. */
void message_rcpt(struct message *m, struct view address);

/* A header field. */
void message_field(struct message *m, struct view name, struct view value);

/*
 * The message was received whole at time t, with this queue id ("" when it is
 * not known). Returns its note, which is a part of *m.
 */
struct note *message_end(struct message *m, struct view qid, int64_t t);

#endif
