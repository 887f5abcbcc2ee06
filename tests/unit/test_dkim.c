/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dkim.c - tests of send/dkim.c
 *
 * Whether strangers take the signatures is tested by tests/reports/signatures.py.
 */

#include "config.h"

#include <sys/stat.h>

#include "common/err.h"
#include "send/dkim.h"
#include "tests/unit/dkim_sample.h"
#include "tests/unit/unit.h"

enum {
	PATH_BUF = 256,
	TEXT_MAX = 65536,
	LINE_WIDTH = 78
};

struct keys {
	char dir[64];
	struct conf conf;
	struct strbuf error;
	struct dkim *dkim;
};

static void write_key(const struct keys *k, const char *name, const char *pem)
{
	char path[PATH_BUF];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", k->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	UNIT_TRUE(name, fputs(pem, f) >= 0);
	UNIT_INT(name, fclose(f), 0);
	UNIT_INT(name, chmod(path, 0600), 0);
}

/* text: a configuration with "%" where the directory is to stand. */
static int keys_open(struct keys *k, const char *text)
{
	struct strbuf conf;

	unit_tmpdir_make(k->dir, sizeof(k->dir));
	write_key(k, "rsa", dkim_sample_rsa);
	write_key(k, "ed25519", dkim_sample_ed25519);
	strbuf_init(&conf, TEXT_MAX);
	strbuf_init(&k->error, TEXT_MAX);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%') {
			strbuf_adds(&conf, k->dir);
		} else {
			strbuf_addc(&conf, *p);
		}
	}
	conf_init(&k->conf);
	UNIT_INT("conf",
	    conf_parse(&k->conf, "t", strbuf_str(&conf), conf.len, &k->error),
	    0);
	strbuf_release(&conf);
	return dkim_open(&k->conf, &k->dkim, &k->error);
}

static void keys_close(struct keys *k)
{
	dkim_close(k->dkim);
	conf_release(&k->conf);
	strbuf_release(&k->error);
	unit_tmpdir_remove(k->dir);
}

#define CONTACT "contact: joe@football.example.com\n"
#define BOTH                                     \
 CONTACT "dkim:\n  keys:\n"                      \
	 "    - {selector: test, file: %/rsa}\n" \
	 "    - {selector: brisbane, file: %/ed25519}\n"

static void test_open(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* within the error; "": it is good */
		bool is_null;
	} table[] = {
		{ "both", BOTH, "", false },
		{ "nothing", CONTACT, "no key is named", true },
		{ "elsewhere", CONTACT "dkim: {elsewhere: true}\n", "", true },
		{ "no file",
		    CONTACT "dkim: {keys: [{selector: a, file: %/none}]}\n",
		    "/none: No such file", true },
		{ "the second is bad",
		    CONTACT "dkim: {keys: [{selector: a, file: %/rsa}, "
			    "{selector: b, file: %}]}\n",
		    ": no regular file", true },
		{ "no contact", "dkim: {keys: [{selector: a, file: %/rsa}]}\n",
		    "contact is missing", true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		bool is_good = table[i].want[0] == '\0';
		struct keys k;

		UNIT_INT(table[i].name, keys_open(&k, table[i].text),
		    is_good ? 0 : ERR_CONFIG);
		UNIT_BOOL(table[i].name, k.dkim == NULL, table[i].is_null);
		UNIT_TRUE(table[i].name,
		    strstr(strbuf_str(&k.error), table[i].want) != NULL);
		UNIT_BOOL(table[i].name, k.error.len == 0, is_good);
		keys_close(&k);
	}
}

static void test_record(void **state)
{
	struct dkim_info info;
	struct strbuf name;
	struct strbuf text;
	struct keys k;

	(void)state;
	UNIT_INT("open", keys_open(&k, BOTH), 0);
	strbuf_init(&name, TEXT_MAX);
	strbuf_init(&text, TEXT_MAX);
	UNIT_BOOL("1", dkim_record(k.dkim, 1, &name, &text), true);
	UNIT_STR("name", strbuf_str(&name),
	    "brisbane._domainkey.football.example.com");
	UNIT_STR("text", strbuf_str(&text),
	    "v=DKIM1; k=ed25519; "
	    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	UNIT_BOOL("2", dkim_record(k.dkim, 2, &name, &text), false);
	UNIT_BOOL("none", dkim_record(NULL, 0, &name, &text), false);
	UNIT_BOOL("info", dkim_info(k.dkim, 0, &info), true);
	UNIT_STR("domain", info.domain, "football.example.com");
	UNIT_STR("selector", info.selector, "test");
	UNIT_UINT("bits", info.bits, 1024);
	UNIT_BOOL("no info", dkim_info(k.dkim, 2, &info), false);
	strbuf_release(&name);
	strbuf_release(&text);
	keys_close(&k);
}

/* No line is longer than it should, and blanks are only where they may. */
static void check_lines(const char *name, struct view text)
{
	while (text.len > 0) {
		size_t len = view_find(text, "\r\n");

		UNIT_TRUE(name, len < text.len && len <= LINE_WIDTH);
		UNIT_TRUE(name, len > 0 && text.s[len - 1] != ' ');
		text = view_skip(text, len + 2);
	}
}

static void test_sign(void **state)
{
	static const char want[] =
	    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
	    " d=football.example.com; s=brisbane; "
	    "h=From:From:Subject:Subject:\r\n"
	    " TLS-Report-Domain:TLS-Report-Domain:TLS-Report-Submitter:\r\n"
	    " TLS-Report-Submitter:Date:To:Message-ID:MIME-Version:"
	    "Content-Type:\r\n"
	    " Auto-Submitted:TLS-Required; "
	    "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    " b=tHbk9RiJCBX+gOAW6mYkfh/"
	    "SU2GdChVxSQMjkk78+9JgDYXy+Bu9EBFU/dyTqn0q0pOd56ML\r\n"
	    " bCAOgoOCXfhgDg==\r\n";
	struct view message = view_of(dkim_sample_message);
	struct strbuf out;
	struct strbuf again;
	struct keys k;
	size_t at;

	(void)state;
	UNIT_INT("open", keys_open(&k, BOTH), 0);
	strbuf_init(&out, TEXT_MAX);
	strbuf_init(&again, TEXT_MAX);
	UNIT_INT("sign", dkim_sign(k.dkim, message, &out), 0);
	UNIT_INT("again", dkim_sign(k.dkim, message, &again), 0);
	UNIT_STR("again", strbuf_str(&again), strbuf_str(&out));
	UNIT_TRUE("two",
	    view_starts(view_of(out.s),
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;"));
	at = view_find(view_of(out.s), "ed25519");
	UNIT_TRUE("the second",
	    at < out.len &&
		strncmp(out.s + at - 23, want, sizeof(want) - 1) == 0);
	UNIT_STR("the message is behind it", out.s + out.len - message.len,
	    dkim_sample_message);
	check_lines("lines", view_make(out.s, out.len - message.len));
	strbuf_clear(&out);
	UNIT_INT("no key", dkim_sign(NULL, message, &out), 0);
	UNIT_STR("no key", strbuf_str(&out), dkim_sample_message);
	strbuf_release(&out);
	strbuf_release(&again);
	keys_close(&k);
}

static void test_sign_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *message;
		size_t max;
		int want;
	} table[] = {
		{ "good", "From: a@b\r\n\r\nhello\r\n", 4096, 0 },
		{ "no body", "From: a@b\r\n", 4096, 0 },
		{ "nothing", "", 4096, ERR_PARSE },
		{ "no From", "To: a@b\r\n\r\n", 4096, ERR_PARSE },
		{ "From in the body", "\r\nFrom: a@b\r\n", 4096, ERR_PARSE },
		{ "two From", "From: a@b\r\nFROM: a@b\r\n\r\n", 4096,
		    ERR_PARSE },
		{ "two Subject", "From: a@b\r\nSubject: a\r\nSubject : b\r\n",
		    4096, ERR_PARSE },
		{ "two Received", "From: a@b\r\nReceived: a\r\nReceived: b\r\n",
		    4096, 0 },
		{ "LF", "From: a@b\n\nhello\n", 4096, ERR_PARSE },
		{ "LF in the body", "From: a@b\r\n\r\na\nb\r\n", 4096,
		    ERR_PARSE },
		{ "CR in the body", "From: a@b\r\n\r\na\rb\r\n", 4096,
		    ERR_PARSE },
		{ "no line end", "From: a@b\r\n\r\na", 4096, ERR_PARSE },
		{ "CR at the end", "From: a@b\r\n\r\na\r", 4096, ERR_PARSE },
		{ "no room", "From: a@b\r\n\r\nhello\r\n", 200, ERR_TOO_LONG },
	};

	struct keys k;

	(void)state;
	UNIT_INT("open", keys_open(&k, BOTH), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf out;

		strbuf_init(&out, table[i].max);
		UNIT_INT(table[i].name,
		    dkim_sign(k.dkim, view_of(table[i].message), &out),
		    table[i].want);
		strbuf_release(&out);
	}
	keys_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_refuses),
	};

	return UNIT_RUN(tests);
}
