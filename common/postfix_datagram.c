/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_datagram.c - reads the datagrams of libtlsrpt
 *
 * First what stands in it, by tables with a row for each member: it may come
 * once in its object, in any order, and members without a row are passed over.
 * Then what it means.
 */

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "common/postfix_datagram.h"
#include "common/postfix_result.h"
#include "common/postfix_text.h"

/* One of failure-details. */
struct failure {
	uint32_t code;
	struct view sending_ip;
	struct view mx;
	struct view helo;
	struct view ip;
	struct view detail;
};

struct failures {
	struct failure *failure;
	size_t n;
};

struct texts {
	struct view *text;
	size_t n;
	size_t cap;
};

/* One of policies. */
struct given_policy {
	uint32_t type;
	struct view domain; /* "": that of the datagram */
	struct texts strings;
	struct texts mx;
	struct failures failures;
	uint32_t has_failed; /* in the end */
};

struct policies {
	struct given_policy *policy;
	size_t n;
};

struct given {
	struct view version;
	struct view domain;
	struct view record;
	struct policies policies;
};

/* Where the reader stands, and whether a bound was hit. */
struct reader {
	struct json_in in; /* first */
	bool is_full;
};

/* A member: it is read into the object at an offset. */
struct member {
	const char *name;
	void (*read)(struct reader *r, void *out);
	size_t offset;
	bool is_needed;
};

static void set_full(struct reader *r)
{
	r->is_full = true;
	json_in_fail(&r->in);
}

/* Reads an object by its table of members. */
static void read_object(
    struct reader *r, const struct member *members, size_t n, void *out)
{
	uint32_t seen = 0;
	struct view name;

	json_in_open_object(&r->in);
	while (json_in_member(&r->in, &name)) {
		size_t i = 0;

		while (i < n && !view_is(name, members[i].name)) {
			i++;
		}
		if (i == n) {
			json_in_skip(&r->in);
		} else if ((seen & UINT32_C(1) << i) != 0) {
			json_in_fail(&r->in);
		} else {
			seen |= UINT32_C(1) << i;
			members[i].read(r, (char *)out + members[i].offset);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (members[i].is_needed && (seen & UINT32_C(1) << i) == 0) {
			json_in_fail(&r->in);
		}
	}
}

static void read_text(struct reader *r, void *out)
{
	*(struct view *)out = json_in_string(&r->in);
}

static void read_number(struct reader *r, void *out)
{
	*(uint32_t *)out = json_in_number(&r->in);
}

static void read_texts(struct reader *r, void *out)
{
	struct texts *texts = out;

	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (texts->n == POSTFIX_DATAGRAM_TEXTS) {
			set_full(r);
			return;
		}
		if (texts->n == texts->cap) {
			size_t cap = texts->cap == 0 ? 8 : texts->cap * 2;
			struct view *more =
			    arena_alloc(r->in.arena, cap * sizeof(*more));

			if (texts->n > 0) {
				memcpy(more, texts->text,
				    texts->n * sizeof(*more));
			}
			texts->text = more;
			texts->cap = cap;
		}
		texts->text[texts->n++] = json_in_string(&r->in);
	}
}

static void read_failures(struct reader *r, void *out)
{
	static const struct member members[] = {
		{ "c", read_number, offsetof(struct failure, code), true },
		{ "s", read_text, offsetof(struct failure, sending_ip), false },
		{ "n", read_text, offsetof(struct failure, mx), false },
		{ "h", read_text, offsetof(struct failure, helo), false },
		{ "r", read_text, offsetof(struct failure, ip), false },
		{ "f", read_text, offsetof(struct failure, detail), false },
	};

	struct failures *list = out;

	list->failure = arena_alloc(
	    r->in.arena, POSTFIX_DATAGRAM_FAILURES * sizeof(*list->failure));
	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (list->n == POSTFIX_DATAGRAM_FAILURES) {
			set_full(r);
			return;
		}
		read_object(r, members, sizeof(members) / sizeof(members[0]),
		    &list->failure[list->n++]);
	}
}

static void read_policies(struct reader *r, void *out)
{
	static const struct member members[] = {
		{ "policy-type", read_number,
		    offsetof(struct given_policy, type), true },
		{ "policy-domain", read_text,
		    offsetof(struct given_policy, domain), false },
		{ "policy-string", read_texts,
		    offsetof(struct given_policy, strings), false },
		{ "mx-host", read_texts, offsetof(struct given_policy, mx),
		    false },
		{ "failure-details", read_failures,
		    offsetof(struct given_policy, failures), false },
		{ "f", read_number, offsetof(struct given_policy, has_failed),
		    true },
	};

	struct policies *list = out;

	list->policy = arena_alloc(
	    r->in.arena, POSTFIX_DATAGRAM_POLICIES * sizeof(*list->policy));
	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (list->n == POSTFIX_DATAGRAM_POLICIES) {
			set_full(r);
			return;
		}
		read_object(r, members, sizeof(members) / sizeof(members[0]),
		    &list->policy[list->n++]);
	}
}

static int read_datagram(struct view text, struct arena *a, struct given *given)
{
	static const struct member members[] = {
		{ "dpv", read_text, offsetof(struct given, version), false },
		{ "d", read_text, offsetof(struct given, domain), true },
		{ "pr", read_text, offsetof(struct given, record), false },
		{ "policies", read_policies, offsetof(struct given, policies),
		    true },
	};

	struct reader r = { .is_full = text.len > POSTFIX_DATAGRAM_MAX };

	*given = (struct given){ .version = view_of("1") };
	if (r.is_full) {
		return ERR_FULL;
	}
	json_in_begin(&r.in, text, a);
	read_object(&r, members, sizeof(members) / sizeof(members[0]), given);
	if (!json_in_end(&r.in)) {
		return r.is_full ? ERR_FULL : ERR_PARSE;
	}
	if (!view_is(given->version, "1")) {
		return ERR_VERSION;
	}
	return given->policies.n > 0 ? 0 : ERR_PARSE;
}

/* --- what it means --- */

static struct view line_of(struct view *reply)
{
	size_t n = view_index(*reply, '\n');
	struct view line = view_make(reply->s, n);

	*reply = view_skip(*reply, n < reply->len ? n + 1 : n);
	if (line.len > 0 && line.s[line.len - 1] == '\r') {
		line.len--;
	}
	if (line.len >= 4 && ascii_is_digit(line.s[0]) &&
	    ascii_is_one_of(line.s[3], "- ")) {
		line = view_skip(line, 4);
	}
	return line;
}

enum {
	HELO_MAX = 255, /* of a fact */
};

/* The whole reply to EHLO is sent; its first word is the name. */
static struct view announced_name(struct view reply)
{
	struct view name = line_of(&reply);

	name.len = view_index(name, ' ');
	if (name.len > HELO_MAX) {
		return view_make(NULL, 0);
	}
	for (size_t i = 0; i < name.len; i++) {
		if (!ascii_is_visible(name.s[i])) {
			return view_make(NULL, 0);
		}
	}
	return name;
}

static bool offers_starttls(struct view reply)
{
	(void)line_of(&reply);
	while (reply.len > 0) {
		if (view_is_nocase(line_of(&reply), view_of("STARTTLS"))) {
			return true;
		}
	}
	return false;
}

static void set_tls(
    struct postfix_seen *seen, enum fact_tls tls, const char *reason)
{
	if (!seen->has_tls) {
		seen->has_tls = true;
		seen->tls = tls;
		(void)view_copy(
		    view_of(reason), seen->reason, sizeof(seen->reason));
	}
}

static void apply_failure(const struct failure *f, enum postfix_policy type,
    struct postfix_seen *seen)
{
	enum postfix_result result = postfix_result_of_code(f->code);

	if (result != POSTFIX_STARTTLS_NOT_SUPPORTED) {
		postfix_result_apply(
		    type, result, postfix_result_detail(f->detail), seen);
	} else if (offers_starttls(f->helo)) {
		set_tls(seen, FACT_TLS_REFUSED, "");
	} else {
		set_tls(seen, FACT_TLS_NOT_OFFERED, "starttls-not-offered");
	}
}

static void apply_all(const struct given_policy *given,
    enum postfix_policy type, struct postfix_seen *seen)
{
	const struct failures *list = &given->failures;

	if (given->has_failed != 0) {
		for (size_t i = 0; i < list->n; i++) {
			apply_failure(&list->failure[i], type, seen);
		}
		set_tls(seen, FACT_TLS_FAILED, "");
		return;
	}
	/* what failed before it went well, stands in the verdict alone */
	set_tls(seen, FACT_TLS_OK, "");
	seen->dane =
	    type == POSTFIX_POLICY_TLSA ? FACT_DANE_MATCH : FACT_DANE_UNKNOWN;
}

static void add_to_verdict(const struct failure *f, enum postfix_policy type,
    char verdict[POSTFIX_VERDICT_BUF])
{
	enum postfix_result result = postfix_result_of_code(f->code);
	struct view detail = f->detail;
	char code[20];

	if (result == POSTFIX_RESULT_UNKNOWN && detail.len == 0) {
		(void)snprintf(code, sizeof(code), "code-%u", f->code);
		detail = view_of(code);
	}
	(void)postfix_verdict_add(verdict, type, result, detail);
}

/* What does not fit into a verdict any more is left out. */
static void make_verdict(const struct given_policy *given,
    enum postfix_policy type, char verdict[POSTFIX_VERDICT_BUF])
{
	const struct failures *list = &given->failures;
	const struct view nothing = { NULL, 0 };

	verdict[0] = '\0';
	if (given->has_failed == 0) {
		(void)postfix_verdict_add(
		    verdict, type, POSTFIX_RESULT_SUCCESS, nothing);
	} else if (list->n == 0) {
		(void)postfix_verdict_add(
		    verdict, type, POSTFIX_RESULT_UNKNOWN, nothing);
	}
	for (size_t i = 0; i < list->n; i++) {
		add_to_verdict(&list->failure[i], type, verdict);
	}
}

/* Keeps the first that is known: a datagram is about one session. */
static void add_peer(
    const struct failure *f, struct arena *a, struct fact *fact)
{
	char mx[DOMAIN_BUF];

	if (fact->mx.len == 0 && domain_normalise(f->mx, mx) > 0) {
		fact->mx = arena_view(a, view_of(mx));
	}
	if (fact->helo.len == 0) {
		fact->helo = announced_name(f->helo);
	}
	if (!ip_is_known(&fact->ip)) {
		(void)ip_parse(f->ip, &fact->ip);
	}
	if (!ip_is_known(&fact->sending_ip)) {
		(void)ip_parse(f->sending_ip, &fact->sending_ip);
	}
}

static void make_fact(const struct given_policy *given,
    enum postfix_policy type, struct arena *a, struct fact *fact)
{
	struct postfix_seen *seen = arena_alloc(a, sizeof(*seen));
	char *verdict = arena_alloc(a, POSTFIX_VERDICT_BUF);

	apply_all(given, type, seen);
	make_verdict(given, type, verdict);
	fact->tls = seen->tls;
	fact->chain = seen->chain;
	fact->name = seen->name;
	fact->dane = seen->dane;
	fact->reason = view_of(seen->reason);
	fact->verdict = view_of(verdict);
	for (size_t i = 0; i < given->failures.n; i++) {
		add_peer(&given->failures.failure[i], a, fact);
	}
}

static void add_texts(
    struct json_out *j, const char *name, const struct texts *texts)
{
	if (texts->n == 0) {
		return;
	}
	json_out_open_list(j, name);
	for (size_t i = 0; i < texts->n; i++) {
		json_out_item(j, texts->text[i]);
	}
	json_out_close_list(j);
}

static int make_content(const struct given_policy *given,
    enum postfix_policy type, const char *domain, struct arena *a,
    struct policy *policy)
{
	struct json_out j;
	struct view content;
	int rc = ERR_FULL;

	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "policy-type", view_of(postfix_policy_word(type)));
	json_out_text(&j, "policy-domain", view_of(domain));
	add_texts(&j, "policy-string", &given->strings);
	add_texts(&j, "mx-host", &given->mx);
	content = json_out_finish(&j);
	if (content.len > 0 && content.len <= POLICY_CONTENT_MAX) {
		policy->content = arena_view(a, content);
		rc = 0;
	}
	json_out_release(&j);
	return rc;
}

/* fact->domain is set. */
static int make_reported(const struct given_policy *given, int64_t t,
    struct arena *a, struct postfix_reported *out)
{
	enum postfix_policy type = (enum postfix_policy)given->type;
	char domain[DOMAIN_BUF];

	if ((type != POSTFIX_POLICY_TLSA && type != POSTFIX_POLICY_STS &&
		type != POSTFIX_POLICY_NONE) ||
	    given->has_failed > 1) {
		return ERR_PARSE;
	}
	make_fact(given, type, a, &out->fact);
	out->policy.domain = out->fact.domain;
	out->policy.since = t;
	out->policy.source = POLICY_MTA;
	if (type == POSTFIX_POLICY_NONE) {
		return 0;
	}
	if (domain_normalise(
		given->domain.len > 0 ? given->domain : out->fact.domain,
		domain) < 0) {
		return ERR_PARSE;
	}
	if (type == POSTFIX_POLICY_TLSA) {
		/* given is the base domain of the TLSA records: the MX host */
		out->policy.mx = out->fact.mx.len > 0 ?
		    out->fact.mx :
		    arena_view(a, view_of(domain));
	}
	return make_content(given, type, domain, a, &out->policy);
}

int postfix_datagram_parse(
    struct view text, int64_t t, struct arena *a, struct postfix_datagram *out)
{
	struct given given;
	char domain[DOMAIN_BUF];
	struct view name;
	int rc = read_datagram(text, a, &given);

	*out = (struct postfix_datagram){ 0 };
	if (rc != 0) {
		return rc;
	}
	rc = domain_normalise(given.domain, domain);
	if (rc < 0) {
		return rc;
	}
	name = arena_view(a, view_of(domain));
	out->record = given.record;
	out->reported =
	    arena_alloc(a, given.policies.n * sizeof(*out->reported));
	rc = 0;
	while (rc == 0 && out->n < given.policies.n) {
		struct postfix_reported *reported = &out->reported[out->n];

		reported->fact.domain = name;
		rc = make_reported(
		    &given.policies.policy[out->n], t, a, reported);
		out->n++;
	}
	if (rc != 0) {
		*out = (struct postfix_datagram){ 0 };
	}
	return rc;
}
