/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_exim.c - a log of Exim, a file or syslog: see fuzz_mta.h */

#include "config.h"

#include "tests/fuzz/fuzz_mta.h"

FUZZ_TARGET(data, size)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct fuzz_mta mta = { .name = "exim",
		.takes_all = true,
		.o = { .own_senders = own, .has_callouts = true } };

	fuzz_mta(&mta, data, size);
	return 0;
}
