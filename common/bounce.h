/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_BOUNCE_H
#define COMMON_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/envelope.h"

/*
 * News that a report came back, on its way to whoever sends reports. The daemon
 * learns it (from the logs, and from "telltls bounce" by its socket RUN/bounce)
 * and appends it to STATE/outbox/bounces; a run of telltls-report takes that
 * file over and forgets it once all of it is in the ledger. The same news may
 * come several times.
 */

enum {
	BOUNCE_DSN = 16,           /* "5.999.999" and its NUL fit */
	BOUNCE_FILE_MAX = 1 << 20, /* bytes of the file */
	BOUNCE_PACKET = 64         /* bytes of a datagram to the socket */
};

struct bounce {
	int64_t t; /* Unix seconds */
	char token[ENVELOPE_TOKEN + 1];
	char dsn[BOUNCE_DSN]; /* RFC 3463; "" not known */
};

/*
 * Fills in a token, in lower case, and a status code; one that is none becomes
 * "". Returns false for what is no token.
 */
bool bounce_set(
    struct bounce *b, int64_t t, struct view token, struct view dsn);

/*
 * A line of the file, without its line end: "TIME TOKEN DSN", "-" for no DSN.
 * Returns 0 or ERR_PARSE.
 */
int bounce_parse(struct view line, struct bounce *out);

/* What the socket takes: "bounce TOKEN DSN"; the time is the caller's. */
int bounce_parse_packet(struct view packet, int64_t t, struct bounce *out);
size_t bounce_format_packet(const struct bounce *b, char out[BOUNCE_PACKET]);

/* The path of the socket; "" if it does not fit. Returns out. */
const char *bounce_socket(const char *run, char *out, size_t size);

/* Makes STATE/outbox, unless it is there. Returns 0 or -errno. */
int bounce_make_folder(const char *state);

/*
 * Appends to STATE/outbox/bounces, which is made (0640) if need be, unless it
 * would become larger than limit: ERR_FULL. Never waits. Returns 0 or -errno.
 */
int bounce_append(const char *state, const struct bounce *b, size_t limit);

/* What is done with the file's news. */
struct bounce_taker {
	/* one of them; non-zero stops */
	int (*take)(void *ctx, const struct bounce *b);
	/* all of a file was taken: non-zero keeps the file */
	int (*commit)(void *ctx);
	void *ctx;
};

/*
 * Takes over what was appended so far; only one process may at a time. A file
 * is removed once commit has returned 0; until then, the next call begins it
 * anew. *n_bad counts lines that are none. Returns 0, what the taker returned,
 * or -errno.
 */
int bounce_take(
    const char *state, const struct bounce_taker *taker, uint64_t *n_bad);

#endif
