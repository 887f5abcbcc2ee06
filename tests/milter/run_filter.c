/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_filter.c - a milter with the least parent that there can be, for tests
 *
 *	run_filter [-g GID] [-m MODE] [-o OWN_SENDER] [-s STATE] SOCKET
 *
 * Prints a line of JSON for the child's start ("child": its process), for
 * each note, and for the child's end ("exit"). A child that ends of itself is
 * not started again. With STATE, notes are kept there. SIGTERM ends both.
 */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/err.h"
#include "common/json_out.h"
#include "common/log.h"
#include "milter/filter.h"
#include "milter/note_keep.h"

struct parent {
	int channel;
	int signals; /* signalfd for SIGTERM and SIGCHLD */
	pid_t child;
	struct noted *notes; /* NULL: they are not kept */
	struct json_out json;
};

static void check(int rc, const char *what)
{
	if (rc < 0) {
		(void)fprintf(
		    stderr, "run_filter: %s: %s\n", what, err_text(rc));
		exit(1);
	}
}

static void end_line(struct parent *p)
{
	check(json_out_end(&p->json, stdout), "stdout");
	(void)fflush(stdout);
}

static void show_number(struct parent *p, const char *name, uint64_t n)
{
	json_out_begin(&p->json);
	json_out_number(&p->json, name, n);
	end_line(p);
}

static void show_note(struct parent *p, const struct note *note)
{
	struct strbuf domains;

	strbuf_init(&domains, NOTE_MAX);
	for (unsigned i = 0; i < note->n_domains; i++) {
		strbuf_addf(
		    &domains, "%s%s", i > 0 ? " " : "", note->domain[i]);
	}
	json_out_begin(&p->json);
	json_out_text(&p->json, "qid", view_of(note->qid));
	json_out_bool(&p->json, "no", (note->kinds & NOTED_TLS_REQUIRED) != 0);
	json_out_bool(&p->json, "own", (note->kinds & NOTED_OWN_REPORT) != 0);
	json_out_text(&p->json, "domains", view_of(strbuf_str(&domains)));
	json_out_number(&p->json, "more", note->n_more);
	json_out_number(&p->json, "dropped", note->dropped);
	json_out_time(&p->json, "t", note->t);
	json_out_bool(&p->json, "report", note_is_report(note));
	end_line(p);
	strbuf_release(&domains);
}

/* Takes one note. False: there is none. */
static bool take_note(struct parent *p)
{
	static struct note note;
	char buf[NOTE_MAX];
	ssize_t n = recv(p->channel, buf, sizeof(buf), MSG_DONTWAIT);
	int rc;

	if (n <= 0) {
		return false;
	}
	rc = p->notes != NULL ? note_keep(p->notes, buf, (size_t)n, &note) :
				note_parse(buf, (size_t)n, &note);
	check(rc, "note");
	show_note(p, &note);
	return true;
}

static _Noreturn void run_child(struct filter_options *o, int other)
{
	sigset_t none;

	(void)close(other);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(filter_run(o) == 0 ? 0 : 1);
}

static void start(struct parent *p, struct filter_options *o)
{
	int pair[2];
	sigset_t set;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair),
	    "socketpair");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGCHLD);
	check(sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	p->signals = signalfd(-1, &set, SFD_CLOEXEC);
	p->channel = pair[0];
	o->channel = pair[1];
	p->child = fork();
	check(p->child, "fork");
	if (p->child == 0) {
		run_child(o, pair[0]);
	}
	(void)close(pair[1]);
	show_number(p, "child", (uint64_t)p->child);
}

/* Until the child has ended. Returns its status. */
static int serve(struct parent *p)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = p->channel, .events = POLLIN },
			{ .fd = p->signals, .events = POLLIN },
		};
		struct signalfd_siginfo info;
		int status;

		check(poll(fds, 2, -1), "poll");
		if ((fds[0].revents & POLLIN) != 0) {
			(void)take_note(p);
		}
		if (fds[0].revents == POLLHUP) {
			/* the child's end will tell the rest */
			(void)close(p->channel);
			p->channel = -1;
		}
		if ((fds[1].revents & POLLIN) == 0) {
			continue;
		}
		check((int)read(p->signals, &info, sizeof(info)), "signal");
		if (info.ssi_signo == SIGTERM) {
			check(kill(p->child, SIGTERM), "kill");
		} else if (waitpid(p->child, &status, WNOHANG) == p->child) {
			while (p->channel >= 0 && take_note(p)) {
			}
			return status;
		}
	}
}

static void read_options(int argc, char **argv, struct filter_options *o,
    const char *own[2], const char **state)
{
	int c;

	while ((c = getopt(argc, argv, "g:m:o:s:")) != -1) {
		switch (c) {
		case 'g':
			o->rights.has_group = true;
			o->rights.group = (gid_t)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			o->rights.mode = (mode_t)strtoul(optarg, NULL, 8);
			break;
		case 'o':
			own[0] = optarg;
			break;
		case 's':
			*state = optarg;
			break;
		default:
			exit(64);
		}
	}
	if (optind + 1 != argc) {
		exit(64);
	}
	o->socket = argv[optind];
}

int main(int argc, char **argv)
{
	const char *own[2] = { NULL, NULL };
	const char *state = NULL;
	struct filter_options o = { .rights.mode = 0660, .own_senders = own };
	struct parent p = { .channel = -1 };
	int status;

	log_open("run_filter", false);
	read_options(argc, argv, &o, own, &state);
	if (state != NULL) {
		check(noted_open(state, true, &p.notes), state);
	}
	json_out_init(&p.json);
	start(&p, &o);
	status = serve(&p);
	show_number(&p, "exit", (uint64_t)(unsigned)status);
	json_out_release(&p.json);
	noted_close(p.notes);
	return 0;
}
