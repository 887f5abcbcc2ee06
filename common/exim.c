/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim.c - what the lines of an Exim say of its outgoing sessions
 *
 * First-class are the records of our ACL (exim_rules.c). A message that has
 * some is judged by them alone: of the plain entries they need only the hints
 * just before and the recipients that no record names. A message without is
 * read from its plain entries (exim_plain.c).
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/exim_entry.h"
#include "common/exim_plain.h"
#include "common/exim_private.h"
#include "common/exim_rules.h"
#include "common/mem.h"

/* One line being worked on. */
struct work {
	struct exim *ex;
	const struct syslog_line *line;
	const struct exim_line *l;
	uint64_t pos;
};

static int on_record(const struct work *w, struct view id, struct view text)
{
	int rc = exim_bump(w->ex, w->line->t, COUNTER_RECORDS);

	if (rc == 0 && exim_record_parse(id, text, &w->ex->record) != 0) {
		return exim_bump(w->ex, w->line->t, COUNTER_BAD_RECORD);
	}
	return rc == 0 ? exim_rules_record(w->ex, w->line, w->pos) : rc;
}

static void message_key(const struct work *w, struct exim_key *out)
{
	exim_key_of(w->line->host, 'm', w->l->id, out);
}

/* Does an entry tell of a host, or why there was none? */
static bool tells(const struct exim_entry *e)
{
	return ip_is_known(&e->ip) || view_starts(e->text, "DANE error: ");
}

/* Deliveries over earlier connections are found by the host's address. */
static int touch_host(
    const struct work *w, struct exim_message *m, const struct exim_entry *e)
{
	struct exim_connection *c;
	struct exim_key key;
	int rc;

	exim_plain_key(w->line, &e->ip, &key);
	rc = exim_connection_get(w->ex, &key, w->pos, &c);
	if (rc == 0) {
		exim_state_join(m, c);
		exim_table_touch(
		    &w->ex->connections, &c->slot, w->line->t, EXIM_DONE_S);
	}
	return rc;
}

static int on_entry(const struct work *w, const struct exim_entry *e)
{
	struct exim_key key;
	struct exim_message *m;
	int rc;

	if (w->l->id.len == 0 || !tells(e)) {
		return 0;
	}
	message_key(w, &key);
	rc = exim_bump(w->ex, w->line->t, COUNTER_RECORDS);
	if (rc == 0) {
		rc = exim_message_get(w->ex, &key, w->pos, &m);
	}
	if (rc == 0) {
		m->is_own = (mta_noted(&w->ex->mta, w->l->id, w->line->t) &
				NOTED_OWN_REPORT) != 0;
	}
	if (rc == 0 && e->kind == EXIM_ENTRY_DELIVERED) {
		rc = touch_host(w, m, e);
	}
	if (rc != 0) {
		return rc;
	}
	if (e->kind == EXIM_ENTRY_VERIFY || e->kind == EXIM_ENTRY_TLS_ERROR) {
		exim_rules_hint(m, e);
	}
	rc = m->has_records ? exim_rules_entry(w->ex, m, e) :
			      exim_plain_entry(w->ex, m, w->line, e);
	exim_table_touch(&w->ex->messages, &m->slot, w->line->t, EXIM_DONE_S);
	return rc;
}

static int on_completed(const struct work *w)
{
	struct exim_key key;
	struct exim_slot *slot;

	message_key(w, &key);
	slot = exim_table_find(&w->ex->messages, &key);
	return slot != NULL ?
	    exim_plain_done(w->ex, (struct exim_message *)slot) :
	    0;
}

static int on_text(const struct work *w)
{
	struct exim_entry e;

	exim_entry_parse(w->l->text, &e);
	if (e.kind == EXIM_ENTRY_RECORD) {
		return on_record(w, w->l->id, w->l->text);
	}
	if (e.kind == EXIM_ENTRY_COMPLETED) {
		return on_completed(w);
	}
	return e.kind != EXIM_ENTRY_OTHER ? on_entry(w, &e) : 0;
}

static void split_key(const struct work *w, struct exim_key *out)
{
	exim_key_of(w->line->host, 's',
	    view_make((const char *)&w->line->pid, sizeof(w->line->pid)), out);
}

static bool split_add(struct exim_split *split, unsigned part, struct view text)
{
	if (part != split->part + 1 || split->len + text.len > EXIM_ENTRY_MAX) {
		return false;
	}
	split->text = xrealloc_array(split->text, split->len + text.len + 1, 1);
	memcpy(split->text + split->len, text.s, text.len);
	split->len += text.len;
	split->part = part;
	return true;
}

/* The first part of a record that was cut for syslog. */
static int on_head(const struct work *w)
{
	struct exim_split *split;
	struct exim_key key;
	int rc;

	split_key(w, &key);
	rc = exim_split_get(w->ex, &key, w->pos, &split);
	if (rc != 0) {
		return rc;
	}
	split->parts = w->l->parts;
	(void)view_copy(w->l->id, split->id, sizeof(split->id));
	(void)split_add(split, 1, w->l->text);
	exim_table_touch(
	    &w->ex->splits, &split->slot, w->line->t, EXIM_SPLIT_S);
	return 0;
}

static int on_tail(const struct work *w)
{
	struct exim_split *split;
	struct exim_key key;
	struct work whole = *w;
	int rc;

	split_key(w, &key);
	split = (struct exim_split *)exim_table_find(&w->ex->splits, &key);
	if (split == NULL) {
		/* of an entry that is nothing to us */
		return 0;
	}
	if (w->l->parts != split->parts || w->l->is_newline ||
	    !split_add(split, w->l->part, w->l->text)) {
		exim_split_drop(w->ex, split);
		return exim_bump(w->ex, w->line->t, COUNTER_BAD_RECORD);
	}
	if (split->part < split->parts) {
		exim_table_touch(
		    &w->ex->splits, &split->slot, w->line->t, EXIM_SPLIT_S);
		return 0;
	}
	/* what it opens needs all of its parts */
	whole.pos = split->slot.pos;
	rc = on_record(
	    &whole, view_of(split->id), view_make(split->text, split->len));
	exim_split_drop(w->ex, split);
	return rc;
}

static void end_quote(struct exim *ex)
{
	ex->quote = EXIM_QUOTE_NONE;
	ex->quote_pos = UINT64_MAX;
}

/* How a line ends within a sender: what was taken off it counts, too. */
static enum exim_quote quote_behind(
    const struct syslog_line *line, enum exim_quote before)
{
	before = exim_line_quote_next(line->host, before);
	if (before == EXIM_QUOTE_STRING) {
		before = exim_line_quote_next(line->ident, before);
	}
	/* a blank outside of a quoted string ends the sender */
	return line->is_continued || before == EXIM_QUOTE_STRING ?
	    exim_line_quote_next(line->msg, before) :
	    EXIM_QUOTE_NONE;
}

/*
 * A stranger's text that looks like lines, of whatever program: until his
 * address ends, or until the entry must have ended.
 */
static bool is_quoted(
    struct exim *ex, uint64_t pos, const struct syslog_line *line)
{
	if (ex->quote == EXIM_QUOTE_NONE) {
		return false;
	}
	if (pos - ex->quote_pos >= EXIM_ENTRY_MAX ||
	    (ex->quote == EXIM_QUOTE_ESCAPE && !line->is_continued)) {
		end_quote(ex);
		return false;
	}
	ex->quote = quote_behind(line, ex->quote);
	if (ex->quote == EXIM_QUOTE_NONE) {
		end_quote(ex);
	}
	return true;
}

/*
 * The first part of an entry: the other parts of an earlier one by the same
 * process never came. Where the log does not tell processes apart, these may
 * still come, and nobody can tell whose they are.
 */
static int on_first_part(const struct work *w)
{
	bool is_record = exim_record_is(w->l->text);
	struct exim_split *split;
	struct exim_key key;
	int rc;

	split_key(w, &key);
	split = (struct exim_split *)exim_table_find(&w->ex->splits, &key);
	if (split != NULL) {
		exim_split_drop(w->ex, split);
		rc = exim_bump(w->ex, w->line->t, COUNTER_BAD_RECORD);
		if (rc != 0) {
			return rc;
		}
		if (w->line->pid == 0 && is_record) {
			return exim_bump(w->ex, w->line->t, COUNTER_BAD_RECORD);
		}
	}
	return is_record ? on_head(w) : on_text(w);
}

static int exim_line(
    struct mta *m, uint64_t pos, const struct syslog_line *line)
{
	struct exim *ex = (struct exim *)m;
	struct exim_line l;
	struct work w = { ex, line, &l, pos };
	int rc;

	if (is_quoted(ex, pos, line) || !mta_is_ident(m, line->ident)) {
		return 0;
	}
	if (line->is_continued) {
		/* Exim indents what it continues itself */
		return line->msg.len == 0 || line->msg.s[0] == ' ' ?
		    0 :
		    exim_bump(ex, line->t, COUNTER_BAD_LINE);
	}
	rc = exim_state_expire(ex, line->t);
	if (rc != 0) {
		return rc;
	}
	exim_line_parse(line, &l);
	if (l.is_file) {
		ex->quote = exim_line_quote(l.text);
	}
	if (ex->quote != EXIM_QUOTE_NONE) {
		ex->quote_pos = pos;
		return 0;
	}
	return l.part > 1 ? on_tail(&w) :
	    l.part == 1   ? on_first_part(&w) :
			    on_text(&w);
}

static int exim_flush(struct mta *m)
{
	struct exim *ex = (struct exim *)m;

	end_quote(ex);
	return exim_state_flush(ex);
}

static uint64_t exim_oldest(const struct mta *m)
{
	const struct exim *ex = (const struct exim *)m;
	const struct exim_table *tables[] = { &ex->messages, &ex->connections,
		&ex->splits };
	uint64_t pos = ex->quote_pos;

	for (size_t i = 0; i < 3; i++) {
		uint64_t mine = exim_table_oldest(tables[i]);

		pos = mine < pos ? mine : pos;
	}
	return pos;
}

static bool exim_may_begin(const struct mta *m)
{
	return ((const struct exim *)m)->quote == EXIM_QUOTE_NONE;
}

static unsigned exim_open_sessions(const struct mta *m)
{
	return exim_state_open((const struct exim *)m);
}

static struct mta *exim_create(void)
{
	struct exim *ex = xcalloc(1, sizeof(*ex));

	exim_table_init(&ex->messages, EXIM_MESSAGES);
	exim_table_init(&ex->connections, EXIM_CONNECTIONS);
	exim_table_init(&ex->splits, EXIM_SPLITS);
	ex->quote_pos = UINT64_MAX;
	return &ex->mta;
}

static void exim_destroy(struct mta *m)
{
	struct exim *ex = (struct exim *)m;

	exim_state_release(ex);
	exim_table_release(&ex->messages);
	exim_table_release(&ex->connections);
	exim_table_release(&ex->splits);
	free(ex);
}

/* syslog_processname, and what Debian's init scripts and others call it */
static const char *const exim_idents[] = { "exim", "exim4", NULL };

const struct mta_type exim_type = {
	.name = "exim",
	.idents = exim_idents,
	.parse = exim_line_take_apart,
	.create = exim_create,
	.destroy = exim_destroy,
	.line = exim_line,
	.flush = exim_flush,
	.oldest = exim_oldest,
	.may_begin = exim_may_begin,
	.open_sessions = exim_open_sessions,
	.has_late_senders = true,
	.bounce = bounce_line_exim,
};
