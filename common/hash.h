/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A key for hash_sip(); two words. */
struct hash_key {
	uint64_t k0, k1;
};

/*
 * SipHash-1-3: for tables that strangers fill (with a random key) and, with
 * a fixed key, as a checksum. The value for a given key and input never
 * changes: it is stored in files.
 */
uint64_t hash_sip(const struct hash_key *key, const void *buf, size_t len);

/*
 * CRC-16/CCITT of the low 48 bits of a word: finds every flip of up to 16
 * neighbouring bits.
 */
uint16_t hash_crc16(uint64_t value48, uint16_t seed);

#endif
