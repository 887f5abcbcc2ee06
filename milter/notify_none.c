/* SPDX-License-Identifier: BSD-2-Clause */
/* notify_none.c - no service manager to tell */

#include "config.h"

#include "milter/notify.h"

void notify_ready(void)
{
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}

unsigned notify_interval_ms(void)
{
	return 0;
}

void notify_status(const char *text)
{
	(void)text;
}
