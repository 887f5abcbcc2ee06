/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_exim_plain.c - tests common/exim_plain.c, exim_plain_outcome.c and
 * exim_plain_done.c: entries of a log without records
 */

#include "config.h"

#include "tests/unit/exim_kit.h"

/* Entries of the message QA, for u@DOMAIN; "SECONDS 9 " QA comes before. */
#define Q       "0 9 " QA " "
#define RT      " R=r T=t"
#define X       " X=TLS1.3:C:256"
#define SENT(d) Q "=> u@" d RT " H=" AT_A
#define MORE(d) Q "-> u@" d RT " H=" AT_A
#define WAIT(d) Q "== u@" d RT " defer (-37) H=" AT_A ": "
#define FAIL(d) Q "** u@" d RT " H=" AT_A
#define NOTE    Q "H=" AT_A ": "
#define CLEAR(w) \
 Q w ": delivering unencrypted to H=" AT_A " (not in hosts_require_tls)\n"
#define DONE    Q "Completed\n"
#define DA      "a.example"
#define DB      "b.example"
#define MAIL451 REPLY "MAIL FROM:<s@s.example>: 451 no\n"
#define RCPT    REPLY "RCPT TO:<u@a.example>: 550 no\n"
#define RECV    Q "H=" AT_A " TLS error on connection (recv): "

/* "=>" and "->" */
static const struct scenario delivered[] = {
	{ "TLS", SENT(DA) X " CV=yes C=\"250 ok\"\n" DONE,
	    A OK " chain=ok name=match\n" },
	{ "not verified", SENT(DA) X " CV=no\n" DONE, A OK "\n" },
	{ "DANE", SENT(DA) X " CV=dane\n" DONE, A OK " dane=match\n" },
	{ "CV not logged", SENT(DA) X "\n" DONE, A OK "\n" },
	{ "clear", SENT(DA) "\n" DONE,
	    A " not-offered starttls-not-offered-or-refused\n" },
	{ "two recipients", SENT(DA) X " CV=yes\n" MORE(DA) X " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n" },
	{ "two domains", SENT(DA) X " CV=yes\n" MORE(DB) X " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "two connections",
	    SENT(DA) X " CV=yes\n" Q "=> v@a.example" RT " H=" AT_A X
		       " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n" A OK " chain=ok name=match\n" },
	{ "two hosts",
	    SENT(DA) X " CV=yes\n" Q "=> u@b.example" RT " H=" AT_B X
		       " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.b.example 192.0.2.2" OK
		 " chain=ok name=match\n" },
	{ "one refused behind it",
	    SENT(DA) X " CV=yes\n" Q "** v@a.example" RT " H=" AT_A X
		       " CV=yes: " RCPT DONE,
	    A OK " chain=ok name=match\n" },
	{ "one refused before it",
	    Q "** v@a.example" RT " H=" AT_A X " CV=yes: " RCPT SENT(DA) X
	    " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n" },
	{ "refused behind TLS", FAIL(DA) X " CV=yes: " RCPT DONE,
	    A OK " chain=ok name=match\n" },
	{ "refused in clear", FAIL(DA) ": " RCPT DONE,
	    A " not-offered starttls-not-offered-or-refused\n" },
	{ "one refused in clear",
	    SENT(DA) "\n" Q "** v@a.example" RT " H=" AT_A ": " RCPT DONE,
	    A " not-offered starttls-not-offered-or-refused\n" },
	{ "cutthrough",
	    Q ">> u@a.example F=<s@s.example>" RT " H=" AT_A X " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n" },
	{ "another port",
	    Q "=> u@a.example" RT " H=" AT_A ":587" X " CV=yes\n" DONE,
	    "0 other-port\n" },
	{ "ourselves",
	    Q "=> u@a.example" RT " H=localhost [127.0.0.1]" X " CV=no\n" DONE,
	    "0 submission\n" },
	{ "address literal", SENT("[192.0.2.1]") X " CV=yes\n" DONE,
	    "0 address-literal\n" },
	{ "local", Q "=> u <u@us.example> R=local T=mail_spool\n" DONE, "" },
	{ "forwarded",
	    Q "=> u@b.example <alias@a.example> R=r T=t H=" AT_A X
	      " CV=yes\n" DONE,
	    "0 b.example mx.a.example 192.0.2.1" OK " chain=ok name=match\n" },
};

/* TLS that was needed and did not come up. */
static const struct scenario failed[] = {
	{ "name", WAIT(DA) INVALID "\n", A " ok chain=ok name=mismatch\n" },
	{ "chain", WAIT(DA) INVALID ": certificate invalid\n",
	    A " ok chain=bad\n" },
	{ "DANE",
	    Q "DANE attempt failed; TLS connection to " AT_A
	      ": (certificate verification failed): "
	      "Verification failed. The certificate differs. "
	      "\n" WAIT(DA) INVALID
	    ": Verification failed. The certificate differs. \n",
	    A " ok dane=mismatch\n" },
	{ "handshake", WAIT(DA) HAND ENDED "\n", A LOST "\n" },
	{ "two domains", WAIT(DA) HAND ENDED "\n" WAIT(DB) HAND ENDED "\n",
	    A LOST "\n"
		   "0 b.example mx.a.example 192.0.2.1" LOST "\n" },
	{ "not offered",
	    NOTE REQUIRED "the server did not offer TLS support\n" WAIT(DA)
		REQUIRED "the server did not offer TLS support\n",
	    A NO_TLS "\n" },
	{ "refused",
	    NOTE REQUIRED "an attempt to start TLS failed\n" WAIT(DA) REQUIRED
	    "an attempt to start TLS failed\n",
	    A " refused\n" },
	{ "refused, 454",
	    NOTE REPLY "STARTTLS: 454 no\n" WAIT(DA) REPLY "STARTTLS: 454 no\n",
	    A " refused starttls-reply-454\n" },
	{ "lost at STARTTLS",
	    NOTE "Remote host closed connection in response to STARTTLS\n" WAIT(
		DA) "Remote host closed connection in response to STARTTLS\n",
	    A LOST "\n" },
	{ "alert in TLS 1.3",
	    RECV "A TLS fatal alert has been received: "
		 "Certificate is required\n" WAIT(
		     DA) "TLS session: error on first read\n",
	    A " failed tls-remote-alert-116-certificate-required\n" },
	{ "tried again",
	    WAIT(DA) HAND ENDED "\n"
				"900 9 " QA " == u@a.example" RT
				" defer (-37) H=" AT_A ": " HAND ENDED "\n",
	    A LOST "\n"
		   "900 a.example mx.a.example 192.0.2.1" LOST "\n" },
	{ "tried again, at once",
	    WAIT(DA) HAND ENDED "\n" WAIT(DA) HAND ENDED "\n",
	    A LOST "\n" A LOST "\n" },
	{ "the banner",
	    NOTE REPLY "initial connection: 554 no\n" FAIL(
		DA) ": " REPLY "initial connection: 554 no\n" DONE,
	    "" },
	{ "no connection",
	    Q "== u@a.example" RT " defer (111): Connection refused H=" AT_A
	      "\n",
	    "" },
	{ "retry time",
	    Q "== u@a.example" RT
	      " defer (-53): retry time not reached for any host\n",
	    "" },
};

/* A failure, then the retry in clear. */
static const struct scenario clear[] = {
	{ "handshake", CLEAR(HAND ENDED) SENT(DA) "\n" DONE,
	    "0 clear-retry\n" A LOST "\n" },
	{ "first read",
	    RECV ENDED "\n" CLEAR("TLS session: error on first read")
		SENT(DA) "\n" DONE,
	    "0 clear-retry\n" A LOST "\n" },
	{ "certificate",
	    CLEAR(INVALID ": certificate invalid") SENT(DA) "\n" DONE,
	    "0 clear-retry\n" A " ok chain=bad\n" },
	{ "two domains", CLEAR(HAND ENDED) SENT(DA) "\n" MORE(DB) "\n" DONE,
	    "0 clear-retry\n" A LOST "\n"
	    "0 b.example mx.a.example 192.0.2.1" LOST "\n" },
	{ "refused then", CLEAR(HAND ENDED) FAIL(DA) ": " RCPT DONE,
	    "0 clear-retry\n" A LOST "\n" },
	{ "deferred then",
	    CLEAR(HAND ENDED) WAIT(DA) REPLY "RCPT TO:<u@a.example>: 450 no\n",
	    "0 clear-retry\n" A LOST "\n" },
	{ "no answer then", CLEAR(HAND ENDED), "0 unclear\n" },
};

/* Behind TLS, or behind none: "==" does not tell. */
static const struct scenario late[] = {
	{ "MAIL", NOTE MAIL451 WAIT(DA) MAIL451, "0 unclear\n" },
	{ "MAIL, GnuTLS, in TLS", NOTE MAIL451 RECV ENDED "\n" WAIT(DA) MAIL451,
	    A " ok\n" },
	{ "RCPT", WAIT(DA) REPLY "RCPT TO:<u@a.example>: 452 no\n",
	    "0 unclear\n" },
	{ "RCPT, GnuTLS, in TLS",
	    RECV ENDED "\n" WAIT(DA) REPLY "RCPT TO:<u@a.example>: 452 no\n",
	    A " ok\n" },
	{ "RCPT, another recipient is delivered",
	    Q "== v@a.example" RT " defer (-44) H=" AT_A ": " REPLY
	      "RCPT TO:<v@a.example>: 452 no\n" SENT(DA) X " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n" },
	{ "RCPT, another is delivered in clear",
	    Q "== v@a.example" RT " defer (-44) H=" AT_A ": " REPLY
	      "RCPT TO:<v@a.example>: 452 no\n" SENT(DA) "\n" DONE,
	    A " not-offered starttls-not-offered-or-refused\n" },
	{ "RCPT, behind one that is delivered",
	    SENT(DA) X " CV=yes\n" Q "== v@a.example" RT " defer (-44) H=" AT_A
		       ": " REPLY "RCPT TO:<v@a.example>: 452 no\n",
	    A OK " chain=ok name=match\n" },
	{ "RCPT, then delivered",
	    WAIT(DA) REPLY "RCPT TO:<u@a.example>: 452 no\n" SENT(DA) X
	    " CV=yes\n" DONE,
	    A OK " chain=ok name=match\n"
		 "0 unclear\n" },
	{ "end of data",
	    NOTE
	    "Remote host closed connection in response to end of data\n" WAIT(
		DA) "Remote host closed connection in response to "
		    "end of data\n",
	    "0 unclear\n" },
	{ "EHLO",
	    NOTE "Remote host closed connection in response to "
		 "EHLO us.example\n" WAIT(
		     DA) "Remote host closed connection in response to "
			 "EHLO us.example\n",
	    "0 unclear\n" },
	{ "EHLO, in TLS",
	    RECV ENDED "\n" NOTE "Remote host closed connection in response to "
		       "EHLO us.example\n" WAIT(
			   DA) "Remote host closed connection in response to "
			       "EHLO us.example\n",
	    A LOST "\n" },
	{ "sending",
	    WAIT(DA) "smtp send to mx [192.0.2.1] failed: "
		     "Connection reset by peer\n",
	    "0 unclear\n" },
	{ "sending, after an alert",
	    RECV "A TLS fatal alert has been received: "
		 "Certificate is required\n" WAIT(
		     DA) "smtp send to mx [192.0.2.1] failed: "
			 "Connection reset by peer\n",
	    A " failed tls-remote-alert-116-certificate-required\n" },
	{ "sending, in TLS",
	    RECV ENDED "\n" WAIT(DA) "smtp send to mx [192.0.2.1] failed: "
				     "Connection reset by peer\n",
	    "0 unclear\n" },
};

/* What OpenSSL says before an entry. */
static const struct scenario openssl[] = {
	{ "chain",
	    Q VERIFY "depth=0 error=self-signed certificate cert=/CN=x\n" SENT(
		DA) X " CV=no\n" DONE,
	    A OK " chain=self-signed\n" },
	{ "name",
	    Q VERIFY
	    "certificate name mismatch: DN=\"/CN=x\" H=\"mx.a.example\"\n" SENT(
		DA) X " CV=no\n" DONE,
	    A OK " chain=ok name=mismatch\n" },
	{ "both",
	    Q VERIFY
	    "depth=0 error=unable to get local issuer "
	    "certificate cert=/CN=x\n" Q VERIFY
	    "certificate name mismatch: DN=\"/CN=x\" H=\"mx.a.example\"\n" SENT(
		DA) X " CV=no\n" DONE,
	    A OK " chain=untrusted name=mismatch\n" },
	{ "refused",
	    Q VERIFY "depth=0 error=certificate has expired cert=/CN=x\n" WAIT(
		DA) "TLS session: (SSL_connect): "
		    "error:0A000086:SSL routines::certificate "
		    "verify failed\n",
	    A " ok chain=expired\n" },
	{ "refused, then another host",
	    Q VERIFY
	    "certificate name mismatch: DN=\"/CN=x\" H=\"mx.a.example\"\n" Q
	    "=> u@a.example" RT " H=" AT_B X " CV=yes\n" DONE,
	    A " ok chain=ok name=mismatch\n"
	      "0 a.example mx.b.example 192.0.2.2" OK
	      " chain=ok name=match\n" },
	{ "of another host",
	    Q "[192.0.2.9] SSL verify error: depth=0 "
	      "error=certificate has expired cert=/CN=x\n" SENT(DA) X
	    " CV=no\n" DONE,
	    "0 a.example 192.0.2.9 ok chain=expired\n" A OK "\n" },
	{ "deferred behind it",
	    Q VERIFY "depth=0 error=self-signed certificate cert=/CN=x\n" WAIT(
		DA) REPLY "RCPT TO:<u@a.example>: 452 no\n",
	    A " ok chain=self-signed\n" },
};

/* No connection at all. */
static const struct scenario no_session[] = {
	{ "TLSA lookup",
	    NOTE "DANE error: tlsa lookup DEFER\n" Q "== u@a.example" RT
		 " defer (-36): DANE error: tlsa lookup DEFER\n",
	    A " no-session tlsa-lookup-failed dane=lookup-failed\n" },
	{ "two domains",
	    NOTE "DANE error: tlsa lookup DEFER\n" Q "== u@a.example" RT
		 " defer (-36): DANE error: tlsa lookup DEFER\n" Q
		 "== u@b.example" RT
		 " defer (-36): DANE error: tlsa lookup DEFER\n",
	    A " no-session tlsa-lookup-failed dane=lookup-failed\n"
	      "0 b.example mx.a.example 192.0.2.1 no-session "
	      "tlsa-lookup-failed dane=lookup-failed\n" },
	{ "required",
	    Q "** u@a.example" RT ": DANE error: tlsa lookup FAIL\n" DONE,
	    "0 a.example no-session dane=required-missing\n" },
	{ "required, no DNSSEC",
	    Q "** u@a.example" RT
	      ": DANE error: mx.a.example lookup not DNSSEC\n" DONE,
	    "0 a.example mx.a.example no-session dane=required-missing\n" },
};

/* Over the connection of an earlier message. */
static const struct scenario rides[] = {
	{ "two messages",
	    SENT(DA) X " CV=yes\n" DONE "1 9 " QB " => u@b.example" RT
		       " H=" AT_A "*" X " CV=no\n"
		       "1 9 " QB " Completed\n",
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "the same domain",
	    SENT(DA) X " CV=yes\n" DONE "1 9 " QB " => u@a.example" RT
		       " H=" AT_A "*" X " CV=no\n"
		       "1 9 " QB " Completed\n",
	    A OK " chain=ok name=match\n" },
	{ "first one not seen",
	    Q "=> u@a.example" RT " H=" AT_A "*" X " CV=yes\n" DONE,
	    "0 orphan\n" },
	{ "another host",
	    SENT(DA) X " CV=yes\n" DONE "1 9 " QB " => u@b.example" RT
		       " H=" AT_B "*" X " CV=no\n"
		       "1 9 " QB " Completed\n",
	    A OK " chain=ok name=match\n"
		 "1 orphan\n" },
	{ "logged before the first is done",
	    SENT(DA) X " CV=yes\n"
		       "1 9 " QB " => u@b.example" RT " H=" AT_A "*" X
		       " CV=no\n" DONE "1 9 " QB " Completed\n",
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "done before the first is done",
	    SENT(DA) X " CV=yes\n"
		       "1 9 " QB " => u@b.example" RT " H=" AT_A "*" X
		       " CV=no\n"
		       "1 9 " QB " Completed\n" DONE,
	    "1 orphan\n" A OK " chain=ok name=match\n" },
	{ "refused",
	    SENT(DA) X " CV=yes\n" DONE "1 9 " QB " ** u@b.example" RT
		       " H=" AT_A "*" X " CV=no: " RCPT "1 9 " QB
		       " Completed\n",
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "deferred",
	    SENT(DA) X " CV=yes\n" DONE "1 9 " QB " == u@b.example" RT
		       " defer (-44) H=" AT_A "*: " RCPT,
	    A OK " chain=ok name=match\n"
		 "0 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "in clear, TLS failed there",
	    SENT(DA) "\n" DONE "1 9 " QB " == u@b.example" RT
		     " defer (-37) H=" AT_A "*: " HAND ENDED "\n",
	    A " not-offered starttls-not-offered-or-refused\n"
	      "1 b.example mx.a.example 192.0.2.1" LOST "\n" },
};

/* A host before another one. */
static const struct scenario notes[] = {
	{ "then another host",
	    NOTE REQUIRED "an attempt to start TLS failed\n" Q
			  "=> u@a.example" RT " H=" AT_B X " CV=yes\n" DONE,
	    A " refused\n"
	      "0 a.example mx.b.example 192.0.2.2" OK
	      " chain=ok name=match\n" },
	{ "then another host, two domains",
	    NOTE REQUIRED "an attempt to start TLS failed\n" Q
			  "=> u@a.example" RT " H=" AT_B X " CV=yes\n" Q
			  "-> u@b.example" RT " H=" AT_B X " CV=yes\n" DONE,
	    A " refused\n"
	      "0 b.example mx.a.example 192.0.2.1 refused\n"
	      "0 a.example mx.b.example 192.0.2.2" OK " chain=ok name=match\n"
	      "0 b.example mx.b.example 192.0.2.2" OK
	      " chain=ok name=match\n" },
	{ "of whom is not plain",
	    NOTE REQUIRED "an attempt to start TLS failed\n" Q
			  "=> u@a.example" RT " H=" AT_B X " CV=yes\n" Q
			  "=> u@b.example" RT " H=mx.c.example [192.0.2.3]" X
			  " CV=yes\n" DONE,
	    "0 a.example mx.b.example 192.0.2.2" OK " chain=ok name=match\n"
	    "0 b.example mx.c.example 192.0.2.3" OK " chain=ok name=match\n"
	    "0 unclear\n" },
	{ "several hosts, one domain",
	    NOTE REQUIRED "an attempt to start TLS failed\n" Q
			  "=> u@a.example" RT " H=" AT_B X " CV=yes\n" Q
			  "=> v@a.example" RT " H=mx.c.example [192.0.2.3]" X
			  " CV=yes\n" DONE,
	    A " refused\n"
	      "0 a.example mx.b.example 192.0.2.2" OK " chain=ok name=match\n"
	      "0 a.example mx.c.example 192.0.2.3" OK
	      " chain=ok name=match\n" },
	{ "nothing follows", NOTE REQUIRED "an attempt to start TLS failed\n",
	    "0 unclear\n" },
};

/* When it is counted. */
static const struct scenario ends[] = {
	{ "never completed", SENT(DA) X " CV=yes\n",
	    A OK " chain=ok name=match\n" },
	{ "long silent",
	    SENT(DA) X " CV=yes\n"
		       "4502 9 " QB " => u@b.example" RT " H=" AT_A X
		       " CV=yes\n",
	    A OK " chain=ok name=match\n"
		 "4502 b.example mx.a.example 192.0.2.1" OK
		 " chain=ok name=match\n" },
	{ "records come",
	    SENT(DA) X " CV=yes\n" EHLO("1", QA, GOOD) "1 9 " QA " Completed\n",
	    "1 a.example mx.a.example 192.0.2.1" TRUSTED },
	{ "records came", EHLO("0", QA, GOOD) SENT(DA) X " CV=yes\n" DONE,
	    A TRUSTED },
	{ "frozen, then forgotten",
	    WAIT(DA) HAND ENDED "\n"
				"400 9 " QB " <= s@s.example\n"
				"500 9 " QA " == u@a.example" RT
				" defer (-37) H=" AT_A ": " HAND ENDED "\n",
	    A LOST "\n"
		   "500 a.example mx.a.example 192.0.2.1" LOST "\n" },
};

static void test_delivered(void **state)
{
	(void)state;
	scenario_run(delivered, UNIT_LEN(delivered));
}

static void test_failed(void **state)
{
	(void)state;
	scenario_run(failed, UNIT_LEN(failed));
}

static void test_clear(void **state)
{
	(void)state;
	scenario_run(clear, UNIT_LEN(clear));
}

static void test_late(void **state)
{
	(void)state;
	scenario_run(late, UNIT_LEN(late));
}

static void test_openssl(void **state)
{
	(void)state;
	scenario_run(openssl, UNIT_LEN(openssl));
}

static void test_no_session(void **state)
{
	(void)state;
	scenario_run(no_session, UNIT_LEN(no_session));
}

static void test_rides(void **state)
{
	(void)state;
	scenario_run(rides, UNIT_LEN(rides));
}

static void test_notes(void **state)
{
	(void)state;
	scenario_run(notes, UNIT_LEN(notes));
}

static void test_ends(void **state)
{
	(void)state;
	scenario_run(ends, UNIT_LEN(ends));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_openssl),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_rides),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_ends),
	};

	return UNIT_RUN(tests);
}
