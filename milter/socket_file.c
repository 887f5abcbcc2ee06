/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_file.c - the file of a local socket that we listen on
 *
 * A process that dies leaves its socket's file behind, and bind(2) does not
 * take one that is there; libmilter removes whatever has the name, also the
 * socket of another milter that is well.
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
#include "milter/socket_file.h"

/* Does somebody listen? Returns 0 when not, -EADDRINUSE or another -errno. */
static int knock(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;
	int rc;

	if (!view_copy(
		view_of(path), address.sun_path, sizeof(address.sun_path))) {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

int socket_file_clear(struct socket_file *s, const char *path, int type)
{
	struct stat st;
	int rc;

	*s = (struct socket_file){ .path = path };
	if (path == NULL) {
		return 0;
	}
	if (strlen(s->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		return -ENAMETOOLONG;
	}
	if (lstat(s->path, &st) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return -ENOTSOCK;
	}
	rc = knock(s->path, type);
	if (rc == 0 && unlink(s->path) != 0 && errno != ENOENT) {
		rc = -errno;
	}
	return rc;
}

int socket_file_grant(struct socket_file *s, const struct socket_rights *rights)
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
	if (rights->has_group &&
	    lchown(s->path, (uid_t)-1, rights->group) != 0) {
		log_warn("cannot give a socket to its group socket=%s "
			 "gid=%lu: %s",
		    s->path, (unsigned long)rights->group, strerror(errno));
	}
	return chmod(s->path, rights->mode) == 0 ? 0 : -errno;
}

void socket_file_remove(const struct socket_file *s)
{
	struct stat st;

	if (s->path != NULL && s->ino != 0 && lstat(s->path, &st) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino) {
		(void)unlink(s->path);
	}
}
