/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ring.c - packets from process to process, and what does not fit */

#include "config.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/ring.h"
#include "tests/unit/unit.h"

enum {
	SIZE = 4 * RING_PACKET_MAX
};

/* Packet number n: its length and bytes follow from n. */
static size_t make(unsigned n, char *out, size_t max)
{
	size_t len = (size_t)n * 7919 % max;

	memset(out, (int)('a' + n % 26), len);
	return len;
}

static void check_packet(unsigned n, struct view got, size_t max)
{
	static char want[RING_PACKET_MAX];
	size_t len = make(n, want, max);

	UNIT_UINT("length", got.len, len);
	UNIT_TRUE("bytes", len == 0 || memcmp(got.s, want, len) == 0);
}

/* In turns, many times around. */
static void test_turns(void **state)
{
	static const size_t sizes[] = { 1, 9, 300, 5000, RING_PACKET_MAX };
	static char buf[RING_PACKET_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(sizes); i++) {
		struct ring *r = ring_new(SIZE);
		struct view packet;

		assert_non_null(r);
		UNIT_BOOL("empty", ring_next(r, &packet), false);
		for (unsigned n = 0; n < 2000; n++) {
			size_t len = make(n, buf, sizes[i]);

			UNIT_BOOL("put", ring_put(r, buf, len), true);
			UNIT_BOOL("next", ring_next(r, &packet), true);
			check_packet(n, packet, sizes[i]);
			ring_drop(r);
		}
		UNIT_BOOL("empty again", ring_next(r, &packet), false);
		ring_free(r);
	}
}

/* Full: what was put is there, what was refused is counted. */
static void test_full(void **state)
{
	static char buf[RING_PACKET_MAX];
	struct ring *r = ring_new(SIZE);
	struct ring_losses lost;
	struct view packet;
	unsigned put = 0;

	(void)state;
	while (ring_put(r, buf, make(put, buf, 3000))) {
		put++;
	}
	UNIT_TRUE("many fit", put > 60);
	UNIT_BOOL("the next", ring_put(r, buf, sizeof(buf)), false);
	ring_losses(r, &lost);
	UNIT_UINT("refused", lost.full, 2);
	UNIT_UINT("none too long", lost.oversized, 0);
	for (unsigned n = 0; n < put; n++) {
		UNIT_BOOL("next", ring_next(r, &packet), true);
		check_packet(n, packet, 3000);
		ring_drop(r);
	}
	UNIT_BOOL("empty", ring_next(r, &packet), false);
	ring_losses(r, &lost);
	UNIT_UINT("told once", lost.full, 0);
	ring_free(r);
}

static void test_too_long(void **state)
{
	static char buf[RING_PACKET_MAX + 1];
	struct ring *r = ring_new(SIZE);
	struct ring_losses lost;
	struct view packet;

	(void)state;
	UNIT_BOOL("longest", ring_put(r, buf, RING_PACKET_MAX), true);
	UNIT_BOOL("one more", ring_put(r, buf, sizeof(buf)), false);
	UNIT_BOOL("next", ring_next(r, &packet), true);
	UNIT_UINT("length", packet.len, RING_PACKET_MAX);
	ring_drop(r);
	UNIT_BOOL("empty", ring_next(r, &packet), false);
	ring_losses(r, &lost);
	UNIT_UINT("too long", lost.oversized, 1);
	ring_free(r);
}

static void write_all(struct ring *r, unsigned n_packets)
{
	static char buf[RING_PACKET_MAX];

	for (unsigned n = 0; n < n_packets; n++) {
		size_t len = make(n, buf, 2000);

		/* each must arrive here: so this writer waits */
		while (!ring_put(r, buf, len)) {
			(void)usleep(100);
		}
		if (n % 16 == 0) {
			ring_wake(r);
		}
	}
	ring_wake(r);
}

/* The writer is another process. */
static void test_processes(void **state)
{
	enum {
		PACKETS = 20000
	};
	struct ring *r = ring_new(SIZE);
	pid_t child;
	unsigned n = 0;
	int status;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_all(r, PACKETS);
		_exit(0);
	}
	while (n < PACKETS) {
		struct pollfd fd = { .fd = ring_fd(r), .events = POLLIN };
		struct view packet;

		assert_true(poll(&fd, 1, 60000) == 1);
		ring_acknowledge(r);
		while (ring_next(r, &packet)) {
			check_packet(n++, packet, 2000);
			ring_drop(r);
		}
		ring_ask(r);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	UNIT_INT("writer", status, 0);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_processes),
	};

	return UNIT_RUN(tests);
}
