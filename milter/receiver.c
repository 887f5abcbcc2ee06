/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receiver.c - a process that does nothing but receive datagrams
 *
 * Whatever else it did would cost datagrams: their sender does not wait. It
 * looks at none of them; the parent does, when it has time.
 */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/receiver.h"

enum {
	BATCH = 64, /* datagrams of one system call */
	BUFFER_B = 8 << 20,
	LAST_BATCHES = 64, /* a sender that does not stop must not keep us */
};

/* Where a batch goes. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	/* one more byte shows that a datagram is longer */
	char buf[BATCH][RING_PACKET_MAX + 8];
};

static struct batch *batch_new(void)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	for (size_t i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->buf[i], RING_PACKET_MAX + 1 };
		b->msg[i].msg_hdr.msg_iov = &b->iov[i];
		b->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

static int listen_at(const struct receiver_options *o, struct socket_file *file)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int size = BUFFER_B;
	mode_t old;
	int rc = socket_file_clear(file, o->path, SOCK_DGRAM);
	int fd;

	if (rc != 0) {
		return rc;
	}
	if (!view_copy(
		view_of(o->path), address.sun_path, sizeof(address.sun_path))) {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	old = umask(0177); /* its owner's alone at first */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ?
	    socket_file_grant(file, &o->rights) :
	    -errno;
	(void)umask(old);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

/* Receives what is there. Returns false when that was all. */
static bool receive(int fd, struct batch *b, struct ring *ring)
{
	int n = recvmmsg(fd, b->msg, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < n; i++) {
		(void)ring_put(ring, b->buf[i], b->msg[i].msg_len);
	}
	if (n > 0) {
		ring_wake(ring);
	}
	return n == BATCH || (n < 0 && errno == EINTR);
}

/* The default action of SIGTERM would leave the file of the socket. */
static sig_atomic_t volatile is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static void take_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigemptyset(&stop.sa_mask);
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
}

/* A signal between two calls is seen a second later. */
static void serve(const struct receiver_options *o, int fd)
{
	struct batch *b = batch_new();
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = o->channel },
	};

	while (is_over == 0) {
		int n = poll(fds, 2, 1000);

		if (n > 0 && fds[1].revents != 0) {
			break; /* the parent is gone */
		}
		while (n > 0 && receive(fd, b, o->ring) && is_over == 0) {
		}
	}
	/* what came until now was promised to the sender */
	for (int i = 0; i < LAST_BATCHES && receive(fd, b, o->ring); i++) {
	}
	free(b);
}

int receiver_run(const struct receiver_options *o)
{
	struct socket_file file;
	int fd;

	take_signals();
	fd = listen_at(o, &file);
	if (fd < 0) {
		log_error("cannot receive socket=%s error=\"%s\"", o->path,
		    err_text(fd));
		return fd;
	}
	log_info("receiving datagrams socket=%s", o->path);
	serve(o, fd);
	socket_file_remove(&file);
	(void)close(fd);
	return 0;
}
