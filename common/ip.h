/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_IP_H
#define COMMON_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

enum {
	IP_TEXT_MAX = 46
}; /* longest text of an address, with the NUL */

/*
 * An IP address in 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d. All bytes zero
 * means "not known" (the unspecified address is nobody's peer).
 */
struct ip {
	uint8_t b[16]; /* network byte order */
};

/*
 * Parses "192.0.2.1", "2001:db8::1", or Sendmail's "IPv6:..." (any case of
 * the tag). No brackets, ports or zones. Returns 0 or ERR_PARSE; *out is
 * written in both cases (unknown on error).
 */
int ip_parse(struct view text, struct ip *out);

/*
 * Writes the canonical text: dotted decimal, or RFC 5952; "" for the unknown
 * address (R96). Returns out.
 */
const char *ip_format(const struct ip *ip, char out[IP_TEXT_MAX]);

bool ip_is_known(const struct ip *ip);

/* 127.0.0.0/8 or ::1 */
bool ip_is_loopback(const struct ip *ip);

/*
 * May this be the address of a server on the Internet? Not: unspecified,
 * loopback, private, link-local, shared, multicast, reserved, documentation
 * and whatever else IANA's registries of special addresses call not globally
 * reachable, also inside of an IPv6 address that stands for one of IPv4.
 */
bool ip_is_public(const struct ip *ip);

#endif
