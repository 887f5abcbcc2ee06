/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally_json.c - a day's tally as JSON lines
 *
 * The members and their order are a promise to other programs: a member may
 * come, none goes or changes its meaning.
 */

#include "config.h"

#include <stddef.h>

#include "common/json_out.h"
#include "common/when.h"
#include "tool/tally_json.h"

enum {
	HASH_TEXT = 2 * FACT_POLICY_HASH + 1
};

/* The hash in hexadecimal digits; "" for all zero. */
static struct view hash_text(
    const uint8_t hash[FACT_POLICY_HASH], char out[HASH_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	unsigned any = 0;

	for (size_t i = 0; i < FACT_POLICY_HASH; i++) {
		out[2 * i] = hex[hash[i] >> 4];
		out[2 * i + 1] = hex[hash[i] & 15];
		any |= hash[i];
	}
	out[HASH_TEXT - 1] = '\0';
	return view_make(out, any != 0 ? HASH_TEXT - 1 : 0);
}

void tally_json_hash(
    struct json_out *j, const char *name, const uint8_t hash[FACT_POLICY_HASH])
{
	char text[HASH_TEXT];

	json_out_text(j, name, hash_text(hash, text));
}

static void put_ip(struct json_out *j, const char *name, const struct ip *ip)
{
	char buf[IP_TEXT_MAX];

	json_out_text(j, name, view_of(ip_format(ip, buf)));
}

void tally_json_fact(
    struct json_out *j, const char *day, const struct tally_fact *f)
{
	const struct fact *fact = &f->fact;

	json_out_text(j, "kind", view_of("fact"));
	json_out_text(j, "day", view_of(day));
	json_out_text(j, "domain", fact->domain);
	json_out_text(j, "mx", fact->mx);
	put_ip(j, "ip", &fact->ip);
	put_ip(j, "sending_ip", &fact->sending_ip);
	json_out_text(j, "tls", view_of(fact_tls_word(fact->tls)));
	json_out_text(j, "reason", fact->reason);
	json_out_text(j, "chain", view_of(fact_chain_word(fact->chain)));
	json_out_text(j, "name", view_of(fact_name_word(fact->name)));
	json_out_text(j, "dane", view_of(fact_dane_word(fact->dane)));
	json_out_text(j, "level", fact->level);
	json_out_json(j, "verdict", fact->verdict, "[]");
	json_out_text(j, "version", fact->version);
	json_out_text(j, "helo", fact->helo);
	json_out_text(j, "feed", fact->feed);
	tally_json_hash(j, "policy", fact->policy);
	json_out_number(j, "count", f->count);
	json_out_time(j, "first", f->first);
	json_out_time(j, "last", f->last);
}

void tally_json_policy(
    struct json_out *j, const char *day, const struct policy *policy)
{
	bool is_own = policy->source == POLICY_OWN;
	bool is_probe = policy->source == POLICY_PROBE;

	json_out_text(j, "kind", view_of(is_probe ? "probe" : "policy"));
	json_out_text(j, "day", view_of(day));
	tally_json_hash(j, "hash", policy->hash);
	json_out_text(j, "domain", policy->domain);
	json_out_text(j, "mx", policy->mx);
	json_out_time(j, "since", policy->since);
	if (!is_probe) {
		json_out_text(j, "source", view_of(is_own ? "own" : "mta"));
	}
	json_out_json(j, "content", policy->content, "{}");
}

void tally_json_day(struct tally *tally, struct view domain, FILE *stream)
{
	struct tally_info info;
	struct tally_fact fact;
	struct policy policy;
	struct json_out j;
	char day[WHEN_DATE_BUF];
	uint64_t cursor = 0;

	tally_info(tally, &info);
	(void)when_date(info.day, day);
	json_out_init(&j);
	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		if (domain.len == 0 || view_eq(domain, fact.fact.domain)) {
			json_out_begin(&j);
			tally_json_fact(&j, day, &fact);
			(void)json_out_end(&j, stream);
		}
	}
	cursor = 0;
	while (tally_next_policy(tally, &cursor, &policy) == 1) {
		if (domain.len == 0 || view_eq(domain, policy.domain)) {
			json_out_begin(&j);
			tally_json_policy(&j, day, &policy);
			(void)json_out_end(&j, stream);
		}
	}
	json_out_release(&j);
}
