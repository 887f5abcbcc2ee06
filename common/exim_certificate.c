/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_certificate.c - chain, name and DANE of a session, from Exim's records
 *
 * Exim says that a certificate is verified or not, as a rule not why not; the
 * record holds the certificate then. What cannot be found in it stays unknown.
 */

#include "config.h"

#include <string.h>

#include "common/certificate.h"
#include "common/exim_certificate.h"

static void look(const struct exim_session *s, const struct exim_record *r,
    struct certificate *out)
{
	char mx[DOMAIN_BUF];

	(void)domain_normalise(view_of(s->mx), mx);
	certificate_look(
	    view_make(r->cert, r->cert_len), s->t, view_of(mx), out);
}

/*
 * DANE forces the name of the MX into the handshake. Where it did and no
 * record is in use, none of them was usable (RFC 7672 2.2).
 */
static bool is_unusable(const struct exim_record *r)
{
	return r->secure == EXIM_SECURE_YES && r->tlsa == 0 && !r->is_dane &&
	    r->sni_len > 0 &&
	    view_is_nocase(
		view_make(r->sni, r->sni_len), view_make(r->mx, r->mx_len));
}

/*
 * What the certificate says of the chain, or what OpenSSL said: it looks behind
 * the peer's own one, too.
 */
static enum fact_chain chain_of(
    const struct certificate *c, const struct exim_hint *hint)
{
	if (hint->chain == FACT_CHAIN_UNKNOWN ||
	    (!hint->is_behind && c->fault != FACT_CHAIN_UNKNOWN)) {
		return c->fault;
	}
	return hint->chain;
}

/* Not verified, and mail went over it all the same. */
static void look_at_unverified(struct exim_session *s,
    const struct exim_record *r, const struct exim_hint *hint)
{
	struct certificate c;

	look(s, r, &c);
	s->name = hint->is_name ? FACT_NAME_MISMATCH : c.name;
	s->chain = chain_of(&c, hint);
	if (s->chain != FACT_CHAIN_UNKNOWN) {
		return;
	}
	if (hint->is_name) {
		/* OpenSSL would have said so of the chain, too */
		s->chain = FACT_CHAIN_OK;
	} else if (c.name == FACT_NAME_MATCH) {
		/* nothing else is left that could have been refused */
		s->chain = FACT_CHAIN_UNTRUSTED;
	}
}

void exim_certificate_accepted(struct exim_session *s,
    const struct exim_record *r, const struct exim_hint *hint)
{
	if (r->is_dane) {
		s->dane = FACT_DANE_MATCH;
		return;
	}
	if (is_unusable(r)) {
		s->dane = FACT_DANE_UNUSABLE;
	}
	if (!r->is_verified) {
		look_at_unverified(s, r, hint);
		return;
	}
	s->chain = FACT_CHAIN_OK;
	/* with GnuTLS, Exim takes a chain that a record of usage 2 names, but
	   not for this name, as one without DANE, and looks at no name then */
	s->name = (r->tlsa & EXIM_TLSA_TA) != 0 ? FACT_NAME_MISMATCH :
						  FACT_NAME_MATCH;
}

/* OpenSSL shows the certificate that it refused: perhaps an authority's. */
static bool is_peers_own(const struct certificate *c,
    const struct exim_record *r, const struct exim_hint *hint)
{
	if (hint->has_verify) {
		return !hint->is_behind;
	}
	return r->version.len > 0 || !c->is_authority ||
	    c->name == FACT_NAME_MATCH;
}

/* Refused, and neither DANE nor the name alone was why. */
static void look_at_refused(struct exim_session *s, const struct exim_record *r,
    const struct exim_hint *hint)
{
	struct certificate c;

	look(s, r, &c);
	s->chain = chain_of(&c, hint);
	if (is_peers_own(&c, r, hint)) {
		s->name = hint->is_name ? FACT_NAME_MISMATCH : c.name;
	} else if (s->chain == FACT_CHAIN_SELF_SIGNED && !hint->has_verify) {
		s->chain = FACT_CHAIN_UNTRUSTED;
	}
	if (s->chain != FACT_CHAIN_UNKNOWN) {
		return;
	}
	if (hint->is_name) {
		s->chain = FACT_CHAIN_OK;
	} else if (r->version.len == 0 && s->name == FACT_NAME_MISMATCH) {
		/* OpenSSL: that is enough to refuse it */
		s->chain = FACT_CHAIN_UNKNOWN;
	} else {
		s->chain = c.has_names ? FACT_CHAIN_UNTRUSTED : FACT_CHAIN_BAD;
	}
}

/* Under TLSA records; with usage 3 alone only they count (RFC 7672 3.1.1). */
static void look_at_dane(struct exim_session *s, const struct exim_record *r,
    enum exim_refusal refusal)
{
	struct certificate c;

	look(s, r, &c);
	if ((r->tlsa & EXIM_TLSA_TA) == 0 || refusal == EXIM_REFUSAL_DANE) {
		s->dane = FACT_DANE_MISMATCH;
	} else if (refusal == EXIM_REFUSAL_DANE_CA) {
		if (c.fault == FACT_CHAIN_EXPIRED ||
		    c.fault == FACT_CHAIN_NOT_YET_VALID) {
			s->chain = c.fault;
		} else {
			s->dane = FACT_DANE_MISMATCH;
		}
	} else if (r->version.len > 0 && c.name == FACT_NAME_MISMATCH) {
		/* GnuTLS: the records hold, the name does not, and then the
		   chain is looked at as if there were no records */
		s->name = FACT_NAME_MISMATCH;
	} else {
		s->chain = FACT_CHAIN_BAD;
	}
}

void exim_certificate_refused(struct exim_session *s,
    const struct exim_record *r, const struct exim_hint *hint,
    enum exim_refusal refusal)
{
	if (r->tlsa != 0 || refusal == EXIM_REFUSAL_DANE ||
	    refusal == EXIM_REFUSAL_DANE_CA) {
		look_at_dane(s, r, refusal);
	} else if (refusal == EXIM_REFUSAL_NAME) {
		s->chain = FACT_CHAIN_OK;
		s->name = FACT_NAME_MISMATCH;
	} else {
		look_at_refused(s, r, hint);
	}
}
