/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ring.c - packets from process to process, and what does not fit */

#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
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

/*
 * A reader that keeps up sends the writer back to the beginning. Wherever that
 * was, there is the room of the whole ring.
 */
static void test_room_after_return(void **state)
{
	static char buf[RING_PACKET_MAX];

	(void)state;
	for (unsigned before = 0; before < 300; before += 7) {
		struct ring *r = ring_new(SIZE);
		struct view packet;
		size_t bytes = 0;
		unsigned put = 0;

		for (unsigned n = 0; n < before; n++) {
			UNIT_BOOL("put", ring_put(r, buf, 3000), true);
		}
		while (ring_next(r, &packet)) {
			ring_drop(r);
		}
		UNIT_UINT("unused", ring_used(r), 0);
		while (ring_put(r, buf, make(put, buf, 3000))) {
			bytes += make(put, buf, 3000);
			put++;
		}
		UNIT_TRUE("all of it", bytes > SIZE - RING_PACKET_MAX - 20000);
		UNIT_BOOL("filling", ring_is_filling(r), true);
		for (unsigned n = 0; n < put; n++) {
			UNIT_BOOL("next", ring_next(r, &packet), true);
			check_packet(n, packet, 3000);
			ring_drop(r);
		}
		UNIT_BOOL("empty", ring_is_empty(r), true);
		ring_free(r);
	}
}

/* What was written in the ring's own room, and what was longer than that. */
static void test_publish(void **state)
{
	struct ring *r = ring_new(SIZE);
	struct ring_losses lost;
	struct view packet;
	size_t room;
	void *to;

	(void)state;
	UNIT_UINT("room", ring_room(r, &to), RING_PACKET_MAX);
	UNIT_UINT("the same", ring_room(r, &to), RING_PACKET_MAX);
	memcpy(to, "ab", 2);
	UNIT_BOOL("publish", ring_publish(r, 2), true);
	while ((room = ring_room(r, &to)) == RING_PACKET_MAX) {
		UNIT_BOOL("publish", ring_publish(r, 100000), true);
	}
	UNIT_BOOL("more than room", ring_publish(r, room + 1), false);
	while ((room = ring_room(r, &to)) > 0) {
		UNIT_BOOL("all the room", ring_publish(r, room), true);
	}
	UNIT_BOOL("not even an empty one", ring_publish(r, 0), false);
	UNIT_BOOL("too long", ring_publish(r, RING_PACKET_MAX + 1), false);
	ring_losses(r, &lost);
	UNIT_UINT("no room", lost.full, 2);
	UNIT_UINT("too long", lost.oversized, 1);
	UNIT_BOOL("next", ring_next(r, &packet), true);
	UNIT_MEM("packet", packet.s, packet.len, "ab", 2);
	ring_free(r);
}

/* Of shared memory, in KiB; kernels before 4.5 do not tell. */
static uint64_t memory_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[128];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "RssShmem:", 9) == 0) {
			kib = strtoull(line + 9, NULL, 10);
		}
	}
	(void)fclose(f);
	return kib;
}

/* So many packets of 0 to 256 KiB, read in turns with ring_prepare(). */
static void read_all(struct ring *r, unsigned n_packets)
{
	struct view packet;

	for (unsigned n = 0; n < n_packets; n++) {
		ring_prepare(r);
		UNIT_BOOL("next", ring_next(r, &packet), true);
		check_packet(n, packet, RING_PACKET_MAX);
		ring_drop(r);
	}
	UNIT_BOOL("empty", ring_is_empty(r), true);
}

/* What a long burst took is given back when the ring is empty, not before. */
static void test_prepare(void **state)
{
	enum {
		PACKETS = 800,
		BIG = 128 << 20
	};

	static char buf[RING_PACKET_MAX];
	struct ring *r = ring_new(BIG);
	uint64_t before = memory_kib();
	uint64_t most;

	(void)state;
	assert_non_null(r);
	for (unsigned n = 0; n < PACKETS; n++) {
		size_t len = make(n, buf, sizeof(buf));

		UNIT_BOOL("put", ring_put(r, buf, len), true);
	}
	most = memory_kib() - before;
	UNIT_TRUE("much memory", most == 0 || most > UINT64_C(90) * 1024);
	read_all(r, PACKETS);
	ring_prepare(r);
	UNIT_TRUE("no more", memory_kib() - before <= UINT64_C(66) * 1024);
	for (unsigned n = 0; n < PACKETS; n++) {
		size_t len = make(n, buf, sizeof(buf));

		UNIT_BOOL("put", ring_put(r, buf, len), true);
	}
	read_all(r, PACKETS);
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

static void *write_all_in_thread(void *ring)
{
	write_all(ring, 20000);
	return NULL;
}

/* The writer is a thread: -fsanitize=thread sees both. */
static void test_threads(void **state)
{
	struct ring *r = ring_new(SIZE);
	struct view packet;
	pthread_t writer;
	unsigned n = 0;

	(void)state;
	assert_int_equal(
	    pthread_create(&writer, NULL, write_all_in_thread, r), 0);
	while (n < 20000) {
		struct pollfd fd = { .fd = ring_fd(r), .events = POLLIN };

		assert_true(poll(&fd, 1, 60000) == 1);
		ring_acknowledge(r);
		while (ring_next(r, &packet)) {
			check_packet(n++, packet, 2000);
			ring_drop(r);
		}
		ring_ask(r);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	UNIT_BOOL("empty", ring_is_empty(r), true);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_room_after_return),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_threads),
	};

	return UNIT_RUN(tests);
}
