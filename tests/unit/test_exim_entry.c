/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_entry.c - tests common/exim_entry.c */

#include "config.h"

#include "common/exim_entry.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

#define AT  "mx.a.example [192.0.2.1]"
#define TLS " X=TLS1.3:ECDHE_SECP256R1__AES_256_GCM:256"

/* The kind and all that is set. */
static void describe(const struct exim_entry *e, struct strbuf *b)
{
	static const char *const kinds[] = { "other", "record", "delivered",
		"deferred", "failed", "host", "clear", "dane", "tls-error",
		"verify", "completed" };
	static const char *const cvs[] = { "", " cv=no", " cv=yes",
		" cv=dane" };
	char ip[IP_TEXT_MAX];

	strbuf_clear(b);
	strbuf_adds(b, kinds[e->kind]);
	if (e->address.len > 0) {
		strbuf_addf(b, " %.*s", (int)e->address.len, e->address.s);
	}
	if (e->mx.len > 0) {
		strbuf_addf(b, " mx=%.*s", (int)e->mx.len, e->mx.s);
	}
	if (ip_is_known(&e->ip)) {
		strbuf_addf(b, " ip=%s:%u", ip_format(&e->ip, ip), e->port);
	}
	strbuf_adds(b, e->is_more ? " more" : "");
	strbuf_adds(b, e->is_continued ? " continued" : "");
	if (e->version.len > 0) {
		strbuf_addf(b, " %.*s", (int)e->version.len, e->version.s);
	}
	strbuf_adds(b, cvs[e->cv]);
	if (e->kind == EXIM_ENTRY_VERIFY) {
		strbuf_addf(
		    b, " depth=%u%s", e->depth, e->is_name ? " name" : "");
	}
	if (e->text.len > 0) {
		strbuf_addf(b, " \"%.*s\"", (int)e->text.len, e->text.s);
	}
}

struct row {
	const char *name;
	const char *in;
	const char *want;
};

static void check(const struct row *table, size_t n)
{
	struct strbuf got;

	strbuf_init(&got, 1 << 14);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(table[i].in);
		char *copy = malloc(len + 1);
		struct exim_entry e;

		assert_non_null(copy);
		memcpy(copy, table[i].in, len);
		exim_entry_parse(view_make(copy, len), &e);
		describe(&e, &got);
		free(copy);
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

#define A_IN " mx=mx.a.example ip=192.0.2.1:0"
#define A_25 " mx=mx.a.example ip=192.0.2.1:25"
#define U    "u@a.example"

static const struct row delivered[] = {
	{ "TLS", "=> " U " R=r T=t H=" AT TLS " CV=yes C=\"250 ok\"",
	    "delivered " U A_IN " TLS1.3 cv=yes" },
	{ "not verified", "=> " U " R=r T=t H=" AT TLS " CV=no C=\"250 ok\"",
	    "delivered " U A_IN " TLS1.3 cv=no" },
	{ "DANE",
	    "=> " U " R=r T=t H=mx.a.example DS [192.0.2.1]:25" TLS
	    " CV=dane C=\"250 ok\"",
	    "delivered " U A_25 " TLS1.3 cv=dane" },
	{ "old version", "=> " U " R=r T=t H=" AT " X=TLS1.2:C:256 CV=yes",
	    "delivered " U A_IN " TLS1.2 cv=yes" },
	{ "resumed", "=> " U " R=r T=t H=" AT " X=TLS1.3:C:256* CV=yes",
	    "delivered " U A_IN " TLS1.3 cv=yes" },
	{ "without CV", "=> " U " R=r T=t H=" AT " X=TLS1.3:C:256 C=\"x\"",
	    "delivered " U A_IN " TLS1.3" },
	{ "clear", "=> " U " R=r T=t H=" AT " C=\"250 ok\"",
	    "delivered " U A_IN },
	{ "more", "-> " U " R=r T=t H=" AT " C=\"250 ok\"",
	    "delivered " U A_IN " more" },
	{ "cutthrough", ">> " U " F=<s@s.example> R=r T=t H=" AT TLS " CV=no",
	    "delivered " U A_IN " TLS1.3 cv=no" },
	{ "all that log_selector can add",
	    "=> " U " <p@b.example> F=<s@s.example> P=<s@s.example> R=r T=t "
	    "S=344 H=" AT ":25 PRX=[192.0.2.8]:1080 I=[192.0.2.250]:53726 TFO* "
	    "X=TLS1.3:C:256 CV=yes DN=\"CN=mx\" L C=\"250 ok\" QT=0.1s DT=0.1s",
	    "delivered " U A_25 " TLS1.3 cv=yes" },
	{ "continued", "=> " U " R=r T=t H=" AT "*" TLS " CV=yes",
	    "delivered " U A_IN " continued TLS1.3 cv=yes" },
	{ "continued, port",
	    "=> " U " R=r T=t H=" AT ":25* I=[192.0.2.250]:1" TLS " CV=yes",
	    "delivered " U A_25 " continued TLS1.3 cv=yes" },
	{ "another port", "=> " U " R=r T=t H=" AT ":587 C=\"250 ok\"",
	    "delivered " U " mx=mx.a.example ip=192.0.2.1:587" },
	{ "IPv6", "=> " U " R=r T=t H=mx.a.example [2001:db8::1]" TLS " CV=yes",
	    "delivered " U " mx=mx.a.example ip=2001:db8::1:0 TLS1.3 cv=yes" },
	{ "parent", "=> " U " (alias@a.example) <x@a.example> R=r T=t H=" AT,
	    "delivered " U A_IN },
	{ "router with spaces is none", "=> " U " R=a router T=t H=" AT,
	    "delivered " U },
	{ "quoted local part", "=> \"a b\\\" H=x\"@a.example R=r T=t H=" AT,
	    "delivered \"a b\\\" H=x\"@a.example" A_IN },
	{ "local", "=> u <u@us.example> R=local T=mail_spool", "delivered u" },
	{ "file", "=> /dev/null <u@us.example> R=r T=**bypassed**",
	    "delivered /dev/null" },
	{ "host in the answer", "=> " U " R=r T=t C=\"x H=" AT "\"",
	    "delivered " U },
	{ "TLS in the answer", "=> " U " R=r T=t H=" AT " C=\"250" TLS "\"",
	    "delivered " U A_IN },
	{ "host in the sender",
	    "=> " U " F=<\"x H=y [192.0.2.9]\"@s> R=r T=t "
	    "H=" AT,
	    "delivered " U A_IN },
	{ "port too large", "=> " U " R=r T=t H=" AT ":65536", "delivered " U },
	{ "no address in it", "=> " U " R=r T=t H=mx.a.example [x]",
	    "delivered " U },
	{ "cut in the address", "=> " U " R=r T=t H=mx.a.example [192.0.2.1",
	    "delivered " U },
	{ "cut in the host", "=> " U " R=r T=t H=mx.a", "delivered " U },
	{ "recipient alone", "=> " U, "delivered " U },
	{ "nothing", "=> ", "delivered" },
};

#define WHY "SMTP error from remote mail server after RCPT TO:<" U ">: 452 no"

static const struct row deferred[] = {
	{ "reply", "== " U " R=r T=t defer (-44) H=" AT ": " WHY,
	    "deferred " U A_IN " \"" WHY "\"" },
	{ "times",
	    "== " U " R=r T=t defer (-44) H=" AT ":25 "
	    "I=[192.0.2.250]:1 DT=0.1s: " WHY,
	    "deferred " U A_25 " \"" WHY "\"" },
	{ "interface alone",
	    "== " U " R=r T=t defer (-44) H=" AT " I=[192.0.2.250]: " WHY,
	    "deferred " U A_IN " \"" WHY "\"" },
	{ "errno",
	    "== " U " R=r T=t defer (110): Connection timed out "
	    "H=" AT ": SMTP timeout after STARTTLS",
	    "deferred " U A_IN " \"SMTP timeout after STARTTLS\"" },
	{ "errno, times",
	    "== " U " R=r T=t defer (110): Connection timed out "
	    "H=" AT ":25 DT=4s: SMTP timeout after STARTTLS",
	    "deferred " U A_25 " \"SMTP timeout after STARTTLS\"" },
	{ "errno, no host", "== " U " R=r T=t defer (111): Connection refused",
	    "deferred " U },
	{ "no host",
	    "== " U " R=r T=t defer (-36): DANE error: tlsa lookup "
	    "DEFER",
	    "deferred " U " \"DANE error: tlsa lookup DEFER\"" },
	{ "no host, times",
	    "== " U " R=r T=t defer (-36) DT=0.1s: DANE error: "
	    "tlsa lookup DEFER",
	    "deferred " U " \"DANE error: tlsa lookup DEFER\"" },
	{ "retry time",
	    "== " U " R=r T=t defer (-53): retry time not reached "
	    "for any host for 'a.example'",
	    "deferred " U " \"retry time not reached for any host for "
	    "'a.example'\"" },
	{ "routing", "== " U " R=r defer (-1): host lookup did not complete",
	    "deferred " U " \"host lookup did not complete\"" },
	{ "continued", "== " U " R=r T=t defer (-18) H=" AT ":25*: x",
	    "deferred " U A_25 " continued \"x\"" },
	{ "host in the text", "== " U " R=r T=t defer (-1): x H=" AT ": y",
	    "deferred " U " \"x H=" AT ": y\"" },
	{ "no number", "== " U " R=r T=t defer -1", "deferred " U },
	{ "cut in the number", "== " U " R=r T=t defer (-1", "deferred " U },
	{ "other form", "== " U " routing defer", "deferred " U },
};

static const struct row failed[] = {
	{ "TLS", "** " U " R=r T=t H=" AT TLS " CV=yes: " WHY,
	    "failed " U A_IN " TLS1.3 cv=yes \"" WHY "\"" },
	{ "clear", "** " U " R=r T=t H=" AT ": " WHY,
	    "failed " U A_IN " \"" WHY "\"" },
	{ "all that log_selector can add",
	    "** " U " F=<s@s.example> P=<s@s.example> R=r T=t H=" AT ":25 "
	    "I=[192.0.2.250]:1: " WHY " QT=1s DT=0.1s",
	    "failed " U A_25 " \"" WHY "\"" },
	{ "certificate's name",
	    "** " U " R=r T=t H=" AT TLS " CV=yes "
	    "DN=\"CN=a: b\": " WHY,
	    "failed " U A_IN " TLS1.3 cv=yes" },
	{ "no host", "** " U " R=r T=t: DANE error: tlsa lookup FAIL DT=0.1s",
	    "failed " U " \"DANE error: tlsa lookup FAIL\"" },
	{ "routing", "** " U ": Unrouteable address",
	    "failed " U " \"Unrouteable address\"" },
	{ "times alone", "** " U ": DT=0.1s", "failed " U " \"DT=0.1s\"" },
};

static const struct row others[] = {
	{ "record", "TLSRPT1 ev=smtp:ehlo x", "record" },
	{ "record's words behind", "x TLSRPT1 ev=smtp:ehlo", "other" },
	{ "host", "H=" AT ": SMTP error from x",
	    "host" A_IN " \"SMTP error from x\"" },
	{ "host, port", "H=" AT ":25: a TLS session is required, but x",
	    "host" A_25 " \"a TLS session is required, but x\"" },
	{ "host of a client",
	    "H=mx.a.example [192.0.2.1] F=<s@s> rejected RCPT", "other" },
	{ "host of a client with HELO", "H=(x: y) [192.0.2.1]: x", "other" },
	{ "TLS error", "H=" AT " TLS error on connection (recv): The TLS x",
	    "tls-error" A_IN " \"The TLS x\"" },
	{ "TLS error, send", "H=" AT " TLS error on connection (send): x",
	    "tls-error" A_IN " \"x\"" },
	{ "TLS error of a client", "TLS error on connection from x", "other" },
	{ "clear",
	    "TLS session: (gnutls_handshake): timed out: delivering "
	    "unencrypted to H=" AT " (not in hosts_require_tls)",
	    "clear" A_IN " \"TLS session: (gnutls_handshake): timed out\"" },
	{ "clear, something behind",
	    "TLS session: x: delivering unencrypted "
	    "to H=" AT " (not in hosts_require_tls) x",
	    "other" },
	{ "callout",
	    "TLS session: x: callout unencrypted to mx [192.0.2.1] "
	    "(not in hosts_require_tls)",
	    "other" },
	{ "TLS session, no more", "TLS session: x", "other" },
	{ "DANE", "DANE attempt failed; TLS connection to " AT ": (x): y",
	    "dane" A_IN " \"(x): y\"" },
	{ "DANE, no host", "DANE attempt failed; TLS connection to x",
	    "other" },
	{ "completed", "Completed", "completed" },
	{ "completed, times", "Completed QT=1s", "completed" },
	{ "completed, other text", "Completed x", "other" },
	{ "arrival", "<= s@s.example U=u P=local S=300", "other" },
	{ "frozen", "Message is frozen", "other" },
	{ "nothing", "", "other" },
};

static const struct row verify[] = {
	{ "chain",
	    "[192.0.2.1] SSL verify error: depth=0 error=certificate "
	    "has expired cert=/CN=x",
	    "verify ip=192.0.2.1:0 depth=0 \"certificate has expired\"" },
	{ "authority", "[192.0.2.1] SSL verify error: depth=2 error=x y cert=/",
	    "verify ip=192.0.2.1:0 depth=2 \"x y\"" },
	{ "name",
	    "[192.0.2.1] SSL verify error: certificate name mismatch: "
	    "DN=\"/CN=x\" H=\"mx.a.example\"",
	    "verify mx=mx.a.example ip=192.0.2.1:0 depth=0 name" },
	{ "name, a false host in the certificate",
	    "[192.0.2.1] SSL verify error: certificate name mismatch: "
	    "DN=\"/CN=\" H=\"mx.b.example\" H=\"mx.a.example\"",
	    "verify mx=mx.a.example ip=192.0.2.1:0 depth=0 name" },
	{ "name, cut behind a false host",
	    "[192.0.2.1] SSL verify error: certificate name mismatch: "
	    "DN=\"/CN=\" H=\"mx.b.example\" x",
	    "verify ip=192.0.2.1:0 depth=0 name" },
	{ "no certificate", "[192.0.2.1] SSL verify error: depth=0 error=x",
	    "other" },
	{ "no depth",
	    "[192.0.2.1] SSL verify error: depth= error=x cert=", "other" },
	{ "other text", "[192.0.2.1] x", "other" },
	{ "no address", "[x] SSL verify error: x", "other" },
};

static void test_delivered(void **state)
{
	(void)state;
	check(delivered, UNIT_LEN(delivered));
}

static void test_deferred(void **state)
{
	(void)state;
	check(deferred, UNIT_LEN(deferred));
}

static void test_failed(void **state)
{
	(void)state;
	check(failed, UNIT_LEN(failed));
}

static void test_others(void **state)
{
	(void)state;
	check(others, UNIT_LEN(others));
}

static void test_verify(void **state)
{
	(void)state;
	check(verify, UNIT_LEN(verify));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered),
		cmocka_unit_test(test_deferred),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_verify),
	};

	return UNIT_RUN(tests);
}
