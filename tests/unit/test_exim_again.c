/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_exim_again.c - the rule of common/mta.h that makes "exactly once" true:
 * begun anew at any line not behind mta_oldest() at which reading may begin,
 * the parser gives the same events for all later lines
 *
 * Logs are made up: processes that follow scripts, interleaved, with lines
 * lost, lines out of place, gaps, clocks that go back, and ids, hosts and ports
 * that collide.
 */

#include "config.h"

#include "tests/unit/again_kit.h"
#include "tests/unit/certificate_sample.h"
#include "tests/unit/exim_kit.h"

#ifndef ROUNDS
# define ROUNDS 120
#endif

enum {
	PROCESSES = 5,
	SCRIPT_LINES = 9,
};

/*
 * Templates. %q the script's message, %i any message; %x letter of its host, %a
 * the host's address; %l our port; %d %e domains; %s sender; %v verified or
 * not; %m more of a record; %w why a host would not do; %o port of a connection
 * that is passed on; %k what dane:fail says.
 */
#define REC(ev)  "%q REC ev=" ev " dom=%d from=%s lport=%l "
#define AT       " ip=%a mx=mx.%x.example %m"
#define L_TLS    REC("smtp:ehlo") "ver=TLS1.3 cv=%v helo=x" AT
#define L_CLEAR  REC("smtp:ehlo") "helo=x" AT
#define L_CLOSE  REC("tcp:close") AT
#define L_PASS   REC("tcp:close") "port=%o ip= mx="
#define L_RIDE   "%i REC ev=tcp:close port=-1 lport=%l dom=%e ip= mx="
#define L_DEFER  REC("msg:host:defer") "%w" AT
#define L_DANE   REC("dane:fail") "data=%k" AT
#define L_LOOKUP REC("dane:fail") "lip= data=%k mx=mx.%x.example"
#define L_TOOK   "%q REC ev=msg:delivery lip= lport=-1 dom=%e ver=TLS1.3" AT
#define L_TOOK_C "%q REC ev=msg:delivery lip= lport=-1 dom=%e" AT
#define L_OTHER  "%i REC ev=msg:delivery lport=%l dom=%e ver=TLS1.3" AT
#define L_CALL   "REC ev=smtp:ehlo vfy=R lport=%l dom=%d ver=TLS1.3 cv=%v" AT
#define L_CALL_C "REC ev=tcp:close vfy=R lport=%l dom=%d" AT
#define L_BAD    "%q TLSRPT1 ev=smtp:ehlo x"
#define H        " R=r T=t H=mx.%x.example [%a]"
#define X        " X=TLS1.3:C:256 CV=yes"
#define L_SENT   "%q => u@%d" H X
#define L_MORE   "%q -> u@%e" H X
#define L_SENT_C "%q => u@%d" H
#define L_MORE_C "%q -> v@%e" H
#define L_CONT   "%i => u@%e R=r T=t H=mx.%x.example [%a]*" X
#define L_FAIL   "%q ** v@%d" H X ": SMTP error x"
#define L_WAIT   "%q == u@%d R=r T=t defer (-37) H=mx.%x.example [%a]: %W"
#define L_NONE   "%q == u@%d R=r T=t defer (-36): DANE error: tlsa lookup DEFER"
#define L_NOTE   "%q H=mx.%x.example [%a]: %W"
#define L_PLAIN                                                              \
 "%q TLS session: (gnutls_handshake): timed out: delivering unencrypted to " \
 "H=mx.%x.example [%a] (not in hosts_require_tls)"
#define L_ERROR  "%q H=mx.%x.example [%a] TLS error on connection (recv): x"
#define L_VERIFY "%q [%a] SSL verify error: depth=0 error=x cert=/CN=x"
#define L_NAME                                                        \
 "%q [%a] SSL verify error: certificate name mismatch: DN=\"/CN=x\" " \
 "H=\"mx.%x.example\""
#define L_DONE   "%q Completed"
#define L_QUOTE  "%q <= \"a"
#define L_TAIL   "| \"@x.example U=u P=local"
#define L_AGAIN  "| b\".\"c"
#define L_TEXT   "| text"
#define L_PART_1 "/exim [1/3] %q TLSRPT1 ev=smtp:ehlo pid=10 id=%q vfy= err=0"
#define L_PART_2                                                        \
 "/exim [2/3]  ip=%a port=25 lip=192.0.2.250 lport=%l ver=TLS1.3 cv=1 " \
 "dane=no tlsa=0 sec=no tlsreq=-"
#define L_PART_3 \
 "/exim [3/3]  from= dom=YS5leGFtcGxl mx= sni= helo= cert= data="

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): lines of several macros */
static const char *const scripts[][SCRIPT_LINES] = {
	{ L_TLS, L_TOOK, L_SENT, L_DONE },
	{ L_TLS, L_TOOK, L_TOOK, L_SENT, L_MORE, L_OTHER, L_DONE },
	{ L_TLS, L_TOOK, L_PASS, L_OTHER, L_RIDE, L_OTHER, L_RIDE, L_DONE },
	{ L_CLEAR, L_CLOSE, L_TOOK_C, L_SENT_C, L_DONE },
	{ L_CLOSE, L_TOOK_C, L_SENT_C, L_DONE },
	{ L_CLOSE, L_DEFER, L_WAIT },
	{ L_PASS, L_TOOK_C, L_RIDE, L_TLS, L_OTHER },
	{ L_DEFER, L_WAIT, L_WAIT, L_DEFER, L_TLS, L_TOOK, L_DONE },
	{ L_DEFER, L_PLAIN, L_CLOSE, L_TOOK_C, L_SENT_C, L_DONE },
	{ L_ERROR, L_DEFER, L_CLOSE, L_TOOK_C, L_WAIT },
	{ L_VERIFY, L_NAME, L_TLS, L_TOOK, L_SENT },
	{ L_VERIFY, L_DEFER, L_WAIT, L_TLS, L_TOOK },
	{ L_LOOKUP, L_DEFER, L_NONE, L_NONE },
	{ L_DANE, L_DEFER, L_WAIT },
	{ L_CALL, L_CALL_C, L_TOOK },
	{ L_CALL_C, L_CALL_C, L_DANE },
	{ L_SENT, L_MORE, L_DONE, L_CONT, L_DONE },
	{ L_SENT_C, L_MORE_C, L_DONE },
	{ L_FAIL, L_SENT, L_WAIT, L_DONE },
	{ L_PLAIN, L_SENT_C, L_DONE },
	{ L_NOTE, L_SENT, L_MORE, L_CONT, L_DONE },
	{ L_NOTE, L_ERROR, L_WAIT, L_SENT, L_DONE },
	{ L_VERIFY, L_NAME, L_SENT, L_DONE },
	{ L_VERIFY, L_WAIT, L_NONE },
	{ L_QUOTE, L_TLS, L_TEXT, L_TAIL, L_TLS },
	{ L_QUOTE, L_TLS, L_TLS, L_DONE },
	{ L_QUOTE, L_TLS, L_AGAIN, L_TLS, L_TAIL, L_TLS },
	{ L_PART_1, L_PART_2, L_PART_3, L_TOOK },
	{ L_PART_1, L_PART_3, L_TEXT, L_BAD },
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

static const char *const processes[PROCESSES] = { "10", "11", "12", "10@other",
	"13" };

static const char *const ids[] = { QA, QB, QC };
static const char *const ips[] = { IP_A, "2001:db8::2" };
static const char *const letters[] = { "a", "b" };

struct choice {
	const char *id;
	unsigned host;
};

static const char *expand_record(struct again_log *g, char key)
{
	static const char *const ports[] = { "40001", "40001", "40002" };
	static const char *const passed[] = { "0", "-1" };
	static const char *const senders[] = { "s@s.example", "s@s.example", "",
		"own@us.example" };
	static const char *const more[] = { "", "", "", "tlsreq=no",
		"sec=", "port=587", "tlsa=8 dane=yes sec=yes",
		"cert=" CERT_EXPIRED };
	static const char *const words[] = { "dnssec-invalid", "dane-required",
		"validation-failure", "starttls-not-supported", "x" };

	switch (key) {
	case 'l':
		return AGAIN_PICK(g, ports);
	case 'o':
		return AGAIN_PICK(g, passed);
	case 's':
		return AGAIN_PICK(g, senders);
	case 'v':
		return again_draw(g, 2) == 0 ? "0" : "1";
	case 'm':
		return AGAIN_PICK(g, more);
	default:
		assert_int_equal(key, 'k');
		return AGAIN_PICK(g, words);
	}
}

/* Why a host would not do. */
static const char *expand_why(struct again_log *g)
{
	static const char *const whys[] = {
		"TLS session: (gnutls_handshake): timed out",
		"TLS session: (certificate verification failed)",
		"TLS session: (certificate verification failed): certificate "
		"invalid",
		"TLS session: (certificate verification failed): Verification "
		"failed. The certificate differs. ",
		"a TLS session is required, but the server did not offer TLS "
		"support",
		"a TLS session is required, but an attempt to start TLS failed",
		"SMTP error from remote mail server after STARTTLS: 454 x",
		"SMTP error from remote mail server after RCPT TO:<x>: 450 x",
		"SMTP error from remote mail server after initial connection: "
		"554 x",
		"Remote host closed connection in response to EHLO x",
		"smtp send to mx failed: Connection reset by peer",
		"DANE error: tlsa lookup DEFER",
		"DANE error: tlsa lookup FAIL",
		"Connection refused",
	};

	return AGAIN_PICK(g, whys);
}

static const char *expand(struct again_log *g, const struct choice *c, char key)
{
	static const char *const domains[] = { "a.example", "a.example",
		"b.example", "[192.0.2.9]", "a..b" };
	static const char *const firsts[] = { "a.example", "b.example", "", "",
		"[192.0.2.9]" };

	switch (key) {
	case 'q':
		return c->id;
	case 'i':
		return AGAIN_PICK(g, ids);
	case 'x':
		return letters[c->host];
	case 'a':
		return ips[c->host];
	case 'd':
		return AGAIN_PICK(g, firsts);
	case 'e':
		return AGAIN_PICK(g, domains);
	case 'W':
		return expand_why(g);
	default:
		return expand_record(g, key);
	}
}

static void write_line(struct again_log *g, unsigned process,
    const struct choice *c, const char *template)
{
	if (!view_starts(view_of(template), "| ")) {
		strbuf_addf(&g->text, "%lld %s%s", (long long)g->t,
		    processes[process], template[0] == '/' ? "" : " ");
	}
	for (; *template != '\0'; template ++) {
		if (*template != '%') {
			strbuf_addc(&g->text, *template);
		} else if (*++template == 'w') {
			strbuf_addf(&g->text, "data={%s}", expand_why(g));
		} else {
			strbuf_adds(&g->text, expand(g, c, *template));
		}
	}
	strbuf_addc(&g->text, '\n');
}

static void add_line(struct again_log *g, unsigned process,
    const struct choice *c, const char *template)
{
	static const int steps[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 30,
		61, 200, 299, 301, -1, -350, 2000, 4501 };

	g->times[g->n] = g->t;
	if (!view_starts(view_of(template), "| ")) {
		g->t += AGAIN_PICK(g, steps);
	}
	g->pos[g->n++] = g->text.len;
	write_line(g, process, c, template);
	g->pos[g->n] = g->text.len;
}

/* Makes up a log. */
static void make(struct again_log *g)
{
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
			p[i].c.id = AGAIN_PICK(g, ids);
			p[i].c.host = again_draw(g, 2);
		}
		if (again_draw(g, 12) == 0) {
			/* out of place */
			struct choice c = { AGAIN_PICK(g, ids),
				again_draw(g, 2) };

			add_line(g, i, &c, AGAIN_PICK(g, scripts)[0]);
		} else if (again_draw(g, 12) == 0) {
			p[i].line++; /* lost */
		} else {
			add_line(g, i, &p[i].c, p[i].script[p[i].line++]);
		}
	}
}

static void open_kit(struct mta_kit *k)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own,
		.has_callouts = true };

	mta_kit_open_with(k, "exim", &o);
	k->has_records = true;
}

static void read_line(struct mta_kit *k, const struct again_log *g, unsigned i)
{
	struct strbuf line;

	strbuf_init(&line, 1 << 16);
	exim_kit_expand(&line, again_line(g, i));
	k->t = mta_kit_base() + g->times[i];
	assert_int_equal(mta_kit_line(k, view_of(strbuf_str(&line)), ""), 0);
	strbuf_release(&line);
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
