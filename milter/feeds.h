/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FEEDS_H
#define MILTER_FEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/live.h"
#include "milter/policy_table.h"
#include "milter/probe_table.h"
#include "milter/sealing.h"

/*
 * All feeds of the daemon and the one store that they count in. What goes
 * wrong (no log yet, no right to read it, no room on the disk) is said once,
 * kept for status, and tried again; the log itself keeps what is not counted
 * yet. Time comes in as an argument.
 */
struct feeds;

enum {
	FEEDS_RETRY_S = 10, /* after an error */
	FEEDS_SYNC_S = 10,  /* a power cut costs at most so much, to be read
	                       again */
};

struct feeds_options {
	const char *state;
	const struct conf *conf;       /* borrowed */
	struct noted *noted;           /* borrowed; NULL: nothing was noted */
	struct policy_table *policies; /* borrowed; NULL: none are looked up */
	struct probe_table *probes;    /* borrowed; NULL: nothing is probed */
	/* what was seen of the clocks outlives a reload; borrowed. NULL: the
	   feeds' own */
	struct sealing_clock *clock;
	/* of each feed of conf with a socket, by its number; borrowed */
	struct ring *const *rings;
	/* see struct mta_options; not for logs that are replayed */
	struct bounce_log *bounces;
	void (*bounced)(
	    void *ctx, int64_t t, const char *token, struct view dsn);
	/*
	 * Called now and then in long work, so that the rest of the daemon can
	 * breathe. Returns false to stop it.
	 */
	bool (*breathe)(void *ctx);
	void *ctx;
};

/*
 * Takes the writer's lock. No feed is open yet: feeds_poll() does that.
 * Returns 0, or the error of store_open().
 */
int feeds_open(const struct feeds_options *o, struct feeds **out);

/* Stops following; all that was read is counted and on the disk. */
void feeds_close(struct feeds *f); /* NULL is allowed */

/*
 * Reads what is there by now, opens what is due to be opened, and waits for
 * the disk every FEEDS_SYNC_S seconds; to be called when something may have
 * changed, and every second.
 */
void feeds_poll(struct feeds *f, int64_t now);

/*
 * Counts all that was received of datagrams; to be called when nothing more
 * is received.
 */
void feeds_drain(struct feeds *f, int64_t now);

/*
 * What the network child answered goes into the tables of policies and probes
 * and into the days that wait for it. What comes when none are looked up any more is dropped.
 */
void feeds_learn(struct feeds *f, const struct network_message *m, int64_t now);

/*
 * Seals the days that are over; uptime: see sealing.h. A day whose policies or
 * probes are just being asked for waits for them.
 */
void feeds_seal(struct feeds *f, int64_t now, int64_t uptime);

/* What status shows of feed number i; false: there is none. */
bool feeds_live(
    const struct feeds *f, unsigned i, int64_t now, struct live_feed *out);

/* When the clock was last seen to be set; 0: never. */
int64_t feeds_clock_step(const struct feeds *f);

/* Logs for a feed, handed over by "telltls replay": open files. */
struct feeds_replay {
	char name[LIVE_TEXT];
	char mta[LIVE_TEXT];
	int64_t until;  /* as in struct feed_options */
	const int *fds; /* borrowed */
	unsigned n_fds;
	/* shows progress; false: stop */
	bool (*progress)(
	    void *ctx, unsigned file, uint64_t done, uint64_t size);
	void *ctx;
};

/*
 * Applies them, in one go. A feed that is followed goes on behind them.
 * result->path is the number of the file that an error is about.
 */
void feeds_replay(struct feeds *f, const struct feeds_replay *r, int64_t now,
    struct live_result *result);

#endif
