/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_kit.h - Postfix's lines for tables of scenarios
 *
 * X is A, B or C, for the hosts mx.a.example to mx.c.example, R a recipient.
 * Each macro is a message with its line end; "SECONDS PID[/PROGRAM] " comes
 * before it.
 */
#ifndef TESTS_UNIT_POSTFIX_KIT_H
#define TESTS_UNIT_POSTFIX_KIT_H

#include "tests/unit/mta_kit.h"

#define QA "4D0000000A1"
#define QB "4D0000000A2"
#define QC "4c8vgk2lXhzNcrX"

#define NAME_A "mx.a.example[192.0.2.1]"
#define NAME_B "mx.b.example[192.0.2.2]"
#define NAME_C "mx.c.example[2001:db8::3]"
#define PEER_A NAME_A ":25"
#define PEER_B NAME_B ":25"
#define PEER_C NAME_C ":25"

#define UP_TO(word, peer)                                             \
 word " TLS connection established to " peer ": TLSv1.3 with cipher " \
      "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange x25519\n"
#define UP(x)        UP_TO("Trusted", PEER_##x)
#define UNTRUSTED(x) UP_TO("Untrusted", PEER_##x)
#define VERIFIED(x)  UP_TO("Verified", PEER_##x)
#define REUSED(x) \
 "Trusted TLS connection reused to " PEER_##x ": TLSv1.3 with cipher C\n"
#define SSL_ERROR(x, text) "SSL_connect error to " PEER_##x ": " text "\n"
#define LIBRARY(text)                                               \
 "warning: TLS library problem: error:0A000410:SSL routines::" text \
 ":../ssl/record/rec_layer_s3.c:1602:SSL alert number 40:\n"
#define VERIFY(x, text) \
 "server certificate verification failed for " PEER_##x ": " text "\n"
#define TLSRPT(domain, x, text) \
 "TLSRPT: status=" text ", domain=" domain ", receiving_mx=" NAME_##x
#define RPT_OK(domain, x) \
 "TLSRPT: status=success, domain=" domain ", receiving_mx=" NAME_##x "\n"
#define RPT_NO(domain, x, type)                                      \
 "TLSRPT: status=failure, domain=" domain ", receiving_mx=" NAME_##x \
     ", failure_type=" type "\n"
#define LOOKUP(domain, host, text) \
 "warning: TLS policy lookup for " domain "/" host ": " text "\n"

#define PART(q, text) q ": " text "\n"
#define TO_FULL(q, rcpt, relay, delays, tls, status)                    \
 q ": to=<" rcpt ">, relay=" relay ", delay=1, delays=" delays ", " tls \
   "dsn=2.0.0, status=" status "\n"
#define TO(q, rcpt, x, status) \
 TO_FULL(q, rcpt, PEER_##x, "0.1/0/0.2/0.3", "", status)
#define TO_TLS(q, rcpt, x, tls, status) \
 TO_FULL(q, rcpt, PEER_##x, "0.1/0/0.2/0.3", "tls=" tls ", ", status)
#define TO_NONE(q, rcpt, status) \
 TO_FULL(q, rcpt, "none", "0.1/0/0/0", "", status)
#define SENT       "sent (250 2.0.0 ok)"
#define DEFER(why) "deferred (" why ")"
#define NO_START   "Cannot start TLS: handshake failure"
#define NO_VERIFY  "Server certificate not verified"
#define SAID(x, code) \
 "host " NAME_##x " said: " code " no (in reply to RCPT TO command)"
#define LOST(x) "lost connection with " NAME_##x " while sending RCPT TO"

#define ACTIVE(q, from) \
 q ": from=<" from ">, size=273, nrcpt=1 (queue active)\n"

/* As the kit's, and what Postfix tells beside. */
static inline int postfix_kit_session(
    void *ctx, int64_t t, const struct fact *f)
{
	struct mta_kit *k = ctx;
	struct fact fact = *f;
	int rc;

	fact.verdict = view_of(""); /* comes last here */
	rc = mta_kit_session(ctx, t, &fact);
	/* before the line end */
	k->events.len--;
	mta_kit_view(&k->events, "level=", f->level);
	mta_kit_view(&k->events, "", f->verdict);
	strbuf_addc(&k->events, '\n');
	return rc;
}

static inline void postfix_kit_open_with(
    struct mta_kit *k, const struct mta_options *more)
{
	static const char *const own[] = { "own@us.example", NULL };
	struct mta_options o = {
		.own_senders = own,
		.has_callouts = more->has_callouts,
		.has_bare_addresses = more->has_bare_addresses,
		.sink = { postfix_kit_session, mta_kit_counter, k },
		.noted = mta_kit_noted,
		.noted_alias = mta_kit_noted_alias,
		.noted_ctx = k,
	};

	*k = (struct mta_kit){ 0 };
	strbuf_init(&k->events, 1 << 24);
	k->mta = mta_new(mta_find("postfix"), &o);
}

static inline void postfix_kit_open(struct mta_kit *k)
{
	postfix_kit_open_with(k, &(struct mta_options){ 0 });
}

/* A scenario: short lines in, the events of lines and of the end out. */
struct scenario {
	const char *name;
	const char *lines;
	const char *want;
};

static inline void scenario_run(const struct scenario *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mta_kit k;

		postfix_kit_open(&k);
		mta_kit_lines(&k, table[i].lines, "postfix/smtp");
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

#endif
