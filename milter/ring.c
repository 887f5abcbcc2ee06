/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.c - packets through shared memory, from one writer to one reader
 *
 * Head and tail only grow; their difference is what is in the ring. A packet
 * is a length of 8 bytes and its bytes, up to a multiple of 8, in one piece:
 * where it would not fit before the end of the memory, a mark of length
 * SKIP sends the reader back to the beginning. The reader trusts nothing that
 * it reads there: the writer talks to strangers.
 *
 * Where the reader keeps up, a writer that went on to the end of the memory
 * would touch all of it: it returns to the beginning as soon as the ring is
 * empty, to pages that it has already and the caches hold.
 */

#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/mem.h"
#include "milter/ring.h"

#define SKIP UINT64_MAX

enum {
	PREPARED_B = 16 << 20,       /* some ten thousand datagrams */
	HOT_B = 2 * RING_PACKET_MAX, /* from there on it is worth a return */
};

/* More than that in one step is none of a writer that is well. */
static const uint64_t losses_max = UINT32_MAX;

/* What both processes see. The members of each are a cache line apart. */
struct shared {
	_Alignas(64) _Atomic uint64_t head; /* bytes ever written */
	_Atomic uint64_t full;              /* packets dropped: no room */
	_Atomic uint64_t oversized;         /* packets dropped: too long */
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever read */
	_Atomic uint32_t is_asked;          /* the reader wants to be woken */
	_Alignas(64) unsigned char data[];
};

struct ring {
	struct shared *shared;
	size_t size; /* of data */
	int fd;      /* eventfd */
	/* of the reader */
	uint64_t next; /* tail behind the packet that ring_next() gave */
	struct ring_losses told;
	uint64_t lost; /* later */
	char packet[RING_PACKET_MAX];
};

struct ring *ring_new(size_t size_b)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	r->size = size_b;
	r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->shared =
	    mmap(NULL, sizeof(*r->shared) + size_b, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->fd < 0 || r->shared == MAP_FAILED) {
		int saved = errno;

		if (r->shared != MAP_FAILED) {
			(void)munmap(r->shared, sizeof(*r->shared) + size_b);
		}
		if (r->fd >= 0) {
			(void)close(r->fd);
		}
		free(r);
		errno = saved;
		return NULL;
	}
	atomic_store(&r->shared->is_asked, 1);
	return r;
}

void ring_free(struct ring *r)
{
	if (r != NULL) {
		(void)munmap(r->shared, sizeof(*r->shared) + r->size);
		(void)close(r->fd);
		free(r);
	}
}

void ring_prepare(struct ring *r)
{
	size_t n = r->size < PREPARED_B ? r->size : PREPARED_B;

	/* a kernel before 5.14 does not know it: pages come one by one */
	(void)madvise(r->shared, sizeof(*r->shared) + n, MADV_POPULATE_WRITE);
}

static size_t padded(size_t len)
{
	return (sizeof(uint64_t) + len + 7) & ~(size_t)7;
}

/* Where the next packet begins; a damaged head may lie between. */
static uint64_t aligned(uint64_t head)
{
	return (head + 7) & ~UINT64_C(7);
}

static void store_len(struct ring *r, uint64_t pos, uint64_t len)
{
	memcpy(r->shared->data + (pos & (r->size - 1)), &len, sizeof(len));
}

bool ring_put(struct ring *r, const void *data, size_t len)
{
	struct shared *s = r->shared;
	uint64_t head =
	    aligned(atomic_load_explicit(&s->head, memory_order_relaxed));
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_acquire);
	size_t at = (size_t)(head & (r->size - 1));
	size_t skip = 0;

	if (len > RING_PACKET_MAX) {
		ring_note_long(r);
		return false;
	}
	if (padded(len) > r->size - at || (head == tail && at >= HOT_B)) {
		skip = r->size - at;
	}
	if (head - tail + skip + padded(len) > r->size) {
		(void)atomic_fetch_add(&s->full, 1);
		return false;
	}
	if (skip > 0) {
		store_len(r, head, SKIP);
		head += skip;
	}
	store_len(r, head, len);
	if (len > 0) {
		memcpy(s->data + (head & (r->size - 1)) + sizeof(uint64_t),
		    data, len);
	}
	atomic_store_explicit(
	    &s->head, head + padded(len), memory_order_release);
	return true;
}

void ring_note_long(struct ring *r)
{
	(void)atomic_fetch_add(&r->shared->oversized, 1);
}

void ring_wake(struct ring *r)
{
	/* the packets first, then the look whether anybody waits for them */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&r->shared->is_asked) != 0 &&
	    atomic_exchange(&r->shared->is_asked, 0) != 0) {
		const uint64_t one = 1;

		(void)!write(r->fd, &one, sizeof(one));
	}
}

int ring_fd(const struct ring *r)
{
	return r->fd;
}

void ring_ask(struct ring *r)
{
	atomic_store(&r->shared->is_asked, 1);
	atomic_thread_fence(memory_order_seq_cst);
	if (!ring_is_empty(r)) {
		ring_wake(r);
	}
}

void ring_acknowledge(struct ring *r)
{
	uint64_t n;

	(void)!read(r->fd, &n, sizeof(n));
}

/* Nothing in the ring can be believed: leaves it behind. */
static bool give_up(struct ring *r, uint64_t head)
{
	ring_note_long(r);
	atomic_store_explicit(&r->shared->tail, head, memory_order_release);
	return false;
}

bool ring_is_empty(const struct ring *r)
{
	return aligned(atomic_load(&r->shared->head)) ==
	    atomic_load(&r->shared->tail);
}

bool ring_is_filling(const struct ring *r)
{
	return atomic_load(&r->shared->head) - atomic_load(&r->shared->tail) >
	    r->size / 4;
}

bool ring_next(struct ring *r, struct view *packet)
{
	struct shared *s = r->shared;
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	uint64_t head =
	    aligned(atomic_load_explicit(&s->head, memory_order_acquire));
	uint64_t len;
	size_t at;

	if (head == tail) {
		return false;
	}
	if (head - tail > r->size || (tail & 7) != 0) {
		return give_up(r, head);
	}
	at = (size_t)(tail & (r->size - 1));
	memcpy(&len, s->data + at, sizeof(len));
	if (len == SKIP) {
		tail += r->size - at;
		at = 0;
		memcpy(&len, s->data, sizeof(len));
	}
	if (len > RING_PACKET_MAX || padded((size_t)len) > r->size - at ||
	    head - tail > r->size || padded((size_t)len) > head - tail) {
		return give_up(r, head);
	}
	memcpy(r->packet, s->data + at + sizeof(len), (size_t)len);
	*packet = view_make(r->packet, (size_t)len);
	r->next = tail + padded((size_t)len);
	return true;
}

void ring_drop(struct ring *r)
{
	atomic_store_explicit(&r->shared->tail, r->next, memory_order_release);
}

/* What a counter has grown by; one that is damaged counts once. */
static uint64_t growth(uint64_t now, uint64_t told)
{
	return now - told <= losses_max ? now - told : 1;
}

void ring_losses(struct ring *r, struct ring_losses *out)
{
	const struct ring_losses now = {
		.full = atomic_load(&r->shared->full),
		.oversized = atomic_load(&r->shared->oversized),
	};

	out->full = growth(now.full, r->told.full);
	out->oversized = growth(now.oversized, r->told.oversized);
	out->later = r->lost;
	r->told = now;
	r->lost = 0;
}

void ring_note_lost(struct ring *r, uint64_t n)
{
	r->lost += n;
}
