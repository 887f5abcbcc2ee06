/* SPDX-License-Identifier: BSD-2-Clause */
/* notify_systemd.c - tells systemd how we are */

#include "config.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "milter/notify.h"

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

unsigned notify_interval_ms(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? (unsigned)(us / 1000) : 0;
}

void notify_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}
