/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_SECRET_FILE_H
#define SEND_SECRET_FILE_H

#include <stddef.h>

/*
 * Reads a file that holds a secret into buf, size bytes: a regular file, no
 * symbolic link, of the user that we run as or of root, that others may not
 * read or write and its group may not write. Returns NULL and the length; or
 * what is wrong, and what to do: valid until the next call of err_text().
 */
const char *secret_file_read(
    const char *path, char *buf, size_t size, size_t *len);

#endif
