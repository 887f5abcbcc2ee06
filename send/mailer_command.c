/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailer_command.c - mails to the site's MTA by its sendmail command
 *
 * The command may do anything, and for as long as it likes: it may stop
 * reading, leave something behind that keeps its descriptors open, or never
 * end. None of that may hold us up for longer than the time it has.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "send/mailer_command.h"

enum {
	ANSWER_MAX = 2048,
	SAID_MAX = 1024,    /* what is kept of what it says */
	FIRST_SLICE_MS = 1, /* between two looks whether it has ended */
	LAST_SLICE_MS = 50,
	GRACE_MS = 2000, /* from the wish to end to the order */
	MS = 1000,
	NS_PER_MS = 1000000,
	FIRST_OTHER_FD = 3
};

struct command {
	pid_t pid;
	int in;           /* our end of its input; -1: closed */
	int said;         /* our end of its output; -1: closed */
	struct view text; /* what is to be written still */
	bool is_cut;      /* it did not read all of it */
	struct strbuf output;
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * MS + t.tv_nsec / NS_PER_MS;
}

static void shut(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

enum attempt_end mailer_command_end(int status)
{
	switch (status) {
	case EX_OK:
		return ATTEMPT_ACCEPTED;
	case EX_NOUSER:
	case EX_NOHOST:
	case EX_DATAERR:
		return ATTEMPT_REFUSED;
	case EX_TEMPFAIL:
		return ATTEMPT_RETRY;
	default:
		return ATTEMPT_OURS;
	}
}

/*
 * To start it.
 */

/* What libraries opened without O_CLOEXEC is not for it. */
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
static int close_others(posix_spawn_file_actions_t *actions)
{
	return posix_spawn_file_actions_addclosefrom_np(
	    actions, FIRST_OTHER_FD);
}
#else
static int close_others(posix_spawn_file_actions_t *actions)
{
	(void)actions;
	return 0;
}
#endif

/* A group of its own, and signals as a program expects to find them. */
static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t all;
	sigset_t none;

	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGKILL);
	(void)sigdelset(&all, SIGSTOP);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setpgroup(a, 0);
	(void)posix_spawnattr_setsigdefault(a, &all);
	(void)posix_spawnattr_setsigmask(a, &none);
	return posix_spawnattr_setflags(a,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETSIGMASK);
}

static int set_descriptors(posix_spawn_file_actions_t *a, int in, int out)
{
	const int from[FIRST_OTHER_FD] = { in, out, out };
	int error = 0;

	for (int fd = 0; fd < FIRST_OTHER_FD && error == 0; fd++) {
		error = posix_spawn_file_actions_adddup2(a, from[fd], fd);
	}
	return error == 0 ? close_others(a) : error;
}

static int spawn(char *const argv[], int in, int out, pid_t *pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const environment[] = { path, locale, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0) {
		return -error;
	}
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = set_descriptors(&actions, in, out);
		if (error == 0) {
			error = set_attributes(&attributes);
		}
		if (error == 0) {
			error = posix_spawn(pid, argv[0], &actions, &attributes,
			    argv, environment);
		}
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return -error;
}

/* Not in the place of those that it is to have, if we have none ourselves. */
static int open_pipe(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) != 0) {
		return -errno;
	}
	return fd[0] < FIRST_OTHER_FD || fd[1] < FIRST_OTHER_FD ? -EBADF : 0;
}

static int start(struct command *c, char *const argv[])
{
	int in[2] = { -1, -1 };
	int out[2] = { -1, -1 };
	int rc = open_pipe(in);

	if (rc == 0) {
		rc = open_pipe(out);
	}
	if (rc == 0 && fcntl(in[1], F_SETFL, O_NONBLOCK) != 0) {
		rc = -errno;
	}
	if (rc == 0) {
		rc = spawn(argv, in[0], out[1], &c->pid);
	}
	shut(&in[0]);
	shut(&out[1]);
	c->in = in[1];
	c->said = out[0];
	return rc;
}

/*
 * To talk to it.
 */

/*
 * The sendmail command reads lines as they are on its host, which end in LF:
 * some programs of that name would take the CR for a part of the line. The MTA
 * makes CRLF of it again, so a signature stays good.
 */
static void make_local(struct view message, struct strbuf *out)
{
	while (message.len > 0) {
		size_t n = view_index(message, '\r');

		strbuf_addv(out, view_make(message.s, n));
		message = view_skip(message, n < message.len ? n + 1 : n);
	}
}

static void write_some(struct command *c)
{
	ssize_t n = write(c->in, c->text.s, c->text.len);

	if (n >= 0) {
		c->text = view_skip(c->text, (size_t)n);
	} else if (errno != EAGAIN && errno != EINTR) {
		c->is_cut = true;
	}
	if (c->text.len == 0 || c->is_cut) {
		shut(&c->in);
	}
}

static void read_some(struct command *c)
{
	char buf[SAID_MAX];
	ssize_t n = read(c->said, buf, sizeof(buf));

	if (n > 0) {
		strbuf_add(&c->output, buf, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		shut(&c->said);
	}
}

/* Waits so long at most for what it reads or says. */
static void talk(struct command *c, int ms)
{
	struct pollfd fds[2] = { { .fd = c->in, .events = POLLOUT },
		{ .fd = c->said, .events = POLLIN } };

	if (poll(fds, 2, ms) <= 0) {
		return;
	}
	if (fds[0].revents != 0) {
		write_some(c);
	}
	if (fds[1].revents != 0) {
		read_some(c);
	}
}

/* Talks until it has ended. Its end is not that of what it says: what it has
   left behind may keep that open. Returns false when its time is over. */
static bool talk_until(struct command *c, int64_t deadline_ms, int *status)
{
	int slice = FIRST_SLICE_MS;

	for (;;) {
		pid_t pid = waitpid(c->pid, status, WNOHANG);
		bool is_open = c->said >= 0;

		if (pid == c->pid) {
			return true;
		}
		if (pid < 0 && errno != EINTR) {
			*status = -1;
			return true;
		}
		if (now_ms() >= deadline_ms) {
			return false;
		}
		talk(c, slice);
		/* who says no more has mostly ended */
		if (is_open && c->said < 0) {
			slice = FIRST_SLICE_MS;
		} else if (slice < LAST_SLICE_MS) {
			slice *= 2;
		}
	}
}

/* What it said before it ended is there to be read. */
static void read_rest(struct command *c)
{
	struct pollfd fd = { .fd = c->said, .events = POLLIN };

	while (fd.fd >= 0 && !c->output.failed && poll(&fd, 1, 0) > 0) {
		read_some(c);
		fd.fd = c->said;
	}
}

static void end(struct command *c)
{
	int status;

	(void)kill(-c->pid, SIGTERM);
	if (!talk_until(c, now_ms() + GRACE_MS, &status)) {
		(void)kill(-c->pid, SIGKILL);
		(void)waitpid(c->pid, &status, 0);
	}
}

/*
 * What became of it.
 */

static void say(const struct command *c, enum attempt_end end, const char *what,
    struct attempt *out)
{
	struct view said = view_make(strbuf_str(&c->output), c->output.len);
	struct strbuf text;

	said.len = view_index(said, '\n');
	strbuf_init(&text, ANSWER_MAX);
	strbuf_adds(&text, what);
	if (said.len > 0) {
		strbuf_adds(&text, ": ");
		strbuf_addv(&text, said);
	}
	attempt_set(out, end, view_make(strbuf_str(&text), text.len));
	strbuf_release(&text);
}

static void judge(const struct command *c, int status, struct attempt *out)
{
	char what[64];
	enum attempt_end end = ATTEMPT_OURS;

	if (status != -1 && WIFEXITED(status)) {
		end = mailer_command_end(WEXITSTATUS(status));
		(void)snprintf(
		    what, sizeof(what), "exit %d", WEXITSTATUS(status));
	} else if (status != -1 && WIFSIGNALED(status)) {
		(void)snprintf(
		    what, sizeof(what), "signal %d", WTERMSIG(status));
	} else {
		(void)snprintf(what, sizeof(what), "not seen to its end");
	}
	if (end == ATTEMPT_ACCEPTED && (c->is_cut || c->text.len > 0)) {
		end = ATTEMPT_OURS;
		(void)snprintf(
		    what, sizeof(what), "not all of the mail was read");
	}
	say(c, end, what, out);
}

static void run(struct command *c, char *const argv[], struct attempt *out)
{
	int status = -1;
	int rc = start(c, argv);

	if (rc != 0) {
		strbuf_adds(&c->output, err_text(rc));
		say(c, ATTEMPT_OURS, argv[0], out);
	} else if (talk_until(c, c->deadline_ms, &status)) {
		read_rest(c);
		judge(c, status, out);
	} else {
		end(c);
		say(c, ATTEMPT_OURS, "timeout", out);
	}
}

/* A write to a command that reads no more raises a signal that is held back
   meanwhile, and taken here unless there was one before. */
static void take_sigpipe(const sigset_t *pipe_only)
{
	static const struct timespec at_once = { 0, 0 };

	while (sigtimedwait(pipe_only, NULL, &at_once) < 0 && errno == EINTR) {
	}
}

static void run_with_signals(
    struct command *c, char *const argv[], struct attempt *out)
{
	/* its end is to be seen, whatever we were started with */
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	struct sigaction child;
	sigset_t pipe_only;
	sigset_t before;
	sigset_t pending;

	(void)sigaction(SIGCHLD, &usual, &child);
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	run(c, argv, out);
	if (sigismember(&pending, SIGPIPE) == 0) {
		take_sigpipe(&pipe_only);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)sigaction(SIGCHLD, &child, NULL);
}

void mailer_command_send(const struct conf *conf,
    const struct mailer_mail *mail, struct attempt *out)
{
	static char no_dots[] = "-oi";
	static char sender[] = "-f";
	static char no_options[] = "--";
	struct command c = { .in = -1, .said = -1 };
	char *from = xstrdup(mail->from);
	char *to = xstrdup(mail->to);
	char *const argv[] = { conf->mail.command, no_dots, sender, from,
		no_options, to, NULL };
	struct strbuf text;

	strbuf_init(&c.output, SAID_MAX);
	strbuf_init(&text, mail->message.len);
	make_local(mail->message, &text);
	c.text = view_make(strbuf_str(&text), text.len);
	c.deadline_ms = now_ms() + (int64_t)conf->mail.timeout_s * MS;
	run_with_signals(&c, argv, out);
	shut(&c.in);
	shut(&c.said);
	strbuf_release(&text);
	strbuf_release(&c.output);
	free(from);
	free(to);
}
