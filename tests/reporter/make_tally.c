/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_tally.c - make tally files for the tests of telltls-report
 *
 *	make_tally STATE < COMMANDS
 *
 * One command a line, days as YYYY-MM-DD:
 *
 *	fact DAY COUNT DOMAIN TLS [MX [RECEIVING-IP [SENDING-IP]]]
 *	many DAY N              one session each for N domains dNNNNNNN.example
 *	limit FACTS             of all days that come; before the first of them
 *	seal DAY UNIX-SECONDS
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/store.h"
#include "common/when.h"

struct maker {
	const char *state;
	struct store *store; /* NULL until it is needed */
	struct store_limits limits;
	uint64_t pos;
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

	check(store_commit(m->store, NULL, &mark, false), "commit");
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

static enum fact_tls tls_of(const char *word)
{
	for (int i = 0; i < FACT_TLS_COUNT; i++) {
		if (strcmp(fact_tls_word((enum fact_tls)i), word) == 0) {
			return (enum fact_tls)i;
		}
	}
	check(ERR_PARSE, word);
	return FACT_TLS_OK;
}

static void add_fact(struct maker *m, int64_t day, char *const *w, size_t n)
{
	struct fact fact = { .domain = view_of(w[3]), .tls = tls_of(w[4]) };
	int count = (int)strtol(w[2], NULL, 10);

	if (strcmp(w[3], "\"\"") == 0) {
		fact.domain.len = 0;
	}
	if (n > 5) {
		fact.mx = view_of(w[5]);
	}
	if (n > 6) {
		check(ip_parse(view_of(w[6]), &fact.ip), w[6]);
	}
	if (n > 7) {
		check(ip_parse(view_of(w[7]), &fact.sending_ip), w[7]);
	}
	for (int i = 0; i < count; i++) {
		add(m, day + i % WHEN_DAY_S, &fact);
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
		add(m, day, &fact);
	}
}

static void obey(struct maker *m, char *const *w, size_t n)
{
	int64_t day = 0;

	if (strcmp(w[0], "limit") == 0 && n == 2) {
		m->limits.facts = strtoull(w[1], NULL, 10);
		return;
	}
	check(n > 2 ? when_parse_date(view_of(w[1]), &day) : ERR_PARSE, w[0]);
	open_store(m);
	if (strcmp(w[0], "fact") == 0 && n > 4) {
		add_fact(m, day, w, n);
	} else if (strcmp(w[0], "many") == 0) {
		add_many(m, day, w[2]);
	} else if (strcmp(w[0], "seal") == 0) {
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
		char *words[8];
		char *rest = line;
		char *word;
		size_t n = 0;

		while (n < 8 && (word = strsep(&rest, " \n")) != NULL) {
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
