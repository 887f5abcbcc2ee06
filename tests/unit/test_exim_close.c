/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_close.c - tests common/exim_close.c */

#include "config.h"

#include "tests/unit/exim_kit.h"

/* No smtp:ehlo, but tcp:close: it was offered. */
static const struct scenario refused[] = {
	{ "refused", CLOSE("0", QA, "") TOOK("1", QA, ""),
	    A " refused" FROM "\n" },
	{ "refused, TLS required",
	    CLOSE("0", QA, "") DEFER("0", QA,
		"err=-38 data={" REQUIRED "an attempt to start TLS failed}"),
	    A " refused" FROM "\n" },
	{ "refused, no second try",
	    CLOSE("0", QA, "")
		DEFER("0", QA, "data={" REPLY "STARTTLS: 454 no}"),
	    A " refused starttls-reply-454" FROM "\n" },
	{ "no answer to STARTTLS",
	    CLOSE("0", QA, "") DEFER("0", QA,
		"data={Remote host closed connection in response to STARTTLS}"),
	    A LOST FROM "\n" },
	{ "STARTTLS never ends",
	    CLOSE("0", QA, "") DEFER("0", QA,
		"data={SMTP timeout after STARTTLS: Connection timed out}"),
	    A " failed timeout-during-handshake" FROM "\n" },
	{ "in vain",
	    CLOSE("0", QA, "")
		DEFER("0", QA, "data={" REPLY "RCPT TO:<u@a.example>: 450 no}"),
	    A " refused" FROM "\n" },
	{ "banner",
	    CLOSE("0", QA, "")
		DEFER("0", QA, "data={" REPLY "initial connection: 554 no}"),
	    "" },
	{ "closed at EHLO",
	    CLOSE("0", QA, "") DEFER("0", QA,
		"data={Remote host closed connection in "
		"response to EHLO us.example}"),
	    "" },
	{ "not a word more", CLOSE("0", QA, ""), "0 unclear\n" },
	{ "next attempt of the process",
	    CLOSE("0", QA, "") EHLO("0", QA, GOOD ON_B),
	    A " refused" FROM "\n"
	      "0 a.example mx.b.example 192.0.2.2" TRUSTED },
	{ "another message", CLOSE("0", QA, "") EHLO("0", QB, GOOD ON_B),
	    "0 a.example mx.b.example 192.0.2.2" TRUSTED "0 unclear\n" },
};

/* One connection, several messages. */
static const struct scenario continued[] = {
	{ "two messages",
	    EHLO("0", QA, GOOD) TOOK("1", QA,
		TLS) "2 9 " QB " REC ev=msg:delivery dom=a.example " TLS "\n",
	    A TRUSTED },
	{ "two messages, two domains",
	    EHLO("0", QA, GOOD) TOOK("1", QA,
		TLS) "2 9 " QB " REC ev=msg:delivery dom=b.example " TLS "\n",
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "passed on, closed at last",
	    EHLO("0", QA, GOOD) TOOK("1", QA,
		TLS) "2 11 " QB " REC ev=tcp:close port=0 ip= mx= dom=\n"
		     "2 9 " QB " REC ev=msg:delivery dom=b.example " TLS "\n"
		     "3 11 " QB " REC ev=tcp:close port=-1 ip= mx= dom=\n",
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "in clear, not offered",
	    EHLO("0", QA, "helo=x") CLOSE("1", QA, "port=0 ip= mx= dom=") TOOK(
		"1", QA, "") "2 9 " QB " REC ev=msg:delivery dom=b.example\n",
	    A NO_TLS FROM " helo=x\n"
			  "0 b.example mx.a.example 192.0.2.1" NO_TLS FROM
			  " helo=x\n" },
	{ "in clear, refused",
	    CLOSE("1", QA, "port=0 ip= mx= dom=") TOOK("1", QA,
		"") "2 9 " QB " REC ev=msg:delivery dom=b.example\n"
		    "3 11 " QB " REC ev=tcp:close port=-1 ip= mx= dom=\n",
	    "1 a.example mx.a.example 192.0.2.1 refused" FROM "\n"
	    "1 b.example mx.a.example 192.0.2.1 refused" FROM "\n" },
	{ "TLS at the second try",
	    CLOSE("1", QA, "port=0 ip= mx= dom=") TOOK("1", QA,
		"") "2 11 " QB
		    " REC ev=smtp:ehlo port=-1 dom=b.example helo=x " GOOD "\n"
		    "3 9 " QB " REC ev=msg:delivery dom=b.example " TLS "\n",
	    "1 a.example mx.a.example 192.0.2.1 refused" FROM "\n"
	    "2 b.example mx.a.example 192.0.2.1" OK " chain=ok name=match" FROM
	    " helo=x\n" },
	{ "refused in vain",
	    EHLO("0", QA, GOOD) TOOK("1", QA,
		TLS) "2 11 " QB " REC ev=tcp:close port=-1 dom=b.example\n"
		     "2 9 " QB " ** u@b.example R=r T=t H=" AT_A
		     "* X=TLS1.3:C:256 CV=no: SMTP error from "
		     "remote mail server after RCPT "
		     "TO:<u@b.example>: 550 no\n",
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "port in use again",
	    EHLO("0", QA, GOOD) TOOK("1", QA,
		TLS) "2 11 " QB " REC ev=tcp:close"
		     " dom=b.example\n"
		     "2 9 " QB
		     " REC ev=msg:delivery lip= lport=-1 dom=b.example\n",
	    A TRUSTED "2 b.example mx.a.example 192.0.2.1 refused" FROM "\n" },
	{ "another host by then",
	    EHLO("0", QA, GOOD) TOOK(
		"1", QA, TLS) "2 9 " QB " REC ev=msg:delivery dom=b.example "
			      "ip=192.0.2.2 mx=mx.b.example " TLS "\n",
	    A TRUSTED "2 orphan\n" },
	{ "after a long time",
	    EHLO("0", QA, GOOD) TOOK(
		"1", QA, TLS) "4502 9 " QB
			      " REC ev=msg:delivery dom=b.example " TLS "\n",
	    A TRUSTED "4502 orphan\n" },
};

/* Addresses that are verified: left out. */
static const struct scenario callouts[] = {
	{ "TLS", "0 10 REC ev=smtp:ehlo id= vfy=R " GOOD "\n", "0 callout\n" },
	{ "refused", "0 10 REC ev=tcp:close vfy=R ip= mx= port=0\n",
	    "0 callout\n" },
	{ "came to nothing", "0 10 REC ev=tcp:close vfy=R\n", "0 callout\n" },
	{ "DANE mismatch",
	    "0 10 REC ev=dane:fail vfy=R tlsa=8 " TLS " "
	    "data=validation-failure"
	    "\n",
	    "0 callout\n" },
	{ "cutthrough",
	    "0 10 REC ev=smtp:ehlo vfy=R " GOOD "\n"
	    "1 10 " QA " REC ev=msg:delivery " TLS "\n",
	    A TRUSTED },
	{ "cutthrough, refused",
	    "0 10 REC ev=tcp:close vfy=R ip= mx= port=0\n"
	    "1 10 " QA " REC ev=msg:delivery\n",
	    A " refused" FROM "\n" },
};

/* The same, counted. */
static const struct scenario counted_callouts[] = {
	{ "TLS", "0 10 REC ev=smtp:ehlo vfy=R " GOOD "\n", A TRUSTED },
	{ "not offered",
	    "0 10 REC ev=smtp:ehlo vfy=R helo=x\n"
	    "0 10 REC ev=tcp:close vfy=R\n",
	    A NO_TLS FROM " helo=x\n" },
	{ "refused", "0 10 REC ev=tcp:close vfy=R ip= mx=\n",
	    "0 a.example refused" FROM "\n" },
	{ "came to nothing", "0 10 REC ev=tcp:close vfy=R\n", "0 unclear\n" },
	{ "handshake, then in clear",
	    "0 10 REC ev=tcp:close vfy=R\n"
	    "0 10 REC ev=tcp:close vfy=R ip= mx= lport=40002\n",
	    A " failed tls-handshake-failure" FROM "\n" },
	{ "DANE mismatch",
	    "0 10 REC ev=dane:fail vfy=R tlsa=8 " TLS " "
	    "data=validation-failure"
	    "\n",
	    A OK
	    " dane=mismatch" FROM
	    " verdict=[{\"type\":\"tlsa\",\"result\":\"validation-failure\",\"reason\":\"\"}]\n" },
	{ "DANE handshake",
	    "0 10 REC ev=dane:fail vfy=R tlsa=8 "
	    "data=validation-failure"
	    "\n",
	    A
	    " failed tls-handshake-failure" FROM
	    " verdict=[{\"type\":\"tlsa\",\"result\":\"validation-failure\",\"reason\":\"\"}]\n" },
	{ "TLSA lookup",
	    "0 10 REC ev=dane:fail vfy=R port=-1 lport=-1 lip= "
	    "data=dnssec-invalid"
	    "\n",
	    A
	    " no-session tlsa-lookup-failed "
	    "dane=lookup-failed "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dnssec-invalid\",\"reason\":\"\"}]\n" },
	{ "cutthrough",
	    "0 10 REC ev=smtp:ehlo vfy=R " GOOD "\n"
	    "1 10 " QA " REC ev=msg:delivery " TLS "\n",
	    A TRUSTED },
	{ "two of one process",
	    "0 10 REC ev=smtp:ehlo vfy=R " GOOD "\n"
	    "1 10 REC ev=smtp:ehlo vfy=R dom=b.example" ON_B " " GOOD "\n",
	    A TRUSTED "1 b.example mx.b.example 192.0.2.2" TRUSTED },
};

static void test_refused(void **state)
{
	(void)state;
	scenario_run(refused, UNIT_LEN(refused));
}

static void test_continued(void **state)
{
	(void)state;
	scenario_run(continued, UNIT_LEN(continued));
}

static void test_callouts(void **state)
{
	(void)state;
	scenario_run(callouts, UNIT_LEN(callouts));
}

static void test_counted_callouts(void **state)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own,
		.has_callouts = true };

	(void)state;
	scenario_run_with(counted_callouts, UNIT_LEN(counted_callouts), &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_continued),
		cmocka_unit_test(test_callouts),
		cmocka_unit_test(test_counted_callouts),
	};

	return UNIT_RUN(tests);
}
