/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_TLSA_H
#define COMMON_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/strbuf.h"
#include "common/view.h"

/* A TLSA record (RFC 6698 2.1), for SMTP (RFC 7672 3.1). */
struct tlsa {
	uint8_t usage;    /* 2: DANE-TA, 3: DANE-EE */
	uint8_t selector; /* 0: certificate, 1: public key */
	uint8_t mtype;    /* 0: in full, 1: SHA-256, 2: SHA-512 */
	struct view data; /* borrowed; one octet or more */
};

enum {
	TLSA_TA = 2,
	TLSA_EE = 3
};

/*
 * Reads an RDATA. Returns 0; ERR_PARSE: too short or too long for one, so
 * unusable like a record that tlsa_is_usable() refuses.
 */
int tlsa_parse(struct view rdata, struct tlsa *out);

/*
 * R307: is it one that SMTP can use: usage 2 or 3, selector and matching type
 * known, a digest of its length, and in full what has the frame of a
 * certificate or of a public key (its contents are not looked at)?
 */
bool tlsa_is_usable(const struct tlsa *t);

/*
 * Digest agility (R314): drops what is unusable, and of each usage and
 * selector the digests that are weaker than another. The order stays. Returns
 * the new n.
 */
size_t tlsa_strongest(struct tlsa *list, size_t n);

/* Adds "3 1 1 HEX" (R88). Returns 0 or ERR_TOO_LONG. */
int tlsa_write(const struct tlsa *t, struct strbuf *out);

/*
 * Reads what tlsa_write() wrote, or others wrote in this form: any case, blanks
 * within the digits too. Returns 0 or ERR_PARSE.
 */
int tlsa_read(struct view text, struct arena *a, struct tlsa *out);

#endif
