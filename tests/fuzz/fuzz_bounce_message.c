/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_bounce_message.c - the input is a mail that came back; and a datagram to
 * the daemon's socket, and a line of its file
 *
 * Beyond memory errors: what is found can be written to the file and read from
 * it, and a code is only told of a failure.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/bounce_message.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct bounce_message m;
	struct bounce b;
	struct bounce again;
	char packet[BOUNCE_PACKET];
	size_t len;

	if (bounce_parse_packet(view_make((const char *)data, size), 1, &b) ==
		0 &&
	    !envelope_is_token(view_of(b.token))) {
		abort();
	}
	if (bounce_parse(view_make((const char *)data, size), &b) == 0 &&
	    (b.t < 0 || !envelope_is_token(view_of(b.token)))) {
		abort();
	}
	bounce_message_parse(view_make((const char *)data, size), &m);
	if (!m.is_failed && m.dsn[0] != '\0') {
		abort();
	}
	if (m.token[0] == '\0') {
		return 0;
	}
	if (!bounce_set(&b, 1, view_of(m.token), view_of(m.dsn))) {
		abort();
	}
	len = bounce_format_packet(&b, packet);
	if (bounce_parse_packet(view_make(packet, len), 1, &again) != 0 ||
	    strcmp(again.token, m.token) != 0 ||
	    strcmp(again.dsn, m.dsn) != 0) {
		abort();
	}
	return 0;
}
