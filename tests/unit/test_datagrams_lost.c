/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_datagrams_lost.c - tests milter/datagrams.c: each datagram that is lost
 * is counted, whatever breaks
 */

#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "common/log.h"
#include "tests/unit/datagrams_kit.h"

enum {
	SMALL_RING_B = 4 * RING_PACKET_MAX
};

#define WITHOUT \
 "{\"d\":\"e.example\",\"policies\":[{\"policy-type\":9,\"f\":0}]}"

static void test_ring_full(void **state)
{
	static char longer[RING_PACKET_MAX + 1];
	struct site s;
	unsigned n = 0;

	(void)state;
	site_init(&s, SMALL_RING_B);
	site_open(&s);
	while (site_put_good(&s, n, 16)) {
		n++;
	}
	UNIT_BOOL("full", site_put_good(&s, n, 16), false);
	UNIT_BOOL("long", ring_put(s.ring, longer, sizeof(longer)), false);
	ring_note_long(s.ring);
	site_poll(&s, KIT_NOON, n);
	site_check(&s, KIT_DAY, n, 16 * (uint64_t)n, 4);
	site_poll(&s, KIT_NOON, 0);
	site_check(&s, KIT_DAY, n, 16 * (uint64_t)n, 4);
	site_release(&s);
}

/* Losses of a time without a file, or without a store, are counted later. */
static void test_told_later(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, SMALL_RING_B);
	site_open(&s);
	ring_note_long(s.ring);
	site_poll(&s, -1, ERR_PARSE);
	site_close(&s);
	ring_note_long(s.ring);
	site_open(&s);
	site_poll(&s, KIT_NOON, 0);
	site_check(&s, KIT_DAY, 0, 0, 2);
	site_release(&s);
}

static void set_file_limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Puts all, a few at a time; the store is opened again when it breaks. */
static unsigned send(struct site *s, unsigned from, unsigned n)
{
	unsigned errors = 0;

	for (unsigned i = from; i < from + n; i += 50) {
		for (unsigned k = i; k < i + 50; k++) {
			UNIT_TRUE("put", site_put_good(s, k, 16));
		}
		if (s->d == NULL && site_try_open(s) != 0) {
			site_close(s);
			errors++;
		}
		if (s->d != NULL && site_poll_all(s, KIT_NOON) != 0) {
			site_close(s);
			errors++;
		}
	}
	return errors;
}

/*
 * What was taken from the ring when the store broke is lost; the rest stays.
 * In the end the sum is right.
 */
static void break_at(rlim_t size)
{
	const unsigned n = 500;
	uint64_t taken;
	uint64_t lost;
	struct site s;

	site_init(&s, SITE_RING_B);
	site_open(&s);
	set_file_limit(size);
	UNIT_TRUE("it breaks", send(&s, 0, n) > 0);
	set_file_limit(RLIM_INFINITY);
	UNIT_UINT("no more", send(&s, n, n), 0);
	UNIT_INT("rest", site_poll_all(&s, KIT_NOON), 0);
	taken = site_counter(&s, KIT_DAY, COUNTER_DATAGRAMS);
	lost = site_counter(&s, KIT_DAY, COUNTER_DATAGRAM_LOST);
	UNIT_UINT("all of them", taken + lost, 2UL * n);
	UNIT_TRUE("some", taken >= n);
	site_check(&s, KIT_DAY, taken, 16 * taken, lost);
	site_release(&s);
}

static void test_store_breaks(void **state)
{
	static const rlim_t size[] = { 1000, 150000, 300000, 777777, 1000000 };
	struct rlimit was;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	if (was.rlim_max != RLIM_INFINITY) {
		print_message("# files are limited already: left out\n");
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < UNIT_LEN(size); i++) {
		break_at(size[i]);
	}
	(void)signal(SIGXFSZ, SIG_DFL);
}

/*
 * The marks go to the newest day, the events to that of the clock. Where the
 * former cannot be written the latter count all the same, once.
 */
static void test_marks_break(void **state)
{
	struct site s;
	char path[128];

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	UNIT_TRUE("put", site_put(&s, WITHOUT));
	site_poll(&s, KIT_NOON, 1);
	site_close(&s);
	site_open(&s);
	/* a newest day that is no day's file */
	(void)mkdir(kit_path(&s.kit, KIT_NEXT, path), 0700);
	UNIT_TRUE("put", site_put(&s, WITHOUT));
	(void)datagrams_poll(s.d, KIT_NOON);
	site_close(&s);
	assert_int_equal(rmdir(path), 0);
	site_open(&s);
	site_poll(&s, KIT_NOON, 0);
	site_check(&s, KIT_DAY, 2, 2, 0);
	site_release(&s);
}

/* --- a writer that damages the ring -------------------------------------------- */

/* The memory that both share: the largest mapping, found by its content. */
static unsigned char *shared_memory(size_t *size)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned char *found = NULL;
	char line[512];

	assert_non_null(f);
	*size = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long long from = 0;
		unsigned long long to = 0;

		if (strstr(line, "rw-s") != NULL &&
		    strstr(line, "/dev/zero") != NULL &&
		    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		    sscanf(line, "%llx-%llx", &from, &to) == 2) {
			/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
			found = (unsigned char *)(uintptr_t)from;
			*size = (size_t)(to - from);
		}
	}
	(void)fclose(f);
	return found;
}

static uint64_t next_random(uint64_t *r)
{
	*r ^= *r << 13;
	*r ^= *r >> 7;
	*r ^= *r << 17;
	return *r;
}

/* Head, counters, tail, and what is in the ring. */
static void scribble(unsigned char *memory, size_t size, uint64_t *random)
{
	static const uint64_t values[] = { 0, 1, 4, 7, 8, UINT64_MAX,
		UINT64_MAX - 7, RING_PACKET_MAX, RING_PACKET_MAX + 1,
		UINT64_C(1) << 63, SMALL_RING_B };
	uint64_t r = next_random(random);
	size_t at = r % 3 == 0 ? r / 8 % 25 * 8 : r / 8 % (size - 8);
	uint64_t value = next_random(random) % 2 == 0 ?
	    values[next_random(random) % UNIT_LEN(values)] :
	    next_random(random);

	memcpy(memory + at, &value, sizeof(value));
}

static void test_scribbled(void **state)
{
	const unsigned rounds = kit_is_slow() ? 20 : 1000;
	uint64_t random = 88172645463325252U;
	unsigned char *memory;
	struct site s;
	size_t size;

	(void)state;
	site_init(&s, SMALL_RING_B);
	site_open(&s);
	memory = shared_memory(&size);
	UNIT_TRUE("found", memory != NULL && size >= SMALL_RING_B);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < 3; k++) {
			(void)site_put_good(&s, i, 1);
		}
		scribble(memory, size, &random);
		UNIT_TRUE("poll", datagrams_poll(s.d, KIT_NOON) >= 0);
	}
	/* then the writer is another one that is well */
	(void)datagrams_poll(s.d, KIT_NOON);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t before = site_counter(&s, KIT_DAY, COUNTER_SESSIONS);

		UNIT_BOOL("put", site_put_good(&s, i, 1), true);
		site_poll(&s, KIT_NOON, 1);
		UNIT_UINT("counted",
		    site_counter(&s, KIT_DAY, COUNTER_SESSIONS), before + 1);
	}
	UNIT_TRUE(
	    "losses", site_counter(&s, KIT_DAY, COUNTER_DATAGRAM_LOST) > 0);
	site_release(&s);
}

/* A length that cannot be: what is behind it is left, and that counts. */
static void test_damaged_length(void **state)
{
	static const uint64_t lengths[] = { RING_PACKET_MAX + 1, UINT64_MAX,
		UINT64_MAX - 1, 1 << 20, 5000 };
	unsigned char *memory;
	struct site s;
	size_t size;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(lengths); i++) {
		unsigned char *at;
		uint64_t len = strlen(WITHOUT);

		site_init(&s, SMALL_RING_B);
		site_open(&s);
		memory = shared_memory(&size);
		assert_non_null(memory);
		UNIT_TRUE("put", site_put(&s, WITHOUT) && site_put(&s, "{"));
		at = memmem(memory, size, &len, sizeof(len));
		assert_non_null(at);
		memcpy(at, &lengths[i], sizeof(lengths[i]));
		site_poll(&s, KIT_NOON, 0);
		UNIT_TRUE("put", site_put(&s, WITHOUT));
		site_poll(&s, KIT_NOON, 1);
		site_check(&s, KIT_DAY, 1, 1, 1);
		site_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_told_later),
		cmocka_unit_test(test_store_breaks),
		cmocka_unit_test(test_marks_break),
		cmocka_unit_test(test_scribbled),
		cmocka_unit_test(test_damaged_length),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
