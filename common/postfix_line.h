/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_LINE_H
#define COMMON_POSTFIX_LINE_H

#include <stdbool.h>

#include "common/postfix_text.h"
#include "common/view.h"

/*
 * What one line of Postfix says, taken apart; nothing is concluded here. Text
 * chosen by strangers (addresses, replies, certificate names) stands in known
 * places only, so that none of it can pass for a field.
 */
enum postfix_kind {
	POSTFIX_OTHER, /* nothing about TLS or delivery */
	/* smtp(8), lmtp(8) and, of a connection that it holds, tlsproxy(8) */
	POSTFIX_TLS_UP,     /* ... TLS connection established to PEER: ... */
	POSTFIX_TLS_REUSED, /* ... TLS connection reused to PEER: ... */
	POSTFIX_TLS_ERROR,  /* SSL_connect error to PEER: text */
	POSTFIX_LIBRARY,    /* warning: TLS library problem: error:... */
	POSTFIX_VERIFY,     /* certificate verification failed for PEER: text */
	POSTFIX_UNUSABLE,   /* warning: PEER: all TLSA records unusable, ... */
	POSTFIX_TLSRPT,     /* TLSRPT: status=, domain=, receiving_mx= */
	/* tlsproxy(8) */
	POSTFIX_PROXY_FAILED, /* TLS handshake failed for service=, peer=PEER */
	POSTFIX_PROXY_TIMEOUT, /* warning: ciphertext read/write timeout for
	                          PEER */
	/* smtp(8) and lmtp(8) */
	POSTFIX_PROXY_GONE,  /* warning: connect to private/tlsproxy: ... */
	POSTFIX_OFFERED,     /* Host offered STARTTLS: [H]; we want no TLS */
	POSTFIX_LOOKUP,      /* warning: TLS policy lookup for D/H: text */
	POSTFIX_MX_MISMATCH, /* warning: MX name 'H' does not match STS ... */
	POSTFIX_PART,        /* QID: reason; another server will be tried */
	POSTFIX_TO,          /* QID: to=: what became of a recipient */
	/* master(8), qmgr(8), cleanup(8) */
	POSTFIX_STARTED,      /* daemon started, reload: a new configuration */
	POSTFIX_FROM,         /* QID: from=, size=: a message is to be sent */
	POSTFIX_REMOVED,      /* QID: removed */
	POSTFIX_TLS_REQUIRED, /* QID: info: header TLS-Required: No */
};

/* The word before "TLS connection". */
enum postfix_trust {
	POSTFIX_TRUST_NONE,      /* there was no such line */
	POSTFIX_TRUST_ANONYMOUS, /* no certificate was asked for */
	POSTFIX_TRUST_UNTRUSTED,
	POSTFIX_TRUST_TRUSTED,  /* the chain holds; the name, nobody said */
	POSTFIX_TRUST_VERIFIED, /* all holds that the TLS level asks for */
};

/* All views borrow the line. Fields that the kind does not have are empty. */
struct postfix_line {
	enum postfix_kind kind;
	struct view qid;
	struct postfix_peer peer; /* of a to= line: relay=; of TLSRPT: no port;
	                             of OFFERED, LOOKUP, MX_MISMATCH: the name
	                             alone */
	enum postfix_trust trust; /* TLS_UP, TLS_REUSED */
	struct view version;      /* TLS_UP */
	struct view text;         /* TLS_ERROR, LIBRARY, VERIFY, LOOKUP: why */
	struct view domain;       /* TLSRPT, LOOKUP, MX_MISMATCH: next hop */
	struct view type;         /* TLSRPT: failure_type=; "" for success */
	struct view detail;       /* TLSRPT: failure_reason= */
	struct view address;      /* TO: recipient; FROM: sender */
	/* PART, TO */
	struct postfix_reason reason;
	/* TO */
	bool has_relay;      /* else relay=none: no server was reached */
	bool is_reused;      /* conn_use= */
	unsigned uses;       /* of the connection, with this one; 0: unknown */
	bool is_probe;       /* no mail: an address was verified */
	bool is_uncertain;   /* where the recipient ends cannot be told */
	bool has_other_end;  /* nor can it if addresses are not quoted */
	bool is_rcpt_reply;  /* the reply was to RCPT: others may follow late */
	struct view session; /* delays= but the last part: the same for all
	                        recipients of one session */
	struct view tls;     /* tls=, "" where there is none */
};

/*
 * Takes a message (what follows "ident[pid]: ") apart; service is the last
 * part of the ident: "smtp", "qmgr", ... Never fails.
 */
void postfix_line_parse(
    struct view service, struct view msg, struct postfix_line *out);

#endif
