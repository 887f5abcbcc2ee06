/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * note.c - what the milter's child tells of a message, as bytes
 *
 * A head of fixed size, then the queue id, then each domain behind a byte
 * with its length. Numbers are little-endian.
 */

#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "milter/note.h"

enum {
	MARK = 0x4e, /* the first byte */
	HEAD = 24,   /* bytes: mark, kinds, length of the queue id, number of
	                domains, n_more, t, dropped */
	AT_MORE = 4,
	AT_TIME = 8,
	AT_DROPPED = 16,
};

_Static_assert(HEAD + NOTE_QID + NOTE_DOMAINS * (1 + DOMAIN_MAX) <= NOTE_MAX,
    "the longest note fits");
_Static_assert(NOTE_QID <= UINT8_MAX && NOTE_DOMAINS <= UINT8_MAX &&
	DOMAIN_MAX <= UINT8_MAX && (int)NOTED_KINDS <= UINT8_MAX,
    "lengths are bytes");

void note_init(struct note *note)
{
	/* what is not counted in n_domains is not looked at */
	memset(note, 0, offsetof(struct note, domain));
}

static bool is_qid(struct view qid)
{
	for (size_t i = 0; i < qid.len; i++) {
		if (!ascii_is_visible(qid.s[i])) {
			return false;
		}
	}
	return qid.len <= NOTE_QID;
}

void note_set_qid(struct note *note, struct view qid)
{
	if (!is_qid(qid)) {
		qid.len = 0;
	}
	(void)view_copy(qid, note->qid, sizeof(note->qid));
}

static bool has_domain(const struct note *note, struct view domain)
{
	for (unsigned i = 0; i < note->n_domains; i++) {
		if (view_is(domain, note->domain[i])) {
			return true;
		}
	}
	return false;
}

void note_add_domain(struct note *note, struct view domain)
{
	if (has_domain(note, domain)) {
		return;
	}
	if (note->n_domains < NOTE_DOMAINS) {
		(void)view_copy(
		    domain, note->domain[note->n_domains++], DOMAIN_BUF);
	} else {
		note_skip_domain(note);
	}
}

void note_skip_domain(struct note *note)
{
	if (note->n_more < UINT32_MAX) {
		note->n_more++;
	}
}

bool note_is_report(const struct note *note)
{
	return note->qid[0] == '\0' && note->kinds == 0 &&
	    note->n_domains == 0 && note->n_more == 0 && note->dropped > 0;
}

static void put(char *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		at[i] = (char)(unsigned char)(value >> (8 * i));
	}
}

static uint64_t get(const char *at, size_t size)
{
	uint64_t value = 0;

	for (size_t i = size; i-- > 0;) {
		value = value << 8 | (unsigned char)at[i];
	}
	return value;
}

static char *put_text(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

size_t note_format(const struct note *note, char out[NOTE_MAX])
{
	size_t qid_len = strlen(note->qid);
	char *at = out + HEAD;

	assert(note->n_domains <= NOTE_DOMAINS && note->kinds <= NOTED_KINDS);
	put(out, MARK, 1);
	put(out + 1, note->kinds, 1);
	put(out + 2, qid_len, 1);
	put(out + 3, note->n_domains, 1);
	put(out + AT_MORE, note->n_more, 4);
	put(out + AT_TIME, (uint64_t)note->t, 8);
	put(out + AT_DROPPED, note->dropped, 8);
	at = put_text(at, note->qid, qid_len);
	for (unsigned i = 0; i < note->n_domains; i++) {
		size_t len = strlen(note->domain[i]);

		put(at, len, 1);
		at = put_text(at + 1, note->domain[i], len);
	}
	return (size_t)(at - out);
}

/* Cuts a text of this length off the front. */
static bool take(struct view *rest, size_t len, struct view *out)
{
	if (rest->len < len) {
		return false;
	}
	*out = view_make(rest->s, len);
	*rest = view_skip(*rest, len);
	return true;
}

static bool take_domains(struct view *rest, unsigned n, struct note *out)
{
	struct view len;
	struct view domain;

	for (unsigned i = 0; i < n; i++) {
		if (!take(rest, 1, &len) ||
		    !take(rest, get(len.s, 1), &domain) ||
		    !domain_is_normal(domain) || has_domain(out, domain)) {
			return false;
		}
		note_add_domain(out, domain);
	}
	return true;
}

int note_parse(const char *buf, size_t len, struct note *out)
{
	struct view rest = view_make(buf, len);
	struct view head;
	struct view qid;
	unsigned n;

	note_init(out);
	if (!take(&rest, HEAD, &head) || get(head.s, 1) != MARK) {
		return ERR_PARSE;
	}
	out->kinds = (unsigned)get(head.s + 1, 1);
	n = (unsigned)get(head.s + 3, 1);
	out->n_more = (uint32_t)get(head.s + AT_MORE, 4);
	out->t = (int64_t)get(head.s + AT_TIME, 8);
	out->dropped = get(head.s + AT_DROPPED, 8);
	if (out->kinds > NOTED_KINDS || n > NOTE_DOMAINS || out->t < 0 ||
	    !take(&rest, get(head.s + 2, 1), &qid) || !is_qid(qid)) {
		return ERR_PARSE;
	}
	note_set_qid(out, qid);
	return take_domains(&rest, n, out) && rest.len == 0 ? 0 : ERR_PARSE;
}
