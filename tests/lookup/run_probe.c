/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_probe.c - probes mail servers as it is told, for tests
 *
 *	run_probe [-c CA_FILE] [-j PARALLEL] [-p] [-t MS]
 *
 * A line of standard input is "LABEL MX ADDRESS BASE[ RECORD,RECORD...]", with
 * "-" for no base, and blanks of records as "_". After the end of input all are
 * probed, and a line is printed of each: "LABEL END TLS TOKEN VERSION CHAIN
 * NAME DANE DANE-CHAIN DANE-NAME HELO NAMES DAYS-LEFT VERDICT...": a verdict is
 * "POLICY:OUTCOME:TYPE:REASON", of the judge, by records and by roots.
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/judge.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/loop.h"
#include "lookup/probe.h"

enum {
	LINE_LEN = 4096,
	RECORDS = 16
};

static const char sts_text[] = "version: STSv1\r\nmode: enforce\r\n"
			       "mx: mx.example\r\nmx: *.d.example\r\n"
			       "max_age: 86400\r\n";

struct run {
	struct loop *loop;
	struct prober *prober;
	unsigned n_open;
};

struct task {
	struct run *run;
	char line[LINE_LEN]; /* cut into words */
	const char *label;
	const char *mx;
	const char *base;
	struct view records[RECORDS];
	size_t n_records;
};

static void check(int rc, const char *what)
{
	if (rc < 0) {
		(void)fprintf(
		    stderr, "run_probe: %s: %s\n", what, err_text(rc));
		exit(1);
	}
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void print_verdict(
    const struct task *task, const struct probe_result *result, bool is_dane)
{
	static const char *const outcomes[] = { "success", "failure",
		"unknown" };
	struct judge_verdict verdicts[JUDGE_VERDICTS];
	struct judge_verdict *v = &verdicts[0];
	struct policy_set set = {
		.source = POLICY_OWN,
		.mx = POLICY_MX_SECURE,
		.tlsa = is_dane ? POLICY_TLSA_USABLE : POLICY_TLSA_NONE,
		.base = view_of(task->base),
		.records = task->records,
		.n_records = is_dane ? task->n_records : 0,
		.sts = is_dane ? POLICY_STS_NONE : POLICY_STS_FOUND,
		.sts_text = view_of(sts_text),
	};
	struct fact fact;

	probe_fact(result, is_dane, &fact);
	fact.domain = view_of("domain.example");
	fact.mx = view_of(task->mx);
	if (!fact_check(&fact)) {
		(void)printf(" no-fact");
		return;
	}
	(void)judge(&fact, &set, JUDGE_GOVERNING, verdicts);
	(void)printf(
	    " %s:%s", judge_policy_word(v->policy), outcomes[v->outcome]);
	for (size_t i = 0; i < v->n; i++) {
		(void)printf(":%s:%s", judge_type_word(v->result[i].type),
		    or_dash(v->result[i].reason));
	}
}

static void on_result(void *ctx, const struct probe_result *r)
{
	static const char *const ends[] = { "no-connection", "no-smtp", "tls" };
	struct task *task = ctx;
	char names[PROBE_NAMES];

	(void)snprintf(names, sizeof(names), "%s", or_dash(r->names));
	for (char *c = names; *c != '\0'; c++) {
		if (*c == ' ') {
			*c = ',';
		}
	}
	(void)printf("%s %s %s %s %s %s %s %s %s %s %s %s %lld", task->label,
	    ends[r->end], fact_tls_word(r->tls), or_dash(r->token),
	    or_dash(r->version), fact_chain_word(r->chain),
	    fact_name_word(r->name), fact_dane_word(r->dane),
	    fact_chain_word(r->dane_chain), fact_name_word(r->dane_name),
	    or_dash(r->helo), names,
	    r->not_after != 0 ?
		(long long)(r->not_after - (int64_t)time(NULL)) / 86400 :
		0);
	if (r->end == PROBE_TLS) {
		print_verdict(task, r, false);
		if (task->n_records > 0) {
			print_verdict(task, r, true);
		}
	}
	(void)putchar('\n');
	if (--task->run->n_open == 0) {
		loop_stop(task->run->loop);
	}
	free(task);
}

static void read_records(struct task *task, char *text)
{
	char *word;

	while (
	    (word = strsep(&text, ",")) != NULL && task->n_records < RECORDS) {
		for (char *c = word; *c != '\0'; c++) {
			if (*c == '_') {
				*c = ' ';
			}
		}
		task->records[task->n_records++] = view_of(word);
	}
}

static void read_line(struct run *run, const char *line)
{
	struct task *task = xcalloc(1, sizeof(*task));
	struct probe_target target;
	char *words[5] = { NULL };
	char *left = task->line;
	size_t n = 0;
	int rc;

	task->run = run;
	(void)view_copy(view_of(line), task->line, sizeof(task->line));
	while (n < 5 && (words[n] = strsep(&left, " \n")) != NULL) {
		n++;
	}
	check(n >= 4 ? 0 : ERR_PARSE, line);
	task->label = words[0];
	task->mx = words[1];
	task->base = strcmp(words[3], "-") == 0 ? "" : words[3];
	if (n == 5 && words[4][0] != '\0') {
		read_records(task, words[4]);
	}
	target = (struct probe_target){ .mx = task->mx,
		.base = task->base,
		.records = task->records,
		.n_records = task->n_records };
	check(ip_parse(view_of(words[2]), &target.ip), words[2]);
	rc = probe_start(run->prober, &target, on_result, task);
	if (rc != 0) {
		(void)printf("%s %s\n", task->label,
		    rc == ERR_NOT_FOUND ? "not-public" : err_text(rc));
		free(task);
		return;
	}
	run->n_open++;
}

static unsigned number(const char *text)
{
	unsigned long long n;

	check(view_number(view_of(text), 1000000, &n), text);
	return (unsigned)n;
}

static void read_options(int argc, char **argv, struct prober_options *o)
{
	int c;

	while ((c = getopt(argc, argv, "c:j:pt:")) != -1) {
		switch (c) {
		case 'c':
			o->ca_file = optarg;
			break;
		case 'j':
			o->parallel = number(optarg);
			break;
		case 'p':
			o->allow_private = true;
			break;
		case 't':
			o->timeout_ms = number(optarg);
			break;
		default:
			exit(64);
		}
	}
}

int main(int argc, char **argv)
{
	struct run run = { .loop = loop_new() };
	struct prober_options o = { .loop = run.loop, .helo = "probe.example" };
	char line[LINE_LEN];

	(void)signal(SIGPIPE, SIG_IGN);
	log_open("run_probe", false);
	read_options(argc, argv, &o);
	check(run.loop != NULL ? 0 : ERR_TEMP, "loop");
	check(prober_new(&o, &run.prober), "prober");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		read_line(&run, line);
	}
	if (run.n_open > 0) {
		check(loop_run(run.loop), "run");
	}
	prober_free(run.prober);
	loop_free(run.loop);
	return 0;
}
