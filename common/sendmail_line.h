/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_LINE_H
#define COMMON_SENDMAIL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

/*
 * What one line of Sendmail says, taken apart; nothing is concluded here.
 * Text chosen by strangers (addresses, certificate names, replies) stands in
 * known places only, so that none of it can pass for a field.
 */
enum sendmail_kind {
	SENDMAIL_OTHER,        /* nothing about TLS or delivery */
	SENDMAIL_BAD,          /* a TLSRPT1 record that breaks its grammar */
	SENDMAIL_TRY,          /* TLSRPT1^T: STARTTLS is about to be sent */
	SENDMAIL_SERVER,       /* TLSRPT1^S: the outcome, once a connection */
	SENDMAIL_RCPT,         /* TLSRPT1^R: before each RCPT */
	SENDMAIL_SPLIT_HEAD,   /* "QID[1]: TLSRPT1^...", or another kind that
	                          may be long, cut: see text */
	SENDMAIL_SPLIT_TAIL,   /* "QID[n]: ...", n > 1: see text */
	SENDMAIL_TLS_UP,       /* STARTTLS=client, relay=, version=, verify= */
	SENDMAIL_VERIFYMSG,    /* STARTTLS=client, cert-..., verifymsg= */
	SENDMAIL_TLS_ERROR,    /* STARTTLS=client, error: connect failed */
	SENDMAIL_DANE_NO_TLS,  /* warning=DANE configured, not offered */
	SENDMAIL_DANE_REFUSED, /* warning=DANE configured, STARTTLS failed */
	SENDMAIL_REJECT,       /* ruleset=tls_server|try_tls, arg1=, relay= */
	SENDMAIL_TO,           /* to=: the end of a delivery attempt */
	SENDMAIL_IDS,          /* the message goes on under these ids too */
};

/* All views borrow the line. Fields that the kind does not have are empty. */
struct sendmail_line {
	enum sendmail_kind kind;
	unsigned part; /* of a split record: 1 is the head */
	struct view qid;
	/* TLSRPT1 records; SENDMAIL_TLS_UP has verify and version too */
	struct view verify;  /* {verify} */
	struct view version; /* TLS version */
	struct view name;    /* match, nomatch */
	struct view addr;    /* server address, "IPv6:" tagged */
	struct view origin;  /* our address */
	struct view host;    /* MX host; relay= of the other kinds */
	struct view nexthop; /* $h; "" where it cannot be told */
	struct view sender;  /* envelope sender: only with has_sender */
	struct view domain;  /* T, R: of the recipient, still escaped */
	/* other lines */
	struct view text; /* verifymsg=, reason=, arg1=; of a split record, the
	                     part */
	struct view ruleset;
	struct view rcpts; /* to=: the list, still escaped */
	struct view mailer;
	struct view dsn; /* to=: what became of the recipients (RFC 3463) */
	struct view ids; /* queue ids, with "; " between them */
	/* TLSRPT1 records */
	bool tls_required_no;
	bool is_new;     /* on a new connection */
	bool has_sender; /* it could be told apart from what follows */
	/* SENDMAIL_TLS_ERROR */
	bool is_closed;  /* connection lost */
	bool is_timeout; /* no answer */
	/* SENDMAIL_TO */
	bool has_more;      /* more to= lines of this attempt follow; of a split
	                       record, more parts */
	bool has_relay;     /* relay= was there; host and addr are its parts */
	bool is_tlsa_error; /* given up: TLSA lookup failed, no connection */
	unsigned noted; /* of its message, enum noted_kind: set by the caller */
};

/* Takes a message (what follows "ident[pid]: ") apart. Never fails. */
void sendmail_line_parse(struct view msg, struct sendmail_line *out);

/*
 * The same for what was cut, put together again, in a line of queue id qid.
 */
void sendmail_line_parse_whole(
    struct view qid, struct view text, struct sendmail_line *out);

/* The next id of a list: cuts it off. Returns false at its end. */
bool sendmail_line_next_id(struct view *ids, struct view *id);

#endif
