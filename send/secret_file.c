/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret_file.c - files that hold a secret
 *
 * One that others may read, or change, is refused, so that this is noticed.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/whole.h"
#include "send/secret_file.h"

/* What is wrong with a file; NULL: nothing. */
static const char *check_file(const struct stat *st)
{
	if (!S_ISREG(st->st_mode)) {
		return "no regular file";
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		return "of another user: chown root, chgrp telltls, chmod "
		       "0640";
	}
	if ((st->st_mode & (mode_t)S_IRWXO) != 0) {
		return "open to everybody: chmod 0640, chgrp telltls; and "
		       "think of another secret, for this one may be known";
	}
	if ((st->st_mode & (mode_t)S_IWGRP) != 0) {
		return "its group may change it: chmod 0640";
	}
	return NULL;
}

static const char *open_failed(int code)
{
	switch (code) {
	case ELOOP:
		return "a symbolic link: name the file itself";
	case EACCES:
		return "may not be read: chmod 0640, chgrp telltls";
	default:
		return err_text(-code);
	}
}

const char *secret_file_read(
    const char *path, char *buf, size_t size, size_t *len)
{
	/* what is no file must not make us wait */
	int fd = open(
	    path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *wrong;
	struct stat st;
	ssize_t n;

	*len = 0;
	if (fd < 0) {
		return open_failed(errno);
	}
	wrong = fstat(fd, &st) != 0 ? err_text(-errno) : check_file(&st);
	if (wrong == NULL) {
		n = read_all(fd, buf, size);
		*len = n > 0 ? (size_t)n : 0;
		if (n < 0) {
			wrong = err_text((int)n);
		} else if (*len == size) {
			wrong = "too long";
		}
	}
	(void)close(fd);
	return wrong;
}
