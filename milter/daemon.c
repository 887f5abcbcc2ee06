/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.c - the parent process of telltls-milter
 *
 * One thread, one loop. The milter runs in a child, because libmilter owns its
 * process's threads and signals. A child hands its notes over without ever
 * waiting for us, so nothing that takes time here can hold up mail.
 */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/when.h"
#include "milter/daemon.h"
#include "milter/daemon_private.h"
#include "milter/notify.h"
#include "milter/privileges.h"

enum {
	TICK_MS = 1000, /* logs are looked at this often in any case */
	SOON_MS = 50,   /* and so soon after something has changed */
	JOIN_MS = 5000, /* how long a child may take to end */
	BRIEF_MS = 500, /* and one that has nothing to hand over */
	STATUS_S = 60,  /* between two lines to the service manager */
	BUSY_MS = 50,   /* between two looks at a lock */
	BUSY_TRIES = 40
};

int64_t daemon_now(void)
{
	return (int64_t)time(NULL);
}

static int64_t uptime(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec;
}

/* Was a signal sent that ends us? They are blocked, and read in the loop. */
static bool is_end_pending(void)
{
	sigset_t pending;

	(void)sigpending(&pending);
	return sigismember(&pending, SIGTERM) == 1 ||
	    sigismember(&pending, SIGINT) == 1;
}

bool daemon_breathe(void *ctx)
{
	struct daemon *d = ctx;

	daemon_notes_drain(d);
	notify_alive();
	return !d->is_ending && !is_end_pending();
}

/* --- what happens --------------------------------------------------------- */

static void work(struct daemon *d)
{
	/* what a message's note says must be known before its log lines */
	daemon_notes_drain(d);
	feeds_poll(d->feeds, daemon_now());
	daemon_network_ask(d);
}

static void on_soon(void *ctx)
{
	struct daemon *d = ctx;

	loop_remove(d->soon);
	d->soon = NULL;
	work(d);
}

/* A log that is written to all the time is not read at every line. */
void daemon_look_soon(struct daemon *d)
{
	if (d->soon == NULL) {
		d->soon = loop_add_timer(d->loop, SOON_MS, on_soon, d);
	}
}

static void on_change(void *ctx)
{
	struct daemon *d = ctx;

	watch_drain(d->watch);
	daemon_look_soon(d);
}

static void show_state(struct daemon *d, int64_t now)
{
	struct live_feed feed;
	char text[128];
	unsigned n = 0;
	unsigned well = 0;

	if (now - d->shown < STATUS_S && now >= d->shown) {
		return;
	}
	d->shown = now;
	for (; feeds_live(d->feeds, n, now, &feed); n++) {
		well += feed.is_open && !feed.has_error;
	}
	(void)snprintf(
	    text, sizeof(text), "%u of %u feeds are followed", well, n);
	notify_status(text);
}

static void on_tick(void *ctx)
{
	struct daemon *d = ctx;
	int64_t now = daemon_now();

	notify_alive();
	daemon_milter_tick(d, now);
	daemon_receivers_tick(d, now);
	daemon_network_tick(d, now);
	daemon_bounce_tick(d, now);
	work(d);
	feeds_seal(d->feeds, daemon_now(), uptime());
	show_state(d, now);
}

static void on_signal(void *ctx)
{
	struct daemon *d = ctx;
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			daemon_milter_reap(d, daemon_now());
			daemon_receivers_reap(d, daemon_now());
			daemon_network_reap(d, daemon_now());
			break;
		case SIGHUP:
			notify_reloading();
			daemon_reload(d);
			notify_ready();
			break;
		default:
			log_info("ending signal=%u", info.ssi_signo);
			d->is_ending = true;
			loop_stop(d->loop);
			break;
		}
	}
}

/* --- start and end -------------------------------------------------------- */

static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* store.h */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
		return -errno;
	}
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int daemon_open_feeds(struct daemon *d, const struct conf *conf)
{
	const struct feeds_options o = {
		.state = daemon_state(d, conf),
		.conf = conf,
		.noted = d->noted,
		.policies = conf->policies.lookup ? d->policies : NULL,
		.probes = daemon_network_probes(d, conf),
		.rings = d->rings,
		.breathe = daemon_breathe,
		.clock = &d->clock,
		.bounces = d->bounce.log,
		.bounced = daemon_bounce_add,
		.ctx = d,
	};
	int rc = feeds_open(&o, &d->feeds);

	for (unsigned i = 0; rc == 0 && i < conf->n_feeds; i++) {
		if (conf->feed[i].file != NULL) {
			watch_add_folder_of(d->watch, conf->feed[i].file);
		}
	}
	return rc;
}

/* Also as often as the service manager wants to hear of us, twice over. */
static unsigned tick_ms(void)
{
	unsigned half = notify_interval_ms() / 2;

	return half > 0 && half < TICK_MS ? half : TICK_MS;
}

static int open_loop(struct daemon *d)
{
	d->loop = loop_new();
	d->signals = open_signals();
	if (d->loop == NULL || d->signals < 0) {
		log_error("cannot start error=\"%s\"", strerror(errno));
		return EX_OSERR;
	}
	d->watch = watch_new();
	d->on_signal = loop_add_fd(d->loop, d->signals, on_signal, d);
	d->tick = loop_add_timer(d->loop, tick_ms(), on_tick, d);
	if (watch_fd(d->watch) >= 0) {
		d->on_change =
		    loop_add_fd(d->loop, watch_fd(d->watch), on_change, d);
	}
	return EX_OK;
}

/*
 * The children of a daemon that was just killed hold its locks until they are
 * gone: what is busy is tried again for a while.
 */
static int open_when_free(struct daemon *d, int (*open_it)(struct daemon *d))
{
	const struct timespec pause = { .tv_nsec = BUSY_MS * 1000000L };
	int rc = open_it(d);

	for (int i = 0; rc == ERR_BUSY && i < BUSY_TRIES; i++) {
		(void)nanosleep(&pause, NULL);
		rc = open_it(d);
	}
	return rc;
}

static int open_feeds(struct daemon *d)
{
	return daemon_open_feeds(d, &d->conf);
}

static int open_state(struct daemon *d)
{
	int rc = open_when_free(d, daemon_notes_open);

	daemon_bounce_start(d);
	rc = rc == 0 ? daemon_receivers_start(d) : rc;
	rc = rc == 0 ? open_when_free(d, open_feeds) : rc;
	if (rc != 0) {
		log_error("cannot open state=%s error=\"%s\"",
		    daemon_state(d, &d->conf), err_text(rc));
		return rc == ERR_BUSY ? EX_TEMPFAIL : EX_CANTCREAT;
	}
	rc =
	    server_open(d->loop, d->conf.run, daemon_on_request, d, &d->server);
	if (rc != 0) {
		log_error("cannot listen folder=%s error=\"%s\"", d->conf.run,
		    strerror(-rc));
		return EX_CANTCREAT;
	}
	daemon_pid_write(d);
	d->is_up = true;
	return EX_OK;
}

static void close_all(struct daemon *d)
{
	daemon_milter_stop(d, JOIN_MS);
	daemon_receivers_stop(d, JOIN_MS);
	daemon_network_stop(d, BRIEF_MS);
	if (d->is_up) {
		daemon_pid_remove(d);
	}
	if (d->is_up && d->feeds != NULL) {
		/* the last lines; much that is left to catch up with waits */
		work(d);
		feeds_drain(d->feeds, daemon_now());
	}
	daemon_bounce_stop(d);
	server_close(d->server);
	feeds_close(d->feeds);
	daemon_bounce_free(d);
	daemon_receivers_free(d);
	daemon_network_free(d);
	daemon_notes_close(d);
	loop_remove(d->soon);
	loop_remove(d->on_change);
	loop_remove(d->tick);
	loop_remove(d->on_signal);
	watch_free(d->watch);
	loop_free(d->loop);
	if (d->signals >= 0) {
		(void)close(d->signals);
	}
}

static void say_ready(int *ready)
{
	if (*ready >= 0) {
		(void)!write(*ready, "", 1);
		(void)close(*ready);
		*ready = -1;
	}
	notify_ready();
}

int daemon_run(const struct options *o, struct conf *conf, int ready)
{
	struct daemon d = { .options = o,
		.conf = *conf,
		.signals = -1,
		.bounce = { .fd = -1 } };
	int rc;

	*conf = (struct conf){ 0 };
	d.started = daemon_now();
	daemon_milter_init(&d);
	daemon_network_init(&d);
	when_zone_init();
	rc = daemon_prepare(&d);
	rc = rc == EX_OK ? daemon_enter_sandbox(&d) : rc;
	rc = rc == EX_OK ? open_loop(&d) : rc;
	rc = rc == EX_OK ? open_state(&d) : rc;
	if (rc == EX_OK) {
		log_info("started version=%s pid=%ld", PACKAGE_VERSION,
		    (long)getpid());
		/* mail first: the milter answers before logs are caught up */
		daemon_milter_tick(&d, daemon_now());
		daemon_receivers_tick(&d, daemon_now());
		say_ready(&ready);
		on_tick(&d);
		if (loop_run(d.loop) != 0) {
			log_error("cannot wait error=\"%s\"", strerror(errno));
			d.code = EX_OSERR;
		}
		rc = d.code;
		notify_stopping();
	}
	if (ready >= 0) {
		(void)close(ready);
	}
	close_all(&d);
	conf_release(&d.conf);
	return rc;
}
