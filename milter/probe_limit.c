/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_limit.c - no host is probed too often at one address */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/mem.h"
#include "common/policy_probe.h"
#include "milter/probe_limit.h"

enum {
	WAYS = 8, /* places that one may have */
	GROUPS = PROBE_LIMIT_PLACES / WAYS,
	KEY_BUF = DOMAIN_BUF + sizeof(struct ip)
};

struct place {
	uint64_t hash;
	int64_t probed; /* 0: the place is free */
};

struct probe_limit {
	struct hash_key key;
	struct place place[GROUPS][WAYS];
};

struct probe_limit *probe_limit_new(const struct hash_key *key)
{
	struct probe_limit *l = xcalloc(1, sizeof(*l));

	l->key = *key;
	return l;
}

void probe_limit_free(struct probe_limit *l)
{
	free(l);
}

static uint64_t hash_of(
    const struct probe_limit *l, struct view mx, const struct ip *ip)
{
	char key[KEY_BUF];
	size_t n = mx.len < DOMAIN_BUF ? mx.len : DOMAIN_BUF;

	memcpy(key, ip, sizeof(*ip));
	if (n > 0) {
		memcpy(key + sizeof(*ip), mx.s, n);
	}
	return hash_sip(&l->key, key, sizeof(*ip) + n);
}

/* When the clock was set back, nothing is known of what was probed. */
static bool is_old(const struct place *place, int64_t now)
{
	return now - place->probed >= POLICY_PROBE_NEAR_S ||
	    now < place->probed;
}

int64_t probe_limit_take(
    struct probe_limit *l, struct view mx, const struct ip *ip, int64_t now)
{
	uint64_t hash = hash_of(l, mx, ip);
	struct place *group = l->place[hash % GROUPS];
	struct place *free_place = NULL;
	int64_t oldest = INT64_MAX;

	for (int i = 0; i < WAYS; i++) {
		struct place *p = &group[i];

		if (is_old(p, now)) {
			free_place = p;
		} else if (p->hash == hash) {
			return p->probed + POLICY_PROBE_NEAR_S;
		} else if (p->probed < oldest) {
			oldest = p->probed;
		}
	}
	if (free_place == NULL) {
		return oldest + POLICY_PROBE_NEAR_S;
	}
	*free_place = (struct place){ hash, now };
	return 0;
}

void probe_limit_give_back(
    struct probe_limit *l, struct view mx, const struct ip *ip)
{
	uint64_t hash = hash_of(l, mx, ip);
	struct place *group = l->place[hash % GROUPS];

	for (int i = 0; i < WAYS; i++) {
		if (group[i].hash == hash) {
			group[i].probed = 0;
		}
	}
}
