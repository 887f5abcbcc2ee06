/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_proxy.c - tests common/postfix_proxy.c */

#include "config.h"

#include "tests/unit/postfix_kit.h"

#define P    "0 10 "
#define O    "0 11 " /* another process */
#define X    "0 12/postfix/tlsproxy "
#define U    "u@a.example"
#define DA   "a.example"
#define AT_A "0 a.example mx.a.example 192.0.2.1 "
#define AT_B "0 a.example mx.b.example 192.0.2.2 "
#define OK_A AT_A "ok TLSv1.3 chain=ok\n"
#define OK_B AT_B "ok TLSv1.3 chain=ok\n"
#define AT(q, rcpt, x, delays, status) \
 TO_FULL(q, rcpt, PEER_##x, delays, "", status)
#define UNTOLD "0 tls-not-logged\n"
#define SILENT AT_A "not-offered tls-not-logged\n"

#define X_UP X UP(A)
#define X_TIMEOUT \
 X "warning: ciphertext read/write timeout for [192.0.2.1]:25\n"
#define TIMED_OUT AT_A "failed timeout-during-handshake\n"
#define X_FAIL    X "TLS handshake failed for service=smtp peer=[192.0.2.1]:25\n"
#define X_LIB     X LIBRARY("sslv3 alert handshake failure")
#define ALERTED   AT_A "failed tls-remote-alert-40-handshake-failure\n"
#define GONE \
 P "warning: connect to private/tlsproxy service: No such file or directory\n"

/* tlsproxy(8) says why. */
static const struct scenario proxied[] = {
	{ "up", X_UP P UP(A) P TO(QA, U, A, SENT), OK_A },
	{ "expired",
	    X VERIFY(A, "certificate has expired") X UNTRUSTED(A) P UNTRUSTED(A)
		P TO(QA, U, A, DEFER(NO_VERIFY)),
	    AT_A "ok TLSv1.3 chain=expired\n" },
	{ "expired, loglevel 0",
	    X VERIFY(A, "certificate has expired") X UNTRUSTED(A)
		P TO(QA, U, A, DEFER(NO_VERIFY)),
	    AT_A "ok chain=expired\n" },
	{ "alert", X_LIB X_FAIL P TO(QA, U, A, DEFER(NO_START)), ALERTED },
	{ "alert, then another server",
	    X_LIB X_FAIL P PART(QA, NO_START) P UP(B) P TO(QA, U, B, SENT),
	    "0 a.example 192.0.2.1 failed "
	    "tls-remote-alert-40-handshake-failure\n" OK_B },
	{ "two alerts, then another server: nobody knows whose",
	    X_LIB X_FAIL X "TLS handshake failed for service=smtp "
			   "peer=[192.0.2.2]:25\n" P PART(QA, NO_START) P UP(C)
			       P TO(QA, U, C, SENT),
	    "0 a.example failed tls-handshake-failure\n"
	    "0 a.example mx.c.example 2001:db8::3 ok TLSv1.3 chain=ok\n" },
	{ "time-out", X_TIMEOUT X_FAIL P TO(QA, U, A, DEFER(NO_START)),
	    TIMED_OUT },
	{ "time-out, then another server",
	    X_TIMEOUT X_FAIL P PART(QA, NO_START) P UP(B) P TO(QA, U, B, SENT),
	    "0 a.example 192.0.2.1 failed timeout-during-handshake\n" OK_B },
	{ "time-out of an older connection, then an alert",
	    X_TIMEOUT X_LIB X_FAIL P TO(QA, U, A, DEFER(NO_START)), ALERTED },
	{ "time-out of an older connection, then another is up",
	    X_TIMEOUT X_UP P UP(A) P TO(QA, U, A, SENT), OK_A },
	{ "time-out of an older connection, another comes up, a third fails",
	    X_TIMEOUT X_UP X_FAIL P TO(QA, U, A, DEFER(NO_START)),
	    AT_A "failed tls-handshake-failure\n" },
	{ "time-out of another process",
	    X_TIMEOUT "0 13/postfix/tlsproxy TLS handshake failed for "
		      "service=smtp peer=[192.0.2.1]:25\n" P TO(
			  QA, U, A, DEFER(NO_START)),
	    AT_A "failed tls-handshake-failure\n" },
	{ "time-out at another server",
	    X
	    "warning: ciphertext read/write timeout for [192.0.2.2]:25\n" X_FAIL
		P TO(QA, U, A, DEFER(NO_START)),
	    AT_A "failed tls-handshake-failure\n" },
	{ "two deliveries to one server",
	    X_LIB X_FAIL P TO(QA, U, A, DEFER(NO_START))
		O TO(QB, U, A, DEFER(NO_START)),
	    ALERTED ALERTED },
	{ "too long ago", X_LIB X_FAIL "61 10 " TO(QA, U, A, DEFER(NO_START)),
	    "61 a.example mx.a.example 192.0.2.1 failed "
	    "tls-handshake-failure\n" },
	{ "another server", X_LIB X_FAIL P TO(QA, U, B, DEFER(NO_START)),
	    AT_B "failed tls-handshake-failure\n" },
	{ "result of Postfix",
	    X RPT_NO(DA, A, "certificate_expired") X UNTRUSTED(A) P UNTRUSTED(A)
		P TO(QA, U, A, DEFER(NO_VERIFY)),
	    AT_A "ok TLSv1.3 chain=expired [{\"type\":\"\",\"result\":"
		 "\"certificate-expired\",\"reason\":\"\"}]\n" },
	{ "results for two domains at one server",
	    X RPT_NO(DA, A, "certificate_expired")
		X_FAIL X RPT_NO("b.example", A, "certificate_host_mismatch")
		    X_FAIL P TO(QA, U, A, DEFER(NO_START)),
	    AT_A
	    "failed tls-handshake-failure chain=expired [{\"type\":\"\",\"result\":"
	    "\"certificate-expired\",\"reason\":\"\"}]\n" },
	{ "not there: our fault", GONE P TO(QA, U, A, DEFER(NO_START)),
	    "0 unclear\n" },
	{ "not there, once",
	    GONE P TO(QA, U, A, DEFER(NO_START))
		P AT(QA, U, A, "9/9/9/9", DEFER(NO_START)),
	    "0 unclear\n" AT_A "failed tls-handshake-failure\n" },
	{ "not there, and TLS is not needed", GONE P TO(QA, U, A, SENT),
	    SILENT UNTOLD },
};

static void test_proxied(void **state)
{
	(void)state;
	scenario_run(proxied, UNIT_LEN(proxied));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxied),
	};

	return UNIT_RUN(tests);
}
