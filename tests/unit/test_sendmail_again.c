/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sendmail_again.c - the rule of common/mta.h that makes "exactly once"
 * true: begun anew at any line not behind mta_oldest(), the parser gives the
 * same events for all later lines
 *
 * Logs are made up: processes that follow scripts, interleaved, with lines
 * lost, lines out of place, gaps, clocks that go back, and numbers that
 * collide.
 */

#include "config.h"

#include "tests/unit/again_kit.h"
#include "tests/unit/sendmail_kit.h"

#ifndef ROUNDS
# define ROUNDS 120
#endif

#define QD "6AMBWYfV000004"

enum {
	PROCESSES = 5,
};

/*
 * Templates. %q queue id, %x letter of a host, %a its address, %d next hop, %r
 * and %t recipients, %s sender, %n TLS-Required, %k new connection, %v {verify}
 * with TLS, %w without.
 */
#define TLS_UP "^p:TLSv1.3^c:C^b:256^n:match"
#define NO_TLS "^p:^c:^b:^n:"
#define L_TAIL "^h:mx.%x.example^d:%d^s:%s^r:%r"
#define L_T    "%q: TLSRPT1^T^i:%q^a:%a^q:%n" L_TAIL
#define L_S_UP \
 "%q: TLSRPT1^S^i:%q^v:%v" TLS_UP "^a:%a^f:^o:^q:%n^k:%k" L_TAIL "^cn:x^ci:y"
#define L_S_NO \
 "%q: TLSRPT1^S^i:%q^v:%w" NO_TLS "^a:%a^f:^o:^q:%n^k:%k" L_TAIL "^cn:^ci:"
#define L_S_SOFT                                                       \
 "%q: TLSRPT1^S^i:%q^v:SOFTWARE" NO_TLS "^a:%a^f:^o:^q:%n^k:%k" L_TAIL \
 "^cn:^ci:"
#define L_S_CLEAR \
 "%q: TLSRPT1^S^i:%q^v:CLEAR" NO_TLS "^a:%a^f:^o:^q:%n^k:1" L_TAIL "^cn:^ci:"
#define L_R      "%q: TLSRPT1^R^i:%q^v:OK^p:TLSv1.3^a:%a^q:%n" L_TAIL
#define L_R_HEAD "%q[1]: TLSRPT1^R^i:%q^v:OK^p:TLSv1.3^a:%a^q:%n^h:mx. ..."
#define L_R_MORE "%q[2]: %x.example^d:%d ..."
#define L_R_END  "%q[3]: ^s:%s^r:%r"
#define L_S_HEAD \
 "%q[1]: TLSRPT1^S^i:%q^v:%w" NO_TLS "^a:%a^f:^o:^q:^k:%k^h:mx ..."
#define L_S_END "%q[2]: .%x.example^d:%d^s:%s^r:%r^cn:^ci:"
#define L_UP \
 "STARTTLS=client, relay=mx.%x.example., version=TLSv1.3, verify=%v, x"
#define L_MSG                                               \
 "STARTTLS=client, cert-subject=/CN=a, cert-issuer=/CN=b, " \
 "verifymsg=certificate has expired"
#define L_ERR                                                               \
 "STARTTLS=client, error: connect failed=-1, reason=unknown, SSL_error=5, " \
 "errno=104, retry=-1"
#define L_REJ \
 "ruleset=tls_server, arg1=SOFTWARE, relay=mx.%x.example, reject=454 x"
#define L_TRY_NO "ruleset=try_tls, arg1=mx, relay=mx.%x.example, status=550 x"
#define L_DANE_NO                                                            \
 "STARTTLS=client, relay=mx.%x.example, warning=DANE configured in DNS but " \
 "STARTTLS not offered"
#define L_DLV     ", delay=1, mailer=esmtp, relay=mx.%x.example."
#define L_TO      "%q: to=<%r>,<%t>" L_DLV " [%a], dsn=2.0.0, stat=Sent"
#define L_TO_MORE "%q: to=<%t>, [more]" L_DLV " [%a], dsn=2.0.0, stat=Sent"
#define L_TO_NO   "%q: to=<%r>" L_DLV ", dsn=4.0.0, stat=Deferred"
#define L_TLSA                                                           \
 L_DLV ", dsn=4.0.0, stat=Deferred: Name server: mx.: host name lookup " \
       "failure for TLSA RR"
#define L_TO_TLSA   "%q: to=<%r>" L_TLSA
#define L_MORE_TLSA "%q: to=<%r>, [more]" L_TLSA
#define L_BAD       "%q: TLSRPT1^R^i:other"
#define L_NOTHING   "%q: from=<a@b>, size=0"
#define L_IDS       "%q: split: count=1, id=" QD
#define L_IDS_HEAD  "%q[1]: split: count=2, ids=" QD ";  ..."
#define L_IDS_END   "%q[2]: " QD

enum {
	SCRIPT_LINES = 8
};

static const char *const scripts[][SCRIPT_LINES] = {
	{ L_T, L_UP, L_S_UP, L_R, L_TO },
	{ L_T, L_UP, L_MSG, L_S_UP, L_R, L_R, L_TO, L_TO },
	{ L_T, L_ERR, L_S_SOFT, L_REJ, L_TO },
	{ L_T, L_S_SOFT, L_T, L_S_UP, L_R, L_TO },
	{ L_S_NO, L_R, L_TO, L_S_NO, L_R, L_TO },
	{ L_T, L_TRY_NO, L_S_NO, L_R, L_TO },
	{ L_T, L_ERR, L_S_SOFT, L_S_CLEAR, L_R, L_TO },
	{ L_S_UP, L_R_HEAD, L_R_MORE, L_R_END, L_TO },
	{ L_S_HEAD, L_S_END, L_TO_MORE, L_TO },
	{ L_R, L_TO },
	{ L_UP, L_MSG, L_TO, L_TO },
	{ L_UP, L_TO_MORE, L_TO },
	{ L_ERR, L_REJ, L_TO },
	{ L_ERR, L_REJ, L_TO_MORE, L_TO },
	{ L_DANE_NO, L_TO },
	{ L_TRY_NO, L_TO_NO },
	{ L_MORE_TLSA, L_TO_TLSA },
	{ L_TO_TLSA, L_NOTHING, L_BAD },
	{ L_IDS, L_UP, L_TO },
	{ L_UP, L_IDS_HEAD, L_IDS_END, L_TO },
};

static const char *const processes[PROCESSES] = { "10", "11", "65546",
	"10@other", "131082" };

struct choice {
	const char *qid;
	unsigned host;
};

static const char *expand(struct again_log *g, const struct choice *c, char key)
{
	static const char *const hosts[] = { "a", "b" };
	static const char *const ips[] = { "192.0.2.1", "IPv6:fd99::2" };
	static const char *const hops[] = { "a.example.", "a.example.",
		"b.example.", "[smart.example]", "[192.0.2.9]" };
	static const char *const rcpts[] = { "u@a.example", "v@b.example",
		"\"x@y\"@c.example", "w@[192.0.2.9]", "root", "z@-" };
	static const char *const senders[] = { "s@s.example", "",
		"own@us.example", "a^r:b@c", "a^s:b@c" };
	static const char *const ups[] = { "OK", "FAIL", "FAIL", "DANE_FAIL",
		"MAGIC" };
	static const char *const downs[] = { "NONE", "TEMP", "SOFTWARE",
		"FAILURE", "DANE_NOTLS", "MAGIC" };
	static const char *const news[] = { "1", "1", "" };
	static const char *const tlsreqs[] = { "", "", "", "no" };

	switch (key) {
	case 'q':
		return c->qid;
	case 'x':
		return hosts[c->host];
	case 'a':
		return ips[c->host];
	case 'd':
		return AGAIN_PICK(g, hops);
	case 'r':
	case 't':
		return AGAIN_PICK(g, rcpts);
	case 's':
		return AGAIN_PICK(g, senders);
	case 'v':
		return AGAIN_PICK(g, ups);
	case 'w':
		return AGAIN_PICK(g, downs);
	case 'k':
		return AGAIN_PICK(g, news);
	default:
		assert_int_equal(key, 'n');
		return AGAIN_PICK(g, tlsreqs);
	}
}

static void add_line(struct again_log *g, unsigned process,
    const struct choice *c, const char *template)
{
	static const int steps[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 30,
		200, 599, 601, -1, -650, 2000, 4501 };

	g->t += AGAIN_PICK(g, steps);
	g->pos[g->n++] = g->text.len;
	strbuf_addf(&g->text, "%lld %s ", (long long)g->t, processes[process]);
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
			p[i].c.host = again_draw(g, 2);
		}
		if (again_draw(g, 12) == 0) {
			/* out of place */
			struct choice c = { AGAIN_PICK(g, qids),
				again_draw(g, 2) };

			add_line(g, i, &c, AGAIN_PICK(g, scripts)[0]);
		} else if (again_draw(g, 12) == 0) {
			p[i].line++; /* lost */
		} else {
			add_line(g, i, &p[i].c, p[i].script[p[i].line++]);
		}
	}
}

static const char *const own_senders[] = { "own@us.example", NULL };

/* The same notes for each reading: they are kept outside of the parser. */
static void note_messages(struct mta_kit *k)
{
	mta_kit_note(k, view_of(QB), NOTED_TLS_REQUIRED);
	mta_kit_note(k, view_of(QD), NOTED_OWN_REPORT);
}

static void open_kit(struct mta_kit *k)
{
	mta_kit_open(k, "sendmail", own_senders);
	k->has_records = true;
	note_messages(k);
}

static void read_line(struct mta_kit *k, const struct again_log *g, unsigned i)
{
	assert_int_equal(mta_kit_line(k, again_line(g, i), "sm-mta"), 0);
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
