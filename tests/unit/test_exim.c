/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim.c - tests common/exim.c and exim_state.c */

#include "config.h"

#include "common/exim_state.h"
#include "tests/unit/exim_kit.h"

/* A record in clear that a stranger would like to see counted. */
#define FORGED(id)     "0 1 " id " REC ev=smtp:ehlo dom=forged.example helo=x\n"
#define REC_HEAD       "TLSRPT1 ev=smtp:ehlo pid=10 id=" QA " vfy= err=0 ip=192.0.2.1"
#define REC_MORE       " port=25 lip=192.0.2.250 lport=40001 ver=TLS1.3 cv=1"
#define REC_REST       " dane=no tlsa=0 sec=no tlsreq=- from= dom=YS5leGFtcGxl"
#define REC_END        " mx=bXguYS5leGFtcGxl sni= helo= cert= data="
#define SYS(pid, text) "0 " pid "/exim " text "\n"
#define PLAIN          "=> u@a.example R=r T=t H=" AT_A " X=TLS1.3:C:256 CV=yes"

/* Where an entry stands, and in which form. */
static const struct scenario lines[] = {
	{ "file", EHLO("0", QA, GOOD), A TRUSTED },
	{ "file, pid",
	    "0 1 [10] " QA " " REC_HEAD REC_MORE REC_REST REC_END "\n",
	    A TRUSTED },
	{ "syslog", SYS("10", QA " " REC_HEAD REC_MORE REC_REST REC_END),
	    A TRUSTED },
	{ "syslog, exim4",
	    "0 10/exim4 " QA " " REC_HEAD REC_MORE REC_REST REC_END "\n",
	    A TRUSTED },
	{ "syslog, stamp, pid",
	    SYS("10",
		"2026-11-22 12:00:00.123 +0100 [10] " QA
		" " REC_HEAD REC_MORE REC_REST REC_END),
	    A TRUSTED },
	{ "another program",
	    "0 10/sshd " QA " " REC_HEAD REC_MORE REC_REST REC_END "\n", "" },
	{ "message of another host",
	    SYS("10@one",
		QA " " REC_HEAD REC_MORE
		   " dane=no tlsa=0 sec=no tlsreq=- from= dom=" REC_END)
		SYS("9@two",
		    QA " TLSRPT1 ev=msg:delivery pid=9 id=" QA
		       " vfy= err=0 ip=192.0.2.1 port=25 lip= "
		       "lport=-1 ver=TLS1.3 cv=1" REC_REST REC_END),
	    "0 orphan\n"
	    "0 unclear\n" },
	{ "bad record", LINE("0", QA, REC_HEAD), "0 bad-record\n" },
	{ "record of another message",
	    LINE("0", QB, REC_HEAD REC_MORE REC_REST REC_END),
	    "0 bad-record\n" },
	{ "new ids", "0 10 1vMAAA-00000000001-AAAA REC ev=smtp:ehlo " GOOD "\n",
	    A TRUSTED },
};

/* Entries in parts, in syslog alone. */
static const struct scenario parts[] = {
	{ "two",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE) SYS("10",
		"[2/2]"
		" " REC_REST REC_END),
	    A TRUSTED },
	{ "cut in a word",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE " da") SYS("10",
		"[2/2] ne=no tlsa=0 sec=no tlsreq=- from= "
		"dom=YS5leGFtcGxl" REC_END),
	    A TRUSTED },
	{ "three, with stamps",
	    SYS("10", "[1/3] 2026-11-22 12:00:00 " QA " " REC_HEAD) SYS(
		"10", "[2/3] " REC_MORE REC_REST) SYS("10", "[3/3] " REC_END),
	    A TRUSTED },
	{ "two processes",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("11", "[1/2] " QA " " REC_HEAD REC_MORE)
		    SYS("10", "[2/2] " REC_REST REC_END)
			SYS("11", "[2/2] " REC_REST REC_END),
	    A TRUSTED A TRUSTED },
	{ "the second is missing",
	    SYS("10", "[1/3] " QA " " REC_HEAD) SYS("10", "[3/3] " REC_END),
	    "0 bad-record\n" },
	{ "the first is missing", SYS("10", "[2/2] " REC_REST REC_END), "" },
	{ "the last is missing", SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE),
	    "0 bad-record\n" },
	{ "the last is missing, then another",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		    SYS("10", "[2/2] " REC_REST REC_END),
	    "0 bad-record\n" A TRUSTED },
	{ "the last is late",
	    SYS("10",
		"[1/2] " QA
		" " REC_HEAD REC_MORE) "61 10/exim [2/2] " REC_REST REC_END
				       "\n",
	    "0 bad-record\n" },
	{ "the last is missing, then a text",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("10", "[1/2] " QA " <= s@s.example")
		    SYS("10", "[2/2] " REC_REST REC_END),
	    "0 bad-record\n" },
	{ "two processes, not told apart",
	    SYS("0", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("0", "[1/2] " QA " " REC_HEAD REC_MORE)
		    SYS("0", "[2/2] " REC_REST REC_END)
			SYS("0", "[2/2] " REC_REST REC_END),
	    "0 bad-record\n"
	    "0 bad-record\n" },
	{ "of another number",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("10", "[2/3] " REC_REST REC_END),
	    "0 bad-record\n" },
	{ "cut at a line end",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE)
		SYS("10", "[2\\2] " REC_REST REC_END),
	    "0 bad-record\n" },
	{ "not a record",
	    SYS("10", "[1/2] " QA " <= s@s.example")
		SYS("10", "[2/2] " REC_HEAD),
	    "" },
	{ "other lines in between",
	    SYS("10", "[1/2] " QA " " REC_HEAD REC_MORE) SYS("12", QB " " PLAIN)
		SYS("10", "[2/2] " REC_REST REC_END),
	    A TRUSTED A OK " chain=ok name=match\n" },
};

/* Text of a local user's that looks like lines of the log. */
static const struct scenario forgeries[] = {
	{ "sender",
	    LINE("0", QA, "<= \"a")
		FORGED(QB) "| \"@x.example U=u P=local S=1\n",
	    "" },
	{ "sender, the quote ends in a stamp",
	    LINE("0", QA, "<= \"a")
		FORGED(QB) "0 1 \"@x.example U=u P=local\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "sender, rejected",
	    LINE("0", QA, "F=<\"a")
		FORGED(QB) "| \"@x.example> rejected by non-SMTP ACL: x\n" EHLO(
		    "0", QA, GOOD),
	    A TRUSTED },
	{ "an escaped quote does not end it",
	    LINE("0", QA, "<= \"a") "| \\\"\n" FORGED(
		QB) "| \"@x.example U=u\n",
	    "" },
	{ "more than one quote",
	    LINE("0", QA, "<= \"a") "| \".\"b\n" FORGED(
		QB) "| \"@x.example U=u\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "behind a backslash",
	    LINE("0", QA, "<= a\\") "| b.\"\n" FORGED(
		QB) "| \"@x.example U=u\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "a backslash, and a new entry",
	    LINE("0", QA, "<= a\\") EHLO("0", QA, GOOD), A TRUSTED },
	{ "a line of syslog",
	    LINE("0", QA, "<= \"a") SYS("11",
		QB " " REC_HEAD REC_MORE REC_REST
		    REC_END) "| \"@x.example U=u\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "a line of another program, the quote ends in it",
	    LINE("0", QA, "<= \"a") "0 11/cron \"@x.example U=u\n" EHLO(
		"0", QA, GOOD),
	    A TRUSTED },
	{ "the quote ends in the name of a program",
	    LINE("0", QA, "F=<\"a") "0 11/\"@x.example>: x\n" EHLO(
		"0", QA, GOOD),
	    A TRUSTED },
	{ "a line of another program", "0 11/cron x\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "rewritten",
	    "0 10 \"\"a\n" FORGED(
		QB) "| \"@x.example\" from env-from rewritten as \"u@x\"\n" EHLO("0",
		QA, GOOD),
	    A TRUSTED },
	{ "lines without a stamp",
	    LINE("0", QA, "<= \"a") "| x\n"
				    "| y\"@x.example U=u\n" EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "the quote never ends", LINE("0", QA, "<= \"a") FORGED(QB), "" },
	{ "a sender without line ends",
	    LINE("0", QA, "<= \"a\"@x.example U=u P=local") EHLO("0", QA, GOOD),
	    A TRUSTED },
	{ "in syslog each part says so",
	    SYS("10", "[1\\2] " QA " <= \"a") SYS("10",
		"[2/2] 2026-11-22 12:00:00 " QB
		" " REC_HEAD REC_MORE REC_REST REC_END),
	    "" },
	{ "quote in syslog",
	    SYS("10", QA " <= \"a")
		SYS("11", QA " " REC_HEAD REC_MORE REC_REST REC_END),
	    A TRUSTED },
	{ "record in the words of a server",
	    DEFER("0", QA, "err=-37 data={TLSRPT1 ev=smtp:ehlo}"), "" },
	{ "record behind a recipient",
	    LINE("0", QA,
		"=> u@a.example C=\"" REC_HEAD REC_MORE REC_REST REC_END "\""),
	    "" },
};

/* What is none of this. */
static const struct scenario others[] = {
	{ "continued",
	    EHLO("0", QA, GOOD) "|   Envelope-from: <s@s.example>\n"
				"| \n",
	    A TRUSTED },
	{ "continued, not by Exim", EHLO("0", QA, GOOD) "| text\n",
	    A TRUSTED "0 bad-line\n" },
	{ "no message",
	    "0 10 H=" AT_A ": x\n"
	    "0 10 exim 4.96 daemon started\n"
	    "0 10 \n",
	    "" },
	{ "arrival", LINE("0", QA, "<= s@s.example U=u P=local S=300"), "" },
	{ "completed", LINE("0", QA, "Completed"), "" },
};

static void test_lines(void **state)
{
	(void)state;
	scenario_run(lines, UNIT_LEN(lines));
}

static void test_parts(void **state)
{
	(void)state;
	scenario_run(parts, UNIT_LEN(parts));
}

static void test_forgeries(void **state)
{
	(void)state;
	scenario_run(forgeries, UNIT_LEN(forgeries));
}

static void test_others(void **state)
{
	(void)state;
	scenario_run(others, UNIT_LEN(others));
}

/* What a log tells, counted: records, and the entries that tell of a host. */
static void test_records(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		const char *want;
	} table[] = {
		{ "record", EHLO("0", QA, GOOD), "0 records\n" A TRUSTED },
		{ "bad record", LINE("0", QA, REC_HEAD),
		    "0 records\n0 bad-record\n" },
		{ "plain", LINE("0", QA, PLAIN),
		    "0 records\n" A OK " chain=ok name=match\n" },
		{ "local delivery", LINE("0", QA, "=> u R=local T=mail_spool"),
		    "" },
		{ "DANE",
		    LINE("0", QA,
			"** u@a.example R=r T=t: DANE error: tlsa "
			"lookup FAIL"),
		    "0 records\n0 a.example no-session "
		    "dane=required-missing\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct mta_kit k;

		mta_kit_open(&k, "exim", NULL);
		k.has_records = true;
		exim_kit_lines(&k, table[i].lines);
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

/* What waits for something too long is given up, by the time of the log. */
static void test_expired(void **state)
{
	struct mta_kit k;

	(void)state;
	mta_kit_open(&k, "exim", NULL);
	exim_kit_lines(&k, EHLO("0", QA, GOOD " dom="));
	exim_kit_lines(&k, "4500 10 " QB " Completed\n");
	UNIT_STR("in time", strbuf_str(&k.events), "");
	UNIT_UINT("open", mta_open_sessions(k.mta), 1);
	UNIT_UINT("oldest", mta_oldest(k.mta), 0);
	exim_kit_lines(&k, "4501 10 " QB " Completed\n");
	UNIT_STR("over", strbuf_str(&k.events), "0 expired\n0 unclear\n");
	UNIT_UINT("open", mta_open_sessions(k.mta), 0);
	UNIT_TRUE("oldest", mta_oldest(k.mta) == UINT64_MAX);
	mta_kit_close(&k);
}

/* Reading must not begin in the middle of a stranger's text. */
static void test_may_begin(void **state)
{
	static const struct {
		const char *line;
		bool may_begin;
	} table[] = {
		{ LINE("0", QA, "<= s@s.example"), true },
		{ LINE("0", QA, "<= \"a"), false },
		{ FORGED(QB), false },
		{ "| x\n", false },
		{ "| \"@x.example\n", true },
		{ EHLO("0", QA, GOOD), true },
	};
	struct mta_kit k;

	(void)state;
	mta_kit_open(&k, "exim", NULL);
	UNIT_TRUE("at first", mta_may_begin(k.mta));
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		uint64_t pos = k.pos;

		exim_kit_lines(&k, table[i].line);
		UNIT_BOOL(
		    table[i].line, mta_may_begin(k.mta), table[i].may_begin);
		UNIT_TRUE(table[i].line,
		    table[i].may_begin || mta_oldest(k.mta) <= pos);
	}
	mta_kit_flush(&k);
	mta_kit_close(&k);
}

/* A quote that never ends: behind the largest entry it must have ended. */
static void test_endless_quote(void **state)
{
	struct mta_kit k;

	(void)state;
	mta_kit_open(&k, "exim", NULL);
	exim_kit_lines(&k, LINE("0", QA, "<= \"a"));
	while (k.pos < EXIM_ENTRY_MAX) {
		exim_kit_lines(&k, EHLO("0", QB, GOOD));
	}
	UNIT_STR("quoted", strbuf_str(&k.events), "");
	exim_kit_lines(&k, EHLO("0", QA, GOOD));
	UNIT_STR("behind it", strbuf_str(&k.events), A TRUSTED);
	mta_kit_flush(&k);
	mta_kit_close(&k);
}

/* What the sink returns comes back, at each event, and nothing is lost. */
static void test_sink_fails(void **state)
{
	static const char *const log[] = {
		EHLO("0", QA, GOOD " dom="),
		TOOK("1", QA, TLS),
		TOOK("1", QA, TLS " dom=b.example"),
		"1 10 " QB " " PLAIN "\n",
		"1 10 " QB " Completed\n",
	};
	bool has_failed = true;

	(void)state;
	for (unsigned at = 1; has_failed; at++) {
		struct mta_kit k;

		has_failed = false;
		mta_kit_open(&k, "exim", NULL);
		k.fails_in = at;
		for (size_t i = 0; i < UNIT_LEN(log) && !has_failed; i++) {
			struct strbuf text;

			strbuf_init(&text, 1 << 12);
			exim_kit_expand(
			    &text, view_make(log[i], strlen(log[i]) - 1));
			has_failed =
			    mta_kit_line(&k, view_of(strbuf_str(&text)), "") ==
			    MTA_KIT_ERROR;
			strbuf_release(&text);
		}
		has_failed = has_failed || mta_flush(k.mta) == MTA_KIT_ERROR;
		UNIT_TRUE("some fail", has_failed || at > 3);
		mta_kit_close(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_forgeries),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_may_begin),
		cmocka_unit_test(test_endless_quote),
		cmocka_unit_test(test_sink_fails),
	};

	return UNIT_RUN(tests);
}
