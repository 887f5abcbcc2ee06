/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_replay.c - telltls replay: applies logs to the tally, exactly once */

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/envelope.h"
#include "common/err.h"
#include "common/feed.h"
#include "common/local_policy.h"
#include "common/log.h"
#include "common/noted.h"
#include "common/when.h"
#include "tool/replay_daemon.h"
#include "tool/replay_policies.h"
#include "tool/replay_seal.h"
#include "tool/tool.h"

struct replay {
	const struct tool *tool;
	const struct mta_type *type;
	const char *feed_name;
	const struct conf_feed *conf; /* the feed's section, or NULL */
	int64_t until;
	bool last; /* nothing follows the logs */
	bool seal;
	bool lookup; /* what the recipients publish */
};

static bool show_progress(
    void *ctx, const char *path, uint64_t done, uint64_t size)
{
	const bool *has_progress = ctx;

	if (!*has_progress) {
		return true;
	}
	if (size > 0) {
		(void)fprintf(stderr, "\r%s: %3u %% ", path,
		    (unsigned)(done >= size ? 100 : done * 100 / size));
	} else {
		(void)fprintf(stderr, "\r%s: %llu MB ", path,
		    (unsigned long long)(done >> 20));
	}
	return true;
}

static void end_progress(const struct tool *tool)
{
	if (tool->has_progress) {
		(void)fputs("\r\033[K", stderr);
	}
}

/* What an error means to the one who ran the command. */
static int explain(const struct replay *r, int rc, const char *path)
{
	switch (rc) {
	case 0:
		return EX_OK;
	case ERR_BUSY:
		log_error(
		    "cannot write to %s: another process is writing there",
		    r->tool->state);
		return EX_TEMPFAIL;
	case ERR_OLD:
		log_error(
		    "%s begins before the end of what feed %s has read, "
		    "and does not hold that place: replay older logs into "
		    "another --state",
		    path, r->feed_name);
		return EX_DATAERR;
	case -ENOSPC:
		log_error(
		    "%s: %s; what is not counted yet will be when there is "
		    "room: run the same command again",
		    path, err_text(rc));
		return EX_TEMPFAIL;
	case -ENOENT:
	case -EACCES:
	case -EISDIR:
		log_error("cannot read %s: %s", path, err_text(rc));
		return EX_NOINPUT;
	case ERR_DAMAGED:
	case ERR_SHORT:
	case ERR_VERSION:
		log_error("%s: %s", path, err_text(rc));
		return EX_DATAERR;
	default:
		log_error("%s: %s", path, err_text(rc));
		return EX_IOERR;
	}
}

static void show_result(
    const struct replay *r, const struct live_result *res, bool is_sealed)
{
	if (!res->was_known && !res->was_new) {
		log_info(
		    "feed=%s: none of the files was read before: taken as "
		    "the continuation; sessions that were open at the end of "
		    "the earlier log cannot be followed up",
		    r->feed_name);
	}
	(void)printf("feed %s: %llu lines read, %llu sessions counted, "
		     "%u still open%s\n",
	    r->feed_name, (unsigned long long)res->lines,
	    (unsigned long long)res->sessions, (unsigned)res->open,
	    is_sealed ? ", all days sealed" : "");
}

static void show_feed(
    const struct replay *r, const struct feed *feed, bool is_sealed)
{
	struct feed_result done;
	struct live_result res = { 0 };

	feed_result(feed, &done);
	res.lines = done.lines;
	res.sessions = done.sessions;
	res.open = done.open;
	res.was_known = done.was_known;
	res.was_new = done.was_new;
	show_result(r, &res, is_sealed);
}

static void show_policies(const struct replay_policies_result *found)
{
	if (found->domains == 0) {
		return;
	}
	(void)printf("policies: %zu domains looked up, %zu ask for reports",
	    found->domains - found->failed, found->asking);
	if (found->failed > 0) {
		(void)printf(", %zu could not be looked up: their sessions "
			     "stay unjudged",
		    found->failed);
	}
	(void)printf("\n");
	if (found->full > 0) {
		log_warn("no room for policies=%zu: the sessions that they "
			 "judge stay unjudged",
		    found->full);
	}
	if (found->events > 0) {
		log_info("MTA-STS policies could not be refreshed just now "
			 "failures=%zu: they are in no report, for today was "
			 "not replayed",
		    found->events);
	}
}

/* What an end of the lookups means; no day is sealed then. */
static int explain_lookups(
    const struct replay *r, const struct replay_policies_result *found)
{
	const char *what = "";
	int rc = EX_TEMPFAIL;

	switch (found->end) {
	case REPLAY_POLICIES_DONE:
		return EX_OK;
	case REPLAY_POLICIES_INTERRUPTED:
		what = "interrupted while policies were looked up";
		break;
	case REPLAY_POLICIES_NO_ANSWER:
		what = "our resolver answers nothing";
		break;
	case REPLAY_POLICIES_NO_DNS:
		what = "no policy can be looked up";
		rc = EX_CONFIG;
		break;
	}
	log_error("%s: what the logs told is counted%s; run the same command "
		  "again, or with --no-lookup",
	    what, r->seal ? ", but no day is sealed" : "");
	return rc;
}

/* What the milter noted of messages, where there was one; NULL: nothing. */
static struct noted *open_notes(const struct replay *r)
{
	struct noted *notes = NULL;
	int rc = noted_open(r->tool->state, false, &notes);

	if (rc != 0 && rc != -ENOENT) {
		log_warn("%s/notes: %s: sessions of messages with "
			 "TLS-Required: No count where the log does not tell",
		    r->tool->state, err_text(rc));
	}
	return notes;
}

/* All is counted: what is still to be done to the days. */
static int finish_days(const struct replay *r, struct store *store,
    struct replay_policies_result *found)
{
	const struct replay_policies_options o = {
		.conf = &r->tool->conf,
		.state = r->tool->state,
		.store = store,
		.feed = r->seal ? NULL : r->feed_name,
		.has_progress = r->tool->has_progress,
	};
	int rc = r->lookup ? replay_policies(&o, found) : 0;

	if (rc == 0 && r->seal && found->end == REPLAY_POLICIES_DONE) {
		rc = replay_seal(r->tool, store, r->feed_name);
	}
	return rc;
}

/* R1, as the daemon does; policies are looked up afterwards. */
static int set_next_hop(
    void *ctx, struct store *s, int64_t t, struct fact *fact)
{
	struct view next_hop = local_policy_next_hop(ctx, fact->mx);

	(void)s;
	(void)t;
	if (next_hop.len > 0) {
		fact->domain = next_hop;
	}
	return 0;
}

static int run(
    const struct replay *r, struct store *store, int argc, char **argv)
{
	struct replay_policies_result found = { .end = REPLAY_POLICIES_DONE };
	struct noted *notes = open_notes(r);
	bool has_progress = r->tool->has_progress;
	const char *own[] = { r->tool->conf.envelope_from, NULL };
	struct feed_options o = {
		.name = r->feed_name,
		.type = r->type,
		.idents = r->conf != NULL ?
		    (const char *const *)r->conf->idents :
		    NULL,
		.own_senders = own,
		.delimiter = envelope_delimiter(&r->tool->conf),
		.has_callouts = r->conf != NULL && r->conf->callouts,
		.has_bare_addresses =
		    r->conf != NULL && r->conf->bare_addresses,
		.now = r->tool->now,
		.until = r->until,
		.progress = show_progress,
		.ctx = &has_progress,
	};
	struct feed *feed = NULL;
	const char *path;
	int rc;

	if (r->tool->conf.local != NULL) {
		o.policy = set_next_hop;
		o.policy_ctx = r->tool->conf.local;
	}
	if (notes != NULL) {
		o.noted = noted_on_find;
		o.noted_alias = noted_on_alias;
		o.note_own = noted_on_own;
		o.noted_ctx = notes;
	}
	rc = feed_open(store, &o, &feed);
	if (rc != 0) {
		noted_close(notes);
		return explain(r, rc, store_error_path(store));
	}
	rc = feed_read(feed, (const char *const *)argv, (size_t)argc, r->last);
	path = feed_error_path(feed);
	if (rc == 0 && r->last) {
		rc = feed_finish(feed);
	}
	end_progress(r->tool);
	if (rc == 0) {
		rc = finish_days(r, store, &found);
	}
	if (rc == 0) {
		show_feed(
		    r, feed, r->seal && found.end == REPLAY_POLICIES_DONE);
		show_policies(&found);
		rc = explain_lookups(r, &found);
	} else {
		const char *store_path_text = store_error_path(store);

		rc = explain(
		    r, rc, store_path_text[0] != '\0' ? store_path_text : path);
	}
	feed_close(feed);
	noted_close(notes);
	return rc;
}

/* The configured feed that a name, or an MTA alone, stands for. */
static const struct conf_feed *find_feed(
    const struct conf *c, const char *name, const char *mta)
{
	for (unsigned i = 0; i < c->n_feeds; i++) {
		if (strcmp(c->feed[i].name, name != NULL ? name : mta) == 0) {
			return &c->feed[i];
		}
	}
	return NULL;
}

static int parse_options(const struct tool *tool, struct replay *r)
{
	const char *mta = tool_value(tool, "mta");
	const char *until = tool_value(tool, "until");

	*r = (struct replay){ .tool = tool };
	if (mta == NULL) {
		log_error("--mta is missing: which MTA wrote these logs?");
		return EX_USAGE;
	}
	r->type = mta_find(mta);
	if (r->type == NULL) {
		log_error("--mta %s: no such MTA is known", mta);
		return EX_USAGE;
	}
	if (until != NULL) {
		if (when_parse_date(view_of(until), &r->until) != 0) {
			log_error("--until %s: expected a date like 2026-11-22",
			    until);
			return EX_USAGE;
		}
		r->until += WHEN_DAY_S - 1;
	}
	r->feed_name = tool_value(tool, "feed");
	r->conf = find_feed(&tool->conf, r->feed_name, mta);
	if (r->conf != NULL && strcmp(r->conf->mta, mta) != 0) {
		log_error("feed %s is one of %s in %s, not of %s",
		    r->conf->name, r->conf->mta, tool->conf_path, mta);
		return EX_USAGE;
	}
	if (r->feed_name == NULL) {
		r->feed_name = mta;
	}
	r->seal = tool_value(tool, "seal") != NULL;
	r->last = r->seal || tool_value(tool, "last") != NULL;
	r->lookup =
	    tool->conf.policies.lookup && tool_value(tool, "no-lookup") == NULL;
	return 0;
}

/* The daemon names our files by their number. */
static const char *file_of(const struct live_result *res, int argc, char **argv)
{
	unsigned long long n;

	if (view_number(view_of(res->path), INT_MAX, &n) == 0 &&
	    n < (unsigned long long)argc) {
		return argv[n];
	}
	return res->path;
}

/* Somebody else writes there: if it is our daemon, it does the work. */
static int hand_over(const struct replay *r, int argc, char **argv)
{
	struct live_ask ask = { .until = r->until };
	struct live_result res = { 0 };
	const char *path;
	int rc;

	if (strcmp(r->tool->state, r->tool->conf.state) != 0) {
		return explain(r, ERR_BUSY, r->tool->state);
	}
	if (r->last) {
		log_error("--seal, --last: the running telltls-milter closes "
			  "sessions and days of %s itself",
		    r->tool->state);
		return EX_USAGE;
	}
	live_set(ask.feed, view_of(r->feed_name));
	live_set(ask.mta, view_of(mta_name(r->type)));
	rc = replay_daemon(r->tool, &ask, argv, (size_t)argc, &res, &path);
	end_progress(r->tool);
	if (rc == ERR_NOT_FOUND) {
		return explain(r, ERR_BUSY, r->tool->state);
	}
	if (rc != 0) {
		return explain(
		    r, rc, path[0] != '\0' ? path : "telltls-milter");
	}
	if (res.code != 0) {
		return explain(r, (int)res.code, file_of(&res, argc, argv));
	}
	show_result(r, &res, false);
	return EX_OK;
}

int cmd_replay(const struct tool *tool, int argc, char **argv)
{
	struct store_limits limits = {
		.facts = tool->conf.tally.facts,
		.facts_per_domain = tool->conf.tally.facts_per_domain,
	};
	struct store *store = NULL;
	struct replay r;
	int rc = parse_options(tool, &r);

	if (rc != 0) {
		return rc;
	}
	when_zone_init();
	rc = store_open(tool->state, &limits, &store);
	if (rc == ERR_BUSY) {
		return hand_over(&r, argc, argv);
	}
	if (rc != 0) {
		return explain(&r, rc, tool->state);
	}
	rc = run(&r, store, argc, argv);
	store_close(store);
	return rc;
}
