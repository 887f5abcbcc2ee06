/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_READ_ALL_H
#define COMMON_READ_ALL_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads from a descriptor to its end, but no more than size bytes. Returns how
 * many, or -errno.
 */
ssize_t read_all(int fd, void *buf, size_t size);

#endif
