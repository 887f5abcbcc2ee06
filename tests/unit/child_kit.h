/* SPDX-License-Identifier: BSD-2-Clause */
/* child_kit.h - what the tests of the daemon's children share */
#ifndef TESTS_UNIT_CHILD_KIT_H
#define TESTS_UNIT_CHILD_KIT_H

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"
#include "milter/child.h"
#include "tests/unit/unit.h"

enum {
	LIMIT_MS = 20000, /* what takes longer hangs */
	JOIN_MS = 10000,
	STEP_MS = 5
};

#define T0 INT64_C(1795305600)

/* Waits a moment; fails when that was done for too long. */
static inline void pause_once(unsigned *waited_ms)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	*waited_ms += STEP_MS;
	UNIT_TRUE("it hangs", *waited_ms < LIMIT_MS);
	(void)nanosleep(&step, NULL);
}

static inline void reap(struct child *c, int64_t now)
{
	unsigned waited_ms = 0;

	while (!child_reap(c, now)) {
		pause_once(&waited_ms);
	}
}

/* The next packet of a child, as a string; "": it has closed. */
static inline void receive(int fd, char *out, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	UNIT_INT("poll", poll(&p, 1, LIMIT_MS), 1);
	n = recv(fd, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
}

static inline void check_packet(const struct child *c, const char *want)
{
	char got[1024];

	receive(c->channel, got, sizeof(got));
	UNIT_STR("packet", got, want);
}

static inline void say(int channel, const char *text)
{
	(void)!write(channel, text, strlen(text));
}

/* Until the channel is closed, or a signal ends it. */
static inline void stay(int channel)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	char buf[16];

	do {
		(void)poll(&p, 1, -1);
	} while (recv(channel, buf, sizeof(buf), 0) != 0);
}

static inline int run_stay(void *ctx, int channel)
{
	(void)ctx;
	say(channel, "here");
	stay(channel);
	return 0;
}

#endif
