/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_probe.c - what our own probes saw, as JSON: contents of policies */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "common/policy_probe.h"

/* --- writing --- */

static int by_text(const void *a, const void *b)
{
	const struct view *v = a;
	const struct view *w = b;
	size_t n = v->len < w->len ? v->len : w->len;
	int order = n == 0 ? 0 : memcmp(v->s, w->s, n);

	return order != 0 ? order : (v->len > w->len) - (v->len < w->len);
}

static void put_records(struct json_out *j, const struct policy_probe *p)
{
	struct view *sorted;

	if (p->n_records == 0) {
		return;
	}
	sorted = xcalloc(p->n_records, sizeof(*sorted));
	memcpy(sorted, p->records, p->n_records * sizeof(*sorted));
	qsort(sorted, p->n_records, sizeof(*sorted), by_text);
	json_out_open_list(j, "tlsa-records");
	for (size_t i = 0; i < p->n_records; i++) {
		json_out_item(j, sorted[i]);
	}
	json_out_close_list(j);
	free(sorted);
}

int policy_probe_write(const struct policy_probe *p, struct strbuf *out)
{
	char ip[IP_TEXT_MAX];
	struct view content;
	struct json_out j;

	json_out_init(&j);
	json_out_begin(&j);
	json_out_time(&j, "probed-at", p->at);
	json_out_text(&j, "ip", view_of(ip_format(&p->ip, ip)));
	json_out_word(&j, "chain", p->chain, fact_chain_word(p->chain));
	json_out_some(&j, "chain-reason", p->chain_reason);
	json_out_word(&j, "name", p->name, fact_name_word(p->name));
	json_out_word(&j, "dane", p->dane, fact_dane_word(p->dane));
	json_out_word(
	    &j, "dane-chain", p->dane_chain, fact_chain_word(p->dane_chain));
	json_out_some(&j, "dane-reason", p->dane_reason);
	json_out_word(
	    &j, "dane-name", p->dane_name, fact_name_word(p->dane_name));
	json_out_some(&j, "tlsa-base", p->base);
	put_records(&j, p);
	content = json_out_finish(&j);
	if (content.len > 0 && content.len <= POLICY_PROBE_MAX) {
		strbuf_addv(out, content);
	} else {
		out->failed = true;
	}
	json_out_release(&j);
	return out->failed ? ERR_TOO_LONG : 0;
}

/* --- reading --- */

typedef const char *(*word_of)(unsigned value);

static const char *chain_word(unsigned value)
{
	return fact_chain_word((enum fact_chain)value);
}

static const char *name_word(unsigned value)
{
	return fact_name_word((enum fact_name)value);
}

static const char *dane_word(unsigned value)
{
	return fact_dane_word((enum fact_dane)value);
}

/* A word of a later version is 0: unknown. */
static unsigned read_word(struct json_in *in, word_of word, unsigned n)
{
	struct view text = json_in_string(in);

	for (unsigned i = 0; i < n; i++) {
		if (view_is(text, word(i))) {
			return i;
		}
	}
	return 0;
}

static enum fact_chain read_chain(struct json_in *in)
{
	return (enum fact_chain)read_word(in, chain_word, FACT_CHAIN_COUNT);
}

static enum fact_name read_name(struct json_in *in)
{
	return (enum fact_name)read_word(in, name_word, FACT_NAME_COUNT);
}

static enum fact_dane read_dane(struct json_in *in)
{
	return (enum fact_dane)read_word(in, dane_word, FACT_DANE_COUNT);
}

/* It may stand in a report: only what is a token (R196). */
static struct view read_reason(struct json_in *in)
{
	struct view text = json_in_string(in);

	return fact_is_reason(text) ? text : view_of("");
}

static void read_records(struct json_in *in, struct policy_probe *out)
{
	struct view *records = NULL;
	size_t cap = 0;

	out->n_records = 0;
	json_in_open_array(in);
	while (json_in_element(in)) {
		if (out->n_records == cap) {
			size_t more = cap == 0 ? 8 : cap * 2;
			struct view *v =
			    arena_alloc(in->arena, more * sizeof(*v));

			if (cap > 0) {
				memcpy(v, records, cap * sizeof(*v));
			}
			records = v;
			cap = more;
		}
		records[out->n_records++] = json_in_string(in);
	}
	out->records = records;
}

static void read_member(
    struct json_in *in, struct view name, struct policy_probe *out)
{
	if (view_is(name, "probed-at")) {
		out->at = json_in_number(in);
	} else if (view_is(name, "ip")) {
		(void)ip_parse(json_in_string(in), &out->ip);
	} else if (view_is(name, "chain")) {
		out->chain = read_chain(in);
	} else if (view_is(name, "chain-reason")) {
		out->chain_reason = read_reason(in);
	} else if (view_is(name, "name")) {
		out->name = read_name(in);
	} else if (view_is(name, "dane")) {
		out->dane = read_dane(in);
	} else if (view_is(name, "dane-chain")) {
		out->dane_chain = read_chain(in);
	} else if (view_is(name, "dane-reason")) {
		out->dane_reason = read_reason(in);
	} else if (view_is(name, "dane-name")) {
		out->dane_name = read_name(in);
	} else if (view_is(name, "tlsa-base")) {
		out->base = json_in_string(in);
	} else if (view_is(name, "tlsa-records")) {
		read_records(in, out);
	} else {
		json_in_skip(in);
	}
}

int policy_probe_read(
    struct view content, struct arena *a, struct policy_probe *out)
{
	struct json_in in;
	struct view name;

	*out = (struct policy_probe){ 0 };
	if (content.len > POLICY_PROBE_MAX) {
		return ERR_PARSE;
	}
	json_in_begin(&in, content, a);
	json_in_open_object(&in);
	while (json_in_member(&in, &name)) {
		read_member(&in, name, out);
	}
	if (!json_in_end(&in) || out->at <= 0 || !ip_is_known(&out->ip)) {
		*out = (struct policy_probe){ 0 };
		return ERR_PARSE;
	}
	return 0;
}
