/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_kit.h - a control socket that is served in a process of its own, and
 * how it is asked
 */
#ifndef TESTS_UNIT_SERVER_KIT_H
#define TESTS_UNIT_SERVER_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/control.h"
#include "milter/server.h"
#include "tests/unit/unit.h"

enum {
	WAIT_S = 20,    /* what takes longer hangs */
	FEEDS = 32,     /* of a status */
	FLOOD = 100000, /* packets that nobody reads */
};

/* --- the daemon's side, in a process of its own ---------------------------- */

static inline unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		n++;
	}
	(void)closedir(dir);
	return n;
}

static inline void reply_status(struct server_client *c)
{
	struct live l = { .kind = LIVE_DAEMON, .u.daemon.pid = 4711 };

	(void)server_reply(c, &l);
	l = (struct live){ .kind = LIVE_FEED };
	for (unsigned i = 0; i < FEEDS; i++) {
		/* as long as it can be */
		memset(l.u.feed.name, 'n', LIVE_TEXT - 1);
		memset(l.u.feed.source, 's', LIVE_TEXT - 1);
		memset(l.u.feed.error, 'e', LIVE_TEXT - 1);
		l.u.feed.lag_b = i;
		(void)server_reply(c, &l);
	}
}

/* How many descriptors came, and what the last of them holds. */
static inline void reply_files(
    struct server_client *c, const int *fds, size_t n_fds)
{
	struct live l = { .kind = LIVE_RESULT, .u.result.lines = n_fds };
	ssize_t n;

	l.u.result.open = count_fds();
	if (n_fds > 0) {
		n = pread(fds[n_fds - 1], l.u.result.path, LIVE_TEXT - 1, 0);
		l.u.result.code = n < 0 ? -errno : 0;
	}
	for (size_t i = 0; i < n_fds; i++) {
		int flags = fcntl(fds[i], F_GETFD);

		if (flags < 0 || (flags & FD_CLOEXEC) == 0) {
			l.u.result.code = -EBADF;
		}
	}
	(void)server_reply(c, &l);
}

static inline void reply_flood(struct server_client *c)
{
	const struct live l = { .kind = LIVE_PROGRESS };

	for (unsigned i = 0; i < FLOOD; i++) {
		if (!server_reply(c, &l)) {
			return;
		}
	}
}

static inline void on_request(void *ctx, struct server_client *c,
    const struct live *request, const int *fds, size_t n_fds)
{
	struct loop *loop = ctx;
	const char *feed = request->u.ask.feed;

	if (request->kind == LIVE_ASK_STATUS) {
		reply_status(c);
	} else if (request->kind != LIVE_ASK_REPLAY) {
		return;
	} else if (strcmp(feed, "files") == 0) {
		reply_files(c, fds, n_fds);
	} else if (strcmp(feed, "flood") == 0) {
		reply_flood(c);
	} else if (strcmp(feed, "quit") == 0) {
		loop_stop(loop);
	}
}

static inline int serve(const char *run, int ready)
{
	struct loop *loop = loop_new();
	struct server *server = NULL;
	int rc = server_open(loop, run, on_request, loop, &server);

	if (rc == 0) {
		(void)!write(ready, "", 1);
		(void)close(ready);
		rc = loop_run(loop);
	}
	server_close(server);
	loop_free(loop);
	return rc == 0 ? 0 : 1;
}

/* --- the test's side -------------------------------------------------------- */

struct site {
	char run[64];
	pid_t pid;
};

static inline void site_start(struct site *s)
{
	int pipes[2];
	char byte;

	unit_tmpdir_make(s->run, sizeof(s->run));
	assert_int_equal(pipe(pipes), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		_exit(serve(s->run, pipes[1]));
	}
	(void)close(pipes[1]);
	UNIT_INT("it listens", read(pipes[0], &byte, 1), 1);
	(void)close(pipes[0]);
}

/* What came back. */
struct answer {
	unsigned n;
	unsigned max; /* then we hang up; 0: never */
	struct live last;
	bool in_order;
};

static inline bool on_packet(void *ctx, const struct live *l)
{
	struct answer *a = ctx;

	if (l->kind == LIVE_FEED) {
		a->in_order = a->in_order && l->u.feed.lag_b + 1 == a->n;
	}
	a->last = *l;
	a->n++;
	return a->max == 0 || a->n < a->max;
}

static inline int ask(const struct site *s, const char *feed, const int *fds,
    size_t n_fds, struct answer *a)
{
	struct live request = { .kind = LIVE_ASK_REPLAY };
	const struct control_files files = { fds, n_fds };

	*a = (struct answer){ .in_order = true };
	live_set(request.u.ask.feed, view_of(feed));
	return control_ask(s->run, &request, &files, WAIT_S, on_packet, a);
}

static inline int ask_status(const struct site *s, struct answer *a)
{
	const struct live request = { .kind = LIVE_ASK_STATUS };

	*a = (struct answer){ .in_order = true, .max = a->max };
	return control_ask(s->run, &request, NULL, WAIT_S, on_packet, a);
}

/* It is well, and has so many descriptors. */
static inline uint64_t open_there(const struct site *s)
{
	struct answer a;

	UNIT_INT("count", ask(s, "files", NULL, 0, &a), 0);
	UNIT_UINT("count", a.n, 1);
	return a.last.u.result.open;
}

static inline void site_stop(struct site *s)
{
	struct answer a;
	char path[128];
	int status;

	UNIT_INT("quit", ask(s, "quit", NULL, 0, &a), 0);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	UNIT_TRUE(
	    "it ended well", WIFEXITED(status) && WEXITSTATUS(status) == 0);
	UNIT_INT("its socket is removed",
	    access(control_path(s->run, path, sizeof(path)), F_OK), -1);
	unit_tmpdir_remove(s->run);
}

#endif
