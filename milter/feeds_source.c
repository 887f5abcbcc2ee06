/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds_source.c - where a feed's facts come from: a log file, the journal, or a
 * socket
 */

#include "config.h"

#include <string.h>

#include "common/when.h"
#include "milter/feeds_private.h"

const char *feeds_source_name(const struct feeds_one *one)
{
	return one->ring != NULL       ? one->conf->socket :
	    one->conf->journal != NULL ? one->conf->journal :
					 one->conf->file;
}

bool feeds_source_is_open(const struct feeds_one *one)
{
	return one->follow != NULL || one->journal != NULL ||
	    one->datagrams != NULL;
}

static int open_socket(struct feeds_one *one)
{
	const struct datagrams_options o = {
		.name = one->name,
		.mta = one->conf->mta,
		.state = one->all->o.state,
		.keep_invalid = one->conf->keep_invalid,
		.policy = feeds_policy,
		.policy_ctx = one->all,
		.only_policies = strcmp(one->name, one->conf->name) != 0,
		.ring = one->ring,
	};

	return datagrams_open(one->all->store, &o, &one->datagrams);
}

int feeds_source_open(struct feeds_one *one, int64_t now)
{
	if (one->ring != NULL) {
		return open_socket(one);
	}
	if (one->conf->journal != NULL) {
		return follow_journal_open(one->feed, one->conf->journal,
		    when_day(now), now, &one->journal);
	}
	return follow_open(one->feed, one->conf->file, &one->follow);
}

void feeds_source_close(struct feeds_one *one)
{
	datagrams_close(one->datagrams);
	follow_close(one->follow);
	one->datagrams = NULL;
	follow_journal_close(one->journal);
	feed_close(one->feed);
	one->follow = NULL;
	one->journal = NULL;
	one->feed = NULL;
}

/* One call reads a bounded number of entries: until nothing more comes. */
static int64_t poll_journal(struct feeds_one *one, int64_t now)
{
	const struct feeds_options *o = &one->all->o;
	int64_t sum = 0;
	int64_t n;

	do {
		n = follow_journal_poll(one->journal, now);
		sum += n > 0 ? n : 0;
	} while (n > 0 && !follow_journal_is_at_end(one->journal) &&
	    (o->breathe == NULL || o->breathe(o->ctx)));
	return n < 0 ? n : sum;
}

int64_t feeds_source_poll(struct feeds_one *one, int64_t now)
{
	if (one->datagrams != NULL) {
		return datagrams_poll(one->datagrams, now);
	}
	return one->journal != NULL ? poll_journal(one, now) :
				      follow_poll(one->follow, now);
}

bool feeds_source_is_at_end(const struct feeds_one *one)
{
	if (one->datagrams != NULL) {
		return ring_is_empty(one->ring);
	}
	return one->journal != NULL ?
	    follow_journal_is_at_end(one->journal) :
	    one->follow != NULL && follow_is_at_end(one->follow);
}

void feeds_source_lag(
    const struct feeds_one *one, int64_t now, struct live_feed *out)
{
	struct mark at;

	if (one->journal != NULL) {
		int64_t lag = follow_journal_lag_s(one->journal, now);

		out->lag_s = lag > 0 ? (uint64_t)lag : 0;
	} else if (one->follow != NULL) {
		out->has_lag_b = true;
		out->lag_b = follow_lag(one->follow);
		feed_position(one->feed, &at);
		if (out->lag_b > 0 && at.t != 0 && now > at.t) {
			out->lag_s = (uint64_t)(now - at.t);
		}
	}
}
