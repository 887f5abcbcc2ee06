/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_postfix_again.c - the rule of common/mta.h that makes "exactly once"
 * true: begun anew at any line not behind mta_oldest(), the parser gives the
 * same events for all later lines
 *
 * Logs are made up: processes that follow scripts, interleaved, with lines
 * lost, lines out of place, gaps, clocks that go back, and numbers that
 * collide.
 */

#include "config.h"

#include "tests/unit/again_kit.h"
#include "tests/unit/postfix_kit.h"

#ifndef ROUNDS
# define ROUNDS 150
#endif

enum {
	PROCESSES = 6,
};

/*
 * Templates. %q queue id, %m a server without port, %p with it, %d next hop,
 * %r a recipient, %s a sender, %t tls=, %w a word of trust. Lines of other
 * programs than smtp begin with "/PROGRAM ".
 */
#define L_UP \
 "%w TLS connection established to %p: TLSv1.3 with cipher C (1/1 bits)"
#define L_REUSED "Trusted TLS connection reused to %p: TLSv1.3 with cipher C"
#define L_ERR    "SSL_connect error to %p: lost connection"
#define L_ERR_1  "SSL_connect error to %p: -1"
#define L_LIB                                                              \
 "warning: TLS library problem: error:0A000410:SSL routines::sslv3 alert " \
 "handshake failure:a.c:1:SSL alert number 40:"
#define L_VFY \
 "server certificate verification failed for %p: certificate has expired"
#define L_DANE \
 "server certificate verification failed for %p: num=65:no matching DANE"
#define L_UNUS "warning: %p: all TLSA records unusable, fallback to x"
#define L_RPT  "TLSRPT: status=success, domain=%d, receiving_mx=%m"
#define L_RPT_S                                         \
 "TLSRPT: status=failure, domain=%d, receiving_mx=%m, " \
 "failure_type=starttls_not_supported"
#define L_RPT_E                                         \
 "TLSRPT: status=failure, domain=%d, receiving_mx=%m, " \
 "failure_type=certificate_expired"
#define L_LOOK                                                  \
 "warning: TLS policy lookup for %d/mx.a.example: TLSA lookup " \
 "error for mx.a.example:25"
#define L_MX \
 "warning: MX name 'mx.b.example' does not match STS MX pattern for '%d'"
#define L_OFFER "Host offered STARTTLS: [mx.a.example]"
#define L_GONE \
 "warning: connect to private/tlsproxy service: No such file or directory"
#define L_P_HS   "%q: Cannot start TLS: handshake failure"
#define L_P_VFY  "%q: Server certificate not verified"
#define L_P_NO   "%q: TLS is required, but was not offered by host %m"
#define L_P_SAID "%q: host %m said: 451 later (in reply to MAIL FROM command)"
#define L_P_LOST "%q: lost connection with %m while sending MAIL FROM"
#define L_P_STLS \
 "%q: lost connection with %m while receiving the STARTTLS response"
#define L_TO_(relay, delays, status)                                       \
 "%q: to=<%r>, relay=" relay ", delay=1, delays=" delays ", %tdsn=2.0.0, " \
 "status=" status
#define L_TO   L_TO_("%p", "1/0/0.2/0.3", "sent (250 ok)")
#define L_TO_2 L_TO_("%p", "1/0/0.2/0.4", "sent (250 ok)")
#define L_TO_RCPT                                  \
 L_TO_("%p", "1/0/0.2/0",                          \
     "bounced (host %m said: 550 no (in reply to " \
     "RCPT TO command))")
#define L_TO_HS  L_TO_("%p", "1/0/0.2/0", "deferred (" NO_START ")")
#define L_TO_VFY L_TO_("%p", "1/0/0.2/0", "deferred (" NO_VERIFY ")")
#define L_TO_454                                       \
 L_TO_("%p", "1/0/0.2/0",                              \
     "deferred (TLS is required, but host %m refused " \
     "to start TLS: 454 no)")
#define L_TO_421 \
 L_TO_("%p", "1/0/0.2/0", "deferred (host %m refused to talk to me: 421 x)")
#define L_TO_NONE L_TO_("none", "1/0/0/0", "deferred (connect to %p: x)")
#define L_TO_USE                                                             \
 "%q: to=<%r>, relay=%p, conn_use=2, delay=1, delays=1/0/0/1, %tdsn=2.0.0, " \
 "status=sent (250 ok)"
#define L_TO_USE_3                                                           \
 "%q: to=<%r>, relay=%p, conn_use=3, delay=1, delays=1/0/0/1, %tdsn=2.0.0, " \
 "status=deferred (lost connection with %m while sending RCPT TO)"
#define L_FROM    "/postfix/qmgr %q: from=<%s>, size=1, nrcpt=1 (queue active)"
#define L_STARTED "/postfix/master reload -- version 3.7, configuration /x"
#define L_REMOVED "/postfix/qmgr %q: removed"
#define L_HEADER \
 "/postfix/cleanup %q: info: header TLS-Required: No from local; from=<a@b>"
#define L_X_CONN "/postfix/tlsproxy CONNECT to %p"
#define L_X_UP   "/postfix/tlsproxy " L_UP
#define L_X_VFY  "/postfix/tlsproxy " L_VFY
#define L_X_LIB  "/postfix/tlsproxy " L_LIB
#define L_X_RPT  "/postfix/tlsproxy " L_RPT_E
#define L_X_TIME \
 "/postfix/tlsproxy warning: ciphertext read/write timeout for %b"
#define L_X_FAIL                                            \
 "/postfix/tlsproxy TLS handshake failed for service=smtp " \
 "peer=%b"

enum {
	SCRIPT_LINES = 9
};

static const char *const scripts[][SCRIPT_LINES] = {
	{ L_FROM, L_UP, L_TO, L_REMOVED },
	{ L_UP, L_RPT, L_TO_RCPT, L_TO, L_TO_2, L_REMOVED },
	{ L_VFY, L_RPT_E, L_UP, L_P_VFY, L_UP, L_TO },
	{ L_VFY, L_UP, L_TO_VFY },
	{ L_DANE, L_UP, L_RPT, L_TO_VFY },
	{ L_UNUS, L_UP, L_TO },
	{ L_ERR, L_P_HS, L_TO },
	{ L_ERR_1, L_LIB, L_RPT_E, L_TO_HS },
	{ L_ERR_1, L_LIB, L_P_HS, L_ERR, L_TO_HS },
	{ L_TO, L_TO_2, L_TO },
	{ L_FROM, L_TO, L_REMOVED, L_FROM, L_TO, L_REMOVED },
	{ L_P_SAID, L_P_SAID, L_TO, L_TO_2 },
	{ L_UP, L_P_LOST, L_TO },
	{ L_P_STLS, L_P_NO, L_TO },
	{ L_RPT_S, L_TO },
	{ L_RPT_S, L_TO_454 },
	{ L_TO_421 },
	{ L_LOOK, L_LOOK, L_TO_NONE },
	{ L_MX, L_UP, L_TO },
	{ L_OFFER, L_TO },
	{ L_ERR, L_P_HS, L_OFFER, L_TO },
	{ L_REUSED, L_TO_USE, L_TO_USE },
	{ L_UP, L_TO, L_TO_USE, L_TO_USE, L_REUSED, L_TO_USE_3 },
	{ L_FROM, L_TO, L_REMOVED, L_FROM, L_TO_USE },
	{ L_REUSED, L_P_SAID, L_TO },
	{ L_X_TIME, L_X_FAIL, L_TO_HS },
	{ L_GONE, L_TO_HS },
	{ L_HEADER, L_FROM, L_UP, L_TO },
	{ L_X_CONN, L_X_VFY, L_X_RPT, L_X_UP, L_UP, L_TO_VFY },
	{ L_X_CONN, L_X_LIB, L_X_RPT, L_X_FAIL, L_TO_HS },
	{ L_X_FAIL, L_P_HS, L_UP, L_TO },
	{ L_UP, L_STARTED, L_TO, L_TO_2 },
};

static const char *const processes[PROCESSES] = { "10", "11", "65546",
	"10@other", "131082", "12" };

struct choice {
	const char *qid;
	unsigned host;
};

static const char *expand(struct again_log *g, const struct choice *c, char key)
{
	static const char *const hosts[] = { NAME_A, NAME_B, NAME_C };
	static const char *const peers[] = { PEER_A, PEER_B,
		"mx.c.example[2001:db8::3]:587" };
	static const char *const bare[] = { "[192.0.2.1]:25", "[192.0.2.2]:25",
		"[2001:db8::3]:25" };
	static const char *const hops[] = { "a.example", "a.example",
		"b.example", "[smart.example]:25", "[192.0.2.9]" };
	static const char *const rcpts[] = { "u@a.example", "u@a.example",
		"v@b.example", "\"x@y\"@c.example", "w@[192.0.2.9]", "root" };
	static const char *const senders[] = { "s@s.example", "",
		"own@us.example" };
	static const char *const levels[] = { "", "", "", "", "tls=may, ",
		"tls=may:none, ", "tls=!dane, ", "tls=secure?, ",
		"tls=none, " };
	static const char *const words[] = { "Trusted", "Trusted", "Untrusted",
		"Verified", "Anonymous" };

	switch (key) {
	case 'q':
		return c->qid;
	case 'm':
		return hosts[c->host];
	case 'p':
		return peers[c->host];
	case 'b':
		return bare[c->host];
	case 'd':
		return AGAIN_PICK(g, hops);
	case 'r':
		return AGAIN_PICK(g, rcpts);
	case 's':
		return AGAIN_PICK(g, senders);
	case 't':
		return AGAIN_PICK(g, levels);
	default:
		assert_int_equal(key, 'w');
		return AGAIN_PICK(g, words);
	}
}

static void add_line(struct again_log *g, unsigned process,
    const struct choice *c, const char *template)
{
	static const int steps[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 30,
		59, 61, 599, -1, -650, 2000, 7201, 21601, 86401 };

	g->t += AGAIN_PICK(g, steps);
	g->pos[g->n++] = g->text.len;
	strbuf_addf(&g->text, "%lld %s%s", (long long)g->t, processes[process],
	    template[0] == '/' ? "" : " ");
	for (; *template != '\0'; template ++) {
		if (*template == '%') {
			strbuf_adds(&g->text, expand(g, c, *++template));
		} else {
			strbuf_addc(&g->text, *template);
		}
	}
	strbuf_addc(&g->text, '\n');
	g->pos[g->n] = g->text.len;
}

/* Makes up a log. */
static void make(struct again_log *g)
{
	static const char *const qids[] = { QA, QB, QC };

	struct {
		const char *const *script;
		unsigned line;
		struct choice c;
	} p[PROCESSES] = { 0 };

	unsigned n_processes = 1 + again_draw(g, PROCESSES);

	while (g->n < AGAIN_LINES) {
		unsigned i = again_draw(g, n_processes);

		if (p[i].script == NULL || p[i].line == SCRIPT_LINES ||
		    p[i].script[p[i].line] == NULL) {
			p[i].script = AGAIN_PICK(g, scripts);
			p[i].line = 0;
			p[i].c.qid = AGAIN_PICK(g, qids);
			p[i].c.host = again_draw(g, 3);
		}
		if (again_draw(g, 12) == 0) {
			/* out of place */
			struct choice c = { AGAIN_PICK(g, qids),
				again_draw(g, 3) };

			add_line(g, i, &c, AGAIN_PICK(g, scripts)[0]);
		} else if (again_draw(g, 12) == 0) {
			p[i].line++; /* lost */
		} else {
			if (again_draw(g, 8) == 0) {
				/* the next server */
				p[i].c.host = again_draw(g, 3);
			}
			add_line(g, i, &p[i].c, p[i].script[p[i].line++]);
		}
	}
}

static void open_kit(struct mta_kit *k)
{
	postfix_kit_open(k);
	k->has_records = true;
}

static void read_line(struct mta_kit *k, const struct again_log *g, unsigned i)
{
	assert_int_equal(mta_kit_line(k, again_line(g, i), "postfix/smtp"), 0);
}

static void test_again(void **state)
{
	static const struct again_mta mta = { make, open_kit, read_line };

	(void)state;
	again_check(&mta, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
	};

	return UNIT_RUN(tests);
}
