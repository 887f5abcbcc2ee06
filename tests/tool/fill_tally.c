/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill_tally.c - fill tallies with what no log gives yet, for tests of telltls
 *
 *	fill_tally STATE SCENE
 *
 *	full	a fact with all members, one with none, policies, and every
 *		counter: n + 1 for the counter of number n
 *	gap	a part of the log was missing
 *	silent	lines, and nothing in them
 *	noise	lines most of which are no log lines
 *	many	three days with facts of several domains
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/store.h"
#include "common/when.h"

/* 2026-11-22T00:00:00Z */
#define DAY ((int64_t)1795305600)

struct filler {
	struct store *store;
	uint64_t pos;
};

static void check(int rc, const char *what)
{
	if (rc != 0) {
		(void)fprintf(
		    stderr, "fill_tally: %s: %s\n", what, err_text(rc));
		exit(1);
	}
}

static void begin(struct filler *f, const char *feed)
{
	struct mark rescan;
	struct mark read;

	check(store_feed(f->store, feed, "sendmail", &rescan, &read), feed);
}

static void commit(struct filler *f, int64_t t)
{
	struct mark mark = { .pos = f->pos, .t = t };

	check(store_commit(f->store, NULL, &mark, false), "commit");
}

static void add(
    struct filler *f, int64_t t, const struct fact *fact, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		check(
		    store_session(f->store, t + i, ++f->pos, fact), "session");
	}
}

static void bump(struct filler *f, enum counter c, uint64_t n)
{
	check(store_bump(f->store, DAY, ++f->pos, c, n), counter_word(c));
}

static void add_policies(struct filler *f, struct fact *fact)
{
	struct policy own = {
		.domain = fact->domain,
		.since = DAY,
		.source = POLICY_OWN,
		.content = view_of(
		    "{\"mx\": \"secure\", \"tlsa\": \"usable\", "
		    "\"tlsa-base\": \"mx.full.example\", "
		    "\"tlsa-records\": [\"3 1 1 aa\"], "
		    "\"sts\": \"fetch-error\", \"sts-reason\": \"http-404\"}")
	};
	struct policy sts = { .domain = fact->domain,
		.since = DAY + 3600,
		.source = POLICY_OWN,
		.content = view_of(
		    "{\"mx\": \"insecure\", \"tlsa\": \"none\", "
		    "\"sts\": \"found\", \"sts-text\": "
		    "\"version: STSv1\\nmode: testing\\nmx: mx.full.example"
		    "\\nmax_age: 86400\\n\"}") };
	struct policy mta = { .domain = view_of("other.example"),
		.mx = view_of("mx.other.example"),
		.since = DAY + 1,
		.source = POLICY_MTA,
		.content = view_of("no JSON \x1b \xff") };

	check(store_policy(f->store, DAY, &sts), "policy");
	check(store_policy(f->store, DAY, &own), "policy");
	check(store_policy(f->store, DAY, &mta), "policy");
	memcpy(fact->policy, own.hash, sizeof(fact->policy));
}

static void fill_full(struct filler *f)
{
	const struct fact none = { .domain = view_of("none.example") };
	struct fact all = { .domain = view_of("full.example"),
		.mx = view_of("mx.full.example"),
		.reason = view_of("dane-no-match"),
		.level = view_of("dane"),
		.verdict = view_of("[{\"type\": \"tlsa\", \"result\": "
				   "\"\\u2028\x7f\"}]"),
		.version = view_of("TLSv1.3"),
		.helo = view_of("\"evil\\"),
		.tls = FACT_TLS_OK,
		.chain = FACT_CHAIN_SELF_SIGNED,
		.name = FACT_NAME_MISMATCH,
		.dane = FACT_DANE_MISMATCH };

	begin(f, "mx1");
	check(ip_parse(view_of("2001:db8::1"), &all.ip), "ip");
	check(ip_parse(view_of("192.0.2.1"), &all.sending_ip), "ip");
	add_policies(f, &all);
	add(f, DAY + 10, &all, 3);
	add(f, DAY + 20, &none, 1);
	for (int c = 0; c < COUNTER_COUNT; c++) {
		bump(f, (enum counter)c, (uint64_t)c + 1);
	}
	commit(f, DAY + 30);
}

static void fill_counter(struct filler *f, enum counter c, uint64_t n)
{
	begin(f, "sendmail");
	bump(f, COUNTER_LINES, 10);
	bump(f, c, n);
	commit(f, DAY);
}

static void fill_many(struct filler *f)
{
	begin(f, "sendmail");
	for (int64_t t = DAY; t < DAY + 3 * (int64_t)WHEN_DAY_S;
	     t += WHEN_DAY_S) {
		struct fact fact = { .domain = view_of("b.example"),
			.mx = view_of("mx1.b.example"),
			.version = view_of("TLSv1.2") };

		add(f, t, &fact, 1);
		fact.mx = view_of("mx2.b.example");
		add(f, t, &fact, 11);
		fact.domain = view_of("a.example");
		fact.tls = FACT_TLS_NOT_OFFERED;
		add(f, t, &fact, 2);
		commit(f, t + 20);
	}
	check(store_seal(f->store, DAY, DAY + WHEN_DAY_S + 600), "seal");
}

int main(int argc, char **argv)
{
	const struct store_limits limits = { 0, 0 };
	struct filler f = { NULL, 0 };
	const char *scene = argc == 3 ? argv[2] : "";

	check(argc == 3 ? 0 : ERR_PARSE, "arguments");
	check(store_open(argv[1], &limits, &f.store), argv[1]);
	if (strcmp(scene, "full") == 0) {
		fill_full(&f);
	} else if (strcmp(scene, "gap") == 0) {
		fill_counter(&f, COUNTER_GAP, 2);
	} else if (strcmp(scene, "silent") == 0) {
		fill_counter(&f, COUNTER_SUBMISSION, 3);
	} else if (strcmp(scene, "noise") == 0) {
		fill_counter(&f, COUNTER_BAD_LINE, 90);
	} else if (strcmp(scene, "many") == 0) {
		fill_many(&f);
	} else {
		check(ERR_PARSE, scene);
	}
	store_close(f.store);
	return 0;
}
