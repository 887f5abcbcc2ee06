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
 * empty, to pages that it has already and the caches hold. Where it did so is
 * told apart from the data: a mark among them would be in the way of what is
 * written until the reader has come by.
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
	PREPARED_B = 64 << 20,       /* some hundred thousand datagrams */
	GROWN_B = PREPARED_B - 4096, /* the data begin a little later */
	HOT_B = 2 * RING_PACKET_MAX, /* from there on it is worth a return */
};

/* More than that in one step is none of a writer that is well. */
static const uint64_t losses_max = UINT32_MAX;

/* What both processes see. The members of each are a cache line apart. */
struct shared {
	_Alignas(64) _Atomic uint64_t head; /* bytes ever written */
	_Atomic uint64_t full;              /* packets dropped: no room */
	_Atomic uint64_t oversized;         /* packets dropped: too long */
	_Atomic uint64_t returned; /* head before the last return to 0 */
	_Alignas(64) _Atomic uint64_t tail; /* bytes ever read */
	_Atomic uint32_t is_asked;          /* the reader wants to be woken */
	_Alignas(64) unsigned char data[];
};

struct ring {
	struct shared *shared;
	size_t size; /* of data */
	int fd;      /* eventfd */
	/* of the writer: what ring_room() found */
	size_t room;      /* bytes for the packet */
	uint64_t place;   /* position of its length */
	bool is_prepared; /* the memory of a burst was taken */
	bool has_grown;   /* more than that may be in use */
	bool is_return;   /* place is behind a return to the beginning */
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
	r->has_grown = true; /* by a writer before this one, perhaps */
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
	char *memory = (char *)r->shared;

	if (!r->is_prepared) {
		size_t n = r->size < PREPARED_B ? r->size : PREPARED_B;

		/* before Linux 5.14 pages come one by one */
		(void)madvise(
		    memory, sizeof(*r->shared) + n, MADV_POPULATE_WRITE);
		r->is_prepared = true;
	}
	/* where it is empty the next packet goes to the beginning */
	if (r->has_grown && ring_is_empty(r)) {
		if (r->size > PREPARED_B) {
			(void)madvise(memory + PREPARED_B, r->size - PREPARED_B,
			    MADV_REMOVE);
		}
		r->has_grown = false;
	}
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

/* The next multiple of the size. */
static uint64_t beginning(const struct ring *r, uint64_t pos)
{
	return (pos + r->size - 1) & ~(uint64_t)(r->size - 1);
}

/* Where the oldest packet is: behind a return that is still to be read. */
static uint64_t first(const struct ring *r, uint64_t tail)
{
	return tail ==
		atomic_load_explicit(
		    &r->shared->returned, memory_order_relaxed) ?
	    beginning(r, tail) :
	    tail;
}

/* Of a place with so many bytes: what a packet may have. */
static size_t room_of(size_t n)
{
	size_t room = n > sizeof(uint64_t) ? n - sizeof(uint64_t) : 0;

	return room < RING_PACKET_MAX ? room : RING_PACKET_MAX;
}

size_t ring_room(struct ring *r, void **out)
{
	struct shared *s = r->shared;
	uint64_t head =
	    aligned(atomic_load_explicit(&s->head, memory_order_relaxed));
	uint64_t tail = atomic_load_explicit(&s->tail, memory_order_acquire);
	size_t at = (size_t)(head & (r->size - 1));
	size_t before_end = r->size - at;
	uint64_t used = head - first(r, tail);
	size_t space = used <= r->size ? r->size - (size_t)used : 0;

	r->is_return = head == tail && at >= HOT_B;
	r->place = head;
	if (r->is_return) {
		r->room = RING_PACKET_MAX;
		r->place = beginning(r, head);
	} else if (space <= before_end) {
		r->room = room_of(space);
	} else {
		size_t behind = room_of(space - before_end);

		r->room = room_of(before_end);
		if (behind > r->room) {
			r->room = behind;
			r->place = beginning(r, head);
		}
	}
	*out = s->data + (r->place & (r->size - 1)) + sizeof(uint64_t);
	return r->room;
}

bool ring_publish(struct ring *r, size_t len)
{
	struct shared *s = r->shared;
	uint64_t head =
	    aligned(atomic_load_explicit(&s->head, memory_order_relaxed));

	if (len > RING_PACKET_MAX) {
		ring_note_long(r);
		return false;
	}
	if (len > r->room || r->room == 0) {
		(void)atomic_fetch_add(&s->full, 1);
		return false;
	}
	if (r->is_return) {
		atomic_store_explicit(&s->returned, head, memory_order_relaxed);
	} else if (r->place != head) {
		store_len(r, head, SKIP);
	}
	store_len(r, r->place, len);
	if ((r->place & (r->size - 1)) + padded(len) > GROWN_B) {
		r->has_grown = true;
	}
	atomic_store_explicit(
	    &s->head, r->place + padded(len), memory_order_release);
	return true;
}

bool ring_put(struct ring *r, const void *data, size_t len)
{
	void *to;

	if (len <= ring_room(r, &to) && len > 0) {
		memcpy(to, data, len);
	}
	return ring_publish(r, len);
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

uint64_t ring_used(const struct ring *r)
{
	uint64_t tail = atomic_load(&r->shared->tail);
	uint64_t head = aligned(atomic_load(&r->shared->head));

	/* a return that comes now is none that this head knows */
	return head == tail ? 0 : head - first(r, tail);
}

bool ring_is_filling(const struct ring *r)
{
	return ring_used(r) > r->size / 2;
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
	tail = first(r, tail);
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
