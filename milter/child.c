/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child.c - child processes with a role, started again when they die
 *
 * A child is made by fork() alone: it runs the code that is in memory, as the
 * user that the parent is by then.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "milter/child.h"

enum {
	STEP_MS = 10 /* between two looks at a child that is to end */
};

void child_init(struct child *c, const char *name, child_fn run, void *ctx)
{
	*c = (struct child){ .name = name,
		.run = run,
		.ctx = ctx,
		.channel = -1,
		.keep = -1,
		.is_wanted = true };
}

/* Closes all but the standard descriptors and these two; b may be -1. */
static void close_others(int a, int b)
{
	int low = b < 0 || a < b ? a : b;
	int high = a < b ? b : a;

	if (low > 3) {
		(void)close_range(3, (unsigned)low - 1, 0);
	}
	if (high > low + 1) {
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	}
	(void)close_range((unsigned)high + 1, ~0U, 0);
}

/* What the parent had set up for itself is undone. */
static void become_child(const char *name, pid_t parent, int channel, int keep)
{
	char title[16]; /* the kernel keeps no more */
	sigset_t none;

	(void)sigemptyset(&none);
	for (int i = 1; i < NSIG; i++) {
		(void)signal(i, SIG_DFL);
	}
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)snprintf(title, sizeof(title), "telltls-%s", name);
	(void)prctl(PR_SET_NAME, title);
	if (getppid() != parent) {
		_exit(EX_TEMPFAIL); /* it died before we could ask */
	}
	log_close();
	close_others(channel, keep);
	log_reopen();
}

static void put_off(struct child *c, int64_t now)
{
	bool was_well = now - c->started >= CHILD_WELL_S;

	c->pause_s = was_well || c->pause_s == 0 ? 1 : c->pause_s * 2;
	if (c->pause_s > CHILD_PAUSE_MAX_S) {
		c->pause_s = CHILD_PAUSE_MAX_S;
	}
	c->due = now + c->pause_s;
}

static bool start(struct child *c, int64_t now)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, pair) != 0) {
		return false;
	}
	c->pid = fork();
	if (c->pid == 0) {
		become_child(c->name, parent, pair[1], c->keep);
		_exit(c->run(c->ctx, pair[1]));
	}
	(void)close(pair[1]);
	if (c->pid < 0) {
		c->pid = 0;
		(void)close(pair[0]);
		return false;
	}
	c->channel = pair[0];
	c->started = now;
	c->starts++;
	return true;
}

bool child_tick(struct child *c, int64_t now)
{
	if (c->pid != 0 || !c->is_wanted) {
		return false;
	}
	/* a clock that was set back must not make the pause longer */
	if (now < c->due && c->due - now <= CHILD_PAUSE_MAX_S) {
		return false;
	}
	if (start(c, now)) {
		c->has_failed = false;
		return true;
	}
	if (!c->has_failed) {
		log_error("cannot start the child child=%s error=\"%s\"",
		    c->name, strerror(errno));
		c->has_failed = true;
	}
	c->started = now;
	put_off(c, now);
	return false;
}

static void ended(struct child *c, int status, int64_t now)
{
	(void)close(c->channel);
	c->channel = -1;
	c->pid = 0;
	if (!c->is_wanted) {
		return;
	}
	put_off(c, now);
	if (WIFSIGNALED(status)) {
		log_warn("child died child=%s signal=%d restart-in=%us",
		    c->name, WTERMSIG(status), c->pause_s);
	} else {
		log_warn("child ended child=%s status=%d restart-in=%us",
		    c->name, WEXITSTATUS(status), c->pause_s);
	}
}

bool child_reap(struct child *c, int64_t now)
{
	int status;

	if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid) {
		return false;
	}
	ended(c, status, now);
	return true;
}

void child_stop(struct child *c)
{
	c->is_wanted = false;
	if (c->pid != 0) {
		(void)kill(c->pid, SIGTERM);
	}
}

void child_restart(struct child *c)
{
	c->is_wanted = true;
	c->pause_s = 0;
	if (c->pid != 0) {
		(void)kill(c->pid, SIGTERM);
	}
}

static void pause_briefly(void)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	(void)nanosleep(&step, NULL);
}

void child_await(const struct child *c, unsigned limit_ms)
{
	for (unsigned ms = 0; c->pid != 0 && ms < limit_ms; ms += STEP_MS) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)c->pid, &info,
			WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid != 0) {
			return;
		}
		pause_briefly();
	}
}

void child_join(struct child *c, unsigned limit_ms)
{
	for (unsigned ms = 0; c->pid != 0 && ms < limit_ms; ms += STEP_MS) {
		if (child_reap(c, c->started)) {
			return;
		}
		pause_briefly();
	}
	if (c->pid != 0) {
		int status = 0;

		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, &status, 0);
		ended(c, status, c->started);
	}
}
