/* SPDX-License-Identifier: BSD-2-Clause */
/* test_digest.c - known answers (FIPS 180-4 examples) */
#include "config.h"

#include "common/digest.h"
#include "tests/unit/unit.h"

static void test_sha256(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "",
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ "abc",
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char hex[DIGEST_SHA256_HEX];
		uint8_t sum[DIGEST_SHA256];
		char first[3];

		UNIT_STR(table[i].in,
		    digest_sha256_hex(table[i].in, strlen(table[i].in), hex),
		    table[i].want);
		digest_sha256(table[i].in, strlen(table[i].in), sum);
		(void)snprintf(first, sizeof(first), "%02x", sum[0]);
		UNIT_INT(table[i].in, strncmp(first, hex, 2), 0);
	}
}

static void test_nothing(void **state)
{
	char hex[DIGEST_SHA256_HEX];

	(void)state;
	UNIT_STR("NULL", digest_sha256_hex(NULL, 0, hex),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_nothing),
	};

	return UNIT_RUN(tests);
}
