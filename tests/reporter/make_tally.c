/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_tally.c - make tally files for the tests of telltls-report
 *
 *	make_tally STATE < COMMANDS
 *
 * One command a line, days as YYYY-MM-DD:
 *
 *	fact DAY COUNT DOMAIN TLS [MX [RECEIVING-IP [SENDING-IP]]] [KEY=VALUE...]
 *	many DAY N              one session each for N domains dNNNNNNN.example
 *	policy DAY SECOND own|mta DOMAIN MX|- [KEY=VALUE...]
 *	probe DAY SECOND DOMAIN MX IP [chain=WORD] [name=WORD]
 *	looked                  from here on there is, for the domain and MX of
 *	                        each fact, a policy that says: nothing published
 *	look DAY                the same for all facts of the day so far
 *	limit FACTS             of all days that come; before the first of them
 *	drop DAY COUNTER N      adds to a counter (counter.h)
 *	seal DAY UNIX-SECONDS
 *
 * Keys of a fact: reason, chain, name, dane, version, helo; at=SECOND of the
 * day; named=1: it names the last policy. Keys of a policy: mx, tlsa, base,
 * record (several), sts, text, reason, failed, failed-at (of the day). In
 * values '~' stands for a blank and '|' for a line's end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/counter.h"
#include "common/err.h"
#include "common/policy_probe.h"
#include "common/policy_set.h"
#include "common/store.h"
#include "common/when.h"

struct maker {
	const char *state;
	struct store *store; /* NULL until it is needed */
	struct store_limits limits;
	uint64_t pos;
	bool is_looked;
	uint8_t last[FACT_POLICY_HASH]; /* the last policy's name */
};

enum {
	WORDS = 24,
	RECORDS = 8
};

static void check(int rc, const char *what)
{
	if (rc < 0) {
		(void)fprintf(
		    stderr, "make_tally: %s: %s\n", what, err_text(rc));
		exit(1);
	}
}

static void commit(struct maker *m)
{
	struct mark mark = { .pos = m->pos };

	/* a tally of policies alone has no feed */
	if (m->pos > 0) {
		check(store_commit(m->store, NULL, &mark, false), "commit");
	}
}

static void open_store(struct maker *m)
{
	struct mark rescan;
	struct mark read;

	if (m->store == NULL) {
		check(store_open(m->state, &m->limits, &m->store), m->state);
		check(store_feed(m->store, "test", "postfix", &rescan, &read),
		    "feed");
		m->pos = read.pos;
	}
}

static void add(struct maker *m, int64_t t, const struct fact *fact)
{
	open_store(m);
	if (store_batch_room(m->store) == 0) {
		commit(m);
	}
	check(store_session(m->store, t, ++m->pos, fact), "session");
}

/* The value of a word "key=value", its '~' and '|' undone; else NULL. */
static const char *value_of(char *word, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(word, key, len) != 0 || word[len] != '=') {
		return NULL;
	}
	for (char *c = word + len; *c != '\0'; c++) {
		if (*c == '~') {
			*c = ' ';
		} else if (*c == '|') {
			*c = '\n';
		}
	}
	return word + len + 1;
}

/* The number of a word of an enum. */
static int number_of(const char *(*word)(int), int count, const char *value)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(word(i), value) == 0) {
			return i;
		}
	}
	check(ERR_PARSE, value);
	return 0;
}

#define WORD_OF(name, type)          \
 static const char *name##_of(int v) \
 {                                   \
  return name##_word((type)v);       \
 }
WORD_OF(fact_tls, enum fact_tls)
WORD_OF(fact_chain, enum fact_chain)
WORD_OF(fact_name, enum fact_name)
WORD_OF(fact_dane, enum fact_dane)
WORD_OF(policy_mx, enum policy_mx)
WORD_OF(policy_tlsa, enum policy_tlsa)
WORD_OF(policy_sts, enum policy_sts)
WORD_OF(counter, enum counter)

static void put_policy(
    struct maker *m, struct policy *policy, const struct policy_set *set)
{
	struct strbuf content;
	int rc;

	strbuf_init(&content, POLICY_CONTENT_MAX);
	check(policy_set_write(set, &content), "policy");
	policy->source = set->source;
	policy->content = view_make(content.s, content.len);
	rc = store_policy(m->store, policy->since, policy);
	/* late facts come without */
	check(rc == ERR_SEALED ? 0 : rc, "policy");
	memcpy(m->last, policy->hash, sizeof(m->last));
	strbuf_release(&content);
}

static void add_nothing(
    struct maker *m, int64_t day, struct view domain, struct view mx)
{
	const struct policy_set set = { .mx = POLICY_MX_INSECURE,
		.tlsa = POLICY_TLSA_NONE,
		.sts = POLICY_STS_NONE };
	struct policy policy = { .domain = domain, .mx = mx, .since = day };

	if (domain.len > 0) {
		put_policy(m, &policy, &set);
	}
}

static void set_policy_key(
    struct policy_set *set, char *word, struct view *records, int64_t day)
{
	const char *v;

	if ((v = value_of(word, "mx")) != NULL) {
		set->mx =
		    (enum policy_mx)number_of(policy_mx_of, POLICY_MX_COUNT, v);
	} else if ((v = value_of(word, "tlsa")) != NULL) {
		set->tlsa = (enum policy_tlsa)number_of(
		    policy_tlsa_of, POLICY_TLSA_COUNT, v);
	} else if ((v = value_of(word, "base")) != NULL) {
		set->base = view_of(v);
	} else if ((v = value_of(word, "record")) != NULL) {
		check(set->n_records < RECORDS ? 0 : ERR_FULL, word);
		records[set->n_records++] = view_of(v);
	} else if ((v = value_of(word, "sts")) != NULL) {
		set->sts = (enum policy_sts)number_of(
		    policy_sts_of, POLICY_STS_COUNT, v);
	} else if ((v = value_of(word, "text")) != NULL) {
		set->sts_text = view_of(v);
	} else if ((v = value_of(word, "reason")) != NULL) {
		set->sts_reason = view_of(v);
	} else if ((v = value_of(word, "failed")) != NULL) {
		set->failed = (enum policy_sts)number_of(
		    policy_sts_of, POLICY_STS_COUNT, v);
	} else if ((v = value_of(word, "failed-at")) != NULL) {
		set->failed_at = day + strtoll(v, NULL, 10);
	} else {
		check(ERR_PARSE, word);
	}
}

static void add_policy(struct maker *m, int64_t day, char *const *w, size_t n)
{
	struct view records[RECORDS];
	struct policy_set set = {
		.source = strcmp(w[3], "own") == 0 ? POLICY_OWN : POLICY_MTA,
		.records = records
	};
	struct policy policy = { .domain = view_of(w[4]),
		.mx = view_of(strcmp(w[5], "-") == 0 ? "" : w[5]),
		.since = day + strtoll(w[2], NULL, 10) };

	for (size_t i = 6; i < n; i++) {
		set_policy_key(&set, w[i], records, day);
	}
	put_policy(m, &policy, &set);
}

static void add_probe(struct maker *m, int64_t day, char *const *w, size_t n)
{
	struct policy_probe probe = { .at = day + strtoll(w[2], NULL, 10) };
	struct policy policy = { .domain = view_of(w[3]),
		.mx = view_of(w[4]),
		.since = probe.at,
		.source = POLICY_PROBE };
	struct strbuf content;
	const char *v;

	check(ip_parse(view_of(w[5]), &probe.ip), w[5]);
	for (size_t i = 6; i < n; i++) {
		if ((v = value_of(w[i], "chain")) != NULL) {
			probe.chain = (enum fact_chain)number_of(
			    fact_chain_of, FACT_CHAIN_COUNT, v);
		} else if ((v = value_of(w[i], "name")) != NULL) {
			probe.name = (enum fact_name)number_of(
			    fact_name_of, FACT_NAME_COUNT, v);
		} else {
			check(ERR_PARSE, w[i]);
		}
	}
	strbuf_init(&content, POLICY_PROBE_MAX);
	check(policy_probe_write(&probe, &content), "probe");
	policy.content = view_make(content.s, content.len);
	check(store_policy(m->store, day, &policy), "probe");
	strbuf_release(&content);
}

/* Returns the second of the day that "at" says, or -1. */
static long set_fact_key(const struct maker *m, struct fact *fact, char *word)
{
	const char *v;

	if ((v = value_of(word, "reason")) != NULL) {
		fact->reason = view_of(v);
	} else if ((v = value_of(word, "chain")) != NULL) {
		fact->chain = (enum fact_chain)number_of(
		    fact_chain_of, FACT_CHAIN_COUNT, v);
	} else if ((v = value_of(word, "name")) != NULL) {
		fact->name =
		    (enum fact_name)number_of(fact_name_of, FACT_NAME_COUNT, v);
	} else if ((v = value_of(word, "dane")) != NULL) {
		fact->dane =
		    (enum fact_dane)number_of(fact_dane_of, FACT_DANE_COUNT, v);
	} else if ((v = value_of(word, "version")) != NULL) {
		fact->version = view_of(v);
	} else if ((v = value_of(word, "helo")) != NULL) {
		fact->helo = view_of(v);
	} else if (value_of(word, "named") != NULL) {
		memcpy(fact->policy, m->last, sizeof(fact->policy));
	} else if ((v = value_of(word, "at")) != NULL) {
		return strtol(v, NULL, 10);
	} else {
		check(ERR_PARSE, word);
	}
	return -1;
}

static void add_fact(struct maker *m, int64_t day, char *const *w, size_t n)
{
	struct fact fact = { .domain = view_of(w[3]),
		.tls = (enum fact_tls)number_of(
		    fact_tls_of, FACT_TLS_COUNT, w[4]) };
	int count = (int)strtol(w[2], NULL, 10);
	size_t keys = 5;
	long begin = 0;

	if (strcmp(w[3], "\"\"") == 0) {
		fact.domain.len = 0;
	}
	while (keys < n && strchr(w[keys], '=') == NULL) {
		keys++;
	}
	if (keys > 5) {
		fact.mx = view_of(w[5]);
	}
	if (keys > 6) {
		check(ip_parse(view_of(w[6]), &fact.ip), w[6]);
	}
	if (keys > 7) {
		check(ip_parse(view_of(w[7]), &fact.sending_ip), w[7]);
	}
	for (size_t i = keys; i < n; i++) {
		long at = set_fact_key(m, &fact, w[i]);

		begin = at >= 0 ? at : begin;
	}
	if (m->is_looked) {
		add_nothing(m, day, fact.domain, fact.mx);
	}
	for (int i = 0; i < count; i++) {
		add(m, day + (begin + i) % WHEN_DAY_S, &fact);
	}
}

static void add_many(struct maker *m, int64_t day, const char *number)
{
	long n = strtol(number, NULL, 10);

	for (long i = 0; i < n; i++) {
		char domain[32];
		struct fact fact = { .tls = FACT_TLS_OK };

		(void)snprintf(domain, sizeof(domain), "d%07ld.example", i);
		fact.domain = view_of(domain);
		fact.mx = fact.domain;
		if (m->is_looked) {
			add_nothing(m, day, fact.domain, fact.mx);
		}
		add(m, day, &fact);
	}
}

static void look(struct maker *m, int64_t day)
{
	struct tally *tally = NULL;
	struct tally_fact fact;
	uint64_t cursor = 0;
	char path[4096];

	commit(m);
	(void)store_path(m->state, day, path, sizeof(path));
	check(tally_open(path, &tally), path);
	while (tally_next_fact(tally, &cursor, &fact) > 0) {
		add_nothing(m, day, fact.fact.domain, fact.fact.mx);
	}
	tally_close(tally);
}

static void drop(struct maker *m, int64_t day, char *const *w)
{
	int c = number_of(counter_of, COUNTER_COUNT, w[2]);

	check(store_bump(m->store, day, ++m->pos, (enum counter)c,
		  strtoull(w[3], NULL, 10)),
	    w[2]);
}

static void obey(struct maker *m, char *const *w, size_t n)
{
	int64_t day = 0;

	if (strcmp(w[0], "limit") == 0 && n == 2) {
		m->limits.facts = strtoull(w[1], NULL, 10);
		return;
	}
	if (strcmp(w[0], "looked") == 0 && n == 1) {
		m->is_looked = true;
		return;
	}
	check(n > 1 ? when_parse_date(view_of(w[1]), &day) : ERR_PARSE, w[0]);
	open_store(m);
	if (strcmp(w[0], "probe") == 0 && n > 5) {
		add_probe(m, day, w, n);
	} else if (strcmp(w[0], "fact") == 0 && n > 4) {
		add_fact(m, day, w, n);
	} else if (strcmp(w[0], "policy") == 0 && n > 5) {
		add_policy(m, day, w, n);
	} else if (strcmp(w[0], "drop") == 0 && n == 4) {
		drop(m, day, w);
	} else if (strcmp(w[0], "look") == 0) {
		look(m, day);
	} else if (strcmp(w[0], "many") == 0 && n > 2) {
		add_many(m, day, w[2]);
	} else if (strcmp(w[0], "seal") == 0 && n > 2) {
		commit(m);
		check(
		    store_seal(m->store, day, strtoll(w[2], NULL, 10)), "seal");
	} else {
		check(ERR_PARSE, w[0]);
	}
}

int main(int argc, char **argv)
{
	struct maker m = { .state = argc == 2 ? argv[1] : "" };
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *words[WORDS];
		char *rest = line;
		char *word;
		size_t n = 0;

		while (n < WORDS && (word = strsep(&rest, " \n")) != NULL) {
			if (*word != '\0') {
				words[n++] = word;
			}
		}
		if (n > 0) {
			obey(&m, words, n);
		}
	}
	if (m.store != NULL) {
		commit(&m);
		store_close(m.store);
	}
	return 0;
}
