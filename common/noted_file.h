/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_NOTED_FILE_H
#define COMMON_NOTED_FILE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/noted.h"

/*
 * The bytes of STATE/notes, its making and its checks; only noted.c uses it.
 * Numbers are in the byte order of the host, which the head tells. A change
 * here is a new NOTED_VERSION.
 */
enum {
	NOTED_VERSION = 1,
	NOTED_HEAD_SIZE = 4096,
	NOTED_COUNTER_ROOM = 64,
};

/* Written once. */
struct noted_head {
	char magic[8];        /* NOTED_MAGIC */
	uint32_t byte_order;  /* NOTED_BYTE_ORDER */
	uint32_t version;     /* NOTED_VERSION */
	uint32_t slots;       /* NOTED_SLOTS */
	uint32_t slot_size;   /* of struct noted_slot */
	uint64_t key[4];      /* random: two keys for the hash of ids */
	uint64_t salt[2];     /* random: key of all checks */
	uint8_t reserved[48]; /* zero */
	uint64_t check;       /* of all before it */
};

/*
 * A message. The word is stored last when a slot is taken, and is 0 before
 * its key changes, so that a reader who finds the same word before and behind
 * its look at the key has seen one message. Word: bits of enum noted_kind, and
 * from bit 8 on the second of the reception; a CRC-16 of both in the upper 16
 * bits. 0: the slot is free.
 */
struct noted_slot {
	_Atomic uint64_t word;
	_Atomic uint64_t key[2]; /* hash of the queue id */
	_Atomic uint64_t check;  /* of the slot's number and its key */
};

/* The whole file. */
struct noted_layout {
	struct noted_head head;
	/* 48 bits each, and a CRC-16 */
	_Atomic uint64_t counter[NOTED_COUNTER_ROOM];
	uint8_t unused[NOTED_HEAD_SIZE - 128 - 8 * NOTED_COUNTER_ROOM];
	struct noted_slot slot[NOTED_SLOTS];
};

_Static_assert(sizeof(struct noted_head) == 128, "head");
_Static_assert(sizeof(struct noted_slot) == 32, "slot");
_Static_assert(offsetof(struct noted_layout, slot) == NOTED_HEAD_SIZE, "slots");
_Static_assert(
    (int)NOTED_COUNTERS <= (int)NOTED_COUNTER_ROOM, "room for counters");

#define NOTED_MAGIC      "TTNOTES"
#define NOTED_BYTE_ORDER UINT32_C(0x01020304)
#define NOTED_VALUE_MAX  ((UINT64_C(1) << 48) - 1)

/* Places of words, for their checks: counters, then slots. */
#define NOTED_PLACE_COUNTER(c) ((uint64_t)(c))
#define NOTED_PLACE_SLOT(i)    ((uint64_t)NOTED_COUNTER_ROOM + (uint64_t)(i))

/* The word for a value of 48 bits at a place. */
static inline uint64_t noted_file_word(
    const struct noted_head *head, uint64_t place, uint64_t value)
{
	uint16_t seed = (uint16_t)(head->salt[0] ^ place);

	return value | (uint64_t)hash_crc16(value, seed) << 48;
}

/* Reads one; false: it is damaged. */
static inline bool noted_file_unword(const struct noted_head *head,
    uint64_t place, uint64_t word, uint64_t *value)
{
	*value = word & NOTED_VALUE_MAX;
	return noted_file_word(head, place, *value) == word;
}

/* The check of a slot. */
uint64_t noted_file_check(
    const struct noted_head *head, uint32_t number, const uint64_t key[2]);

/*
 * Opens, makes and checks the file as noted_open() says; *remade: it was made
 * instead of another one. A reader's mapping is private. Returns its errors;
 * on 0 the caller has the descriptor, which holds the writer's lock, and the
 * mapping.
 */
int noted_file_open(const char *state, bool is_writer, int *fd,
    struct noted_layout **file, bool *remade);

#endif
