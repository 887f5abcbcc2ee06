/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DNS_FILE_H
#define COMMON_DNS_FILE_H

#include "common/domain.h"
#include "common/strbuf.h"

/* Files of resource records, one a line, as dns_new() reads them. */

/* Returns 0, or ERR_PARSE: this is no record. */
typedef int (*dns_file_line)(void *ctx, const char *line);

/*
 * Calls fn with each line but blank ones and comments. Returns 0; ERR_CONFIG
 * when fn did not like one; the error of the system. *error then says what.
 */
int dns_file_read(
    const char *path, dns_file_line fn, void *ctx, struct strbuf *error);

/*
 * The name that the file's first record is of, normalised, "." for the root:
 * the zone that a trust anchor is for. Returns 0, or as dns_file_read().
 */
int dns_file_owner(
    const char *path, char out[DOMAIN_BUF], struct strbuf *error);

/*
 * Where the system keeps the trust anchor of the root, and the addresses of
 * the root's servers. NULL: nowhere that we know, or it cannot be read.
 */
const char *dns_file_system_anchor(void);
const char *dns_file_system_hints(void);

#endif
