/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_TLS_REASON_H
#define COMMON_TLS_REASON_H

#include <stdbool.h>

#include "common/fact.h"
#include "common/view.h"

/*
 * OpenSSL's texts, as MTAs log them, in our own words. The texts come from
 * the library, never from the peer, and what is not known stays unknown.
 */

/*
 * The token of a failed handshake's reason text ("tlsv1 alert internal
 * error" -> "tls-remote-alert-80-internal-error"); "" when the text tells
 * nothing. Static storage or buf.
 */
enum {
	TLS_REASON_BUF = 64
};

const char *tls_reason_token(struct view text, char buf[TLS_REASON_BUF]);

/*
 * The token of an alert (RFC 8446 6) that the peer or we sent, in buf; "" for
 * a number that is none.
 */
const char *tls_reason_alert(
    unsigned number, bool is_remote, char buf[TLS_REASON_BUF]);

/*
 * The chain's state by the text of a verify error ("certificate has
 * expired"). FACT_CHAIN_BAD for a text that is not known.
 */
enum fact_chain tls_reason_chain(struct view text);

#endif
