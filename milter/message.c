/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c - what is collected of a message while an MTA receives it */

#include "config.h"

#include "common/ascii.h"
#include "common/mta.h"
#include "milter/message.h"

/* An address without the brackets round it. */
static struct view bare(struct view address)
{
	if (address.len > 1 && address.s[0] == '<' &&
	    address.s[address.len - 1] == '>') {
		address = view_make(address.s + 1, address.len - 2);
	}
	return address;
}

void message_begin(struct message *m, const char *const *args,
    const char *const *own_senders, char delimiter)
{
	static const char requiretls[] = "REQUIRETLS";

	note_init(&m->note);
	m->n_rcpts = 0;
	m->n_fields = 0;
	m->says_no = false;
	m->has_requiretls = false;
	if (args[0] == NULL) {
		return;
	}
	if (mta_is_own(own_senders, delimiter, bare(view_of(args[0])))) {
		m->note.kinds |= NOTED_OWN_REPORT;
	}
	for (const char *const *p = args + 1; *p != NULL; p++) {
		m->has_requiretls |=
		    view_is_nocase(view_of(*p), view_of(requiretls));
	}
}

void message_rcpt(struct message *m, struct view address)
{
	char domain[DOMAIN_BUF];
	int n;

	if (m->n_rcpts >= MESSAGE_RCPTS) {
		note_skip_domain(&m->note);
		return;
	}
	m->n_rcpts++;
	n = domain_of_address(bare(address), domain);
	if (n > 0) {
		note_add_domain(&m->note, view_make(domain, (size_t)n));
	}
}

/* Blanks and line ends round a value: its folding (RFC 5322 2.2.3). */
static bool is_folding(char c)
{
	return ascii_is_wsp(c) || c == '\r' || c == '\n';
}

static struct view trim(struct view v)
{
	while (v.len > 0 && is_folding(v.s[0])) {
		v = view_skip(v, 1);
	}
	while (v.len > 0 && is_folding(v.s[v.len - 1])) {
		v.len--;
	}
	return v;
}

void message_field(struct message *m, struct view name, struct view value)
{
	if (!view_is_nocase(trim(name), view_of("TLS-Required"))) {
		return;
	}
	if (m->n_fields == 0) {
		/* RFC 8689 5: ABNF, so case does not matter (RFC 5234 2.3) */
		m->says_no = view_is_nocase(trim(value), view_of("No"));
	}
	m->n_fields = m->n_fields == 0 ? 1 : 2;
}

struct note *message_end(struct message *m, struct view qid, int64_t t)
{
	/* RFC 8689 4.1: with REQUIRETLS the field is ignored */
	if (m->n_fields == 1 && m->says_no && !m->has_requiretls) {
		m->note.kinds |= NOTED_TLS_REQUIRED;
	}
	note_set_qid(&m->note, qid);
	m->note.t = t < 0 ? 0 : t;
	return &m->note;
}
