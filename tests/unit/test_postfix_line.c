/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_line.c - tests common/postfix_line.c */

#include "config.h"

#include "common/postfix_line.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

#define H  "mx.a.example[192.0.2.1]"
#define HP H ":25"
#define Q  "4D0000000A1"

static const char *const kinds[] = {
	[POSTFIX_OTHER] = "other",
	[POSTFIX_TLS_UP] = "tls-up",
	[POSTFIX_TLS_REUSED] = "tls-reused",
	[POSTFIX_TLS_ERROR] = "tls-error",
	[POSTFIX_LIBRARY] = "library",
	[POSTFIX_VERIFY] = "verify",
	[POSTFIX_UNUSABLE] = "unusable",
	[POSTFIX_TLSRPT] = "tlsrpt",
	[POSTFIX_PROXY_FAILED] = "proxy-failed",
	[POSTFIX_PROXY_TIMEOUT] = "proxy-timeout",
	[POSTFIX_PROXY_GONE] = "proxy-gone",
	[POSTFIX_OFFERED] = "offered",
	[POSTFIX_LOOKUP] = "lookup",
	[POSTFIX_MX_MISMATCH] = "mx-mismatch",
	[POSTFIX_PART] = "part",
	[POSTFIX_TO] = "to",
	[POSTFIX_STARTED] = "started",
	[POSTFIX_FROM] = "from",
	[POSTFIX_REMOVED] = "removed",
	[POSTFIX_TLS_REQUIRED] = "tls-required",
};

static void add(struct strbuf *b, const char *key, struct view v)
{
	if (v.len > 0) {
		strbuf_addf(b, " %s=", key);
		strbuf_addv(b, v);
	}
}

/* All fields that hold something. */
static void write_line(struct strbuf *b, const struct postfix_line *l)
{
	strbuf_adds(b, kinds[l->kind]);
	add(b, "qid", l->qid);
	add(b, "name", l->peer.name);
	add(b, "addr", l->peer.addr);
	if (l->peer.port != 0) {
		strbuf_addf(b, " port=%u", l->peer.port);
	}
	if (l->trust != POSTFIX_TRUST_NONE) {
		strbuf_addf(b, " trust=%d", (int)l->trust);
	}
	add(b, "version", l->version);
	add(b, "text", l->text);
	add(b, "domain", l->domain);
	add(b, "type", l->type);
	add(b, "detail", l->detail);
	add(b, "address", l->address);
	if (l->reason.end != POSTFIX_END_OTHER) {
		strbuf_addf(b, " end=%d", (int)l->reason.end);
	}
	strbuf_adds(b, l->has_relay ? " relay" : "");
	strbuf_adds(b, l->is_reused ? " reused" : "");
	strbuf_adds(b, l->is_probe ? " probe" : "");
	strbuf_adds(b, l->has_other_end ? " other-end" : "");
	strbuf_adds(b, l->is_uncertain ? " uncertain" : "");
	if (l->uses != 0) {
		strbuf_addf(b, " uses=%u", l->uses);
	}
	strbuf_adds(b, l->is_rcpt_reply ? " rcpt" : "");
	add(b, "session", l->session);
	add(b, "tls", l->tls);
}

struct row {
	const char *name;
	const char *service;
	const char *in;
	const char *want;
};

static void check_rows(const struct row *table, size_t n)
{
	struct strbuf got;

	strbuf_init(&got, 1 << 16);
	for (size_t i = 0; i < n; i++) {
		struct postfix_line l;

		postfix_line_parse(
		    view_of(table[i].service), view_of(table[i].in), &l);
		strbuf_clear(&got);
		if (l.kind == POSTFIX_OTHER) {
			strbuf_adds(&got, "other");
		} else {
			write_line(&got, &l);
		}
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

#define P      " name=mx.a.example addr=192.0.2.1"
#define P25    P " port=25"
#define UP     "TLS connection established to " HP ": "
#define CIPHER "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"

static const struct row tls[] = {
	{ "trusted", "smtp", "Trusted " UP CIPHER,
	    "tls-up" P25 " trust=3 version=TLSv1.3" },
	{ "untrusted", "smtp", "Untrusted " UP CIPHER " key-exchange x",
	    "tls-up" P25 " trust=2 version=TLSv1.3" },
	{ "verified", "smtp", "Verified " UP CIPHER,
	    "tls-up" P25 " trust=4 version=TLSv1.3" },
	{ "anonymous", "lmtp", "Anonymous " UP "TLSv1 with x",
	    "tls-up" P25 " trust=1 version=TLSv1" },
	{ "by tlsproxy", "tlsproxy", "Trusted " UP CIPHER,
	    "tls-up" P25 " trust=3 version=TLSv1.3" },
	{ "reused", "smtp", "Trusted TLS connection reused to " HP ": " CIPHER,
	    "tls-reused" P25 " trust=3 version=TLSv1.3" },
	{ "we are the server", "smtp",
	    "Anonymous TLS connection established from " H ": " CIPHER,
	    "other" },
	{ "of the server", "smtpd", "Trusted " UP CIPHER, "other" },
	{ "another word", "smtp", "Semitrusted " UP CIPHER, "other" },
	{ "no peer", "smtp", "Trusted TLS connection established to x: " CIPHER,
	    "other" },
	{ "error", "smtp", "SSL_connect error to " HP ": -1",
	    "tls-error" P25 " text=-1" },
	{ "error, lost", "smtp", "SSL_connect error to " HP ": lost connection",
	    "tls-error" P25 " text=lost connection" },
	{ "error without peer", "smtp", "SSL_connect error to x: -1", "other" },
	{ "library", "smtp",
	    "warning: TLS library problem: error:0A000410:SSL "
	    "routines::sslv3 alert handshake failure:a.c:1600:SSL "
	    "alert number 40:",
	    "library text=sslv3 alert handshake failure" },
	{ "library, with a function", "smtp",
	    "warning: TLS library problem: error:14094410:SSL "
	    "routines:ssl3_read_bytes:sslv3 alert handshake "
	    "failure:a.c:1:",
	    "library text=sslv3 alert handshake failure" },
	{ "library, with a pid", "smtp",
	    "warning: TLS library problem: 4711:error:14094410:SSL "
	    "routines:f:some reason:a.c:1:",
	    "library text=some reason" },
	{ "library, cut", "smtp",
	    "warning: TLS library problem: error:0A000410:SSL", "other" },
	{ "library, other text before", "smtp",
	    "warning: TLS library problem: x:y:error:1:2:3:4:", "other" },
	{ "verification", "smtp",
	    "server certificate verification failed for " HP
	    ": num=62:hostname mismatch",
	    "verify" P25 " text=num=62:hostname mismatch" },
	{ "verification of a CA", "smtp",
	    "CA certificate verification failed for " HP
	    ": num=65:no matching DANE TLSA records",
	    "verify" P25 " text=num=65:no matching DANE TLSA records" },
	{ "verification by tlsproxy", "tlsproxy",
	    "certificate verification failed for " HP
	    ": untrusted issuer /CN=x: y",
	    "verify" P25 " text=untrusted issuer /CN=x: y" },
	{ "unusable", "smtp",
	    "warning: " HP ": all TLSA records unusable, fallback to "
	    "unauthenticated TLS",
	    "unusable" P25 },
	{ "another warning about a peer", "smtp",
	    "warning: " HP ": offered null AUTH mechanism list", "other" },
	{ "tlsproxy waited too long", "tlsproxy",
	    "warning: ciphertext read/write timeout for [192.0.2.1]:25",
	    "proxy-timeout addr=192.0.2.1 port=25" },
	{ "tlsproxy waited too long, cut", "tlsproxy",
	    "warning: ciphertext read/write timeout for ", "other" },
	{ "tlsproxy failed", "tlsproxy",
	    "TLS handshake failed for service=smtp peer=[192.0.2.1]:25",
	    "proxy-failed addr=192.0.2.1 port=25" },
	{ "tlsproxy failed, by smtp", "smtp",
	    "TLS handshake failed for service=smtp peer=[192.0.2.1]:25",
	    "other" },
	{ "tlsproxy gone", "smtp",
	    "warning: connect to private/tlsproxy service: No such file "
	    "or directory",
	    "proxy-gone" },
	{ "another service gone", "smtp",
	    "warning: connect to private/tlsmgr: x", "other" },
	{ "offered", "smtp", "Host offered STARTTLS: [mx.a.example]",
	    "offered name=mx.a.example" },
	{ "offered, cut", "smtp", "Host offered STARTTLS: [mx", "other" },
};

static void test_tls(void **state)
{
	(void)state;
	check_rows(tls, UNIT_LEN(tls));
}

static void test_policy(void **state)
{
	static const struct row table[] = {
		{ "success", "smtp",
		    "TLSRPT: status=success, domain=a.example, receiving_mx=" H,
		    "tlsrpt" P " domain=a.example" },
		{ "failure", "smtp",
		    "TLSRPT: status=failure, domain=a.example, receiving_mx=" H
		    ", failure_type=certificate_expired",
		    "tlsrpt" P " domain=a.example type=certificate_expired" },
		{ "failure and reason", "tlsproxy",
		    "TLSRPT: status=failure, domain=a.example, receiving_mx=" H
		    ", failure_type=validation_failure, "
		    "failure_reason=self-signed_certificate",
		    "tlsrpt" P " domain=a.example type=validation_failure "
		    "detail=self-signed_certificate" },
		{ "other status", "smtp",
		    "TLSRPT: status=x, domain=a.example, receiving_mx=" H,
		    "other" },
		{ "failure of no type", "smtp",
		    "TLSRPT: status=failure, domain=a.example, receiving_mx=" H,
		    "other" },
		{ "no MX", "smtp", "TLSRPT: status=success, domain=a.example",
		    "other" },
		{ "lookup", "smtp",
		    "warning: TLS policy lookup for a.example/mx.a.example: "
		    "TLSA lookup error for mx.a.example:25",
		    "lookup name=mx.a.example text=TLSA lookup error for "
		    "mx.a.example:25 domain=a.example" },
		{ "lookup, next hop with a port", "smtp",
		    "warning: TLS policy lookup for [relay.example]:25/"
		    "relay.example: non DNSSEC destination",
		    "lookup name=relay.example text=non DNSSEC destination "
		    "domain=[relay.example]:25" },
		{ "lookup without host", "smtp",
		    "warning: TLS policy lookup for a.example: x", "other" },
		{ "MX mismatch", "smtp",
		    "warning: MX name 'mx.evil.example' does not match STS MX "
		    "pattern for 'a.example'",
		    "mx-mismatch name=mx.evil.example domain=a.example" },
		{ "MX mismatch, cut", "smtp",
		    "warning: MX name 'mx.evil.example' does not match STS MX "
		    "pattern for 'a.exa",
		    "other" },
		{ "another warning", "smtp", "warning: no MX host for x",
		    "other" },
	};

	(void)state;
	check_rows(table, UNIT_LEN(table));
}

#define TO(relay, more, status)       \
 Q ": to=<u@a.example>, relay=" relay \
   ", delay=0.5, delays=0.1/0/0.2/0.2, " more "dsn=2.0.0, status=" status
#define TO_IS   "to qid=" Q P25 " address=u@a.example"
#define SESSION " relay session=0.1/0/0.2"

static const struct row deliveries[] = {
	{ "sent", "smtp", TO(HP, "", "sent (250 ok)"),
	    "to qid=" Q P25 " address=u@a.example end=8" SESSION },
	{ "long queue id", "smtp",
	    "4c8vgk2lXhzNcrX: to=<u@a.example>, relay=" HP
	    ", delay=1, delays=1/2/3/4, dsn=2.0.0, status=sent (250)",
	    "to qid=4c8vgk2lXhzNcrX" P25
	    " address=u@a.example end=8 relay session=1/2/3" },
	{ "tls=", "smtp", TO(HP, "tls=may:none, ", "sent (250 ok)"),
	    TO_IS " end=8" SESSION " tls=may:none" },
	{ "new fields", "smtp", TO(HP, "x=y, ", "sent (250 ok)"),
	    TO_IS " end=8" SESSION },
	{ "reused", "smtp",
	    Q ": to=<u@a.example>, relay=" HP
	      ", conn_use=2, delay=1, delays=1/0/0/1, dsn=2.0.0, "
	      "status=sent (250 ok)",
	    TO_IS " end=8 relay reused uses=2 session=1/0/0" },
	{ "reused, by how many cannot be told", "smtp",
	    Q ": to=<u@a.example>, relay=" HP
	      ", conn_use=99999999, delay=1, delays=1/0/0/1, dsn=2.0.0, "
	      "status=sent (250 ok)",
	    TO_IS " end=8 relay reused session=1/0/0" },
	{ "orig_to", "smtp",
	    Q ": to=<u@a.example>, orig_to=<root>, relay=" HP
	      ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=sent (x)",
	    TO_IS " end=8 relay session=1/0/0" },
	{ "no server", "smtp", TO("none", "", "deferred (connect to x)"),
	    "to qid=" Q " address=u@a.example session=0.1/0/0.2" },
	{ "a socket", "lmtp", TO("mda[private/lmtp]", "", "sent (250)"),
	    "to qid=" Q " name=mda addr=private/lmtp "
	    "address=u@a.example end=8" SESSION },
	{ "relay of local delivery", "smtp",
	    TO("local", "", "sent (delivered)"),
	    "to qid=" Q " address=u@a.example end=8 "
	    "session=0.1/0/0.2" },
	{ "verification of an address", "smtp",
	    TO(HP, "", "deliverable (250 ok)"),
	    TO_IS " end=8 relay probe session=0.1/0/0.2" },
	{ "verification of an address that failed", "smtp",
	    TO(HP, "", "undeliverable (Server certificate not verified)"),
	    TO_IS " end=2 relay probe session=0.1/0/0.2" },
	{ "deferred", "smtp",
	    TO(HP, "", "deferred (Cannot start TLS: handshake failure)"),
	    TO_IS " end=1" SESSION },
	{ "bounced by RCPT", "smtp",
	    TO(HP, "",
		"bounced (host " H
		" said: 550 no (in reply to RCPT TO command))"),
	    TO_IS " end=8 relay rcpt session=0.1/0/0.2" },
	{ "what the server says is no field", "smtp",
	    TO(HP, "",
		"bounced (host " H " said: 550 , status=sent (250), "
		"tls=secure, conn_use=2)"),
	    TO_IS " end=8" SESSION },
	{ "nor is it when sent", "smtp",
	    TO(HP, "", "sent (250 x), tls=secure, status=bounced (y)"),
	    TO_IS " end=8" SESSION },
	{ "quoted address with fields of its own", "smtp",
	    Q ": to=<\"a>, relay=x[1.2.3.4]:25, b\"@a.example>, relay=" HP
	      ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=sent (x)",
	    "to qid=" Q P25 " address=\"a>, relay=x[1.2.3.4]:25, "
	    "b\"@a.example end=8 relay session=1/0/0" },
	{ "address not quoted with fields of its own", "smtp",
	    Q ": to=<a>, relay=x[1.2.3.4]:25, delay=1, delays=1/0/0/1, "
	      "dsn=2.0.0, status=sent (b@a.example>, relay=" HP
	      ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=sent (x)",
	    "to qid=" Q " name=x addr=1.2.3.4 port=25 address=a end=8 "
	    "relay other-end session=1/0/0" },
	{ "the same, which never is quoted so", "smtp",
	    Q ": to=<a b>, relay=x[1.2.3.4]:25, delay=1, delays=1/0/0/1, "
	      "dsn=2.0.0, status=sent (b@a.example>, relay=" HP
	      ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=sent (x)",
	    "to qid=" Q " name=x addr=1.2.3.4 port=25 address=a b end=8 "
	    "relay other-end uncertain session=1/0/0" },
	{ "reply with fields of its own", "smtp",
	    TO(HP, "",
		"deferred (host " H " said: 451 x: to=<v@b.example>, "
		"relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
		"status=sent (250 ok))"),
	    TO_IS " end=8 relay other-end session=0.1/0/0.2" },
	{ "another log in a local part", "smtp",
	    Q ": to=<\"postfix/smtp[9]: A1B2C3D4E5: to=<v@b.example>, "
	      "relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
	      "status=sent (250 \\\"ok\\\")\"@a.example>, relay=" HP
	      ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=sent (x)",
	    "to qid=" Q P25
	    " address=\"postfix/smtp[9]: A1B2C3D4E5: to=<v@b.example>, "
	    "relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
	    "status=sent (250 \\\"ok\\\")\"@a.example end=8 relay "
	    "session=1/0/0" },
	{ "no dsn", "smtp",
	    Q ": to=<u@a.example>, relay=" HP
	      ", delays=1/0/0/1, status=sent (250 ok)",
	    "other" },
	{ "no relay", "smtp",
	    Q ": to=<u@a.example>, delays=1/0/0/1, dsn=2.0.0, "
	      "status=sent (250 ok)",
	    "other" },
	{ "no status", "smtp", Q ": to=<u@a.example>, relay=" HP ", dsn=2.0.0",
	    "other" },
	{ "status not closed", "smtp", TO(HP, "", "sent (250 ok"), "other" },
	{ "of another service", "local", TO(HP, "", "sent (250 ok)"), "other" },
	{ "part", "smtp",
	    Q ": host " H " said: 451 x (in reply to RCPT TO command)",
	    "part qid=" Q P " end=8" },
	{ "part, handshake", "smtp", Q ": Cannot start TLS: handshake failure",
	    "part qid=" Q " end=1" },
	{ "something else of a message", "smtp",
	    Q ": enabling PIX workarounds: disable_esmtp for " HP, "other" },
	{ "no queue id", "smtp", "warning: host " H " said: 4", "other" },
	{ "statistics", "smtp", "statistics: host " H " said: 4", "other" },
	{ "short", "smtp", "A1: host " H " said: 4", "other" },
};

static void test_delivery(void **state)
{
	(void)state;
	check_rows(deliveries, UNIT_LEN(deliveries));
}

static void test_queue(void **state)
{
	static const struct row table[] = {
		{ "started", "master",
		    "daemon started -- version 3.7, configuration /x",
		    "started" },
		{ "configured anew", "master",
		    "reload -- version 3.7, configuration /x", "started" },
		{ "stopped", "master", "terminating on signal 15", "other" },
		{ "from", "qmgr",
		    Q ": from=<s@s.example>, size=1, nrcpt=1 (queue active)",
		    "from qid=" Q " address=s@s.example" },
		{ "bounce", "qmgr",
		    Q ": from=<>, size=1, nrcpt=1 (queue active)",
		    "from qid=" Q },
		{ "old queue manager", "oqmgr",
		    Q ": from=<s@s.example>, size=1, nrcpt=1 (queue active)",
		    "from qid=" Q " address=s@s.example" },
		{ "expired", "qmgr",
		    Q
		    ": from=<s@s.example>, status=expired, returned to sender",
		    "other" },
		{ "of pickup", "pickup", Q ": uid=0 from=<s@s.example>",
		    "other" },
		{ "removed", "qmgr", Q ": removed", "removed qid=" Q },
		{ "removed by hand", "postsuper", Q ": removed",
		    "removed qid=" Q },
		{ "removed, of cleanup", "cleanup", Q ": removed", "other" },
		{ "TLS-Required", "cleanup",
		    Q ": info: header TLS-Required: No from local; from=<a@b>",
		    "tls-required qid=" Q },
		{ "TLS-Required, any case", "cleanup",
		    Q ": info: header tls-required:no from x[1.2.3.4]; x",
		    "tls-required qid=" Q },
		{ "TLS-Required with a comment", "cleanup",
		    Q ": info: header TLS-Required: No; x from local; x",
		    "other" },
		{ "TLS-Required: Yes", "cleanup",
		    Q ": info: header TLS-Required: Yes from local; x",
		    "other" },
		{ "another header", "cleanup",
		    Q ": info: header Subject: TLS-Required: No from local; x",
		    "other" },
	};

	(void)state;
	check_rows(table, UNIT_LEN(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_queue),
	};

	return UNIT_RUN(tests);
}
