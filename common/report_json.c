/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_json.c - the body of a report: RFC 8460 4.4
 *
 * The only file that knows json-c for reports. Members stand in the order of
 * RFC 8460's example; what is not known is left out, never null or empty
 * (R91-R102).
 */

#include "config.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/policy.h"
#include "common/report_details.h"
#include "common/report_private.h"
#include "common/utf8.h"
#include "common/when.h"

enum {
	/* Of so few policies the names and counts take some kilobytes. */
	FEW_ELEMENTS = 16
};

/* Names that report_json_detail_size() must know as well. */
static const char key_type[] = "result-type";
static const char key_sending_ip[] = "sending-mta-ip";
static const char key_mx[] = "receiving-mx-hostname";
static const char key_helo[] = "receiving-mx-helo";
static const char key_ip[] = "receiving-ip";
static const char key_count[] = "failed-session-count";
static const char key_reason[] = "failure-reason-code";

/* json-c returns NULL for want of memory only; NULL would become null. */
static struct json_object *made(struct json_object *o)
{
	if (o == NULL) {
		(void)fputs("out of memory\n", stderr);
		abort();
	}
	return o;
}

/* Each key is new in its object, and lives as long as the program. */
static struct json_object *add(
    struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add_ex(to, key, made(value),
		JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT) !=
	    0) {
		(void)made(NULL);
	}
	return value;
}

static void append(struct json_object *to, struct json_object *value)
{
	if (json_object_array_add(to, made(value)) != 0) {
		(void)made(NULL);
	}
}

static struct json_object *string(struct view text)
{
	assert(text.len <= (size_t)POLICY_CONTENT_MAX * 3);
	return json_object_new_string_len(
	    text.len > 0 ? text.s : "", (int)text.len);
}

static void add_string(
    struct json_object *to, const char *key, struct view text)
{
	if (text.len > 0) {
		(void)add(to, key, string(text));
	}
}

static void add_ip(struct json_object *to, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	add_string(to, key, view_of(ip_format(ip, text)));
}

static void add_list(struct json_object *to, const char *key,
    const struct view *list, size_t n, struct arena *a)
{
	struct json_object *array;

	if (n == 0) {
		return;
	}
	array = add(to, key, json_object_new_array_ext((int)n));
	for (size_t i = 0; i < n; i++) {
		append(array, string(utf8_clean(list[i], a)));
	}
}

static struct json_object *make_policy(
    const struct report_element *e, struct arena *a)
{
	struct json_object *o = made(json_object_new_object());
	struct json_object *policy;
	struct json_object *summary;

	policy = add(o, "policy", json_object_new_object());
	add_string(
	    policy, "policy-type", view_of(judge_policy_word(e->policy.type)));
	add_list(
	    policy, "policy-string", e->policy.strings, e->policy.n_strings, a);
	add_string(policy, "policy-domain", e->policy.domain);
	add_list(policy, "mx-host", e->policy.mx, e->policy.n_mx, a);
	summary = add(o, "summary", json_object_new_object());
	(void)add(summary, "total-successful-session-count",
	    json_object_new_uint64(e->successes));
	(void)add(summary, "total-failure-session-count",
	    json_object_new_uint64(e->failures));
	return o;
}

/* The whole report but for its failure-details. */
static struct json_object *make_frame(struct report *r)
{
	struct json_object *o = made(json_object_new_object());
	struct json_object *range;
	struct json_object *policies;
	char when[WHEN_RFC3339_BUF];

	add_string(o, "organization-name",
	    utf8_clean(view_of(r->sender.organization), r->arena));
	range = add(o, "date-range", json_object_new_object());
	add_string(
	    range, "start-datetime", view_of(when_rfc3339(r->day, when)));
	add_string(range, "end-datetime",
	    view_of(when_rfc3339(r->day + WHEN_DAY_S - 1, when)));
	add_string(o, "contact-info", view_of(r->sender.contact));
	add_string(o, "report-id", view_of(r->id));
	policies = add(o, "policies", json_object_new_array());
	for (size_t i = 0; i < r->n_elements; i++) {
		append(policies, make_policy(r->elements[i], r->arena));
	}
	return o;
}

static struct json_object *make_detail(const struct report_detail *d)
{
	struct json_object *o = json_object_new_object();

	(void)made(o);
	add_string(o, key_type, view_of(judge_type_word(d->type)));
	add_ip(o, key_sending_ip, &d->sending_ip);
	add_string(o, key_mx, d->mx);
	add_string(o, key_helo, d->helo);
	add_ip(o, key_ip, &d->ip);
	(void)add(o, key_count, json_object_new_uint64(d->count));
	add_string(o, key_reason, d->reason);
	return o;
}

/* "key":"value", */
static size_t string_size(const char *key, size_t value_len)
{
	return value_len == 0 ? 0 : strlen(key) + value_len + 6;
}

static size_t ip_size(const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	return string_size(key, strlen(ip_format(ip, text)));
}

size_t report_json_detail_size(const struct report_detail *d)
{
	/* "{" and "}", and the comma behind it for that of the last member */
	size_t size = 2;
	size_t helo_len = d->helo.len;

	for (size_t i = 0; i < d->helo.len; i++) {
		helo_len += d->helo.s[i] == '"' || d->helo.s[i] == '\\';
	}
	size += string_size(key_type, strlen(judge_type_word(d->type)));
	size += ip_size(key_sending_ip, &d->sending_ip);
	size += string_size(key_mx, d->mx.len);
	size += string_size(key_helo, helo_len);
	size += ip_size(key_ip, &d->ip);
	size += strlen(key_count) + 4; /* "key":1, */
	for (uint64_t n = d->count; n > 0; n /= 10) {
		size++;
	}
	return size + string_size(key_reason, d->reason.len);
}

static void add_details(
    struct json_object *frame, const struct report_details *d)
{
	struct json_object *policies = NULL;
	const struct report_element *element = NULL;
	struct json_object *array = NULL;

	(void)json_object_object_get_ex(frame, "policies", &policies);
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i]->element != element) {
			element = d->v[i]->element;
			array = add(
			    json_object_array_get_idx(policies, element->rank),
			    "failure-details", json_object_new_array());
		}
		append(array, make_detail(d->v[i]));
	}
}

/* The end of what needs no escape beyond json-c's. */
static const char *next_special(const char *s, const char *end)
{
	while (s < end && *s != 0x7f &&
	    !(end - s >= 3 && memcmp(s, "\xe2\x80", 2) == 0 &&
		(s[2] == '\xa8' || s[2] == '\xa9'))) {
		s++;
	}
	return s;
}

/*
 * Appends JSON text with DEL, U+2028 and U+2029 escaped (R104), which json-c
 * leaves as they are. They can stand in strings only, so the text need not be
 * parsed.
 */
static void add_escaped(struct strbuf *out, struct view text)
{
	const char *end = text.s + text.len;
	const char *s = text.s;

	while (s < end) {
		const char *special = next_special(s, end);

		strbuf_add(out, s, (size_t)(special - s));
		s = special;
		if (s == end) {
			break;
		}
		if (*s == 0x7f) {
			strbuf_adds(out, "\\u007f");
			s += 1;
		} else {
			strbuf_adds(
			    out, s[2] == '\xa8' ? "\\u2028" : "\\u2029");
			s += 3;
		}
	}
}

static void print(struct json_object *o, struct strbuf *out)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(
	    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	if (text == NULL) {
		(void)made(NULL);
	}
	add_escaped(out, view_make(text, len));
}

/* Octets of the report without any detail, but with the room they stand in. */
static size_t frame_size(struct json_object *frame, size_t n_elements)
{
	struct strbuf text;
	size_t size;

	strbuf_init(&text, SIZE_MAX / 2);
	print(frame, &text);
	size = text.len + n_elements * sizeof(",\"failure-details\":[]");
	strbuf_release(&text);
	return size;
}

/* Does it fit without being measured? Its policies take half at most. */
static bool is_small(const struct report *r)
{
	return r->n_elements <= FEW_ELEMENTS &&
	    report_details_size(&r->details) <= REPORT_JSON_MAX / 4;
}

/* The details that there is room for. */
static int pick_details(
    struct report *r, struct json_object *frame, struct report_details *shown)
{
	size_t size;

	if (is_small(r)) {
		*shown = r->details;
		return 0;
	}
	size = frame_size(frame, r->n_elements);
	if (size > REPORT_JSON_MAX) {
		return ERR_TOO_LONG;
	}
	report_details_fit(
	    &r->details, r->arena, REPORT_JSON_MAX - size, shown);
	return 0;
}

int report_json(struct report *r, struct strbuf *out)
{
	struct json_object *frame;
	struct report_details shown;
	size_t before = out->len;
	int rc = report_check(r);

	if (rc != 0) {
		return rc;
	}
	assert(report_worth(r));
	/* half for the policies, so that there is room for what failed */
	report_policies_fit(r, REPORT_JSON_MAX / 2);
	frame = make_frame(r);
	rc = pick_details(r, frame, &shown);
	if (rc == 0) {
		add_details(frame, &shown);
		print(frame, out);
		if (out->failed || out->len - before > REPORT_JSON_MAX) {
			rc = ERR_TOO_LONG;
		}
	}
	(void)json_object_put(frame);
	return rc;
}
