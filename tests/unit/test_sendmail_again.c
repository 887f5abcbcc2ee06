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

#include "common/mem.h"
#include "tests/unit/sendmail_kit.h"

#ifndef ROUNDS
# define ROUNDS 120
#endif

#define QD "6AMBWYfV000004"

enum {
	MAX_LINES = 70,
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

struct log {
	struct strbuf text;
	uint64_t pos[MAX_LINES + 1]; /* of each line, and of the end */
	unsigned n;
	/* the full run */
	char *events[MAX_LINES + 1]; /* after each line; the last: at the end */
	uint64_t oldest[MAX_LINES];
	int64_t t;
	uint32_t random;
};

/* xorshift: the same on all systems. */
static unsigned draw(struct log *g, unsigned n)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 17;
	g->random ^= g->random << 5;
	return g->random % n;
}

#define PICK(g, array) (array)[draw((g), UNIT_LEN(array))]

struct choice {
	const char *qid;
	unsigned host;
};

static const char *expand(struct log *g, const struct choice *c, char key)
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
		return PICK(g, hops);
	case 'r':
	case 't':
		return PICK(g, rcpts);
	case 's':
		return PICK(g, senders);
	case 'v':
		return PICK(g, ups);
	case 'w':
		return PICK(g, downs);
	case 'k':
		return PICK(g, news);
	default:
		assert_int_equal(key, 'n');
		return PICK(g, tlsreqs);
	}
}

static void add_line(struct log *g, unsigned process, const struct choice *c,
    const char *template)
{
	static const int steps[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 30,
		200, 599, 601, -1, -650, 2000, 4501 };

	g->t += PICK(g, steps);
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
static void make(struct log *g)
{
	static const char *const qids[] = { QA, QB, QC };

	struct {
		const char *const *script;
		unsigned line;
		struct choice c;
	} p[PROCESSES] = { 0 };

	unsigned n_processes = 1 + draw(g, PROCESSES);

	while (g->n < MAX_LINES) {
		unsigned i = draw(g, n_processes);

		if (p[i].script == NULL || p[i].line == SCRIPT_LINES ||
		    p[i].script[p[i].line] == NULL) {
			p[i].script = PICK(g, scripts);
			p[i].line = 0;
			p[i].c.qid = PICK(g, qids);
			p[i].c.host = draw(g, 2);
		}
		if (draw(g, 12) == 0) {
			/* out of place */
			struct choice c = { PICK(g, qids), draw(g, 2) };

			add_line(g, i, &c, PICK(g, scripts)[0]);
		} else if (draw(g, 12) == 0) {
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

/* Reads a line or, behind the last, the end. Returns the events. */
static const char *read_line(struct mta_kit *k, const struct log *g, unsigned i)
{
	strbuf_clear(&k->events);
	if (i == g->n) {
		mta_kit_flush(k);
	} else {
		k->pos = g->pos[i];
		assert_int_equal(mta_kit_line(k,
				     view_make(strbuf_str(&g->text) + g->pos[i],
					 g->pos[i + 1] - g->pos[i] - 1),
				     "sm-mta"),
		    0);
	}
	return strbuf_str(&k->events);
}

static void run_all(struct log *g)
{
	struct mta_kit k;

	mta_kit_open(&k, "sendmail", own_senders);
	k.has_records = true;
	note_messages(&k);
	for (unsigned i = 0; i <= g->n; i++) {
		g->events[i] = xstrdup(read_line(&k, g, i));
		if (i < g->n) {
			g->oldest[i] = mta_oldest(k.mta);
		}
	}
	mta_kit_close(&k);
}

/* Begins at a line; from line cut on, the events must be the same. */
static bool is_same_from(const struct log *g, unsigned start, unsigned cut)
{
	struct mta_kit k;
	bool is_same = true;

	mta_kit_open(&k, "sendmail", own_senders);
	k.has_records = true;
	note_messages(&k);
	for (unsigned i = start; is_same && i <= g->n; i++) {
		const char *events = read_line(&k, g, i);

		if (i >= cut && strcmp(events, g->events[i]) != 0) {
			is_same = unit_str("events", events, g->events[i]);
			print_error("begun at line %u, read before: %u, "
				    "differs at %u of\n%s",
			    start, cut, i, strbuf_str(&g->text));
		}
	}
	mta_kit_close(&k);
	return is_same;
}

static void check_log(struct log *g)
{
	for (unsigned cut = 1; cut <= g->n; cut++) {
		uint64_t oldest = g->oldest[cut - 1];
		unsigned start = cut;

		while (start > 0 && g->pos[start] > oldest) {
			start--;
		}
		UNIT_TRUE("oldest is the beginning of a line",
		    oldest == UINT64_MAX || g->pos[start] == oldest);
		UNIT_TRUE("again", is_same_from(g, start, cut));
		UNIT_TRUE("earlier", is_same_from(g, draw(g, start + 1), cut));
	}
}

static void test_again(void **state)
{
	size_t n_bytes = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
		struct log g = { .random = seed * 2654435761U };

		strbuf_init(&g.text, 1 << 20);
		make(&g);
		run_all(&g);
		check_log(&g);
		for (unsigned i = 0; i <= g.n; i++) {
			n_bytes += strlen(g.events[i]);
			free(g.events[i]);
		}
		strbuf_release(&g.text);
	}
	UNIT_TRUE("there are events", n_bytes > (size_t)ROUNDS * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
	};

	return UNIT_RUN(tests);
}
