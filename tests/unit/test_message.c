/* SPDX-License-Identifier: BSD-2-Clause */
/* test_message.c - tests milter/message.c: what becomes of a message */

#include "config.h"

#include "common/strbuf.h"
#include "milter/message.h"
#include "tests/unit/unit.h"

#define FROM            \
 {                      \
  "<s@s.example>", NULL \
 }

static const char *const own[] = { "tlsrpt@us.example", NULL };

enum {
	ITEMS = 4
};

struct row {
	const char *name;
	const char *args[ITEMS];   /* of MAIL FROM */
	const char *rcpts[ITEMS];  /* addresses */
	const char *fields[ITEMS]; /* "NAME:VALUE" */
	const char *want;          /* "KINDS DOMAIN ..." */
};

static void describe(const struct note *note, struct strbuf *b)
{
	strbuf_clear(b);
	strbuf_addf(b, "%s%s", note->kinds & NOTED_TLS_REQUIRED ? "no" : "-",
	    note->kinds & NOTED_OWN_REPORT ? " own" : "");
	for (unsigned i = 0; i < note->n_domains; i++) {
		strbuf_addf(b, " %s", note->domain[i]);
	}
	if (note->n_more > 0) {
		strbuf_addf(b, " +%u", note->n_more);
	}
}

static void check(const struct row *table, size_t n)
{
	static struct message m;
	struct strbuf got;

	strbuf_init(&got, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &table[i];

		message_begin(&m, r->args, own, '=');
		for (unsigned k = 0; k < ITEMS && r->rcpts[k] != NULL; k++) {
			message_rcpt(&m, view_of(r->rcpts[k]));
		}
		for (unsigned k = 0; k < ITEMS && r->fields[k] != NULL; k++) {
			struct view text = view_of(r->fields[k]);
			size_t colon = view_index(text, ':');

			message_field(&m, view_make(text.s, colon),
			    view_skip(text, colon + 1));
		}
		describe(message_end(&m, view_of("Q1"), 7), &got);
		UNIT_STR(r->name, strbuf_str(&got), r->want);
		UNIT_STR(r->name, m.note.qid, "Q1");
		UNIT_INT(r->name, m.note.t, 7);
		UNIT_UINT(r->name, m.note.dropped, 0);
	}
	strbuf_release(&got);
}

static const struct row fields[] = {
	{ "no field", FROM, { NULL }, { "Subject:No" }, "-" },
	{ "No", FROM, { NULL }, { "TLS-Required:No" }, "no" },
	{ "a blank before it", FROM, { NULL }, { "TLS-Required: No" }, "no" },
	{ "case of the name", FROM, { NULL }, { "tls-REQUIRED:No" }, "no" },
	{ "case of the value", FROM, { NULL }, { "TLS-Required:nO" }, "no" },
	{ "folded", FROM, { NULL }, { "TLS-Required:\r\n\tNo" }, "no" },
	{ "folded, as Sendmail hands it over", FROM, { NULL },
	    { "TLS-Required:\n No" }, "no" },
	{ "blanks behind it", FROM, { NULL }, { "TLS-Required:No \t" }, "no" },
	{ "another value", FROM, { NULL }, { "TLS-Required:Yes" }, "-" },
	{ "more than No", FROM, { NULL }, { "TLS-Required:No way" }, "-" },
	{ "less than No", FROM, { NULL }, { "TLS-Required:N" }, "-" },
	{ "a comment", FROM, { NULL }, { "TLS-Required:No (really)" }, "-" },
	{ "quotes", FROM, { NULL }, { "TLS-Required:\"No\"" }, "-" },
	{ "an empty value", FROM, { NULL }, { "TLS-Required:" }, "-" },
	{ "another name", FROM, { NULL }, { "X-TLS-Required:No" }, "-" },
	{ "a longer name", FROM, { NULL }, { "TLS-Required-By:No" }, "-" },
	{ "two", FROM, { NULL }, { "TLS-Required:No", "TLS-Required:No" },
	    "-" },
	{ "three", FROM, { NULL },
	    { "TLS-Required:No", "A:b", "TLS-Required:No", "TLS-Required:No" },
	    "-" },
	{ "Yes, then No", FROM, { NULL },
	    { "TLS-Required:Yes", "TLS-Required:No" }, "-" },
	{ "REQUIRETLS", { "<s@s.example>", "SIZE=1", "REQUIRETLS" }, { NULL },
	    { "TLS-Required:No" }, "-" },
	{ "RequireTLS", { "<s@s.example>", "RequireTLS" }, { NULL },
	    { "TLS-Required:No" }, "-" },
	{ "another parameter", { "<s@s.example>", "REQUIRETLS=1" }, { NULL },
	    { "TLS-Required:No" }, "no" },
};

static void test_fields(void **state)
{
	(void)state;
	check(fields, UNIT_LEN(fields));
}

static const struct row senders[] = {
	{ "ours", { "<tlsrpt@us.example>" }, { NULL }, { NULL }, "- own" },
	{ "ours with a token", { "<tlsrpt=0a@us.example>" }, { NULL }, { NULL },
	    "- own" },
	{ "ours with a token, quoted", { "<\"tlsrpt=0a\"@US.example>" },
	    { NULL }, { NULL }, "- own" },
	{ "ours with another delimiter", { "<tlsrpt-0a@us.example>" }, { NULL },
	    { NULL }, "-" },
	{ "ours, no brackets", { "tlsrpt@us.example" }, { NULL }, { NULL },
	    "- own" },
	{ "ours, extended", { "<TLSRPT+a.b=1@Us.Example>", "SIZE=1" }, { NULL },
	    { NULL }, "- own" },
	{ "of others", FROM, { NULL }, { NULL }, "-" },
	{ "none", { "<>" }, { NULL }, { NULL }, "-" },
	{ "empty", { "" }, { NULL }, { NULL }, "-" },
	{ "half a bracket", { "<" }, { NULL }, { NULL }, "-" },
	{ "no argument", { NULL }, { NULL }, { NULL }, "-" },
	{ "ours in another", { "<\"tlsrpt@us.example\"@x.example>" }, { NULL },
	    { NULL }, "-" },
	{ "both", { "<tlsrpt@us.example>" }, { NULL }, { "TLS-Required: No" },
	    "no own" },
};

static void test_senders(void **state)
{
	(void)state;
	check(senders, UNIT_LEN(senders));
}

static const struct row rcpts[] = {
	{ "one", FROM, { "<u@a.example>" }, { NULL }, "- a.example" },
	{ "two domains", FROM, { "<u@a.example>", "<u@b.example>" }, { NULL },
	    "- a.example b.example" },
	{ "each once", FROM,
	    { "<u@a.example>", "<v@A.Example.>", "<w@a.example>" }, { NULL },
	    "- a.example" },
	{ "no brackets", FROM, { "u@a.example" }, { NULL }, "- a.example" },
	{ "U-label", FROM, { "<u@m\xc3\xbcnchen.example>" }, { NULL },
	    "- xn--mnchen-3ya.example" },
	{ "quoted", FROM, { "<\"a@b.example> x\"@c.example>" }, { NULL },
	    "- c.example" },
	{ "local", FROM, { "<root>", "<postmaster>" }, { NULL }, "-" },
	{ "literal", FROM, { "<u@[192.0.2.1]>" }, { NULL }, "-" },
	{ "no domain", FROM, { "<u@>", "<@>", "<>", "" }, { NULL }, "-" },
	{ "no name", FROM, { "<u@a b>", "<u@a..b>", "<u@\xff>" }, { NULL },
	    "-" },
	{ "route", FROM, { "<@a.example,@b.example:u@c.example>" }, { NULL },
	    "-" },
};

static void test_rcpts(void **state)
{
	(void)state;
	check(rcpts, UNIT_LEN(rcpts));
}

static void test_many(void **state)
{
	static struct message m;
	const char *const args[] = FROM;
	char address[64];

	(void)state;
	message_begin(&m, args, NULL, 0);
	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(
		    address, sizeof(address), "<u@d%u.example>", i % 5000);
		message_rcpt(&m, view_of(address));
		message_field(&m, view_of("Received"), view_of(address));
	}
	(void)message_end(&m, view_of("Q1"), 0);
	UNIT_UINT("domains", m.note.n_domains, NOTE_DOMAINS);
	UNIT_UINT("all others", m.note.n_more, 10000 - NOTE_DOMAINS);
	UNIT_STR("the first", m.note.domain[0], "d0.example");

	message_begin(&m, args, NULL, 0);
	for (unsigned i = 0; i < MESSAGE_RCPTS + 5; i++) {
		message_rcpt(&m, view_of("<u@a.example>"));
	}
	UNIT_UINT("one domain", m.note.n_domains, 1);
	UNIT_UINT("not looked at", m.note.n_more, 5);

	/* nothing is left of the message before */
	message_begin(&m, args, NULL, 0);
	message_field(&m, view_of("TLS-Required"), view_of("No"));
	message_begin(&m, args, NULL, 0);
	(void)message_end(&m, view_of(""), -1);
	UNIT_UINT("kinds", m.note.kinds, 0);
	UNIT_UINT("domains", m.note.n_domains, 0);
	UNIT_UINT("all others", m.note.n_more, 0);
	UNIT_INT("time", m.note.t, 0);
	UNIT_STR("id", m.note.qid, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_rcpts),
		cmocka_unit_test(test_many),
	};

	return UNIT_RUN(tests);
}
