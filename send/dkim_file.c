/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_file.c - files of private keys
 *
 * Whoever reads such a file can speak for the domain: one that others may
 * read, or change, is refused, so that this is noticed.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "send/dkim_key.h"

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
		       "think of another key, for this one may be known";
	}
	if ((st->st_mode & (mode_t)S_IWGRP) != 0) {
		return "its group may change it: chmod 0640";
	}
	if (st->st_size > DKIM_KEY_FILE_MAX) {
		return "longer than 64 KiB";
	}
	return NULL;
}

/* Reads up to size bytes. Returns how many, or -errno. */
static ssize_t read_bytes(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* What is wrong; NULL: nothing. */
static const char *read_key(int fd, struct dkim_key **out)
{
	size_t size = DKIM_KEY_FILE_MAX + 1; /* one more shows it is longer */
	char *buf = xmalloc(size);
	ssize_t n = read_bytes(fd, buf, size);
	const char *wrong;

	if (n < 0) {
		wrong = err_text((int)n);
	} else {
		(void)dkim_key_parse(view_make(buf, (size_t)n), out, &wrong);
	}
	explicit_bzero(buf, size);
	free(buf);
	return wrong;
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

int dkim_key_read(const char *path, struct dkim_key **out, struct strbuf *error)
{
	/* what is no file must not make us wait */
	int fd = open(
	    path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *wrong;
	struct stat st;

	*out = NULL;
	if (fd < 0) {
		wrong = open_failed(errno);
	} else if (fstat(fd, &st) != 0) {
		wrong = err_text(-errno);
	} else {
		wrong = check_file(&st);
		if (wrong == NULL) {
			wrong = read_key(fd, out);
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (wrong != NULL) {
		strbuf_addf(error, "dkim.keys: %s: %s", path, wrong);
	}
	return wrong == NULL ? 0 : ERR_CONFIG;
}
