/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta.c - the table of MTAs whose logs we understand
 *
 * To add an MTA: a parser file with a struct mta_type, and a row here.
 */

#include "config.h"

#include <stddef.h>
#include <string.h>

#include "common/bounce_log.h"
#include "common/envelope.h"
#include "common/err.h"
#include "common/mta_type.h"

static const struct mta_type *const types[] = { &sendmail_type, &exim_type,
	&postfix_type };

enum {
	TYPES = sizeof(types) / sizeof(types[0])
};

const struct mta_type *mta_find(const char *name)
{
	for (size_t i = 0; i < TYPES; i++) {
		if (strcmp(types[i]->name, name) == 0) {
			return types[i];
		}
	}
	return NULL;
}

const char *mta_name(const struct mta_type *type)
{
	return type->name;
}

const char *const *mta_names(void)
{
	static const char *const names[] = { "sendmail", "exim", "postfix",
		NULL };

	_Static_assert(sizeof(names) / sizeof(names[0]) == TYPES + 1,
	    "a name for every row");
	return names;
}

int mta_parse_line(const struct mta_type *type, struct view line, int64_t until,
    struct syslog_line *out)
{
	int rc = type->parse != NULL ? type->parse(line, until, out) :
				       syslog_line_parse(line, until, out);

	out->is_continued = rc == ERR_PARTIAL;
	return rc;
}

struct mta *mta_new(const struct mta_type *type, const struct mta_options *o)
{
	struct mta *m = type->create();

	m->type = type;
	m->o = *o;
	if (m->o.idents == NULL) {
		m->o.idents = type->idents;
	}
	return m;
}

void mta_free(struct mta *m)
{
	if (m != NULL) {
		m->type->destroy(m);
	}
}

static bool matches(const char *pattern, struct view ident)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*') {
		return ident.len >= n - 1 &&
		    memcmp(ident.s, pattern, n - 1) == 0;
	}
	return view_is(ident, pattern);
}

bool mta_is_ident(const struct mta *m, struct view ident)
{
	if (ident.len == 0 && m->type->parse != NULL) {
		return true; /* a line of the MTA's own file */
	}
	for (const char *const *p = m->o.idents; *p != NULL; p++) {
		if (matches(*p, ident)) {
			return true;
		}
	}
	return false;
}

/* Whose message it is, and what came back. */
static void look_at_sender(struct mta *m, const struct syslog_line *line)
{
	const struct bounce_own own = { m->o.own_senders, m->o.delimiter };
	char token[ENVELOPE_TOKEN + 1];
	struct bounce_line l;

	if (!m->type->bounce(line, &l)) {
		return;
	}
	if (l.kind == BOUNCE_LINE_SENDER && m->type->has_late_senders &&
	    m->o.note_own != NULL && mta_is_own_sender(m, l.sender)) {
		m->o.note_own(m->o.noted_ctx, l.qid, line->t);
	}
	if (m->o.bounces != NULL &&
	    bounce_log_line(m->o.bounces, &own, line->host, &l, token)) {
		m->o.bounced(m->o.bounced_ctx, line->t, token, l.dsn);
	}
}

int mta_line(struct mta *m, uint64_t pos, const struct syslog_line *line)
{
	/* within a stranger's text, a line is none */
	if (m->type->bounce != NULL &&
	    (m->o.bounces != NULL || m->o.note_own != NULL) &&
	    mta_may_begin(m) && mta_is_ident(m, line->ident)) {
		look_at_sender(m, line);
	}
	/* who has lines of its own shape must see them all, since the shape of
	   a line that is none of its own may be made up */
	return m->type->parse != NULL || mta_is_ident(m, line->ident) ?
	    m->type->line(m, pos, line) :
	    0;
}

int mta_flush(struct mta *m)
{
	return m->type->flush(m);
}

uint64_t mta_oldest(const struct mta *m)
{
	return m->type->oldest(m);
}

bool mta_may_begin(const struct mta *m)
{
	return m->type->may_begin == NULL || m->type->may_begin(m);
}

unsigned mta_open_sessions(const struct mta *m)
{
	return m->type->open_sessions(m);
}

unsigned mta_noted(const struct mta *m, struct view qid, int64_t t)
{
	return m->o.noted != NULL && qid.len > 0 ?
	    m->o.noted(m->o.noted_ctx, qid, t) :
	    0;
}

void mta_noted_alias(
    const struct mta *m, struct view old_qid, struct view new_qid, int64_t t)
{
	if (m->o.noted_alias != NULL) {
		m->o.noted_alias(m->o.noted_ctx, old_qid, new_qid, t);
	}
}

bool mta_is_own(
    const char *const *own_senders, char delimiter, struct view address)
{
	for (const char *const *p = own_senders; p != NULL && *p != NULL; p++) {
		if (envelope_is_own(*p, delimiter, address)) {
			return true;
		}
	}
	return false;
}

bool mta_is_own_sender(const struct mta *m, struct view address)
{
	return mta_is_own(m->o.own_senders, m->o.delimiter, address);
}
