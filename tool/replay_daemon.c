/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_daemon.c - hands logs to the running daemon
 *
 * The files are opened here, with the rights of who runs the command, and go
 * to the daemon as descriptors: it need not be able to read them by name.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/err.h"
#include "tool/replay_daemon.h"

enum {
	STATUS_WAIT_S = 10,
	REPLAY_WAIT_S = 600, /* between two signs of life */
};

struct handover {
	const struct tool *tool;
	struct live_result *result;
	bool has_result;
	bool is_ours; /* the daemon writes to our state */
};

static bool on_status(void *ctx, const struct live *l)
{
	struct handover *h = ctx;

	h->is_ours = l->kind == LIVE_DAEMON &&
	    strcmp(l->u.daemon.state, h->tool->state) == 0;
	return false;
}

static bool on_packet(void *ctx, const struct live *l)
{
	struct handover *h = ctx;

	if (l->kind == LIVE_PROGRESS && h->tool->has_progress) {
		(void)fprintf(stderr, "\r%llu MB ",
		    (unsigned long long)(l->u.progress.done >> 20));
	}
	if (l->kind == LIVE_RESULT) {
		*h->result = l->u.result;
		h->has_result = true;
	}
	return true;
}

/* Copies standard input to a file without a name. Returns it, or -errno. */
static int spool_stdin(void)
{
	FILE *file = tmpfile();
	char buf[65536];
	size_t n;
	int fd;

	if (file == NULL) {
		return -errno;
	}
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0) {
		if (fwrite(buf, 1, n, file) != n) {
			break;
		}
	}
	fd = fflush(file) == 0 && !ferror(file) && !ferror(stdin) ?
	    fcntl(fileno(file), F_DUPFD_CLOEXEC, 3) :
	    -1;
	n = (size_t)(fd < 0 ? errno : 0);
	(void)fclose(file);
	return fd < 0 ? -(int)n : fd;
}

static int open_file(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		return spool_stdin();
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int ask_daemon(
    struct handover *h, const struct live_ask *ask, const int *fds, size_t n)
{
	const struct live status = { .kind = LIVE_ASK_STATUS };
	const struct live replay = { .kind = LIVE_ASK_REPLAY, .u.ask = *ask };
	const struct control_files files = { fds, n };
	const char *run = h->tool->conf.run;
	int rc;

	rc = control_ask(run, &status, NULL, STATUS_WAIT_S, on_status, h);
	if (rc == -ENOENT || rc == -ECONNREFUSED || (rc == 0 && !h->is_ours)) {
		return ERR_NOT_FOUND;
	}
	if (rc == 0) {
		rc = control_ask(
		    run, &replay, &files, REPLAY_WAIT_S, on_packet, h);
	}
	return rc == 0 && !h->has_result ? -ECONNRESET : rc;
}

int replay_daemon(const struct tool *tool, const struct live_ask *ask,
    char *const *paths, size_t n, struct live_result *result, const char **path)
{
	struct handover h = { .tool = tool, .result = result };
	int fds[CONTROL_FILES];
	size_t n_open = 0;
	int rc = n <= CONTROL_FILES ? 0 : ERR_FULL;

	*path = "";
	while (rc == 0 && n_open < n) {
		int fd = open_file(paths[n_open]);

		if (fd < 0) {
			*path = paths[n_open];
			rc = fd;
		} else {
			fds[n_open++] = fd;
		}
	}
	if (rc == 0) {
		rc = ask_daemon(&h, ask, fds, n);
	}
	while (n_open > 0) {
		(void)close(fds[--n_open]);
	}
	return rc;
}
