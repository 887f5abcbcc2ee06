/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_postfix.c - a log of Postfix: see fuzz_mta.h */

#include "config.h"

#include "tests/fuzz/fuzz_mta.h"

FUZZ_TARGET(data, size)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct fuzz_mta mta = { .name = "postfix",
		.o = { .own_senders = own } };

	fuzz_mta(&mta, data, size);
	return 0;
}
