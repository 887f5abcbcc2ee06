/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_datagram.c - what the datagrams of libtlsrpt mean */

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/json_out.h"
#include "common/postfix_datagram.h"
#include "common/postfix_given.h"
#include "common/postfix_result.h"

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

static void apply_failure(const struct postfix_given_failure *f,
    enum postfix_policy type, struct postfix_seen *seen)
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

static void apply_all(const struct postfix_given_policy *given,
    enum postfix_policy type, struct postfix_seen *seen)
{
	const struct postfix_given_failures *list = &given->failures;

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

static void add_to_verdict(const struct postfix_given_failure *f,
    enum postfix_policy type, char verdict[POSTFIX_VERDICT_BUF])
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
static void make_verdict(const struct postfix_given_policy *given,
    enum postfix_policy type, char verdict[POSTFIX_VERDICT_BUF])
{
	const struct postfix_given_failures *list = &given->failures;
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
    const struct postfix_given_failure *f, struct arena *a, struct fact *fact)
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

static void make_fact(const struct postfix_given_policy *given,
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

static void add_texts(struct json_out *j, const char *name,
    const struct postfix_given_texts *texts)
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

static int make_content(const struct postfix_given_policy *given,
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
static int make_reported(const struct postfix_given_policy *given, int64_t t,
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
	struct postfix_given given;
	char domain[DOMAIN_BUF];
	struct view name;
	int rc = postfix_given_read(text, a, &given);

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
