/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_postfix_limits.c - tests the bounds of common/postfix.c and its parts:
 * what is given up is counted, and nothing stays
 */

#include "config.h"

#include "tests/unit/postfix_kit.h"

#define P "0 10 "
#define U "u@a.example"

/* How often a word is in a text. */
static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* Lines written with numbers, into the parser. */
static void feed(struct mta_kit *k, const char *lines)
{
	mta_kit_lines(k, lines, "postfix/smtp");
}

/* A process that tries more servers than any delivery does. */
static void test_sessions(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 40; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text,
		    P "SSL_connect error to mx%d.example[192.0.2.1]:25: -1\n",
		    i);
		strbuf_adds(&text, P PART(QA, NO_START));
		feed(&k, strbuf_str(&text));
	}
	UNIT_UINT("open", mta_open_sessions(k.mta), 32);
	UNIT_UINT("evicted", count_of(strbuf_str(&k.events), "evicted"), 8);
	feed(&k, P TO(QA, U, A, DEFER(NO_START)));
	UNIT_UINT("counted",
	    count_of(strbuf_str(&k.events), "failed tls-handshake-failure"),
	    32);
	UNIT_UINT("given up", count_of(strbuf_str(&k.events), "unclear"), 9);
	UNIT_UINT("open", mta_open_sessions(k.mta), 0);
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

/* More processes in a delivery than there can be. */
static void test_processes(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 16384 + 1; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text, "0 %d %s", i, UP(A));
		feed(&k, strbuf_str(&text));
		if (i == 1) {
			/* the first is heard of again */
			feed(&k, "0 0 " PART(QA, SAID(A, "450")));
		}
	}
	UNIT_UINT("open", mta_open_sessions(k.mta), 16384);
	UNIT_STR("evicted", strbuf_str(&k.events), "0 evicted\n0 unclear\n");
	strbuf_clear(&k.events);
	feed(&k, "0 0 " TO(QA, U, A, SENT));
	UNIT_STR("the first", strbuf_str(&k.events),
	    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n");
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

/* Few processes, but each tries many servers. */
static void test_all_sessions(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 2049; i++) {
		strbuf_clear(&text);
		for (int j = 0; j < 32; j++) {
			strbuf_addf(&text,
			    "0 %d SSL_connect error to "
			    "mx%d.example[192.0.2.1]:25: -1\n",
			    i, j);
			strbuf_addf(&text, "0 %d %s", i, PART(QA, NO_START));
		}
		feed(&k, strbuf_str(&text));
	}
	UNIT_UINT("open", mta_open_sessions(k.mta), 65536);
	UNIT_UINT("evicted", count_of(strbuf_str(&k.events), "evicted"), 1);
	UNIT_UINT("given up", count_of(strbuf_str(&k.events), "unclear"), 32);
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

/* Processes whose numbers are equal in their low bits. */
static void test_pids(void **state)
{
	static const struct scenario table[] = {
		{ "two deliveries",
		    P UP(A) "0 65546 " UP(B)
			P TO(QA, U, A, SENT) "0 65546 " TO(QB, U, B, SENT),
		    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
		    "0 a.example mx.b.example 192.0.2.2 ok TLSv1.3 "
		    "chain=ok\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table));
}

/* More messages of ours than are remembered: the oldest are forgotten. */
static void test_marks(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 16384 + 2; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text,
		    "0 3/postfix/qmgr %010X: from=<own@us.example>, size=1, "
		    "nrcpt=1 (queue active)\n",
		    (unsigned)i);
		feed(&k, strbuf_str(&text));
	}
	UNIT_STR("evicted", strbuf_str(&k.events), "0 evicted\n0 evicted\n");
	strbuf_clear(&k.events);
	feed(&k, P UP(A) P TO("0000000001", U, A, SENT));
	feed(&k, P UP(A) P TO("0000000002", U, A, SENT));
	UNIT_STR("the first and the last", strbuf_str(&k.events),
	    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
	    "0 own-report\n");
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

/* The oldest of what tlsproxy(8) said is forgotten. */
static void test_proxied(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 257; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text,
		    "0 %d/postfix/tlsproxy certificate verification failed for "
		    "mx.example[192.0.2.%d]:25: certificate has expired\n"
		    "0 %d/postfix/tlsproxy TLS handshake failed for "
		    "service=smtp peer=[192.0.2.%d]:25\n",
		    i, i % 256, i, i % 256);
		feed(&k, strbuf_str(&text));
	}
	feed(&k,
	    P TO_FULL(QA, U, "mx.example[192.0.2.1]:25", "1/2/3/4", "",
		DEFER(NO_START)));
	UNIT_STR("the second", strbuf_str(&k.events),
	    "0 a.example mx.example 192.0.2.1 failed tls-handshake-failure "
	    "chain=expired\n");
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

/* What the sink returns ends the work at once and is handed on. */
static void test_sink_fails(void **state)
{
	static const char lines[] = "0 3/postfix/qmgr " ACTIVE(QA,
	    "own@us.example") P UP(A) P TO(QA, U, A, SENT) P SSL_ERROR(A, "-1")
	    P PART(QB, NO_START) P UP(B) P PART(QC, SAID(B, "450"))
		P TO(QC, U, B, SENT) P SSL_ERROR(A, "-1") P PART(QB, NO_START)
		    P TO(QB, U, A, SENT) "0 11 " UP(A) "0 65547 " UP(
			B) "7300 12 " TO(QB, U, C, SENT) "7300 12 " UP(C);
	unsigned n = 1;
	int rc = MTA_KIT_ERROR;

	(void)state;
	for (; rc == MTA_KIT_ERROR; n++) {
		struct mta_kit k;
		struct view rest = view_of(lines);

		postfix_kit_open(&k);
		k.fails_in = n;
		rc = 0;
		while (rc == 0 && rest.len > 0) {
			size_t end = view_index(rest, '\n');

			rc = mta_kit_line(
			    &k, view_make(rest.s, end), "postfix/smtp");
			rest = view_skip(rest, end + 1);
		}
		rc = rc == 0 ? mta_flush(k.mta) : rc;
		mta_kit_close(&k);
	}
	UNIT_INT("in the end", rc, 0);
	UNIT_TRUE("events", n > 25);
}

/* Connections that are not used again. */
static void test_connections(void **state)
{
	struct mta_kit k;
	struct strbuf text;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 4097; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text,
		    "0 10 A%07d: to=<u@a.example>, relay=mx%d.example"
		    "[192.0.2.1]:25, delay=1, delays=1/1/1/1, dsn=2.0.0, "
		    "status=sent (250)\n",
		    i, i);
		feed(&k, strbuf_str(&text));
	}
	for (int i = 0; i < 2; i++) {
		strbuf_clear(&k.events);
		strbuf_clear(&text);
		strbuf_addf(&text,
		    "0 10 B%07d: to=<u@b.example>, relay=mx%d.example"
		    "[192.0.2.1]:25, conn_use=2, delay=1, delays=1/1/1/1, "
		    "dsn=2.0.0, status=sent (250)\n",
		    i, i);
		feed(&k, strbuf_str(&text));
		UNIT_UINT(i == 0 ? "the oldest is gone" : "the next is there",
		    count_of(strbuf_str(&k.events), "b.example"), (unsigned)i);
	}
	mta_kit_flush(&k);
	UNIT_UINT("oldest", mta_oldest(k.mta), UINT64_MAX);
	mta_kit_close(&k);
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_all_sessions),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_proxied),
		cmocka_unit_test(test_sink_fails),
	};

	return UNIT_RUN(tests);
}
