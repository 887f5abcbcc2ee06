/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_set.c - policy sets as JSON: the contents of policies
 *
 * doc/policies.md describes the members. A word or a member of a later version
 * means nothing to this one, and so "unknown".
 */

#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "common/policy_set.h"
#include "common/sts_policy.h"
#include "common/tlsa.h"

enum {
	TEXT_CUT =
	    16 * 1024 /* octets left of a text that is none, if need be */
};

static const char *const mx_words[POLICY_MX_COUNT] = {
	[POLICY_MX_UNKNOWN] = "unknown",
	[POLICY_MX_SECURE] = "secure",
	[POLICY_MX_INSECURE] = "insecure",
	[POLICY_MX_NONE] = "none",
	[POLICY_MX_BOGUS] = "bogus",
	[POLICY_MX_FAILED] = "failed",
};

static const char *const tlsa_words[POLICY_TLSA_COUNT] = {
	[POLICY_TLSA_UNKNOWN] = "unknown",
	[POLICY_TLSA_NONE] = "none",
	[POLICY_TLSA_USABLE] = "usable",
	[POLICY_TLSA_UNUSABLE] = "unusable",
	[POLICY_TLSA_BOGUS] = "bogus",
	[POLICY_TLSA_FAILED] = "failed",
};

static const char *const sts_words[POLICY_STS_COUNT] = {
	[POLICY_STS_UNKNOWN] = "unknown",
	[POLICY_STS_NONE] = "none",
	[POLICY_STS_FOUND] = "found",
	[POLICY_STS_FETCH_ERROR] = "fetch-error",
	[POLICY_STS_POLICY_INVALID] = "policy-invalid",
	[POLICY_STS_WEBPKI_INVALID] = "webpki-invalid",
};

const char *policy_mx_word(enum policy_mx v)
{
	return (unsigned)v < POLICY_MX_COUNT ? mx_words[v] : NULL;
}

const char *policy_tlsa_word(enum policy_tlsa v)
{
	return (unsigned)v < POLICY_TLSA_COUNT ? tlsa_words[v] : NULL;
}

const char *policy_sts_word(enum policy_sts v)
{
	return (unsigned)v < POLICY_STS_COUNT ? sts_words[v] : NULL;
}

/* --- writing --- */

static int compare_views(const void *a, const void *b)
{
	const struct view *v = a;
	const struct view *w = b;
	size_t n = v->len < w->len ? v->len : w->len;
	int order = n == 0 ? 0 : memcmp(v->s, w->s, n);

	return order != 0 ? order : (v->len > w->len) - (v->len < w->len);
}

static const struct view *sorted(
    const struct view *list, size_t n, struct arena *a)
{
	struct view *copy = arena_alloc(a, n * sizeof(*copy));

	if (n > 0) {
		memcpy(copy, list, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), compare_views);
	}
	return copy;
}

/* json_in.c takes no U+0000: it becomes U+FFFD, like all else that may not be. */
static struct view without_nul(struct view text, struct arena *a)
{
	struct view rest = text;
	struct strbuf clean;
	size_t n = view_index(rest, '\0');

	if (n == text.len) {
		return text;
	}
	strbuf_init(&clean, 3 * text.len);
	while (n < rest.len) {
		strbuf_add(&clean, rest.s, n);
		strbuf_adds(&clean, "\xef\xbf\xbd");
		rest = view_skip(rest, n + 1);
		n = view_index(rest, '\0');
	}
	strbuf_addv(&clean, rest);
	text = arena_view(a, view_make(clean.s, clean.len));
	strbuf_release(&clean);
	return text;
}

static void put_flag(struct json_out *j, const char *name, bool value)
{
	if (value) {
		json_out_bool(j, name, true);
	}
}

static void put_set(struct json_out *j, const struct policy_set *set,
    const struct view *records, struct view text)
{
	json_out_begin(j);
	json_out_word(j, "mx", set->mx, policy_mx_word(set->mx));
	json_out_word(j, "tlsa", set->tlsa, policy_tlsa_word(set->tlsa));
	json_out_some(j, "tlsa-base", set->base);
	if (set->n_records > 0) {
		json_out_open_list(j, "tlsa-records");
		for (size_t i = 0; i < set->n_records; i++) {
			json_out_item(j, records[i]);
		}
		json_out_close_list(j);
	}
	put_flag(j, "dane-demanded", set->is_dane_demanded);
	put_flag(j, "sts-demanded", set->is_sts_demanded);
	json_out_word(j, "sts", set->sts, policy_sts_word(set->sts));
	json_out_some(j, "sts-text", text);
	json_out_some(j, "sts-reason", set->sts_reason);
	if (set->failed_at > 0 && set->failed_at <= UINT32_MAX) {
		json_out_time(j, "failed-at", set->failed_at);
	}
	json_out_word(j, "failed", set->failed, policy_sts_word(set->failed));
	json_out_some(j, "policy-domain", set->mta_domain);
}

int policy_set_write(const struct policy_set *set, struct strbuf *out)
{
	struct arena *a = arena_new();
	const struct view *records = sorted(set->records, set->n_records, a);
	struct view text = without_nul(set->sts_text, a);
	struct view content;
	struct json_out j;

	json_out_init(&j);
	put_set(&j, set, records, text);
	content = json_out_finish(&j);
	if ((content.len == 0 || content.len > POLICY_CONTENT_MAX) &&
	    set->sts != POLICY_STS_FOUND && set->failed_at == 0 &&
	    text.len > TEXT_CUT) {
		/* what did not parse need not be whole to be shown */
		text.len = TEXT_CUT;
		json_out_release(&j);
		json_out_init(&j);
		put_set(&j, set, records, text);
		content = json_out_finish(&j);
	}
	if (content.len > 0 && content.len <= POLICY_CONTENT_MAX) {
		strbuf_addv(out, content);
	} else {
		out->failed = true;
	}
	json_out_release(&j);
	arena_free(a);
	return out->failed ? ERR_TOO_LONG : 0;
}

/* --- reading --- */

struct texts {
	struct view *text;
	size_t n;
	size_t cap;
};

/* All that a content may have, our own and one that a datagram was made to. */
struct content {
	struct policy_set set;
	struct texts records;
	uint32_t failed_at;
	struct view type; /* of the MTA's policy: "tlsa", "sts" */
	struct texts strings;
	struct texts mx; /* the strings have them too: nobody reads these */
};

static void read_text(struct json_in *in, void *out)
{
	*(struct view *)out = json_in_string(in);
}

static void read_flag(struct json_in *in, void *out)
{
	*(bool *)out = json_in_bool(in);
}

static void read_time(struct json_in *in, void *out)
{
	*(uint32_t *)out = json_in_number(in);
}

static void read_texts(struct json_in *in, void *out)
{
	struct texts *texts = out;

	json_in_open_array(in);
	while (json_in_element(in)) {
		if (texts->n == texts->cap) {
			size_t cap = texts->cap == 0 ? 8 : texts->cap * 2;
			struct view *more =
			    arena_alloc(in->arena, cap * sizeof(*more));

			if (texts->n > 0) {
				memcpy(more, texts->text,
				    texts->n * sizeof(*more));
			}
			texts->text = more;
			texts->cap = cap;
		}
		texts->text[texts->n++] = json_in_string(in);
	}
}

static unsigned read_word(
    struct json_in *in, const char *const *words, unsigned n)
{
	struct view word = json_in_string(in);

	for (unsigned i = 0; i < n; i++) {
		if (view_is(word, words[i])) {
			return i;
		}
	}
	return 0;
}

static void read_mx(struct json_in *in, void *out)
{
	*(enum policy_mx *)out =
	    (enum policy_mx)read_word(in, mx_words, POLICY_MX_COUNT);
}

static void read_tlsa(struct json_in *in, void *out)
{
	*(enum policy_tlsa *)out =
	    (enum policy_tlsa)read_word(in, tlsa_words, POLICY_TLSA_COUNT);
}

static void read_sts(struct json_in *in, void *out)
{
	*(enum policy_sts *)out =
	    (enum policy_sts)read_word(in, sts_words, POLICY_STS_COUNT);
}

static const struct member {
	const char *name;
	void (*read)(struct json_in *in, void *out);
	size_t offset;
} members[] = {
	{ "mx", read_mx, offsetof(struct content, set.mx) },
	{ "tlsa", read_tlsa, offsetof(struct content, set.tlsa) },
	{ "tlsa-base", read_text, offsetof(struct content, set.base) },
	{ "tlsa-records", read_texts, offsetof(struct content, records) },
	{ "dane-demanded", read_flag,
	    offsetof(struct content, set.is_dane_demanded) },
	{ "sts-demanded", read_flag,
	    offsetof(struct content, set.is_sts_demanded) },
	{ "sts", read_sts, offsetof(struct content, set.sts) },
	{ "sts-text", read_text, offsetof(struct content, set.sts_text) },
	{ "sts-reason", read_text, offsetof(struct content, set.sts_reason) },
	{ "failed-at", read_time, offsetof(struct content, failed_at) },
	{ "failed", read_sts, offsetof(struct content, set.failed) },
	{ "policy-domain", read_text,
	    offsetof(struct content, set.mta_domain) },
	{ "policy-type", read_text, offsetof(struct content, type) },
	{ "policy-string", read_texts, offsetof(struct content, strings) },
	{ "mx-host", read_texts, offsetof(struct content, mx) },
};

enum {
	MEMBERS = sizeof(members) / sizeof(members[0])
};

static int read_content(
    const struct policy *policy, struct arena *a, struct content *c)
{
	struct json_in in;
	struct view name;
	uint32_t seen = 0;

	if (policy->content.len > POLICY_CONTENT_MAX) {
		return ERR_PARSE;
	}
	json_in_begin(&in, policy->content, a);
	json_in_open_object(&in);
	while (json_in_member(&in, &name)) {
		size_t i = 0;

		while (i < MEMBERS && !view_is(name, members[i].name)) {
			i++;
		}
		if (i == MEMBERS) {
			json_in_skip(&in);
		} else if ((seen & UINT32_C(1) << i) != 0) {
			json_in_fail(&in);
		} else {
			seen |= UINT32_C(1) << i;
			members[i].read(&in, (char *)c + members[i].offset);
		}
	}
	return json_in_end(&in) ? 0 : ERR_PARSE;
}

/* --- what an MTA says that it applied --- */

/* A record as we write it, so that the same ones are the same policy. */
static struct view normal_record(
    struct view text, struct arena *a, bool *is_usable)
{
	struct strbuf out;
	struct tlsa t;

	if (tlsa_read(text, a, &t) != 0) {
		return text;
	}
	*is_usable = *is_usable || tlsa_is_usable(&t);
	strbuf_init(&out, POLICY_CONTENT_MAX);
	if (tlsa_write(&t, &out) == 0) {
		text = arena_view(a, view_make(out.s, out.len));
	}
	strbuf_release(&out);
	return text;
}

/* Without records it may be that none was usable, or that none was told. */
static void set_tlsa(struct content *c, struct arena *a)
{
	char base[DOMAIN_BUF];
	bool is_usable = false;

	for (size_t i = 0; i < c->strings.n; i++) {
		c->strings.text[i] =
		    normal_record(c->strings.text[i], a, &is_usable);
	}
	c->set.records = sorted(c->strings.text, c->strings.n, a);
	c->set.n_records = c->strings.n;
	if (c->strings.n > 0) {
		c->set.tlsa =
		    is_usable ? POLICY_TLSA_USABLE : POLICY_TLSA_UNUSABLE;
	}
	if (domain_normalise(c->set.mta_domain, base) > 0) {
		c->set.base = arena_view(a, view_of(base));
	}
}

static void set_sts(struct content *c, struct arena *a)
{
	struct strbuf text;

	strbuf_init(&text, STS_POLICY_MAX);
	for (size_t i = 0; i < c->strings.n; i++) {
		strbuf_addv(&text, c->strings.text[i]);
		strbuf_addc(&text, '\n');
	}
	c->set.sts = POLICY_STS_FOUND;
	if (!text.failed) {
		c->set.sts_text = arena_view(a, view_make(text.s, text.len));
	}
	strbuf_release(&text);
}

int policy_set_read(
    const struct policy *policy, struct arena *a, struct policy_set *out)
{
	struct content *c = arena_alloc(a, sizeof(*c));

	*out = (struct policy_set){ .source = policy->source };
	if (read_content(policy, a, c) != 0) {
		return ERR_PARSE;
	}
	c->set.source = policy->source;
	c->set.failed_at = c->failed_at;
	if (view_is(c->type, "tlsa")) {
		set_tlsa(c, a);
	} else if (view_is(c->type, "sts")) {
		set_sts(c, a);
	} else {
		c->set.records = c->records.text;
		c->set.n_records = c->records.n;
	}
	*out = c->set;
	return 0;
}
