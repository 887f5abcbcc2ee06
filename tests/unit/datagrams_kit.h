/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagrams_kit.h - what the tests of datagrams share: a ring, a store, and
 * datagrams by number
 */
#ifndef TESTS_UNIT_DATAGRAMS_KIT_H
#define TESTS_UNIT_DATAGRAMS_KIT_H

#include "common/strbuf.h"
#include "milter/datagrams.h"
#include "tests/unit/tally_kit.h"

#define KIT_NOON (KIT_DAY + 43200)

enum {
	SITE_RING_B = 8 << 20
};

struct site {
	struct kit kit; /* the state */
	struct ring *ring;
	struct datagrams *d;
	struct datagrams_options o;
};

static inline int site_try_open(struct site *s)
{
	const struct store_limits limits = { 0, 0 };
	int rc = store_open(s->kit.state, &limits, &s->kit.store);

	return rc == 0 ? datagrams_open(s->kit.store, &s->o, &s->d) : rc;
}

static inline void site_open(struct site *s)
{
	UNIT_INT("open", site_try_open(s), 0);
}

static inline void site_close(struct site *s)
{
	datagrams_close(s->d);
	s->d = NULL;
	kit_close(&s->kit);
}

/* Closed, with a ring of size_b. */
static inline void site_init(struct site *s, size_t size_b)
{
	memset(s, 0, sizeof(*s));
	kit_init(&s->kit);
	s->ring = ring_new(size_b);
	assert_non_null(s->ring);
	s->o = (struct datagrams_options){
		.name = "out",
		.mta = "postfix",
		.state = s->kit.state,
		.ring = s->ring,
	};
}

static inline void site_release(struct site *s)
{
	site_close(s);
	ring_free(s->ring);
	unit_tmpdir_remove(s->kit.state);
}

static inline bool site_put(struct site *s, const char *text)
{
	return ring_put(s->ring, text, strlen(text));
}

/* A datagram about domain number n with so many policies. */
static inline bool site_put_good(
    struct site *s, unsigned domain, unsigned policies)
{
	struct strbuf b;
	bool is_put;

	strbuf_init(&b, RING_PACKET_MAX);
	strbuf_addf(&b, "{\"d\":\"d%u.example\",\"policies\":[", domain);
	for (unsigned i = 0; i < policies; i++) {
		strbuf_addf(&b,
		    "%s{\"policy-type\":2,\"policy-domain\":\"d%u.example\","
		    "\"mx-host\":[\"mx%u.example\"],\"f\":0}",
		    i > 0 ? "," : "", domain, i);
	}
	strbuf_addf(&b, "]}");
	is_put = site_put(s, strbuf_str(&b));
	strbuf_release(&b);
	return is_put;
}

static inline void site_poll(struct site *s, int64_t now, int64_t want)
{
	UNIT_INT("poll", datagrams_poll(s->d, now), want);
}

/* Polls until the ring is empty. Returns the first error, or 0. */
static inline int site_poll_all(struct site *s, int64_t now)
{
	int64_t n = 0;

	while (n >= 0 && !ring_is_empty(s->ring)) {
		n = datagrams_poll(s->d, now);
	}
	return n < 0 ? (int)n : 0;
}

static inline uint64_t site_counter(
    const struct site *s, int64_t day, enum counter c)
{
	struct kit_sum sum;
	char path[128];

	if (access(kit_path(&s->kit, day, path), F_OK) != 0) {
		return 0;
	}
	kit_sum(&s->kit, day, &sum);
	UNIT_UINT("damaged", sum.damaged, 0);
	return sum.counters[c];
}

/* datagrams, sessions, lost */
static inline void site_check(const struct site *s, int64_t day,
    uint64_t datagrams, uint64_t sessions, uint64_t lost)
{
	struct kit_sum sum;

	kit_sum(&s->kit, day, &sum);
	UNIT_UINT("datagrams", sum.counters[COUNTER_DATAGRAMS], datagrams);
	UNIT_UINT("sessions", sum.counters[COUNTER_SESSIONS], sessions);
	UNIT_UINT("sessions of facts", sum.count, sessions);
	UNIT_UINT("lost", sum.counters[COUNTER_DATAGRAM_LOST], lost);
	UNIT_UINT("damaged", sum.damaged, 0);
}

#endif
