/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c - asks the running daemon */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/control.h"

const char *control_path(const char *run, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/control", run);

	if (n < 0 || (size_t)n >= size) {
		out[0] = '\0';
	}
	return out;
}

static int connect_to(const char *run, unsigned timeout_s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct timeval tv = { .tv_sec = (time_t)timeout_s };
	int fd;
	int rc;

	if (control_path(run, sun.sun_path, sizeof(sun.sun_path))[0] == '\0') {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		rc = -errno;
		(void)close(fd);
		return rc;
	}
	return fd;
}

static int send_request(
    int fd, const struct live *request, const struct control_files *files)
{
	size_t n_fds = files != NULL ? files->n : 0;

	union {
		char buf[CMSG_SPACE(sizeof(int) * CONTROL_FILES)];
		struct cmsghdr align;
	} control = { { 0 } };
	struct strbuf text;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int rc;

	if (n_fds > CONTROL_FILES) {
		return -E2BIG;
	}
	strbuf_init(&text, LIVE_PACKET);
	live_format(request, &text);
	iov = (struct iovec){ text.s, text.len };
	if (n_fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), files->fd, sizeof(int) * n_fds);
	}
	rc = sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
	strbuf_release(&text);
	return rc;
}

int control_ask(const char *run, const struct live *request,
    const struct control_files *files, unsigned timeout_s, control_fn fn,
    void *ctx)
{
	char packet[LIVE_PACKET];
	struct live l;
	int fd = connect_to(run, timeout_s);
	ssize_t n = 0;
	int rc;

	if (fd < 0) {
		return fd;
	}
	rc = send_request(fd, request, files);
	while (rc == 0 && (n = recv(fd, packet, sizeof(packet), 0)) > 0) {
		if (live_parse(view_make(packet, (size_t)n), &l) == 0 &&
		    !fn(ctx, &l)) {
			break;
		}
	}
	if (rc == 0 && n < 0) {
		rc = -errno;
	}
	(void)close(fd);
	return rc;
}
