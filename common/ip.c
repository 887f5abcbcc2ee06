/* SPDX-License-Identifier: BSD-2-Clause */
/* ip.c - IP addresses as text and as 16 bytes */

#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/ip.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct ip *ip)
{
	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

int ip_parse(struct view text, struct ip *out)
{
	static const struct view tag = { "IPv6:", 5 };
	char buf[IP_TEXT_MAX];

	memset(out, 0, sizeof(*out));
	if (text.len >= tag.len &&
	    view_is_nocase(view_make(text.s, tag.len), tag)) {
		text = view_skip(text, tag.len);
	}
	if (text.len == 0 || text.len >= sizeof(buf)) {
		return ERR_PARSE;
	}
	memcpy(buf, text.s, text.len);
	buf[text.len] = '\0';
	if (strlen(buf) != text.len) {
		return ERR_PARSE;
	}
	if (inet_pton(AF_INET, buf, out->b + sizeof(mapped)) == 1) {
		memcpy(out->b, mapped, sizeof(mapped));
		return 0;
	}
	if (inet_pton(AF_INET6, buf, out->b) == 1) {
		return 0;
	}
	memset(out, 0, sizeof(*out));
	return ERR_PARSE;
}

/* The longest run of two or more zero groups (RFC 5952 4.2); -1: none. */
static int zero_run(const uint8_t *b, int *length)
{
	int best = -1;
	int best_len = 1;
	int len = 0;

	for (int i = 0; i < 8; i++, b += 2) {
		len = b[0] == 0 && b[1] == 0 ? len + 1 : 0;
		if (len > best_len) {
			best_len = len;
			best = i + 1 - len;
		}
	}
	*length = best_len;
	return best;
}

/*
 * Not inet_ntop(): glibc's writes ::a.b.c.d for some prefixes where RFC 5952
 * wants hexadecimal groups.
 */
const char *ip_format(const struct ip *ip, char out[IP_TEXT_MAX])
{
	const uint8_t *b = ip->b;
	size_t n = 0;
	int run_len = 0;
	int run;

	out[0] = '\0';
	if (!ip_is_known(ip)) {
		return out;
	}
	if (is_v4(ip)) {
		(void)snprintf(out, IP_TEXT_MAX, "%u.%u.%u.%u", b[12], b[13],
		    b[14], b[15]);
		return out;
	}
	run = zero_run(b, &run_len);
	for (int i = 0; i < 8; i++) {
		size_t at = 2 * (size_t)i;
		unsigned group = (unsigned)b[at] << 8 | b[at + 1];

		if (run >= 0 && i == run) {
			n += (size_t)snprintf(out + n, IP_TEXT_MAX - n, "::");
			i += run_len - 1;
			continue;
		}
		n += (size_t)snprintf(out + n, IP_TEXT_MAX - n, "%s%x",
		    n > 0 && out[n - 1] != ':' ? ":" : "", group);
	}
	return out;
}

bool ip_is_known(const struct ip *ip)
{
	static const struct ip unknown;

	return memcmp(ip, &unknown, sizeof(unknown)) != 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip six = { .b = { [15] = 1 } };

	return (is_v4(ip) && ip->b[12] == 127) ||
	    memcmp(ip, &six, sizeof(six)) == 0;
}

/* Is the address in the network of so many bits? */
static bool is_in(const uint8_t *b, const uint8_t *network, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xffU << (8 - bits % 8) & 0xffU;

	return memcmp(b, network, whole) == 0 &&
	    (bits % 8 == 0 || ((b[whole] ^ network[whole]) & mask) == 0);
}

/* IANA's registry of special addresses of IPv4 (RFC 6890), and multicast. */
static bool is_public_v4(const uint8_t *b)
{
	static const struct {
		uint8_t network[4];
		uint8_t bits;
	} special[] = {
		{ { 0 }, 8 },
		{ { 10 }, 8 },
		{ { 100, 64 }, 10 },
		{ { 127 }, 8 },
		{ { 169, 254 }, 16 },
		{ { 172, 16 }, 12 },
		{ { 192, 0, 0 }, 24 },
		{ { 192, 0, 2 }, 24 },
		{ { 192, 88, 99 }, 24 },
		{ { 192, 168 }, 16 },
		{ { 198, 18 }, 15 },
		{ { 198, 51, 100 }, 24 },
		{ { 203, 0, 113 }, 24 },
		{ { 224 }, 3 },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (is_in(b, special[i].network, special[i].bits)) {
			return false;
		}
	}
	return true;
}

bool ip_is_public(const struct ip *ip)
{
	/* RFC 6052: an address of IPv4 behind it */
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	/* of IPv6 only 2000::/3 is given out; what is special of that: */
	static const struct {
		uint8_t network[4];
		uint8_t bits;
	} special[] = {
		{ { 0x20, 0x01, 0x00 }, 23 },       /* protocols */
		{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
		{ { 0x20, 0x02 }, 16 },             /* 6to4 */
		{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation */
	};

	if (is_v4(ip) || memcmp(ip->b, nat64, sizeof(nat64)) == 0) {
		return is_public_v4(ip->b + sizeof(mapped));
	}
	if ((ip->b[0] & 0xe0) != 0x20) {
		return false;
	}
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (is_in(ip->b, special[i].network, special[i].bits)) {
			return false;
		}
	}
	return true;
}
