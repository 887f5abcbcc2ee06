/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_exim_join.c - tests common/exim_join.c: whose session was it, where the
 * record itself names no domain
 */

#include "config.h"

#include "tests/unit/exim_kit.h"

/* A recipient who has to wait, or failed, at mx.a.example or mx.b.example. */
#define RT        " R=r T=t"
#define WAIT(d)   LINE("1", QA, "== u@" d RT " defer (-37) H=" AT_A ": x")
#define FAIL(d)   LINE("1", QA, "** u@" d RT " H=" AT_A ": x")
#define WAIT_B(d) LINE("1", QA, "== u@" d RT " defer (-37) H=" AT_B ": x")
#define HS        "dom= err=-37 data={" HAND ENDED "}"
#define NONE      "dom= lip= lport=-1 port=-1 ip= mx="
#define A2        "0 a.example mx.b.example 192.0.2.2"

/* The deliveries name the domains. */
static const struct scenario deliveries[] = {
	{ "two domains",
	    EHLO("0", QA, GOOD " dom=") TOOK("1", QA, TLS)
		TOOK("1", QA, TLS " dom=b.example"),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "the same domain twice",
	    EHLO("0", QA, GOOD " dom=") TOOK("1", QA, TLS) TOOK("1", QA, TLS),
	    A TRUSTED },
	{ "one of them left out",
	    EHLO("0", QA, GOOD " dom=") TOOK("1", QA, TLS)
		TOOK("1", QA, TLS " dom=[192.0.2.1]"),
	    A TRUSTED "0 address-literal\n" },
	{ "refused STARTTLS",
	    CLOSE("0", QA, "dom=") TOOK("1", QA, "")
		TOOK("1", QA, "dom=b.example"),
	    A " refused" FROM "\n"
	      "0 b.example mx.a.example 192.0.2.1 refused" FROM "\n" },
	{ "not offered",
	    EHLO("0", QA, "dom= helo=x") TOOK("1", QA, "")
		TOOK("1", QA, "dom=b.example"),
	    A NO_TLS FROM " helo=x\n"
			  "0 b.example mx.a.example 192.0.2.1" NO_TLS FROM
			  " helo=x\n" },
	{ "two connections",
	    EHLO("0", QA, GOOD " dom=") EHLO("0", QA, GOOD " dom= lport=40002")
		TOOK("1", QA, TLS) TOOK("1", QA, TLS " dom=b.example"),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED
		      "0 unclear\n" },
	{ "two connections, each with its domain",
	    EHLO("0", QA, GOOD) EHLO("0", QA, GOOD " dom=b.example lport=40002")
		TOOK("1", QA, TLS) TOOK("1", QA, TLS " dom=b.example"),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "two messages at the same time",
	    EHLO("0", QA, GOOD " dom=") EHLO("0", QB, GOOD " dom= lport=40002")
		TOOK("1", QA, TLS) TOOK("1", QB, TLS " dom=b.example"),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "in TLS, but the connection was in clear",
	    CLOSE("0", QA, "dom=") TOOK("1", QA, TLS),
	    "1 orphan\n"
	    "0 unclear\n" },
	{ "smart host known by the delivery",
	    CLOSE("0", QA, "dom= ip= mx= port=0") TOOK("1", QA, "sec="),
	    "0 mx.a.example mx.a.example 192.0.2.1 refused" FROM "\n" },
	{ "another port known by the delivery",
	    CLOSE("0", QA, "dom= ip= mx= port=0") TOOK("1", QA, "port=587"),
	    "0 other-port\n" },
};

/* So do recipients that have to wait. */
static const struct scenario refusals[] = {
	{ "deferred", DEFER("0", QA, HS) WAIT("a.example") WAIT("b.example"),
	    A LOST FROM "\n"
			"0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "failed", DEFER("0", QA, HS) FAIL("a.example") FAIL("b.example"),
	    A LOST FROM "\n"
			"0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "refused behind TLS",
	    EHLO("0", QA, GOOD " dom=") FAIL("a.example")
		TOOK("1", QA, TLS " dom=b.example"),
	    A TRUSTED "0 b.example mx.a.example 192.0.2.1" TRUSTED },
	{ "address literal", DEFER("0", QA, HS) WAIT("[192.0.2.1]"),
	    "0 address-literal\n" },
	{ "no address at all",
	    DEFER("0", QA, HS)
		LINE("1", QA, "== u R=r T=t defer (-37) H=" AT_A ": x"),
	    "0 unclear\n" },
	{ "no host in the line",
	    DEFER("0", QA, HS)
		LINE("1", QA, "== u@a.example R=r T=t defer (-1): x"),
	    "0 unclear\n" },
	{ "the first one is named",
	    DEFER("0", QA, "err=-37 data={" HAND ENDED "}") WAIT("a.example")
		WAIT("b.example"),
	    A LOST FROM "\n"
			"0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "TLS-Required: no", DEFER("0", QA, "tlsreq=no " HS) WAIT("a.example"),
	    "0 tls-required-no\n" },
};

/* What the same process gave up before. */
static const struct scenario before[] = {
	{ "then delivered elsewhere",
	    DEFER("0", QA, HS) EHLO("0", QA, GOOD " dom=" ON_B)
		TOOK("1", QA, TLS " ip=192.0.2.2 mx=mx.b.example") TOOK(
		    "1", QA, TLS " dom=b.example ip=192.0.2.2 mx=mx.b.example"),
	    "0 a.example mx.b.example 192.0.2.2" TRUSTED A LOST FROM "\n"
	    "0 b.example mx.b.example 192.0.2.2" TRUSTED
	    "0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "then in clear",
	    DEFER("0", QA, HS) CLOSE("0", QA, "dom= lport=40002")
		TOOK("1", QA, "") TOOK("1", QA, "dom=b.example"),
	    "0 clear-retry\n" A LOST FROM "\n"
	    "0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "then in vain",
	    DEFER("0", QA,
		HS) "0 10 " QA
		    " REC ev=msg:host:defer dom= err=-37 data={" HAND ENDED
		    "}" ON_B "\n" WAIT_B("a.example") WAIT_B("b.example"),
	    "0 a.example mx.b.example 192.0.2.2" LOST FROM "\n" A LOST FROM "\n"
	    "0 b.example mx.b.example 192.0.2.2" LOST FROM "\n"
	    "0 b.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "of another process",
	    DEFER("0", QA, HS) "0 11 " QA " REC ev=smtp:ehlo dom= " GOOD ON_B
			       "\n" TOOK("1", QA,
				   TLS " ip=192.0.2.2 mx=mx.b.example"),
	    "0 a.example mx.b.example 192.0.2.2" TRUSTED "0 unclear\n" },
};

/* DANE: one domain a connection, and no record names any. */
static const struct scenario dane[] = {
	{ "three",
	    EHLO("0", QA, GOOD " dane=yes tlsa=8 dom=")
		EHLO("0", QA, GOOD " dane=yes tlsa=8 dom= lport=40002")
		    EHLO("0", QA, GOOD " dane=yes tlsa=8 dom= lport=40003")
			TOOK("1", QA, TLS) TOOK("1", QA, TLS " dom=b.example")
			    TOOK("1", QA, TLS " dom=c.example"),
	    A OK " dane=match" FROM "\n"
		 "0 b.example mx.a.example 192.0.2.1" OK " dane=match" FROM "\n"
		 "0 c.example mx.a.example 192.0.2.1" OK " dane=match" FROM
		 "\n" },
	{ "two recipients of one",
	    EHLO("0", QA, GOOD " dane=yes tlsa=8 dom=") EHLO("0", QA,
		GOOD " dane=yes tlsa=8 dom= lport=40002") TOOK("1", QA, TLS)
		TOOK("1", QA, TLS) TOOK("1", QA, TLS " dom=b.example"),
	    A OK " dane=match" FROM "\n"
		 "0 b.example mx.a.example 192.0.2.1" OK " dane=match" FROM
		 "\n" },
};

/* No connection. */
static const struct scenario without[] = {
	{ "the line names the host before",
	    "0 10 " QA " REC ev=dane:fail " NONE
	    " data=dnssec-invalid\n" LINE("0", QA,
		"== u@a.example R=r T=t defer (-36) H=" AT_A
		": DANE error: tlsa lookup DEFER"),
	    "0 a.example no-session tlsa-lookup-failed "
	    "dane=lookup-failed "
	    "verdict=[{\"type\":\"tlsa\",\"result\":\"dnssec-invalid\",\"reason\":\"\"}]\n" },
	{ "no line",
	    "0 10 " QA " REC ev=dane:fail " NONE " data=dnssec-invalid\n",
	    "0 unclear\n" },
	{ "a delivery",
	    "0 10 " QA " REC ev=dane:fail " NONE
	    " data=dnssec-invalid\n" TOOK("1", QA, TLS),
	    "1 orphan\n"
	    "0 unclear\n" },
};

/* Whose host is another one. */
static const struct scenario hosts[] = {
	{ "delivered to",
	    EHLO("0", QA, GOOD " dom=")
		TOOK("1", QA, TLS " ip=192.0.2.2 mx=mx.b.example"),
	    "1 orphan\n"
	    "0 unclear\n" },
	{ "deferred at", DEFER("0", QA, HS) WAIT_B("a.example"),
	    "0 unclear\n" },
};

static void test_deliveries(void **state)
{
	(void)state;
	scenario_run(deliveries, UNIT_LEN(deliveries));
}

static void test_refusals(void **state)
{
	(void)state;
	scenario_run(refusals, UNIT_LEN(refusals));
}

static void test_before(void **state)
{
	(void)state;
	scenario_run(before, UNIT_LEN(before));
}

static void test_dane(void **state)
{
	(void)state;
	scenario_run(dane, UNIT_LEN(dane));
}

static void test_without(void **state)
{
	(void)state;
	scenario_run(without, UNIT_LEN(without));
}

static void test_hosts(void **state)
{
	(void)state;
	scenario_run(hosts, UNIT_LEN(hosts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deliveries),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_dane),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_hosts),
	};

	return UNIT_RUN(tests);
}
