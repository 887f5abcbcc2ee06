/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox_none.c - no sandbox in this build */

#include "config.h"

#include "milter/sandbox.h"

int sandbox_enter(bool has_network)
{
	(void)has_network;
	return 0;
}

int sandbox_forbid_network(void)
{
	return 0;
}
