/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_socket.c - the file of the milter's unix socket
 *
 * libmilter removes whatever has the name, also the socket of another milter
 * that is well, and leaves its own behind.
 */

#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/view.h"
#include "milter/filter_socket.h"

/* Does somebody listen? Returns 0 when not, -EADDRINUSE or another -errno. */
static int knock(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;
	int rc;

	if (!view_copy(
		view_of(path), address.sun_path, sizeof(address.sun_path))) {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		0 ?
	    0 :
	    errno;
	(void)close(fd);
	if (rc == ECONNREFUSED || rc == ENOENT) {
		return 0;
	}
	/* EAGAIN: so many wait for an answer that we are not even one more */
	return rc == 0 || rc == EAGAIN ? -EADDRINUSE : -rc;
}

int filter_socket_clear(struct filter_socket *s, const struct filter_options *o)
{
	static const char prefix[] = "unix:";
	struct stat st;
	int rc;

	*s = (struct filter_socket){ 0 };
	if (!view_starts(view_of(o->socket), prefix)) {
		return 0;
	}
	s->path = o->socket + strlen(prefix);
	if (lstat(s->path, &st) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return -ENOTSOCK;
	}
	rc = knock(s->path);
	if (rc == 0 && unlink(s->path) != 0 && errno != ENOENT) {
		rc = -errno;
	}
	return rc;
}

int filter_socket_grant(struct filter_socket *s, const struct filter_options *o)
{
	struct stat st;

	if (s->path == NULL) {
		return 0;
	}
	if (lstat(s->path, &st) != 0) {
		return -errno;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	if (o->has_group && lchown(s->path, (uid_t)-1, o->group) != 0) {
		log_warn("cannot give the milter's socket to its group "
			 "socket=%s gid=%lu: %s",
		    s->path, (unsigned long)o->group, strerror(errno));
	}
	return chmod(s->path, o->mode) == 0 ? 0 : -errno;
}

void filter_socket_remove(const struct filter_socket *s)
{
	struct stat st;

	if (s->path != NULL && s->ino != 0 && lstat(s->path, &st) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino) {
		(void)unlink(s->path);
	}
}
