/* SPDX-License-Identifier: BSD-2-Clause */
/* read_all.c - a small file, whole */

#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "common/read_all.h"

ssize_t read_all(int fd, void *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, (char *)buf + len, size - len);

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
