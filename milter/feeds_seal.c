/* SPDX-License-Identifier: BSD-2-Clause */
/* feeds_seal.c - seals the days that all feeds have read */

#include "config.h"

#include <stdlib.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/tally.h"
#include "common/when.h"
#include "milter/feeds_private.h"

enum {
	LOOK_S = 20, /* between two looks for days to seal */
	PATH_BUF = 4096
};

static bool is_known_sealed(const struct feeds *f, int64_t day)
{
	for (unsigned i = 0; i < f->n_sealed; i++) {
		if (f->sealed[i] == day) {
			return true;
		}
	}
	return false;
}

static void remember_sealed(struct feeds *f, int64_t day)
{
	f->sealed =
	    xrealloc_array(f->sealed, f->n_sealed + 1, sizeof(*f->sealed));
	f->sealed[f->n_sealed++] = day;
}

/* Is a day's file sealed? Returns 1, 0, or the error of reading it. */
static int is_sealed(const struct feeds *f, int64_t day)
{
	struct tally_info info;
	char path[PATH_BUF];
	struct tally *t;
	int rc =
	    tally_open(store_path(f->o.state, day, path, sizeof(path)), &t);

	if (rc != 0) {
		return rc;
	}
	tally_info(t, &info);
	tally_close(t);
	return info.sealed != 0;
}

/* A file that cannot be read is left alone, and looked at again. */
static void note_unreadable(struct feeds *f, int64_t day, int rc)
{
	char date[WHEN_DATE_BUF];

	if (f->unreadable != day) {
		f->unreadable = day;
		log_error("cannot seal day=%s error=\"%s\"",
		    when_date(day, date), err_text(rc));
	}
}

static void gather(const struct feeds *f, struct sealing_feed *out)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct feeds_one *one = &f->one[i];
		struct mark at;

		out[i] = (struct sealing_feed){ 0 };
		if (feeds_source_is_open(one)) {
			if (one->feed != NULL) {
				feed_position(one->feed, &at);
				out[i].read_t = at.t;
			}
			/* a datagram counts when it is taken, not before */
			out[i].is_at_end =
			    one->ring != NULL || feeds_source_is_at_end(one);
		}
	}
}

/* Counts in the day that a feed has not read all of it. */
static int note_unread(
    struct feeds *f, const struct sealing_feed *feeds, int64_t day)
{
	int rc = 0;

	for (unsigned i = 0; i < f->n && rc == 0; i++) {
		if (!sealing_feed_is_done(&feeds[i], day)) {
			log_warn("day is sealed before all of it was read "
				 "feed=%s log=%s",
			    f->one[i].name, feeds_source_name(&f->one[i]));
			if (f->one[i].feed != NULL) {
				rc = feed_note_unread(f->one[i].feed, day);
			}
		}
	}
	return rc;
}

/* Is something on its way that the judge will need? */
static bool is_awaited(const struct feeds *f, int64_t day)
{
	return (f->o.policies != NULL &&
		   policy_table_is_awaited(f->o.policies, day)) ||
	    (f->o.probes != NULL && probe_table_is_awaited(f->o.probes, day));
}

static int seal_day(struct feeds *f, int64_t day, int64_t now)
{
	struct sealing_feed feeds[2 * CONF_FEEDS];
	enum sealing_verdict verdict;
	char date[WHEN_DATE_BUF];
	int rc = 0;

	gather(f, feeds);
	verdict = sealing_judge(day, now, feeds, f->n);
	if (verdict == SEALING_WAIT ||
	    (verdict == SEALING_FORCED && !sealing_clock_may_force(f->clock))) {
		return 0;
	}
	if (is_awaited(f, day) && sealing_may_await(f->awaits_since, now)) {
		f->awaits = true;
		return 0;
	}
	if (verdict == SEALING_FORCED) {
		rc = note_unread(f, feeds, day);
	}
	if (rc == 0) {
		rc = store_seal(f->store, day, now);
	}
	if (rc == 0) {
		log_info("day is sealed day=%s", when_date(day, date));
		remember_sealed(f, day);
	} else {
		log_error("cannot seal day=%s error=\"%s\"",
		    when_date(day, date), err_text(rc));
	}
	return rc;
}

static void seal_days(struct feeds *f, int64_t now)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = store_days(f->o.state, &days, &n);

	f->awaits = false;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		int sealed;

		if (days[i] + WHEN_DAY_S + SEALING_AFTER_S > now ||
		    is_known_sealed(f, days[i])) {
			continue;
		}
		sealed = is_sealed(f, days[i]);
		if (sealed > 0) {
			remember_sealed(f, days[i]);
		} else if (sealed == 0) {
			rc = seal_day(f, days[i], now);
		} else {
			note_unreadable(f, days[i], sealed);
		}
	}
	free(days);
	if (!f->awaits) {
		f->awaits_since = 0;
	} else if (f->awaits_since == 0) {
		f->awaits_since = now;
	}
	if (rc != 0 && f->store != NULL) {
		/* it may be broken: begin again */
		feeds_close_all(f);
		f->due = now + FEEDS_RETRY_S;
	}
}

void feeds_seal(struct feeds *f, int64_t now, int64_t uptime)
{
	int64_t step = sealing_clock_look(f->clock, now, uptime);

	if (step != 0) {
		log_warn("the clock was set seconds=%lld: no day is sealed "
			 "for %d minutes",
		    (long long)step, SEALING_HOLD_S / 60);
		f->looked = 0;
	}
	if (f->store == NULL || !sealing_clock_is_steady(f->clock) ||
	    (now - f->looked < LOOK_S && now >= f->looked)) {
		return;
	}
	f->looked = now;
	seal_days(f, now);
}

int64_t feeds_clock_step(const struct feeds *f)
{
	return f->clock->set;
}
