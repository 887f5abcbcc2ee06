/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_datagram.c - tests common/postfix_datagram.c */

#include "config.h"

#include "common/err.h"
#include "common/postfix_datagram.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

/* A datagram of one policy. */
#define GRAM(domain, policies)                   \
 "{\"dpv\":\"1\",\"d\":\"" domain "\",\"pr\":\"" \
 "v=TLSRPTv1; rua=mailto:r@d.example\",\"policies\":[" policies "]}"
#define NONE_(members) "{\"policy-type\":9," members "}"
#define TLSA(members) \
 "{\"policy-type\":1,\"policy-domain\":\"mx.d.example\"," members "}"
#define STS(members) \
 "{\"policy-type\":2,\"policy-domain\":\"d.example\"," members "}"
#define GOOD            "\"t\":0,\"f\":0"
#define BAD(details)    "\"failure-details\":[" details "],\"t\":1,\"f\":1"
#define DETAIL(c, more) "{\"c\":" c more "}"
#define PEER                                                           \
 ",\"s\":\"192.0.2.99\",\"n\":\"MX.d.example\",\"r\":\"2001:db8::1\"," \
 "\"h\":\"250-mx.greets.example hello\\r\\n250-SIZE\\r\\n"             \
 "250 STARTTLS\""
#define PEER_NO_TLS ",\"h\":\"250-mx.greets.example\\r\\n250 SIZE\""
#define WHY(f)      ",\"f\":\"" f "\""

static void add(struct strbuf *b, const char *key, struct view v)
{
	if (v.len > 0 && !view_is(v, "unknown")) {
		strbuf_addf(b, " %s%.*s", key, (int)v.len, v.s);
	}
}

static void write_reported(struct strbuf *b, const struct postfix_reported *r)
{
	const struct fact *f = &r->fact;
	char ip[IP_TEXT_MAX];

	UNIT_TRUE("fact", fact_check(f));
	UNIT_INT("source", r->policy.source, POLICY_MTA);
	UNIT_INT("since", r->policy.since, 4711);
	UNIT_TRUE("domain", view_eq(r->policy.domain, f->domain));
	strbuf_addv(b, f->domain);
	add(b, "", f->mx);
	add(b, "", view_of(ip_format(&f->ip, ip)));
	add(b, "", view_of(fact_tls_word(f->tls)));
	add(b, "", f->reason);
	add(b, "chain=", view_of(fact_chain_word(f->chain)));
	add(b, "name=", view_of(fact_name_word(f->name)));
	add(b, "dane=", view_of(fact_dane_word(f->dane)));
	add(b, "from=", view_of(ip_format(&f->sending_ip, ip)));
	add(b, "helo=", f->helo);
	add(b, "", f->verdict);
	strbuf_addc(b, '\n');
	if (r->policy.content.len > 0) {
		add(b, "", r->policy.mx);
		add(b, "", r->policy.content);
		strbuf_addc(b, '\n');
	} else {
		UNIT_UINT("no MX", r->policy.mx.len, 0);
	}
}

struct row {
	const char *name;
	const char *in;
	const char *want;
};

static void check_rows(const struct row *table, size_t n)
{
	struct arena *a = arena_new();
	struct strbuf got;

	strbuf_init(&got, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		struct postfix_datagram d;

		strbuf_clear(&got);
		UNIT_INT(table[i].name,
		    postfix_datagram_parse(view_of(table[i].in), 4711, a, &d),
		    0);
		for (size_t k = 0; k < d.n; k++) {
			write_reported(&got, &d.reported[k]);
		}
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
		arena_reset(a);
	}
	strbuf_release(&got);
	arena_free(a);
}

#define V(type, result, reason)                      \
 "{\"type\":\"" type "\",\"result\":\"" result "\"," \
 "\"reason\":\"" reason "\"}"
#define TLSA_C                                                \
 " mx.d.example {\"policy-type\":\"tlsa\",\"policy-domain\":" \
 "\"mx.d.example\"}\n"
#define STS_C                                   \
 " {\"policy-type\":\"sts\",\"policy-domain\":" \
 "\"d.example\"}\n"
#define AT   "d.example mx.d.example 2001:db8::1"
#define FROM " from=192.0.2.99 helo=mx.greets.example"

static const struct row results[] = {
	{ "no policy, success", GRAM("d.example", NONE_(GOOD)),
	    "d.example ok [" V("no-policy-found", "success", "") "]\n" },
	{ "tlsa, success", GRAM("d.example", TLSA(GOOD)),
	    "d.example ok dane=match [" V("tlsa", "success", "") "]\n" TLSA_C },
	{ "sts, success", GRAM("d.example", STS(GOOD)),
	    "d.example ok [" V("sts", "success", "") "]\n" STS_C },
	{ "201, not offered",
	    GRAM("d.example", STS(BAD(DETAIL("201", PEER_NO_TLS)))),
	    "d.example not-offered starttls-not-offered "
	    "helo=mx.greets.example [" V(
		"sts", "starttls-not-supported", "") "]\n" STS_C },
	{ "201, refused", GRAM("d.example", NONE_(BAD(DETAIL("201", PEER)))),
	    AT " refused" FROM
	       " [" V("no-policy-found", "starttls-not-supported", "") "]\n" },
	{ "202", GRAM("d.example", STS(BAD(DETAIL("202", PEER)))),
	    AT " ok name=mismatch" FROM
	       " [" V("sts", "certificate-host-mismatch", "") "]\n" STS_C },
	{ "203, sts", GRAM("d.example", STS(BAD(DETAIL("203", PEER)))),
	    AT " ok chain=untrusted" FROM
	       " [" V("sts", "certificate-not-trusted", "") "]\n" STS_C },
	{ "203, tlsa", GRAM("d.example", TLSA(BAD(DETAIL("203", PEER)))),
	    AT " ok dane=mismatch" FROM
	       " [" V("tlsa", "certificate-not-trusted", "") "]\n" TLSA_C },
	{ "203, none", GRAM("d.example", NONE_(BAD(DETAIL("203", PEER)))),
	    AT " ok chain=bad" FROM
	       " [" V("no-policy-found", "certificate-not-trusted", "") "]\n" },
	{ "204", GRAM("d.example", STS(BAD(DETAIL("204", PEER)))),
	    AT " ok chain=expired" FROM
	       " [" V("sts", "certificate-expired", "") "]\n" STS_C },
	{ "205, handshake",
	    GRAM("d.example",
		STS(BAD(DETAIL("205", PEER WHY("tls-handshake-failure"))))),
	    AT " failed tls-handshake-failure" FROM " [" V("sts",
		"validation-failure", "tls-handshake-failure") "]"
							       "\n" STS_C },
	{ "205, self-signed",
	    GRAM("d.example",
		STS(BAD(DETAIL("205", PEER WHY("self-signed_certificate"))))),
	    AT " ok chain=self-signed" FROM " [" V("sts", "validation-failure",
		"self-signed_certificate") "]\n" STS_C },
	{ "205, not yet valid",
	    GRAM("d.example",
		STS(BAD(
		    DETAIL("205", PEER WHY("certificate_is_not_yet_valid"))))),
	    AT " ok chain=not-yet-valid" FROM
	       " [" V("sts", "validation-failure",
		   "certificate_is_not_yet_valid") "]\n" STS_C },
	{ "205, no reason", GRAM("d.example", STS(BAD(DETAIL("205", PEER)))),
	    AT " ok" FROM " [" V("sts", "validation-failure", "") "]\n" STS_C },
	{ "301", GRAM("d.example", STS(BAD(DETAIL("301", PEER)))),
	    AT " ok" FROM
	       " [" V("sts", "sts-policy-fetch-error", "") "]\n" STS_C },
	{ "302", GRAM("d.example", STS(BAD(DETAIL("302", PEER)))),
	    AT " ok" FROM " [" V("sts", "sts-policy-invalid", "") "]\n" STS_C },
	{ "303", GRAM("d.example", STS(BAD(DETAIL("303", PEER)))),
	    AT " ok" FROM " [" V("sts", "sts-webpki-invalid", "") "]\n" STS_C },
	{ "301, before any connection",
	    GRAM("d.example", STS(BAD(DETAIL("301", "")))),
	    "d.example ok [" V(
		"sts", "sts-policy-fetch-error", "") "]\n" STS_C },
	{ "304",
	    GRAM("d.example",
		TLSA(
		    BAD(DETAIL("304", PEER WHY("all-TLSA-records-unusable"))))),
	    AT " ok dane=unusable" FROM " [" V("tlsa", "tlsa-invalid",
		"all-TLSA-records-unusable") "]\n" TLSA_C },
	{ "305", GRAM("d.example", TLSA(BAD(DETAIL("305", "")))),
	    "d.example no-session dane=lookup-failed [" V(
		"tlsa", "dnssec-invalid", "") "]\n" TLSA_C },
	{ "306", GRAM("d.example", TLSA(BAD(DETAIL("306", "")))),
	    "d.example no-session dane=required-missing [" V(
		"tlsa", "dane-required", "") "]\n" TLSA_C },
	{ "no such code", GRAM("d.example", STS(BAD(DETAIL("777", "")))),
	    "d.example failed [" V("sts", "unknown", "code-777") "]\n" STS_C },
	{ "no such code, with a reason",
	    GRAM("d.example", STS(BAD(DETAIL("0", WHY("new"))))),
	    "d.example failed [" V("sts", "unknown", "new") "]\n" STS_C },
	{ "failed, no detail", GRAM("d.example", STS("\"t\":0,\"f\":1")),
	    "d.example failed [" V("sts", "unknown", "") "]\n" STS_C },
	{ "two failures",
	    GRAM("d.example",
		STS(BAD(DETAIL("204", "") "," DETAIL("202", PEER)))),
	    AT " ok chain=expired name=mismatch" FROM
	       " [" V("sts", "certificate-expired", "") "," V(
		   "sts", "certificate-host-mismatch", "") "]\n" STS_C },
	{ "success after a failure",
	    GRAM("d.example",
		STS("\"failure-details\":[" DETAIL(
		    "204", "") "],\"t\":1,\"f\":0")),
	    "d.example ok [" V("sts", "success", "") "," V(
		"sts", "certificate-expired", "") "]\n" STS_C },
	{ "two policies",
	    GRAM("d.example", STS(GOOD) "," TLSA(BAD(DETAIL("203", "")))),
	    "d.example ok [" V("sts", "success",
		"") "]\n" STS_C "d.example ok dane=mismatch [" V("tlsa",
		"certificate-not-trusted", "") "]\n" TLSA_C },
};

static void test_results(void **state)
{
	(void)state;
	check_rows(results, UNIT_LEN(results));
}

#define OK_NONE " ok [" V("no-policy-found", "success", "") "]\n"
#define HELO(h)    \
 GRAM("d.example", \
     NONE_(        \
	 BAD(DETAIL("205", ",\"h\":\"" h "\"" WHY("tls-handshake-failure")))))
#define HELO_IS(name)                                  \
 "d.example failed tls-handshake-failure" name " [" V( \
     "no-policy-found", "validation-failure", "tls-handshake-failure") "]\n"

static const struct row members[] = {
	{ "no version", "{\"d\":\"d.example\",\"policies\":[" NONE_(GOOD) "]}",
	    "d.example" OK_NONE },
	{ "another order",
	    "{\"policies\":[{\"f\":0,\"policy-type\":9}],"
	    "\"d\":\"d.example\",\"dpv\":\"1\"}",
	    "d.example" OK_NONE },
	{ "unknown members",
	    "{\"x\":[{}],\"d\":\"d.example\",\"policies\":[{\"y\":null,"
	    "\"f\":0,\"policy-type\":9,\"y\":1.5}],\"x\":{}}",
	    "d.example" OK_NONE },
	{ "wrong number of failures",
	    GRAM("d.example", NONE_("\"t\":77,\"f\":0")), "d.example" OK_NONE },
	{ "domain in capitals, with a dot", GRAM("D.Example.", NONE_(GOOD)),
	    "d.example" OK_NONE },
	{ "U-label", GRAM("b\\u00fccher.example", NONE_(GOOD)),
	    "xn--bcher-kva.example" OK_NONE },
	{ "policy of another domain",
	    GRAM("d.example",
		"{\"policy-type\":2,\"policy-domain\":\"P.example\","
		"\"f\":0}"),
	    "d.example ok [" V("sts", "success",
		"") "]\n"
		    " {\"policy-type\":\"sts\",\"policy-domain\":"
		    "\"p.example\"}\n" },
	{ "policy-domain left out",
	    GRAM("d.example", "{\"policy-type\":2,\"f\":0}"),
	    "d.example ok [" V("sts", "success", "") "]\n" STS_C },
	{ "strings and patterns",
	    GRAM("d.example",
		STS("\"policy-string\":[\"version: STSv1\","
		    "\"mode: enforce\"],\"mx-host\":[\"*.d.example\"],"
		    "\"f\":0")),
	    "d.example ok [" V("sts", "success",
		"") "]\n"
		    " {\"policy-type\":\"sts\",\"policy-domain\":"
		    "\"d.example\",\"policy-string\":[\"version: STSv1\","
		    "\"mode: enforce\"],\"mx-host\":[\"*.d.example\"]}\n" },
	{ "nine strings",
	    GRAM("d.example",
		STS("\"policy-string\":[\"1\",\"2\",\"3\",\"4\",\"5\","
		    "\"6\",\"7\",\"8\",\"\\u2028\"],\"f\":0")),
	    "d.example ok [" V("sts", "success",
		"") "]\n"
		    " {\"policy-type\":\"sts\",\"policy-domain\":"
		    "\"d.example\",\"policy-string\":[\"1\",\"2\",\"3\",\"4\","
		    "\"5\",\"6\",\"7\",\"8\",\"\\u2028\"]}\n" },
	{ "TLSA at a name that is not the MX host's",
	    GRAM("d.example",
		"{\"policy-type\":1,\"policy-domain\":\"c.example\"," BAD(
		    DETAIL("203", PEER)) "}"),
	    AT " ok dane=mismatch" FROM
	       " [" V("tlsa", "certificate-not-trusted",
		   "") "]\n"
		       " mx.d.example {\"policy-type\":\"tlsa\","
		       "\"policy-domain\":\"c.example\"}\n" },
	{ "reply of one line", HELO("250 mx.example"),
	    HELO_IS(" helo=mx.example") },
	{ "reply without codes", HELO("mx.example hi"),
	    HELO_IS(" helo=mx.example") },
	{ "LF alone", HELO("250-mx.example\\n250 x"),
	    HELO_IS(" helo=mx.example") },
	{ "address literal", HELO("250 [192.0.2.1]"),
	    HELO_IS(" helo=[192.0.2.1]") },
	{ "no name", HELO("250 "), HELO_IS("") },
	{ "no reply", HELO(""), HELO_IS("") },
	{ "name of strange characters", HELO("250 m\\u00e4x"), HELO_IS("") },
	{ "control character", HELO("250 mx\\u001b[2J"), HELO_IS("") },
	{ "addresses and host that are none",
	    GRAM("d.example",
		NONE_(BAD(DETAIL("204",
		    ",\"s\":\"x\",\"r\":\"1.2.3\","
		    "\"n\":\"[mx]\"")))),
	    "d.example ok chain=expired [" V(
		"no-policy-found", "certificate-expired", "") "]\n" },
	{ "reason with a quote",
	    GRAM("d.example", NONE_(BAD(DETAIL("205", WHY("a\\\"b"))))),
	    "d.example ok [" V(
		"no-policy-found", "validation-failure", "") "]\n" },
	{ "reason with a blank",
	    GRAM("d.example", NONE_(BAD(DETAIL("205", WHY("a b"))))),
	    "d.example ok [" V(
		"no-policy-found", "validation-failure", "") "]\n" },
	{ "additional information",
	    GRAM("d.example", NONE_(BAD(DETAIL("204", ",\"a\":\"more\"")))),
	    "d.example ok chain=expired [" V(
		"no-policy-found", "certificate-expired", "") "]\n" },
};

static void test_members(void **state)
{
	(void)state;
	check_rows(members, UNIT_LEN(members));
}

static const struct {
	const char *name;
	const char *in;
	int want;
} invalid[] = {
	{ "nothing", "", ERR_PARSE },
	{ "no JSON", "x", ERR_PARSE },
	{ "a number", "5", ERR_PARSE },
	{ "an array", "[]", ERR_PARSE },
	{ "empty", "{}", ERR_PARSE },
	{ "garbage behind", GRAM("d.example", NONE_(GOOD)) "x", ERR_PARSE },
	{ "two objects", GRAM("d.example", NONE_(GOOD)) "{}", ERR_PARSE },
	{ "version 2",
	    "{\"dpv\":\"2\",\"d\":\"d.example\",\"policies\":[" NONE_(
		GOOD) "]}",
	    ERR_VERSION },
	{ "no domain", "{\"policies\":[" NONE_(GOOD) "]}", ERR_PARSE },
	{ "domain null", "{\"d\":null,\"policies\":[" NONE_(GOOD) "]}",
	    ERR_PARSE },
	{ "domain empty", GRAM("", NONE_(GOOD)), ERR_PARSE },
	{ "domain that is none", GRAM("a b", NONE_(GOOD)), ERR_PARSE },
	{ "domain with a NUL", GRAM("d\\u0000", NONE_(GOOD)), ERR_PARSE },
	{ "address literal", GRAM("[192.0.2.1]", NONE_(GOOD)), ERR_LITERAL },
	{ "address", GRAM("192.0.2.1", NONE_(GOOD)), ERR_LITERAL },
	{ "domain twice",
	    "{\"d\":\"d.example\",\"d\":\"d.example\",\"policies\":[" NONE_(
		GOOD) "]}",
	    ERR_PARSE },
	{ "no policies", "{\"d\":\"d.example\"}", ERR_PARSE },
	{ "policies empty", GRAM("d.example", ""), ERR_PARSE },
	{ "policies a number", "{\"d\":\"d.example\",\"policies\":5}",
	    ERR_PARSE },
	{ "a policy that is none", GRAM("d.example", "5"), ERR_PARSE },
	{ "the second policy is none", GRAM("d.example", NONE_(GOOD) ",{}"),
	    ERR_PARSE },
	{ "no policy type", GRAM("d.example", "{\"f\":0}"), ERR_PARSE },
	{ "policy type 7", GRAM("d.example", "{\"policy-type\":7,\"f\":0}"),
	    ERR_PARSE },
	{ "policy type a string",
	    GRAM("d.example", "{\"policy-type\":\"sts\",\"f\":0}"), ERR_PARSE },
	{ "policy type twice",
	    GRAM("d.example", "{\"policy-type\":2,\"f\":0,\"policy-type\":2}"),
	    ERR_PARSE },
	{ "policy-domain that is none",
	    GRAM("d.example",
		"{\"policy-type\":2,\"policy-domain\":\"a b\",\"f\":0}"),
	    ERR_PARSE },
	{ "no result", GRAM("d.example", "{\"policy-type\":9}"), ERR_PARSE },
	{ "result 2", GRAM("d.example", NONE_("\"f\":2")), ERR_PARSE },
	{ "result -1", GRAM("d.example", NONE_("\"f\":-1")), ERR_PARSE },
	{ "result 1.0", GRAM("d.example", NONE_("\"f\":1.0")), ERR_PARSE },
	{ "strings a string",
	    GRAM("d.example", STS("\"policy-string\":\"x\",\"f\":0")),
	    ERR_PARSE },
	{ "strings of numbers",
	    GRAM("d.example", STS("\"policy-string\":[1],\"f\":0")),
	    ERR_PARSE },
	{ "failures an object",
	    GRAM("d.example", NONE_("\"failure-details\":{},\"f\":1")),
	    ERR_PARSE },
	{ "no code", GRAM("d.example", NONE_(BAD("{}"))), ERR_PARSE },
	{ "code a string", GRAM("d.example", NONE_(BAD("{\"c\":\"201\"}"))),
	    ERR_PARSE },
	{ "code too big", GRAM("d.example", NONE_(BAD("{\"c\":4294967297}"))),
	    ERR_PARSE },
	{ "address a number",
	    GRAM("d.example", NONE_(BAD("{\"c\":201,\"r\":1}"))), ERR_PARSE },
	{ "no UTF-8",
	    GRAM("d.example", NONE_(BAD("{\"c\":201,\"h\":\"\xff\"}"))),
	    ERR_PARSE },
};

static void test_invalid(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(invalid); i++) {
		struct postfix_datagram d;

		UNIT_INT(invalid[i].name,
		    postfix_datagram_parse(view_of(invalid[i].in), 1, a, &d),
		    invalid[i].want);
		UNIT_UINT(invalid[i].name, d.n, 0);
		UNIT_TRUE(invalid[i].name, d.reported == NULL);
		arena_reset(a);
	}
	arena_free(a);
}

static void test_record(void **state)
{
	struct arena *a = arena_new();
	struct postfix_datagram d;

	(void)state;
	UNIT_INT("parse",
	    postfix_datagram_parse(
		view_of(GRAM("d.example", NONE_(GOOD))), 1, a, &d),
	    0);
	UNIT_TRUE(
	    "record", view_is(d.record, "v=TLSRPTv1; rua=mailto:r@d.example"));
	arena_free(a);
}

/* A datagram with n times a part, the parts with commas between. */
static int parse_many(struct arena *a, const char *before, size_t n,
    const char *part, const char *after)
{
	struct postfix_datagram d;
	struct strbuf text;
	int rc;

	strbuf_init(&text, 1 << 20);
	strbuf_adds(&text, before);
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&text, i > 0 ? "," : "");
		strbuf_adds(&text, part);
	}
	strbuf_adds(&text, after);
	assert_false(text.failed);
	arena_reset(a);
	rc = postfix_datagram_parse(view_make(text.s, text.len), 1, a, &d);
	for (size_t i = 0; i < d.n; i++) {
		UNIT_TRUE("fact", fact_check(&d.reported[i].fact));
	}
	strbuf_release(&text);
	return rc;
}

static void test_bounds(void **state)
{
	static const char policy[] = NONE_(GOOD);
	static const char head[] = "{\"d\":\"d.example\",\"policies\":[";
	static const char failures[] =
	    "{\"d\":\"d.example\",\"policies\":[{\"policy-type\":9,\"f\":1,"
	    "\"failure-details\":[";
	static const char texts[] =
	    "{\"d\":\"d.example\",\"policies\":[{\"policy-type\":2,\"f\":0,"
	    "\"mx-host\":[";
	static const char detail[] = "{\"c\":205,\"f\":\"some_reason\"}";
	static const char wide[] = "\"\\u0001\\u0001\\u0001\\u0001\\u0001\"";
	struct arena *a = arena_new();

	(void)state;
	UNIT_INT("policies",
	    parse_many(a, head, POSTFIX_DATAGRAM_POLICIES, policy, "]}"), 0);
	UNIT_INT("a policy more",
	    parse_many(a, head, POSTFIX_DATAGRAM_POLICIES + 1, policy, "]}"),
	    ERR_FULL);
	UNIT_INT("failures, more than a verdict has room for",
	    parse_many(a, failures, POSTFIX_DATAGRAM_FAILURES, detail, "]}]}"),
	    0);
	UNIT_INT("a failure more",
	    parse_many(
		a, failures, POSTFIX_DATAGRAM_FAILURES + 1, detail, "]}]}"),
	    ERR_FULL);
	UNIT_INT("texts",
	    parse_many(a, texts, POSTFIX_DATAGRAM_TEXTS, "\"x\"", "]}]}"), 0);
	UNIT_INT("a text more",
	    parse_many(a, texts, POSTFIX_DATAGRAM_TEXTS + 1, "\"x\"", "]}]}"),
	    ERR_FULL);
	UNIT_INT("a policy too long",
	    parse_many(a, texts, POSTFIX_DATAGRAM_TEXTS, wide, "]}]}"),
	    ERR_FULL);
	UNIT_INT("too long",
	    parse_many(a, "{\"x\":[", POSTFIX_DATAGRAM_MAX, "1", "]}"),
	    ERR_FULL);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
