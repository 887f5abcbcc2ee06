/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_report.c - whatever peers and policy hosts say, a report is JSON (R104)
 *
 * Input: lines. The first is the organization; each other is one text whose
 * first octet says what it is: 'm' MX host, 'h' greeting, 'r' reason, 'p' a
 * line of a policy, 't' address to mail to. A line "f" ends a fact.
 */
#include "config.h"

#include <json-c/json.h>
#include <json-c/json_visit.h>
#include <stdlib.h>
#include <string.h>

#include "common/report.h"
#include "common/report_private.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

enum {
	LINES = 64,
	OUT_MAX = 64 * 1024 * 1024
};

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* Cuts the next line off the front. */
static struct view next_line(struct view *text)
{
	size_t n = view_index(*text, '\n');
	struct view line = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 1 : n);
	return line;
}

static void add_fact(struct report *r, struct fact *f)
{
	struct tally_fact t = { .fact = *f, .count = 1 };

	t.fact.domain = view_of("example.net");
	require(report_add(r, &t, NULL) == 0);
	*f = (struct fact){ .tls = (enum fact_tls)(
				(unsigned)(f->tls + 1) % FACT_TLS_COUNT) };
}

static void add_lines(struct report *r, struct view text, char to[1024])
{
	struct view policy[LINES];
	struct report_policy key = {
		.type = JUDGE_STS, .domain = r->domain, .strings = policy
	};
	struct fact f = { .tls = FACT_TLS_OK };

	while (text.len > 0) {
		struct view line = next_line(&text);
		struct view value =
		    line.len > 0 ? view_skip(line, 1) : view_of("");

		switch (line.len > 0 ? line.s[0] : 'f') {
		case 'm':
			f.mx = value;
			break;
		case 'h':
			f.helo = value;
			break;
		case 'r':
			f.reason = value;
			break;
		case 'p':
			if (key.n_strings < LINES) {
				policy[key.n_strings++] = value;
			}
			break;
		case 't':
			if (value.len < 1024) {
				memcpy(to, value.s, value.len);
				to[value.len] = '\0';
			}
			break;
		default:
			add_fact(r, &f);
			break;
		}
	}
	add_fact(r, &f);
	report_find_element(r, &key)->successes = 1;
}

/* R102; json-c's null is NULL, and the type of index is json-c's. */
/* NOLINTBEGIN(readability-non-const-parameter) */
static int check_value(struct json_object *o, int flags,
    struct json_object *parent, const char *key, size_t *index, void *ctx)
{
	(void)flags;
	(void)parent;
	(void)key;
	(void)index;
	(void)ctx;
	require(o != NULL);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

/* NOLINTEND(readability-non-const-parameter) */

/* Strict parsing, and what receivers trip over though it is JSON. */
static void check_json(const struct strbuf *json)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	require(utf8_is_clean(view_make(json->s, json->len)));
	require(strlen(json->s) == json->len);
	require(strchr(json->s, 0x7f) == NULL);
	require(strchr(json->s, '\n') == NULL);
	require(strstr(json->s, "\xe2\x80\xa8") == NULL);
	require(strstr(json->s, "\xe2\x80\xa9") == NULL);
	require(t != NULL);
	json_tokener_set_flags(
	    t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, json->s, (int)json->len + 1);
	require(json_tokener_get_error(t) == json_tokener_success);
	require(json_c_visit(o, 0, check_value, NULL) == 0);
	json_object_put(o);
	json_tokener_free(t);
}

/* Lines of at most 998 octets of ASCII; the headers are those we wrote. */
static void check_mail(const struct strbuf *mail)
{
	size_t start = 0;
	unsigned n_headers = 0;
	bool in_headers = true;

	for (size_t i = 0; i + 1 < mail->len; i++) {
		require(mail->s[i] != '\0' && (unsigned char)mail->s[i] < 0x80);
		require((mail->s[i] == '\r') == (mail->s[i + 1] == '\n'));
		if (mail->s[i] == '\r') {
			require(i - start <= 998);
			in_headers = in_headers && i > start;
			n_headers += in_headers && mail->s[start] != ' ';
			start = i + 2;
		}
	}
	require(n_headers == 11);
}

FUZZ_TARGET(data, size)
{
	struct view text = view_make((const char *)data, size);
	struct view organization = next_line(&text);
	char name[REPORT_TEXT_MAX + 2] = "";
	char to[1024] = "a@example.net";
	struct report_sender sender = { name, "tls@example.org",
		"tls@example.org", "example.org", true };
	struct report *r;
	struct strbuf json;
	struct strbuf mail;

	memcpy(name, organization.s,
	    organization.len < sizeof(name) ? organization.len :
					      sizeof(name) - 1);
	r = report_new(&sender, view_of("example.net"), 0, 0);
	strbuf_init(&json, OUT_MAX);
	strbuf_init(&mail, OUT_MAX);
	add_lines(r, text, to);
	if (report_json(r, &json) == 0) {
		check_json(&json);
	}
	if (report_mail(r, &json, to, 0, &mail) == 0) {
		check_mail(&mail);
	}
	strbuf_release(&json);
	strbuf_release(&mail);
	report_free(r);
	return 0;
}
