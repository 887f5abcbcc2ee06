/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_record.c - tests common/exim_record.c */

#include "config.h"

#include "common/err.h"
#include "common/exim_record.h"
#include "common/strbuf.h"
#include "tests/unit/certificate_sample.h"
#include "tests/unit/unit.h"

#define ID "1vMAAA-000001-AA"

#define HEAD  "TLSRPT1 ev=smtp:ehlo pid=123 id=" ID " vfy= err=0"
#define PEER  " ip=192.0.2.1 port=25 lip=192.0.2.250 lport=40001"
#define TLS   " ver=TLS1.3 cv=1 dane=no tlsa=0 sec=no tlsreq=-"
/* s@s.example, a.example, mx.a.example */
#define NAMES " from=c0BzLmV4YW1wbGU= dom=YS5leGFtcGxl mx=bXguYS5leGFtcGxl"
#define REST  " sni= helo= cert= data="
#define WHOLE HEAD PEER TLS NAMES REST

/* All that is set, as text. */
static void describe(const struct exim_record *r, struct strbuf *b)
{
	static const char *const events[] = { "ehlo", "close", "defer", "dane",
		"delivery" };
	static const char *const secures[] = { "", "no", "yes" };
	char ip[IP_TEXT_MAX];

	strbuf_clear(b);
	strbuf_addf(b, "%s pid=%u id=%.*s", events[r->event], (unsigned)r->pid,
	    (int)r->id.len, r->id.s);
	strbuf_adds(b, r->is_callout ? " callout" : "");
	strbuf_addf(
	    b, " err=%d ip=%s:%d", r->error, ip_format(&r->ip, ip), r->port);
	strbuf_addf(
	    b, " from=%s:%d", ip_format(&r->sending_ip, ip), r->sending_port);
	strbuf_addf(b, " ver=%.*s%s%s", (int)r->version.len, r->version.s,
	    r->is_verified ? " verified" : "", r->is_dane ? " dane" : "");
	strbuf_addf(b, " tlsa=%u sec=%s%s", r->tlsa, secures[r->secure],
	    r->tls_required_no ? " tlsreq" : "");
	strbuf_addf(b, " %.*s|%.*s|%.*s|%.*s|%.*s|%zu|%.*s", (int)r->from_len,
	    r->from, (int)r->domain_len, r->domain, (int)r->mx_len, r->mx,
	    (int)r->sni_len, r->sni, (int)r->helo_len, r->helo, r->cert_len,
	    (int)r->data_len, r->data);
}

#define WANT_TLS   " ver=TLS1.3 verified tlsa=0 sec=no"
#define WANT_NAMES " s@s.example|a.example|mx.a.example|||0|"
#define WANT_PEER  " err=0 ip=192.0.2.1:25 from=192.0.2.250:40001"

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "session", WHOLE,
		    "ehlo pid=123 id=" ID WANT_PEER WANT_TLS WANT_NAMES },
		{ "close",
		    "TLSRPT1 ev=tcp:close pid=1 id=" ID
		    " vfy= err=0 ip= port=-1 lip=192.0.2.250 lport=40001 ver= "
		    "cv=0 dane=no tlsa=0 sec= tlsreq=no from= dom= mx=" REST,
		    "close pid=1 id=" ID " err=0 ip=:-1 "
		    "from=192.0.2.250:40001 ver= tlsa=0 sec= tlsreq |||||0|" },
		{ "defer",
		    "TLSRPT1 ev=msg:host:defer pid=1 id=" ID
		    " vfy= err=-37 ip=2001:db8::1 port=25 lip=2001:db8::9 "
		    "lport=9 ver=TLS1.2 cv=0 dane=no tlsa=8 sec=yes "
		    "tlsreq=-" NAMES
		    " sni=bXguYS5leGFtcGxl helo=aGVsbG8= cert=MIIB "
		    "data=d2h5",
		    "defer pid=1 id=" ID " err=-37 ip=2001:db8::1:25 "
		    "from=2001:db8::9:9 ver=TLS1.2 tlsa=8 sec=yes "
		    "s@s.example|a.example|mx.a.example|mx.a.example|hello|3|"
		    "why" },
		{ "DANE that holds",
		    HEAD PEER " ver=TLS1.3 cv=1 dane=yes tlsa=12 sec=yes "
			      "tlsreq=-" NAMES REST,
		    "ehlo pid=123 id=" ID WANT_PEER
		    " ver=TLS1.3 verified dane tlsa=12 sec=yes" WANT_NAMES },
		{ "Exim without DANE",
		    HEAD PEER " ver=TLS1.3 cv=1 dane= tlsa= sec=no "
			      "tlsreq=-" NAMES REST,
		    "ehlo pid=123 id=" ID WANT_PEER WANT_TLS WANT_NAMES },
		{ "delivery",
		    "TLSRPT1 ev=msg:delivery pid=1 id=" ID
		    " vfy= err=0 ip=192.0.2.1 port=25 lip= lport=-1" TLS NAMES
			REST,
		    "delivery pid=1 id=" ID " err=0 ip=192.0.2.1:25 "
		    "from=:-1" WANT_TLS WANT_NAMES },
		{ "a later version with more fields", WHOLE " new=1",
		    "ehlo pid=123 id=" ID WANT_PEER WANT_TLS WANT_NAMES },
		{ "a cut certificate",
		    HEAD PEER TLS NAMES " sni= helo= cert=MIIBM data=",
		    "ehlo pid=123 id=" ID WANT_PEER WANT_TLS
		    " s@s.example|a.example|mx.a.example|||3|" },
		{ "a certificate",
		    HEAD PEER TLS NAMES " sni= helo= cert=" CERT_GOOD " data=",
		    "ehlo pid=123 id=" ID WANT_PEER WANT_TLS
		    " s@s.example|a.example|mx.a.example|||311|" },
	};
	struct strbuf got;
	struct exim_record r;

	(void)state;
	strbuf_init(&got, 1 << 13);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view in = view_of(table[i].in);

		UNIT_BOOL(table[i].name, exim_record_is(in), true);
		UNIT_INT(
		    table[i].name, exim_record_parse(view_of(ID), in, &r), 0);
		describe(&r, &got);
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

/* A callout has no message yet. */
static void test_callout(void **state)
{
	static const char in[] = "TLSRPT1 ev=smtp:ehlo pid=123 id= vfy=R "
				 "err=0" PEER TLS NAMES REST;
	struct exim_record r;

	(void)state;
	UNIT_INT(
	    "no id", exim_record_parse(view_make(NULL, 0), view_of(in), &r), 0);
	UNIT_TRUE("callout", r.is_callout && r.id.len == 0);
	UNIT_INT("another id", exim_record_parse(view_of(ID), view_of(in), &r),
	    ERR_PARSE);
}

static void test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *in;
	} table[] = {
		{ "no event", "TLSRPT1 ev=" },
		{ "unheard-of event",
		    "TLSRPT1 ev=tcp:connect pid=1 id=" ID
		    " vfy= err=0" PEER TLS NAMES REST },
		{ "another message",
		    "TLSRPT1 ev=smtp:ehlo pid=123 id=1vMAAA-000002-AA vfy= "
		    "err=0" PEER TLS NAMES REST },
		{ "cut behind the head", HEAD },
		{ "cut in the names", HEAD PEER TLS " from=c0Bz" },
		{ "cut before the last field",
		    HEAD PEER TLS NAMES " sni= helo= cert=" },
		{ "text behind the last field", WHOLE "!" },
		{ "two blanks", HEAD " " PEER TLS NAMES REST },
		{ "a field too few", HEAD PEER NAMES REST },
		{ "order", HEAD TLS PEER NAMES REST },
		{ "pid",
		    "TLSRPT1 ev=smtp:ehlo pid=-1 id=" ID
		    " vfy= err=0" PEER TLS NAMES REST },
		{ "address",
		    HEAD
		    " ip=192.0.2.256 port=25 lip= lport=1" TLS NAMES REST },
		{ "port", HEAD " ip= port=x lip= lport=1" TLS NAMES REST },
		{ "port of 2^32",
		    HEAD " ip= port=4294967296 lip= lport=1" TLS NAMES REST },
		{ "minus alone",
		    HEAD " ip= port=- lip= lport=1" TLS NAMES REST },
		{ "version of 17 bytes",
		    HEAD PEER " ver=TLS1.3456789abcde cv=1 dane=no tlsa=0 "
			      "sec=no tlsreq=-" NAMES REST },
		{ "version that is no word",
		    HEAD PEER " ver=TLS\xc3 cv=1 dane=no tlsa=0 sec=no "
			      "tlsreq=-" NAMES REST },
		{ "tlsa",
		    HEAD PEER " ver= cv=0 dane=no tlsa=-1 sec=no "
			      "tlsreq=-" NAMES REST },
		{ "sec",
		    HEAD PEER " ver= cv=0 dane=no tlsa=0 sec=maybe "
			      "tlsreq=-" NAMES REST },
		{ "no base64",
		    HEAD PEER TLS
		    " from=s@s.example dom= mx= sni= helo= cert= data=" },
	};
	struct exim_record r;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    exim_record_parse(view_of(ID), view_of(table[i].in), &r),
		    ERR_PARSE);
	}
}

/* Each beginning of a record is bad: what is cut off is never guessed. */
static void test_cut(void **state)
{
	static const char in[] = WHOLE;
	struct exim_record r;

	(void)state;
	for (size_t n = 0; n < strlen(in); n++) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, in, n);
		UNIT_INT("cut",
		    exim_record_parse(view_of(ID), view_make(copy, n), &r),
		    ERR_PARSE);
		free(copy);
	}
}

/* A field that decodes to n bytes. */
static void add_zeros(struct strbuf *in, size_t n)
{
	for (size_t k = 0; k < (n * 4 + 2) / 3; k++) {
		strbuf_addc(in, 'A');
	}
}

/* Fields at the length to which the ACL cuts them, and beyond. */
static void test_length(void **state)
{
	static const struct {
		const char *key;
		size_t max; /* bytes */
	} table[] = {
		{ "from", EXIM_FROM_MAX },
		{ "dom", EXIM_NAME_MAX },
		{ "mx", EXIM_NAME_MAX },
		{ "sni", EXIM_NAME_MAX },
		{ "helo", EXIM_NAME_MAX },
		{ "cert", EXIM_CERT_MAX },
		{ "data", EXIM_DATA_MAX },
	};
	struct strbuf in;

	(void)state;
	strbuf_init(&in, 1 << 14);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		for (size_t more = 0; more < 2; more++) {
			size_t n = table[i].max + more;
			struct exim_record r;

			strbuf_clear(&in);
			strbuf_adds(&in, HEAD PEER TLS);
			for (size_t j = 0; j < UNIT_LEN(table); j++) {
				strbuf_addf(&in, " %s=", table[j].key);
				add_zeros(&in, j == i ? n : 0);
			}
			UNIT_INT(table[i].key,
			    exim_record_parse(
				view_of(ID), view_of(strbuf_str(&in)), &r),
			    more == 0 ? 0 : ERR_PARSE);
		}
	}
	strbuf_release(&in);
}

static void test_is(void **state)
{
	(void)state;
	UNIT_TRUE("record", exim_record_is(view_of("TLSRPT1 ev=x")));
	UNIT_TRUE("other", !exim_record_is(view_of("TLSRPT1")));
	UNIT_TRUE("not at the front",
	    !exim_record_is(view_of(" TLSRPT1 ev=smtp:ehlo")));
	UNIT_TRUE("another version",
	    !exim_record_is(view_of("TLSRPT2 ev=smtp:ehlo")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_callout),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_is),
	};

	return UNIT_RUN(tests);
}
