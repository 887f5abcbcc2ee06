/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hash.c - tests of common/hash.c */

#include "config.h"

#include "common/hash.h"
#include "tests/unit/unit.h"

/* The bytes 0, 1, 2 ... hashed with the key of the bytes 0 to 15, by length. */
static const uint64_t sip_values[] = {
	0xabac0158050fc4dc,
	0xc9f49bf37d57ca93,
	0x82cb9b024dc7d44d,
	0x8bf80ab8e7ddf7fb,
	0xcf75576088d38328,
	0xdef9d52f49533b67,
	0xc50d2b50c59f22a7,
	0xd3927d989bb11140,
	0x369095118d299a8e,
	0x25a48eb36c063de4,
	0x79de85ee92ff097f,
	0x70c118c1f94dc352,
	0x78a384b157b4d9a2,
	0x306f760c1229ffa7,
	0x605aa111c0f95d34,
	0xd320d86d2a519956,
	0xcc4fdd1a7d908b66,
	0x9cf2689063dbd80c,
	0x8ffc389cb473e63e,
	0xf21f9de58d297d1c,
	0xc0dc2f46a6cce040,
	0xb992abfe2b45f844,
	0x7ffe7b9ba320872e,
	0x525a0e7fdae6c123,
	0xf464aeb267349c8c,
	0x45cd5928705b0979,
	0x3a3e35e3ca9913a5,
	0xa91dc74e4ade3b35,
	0xfb0bed02ef6cd00d,
	0x88d93cb44ab1e1f4,
	0x540f11d643c5e663,
	0x2370dd1f8c21d1bc,
	0x81157b6c16a7b60d,
	0x4d54b9e57a8ff9bf,
	0x759f12781f2a753e,
	0xcea1a3bebf186b91,
	0x2cf508d3ada26206,
	0xb6101c2da3c33057,
	0xb3f47496ae3a36a1,
	0x626b57547b108392,
	0xc1d2363299e41531,
	0x667cc1923f1ad944,
	0x65704ffec8138825,
	0x24f280d1c28949a6,
	0xc2ca1cedfaf8876b,
	0xc2164bfc9f042196,
	0xa16e9c9368b1d623,
	0x49fb169c8b5114fd,
	0x9f3143f8df074c46,
	0xc6fdaf2412cc86b3,
	0x7eaf49d10a52098f,
	0x1cf313559d292f9a,
	0xc44a30dda2f41f12,
	0x36fae98943a71ed0,
	0x318fb34c73f0bce6,
	0xa27abf3670a7e980,
	0xb4bcc0db243c6d75,
	0x23f8d852fdb71513,
	0x8f035f4da67d8a08,
	0xd89cd0e5b7e8f148,
	0xf6f4e6bcf7a644ee,
	0xaec59ad80f1837f2,
	0xc3b2f6154b6694e0,
	0x9d199062b7bbb3a8,
};

static void test_sip(void **state)
{
	static const struct hash_key key = { 0x0706050403020100,
		0x0f0e0d0c0b0a0908 };

	(void)state;
	for (size_t len = 0; len < UNIT_LEN(sip_values); len++) {
		/* of the exact size, for the sanitizer */
		unsigned char *in = malloc(len + 1);
		char name[32];

		assert_non_null(in);
		for (size_t i = 0; i <= len; i++) {
			in[i] = (unsigned char)(i - 1);
		}
		(void)snprintf(name, sizeof(name), "%zu bytes", len);
		/* at an odd address */
		UNIT_UINT(name, hash_sip(&key, in + 1, len), sip_values[len]);
		free(in);
	}
	UNIT_UINT("NULL", hash_sip(&key, NULL, 0), sip_values[0]);
}

/* Only the low eight bits of the length count. */
static void test_sip_long(void **state)
{
	static const struct hash_key key = { 0x0706050403020100,
		0x0f0e0d0c0b0a0908 };

	static const struct {
		const char *name;
		size_t in;
		uint64_t want;
	} table[] = {
		{ "255", 255, 0xf76214e3153c4a15 },
		{ "256", 256, 0x75b3e64e167de370 },
		{ "257", 257, 0x5d8ffca6213c73b8 },
		{ "4096", 4096, 0x140c90a3434de479 },
	};

	unsigned char bytes[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)i;
	}
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].name, hash_sip(&key, bytes, table[i].in),
		    table[i].want);
	}
}

static void test_sip_keys(void **state)
{
	static const struct hash_key zero = { 0, 0 };
	static const struct hash_key ones = { UINT64_MAX, UINT64_MAX };
	static const struct hash_key first = { 1, 0 };
	static const struct hash_key second = { 0, 1 };

	(void)state;
	UNIT_UINT("zero", hash_sip(&zero, "", 0), 0xd1fba762150c532c);
	UNIT_UINT("ones", hash_sip(&ones, "telltls", 7), 0xc53fece8b0440792);
	UNIT_TRUE("both words count",
	    hash_sip(&first, "", 0) != hash_sip(&second, "", 0) &&
		hash_sip(&first, "", 0) != hash_sip(&zero, "", 0));
}

/* CRC of the 48 bits, a bit a step. */
static uint16_t slow_crc16(uint64_t value48, uint16_t seed)
{
	unsigned crc = seed;

	for (int bit = 47; bit >= 0; bit--) {
		unsigned in = (unsigned)(value48 >> bit) & 1;
		unsigned out = crc >> 15;

		crc = (crc << 1 & 0xffff) ^ (in != out ? 0x1021U : 0);
	}
	return (uint16_t)crc;
}

static void test_crc(void **state)
{
	static const struct {
		const char *name;
		uint64_t in;
		uint16_t seed;
		uint16_t want;
	} table[] = {
		{ "nothing", 0, 0, 0 },
		{ "last bit", 1, 0, 0x1021 },
		{ "first bit", 0x800000000000, 0, 0xd420 },
		{ "all bits", 0xffffffffffff, 0, 0x97df },
		{ "seed", 0, 0xffff, 0x0e10 },
		{ "both", 0xffffffffffff, 0xffff, 0x99cf },
		{ "123456", 0x313233343536, 0, 0x20e4 },
		{ "123456, seed", 0x313233343536, 0xffff, 0x2ef4 },
		{ "123456, another seed", 0x313233343536, 0x1d0f, 0x11da },
		{ "high bits are left out", 0xabcd313233343536, 0, 0x20e4 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].name, hash_crc16(table[i].in, table[i].seed),
		    table[i].want);
		UNIT_UINT(table[i].name, slow_crc16(table[i].in, table[i].seed),
		    table[i].want);
	}
	/* the check value of CRC-16/XMODEM: "123456789"; zeros lead */
	UNIT_UINT("123456789",
	    hash_crc16(0x343536373839, hash_crc16(0x313233, 0)), 0x31c3);
	for (unsigned seed = 0; seed <= 0xffff; seed++) {
		UNIT_UINT("slow",
		    hash_crc16(
			0x0123456789ab ^ (uint64_t)seed << 17, (uint16_t)seed),
		    slow_crc16(
			0x0123456789ab ^ (uint64_t)seed << 17, (uint16_t)seed));
	}
}

static void check_bursts(uint64_t word, uint16_t seed, unsigned shift)
{
	uint16_t crc = hash_crc16(word, seed);

	/* a burst begins with a flip: an odd number */
	for (uint64_t burst = 1; burst <= 0xffff; burst += 2) {
		uint64_t flips = burst << shift & 0xffffffffffff;

		if (hash_crc16(word ^ flips, seed) == crc) {
			fail_msg("word %#jx, burst %#jx at bit %u: not found",
			    (uintmax_t)word, (uintmax_t)burst, shift);
		}
	}
}

/* Every flip within 16 neighbouring bits changes the check. */
static void test_crc_bursts(void **state)
{
	static const uint64_t words[] = { 0, 1, 0xffffffffffff,
		0x123456789abc };

	(void)state;
	for (size_t w = 0; w < UNIT_LEN(words); w++) {
		for (unsigned shift = 0; shift < 48; shift++) {
			check_bursts(words[w], (uint16_t)(w * 0x5a5a), shift);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sip),
		cmocka_unit_test(test_sip_long),
		cmocka_unit_test(test_sip_keys),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_crc_bursts),
	};

	return UNIT_RUN(tests);
}
