/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_lookup.c - looks up domains and hosts as the daemon does
 *
 *	run_lookup SERVER ANCHOR < LINES
 *
 * Each line is "DOMAIN" or "DOMAIN HOST"; each result is one line of JSON, in
 * any order. The first line of the output is the health.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json_out.h"
#include "common/mem.h"
#include "lookup/lookup_loop.h"

struct run {
	struct loop *loop;
	struct lookup_loop *ll;
	unsigned n_left;
};

struct row {
	struct run *run;
	char *domain;
	char *host; /* NULL: the domain */
};

static void end(struct row *row)
{
	if (--row->run->n_left == 0) {
		loop_stop(row->run->loop);
	}
	free(row->domain);
	free(row->host);
	free(row);
}

static void on_health(void *ctx, enum dns_health health)
{
	(void)ctx;
	printf("{\"health\":\"%s\"}\n", dns_health_word(health));
}

static void on_domain(void *ctx, const struct lookup_domain *d)
{
	static const char *const asks[] = { "unknown", "not", "asks" };
	struct row *row = ctx;
	struct json_out j;

	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "domain", view_of(row->domain));
	json_out_text(&j, "asks", view_of(asks[d->asks]));
	json_out_text(&j, "record", view_of(dns_status_word(d->record_dns)));
	json_out_text(&j, "mx", view_of(policy_mx_word(d->mx)));
	json_out_text(&j, "first", view_of(d->n_hosts > 0 ? d->hosts[0] : ""));
	json_out_number(&j, "hosts", d->n_hosts);
	json_out_text(&j, "sts", view_of(d->sts.id));
	json_out_number(
	    &j, "fresh", (uint64_t)(d->stale_at - (int64_t)time(NULL)));
	(void)json_out_end(&j, stdout);
	json_out_release(&j);
	end(row);
}

static void on_host(void *ctx, const struct policy_set *set, int64_t stale_at)
{
	struct row *row = ctx;
	struct json_out j;
	struct strbuf records;

	json_out_init(&j);
	strbuf_init(&records, 10000);
	for (size_t i = 0; i < set->n_records; i++) {
		strbuf_adds(&records, i > 0 ? "," : "");
		strbuf_addv(&records, set->records[i]);
	}
	json_out_begin(&j);
	json_out_text(&j, "domain", view_of(row->domain));
	json_out_text(&j, "host", view_of(row->host));
	json_out_text(&j, "mx", view_of(policy_mx_word(set->mx)));
	json_out_text(&j, "tlsa", view_of(policy_tlsa_word(set->tlsa)));
	json_out_text(&j, "base", set->base);
	json_out_text(&j, "records", view_of(strbuf_str(&records)));
	json_out_number(
	    &j, "fresh", (uint64_t)(stale_at - (int64_t)time(NULL)));
	(void)json_out_end(&j, stdout);
	strbuf_release(&records);
	json_out_release(&j);
	end(row);
}

static void read_line(struct run *run, char *line)
{
	struct row *row = xcalloc(1, sizeof(*row));
	struct lookup *l = lookup_loop_lookup(run->ll);
	size_t len = strcspn(line, " \n");
	char *rest = line + len + strspn(line + len, " \n");
	int rc;

	rest[strcspn(rest, "\n")] = '\0';
	row->run = run;
	row->domain = xstrndup(line, len);
	row->host = rest[0] != '\0' ? xstrdup(rest) : NULL;
	run->n_left++;
	rc = row->host != NULL ?
	    lookup_host(l, row->domain, row->host, on_host, row) :
	    lookup_domain(l, row->domain, on_domain, row);
	if (rc != 0) {
		fprintf(stderr, "refused: %s\n", line);
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	struct run run = { .n_left = 1 };
	const struct lookup_options sizes = { .on_health = on_health };
	const char *servers[] = { argc > 1 ? argv[1] : "", NULL };
	const struct dns_options dns = {
		.servers = servers,
		.trust_anchor = argc > 2 ? argv[2] : NULL,
		.timeout_s = 10,
	};
	struct strbuf error;
	char *line = NULL;
	size_t size = 0;

	strbuf_init(&error, 1000);
	run.loop = loop_new();
	if (argc != 3 || run.loop == NULL ||
	    lookup_loop_new(run.loop, &dns, &sizes, &run.ll, &error) != 0) {
		fprintf(stderr, "run_lookup SERVER ANCHOR: %s\n",
		    strbuf_str(&error));
		return EXIT_FAILURE;
	}
	while (getline(&line, &size, stdin) >= 0) {
		read_line(&run, line);
	}
	if (--run.n_left > 0) {
		(void)loop_run(run.loop);
	}
	free(line);
	strbuf_release(&error);
	lookup_loop_free(run.ll);
	loop_free(run.loop);
	return EXIT_SUCCESS;
}
