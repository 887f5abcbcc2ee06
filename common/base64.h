/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stddef.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * Decodes base64 (RFC 4648 4) into out, at most size bytes. The text may be
 * cut anywhere: what is left of the last group counts as far as it makes whole
 * bytes. Returns the number of bytes, ERR_PARSE for another character or what
 * follows the padding, ERR_FULL when out is too small.
 */
int base64_decode(struct view text, char *out, size_t size);

/* Appends a buffer as base64, with padding, without line ends. */
void base64_encode(const void *buf, size_t len, struct strbuf *out);

#endif
