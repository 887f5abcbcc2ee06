/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.c - SipHash-1-3 and CRC-16
 *
 * Both values stand in tally files, so they may never change.
 */

#include "config.h"

#include <endian.h>
#include <string.h>

#include "common/hash.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned n)
{
	return (x << n) | (x >> (64 - n));
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t hash_sip(const struct hash_key *key, const void *buf, size_t len)
{
	const unsigned char *p = buf;
	struct sip s = {
		key->k0 ^ 0x736f6d6570736575,
		key->k1 ^ 0x646f72616e646f6d,
		key->k0 ^ 0x6c7967656e657261,
		key->k1 ^ 0x7465646279746573,
	};
	uint64_t word;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		sip_word(&s, le64toh(word));
	}
	word = 0;
	if (left > 0) {
		memcpy(&word, p, left);
	}
	sip_word(&s, le64toh(word) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint16_t hash_crc16(uint64_t value48, uint16_t seed)
{
	unsigned crc = seed;

	/* CCITT, a byte a step, without a table */
	for (int shift = 40; shift >= 0; shift -= 8) {
		unsigned x = ((crc >> 8) ^ (unsigned)(value48 >> shift)) & 0xff;

		x ^= x >> 4;
		crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff;
	}
	return (uint16_t)crc;
}
