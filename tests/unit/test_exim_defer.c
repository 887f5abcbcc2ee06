/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_defer.c - tests common/exim_defer.c */

#include "config.h"

#include "tests/unit/exim_kit.h"

#define NO_HOST "lip= lport=-1"

/* msg:host:defer of a connection with no record before. */
static const struct scenario defers[] = {
	{ "handshake", DEFER("0", QA, "err=-37 data={" HAND ENDED "}"),
	    A LOST FROM "\n" },
	{ "alert", DEFER("0", QA, "err=-37 data={" HAND "Handshake failed}"),
	    A " failed tls-remote-alert-40-handshake-failure" FROM "\n" },
	{ "no answer", DEFER("0", QA, "err=-37 data={" HAND "timed out}"),
	    A " failed timeout-during-handshake" FROM "\n" },
	{ "alert, OpenSSL",
	    DEFER("0", QA,
		"err=-37 data={TLS session: (SSL_connect): "
		"error:0A000410:SSL routines::sslv3 alert "
		"handshake failure}"),
	    A " failed tls-remote-alert-40-handshake-failure" FROM "\n" },
	{ "TLS up, then nothing",
	    DEFER("0", QA,
		"err=-37 " TLS " data={TLS session: error on first read}"),
	    A " failed tls-handshake-failure" FROM "\n" },
	{ "TLS up, lost at EHLO",
	    DEFER("0", QA,
		"err=-18 " TLS " data={Remote host closed connection in "
		"response to EHLO us.example}"),
	    A LOST FROM "\n" },
	{ "TLS up, lost before it",
	    DEFER("0", QA,
		"err=104 " TLS
		" data={smtp send to mx failed: Connection reset by peer}"),
	    A LOST FROM "\n" },
	{ "name", DEFER("0", QA, "err=-37 " TLS " data={" INVALID "}"),
	    A OK " chain=ok name=mismatch" FROM "\n" },
	{ "chain",
	    DEFER("0", QA,
		"err=-37 " TLS " data={" INVALID ": certificate invalid}"),
	    A OK " chain=bad" FROM "\n" },
	{ "certificate, OpenSSL",
	    DEFER("0", QA,
		"err=-37 data={TLS session: (SSL_connect): "
		"error:0A000086:SSL routines::certificate "
		"verify failed}"),
	    A " ok chain=bad" FROM "\n" },
	{ "no connection", DEFER("0", QA, "err=111 data={Connection refused}"),
	    "" },
	{ "mail refused",
	    EHLO("0", QA, GOOD) DEFER("0", QA,
		TLS " data={" REPLY "MAIL FROM:<s@s.example>: 451 no}"),
	    A TRUSTED },
	{ "something new", DEFER("0", QA, "data={Something new}"), "" },
	{ "the first of several domains",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}") LINE("0", QA,
		"== u@a.example R=r T=t defer (-37) H=" AT_A
		": " HAND ENDED) LINE("0", QA,
		"== u@b.example R=r T=t defer (-37) H=" AT_A ": " HAND ENDED),
	    A LOST FROM "\n"
			"0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
};

/* What follows a failure in clear is no session. */
static const struct scenario retries[] = {
	{ "handshake, then in clear",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}")
		CLOSE("1", QA, "lport=40002") TOOK("1", QA, ""),
	    A LOST FROM "\n"
			"1 clear-retry\n" },
	{ "certificate, then in clear",
	    DEFER("0", QA, "err=-37 " TLS " data={" INVALID "}")
		CLOSE("1", QA, "lport=40002") TOOK("1", QA, ""),
	    A OK " chain=ok name=mismatch" FROM "\n"
		 "1 clear-retry\n" },
	{ "on to another host",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}") CLOSE("1", QA, ON_B)
		TOOK("1", QA, "ip=192.0.2.2 mx=mx.b.example"),
	    A LOST FROM "\n"
			"1 a.example mx.b.example 192.0.2.2 refused" FROM
			"\n" },
	{ "on to another host, not offered",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}")
		EHLO("1", QA, "helo=x" ON_B),
	    A LOST FROM "\n"
			"1 a.example mx.b.example 192.0.2.2" NO_TLS FROM
			" helo=x\n" },
	{ "another process",
	    DEFER("0", QA,
		"err=-37 data={" HAND ENDED
		"}") "1 11 " QA " REC ev=tcp:close lport=40002\n",
	    A LOST FROM "\n"
			"1 unclear\n" },
	{ "two domains",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}")
		CLOSE("1", QA, "dom= lport=40002") TOOK("1", QA, "")
		    TOOK("1", QA, "dom=b.example"),
	    A LOST FROM "\n"
			"1 clear-retry\n"
			"0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
};

/* dane:fail */
static const struct scenario danes[] = {
	{ "lookup failed",
	    DANE("0", QA,
		NO_HOST " "
			"data=dnssec-invalid") DEFER("0", QA,
		NO_HOST " err=-36 data={DANE error: tlsa lookup DEFER}"),
	    A
	    " no-session tlsa-lookup-failed "
	    "dane=lookup-failed "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dnssec-invalid\",\"reason\":\"\"}]\n" },
	{ "required and not there",
	    DANE("0", QA,
		NO_HOST " "
			"data=dane-required") DEFER("0", QA,
		NO_HOST " err=-36 data={DANE error: tlsa lookup FAIL}"),
	    A
	    " no-session dane=required-missing "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dane-required\",\"reason\":\"\"}]\n" },
	{ "required, but the lookup failed",
	    DANE("0", QA,
		NO_HOST " "
			"data=dane-required") DEFER("0", QA,
		NO_HOST " err=-36 data={DANE error: tlsa lookup DEFER}"),
	    A
	    " no-session tlsa-lookup-failed "
	    "dane=lookup-failed "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dane-required\",\"reason\":\"\"}]\n" },
	{ "no host left",
	    DANE("0", QA,
		NO_HOST " port=-1 "
			"data=dane-required"),
	    A
	    " no-session dane=required-missing "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dane-required\",\"reason\":\"\"}]\n" },
	{ "several domains",
	    DANE("0", QA,
		NO_HOST " dom= port=-1 "
			"data=dane-required") LINE("0", QA,
		"** u@a.example R=r T=t: DANE error: tlsa lookup FAIL")
		LINE("0", QA,
		    "** u@b.example R=r T=t: DANE error: tlsa lookup FAIL"),
	    A
	    " no-session dane=required-missing "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dane-required\",\"reason\":\"\"}]\n"
	    "0 b.example mx.a.example 192.0.2.1 no-session "
	    "dane=required-missing "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dane-required\",\"reason\":\"\"}]\n" },
	{ "mismatch",
	    DANE("0", QA,
		TLS " tlsa=8 sec=yes "
		    "data=validation-failure") DEFER("0", QA,
		TLS " tlsa=8 sec=yes err=-37 data={" INVALID
		    ": Verification failed. The certificate differs. }"),
	    A OK
	    " dane=mismatch" FROM
	    " verdict=[{\"type\":\"tlsa\",\"result\":\"validation-failure\",\"reason\":\"\"}]\n" },
	{ "no STARTTLS",
	    EHLO("0", QA, "helo=x tlsa=8") DANE("0", QA,
		"tlsa=8 "
		"data=starttls-not-supported") CLOSE("0", QA, "tlsa=8")
		DEFER("0", QA,
		    "tlsa=8 err=-38 data={" REQUIRED
		    "the server did not offer TLS support}"),
	    A NO_TLS FROM " helo=x\n" },
	{ "STARTTLS refused",
	    CLOSE("0", QA, "tlsa=8")
		DEFER("0", QA, "tlsa=8 data={" REPLY "STARTTLS: 454 no}"),
	    A " refused starttls-reply-454" FROM "\n" },
	{ "handshake",
	    DANE("0", QA,
		"tlsa=8 "
		"data=validation-failure")
		DEFER("0", QA, "tlsa=8 err=-37 data={" HAND ENDED "}"),
	    A LOST FROM
	    " verdict=[{\"type\":\"tlsa\",\"result\":\"validation-failure\",\"reason\":\"\"}]\n" },
	{ "unheard-of word",
	    DANE("0", QA,
		NO_HOST " port=-1 "
			"data=sts-webpki-invalid"),
	    "" },
	{ "none usable", EHLO("0", QA, GOOD " sec=yes sni=mx.a.example"),
	    A OK " chain=ok name=match dane=unusable" FROM "\n" },
	{ "none there", EHLO("0", QA, GOOD " sec=yes"), A TRUSTED },
};

/* One message more than once. */
static const struct scenario attempts[] = {
	{ "tried again",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}") LINE("0", QA,
		"== u@a.example R=r T=t defer (-37) H=" AT_A
		": x") "900 20 " QA
		       " REC ev=msg:host:defer err=-37 data={" HAND ENDED "}\n",
	    A LOST FROM "\n"
			"900 a.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "tried again, domains by the lines",
	    DEFER("0", QA, "dom= err=-37 data={" HAND ENDED "}") LINE("0", QA,
		"== u@a.example R=r T=t defer (-37) H=" AT_A
		": x") "900 20 " QA " REC ev=smtp:ehlo dom= " GOOD "\n"
		       "901 20 " QA
		       " REC ev=msg:delivery lip= lport=-1 dom=b.example " TLS
		       "\n",
	    A LOST FROM "\n"
			"900 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "many sessions",
	    EHLO("0", QA, GOOD) EHLO("0", QA, GOOD " lport=40002 dom=b.example")
		EHLO("0", QA, GOOD " lport=40003") TOOK("1", QA, TLS),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED A TRUSTED },
};

static void test_defers(void **state)
{
	(void)state;
	scenario_run(defers, UNIT_LEN(defers));
}

static void test_retries(void **state)
{
	(void)state;
	scenario_run(retries, UNIT_LEN(retries));
}

static void test_danes(void **state)
{
	(void)state;
	scenario_run(danes, UNIT_LEN(danes));
}

static void test_attempts(void **state)
{
	(void)state;
	scenario_run(attempts, UNIT_LEN(attempts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defers),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_danes),
		cmocka_unit_test(test_attempts),
	};

	return UNIT_RUN(tests);
}
