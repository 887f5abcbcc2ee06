/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_report.c - whatever peers and policy hosts say, a report is JSON (R104)
 *
 * Input: lines. The first is the organization; each other is one text whose
 * first octet says what it is: 'm' MX host, 'h' greeting, 'r' reason, 'p' a
 * line of an MTA-STS policy, 'b' TLSA base domain, 'd' TLSA record, 't' address
 * to mail to. A line "f" ends a fact, which is judged by all that came before
 * it.
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

/* What the lines told so far. */
struct told {
	struct fact fact;
	struct policy_set set;
	struct strbuf text; /* the MTA-STS policy */
	struct view records[LINES];
	unsigned turn; /* decides what is not told */
};

static void add_fact(struct report *r, struct told *told)
{
	struct tally_fact t = { .fact = told->fact, .count = 1 };
	struct policy_set *set = &told->set;
	unsigned turn = told->turn++;

	t.fact.domain = view_of("example.net");
	t.fact.tls = (enum fact_tls)(turn % FACT_TLS_COUNT);
	t.fact.chain = (enum fact_chain)(turn % FACT_CHAIN_COUNT);
	t.fact.dane = (enum fact_dane)(turn / 2 % FACT_DANE_COUNT);
	set->mx = (enum policy_mx)(1 + turn % (POLICY_MX_COUNT - 1));
	set->tlsa = (enum policy_tlsa)(1 + turn / 2 % (POLICY_TLSA_COUNT - 1));
	set->sts = (enum policy_sts)(1 + turn % (POLICY_STS_COUNT - 1));
	set->sts_text = view_make(told->text.s, told->text.len);
	set->records = told->records;
	report_add(r, &t, set);
	set->failed_at = 1;
	set->failed = POLICY_STS_FETCH_ERROR;
	report_add_event(r, set);
	set->failed_at = 0;
	told->fact = (struct fact){ .tls = FACT_TLS_OK };
}

static void take_line(struct told *told, int what, struct view value)
{
	switch (what) {
	case 'm':
		told->fact.mx = value;
		break;
	case 'h':
		told->fact.helo = value;
		break;
	case 'r':
		told->fact.reason = value;
		told->set.sts_reason = value;
		break;
	case 'p':
		strbuf_addv(&told->text, value);
		strbuf_addc(&told->text, '\n');
		break;
	case 'b':
		told->set.base = value;
		break;
	case 'd':
		if (told->set.n_records < LINES) {
			told->records[told->set.n_records++] = value;
		}
		break;
	default:
		break;
	}
}

static void add_lines(struct report *r, struct view text, char to[1024])
{
	struct told told = { .turn = 0 };

	strbuf_init(&told.text, OUT_MAX);
	while (text.len > 0) {
		struct view line = next_line(&text);
		struct view value =
		    line.len > 0 ? view_skip(line, 1) : view_of("");
		int what = line.len > 0 ? line.s[0] : 'f';

		if (what == 't' && value.len < 1024) {
			memcpy(to, value.s, value.len);
			to[value.len] = '\0';
		}
		if (what == 'f') {
			add_fact(r, &told);
		}
		take_line(&told, what, value);
	}
	add_fact(r, &told);
	strbuf_release(&told.text);
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
		"tls@example.org", "example.org", NULL, true, JUDGE_ALL };
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
	if (report_worth(r) && report_json(r, &json) == 0) {
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
