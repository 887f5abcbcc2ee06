/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_WHOLE_H
#define COMMON_WHOLE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads from a descriptor to its end, but no more than size bytes. Returns how
 * many, or -errno.
 */
ssize_t read_all(int fd, void *buf, size_t size);

/* Writes all of it. Returns 0 or -errno. */
int write_all(int fd, const void *buf, size_t len);

#endif
