/* SPDX-License-Identifier: BSD-2-Clause */
/* outbox_times.c - when a report is tried, and how long */

#include "config.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/outbox.h"
#include "common/when.h"

enum {
	FIRST_DELAY_S = 900,
	DOUBLINGS = 10, /* more than OUTBOX_GIVE_UP_S has room for */
	KEY_BUF = 2 * DOMAIN_BUF
};

int64_t outbox_due(int64_t day, struct view domain, const char *submitter)
{
	/* any value will do, if it never changes */
	static const struct hash_key key = { 0x74656c6c746c7321,
		0x6f7574626f782121 };

	char text[KEY_BUF];
	int len = snprintf(text, sizeof(text), "%.*s %s", (int)domain.len,
	    domain.len > 0 ? domain.s : "", submitter);

	assert(len > 0 && domain.len <= DOMAIN_MAX);
	if ((size_t)len >= sizeof(text)) {
		len = (int)sizeof(text) - 1;
	}
	return day + WHEN_DAY_S +
	    (int64_t)(hash_sip(&key, text, (size_t)len) % OUTBOX_SPREAD_S);
}

static void count_try(struct outbox_item *item, int64_t now)
{
	if (item->first_try == 0) {
		item->first_try = now;
	}
	item->last_try = now;
	item->tries += item->tries < UINT_MAX;
}

void outbox_failed(struct outbox_item *item, int64_t now, int64_t retry_after_s)
{
	int64_t least = FIRST_DELAY_S;
	int64_t delay;
	int64_t left;

	count_try(item, now);
	if (retry_after_s > least) {
		least = retry_after_s;
	}
	/* a clock that was set back gives no more time than there was */
	left = item->first_try < now ?
	    item->first_try + OUTBOX_GIVE_UP_S - now :
	    OUTBOX_GIVE_UP_S;
	if (least > left) {
		item->state = OUTBOX_GIVEN_UP;
		return;
	}
	delay = (int64_t)FIRST_DELAY_S
	    << (item->tries <= DOUBLINGS ? item->tries - 1 : DOUBLINGS);
	if (delay < least) {
		delay = least;
	}
	item->state = OUTBOX_WAITING;
	item->next_try = now + (delay < left ? delay : left);
}

bool outbox_is_due(const struct outbox_item *item, int64_t now)
{
	return item->state == OUTBOX_WAITING &&
	    (item->next_try <= now || item->next_try - OUTBOX_FAR_S > now);
}

void outbox_sent(struct outbox_item *item, int64_t now)
{
	count_try(item, now);
	item->state = OUTBOX_SENT;
}

void outbox_refused(struct outbox_item *item, int64_t now)
{
	count_try(item, now);
	item->state = OUTBOX_GIVEN_UP;
}

const char *outbox_state_word(enum outbox_state s)
{
	switch (s) {
	case OUTBOX_WAITING:
		return "waiting";
	case OUTBOX_SENT:
		return "sent";
	case OUTBOX_BOUNCED:
		return "bounced";
	case OUTBOX_GIVEN_UP:
		return "given-up";
	case OUTBOX_SUPPRESSED:
		return "suppressed";
	}
	return "unknown";
}
