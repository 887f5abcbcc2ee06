/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_RING_H
#define MILTER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/view.h"

/*
 * Packets from one process to another through memory that both share: one
 * writes, one reads, nobody waits. What does not fit is dropped and counted,
 * so that the writer can go on receiving.
 */
struct ring;

enum {
	RING_PACKET_MAX = 256 * 1024 /* bytes of a packet */
};

/*
 * Makes a ring in memory that children of fork() share. size_b: a power of 2,
 * at least 4 * RING_PACKET_MAX. Memory is taken as it is used. NULL when
 * there is none; errno tells.
 */
struct ring *ring_new(size_t size_b);
void ring_free(struct ring *r); /* NULL is allowed */

/* --- the writer ----------------------------------------------------------- */

/*
 * Takes the memory of a burst, so that none is taken in it; what a longer one
 * took is given back. For a time in which nothing comes.
 */
void ring_prepare(struct ring *r);

/*
 * Where the next packet may be written, and how many bytes of it: 0 to
 * RING_PACKET_MAX. 0: the ring is full.
 */
size_t ring_room(struct ring *r, void **out);

/*
 * The packet at that place is complete, and the reader can have it. len: all
 * its bytes; where there was no room for so many it is dropped. False: no room,
 * or too long; it was counted. ring_room() comes before the next.
 */
bool ring_publish(struct ring *r, size_t len);

/* Both, for a packet that is somewhere else. */
bool ring_put(struct ring *r, const void *data, size_t len);

/* Counts a packet that was too long to be received whole. */
void ring_note_long(struct ring *r);

/*
 * Wakes the reader if it has asked for it; to be called after some packets,
 * not after each.
 */
void ring_wake(struct ring *r);

/* --- the reader ----------------------------------------------------------- */

/* Descriptor (eventfd) that is readable when the writer has woken us. */
int ring_fd(const struct ring *r);

/*
 * Asks to be woken, once, when there is a packet; one that is there already
 * wakes at once. So is a new ring.
 */
void ring_ask(struct ring *r);

/* Takes down the wake-ups; call it before ring_next(). */
void ring_acknowledge(struct ring *r);

/*
 * The next packet; false: none is there. It is a copy, which the writer cannot
 * change any more, and valid until the next call. It stays in the ring until
 * ring_drop(), which makes room for others. A ring that the writer has damaged
 * is emptied, and that counts as one packet too long.
 */
bool ring_next(struct ring *r, struct view *packet);
void ring_drop(struct ring *r);

bool ring_is_empty(const struct ring *r);

/* Bytes that the packets in it take; more than its size: it is damaged. */
uint64_t ring_used(const struct ring *r);

/* Is so much in it that room may be short before long? */
bool ring_is_filling(const struct ring *r);

/* What was counted since the last call. */
struct ring_losses {
	uint64_t full;      /* packets for which there was no room */
	uint64_t oversized; /* packets that were too long */
	uint64_t later;     /* packets of ring_note_lost() */
};

void ring_losses(struct ring *r, struct ring_losses *out);

/*
 * Counts packets that were lost when they had left the ring, or losses that
 * could not be told to anybody: they stay with the ring.
 */
void ring_note_lost(struct ring *r, uint64_t n);

#endif
