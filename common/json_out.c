/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_out.c - JSON lines
 *
 * Written as text and not built as json-c's objects first: a tally has a
 * million of them. json-c only reads what is JSON already, so that nothing in
 * it passes unseen.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "common/err.h"
#include "common/json_out.h"
#include "common/utf8.h"

enum {
	DEPTH = 16, /* of JSON that we are given */
};

void json_out_init(struct json_out *j)
{
	strbuf_init(&j->line, JSON_OUT_MAX);
	j->needs_comma = false;
}

void json_out_release(struct json_out *j)
{
	strbuf_release(&j->line);
}

void json_out_begin(struct json_out *j)
{
	strbuf_clear(&j->line);
	strbuf_addc(&j->line, '{');
	j->needs_comma = false;
}

int json_out_end(struct json_out *j, FILE *stream)
{
	strbuf_adds(&j->line, "}\n");
	if (j->line.failed) {
		return ERR_TOO_LONG;
	}
	if (fwrite(j->line.s, 1, j->line.len, stream) != j->line.len) {
		return errno != 0 ? -errno : -EIO;
	}
	return 0;
}

struct view json_out_finish(struct json_out *j)
{
	strbuf_addc(&j->line, '}');
	return j->line.failed ? view_make(NULL, 0) :
				view_make(j->line.s, j->line.len);
}

static void add_code(struct strbuf *out, uint32_t code)
{
	switch (code) {
	case '"':
	case '\\':
		strbuf_addf(out, "\\%c", (char)code);
		break;
	case '\n':
		strbuf_adds(out, "\\n");
		break;
	case '\r':
		strbuf_adds(out, "\\r");
		break;
	case '\t':
		strbuf_adds(out, "\\t");
		break;
	default:
		strbuf_addf(out, "\\u%04" PRIx32, code);
		break;
	}
}

/* Must the character be escaped? RFC 8259 7, R104; C1 for terminals. */
static bool is_special(uint32_t code)
{
	return code < 0x20 || code == '"' || code == '\\' ||
	    (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Bytes at the front that are printable ASCII and need no escape. */
static size_t count_plain(struct view text)
{
	size_t n = 0;

	while (n < text.len && text.s[n] >= ' ' && text.s[n] < 0x7f &&
	    text.s[n] != '"' && text.s[n] != '\\') {
		n++;
	}
	return n;
}

static void add_string(struct strbuf *out, struct view text)
{
	strbuf_addc(out, '"');
	while (text.len > 0) {
		size_t n = count_plain(text);
		uint32_t code = 0;

		strbuf_add(out, text.s, n);
		text = view_skip(text, n);
		if (text.len == 0) {
			break;
		}
		n = utf8_decode(text, &code);
		if (n == 0 || !utf8_is_clean(view_make(text.s, n))) {
			strbuf_adds(out, "\xef\xbf\xbd");
			n = n > 0 ? n : 1;
		} else if (is_special(code)) {
			add_code(out, code);
		} else {
			strbuf_add(out, text.s, n);
		}
		text = view_skip(text, n);
	}
	strbuf_addc(out, '"');
}

static void add_name(struct json_out *j, const char *name)
{
	if (j->needs_comma) {
		strbuf_addc(&j->line, ',');
	}
	if (name != NULL) {
		strbuf_addc(&j->line, '"');
		strbuf_adds(&j->line, name);
		strbuf_adds(&j->line, "\":");
	}
	j->needs_comma = true;
}

void json_out_text(struct json_out *j, const char *name, struct view text)
{
	add_name(j, name);
	add_string(&j->line, text);
}

void json_out_some(struct json_out *j, const char *name, struct view text)
{
	if (text.len > 0) {
		json_out_text(j, name, text);
	}
}

void json_out_word(
    struct json_out *j, const char *name, unsigned value, const char *word)
{
	if (value != 0 && word != NULL) {
		json_out_text(j, name, view_of(word));
	}
}

void json_out_number(struct json_out *j, const char *name, uint64_t n)
{
	add_name(j, name);
	strbuf_addf(&j->line, "%" PRIu64, n);
}

void json_out_time(struct json_out *j, const char *name, int64_t t)
{
	add_name(j, name);
	strbuf_addf(&j->line, "%" PRId64, t);
}

void json_out_bool(struct json_out *j, const char *name, bool b)
{
	add_name(j, name);
	strbuf_adds(&j->line, b ? "true" : "false");
}

void json_out_open(struct json_out *j, const char *name)
{
	add_name(j, name);
	strbuf_addc(&j->line, '{');
	j->needs_comma = false;
}

void json_out_close(struct json_out *j)
{
	strbuf_addc(&j->line, '}');
	j->needs_comma = true;
}

void json_out_open_list(struct json_out *j, const char *name)
{
	add_name(j, name);
	strbuf_addc(&j->line, '[');
	j->needs_comma = false;
}

void json_out_item(struct json_out *j, struct view text)
{
	if (j->needs_comma) {
		strbuf_addc(&j->line, ',');
	}
	add_string(&j->line, text);
	j->needs_comma = true;
}

void json_out_close_list(struct json_out *j)
{
	strbuf_addc(&j->line, ']');
	j->needs_comma = true;
}

static struct view string_of(struct json_object *o)
{
	return view_make(
	    json_object_get_string(o), (size_t)json_object_get_string_len(o));
}

static void add_value(struct strbuf *out, struct json_object *o);

static void add_array(struct strbuf *out, struct json_object *o)
{
	size_t n = json_object_array_length(o);

	strbuf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			strbuf_addc(out, ',');
		}
		add_value(out, json_object_array_get_idx(o, i));
	}
	strbuf_addc(out, ']');
}

static void add_object(struct strbuf *out, struct json_object *o)
{
	struct json_object_iterator it = json_object_iter_begin(o);
	struct json_object_iterator end = json_object_iter_end(o);
	bool needs_comma = false;

	strbuf_addc(out, '{');
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		if (needs_comma) {
			strbuf_addc(out, ',');
		}
		needs_comma = true;
		add_string(out, view_of(json_object_iter_peek_name(&it)));
		strbuf_addc(out, ':');
		add_value(out, json_object_iter_peek_value(&it));
	}
	strbuf_addc(out, '}');
}

/* No deeper than the parser went: DEPTH. */
static void add_value(struct strbuf *out, struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_string:
		add_string(out, string_of(o));
		break;
	case json_type_array:
		add_array(out, o);
		break;
	case json_type_object:
		add_object(out, o);
		break;
	case json_type_double:
		/* json-c also takes NaN and Infinity, which are no JSON */
		if (!isfinite(json_object_get_double(o))) {
			strbuf_adds(out, "null");
			break;
		}
		strbuf_adds(out, json_object_to_json_string(o));
		break;
	case json_type_null:
	case json_type_boolean:
	case json_type_int:
		strbuf_adds(out, json_object_to_json_string(o));
		break;
	}
}

/* Parses the whole text. Returns false when it is no JSON. */
static bool parse(struct view json, struct json_object **out)
{
	struct json_tokener *tok;
	bool is_good;

	*out = NULL;
	if (json.len > JSON_OUT_MAX) {
		return false;
	}
	tok = json_tokener_new_ex(DEPTH);
	if (tok == NULL) {
		return false;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	*out = json_tokener_parse_ex(tok, json.s, (int)json.len);
	is_good = json_tokener_get_error(tok) == json_tokener_success &&
	    json_tokener_get_parse_end(tok) == json.len;
	if (json_tokener_get_error(tok) == json_tokener_continue) {
		/* a number at the end could go on: the NUL says no */
		*out = json_tokener_parse_ex(tok, "", 1);
		is_good = json_tokener_get_error(tok) == json_tokener_success;
	}
	json_tokener_free(tok);
	return is_good;
}

void json_out_json(struct json_out *j, const char *name, struct view json,
    const char *fallback)
{
	struct json_object *o = NULL;

	add_name(j, name);
	if (json.len == 0) {
		strbuf_adds(&j->line, fallback);
	} else if (parse(json, &o)) {
		add_value(&j->line, o);
	} else {
		add_string(&j->line, json);
	}
	(void)json_object_put(o);
}
