/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta.c - the table of MTAs whose logs we understand
 *
 * To add an MTA: a parser file with a struct mta_type, and a row here.
 */

#include "config.h"

#include <stddef.h>
#include <string.h>

#include "common/ascii.h"
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

int mta_line(struct mta *m, uint64_t pos, const struct syslog_line *line)
{
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

static bool is_extension(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.s[i];

		if (!ascii_is_alnum(c) && !ascii_is_one_of(c, "._=-")) {
			return false;
		}
	}
	return true;
}

static bool is_sender(struct view own, struct view address)
{
	size_t own_at = view_rindex(own, '@');
	size_t at = view_rindex(address, '@');

	if (own_at == own.len || at == address.len || at < own_at ||
	    !view_is_nocase(view_skip(own, own_at), view_skip(address, at)) ||
	    !view_is_nocase(
		view_make(own.s, own_at), view_make(address.s, own_at))) {
		return false;
	}
	return at == own_at ||
	    (address.s[own_at] == '+' &&
		is_extension(
		    view_make(address.s + own_at + 1, at - own_at - 1)));
}

bool mta_is_own(const char *const *own_senders, struct view address)
{
	for (const char *const *p = own_senders; p != NULL && *p != NULL; p++) {
		if (is_sender(view_of(*p), address)) {
			return true;
		}
	}
	return false;
}

bool mta_is_own_sender(const struct mta *m, struct view address)
{
	return mta_is_own(m->o.own_senders, address);
}
