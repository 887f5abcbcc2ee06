/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_outcome.c - the words in which Exim says why a host would not do */

#include "config.h"

#include <stdio.h>

#include "common/ascii.h"
#include "common/exim_outcome.h"

/* Alerts as GnuTLS names them (gnutls_alert_get_name(), 3.7). */
static const struct {
	const char *text;
	unsigned alert;
} remote_alerts[] = {
	{ "Unexpected message", 10 },
	{ "Bad record MAC", 20 },
	{ "Decryption failed", 21 },
	{ "Record overflow", 22 },
	{ "Decompression failed", 30 },
	{ "Handshake failed", 40 },
	{ "Certificate is bad", 42 },
	{ "Certificate is not supported", 43 },
	{ "Certificate was revoked", 44 },
	{ "Certificate is expired", 45 },
	{ "Unknown certificate", 46 },
	{ "Illegal parameter", 47 },
	{ "CA is unknown", 48 },
	{ "Access was denied", 49 },
	{ "Decode error", 50 },
	{ "Decrypt error", 51 },
	{ "Export restriction", 60 },
	{ "Error in protocol version", 70 },
	{ "Insufficient security", 71 },
	{ "Internal error", 80 },
	{ "Inappropriate fallback", 86 },
	{ "User canceled", 90 },
	{ "No renegotiation is allowed", 100 },
	{ "An extension was expected but was not seen", 109 },
	{ "An unsupported extension was sent", 110 },
	{ "Could not retrieve the specified certificate", 111 },
	{ "The server name sent was not recognized", 112 },
	{ "The SRP/PSK username is missing or not known", 115 },
	{ "Certificate is required", 116 },
	{ "No supported application protocol could be negotiated", 120 },
};

/*
 * Errors that GnuTLS meets itself, with the alert that it then sends
 * (gnutls_error_to_alert()).
 */
static const struct {
	const char *text;
	unsigned alert;
} local_alerts[] = {
	{ "An unexpected TLS handshake packet was received.", 10 },
	{ "Decryption has failed.", 20 },
	{ "A TLS record packet with invalid length was received.", 22 },
	{ "Could not negotiate a supported cipher suite.", 40 },
	{ "No supported cipher suites have been found.", 40 },
	{ "An algorithm that is not enabled was negotiated.", 40 },
	{ "An unknown public key algorithm was encountered.", 40 },
	{ "Safe renegotiation failed.", 40 },
	{ "The signature algorithm is not supported.", 40 },
	{ "No common key share with peer.", 40 },
	{ "No supported ECC curves were found", 40 },
	{ "The curve is unsupported", 40 },
	{ "Error in the certificate.", 42 },
	{ "Error in the certificate verification.", 42 },
	{ "The certificate type is not supported.", 43 },
	{ "An illegal parameter has been received.", 47 },
	{ "An illegal parameter was found.", 47 },
	{ "The public key is invalid.", 47 },
	{ "The signature is incompatible with the public key.", 47 },
	{ "Error decoding the received TLS packet.", 50 },
	{ "The handshake data size is too large.", 50 },
	{ "Invalid TLS extensions length field.", 50 },
	{ "No certificate was found.", 50 },
	{ "Public key signature verification has failed.", 51 },
	{ "An error was encountered at the TLS Finished packet calculation.",
	    51 },
	{ "A packet with illegal or unsupported version was received.", 70 },
	{ "The Diffie-Hellman prime sent by the server is not acceptable (not "
	  "long enough).",
	    71 },
	{ "One of the involved algorithms has insufficient security level.",
	    71 },
	{ "An required TLS extension was received.", 109 },
	{ "An illegal TLS extension was received.", 110 },
};

static const struct {
	const char *text;
	const char *token;
} others[] = {
	{ "timed out", "timeout-during-handshake" },
	{ "The operation timed out", "timeout-during-handshake" },
	{ "The TLS connection was non-properly terminated.",
	    "connection-closed-during-handshake" },
	{ "Peer has terminated the connection",
	    "connection-closed-during-handshake" },
	/* reset by the peer */
	{ "Error in the pull function.", "connection-closed-during-handshake" },
	{ "Error in the push function.", "connection-closed-during-handshake" },
	{ "An unexpected TLS packet was received.", "not-tls" },
};

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The token of a library's text, "" if it tells nothing. */
static const char *library_token(struct view text, char buf[TLS_REASON_BUF])
{
	size_t colon = view_rindex(text, ':');

	for (size_t i = 0; i < LEN(others); i++) {
		if (view_is(text, others[i].text)) {
			return others[i].token;
		}
	}
	for (size_t i = 0; i < LEN(remote_alerts); i++) {
		if (view_is(text, remote_alerts[i].text)) {
			return tls_reason_alert(
			    remote_alerts[i].alert, true, buf);
		}
	}
	for (size_t i = 0; i < LEN(local_alerts); i++) {
		if (view_is(text, local_alerts[i].text)) {
			return tls_reason_alert(
			    local_alerts[i].alert, false, buf);
		}
	}
	/* OpenSSL: "error:0A000126:SSL routines::unexpected eof ..." */
	if (view_starts(text, "error:") && colon < text.len) {
		text = view_skip(text, colon + 1);
	}
	return tls_reason_token(text, buf);
}

static void set_reason(struct exim_outcome *out, const char *token)
{
	(void)view_copy(view_of(token), out->reason, sizeof(out->reason));
}

static void failed(struct exim_outcome *out, const char *token)
{
	out->what = EXIM_WHAT_FAILED;
	set_reason(out, token[0] != '\0' ? token : "tls-handshake-failure");
}

static void refused_certificate(
    struct exim_outcome *out, enum exim_refusal refusal)
{
	out->what = EXIM_WHAT_CERTIFICATE;
	out->refusal = refusal;
}

/* GnuTLS: behind "(certificate verification failed)". */
static void parse_verification(struct view text, struct exim_outcome *out)
{
	if (text.len == 0) {
		refused_certificate(out, EXIM_REFUSAL_NAME);
	} else if (view_is(text, ": certificate invalid") ||
	    view_is(text, ": certificate revoked")) {
		refused_certificate(out, EXIM_REFUSAL_CHAIN);
	} else if (view_starts(text,
		       ": Verification failed. CA constrains were "
		       "violated.")) {
		refused_certificate(out, EXIM_REFUSAL_DANE_CA);
	} else if (view_starts(text, ": Verification failed.") ||
	    view_is(text, ": TLSA record problem: none usable")) {
		/* none that could be matched: the authority is not in the
		   chain that was sent */
		refused_certificate(out, EXIM_REFUSAL_DANE);
	} else if (view_is(text, ": certificate not supplied")) {
		failed(out, "");
	} else {
		refused_certificate(out, EXIM_REFUSAL_UNTOLD);
	}
}

/* "(where)" or "(where): why" */
void exim_outcome_parse_session(struct view text, struct exim_outcome *out)
{
	char buf[TLS_REASON_BUF];

	*out = (struct exim_outcome){ .what = EXIM_WHAT_OTHER };
	if (view_take(&text, "(certificate verification failed)")) {
		parse_verification(text, out);
	} else if (view_take(&text, "(gnutls_handshake): ")) {
		failed(out, library_token(text, buf));
	} else if (view_take(&text, "(SSL_connect): ")) {
		size_t colon = view_rindex(text, ':');

		/* the second is what the DANE library leaves behind when it
		   refuses a chain under a record of usage 2 */
		if (view_is(text,
			"error:068000DE:asn1 encoding routines::illegal zero "
			"content") ||
		    (colon < text.len &&
			view_is(view_skip(text, colon + 1),
			    "certificate verify failed"))) {
			refused_certificate(out, EXIM_REFUSAL_UNTOLD);
		} else {
			failed(out, library_token(text, buf));
		}
	} else {
		failed(out, "");
	}
}

/* "EHLO name", "RCPT TO:<...>": where in the conversation it ended. */
static enum exim_what command_place(struct view *text)
{
	(void)view_take(text, "pipelined ");
	if (view_take(text, "STARTTLS")) {
		return EXIM_WHAT_REFUSED;
	}
	if (view_starts(*text, "initial connection")) {
		return EXIM_WHAT_BEFORE;
	}
	if (view_starts(*text, "EHLO") || view_starts(*text, "LHLO")) {
		return EXIM_WHAT_EHLO;
	}
	return view_starts(*text, "HELO") ? EXIM_WHAT_BEFORE : EXIM_WHAT_LATER;
}

/* "SMTP error from remote mail server after COMMAND: reply" */
static void parse_reply(struct view text, struct exim_outcome *out)
{
	out->what = command_place(&text);
	if (out->what == EXIM_WHAT_EHLO) {
		/* an error that the peer could still send: in TLS, Exim would
		   go on with HELO */
		out->what = EXIM_WHAT_BEFORE;
	}
	if (out->what == EXIM_WHAT_REFUSED && view_take(&text, ": ") &&
	    text.len >= 3 && (text.s[0] == '4' || text.s[0] == '5') &&
	    ascii_is_digit(text.s[1]) && ascii_is_digit(text.s[2])) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "starttls-reply-%.3s", text.s);
	}
}

/* No answer to a command: its place, and what that is worth at STARTTLS. */
static void parse_silence(
    struct view text, const char *token, struct exim_outcome *out)
{
	out->what = command_place(&text);
	if (out->what == EXIM_WHAT_REFUSED) {
		failed(out, token);
	} else if (out->what == EXIM_WHAT_EHLO) {
		set_reason(out, token);
	}
}

static void parse_dane(struct view text, struct exim_outcome *out)
{
	if (view_is(text, "tlsa lookup DEFER")) {
		out->what = EXIM_WHAT_LOOKUP;
		set_reason(out, "tlsa-lookup-failed");
	} else if (view_is(text, "tlsa lookup FAIL") ||
	    view_find(text, " lookup not DNSSEC") < text.len) {
		out->what = EXIM_WHAT_DANE;
	}
}

void exim_outcome_parse(struct view text, struct exim_outcome *out)
{
	*out = (struct exim_outcome){ .what = EXIM_WHAT_OTHER };
	if (view_take(&text, "TLS session: ")) {
		exim_outcome_parse_session(text, out);
	} else if (view_take(&text, "a TLS session is required, but ")) {
		out->what =
		    view_is(text, "the server did not offer TLS support") ?
		    EXIM_WHAT_NOT_OFFERED :
		    EXIM_WHAT_REFUSED;
	} else if (view_take(
		       &text, "SMTP error from remote mail server after ")) {
		parse_reply(text, out);
	} else if (view_take(&text,
		       "Remote host closed connection in response to ")) {
		parse_silence(text, "connection-closed-during-handshake", out);
	} else if (view_take(&text, "SMTP timeout after ")) {
		parse_silence(text, "timeout-during-handshake", out);
	} else if (view_take(&text, "Malformed SMTP reply in response to ") ||
	    view_take(&text,
		"Malformed SMTP reply (an empty line) in response to ")) {
		parse_silence(text, "tls-handshake-failure", out);
	} else if (view_starts(text, "smtp send to ")) {
		out->what = EXIM_WHAT_SEND;
		set_reason(out, "connection-closed-during-handshake");
	} else if (view_is(text, "bad first read from TLS conn")) {
		failed(out, "");
	} else if (view_take(&text, "DANE error: ")) {
		parse_dane(text, out);
	}
}

const char *exim_outcome_tls_error(struct view text, char buf[TLS_REASON_BUF])
{
	/* what the system says of it stands behind */
	size_t n = view_find(text, ": syscall: ");

	text.len = n;
	(void)view_take(&text, "A TLS fatal alert has been received: ");
	return library_token(text, buf);
}
