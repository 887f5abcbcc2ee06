/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_OUTCOME_H
#define COMMON_EXIM_OUTCOME_H

#include "common/fact.h"
#include "common/tls_reason.h"
#include "common/view.h"

/*
 * What Exim's words say of a delivery to one host that did not work out. The
 * words are Exim's own and its TLS library's, GnuTLS or OpenSSL; a peer's reply
 * stands behind them and is not read.
 */
enum exim_what {
	EXIM_WHAT_BEFORE,      /* it ended before TLS could be asked for */
	EXIM_WHAT_NOT_OFFERED, /* EHLO without STARTTLS */
	EXIM_WHAT_REFUSED,     /* STARTTLS answered with an error */
	EXIM_WHAT_FAILED,      /* handshake failed, connection lost in it */
	EXIM_WHAT_CERTIFICATE, /* TLS came up, the certificate was refused */
	EXIM_WHAT_EHLO,   /* no good answer to an EHLO: the first, or in TLS */
	EXIM_WHAT_SEND,   /* connection lost while sending a command */
	EXIM_WHAT_LATER,  /* it ended when TLS was settled: at MAIL, RCPT ... */
	EXIM_WHAT_LOOKUP, /* lookup of the TLSA records failed */
	EXIM_WHAT_DANE,   /* DANE is required and not there */
	EXIM_WHAT_OTHER,  /* nothing of this: no connection, as a rule */
};

/* Why a certificate was refused, as far as the words tell. */
enum exim_refusal {
	EXIM_REFUSAL_UNTOLD,
	EXIM_REFUSAL_CHAIN,   /* the chain; dates are part of it */
	EXIM_REFUSAL_NAME,    /* the name; the chain was good */
	EXIM_REFUSAL_DANE,    /* no TLSA record matched */
	EXIM_REFUSAL_DANE_CA, /* the same, or the chain under a TLSA record */
};

struct exim_outcome {
	enum exim_what what;
	enum exim_refusal refusal;   /* of EXIM_WHAT_CERTIFICATE */
	char reason[TLS_REASON_BUF]; /* token; "" for none */
};

/* The text of an event or of a line. Never fails. */
void exim_outcome_parse(struct view text, struct exim_outcome *out);

/* The same of what follows "TLS session: ". */
void exim_outcome_parse_session(struct view text, struct exim_outcome *out);

/*
 * The token of an error on a connection with TLS ("TLS error on connection
 * (recv): ..."), which tells why the peer ended the handshake of TLS 1.3; ""
 * where it tells nothing.
 */
const char *exim_outcome_tls_error(struct view text, char buf[TLS_REASON_BUF]);

#endif
