/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_text.c - tests common/postfix_text.c */

#include "config.h"

#include "common/postfix_text.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

#define H "mx.a.example[192.0.2.1]"

static void add_peer(struct strbuf *b, const struct postfix_peer *peer)
{
	strbuf_addv(b, peer->name);
	strbuf_addc(b, '|');
	strbuf_addv(b, peer->addr);
	if (peer->port != 0) {
		strbuf_addf(b, "|%u", peer->port);
	}
}

static void test_peer(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* and what is left; NULL: none is there */
	} table[] = {
		{ "with port", H ":25: x", "mx.a.example|192.0.2.1|25 : x" },
		{ "without port", H ", x", "mx.a.example|192.0.2.1 , x" },
		{ "no port behind the colon", H ": x",
		    "mx.a.example|192.0.2.1 : x" },
		{ "at the end", H, "mx.a.example|192.0.2.1 " },
		{ "IPv6", "mx[2001:db8::1]:25", "mx|2001:db8::1|25 " },
		{ "socket", "host[private/lmtp]", "host|private/lmtp " },
		{ "no name", "[192.0.2.1]:25", "|192.0.2.1|25 " },
		{ "other port", H ":587", "mx.a.example|192.0.2.1|587 " },
		{ "port 0", H ":0", "mx.a.example|192.0.2.1 " },
		{ "no brackets", "none, x", NULL },
		{ "not closed", "mx[192.0.2.1", NULL },
		{ "blank in the name", "a mx[192.0.2.1]", NULL },
		{ "blank in the address", "mx[192.0 .2.1]", NULL },
		{ "port too big", H ":65536", NULL },
		{ "port far too big", H ":99999999999999999999999", NULL },
		{ "nothing", "", NULL },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text = view_of(table[i].in);
		struct postfix_peer peer;
		bool is_there = postfix_take_peer(&text, &peer);

		UNIT_BOOL(table[i].name, is_there, table[i].want != NULL);
		if (is_there) {
			strbuf_clear(&got);
			add_peer(&got, &peer);
			strbuf_addc(&got, ' ');
			strbuf_addv(&got, text);
			UNIT_STR(
			    table[i].name, strbuf_str(&got), table[i].want);
		} else {
			UNIT_TRUE(table[i].name, view_is(text, table[i].in));
		}
	}
	strbuf_release(&got);
}

static void test_address(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* NULL: none is there */
		bool is_exact;
		const char *rest;
	} table[] = {
		{ "plain", "<u@a.example>, x", "u@a.example", true, "x" },
		{ "empty", "<>, x", "", true, "x" },
		{ "quoted", "<\"a b\"@c>, x", "\"a b\"@c", true, "x" },
		{ "end in quotes", "<\"a>, b\"@c>, x", "\"a>, b\"@c", true,
		    "x" },
		{ "escaped quote", "<\"a\\\">, b\"@c>, x", "\"a\\\">, b\"@c",
		    true, "x" },
		{ "escaped backslash", "<\"a\\\\\"@c>, x", "\"a\\\\\"@c", true,
		    "x" },
		{ "an end of its own", "<a>, b@c>, x", "a", true, "b@c>, x" },
		{ "no domain", "<root>, x", "root", true, "x" },
		{ "atoms", "<a.b+c=!?@d>, x", "a.b+c=!?@d", true, "x" },
		{ "8 bits", "<\xc3\xbc@d>, x", "\xc3\xbc@d", true, "x" },
		{ "a blank that is not quoted", "<a b@c>, x", "a b@c", false,
		    "x" },
		{ "a bracket that is not quoted", "<a<b@c>, x", "a<b@c", false,
		    "x" },
		{ "an @ that is not quoted", "<a@b@c>, x", "a@b@c", false,
		    "x" },
		{ "two points", "<a..b@c>, x", "a..b@c", false, "x" },
		{ "point first", "<.a@c>, x", ".a@c", false, "x" },
		{ "point last", "<a.@c>, x", "a.@c", false, "x" },
		{ "no local part", "<@c>, x", "@c", false, "x" },
		{ "control", "<a\1@c>, x", "a\1@c", false, "x" },
		{ "quotes not at the end", "<\"a\"b@c>, x", "\"a\"b@c", false,
		    "x" },
		{ "quotes not at the front", "<a\"b\"@c>, x", "a\"b\"@c", false,
		    "x" },
		{ "only quotes", "<\"a\">, x", "\"a\"", false, "x" },
		{ "no bracket", "a@b, x", NULL, false, NULL },
		{ "not closed", "<a@b", NULL, false, NULL },
		{ "nothing behind", "<a@b>", NULL, false, NULL },
		{ "quote not closed", "<\"a@b>, x", NULL, false, NULL },
		{ "backslash last", "<\"a\\", NULL, false, NULL },
		{ "nothing", "", NULL, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text = view_of(table[i].in);
		struct view address;
		bool is_exact = false;
		bool is_there =
		    postfix_take_address(&text, &address, &is_exact);

		UNIT_BOOL(table[i].name, is_there, table[i].want != NULL);
		if (is_there) {
			UNIT_MEM(table[i].name, address.s, address.len,
			    table[i].want, strlen(table[i].want));
			UNIT_BOOL(table[i].name, is_exact, table[i].is_exact);
			UNIT_TRUE(table[i].name, view_is(text, table[i].rest));
		}
	}
}

static const char *end_word(enum postfix_end end)
{
	static const char *const words[] = {
		[POSTFIX_END_OTHER] = "other",
		[POSTFIX_END_HANDSHAKE] = "handshake",
		[POSTFIX_END_UNVERIFIED] = "unverified",
		[POSTFIX_END_NOT_OFFERED] = "not-offered",
		[POSTFIX_END_REFUSED] = "refused",
		[POSTFIX_END_LOST] = "lost",
		[POSTFIX_END_TIMEOUT] = "timeout",
		[POSTFIX_END_OURS] = "ours",
		[POSTFIX_END_REACHED] = "reached",
		[POSTFIX_END_BROKEN] = "broken",
	};

	return words[end];
}

#define P " mx.a.example|192.0.2.1"

static const struct {
	const char *in;
	const char *want; /* end, code, server */
} reasons[] = {
	{ "Cannot start TLS: handshake failure", "handshake 0 |" },
	{ "Server certificate not verified", "unverified 0 |" },
	{ "Server certificate not trusted", "unverified 0 |" },
	{ "TLS is required, but was not offered by host " H,
	    "not-offered 0" P },
	{ "TLS is required, but was not offered by host x", "not-offered 0 |" },
	{ "TLS is required, but host " H " refused to start TLS: 454 4.7.0 no",
	    "refused 454" P },
	{ "TLS is required, but host " H
	  " refused to start TLS: 501 no (in reply to STARTTLS)",
	    "refused 501" P },
	{ "TLS is required, but host " H " refused to start TLS: 220",
	    "refused 0" P },
	{ "TLS is required, but host " H " refused to start TLS: x",
	    "refused 0" P },
	{ "TLS is required, but host " H " refused", "other 0 |" },
	{ "TLS is required, but our TLS engine is unavailable", "ours 0 |" },
	{ "TLS is required, but unavailable", "ours 0 |" },
	{ "host " H " said: 550 no (in reply to RCPT TO command)",
	    "reached 0" P },
	{ "host " H " refused to talk to me: 554 no", "other 0 |" },
	{ "host x said: 550", "other 0 |" },
	{ "lost connection with " H " while sending RCPT TO", "broken 0" P },
	{ "lost connection with " H " while sending message body",
	    "broken 0" P },
	{ "lost connection with " H " while receiving the STARTTLS response",
	    "lost 0" P },
	{ "lost connection with " H
	  " while receiving the initial server greeting",
	    "other 0 |" },
	{ "lost connection with " H " while performing the EHLO "
	  "handshake",
	    "other 0 |" },
	{ "conversation with " H " timed out while sending MAIL FROM",
	    "broken 0" P },
	{ "conversation with " H
	  " timed out while receiving the STARTTLS response",
	    "timeout 0" P },
	{ "conversation with " H
	  " timed out while receiving the initial server greeting",
	    "other 0 |" },
	{ "SASL authentication failed; server " H " said: 535 no",
	    "reached 0" P },
	{ "SASL authentication failed; cannot authenticate to server " H
	  ": no mechanism",
	    "reached 0" P },
	{ "SASL authentication failed; no", "reached 0 |" },
	{ "message size 5 exceeds size limit 4 of server " H, "reached 0" P },
	{ "SMTPUTF8 is required, but was not offered by host " H,
	    "reached 0" P },
	{ "connect to " H ":25: Connection refused", "other 0 |" },
	{ "server unavailable or unable to receive mail", "other 0 |" },
	{ "Cannot start TLS: handshake failure, or so", "other 0 |" },
	{ "", "other 0 |" },
	/* the server writes what follows "said: " */
	{ "host " H " said: 450 TLS is required, but was not offered by host x",
	    "reached 0" P },
};

static void test_reason(void **state)
{
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(reasons); i++) {
		struct postfix_reason reason;

		postfix_reason_parse(view_of(reasons[i].in), &reason);
		strbuf_clear(&got);
		strbuf_addf(&got, "%s %u ", end_word(reason.end), reason.code);
		add_peer(&got, &reason.peer);
		UNIT_STR(reasons[i].in, strbuf_str(&got), reasons[i].want);
	}
	strbuf_release(&got);
}

static void test_level(void **state)
{
	static const char *const says[] = {
		[POSTFIX_SAYS_NOTHING] = "nothing",
		[POSTFIX_SAYS_OFF] = "off",
		[POSTFIX_SAYS_CLEAR] = "clear",
		[POSTFIX_SAYS_UNDECIDED] = "undecided",
		[POSTFIX_SAYS_VIOLATED] = "violated",
		[POSTFIX_SAYS_ENCRYPTED] = "encrypted",
	};

	static const struct {
		const char *in;
		const char *want; /* says, name, final */
	} table[] = {
		{ "", "nothing  " },
		{ "none", "off none " },
		{ "may", "encrypted may " },
		{ "may:none", "clear may none" },
		{ "may?", "undecided may " },
		{ "encrypt", "encrypted encrypt " },
		{ "encrypt/requiretls", "encrypted encrypt " },
		{ "!encrypt", "violated encrypt " },
		{ "dane", "encrypted dane " },
		{ "dane:encrypt", "encrypted dane encrypt" },
		{ "!dane", "violated dane " },
		{ "dane?", "undecided dane " },
		{ "dane-only?", "undecided dane-only " },
		{ "halfdane", "encrypted halfdane " },
		{ "secure", "encrypted secure " },
		{ "!secure/requiretls", "violated secure " },
		{ "unknown?", "undecided  " },
		{ "unknown", "encrypted  " },
		{ "?", "nothing  " },
		{ "!", "nothing  " },
		{ ":none", "nothing  none" },
		{ "/requiretls", "nothing  " },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct postfix_level level;

		postfix_level_parse(view_of(table[i].in), &level);
		strbuf_clear(&got);
		strbuf_addf(&got, "%s ", says[level.says]);
		strbuf_addv(&got, level.name);
		strbuf_addc(&got, ' ');
		strbuf_addv(&got, level.final);
		UNIT_STR(table[i].in, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_level),
	};

	return UNIT_RUN(tests);
}
