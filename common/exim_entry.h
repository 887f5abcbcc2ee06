/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_ENTRY_H
#define COMMON_EXIM_ENTRY_H

#include <stdbool.h>

#include "common/ip.h"
#include "common/view.h"

/*
 * What one plain entry of Exim's log says of a delivery, taken apart; nothing
 * is concluded here. Addresses, names in certificates and replies are
 * strangers' text: fields are believed only where Exim itself puts them,
 * counted from the front.
 */
enum exim_entry_kind {
	EXIM_ENTRY_OTHER,     /* nothing of this */
	EXIM_ENTRY_RECORD,    /* begins like a record of our ACL */
	EXIM_ENTRY_DELIVERED, /* "=>", "->", ">>": a recipient was delivered */
	EXIM_ENTRY_DEFERRED,  /* "==": a recipient has to wait */
	EXIM_ENTRY_FAILED,    /* "**": a recipient failed for good */
	EXIM_ENTRY_HOST,      /* "H=mx [ip]: why": this host would not do */
	EXIM_ENTRY_CLEAR,     /* "why: delivering unencrypted to H=mx [ip]" */
	EXIM_ENTRY_DANE,      /* "DANE attempt failed; TLS ... mx [ip]: why" */
	EXIM_ENTRY_TLS_ERROR, /* "H=mx [ip] TLS error on connection (recv)" */
	EXIM_ENTRY_VERIFY,    /* "[ip] SSL verify error: ..." (OpenSSL) */
	EXIM_ENTRY_COMPLETED, /* all recipients of the message are done */
};

enum exim_entry_cv {
	EXIM_CV_UNTOLD,
	EXIM_CV_NO,
	EXIM_CV_YES,
	EXIM_CV_DANE,
};

/* All views borrow the text. What the kind does not have is empty. */
struct exim_entry {
	enum exim_entry_kind kind;
	struct view address; /* of the recipient */
	struct view mx;
	struct ip ip;        /* of the host; unknown where the entry names
	                        none */
	unsigned port;       /* 0 where the entry names none */
	bool is_more;        /* "->": over the same session as the one before */
	bool is_continued;   /* over a connection that another process made */
	struct view version; /* of TLS; "" where the entry names none */
	enum exim_entry_cv cv;
	struct view text; /* why; see exim_outcome.h. EXIM_ENTRY_VERIFY: what
	                     OpenSSL says, "" for a name that does not match */
	unsigned depth;   /* EXIM_ENTRY_VERIFY: in the chain; 0: the peer's
	                     own certificate */
	bool is_name;     /* EXIM_ENTRY_VERIFY: the name does not match */
};

/* Takes an entry's text (without stamp and message id) apart. Never fails. */
void exim_entry_parse(struct view text, struct exim_entry *out);

#endif
