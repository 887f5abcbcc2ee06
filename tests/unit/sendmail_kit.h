/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_kit.h - Sendmail's lines for tables of scenarios
 *
 * X is A, B or C, for the hosts mx.a.example to mx.c.example, R a recipient. Each
 * macro is a message with its line end; "SECONDS PID " comes before it.
 */
#ifndef TESTS_UNIT_SENDMAIL_KIT_H
#define TESTS_UNIT_SENDMAIL_KIT_H

#include "tests/unit/mta_kit.h"

#define QA "6AMBWYfV000001"
#define QB "6AMBWYfV000002"
#define QC "6AMBWYfV000003"

#define HOST_A "mx.a.example"
#define HOST_B "mx.b.example"
#define HOST_C "mx.c.example"
#define IP_A   "192.0.2.1"
#define IP_B   "192.0.2.2"
#define IP_C   "IPv6:2001:db8:0:0:0:0:0:3"

/* {verify} and what goes with it in an S record: with TLS, without */
#define UP(v)  v "^p:TLSv1.3^c:C^b:256^n:match"
#define OTHER  "OK^p:TLSv1.3^c:C^b:256^n:nomatch"
#define NO(v)  v "^p:^c:^b:^n:nomatch"
#define TLS(v) v "^p:TLSv1.3" /* of an R record */
#define CLR(v) v "^p:"

#define T_FULL(q, no, x, d, s, r)                                          \
 q ": TLSRPT1^T^i:" q "^a:" IP_##x "^q:" no "^h:" HOST_##x "^d:" d "^s:" s \
							   "^r:" r "\n"
#define S_FULL(q, v, k, no, x, d, s, r, names) \
 q ": TLSRPT1^S^i:" q "^v:" v "^a:" IP_##x     \
     "^f:^o:^q:" no "^k:" k "^h:" HOST_##x "^d:" d "^s:" s "^r:" r names "\n"
#define R_FULL(q, v, no, x, d, s, r)                               \
 q ": TLSRPT1^R^i:" q "^v:" v "^a:" IP_##x "^q:" no "^h:" HOST_##x \
     "^d:" d "^s:" s "^r:" r "\n"

#define T(q, x, d, r)    T_FULL(q, "", x, d, "s@s.example", r)
#define S(q, v, x, d, r) S_FULL(q, v, "1", "", x, d, "s@s.example", r, NAMES)
#define S_AGAIN(q, v, x, d, r) \
 S_FULL(q, v, "", "", x, d, "s@s.example", r, NAMES)
#define R(q, v, x, d, r) R_FULL(q, v, "", x, d, "s@s.example", r)
#define NAMES            "^cn:^ci:"

#define TO_FULL(q, list, mailer, relay, dsn)                        \
 q ": to=" list ", delay=00:00:01, xdelay=00:00:01, mailer=" mailer \
   ", pri=30080, relay=" relay ", dsn=" dsn "\n"
#define TO(q, list, x, dsn) \
 TO_FULL(q, list, "esmtp", HOST_##x ". [" IP_##x "]", dsn)
#define SENT     "2.0.0, stat=Sent (ok)"
#define DEFERRED "4.7.0, stat=Deferred: 454 4.7.0 TLS handshake failed."

#define STARTTLS(x, v)                                              \
 "STARTTLS=client, relay=" HOST_##x "., version=TLSv1.3, verify=" v \
				    ", cipher=C, bits=256/256\n"
#define VERIFYMSG(text) \
 "STARTTLS=client, cert-subject=/CN=a, cert-issuer=/CN=b, verifymsg=" text "\n"
#define TLS_ERROR(reason, more)                              \
 "STARTTLS=client, error: connect failed=-1, reason=" reason \
 ", SSL_error=" more "\n"
#define ALERT  TLS_ERROR("tlsv1 alert internal error", "1, errno=0, retry=-1")
#define CLOSED TLS_ERROR("unknown", "5, errno=104, retry=-1")
#define HANGS  TLS_ERROR("unknown", "2, errno=11, retry=0")
#define REJECT(x, word)                               \
 "ruleset=tls_server, arg1=" word ", relay=" HOST_##x \
     ", reject=454 4.7.0 TLS handshake failed.\n"

/* A scenario: short lines in, the events of lines and of the end out. */
struct scenario {
	const char *name;
	const char *lines;
	const char *want;
};

static inline void scenario_run(
    const struct scenario *table, size_t n, const char *const *own_senders)
{
	for (size_t i = 0; i < n; i++) {
		struct mta_kit k;

		mta_kit_open(&k, "sendmail", own_senders);
		mta_kit_lines(&k, table[i].lines, "sm-mta");
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

#endif
