/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bounce_message.c - tests of common/bounce_message.c, also with the mails
 * among the seeds of its fuzz target
 */

#include "config.h"

#include "common/bounce_message.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

#define T "0123456789abcdef0123456789abcdef"

enum {
	MAIL_MAX = 2 * BOUNCE_MESSAGE_MAX
};

struct row {
	const char *name;
	const char *text;
	const char *token;
	const char *dsn; /* NULL: it did not fail */
};

static void check(const struct row *r, struct view text)
{
	struct bounce_message m;

	bounce_message_parse(text, &m);
	UNIT_STR(r->name, m.token, r->token);
	UNIT_BOOL(r->name, m.is_failed, r->dsn != NULL);
	UNIT_STR(r->name, m.dsn, r->dsn != NULL ? r->dsn : "");
}

/* As MTAs send them; text is the name of the file. */
static void test_mails(void **state)
{
	static const struct row table[] = {
		{ "Sendmail", "sendmail", T, "5.1.1" },
		{ "Postfix", "postfix", T, "5.1.1" },
		{ "Exim", "exim", T, "5.0.0" },
		{ "CRLF", "crlf", T, "5.1.1" },
		{ "a delay", "delayed", T, NULL },
		{ "the token in the returned header", "returned", T, "5.1.1" },
		{ "no boundary", "no-boundary", T, NULL },
		{ "an answer", "plain", T, NULL },
		{ "folded", "folded", T, NULL },
		{ "hostile", "hostile", "", "" },
	};

	char *buf = xmalloc(MAIL_MAX);

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char name[128];
		char path[1024];
		size_t len;
		FILE *f;

		(void)snprintf(name, sizeof(name),
		    "fuzz/corpus/bounce_message/%s", table[i].text);
		unit_src_path(path, sizeof(path), name);
		f = fopen(path, "rb");
		if (f == NULL) {
			fail_msg("%s: %s", path, strerror(errno));
		}
		len = fread(buf, 1, MAIL_MAX, f);
		(void)fclose(f);
		check(&table[i], view_make(buf, len));
	}
	free(buf);
}

#define HEAD                                                                \
 "To: <a+" T "@us.example>\nContent-Type: Multipart/Report; boundary=b\n\n" \
 "--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\n"             \
 "Reporting-MTA: dns; x\n\n"

static void test_status(void **state)
{
	static const struct row table[] = {
		{ "failed", HEAD "Action: failed\nStatus: 5.7.1\n--b--\n", T,
		    "5.7.1" },
		{ "case, comment, order",
		    HEAD "STATUS: 5.7.1 (no)\naction:  Failed (x)\n--b--\n", T,
		    "5.7.1" },
		{ "expired", HEAD "Action: failed\nStatus: 4.4.7\n--b--\n", T,
		    "4.4.7" },
		{ "no code", HEAD "Action: failed\n--b--\n", T, "" },
		{ "bad code", HEAD "Action: failed\nStatus: 5\n--b--\n", T,
		    "" },
		{ "delayed", HEAD "Action: delayed\nStatus: 4.4.1\n--b--\n", T,
		    NULL },
		{ "delivered", HEAD "Action: delivered\nStatus: 2.0.0\n--b--\n",
		    T, NULL },
		{ "relayed", HEAD "Action: relayed\nStatus: 5.0.0\n--b--\n", T,
		    NULL },
		{ "a longer word", HEAD "Action: failedness\n--b--\n", T,
		    NULL },
		{ "the second recipient",
		    HEAD "Action: relayed\nStatus: 2.0.0\n\nAction: failed\n"
			 "Status: 5.1.1\n\n--b--\n",
		    T, "5.1.1" },
		{ "cut in the middle", HEAD "Action: failed\nStatus: 5.1", T,
		    "" },
		{ "behind the last part",
		    "To: <a+" T "@us.example>\nContent-Type: multipart/report; "
		    "boundary=b\n\n--b--\n\nAction: failed\n",
		    T, NULL },
		{ "in the words",
		    "To: <a+" T "@us.example>\nContent-Type: multipart/report; "
		    "boundary=b\n\n--b\n\nAction: failed\nStatus: 5.1.1\n--b--"
		    "\n",
		    T, NULL },
		{ "a longer boundary",
		    "To: <a+" T "@us.example>\nContent-Type: multipart/report; "
		    "boundary=\"b\"\n\n--b\n\n--bb\nContent-Type: "
		    "message/delivery-status\n\nAction: failed\n--b--\n",
		    T, NULL },
		{ "not multipart",
		    "To: <a+" T "@us.example>\nContent-Type: "
		    "message/delivery-status\n\nAction: failed\n",
		    T, NULL },
		{ "empty", "", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], view_of(table[i].text));
	}
}

static void test_token(void **state)
{
	static const struct row table[] = {
		{ "To", "To: a+" T "@us.example\n", T, NULL },
		{ "brackets", "To: \"A B\" <a+" T "@us.example> (c)\n", T,
		    NULL },
		{ "a list", "To: x@y, a-" T "@us.example, z@z\n", T, NULL },
		{ "Delivered-To", "Delivered-To: a=" T "@us.example\n", T,
		    NULL },
		{ "X-Original-To", "x-original-to: a_" T "@us.example\n", T,
		    NULL },
		{ "Envelope-to", "Envelope-to: a+" T "@us.example\n", T, NULL },
		{ "capitals",
		    "To: A+0123456789ABCDEF0123456789ABCDEF@US.example\n", T,
		    NULL },
		{ "quotes", "To: \"a+" T "\"@us.example\n", T, NULL },
		{ "the first", "To: a+" T "@u\nTo: a+" T "@v\n", T, NULL },
		{ "Subject", "Subject: a+" T "@us.example\n", "", NULL },
		{ "in the text", "To: a@b\n\nTo: a+" T "@us.example\n", "",
		    NULL },
		{ "another delimiter", "To: a." T "@us.example\n", "", NULL },
		{ "no local part", "To: +" T "@us.example\n", "", NULL },
		{ "one digit less",
		    "To: a+"
		    "123456789abcdef0123456789abcdef"
		    "@us.example\n",
		    "", NULL },
		{ "no field", "+" T "\n", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], view_of(table[i].text));
	}
}

/* Only the front is looked at, and a field is cut. */
static void test_limits(void **state)
{
	static const char status[] =
	    "\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n";
	const struct row late = { "late", NULL, T, NULL };
	const struct row just = { "just", NULL, T, "" };
	const struct row wide = { "wide", NULL, "", NULL };
	static const char head[] = "To: a+" T "@u\nContent-Type: "
				   "multipart/report; boundary=b\n\n--b\n\n";
	char *buf = xmalloc(MAIL_MAX);

	(void)state;
	memset(buf, 'x', MAIL_MAX);
	memcpy(buf, head, sizeof(head) - 1);
	memcpy(buf + BOUNCE_MESSAGE_MAX - 3, status, sizeof(status) - 1);
	check(&late, view_make(buf, MAIL_MAX));
	memset(buf + sizeof(head), 'x', MAIL_MAX - sizeof(head));
	memcpy(buf + BOUNCE_MESSAGE_MAX - sizeof(status) + 1, status,
	    sizeof(status) - 1);
	check(&just, view_make(buf, MAIL_MAX));
	memset(buf, 'x', MAIL_MAX);
	memcpy(buf, "To: ", 4);
	memcpy(buf + 1100, " a+" T "@u", 2 + 33 + 3);
	check(&wide, view_make(buf, 2000));
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mails),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_limits),
	};

	return UNIT_RUN(tests);
}
