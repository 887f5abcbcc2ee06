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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/privileges.h"
#include "milter/receiver.h"

enum {
	/* datagrams of one system call; so many are lost when it is killed */
	BATCH = 16,
	LOOKS = 20,       /* for more of them, before it waits */
	LOOK_S = 1,       /* without a datagram, for the parent's end */
	LOOK_EACH = 4096, /* batches, where there is no end of them */
};

/* Where a batch goes: always the same places, which the caches hold. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	/* one more byte shows that a datagram is longer; with whole pages
	   between them all would want the same lines of the cache */
	char buf[BATCH][RING_PACKET_MAX + 1024];
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
	const struct timeval wait = { .tv_sec = LOOK_S };
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
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	old = umask(0177); /* its owner's alone at first */
	rc =
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		    0 ?
	    socket_file_grant(file, &o->rights) :
	    -errno;
	(void)umask(old);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

/*
 * System calls are what costs datagrams, and not that each is copied once more:
 * received one by one into the ring, five times as many were lost. Returns how
 * many that were, or -1 and errno.
 */
static int receive(int fd, struct batch *b, struct ring *ring, int flags)
{
	int n = recvmmsg(fd, b->msg, BATCH, flags, NULL);

	for (int i = 0; i < n; i++) {
		(void)ring_put(ring, b->buf[i], b->msg[i].msg_len);
	}
	if (n > 0) {
		ring_wake(ring);
	}
	return n;
}

/*
 * Who sleeps must be woken, and until then the kernel's queue, of ten by
 * default, is full: a few looks cost less. One system call each, as poll(2)
 * before them would cost datagrams, too.
 */
static int receive_or_wait(int fd, struct batch *b, struct ring *ring)
{
	int n = -1;

	for (unsigned i = 0; i < LOOKS && n < 0; i++) {
		n = receive(fd, b, ring, MSG_DONTWAIT);
	}
	return n < 0 ? receive(fd, b, ring, MSG_WAITFORONE) : n;
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

static bool is_alone(int channel)
{
	struct pollfd p = { .fd = channel };

	return poll(&p, 1, 0) > 0 && p.revents != 0;
}

/*
 * The parent's death sends SIGTERM; a signal that comes just before the wait is
 * seen a second later.
 */
static void serve(const struct receiver_options *o, int fd, struct batch *b)
{
	unsigned batches = 0;

	while (is_over == 0) {
		int n = receive_or_wait(fd, b, o->ring);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			log_error("cannot receive socket=%s error=\"%s\"",
			    o->path, strerror(errno));
			return;
		}
		if (n < 0) {
			ring_prepare(o->ring);
		}
		if ((n < 0 || ++batches % LOOK_EACH == 0) &&
		    is_alone(o->channel)) {
			return;
		}
	}
}

/*
 * What the kernel has taken was promised to its sender. It takes nothing more:
 * so there is an end.
 */
static void end(
    int fd, struct batch *b, struct ring *ring, const struct socket_file *file)
{
	socket_file_remove(file);
	(void)shutdown(fd, SHUT_RD);
	while (receive(fd, b, ring, MSG_DONTWAIT) > 0) {
	}
	(void)close(fd);
}

int receiver_run(const struct receiver_options *o)
{
	struct socket_file file;
	struct batch *b;
	int fd;

	take_signals();
	/* it is asked for, not needed */
	(void)setpriority(PRIO_PROCESS, 0, PRIVILEGES_NICE);
	ring_prepare(o->ring);
	fd = listen_at(o, &file);
	if (fd < 0) {
		log_error("cannot receive socket=%s error=\"%s\"", o->path,
		    err_text(fd));
		return fd;
	}
	log_info("receiving datagrams socket=%s", o->path);
	b = batch_new();
	serve(o, fd, b);
	end(fd, b, o->ring, &file);
	free(b);
	return 0;
}
