/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what every fuzz target includes.
 *
 * tests/fuzz/fuzz_NAME.c defines one function, and nothing else that is not
 * static; the seeds lie in tests/fuzz/corpus/NAME/:
 *
 *	FUZZ_TARGET(data, size)
 *	{
 *		foo_parse((const char *)data, size);
 *		return 0;
 *	}
 *
 * With --enable-fuzzing libFuzzer is main(), otherwise replay_main.c is.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer gives the name, which is not of our style. */
/* NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The head of that function: size bytes at data, not NULL, no final NUL. */
#define FUZZ_TARGET(data, size) \
 int LLVMFuzzerTestOneInput(const uint8_t *(data), size_t(size))

#endif
