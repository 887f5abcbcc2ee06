/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim.c - DKIM signatures of the mails that carry reports
 *
 * Receivers ignore a report whose mail is not signed (RFC 8460 3). Nothing of
 * the mail may change behind this: it is the last step.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/digest.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/mem.h"
#include "send/dkim.h"
#include "send/dkim_canon.h"

enum {
	LINE_WIDTH = 78, /* octets that a line should keep to */
	HEADER_MAX = 4096,
};

struct signer {
	char *selector;
	char *file;
	struct dkim_key *key;
};

struct dkim {
	char domain[DOMAIN_BUF];
	struct signer signer[CONF_DKIM_KEYS];
	size_t n;
};

/*
 * h=: what stands twice can be there once, for a second one would break the
 * signature (R144, RFC 6376 5.4.1 and 8.15).
 */
static const char *const signed_names[] = {
	"From",
	"From",
	"Subject",
	"Subject",
	"TLS-Report-Domain",
	"TLS-Report-Domain",
	"TLS-Report-Submitter",
	"TLS-Report-Submitter",
	"Date",
	"To",
	"Message-ID",
	"MIME-Version",
	"Content-Type",
	"Auto-Submitted",
	"TLS-Required",
	NULL,
};

/* --- keys --- */

/* SELECTOR._domainkey.DOMAIN; returns its length. */
static size_t add_name(
    const char *selector, const char *domain, struct strbuf *out)
{
	size_t before = out->len;

	strbuf_addf(out, "%s._domainkey.%s", selector, domain);
	return out->len - before;
}

static int add_key(
    struct dkim *d, const struct conf_dkim_key *conf, struct strbuf *error)
{
	struct signer *s = &d->signer[d->n];
	struct strbuf name;
	size_t len;
	int rc;

	strbuf_init(&name, 1024);
	len = add_name(conf->selector, d->domain, &name);
	strbuf_release(&name);
	if (len > DOMAIN_MAX) {
		strbuf_addf(error,
		    "dkim.keys: the selector %s makes a name of more than "
		    "%d bytes with %s: take a shorter one",
		    conf->selector, (int)DOMAIN_MAX, d->domain);
		return ERR_CONFIG;
	}
	rc = dkim_key_read(conf->file, &s->key, error);
	if (rc == 0) {
		s->selector = xstrdup(conf->selector);
		s->file = xstrdup(conf->file);
		d->n++;
	}
	return rc;
}

int dkim_open(const struct conf *c, struct dkim **out, struct strbuf *error)
{
	struct dkim *d;
	int rc = 0;

	*out = NULL;
	if (c->dkim.n_keys == 0) {
		if (!c->dkim.elsewhere) {
			strbuf_adds(error, "dkim.keys: no key is named");
		}
		return c->dkim.elsewhere ? 0 : ERR_CONFIG;
	}
	d = xcalloc(1, sizeof(*d));
	if (domain_of_address(
		view_of(c->contact != NULL ? c->contact : ""), d->domain) < 0) {
		strbuf_adds(error,
		    "dkim.keys: contact is missing, whose "
		    "domain signs");
		rc = ERR_CONFIG;
	}
	for (unsigned i = 0; i < c->dkim.n_keys && rc == 0; i++) {
		rc = add_key(d, &c->dkim.key[i], error);
	}
	if (rc != 0) {
		dkim_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void dkim_close(struct dkim *d)
{
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		free(d->signer[i].selector);
		free(d->signer[i].file);
		dkim_key_free(d->signer[i].key);
	}
	free(d);
}

bool dkim_info(const struct dkim *d, size_t i, struct dkim_info *out)
{
	if (d == NULL || i >= d->n) {
		return false;
	}
	*out = (struct dkim_info){
		.domain = d->domain,
		.selector = d->signer[i].selector,
		.file = d->signer[i].file,
		.kind = dkim_key_kind(d->signer[i].key),
		.bits = dkim_key_bits(d->signer[i].key),
	};
	return true;
}

bool dkim_record(
    const struct dkim *d, size_t i, struct strbuf *name, struct strbuf *text)
{
	if (d == NULL || i >= d->n) {
		return false;
	}
	(void)add_name(d->signer[i].selector, d->domain, name);
	strbuf_addf(text, "v=DKIM1; k=%s; p=",
	    dkim_key_kind(d->signer[i].key) == DKIM_KEY_RSA ? "rsa" :
							      "ed25519");
	dkim_key_public(d->signer[i].key, text);
	return true;
}

/* --- the header --- */

/* A header under work, folded. */
struct header {
	struct strbuf text;
	size_t column; /* of the line that is being written */
};

/* Appends a piece that stays whole, behind a blank or a fold. */
static void add_piece(struct header *h, const char *piece)
{
	size_t len = strlen(piece);
	bool is_folded = h->column + 1 + len > LINE_WIDTH;

	strbuf_adds(&h->text, is_folded ? "\r\n " : " ");
	strbuf_adds(&h->text, piece);
	h->column = (is_folded ? 0 : h->column) + 1 + len;
}

/* Appends a piece right behind the last one, or behind a fold: where blanks
   mean nothing. */
static void add_next(struct header *h, const char *piece, size_t len)
{
	if (h->column + len > LINE_WIDTH) {
		strbuf_adds(&h->text, "\r\n ");
		h->column = 1;
	}
	strbuf_add(&h->text, piece, len);
	h->column += len;
}

static void add_names(struct header *h)
{
	char piece[64];

	for (size_t i = 0; signed_names[i] != NULL; i++) {
		bool is_last = signed_names[i + 1] == NULL;
		int len = snprintf(piece, sizeof(piece), "%s%s%s",
		    i == 0 ? "h=" : "", signed_names[i], is_last ? ";" : ":");

		if (i == 0) {
			add_piece(h, piece);
		} else {
			add_next(h, piece, (size_t)len);
		}
	}
}

/* All of the field up to "b=", without a line end. */
static void add_tags(struct header *h, const struct dkim *d,
    const struct signer *s, const uint8_t body[DIGEST_SHA256])
{
	char tag[DOMAIN_BUF + 8];
	struct strbuf hash;

	strbuf_adds(&h->text, "DKIM-Signature:");
	h->column = h->text.len;
	add_piece(h, "v=1;");
	add_piece(h,
	    dkim_key_kind(s->key) == DKIM_KEY_RSA ? "a=rsa-sha256;" :
						    "a=ed25519-sha256;");
	add_piece(h, "c=relaxed/relaxed;");
	(void)snprintf(tag, sizeof(tag), "d=%s;", d->domain);
	add_piece(h, tag);
	(void)snprintf(tag, sizeof(tag), "s=%s;", s->selector);
	add_piece(h, tag);
	add_names(h);
	strbuf_init(&hash, 64);
	base64_encode(body, DIGEST_SHA256, &hash);
	(void)snprintf(tag, sizeof(tag), "bh=%s;", strbuf_str(&hash));
	strbuf_release(&hash);
	add_piece(h, tag);
	strbuf_adds(&h->text, "\r\n b=");
	h->column = sizeof(" b=") - 1;
}

/* Appends the signature itself, and the line end. */
static void add_signature(struct header *h, const uint8_t *signature, int len)
{
	const size_t step = 4; /* so that no line is too long */
	struct strbuf text;

	strbuf_init(&text, HEADER_MAX);
	base64_encode(signature, (size_t)len, &text);
	for (size_t i = 0; i < text.len; i += step) {
		add_next(
		    h, text.s + i, text.len - i < step ? text.len - i : step);
	}
	strbuf_release(&text);
	strbuf_adds(&h->text, "\r\n");
}

/* --- the signature --- */

/* A message that is being signed. */
struct work {
	struct view message;
	struct strbuf fields; /* the signed ones, canonical */
	uint8_t body[DIGEST_SHA256];
};

/* RFC 6376 3.7: the signed fields, then this one with an empty b=, without
   its line end (errata 5252, 8998). */
static void hash_fields(
    const struct work *w, const struct header *h, uint8_t out[DIGEST_SHA256])
{
	struct strbuf data;

	strbuf_init(&data, w->fields.len + HEADER_MAX);
	strbuf_add(&data, strbuf_str(&w->fields), w->fields.len);
	dkim_canon_field(view_make(h->text.s, h->text.len), &data);
	digest_sha256(strbuf_str(&data), data.len - 2, out);
	strbuf_release(&data);
}

static int sign_by(const struct dkim *d, const struct signer *s,
    const struct work *w, struct strbuf *out)
{
	uint8_t signature[DKIM_KEY_SIGNATURE];
	uint8_t hash[DIGEST_SHA256];
	struct header h;
	int len;

	strbuf_init(&h.text, HEADER_MAX);
	add_tags(&h, d, s, w->body);
	hash_fields(w, &h, hash);
	len = dkim_key_sign(s->key, hash, signature);
	if (len > 0) {
		add_signature(&h, signature, len);
		strbuf_add(out, h.text.s, h.text.len);
	}
	strbuf_release(&h.text);
	return len < 0 ? len : 0;
}

/* Has it CRLF line ends only, also at its end? It would be changed on the way
   (R162, R163). */
static bool has_line_ends(struct view message)
{
	const char *end = message.s + message.len;
	const char *p = message.s;

	while (p < end) {
		size_t left = (size_t)(end - p);
		const char *lf = memchr(p, '\n', left);
		const char *cr = memchr(p, '\r', left);

		if (lf == NULL || cr == NULL || cr + 1 != lf) {
			return false;
		}
		p = lf + 1;
	}
	return true;
}

/* Is what h= names twice there once, or not at all; and From once? */
static bool is_signable(struct view message)
{
	if (message.len == 0 || !has_line_ends(message) ||
	    dkim_canon_count(message, "From") != 1) {
		return false;
	}
	for (size_t i = 1; signed_names[i] != NULL; i++) {
		if (dkim_canon_count(message, signed_names[i]) > 1) {
			return false;
		}
	}
	return true;
}

static void hash_body(struct work *w)
{
	struct view rest = w->message;
	struct strbuf body;
	struct view field;

	while (dkim_canon_next(&rest, &field)) {
	}
	strbuf_init(&body, rest.len + 2);
	dkim_canon_body(rest, &body);
	digest_sha256(strbuf_str(&body), body.len, w->body);
	strbuf_release(&body);
}

int dkim_sign(struct dkim *d, struct view message, struct strbuf *out)
{
	struct work w = { .message = message };
	int rc = 0;

	if (d != NULL) {
		if (!is_signable(message)) {
			return ERR_PARSE;
		}
		strbuf_init(&w.fields, message.len + 2);
		dkim_canon_fields(message, signed_names, &w.fields);
		hash_body(&w);
		for (size_t i = 0; i < d->n && rc == 0; i++) {
			rc = sign_by(d, &d->signer[i], &w, out);
		}
		strbuf_release(&w.fields);
	}
	strbuf_addv(out, message);
	return rc != 0 ? rc : out->failed ? ERR_TOO_LONG : 0;
}
