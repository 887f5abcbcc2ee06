/* SPDX-License-Identifier: BSD-2-Clause */
/* server.c - the daemon's control socket */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/control.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/server.h"
#include "milter/socket_file.h"

enum {
	CLIENTS_MAX = 16
};

struct server_client {
	struct server *server;
	struct loop_watch *watch;
	int fd; /* -1: this place is free */
};

struct server {
	struct loop *loop;
	struct loop_watch *watch;
	int fd;
	server_fn fn;
	void *ctx;
	struct server_client client[CLIENTS_MAX];
	struct sockaddr_un address;
	struct socket_file file;
};

static void hang_up(struct server_client *c)
{
	loop_remove(c->watch);
	c->watch = NULL;
	(void)close(c->fd);
	c->fd = -1;
}

bool server_reply(struct server_client *c, const struct live *l)
{
	struct strbuf text;
	ssize_t n;

	strbuf_init(&text, LIVE_PACKET);
	live_format(l, &text);
	n = send(
	    c->fd, strbuf_str(&text), text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	strbuf_release(&text);
	return n >= 0;
}

/* Takes the descriptors of a message; returns how many. */
static size_t take_fds(struct msghdr *msg, int fds[CONTROL_FILES])
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL;
	     h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
			n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			n = n < CONTROL_FILES ? n : CONTROL_FILES;
			memcpy(fds, CMSG_DATA(h), n * sizeof(int));
		}
	}
	return n;
}

static void on_request(void *ctx)
{
	struct server_client *c = ctx;

	union {
		char buf[CMSG_SPACE(sizeof(int) * CONTROL_FILES)];
		struct cmsghdr align;
	} control;

	char packet[LIVE_PACKET];
	int fds[CONTROL_FILES];
	struct iovec iov = { packet, sizeof(packet) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct live request;
	size_t n_fds;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	/* they come with an empty packet, too */
	n_fds = n >= 0 ? take_fds(&msg, fds) : 0;
	/* half a request, or a part of its files, is none */
	if (n > 0 && (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	    live_parse(view_make(packet, (size_t)n), &request) == 0) {
		c->server->fn(c->server->ctx, c, &request, fds, n_fds);
	}
	for (size_t i = 0; i < n_fds; i++) {
		(void)close(fds[i]);
	}
	hang_up(c);
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid());
}

static void on_connect(void *ctx)
{
	struct server *s = ctx;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		return;
	}
	for (size_t i = 0; i < CLIENTS_MAX && may_ask(fd); i++) {
		struct server_client *c = &s->client[i];

		if (c->fd < 0) {
			c->fd = fd;
			c->watch = loop_add_fd(s->loop, fd, on_request, c);
			return;
		}
	}
	(void)close(fd);
}

static int listen_at(struct server *s)
{
	static const struct socket_rights rights = { .mode = 0660 };
	const struct sockaddr *address = (const struct sockaddr *)&s->address;
	int rc;

	s->fd =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		return -errno;
	}
	rc = socket_file_clear(&s->file, s->address.sun_path, SOCK_SEQPACKET);
	if (rc == 0 &&
	    (bind(s->fd, address, sizeof(s->address)) != 0 ||
		listen(s->fd, CLIENTS_MAX) != 0)) {
		rc = -errno;
	}
	return rc == 0 ? socket_file_grant(&s->file, &rights) : rc;
}

int server_open(struct loop *loop, const char *run, server_fn fn, void *ctx,
    struct server **out)
{
	struct server *s = xcalloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	s->loop = loop;
	s->fn = fn;
	s->ctx = ctx;
	s->fd = -1;
	s->address.sun_family = AF_UNIX;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		s->client[i] = (struct server_client){ .server = s, .fd = -1 };
	}
	rc = control_path(run, s->address.sun_path,
		 sizeof(s->address.sun_path))[0] == '\0' ?
	    -ENAMETOOLONG :
	    listen_at(s);
	if (rc != 0) {
		if (s->fd >= 0) {
			(void)close(s->fd);
		}
		free(s);
		return rc;
	}
	s->watch = loop_add_fd(loop, s->fd, on_connect, s);
	*out = s;
	return 0;
}

void server_close(struct server *s)
{
	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (s->client[i].fd >= 0) {
			hang_up(&s->client[i]);
		}
	}
	loop_remove(s->watch);
	socket_file_remove(&s->file);
	(void)close(s->fd);
	free(s);
}
