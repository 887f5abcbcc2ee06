/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_fetch.c - fetches policies as it is told, for tests
 *
 *	run_fetch [-a PER_ADDRESS] [-c CA_FILE] [-g GOOD_AT] [-p] [-t MS]
 *
 * A line of standard input is "DOMAIN ADDRESS[,ADDRESS...]", as if DNS had
 * these, or "DOMAIN =TOKEN", as if it had none for that reason. For each one a
 * line is printed when it is done: "DOMAIN KIND TOKEN BYTES". It ends after the
 * end of input and of all fetches.
 */

#include "config.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/fetch.h"

enum {
	LINE_MAX_LEN = 1024,
	ADDRESSES = 32
};

/* One line of input. */
struct task {
	struct task *next;
	struct run *run;
	char domain[DOMAIN_BUF];
	char answer[LINE_MAX_LEN];
	fetch_resolved_fn done;
	void *job;
};

struct run {
	struct event_base *base;
	struct fetch *fetch;
	struct event *input;
	struct task *tasks; /* all there were */
	char line[LINE_MAX_LEN];
	size_t len;
	unsigned n_resolved;
};

static void check(int rc, const char *what)
{
	if (rc < 0) {
		(void)fprintf(
		    stderr, "run_fetch: %s: %s\n", what, err_text(rc));
		exit(1);
	}
}

/* Is there nothing left to wait for? */
static void end_if_done(struct run *run)
{
	if (run->input == NULL && fetch_open(run->fetch) == 0) {
		(void)event_base_loopbreak(run->base);
	}
}

static void answer(struct task *task)
{
	struct fetch_addresses a = { .token = NULL };
	struct ip list[ADDRESSES];
	struct view left = view_of(task->answer);

	if (view_take(&left, "=")) {
		a.token = left.s;
		a.fault = strcmp(a.token, "dns-timeout") == 0 ? FETCH_DOUBTFUL :
		    strcmp(a.token, "dns-error") == 0         ? FETCH_OURS :
								FETCH_THEIRS;
		task->done(task->job, &a);
		return;
	}
	a.ip = list;
	while (left.len > 0 && a.n < ADDRESSES) {
		size_t len = view_index(left, ',');

		check(ip_parse(view_make(left.s, len), &list[a.n++]), left.s);
		left = view_skip(left, len < left.len ? len + 1 : len);
	}
	task->done(task->job, &a);
}

static void on_later(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	answer(ctx);
}

/* Every other answer comes at once, the rest later. */
static void resolve(
    void *ctx, const char *host, fetch_resolved_fn done, void *job)
{
	static const struct timeval soon = { 0, 1000 };
	struct run *run = ctx;
	struct task *task = run->tasks;

	while (task != NULL &&
	    (strncmp(host, "mta-sts.", 8) != 0 ||
		strcmp(host + 8, task->domain) != 0)) {
		task = task->next;
	}
	check(task != NULL ? 0 : ERR_NOT_FOUND, host);
	task->done = done;
	task->job = job;
	if (run->n_resolved++ % 2 == 0) {
		answer(task);
	} else {
		check(event_base_once(
			  run->base, -1, EV_TIMEOUT, on_later, task, &soon),
		    "event");
	}
}

static const char *kind_word(enum policy_sts kind)
{
	return kind == POLICY_STS_FOUND       ? "found" :
	    kind == POLICY_STS_FETCH_ERROR    ? "fetch-error" :
	    kind == POLICY_STS_WEBPKI_INVALID ? "webpki-invalid" :
	    kind == POLICY_STS_UNKNOWN        ? "unknown" :
						"?";
}

static void on_result(void *ctx, const struct fetch_result *result)
{
	struct task *task = ctx;

	(void)printf("%s %s %s %zu\n", task->domain, kind_word(result->kind),
	    result->token[0] != '\0' ? result->token : "-", result->body.len);
	(void)fflush(stdout);
	end_if_done(task->run);
}

static void on_line(struct run *run, const char *line)
{
	struct task *task = xcalloc(1, sizeof(*task));
	const char *space = strchr(line, ' ');

	check(space != NULL ? 0 : ERR_PARSE, line);
	task->run = run;
	(void)view_copy(view_make(line, (size_t)(space - line)), task->domain,
	    sizeof(task->domain));
	(void)view_copy(view_of(space + 1), task->answer, sizeof(task->answer));
	/* the newest first: a domain may come again with other addresses */
	task->next = run->tasks;
	run->tasks = task;
	check(fetch_policy(run->fetch, task->domain, on_result, task), line);
}

static void on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct run *run = ctx;
	ssize_t n =
	    read(fd, run->line + run->len, sizeof(run->line) - 1 - run->len);
	char *end;

	(void)what;
	if (n <= 0) {
		event_free(run->input);
		run->input = NULL;
		end_if_done(run);
		return;
	}
	run->len += (size_t)n;
	while ((end = memchr(run->line, '\n', run->len)) != NULL) {
		size_t used = (size_t)(end - run->line) + 1;

		*end = '\0';
		on_line(run, run->line);
		run->len -= used;
		memmove(run->line, run->line + used, run->len);
	}
}

static unsigned number(const char *text)
{
	unsigned long long n;

	check(view_number(view_of(text), 1000000, &n), text);
	return (unsigned)n;
}

static void read_options(int argc, char **argv, struct fetch_options *o)
{
	unsigned long long at;
	int c;

	while ((c = getopt(argc, argv, "a:c:g:pt:")) != -1) {
		switch (c) {
		case 'a':
			o->per_address = number(optarg);
			break;
		case 'c':
			o->ca_file = optarg;
			break;
		case 'g':
			check(view_number(view_of(optarg), INT64_MAX, &at),
			    optarg);
			o->good_at = (int64_t)at;
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
	struct run run = { .base = event_base_new() };
	struct fetch_options o = { .resolve = resolve, .resolve_ctx = &run };
	struct task *task;

	(void)signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv, &o);
	check(run.base != NULL ? 0 : ERR_TEMP, "event base");
	log_open("run_fetch", false);
	log_set_level(LOG_LEVEL_DEBUG);
	check(fetch_new(run.base, &o, &run.fetch), "fetch");
	run.input = event_new(
	    run.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &run);
	check(
	    run.input != NULL && event_add(run.input, NULL) == 0 ? 0 : ERR_TEMP,
	    "input");
	check(event_base_dispatch(run.base), "loop");
	fetch_free(run.fetch);
	event_base_free(run.base);
	while ((task = run.tasks) != NULL) {
		run.tasks = task->next;
		free(task);
	}
	return 0;
}
