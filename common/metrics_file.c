/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_file.c - a file that is replaced at once */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/metrics.h"
#include "common/whole.h"

enum {
	MODE = 0644 /* the collector is another user */
};

/*
 * One name for all runs: whoever was killed leaves one file, and the next one
 * writes over it. A collector reads only what ends as its files do.
 */
int metrics_write(const char *path, const struct strbuf *text)
{
	char temp[PATH_MAX];
	int n = snprintf(temp, sizeof(temp), "%s.tmp", path);
	int fd;
	int rc;

	if (n < 0 || (size_t)n >= sizeof(temp)) {
		return -ENAMETOOLONG;
	}
	fd = open(
	    temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0) {
		return -errno;
	}
	rc = write_all(fd, text->s, text->len);
	if (rc == 0 && fchmod(fd, MODE) != 0) {
		rc = -errno;
	}
	if (close(fd) != 0 && rc == 0) {
		rc = -errno;
	}
	if (rc == 0 && rename(temp, path) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(temp);
	}
	return rc;
}
