/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_DAEMON_PRIVATE_H
#define MILTER_DAEMON_PRIVATE_H

#include "common/conf.h"
#include "common/live.h"
#include "lookup/loop.h"
#include "milter/child.h"
#include "milter/feeds.h"
#include "milter/options.h"
#include "milter/policy_table.h"
#include "milter/ring.h"
#include "milter/server.h"
#include "milter/socket_file.h"
#include "milter/watch.h"

/* What the daemon*.c share; nobody else includes this. */

/* What receives the datagrams of a feed. */
struct daemon_receiver {
	struct daemon *daemon;
	unsigned number;    /* of the feed in the configuration */
	struct ring *ring;  /* owned; NULL: the feed has no socket */
	struct child child; /* that fills it */
	struct loop_watch *watch;
};

/* News of reports that came back (common/bounce.h). */
struct daemon_bounce {
	struct bounce_log *log;   /* owned: reports on their way */
	int64_t saved;            /* when it was saved, or could not be */
	int fd;                   /* RUN/bounce; -1: not open */
	struct loop_watch *watch; /* NULL: this second has seen enough */
	struct socket_file file;
	char path[128]; /* of the socket */
	int64_t due;    /* when to try to open it again */
	unsigned left;  /* datagrams of this second */
	uint64_t lost;  /* news that could not be kept, not said yet */
	int64_t said;   /* when that was last said */
};

struct daemon {
	const struct options *options;
	struct conf conf;
	int64_t started;
	bool is_sandboxed;
	bool has_network; /* the sandbox lets children have the network */
	bool is_up;       /* all was opened: the loop runs, or has run */
	bool is_ending;   /* a signal said so */
	int code;         /* why the loop was left: an exit code */
	struct loop *loop;
	struct loop_watch *tick;
	struct loop_watch *soon; /* a look at the logs is due; NULL: none */
	struct loop_watch *on_signal;
	struct loop_watch *on_change;
	struct watch *watch; /* of the logs' folders */
	int signals;         /* signalfd(2) */
	struct feeds *feeds;
	struct sealing_clock clock;
	struct server *server;
	int64_t shown; /* when the service manager was last told */
	/* the sockets of feeds, by the number of the feed */
	struct daemon_receiver receiver[CONF_FEEDS];
	struct ring *rings[CONF_FEEDS];
	/* what looks up policies */
	struct child network;
	struct loop_watch *on_answer; /* its channel; NULL: it does not run */
	struct policy_table *policies;
	struct probe_table *probes;
	char dns_health[LIVE_TEXT]; /* its word; "": not known */
	/* the milter */
	struct child milter;
	struct loop_watch *on_note; /* its channel; NULL: it does not run */
	struct noted *noted;        /* NULL: notes cannot be kept */
	bool has_new_notes;         /* since the disk had them all */
	int64_t noted_synced;       /* when that was */
	struct daemon_bounce bounce;
};

/* The clock: the only place of the daemon that reads it. */
int64_t daemon_now(void);

/*
 * What must go on in long work: notes are taken, the service manager is told
 * that we live. Returns false when the daemon is to end.
 */
bool daemon_breathe(void *ctx);

/* daemon_start.c: folders, user, no way back. Returns an exit code. */
int daemon_prepare(struct daemon *d);

/*
 * Writes, and removes, RUN/telltls-milter.pid, for init scripts. That it
 * cannot be written is said, and no reason to stop.
 */
void daemon_pid_write(const struct daemon *d);
void daemon_pid_remove(const struct daemon *d);

/* The state directory: the command line goes before the configuration. */
const char *daemon_state(const struct daemon *d, const struct conf *conf);

/*
 * Reads the configuration. Returns EX_OK or EX_CONFIG; faults are in the log.
 */
int daemon_read_conf(const struct options *o, struct conf *conf);

/* Opens the feeds of a configuration. Returns 0 or an error. */
int daemon_open_feeds(struct daemon *d, const struct conf *conf);

/* On SIGHUP: a faulty configuration changes nothing. */
void daemon_reload(struct daemon *d);

/*
 * daemon_sandbox.c: what we and our children may do. All are inside what the
 * parent has entered, and no way leads out again; so a child that needs the
 * network is told of when a reload comes too late for it. Returns an exit code.
 */
int daemon_enter_sandbox(struct daemon *d);
void daemon_warn_of_sandbox(
    const struct daemon *d, bool needs_network, const char *key);

/* In a child that needs no network: gives it up. */
void daemon_forbid_network(void);

/* A request on the control socket. */
void daemon_on_request(void *ctx, struct server_client *c,
    const struct live *request, const int *fds, size_t n_fds);

/*
 * daemon_bounce.c: keeps the news that a report came back for telltls-report;
 * tick opens and closes the socket as the configuration wants it. Which reports
 * are on their way outlives us: start reads it, free writes it.
 */
void daemon_bounce_start(struct daemon *d);
void daemon_bounce_free(struct daemon *d);
void daemon_bounce_add(
    void *ctx, int64_t t, const char *token, struct view dsn);
void daemon_bounce_tick(struct daemon *d, int64_t now);
void daemon_bounce_stop(struct daemon *d);

/* Something has changed: the feeds are looked at before long. */
void daemon_look_soon(struct daemon *d);

/*
 * daemon_receivers.c: the sockets of feeds. start makes the rings and returns
 * 0 or -errno; tick starts the children that are due; after stop what they
 * received is still in the rings, until free, which says what is lost then.
 */
int daemon_receivers_start(struct daemon *d);
void daemon_receivers_tick(struct daemon *d, int64_t now);
void daemon_receivers_reap(struct daemon *d, int64_t now);
void daemon_receivers_stop(struct daemon *d, unsigned limit_ms);
void daemon_receivers_free(struct daemon *d);

/* Says of a socket's feed that nobody receives for it. */
void daemon_receivers_live(const struct daemon *d, struct live_feed *feed);

/* Do two configurations want other sockets? */
bool daemon_receivers_differ(const struct conf *a, const struct conf *b);

/* The group that may send to the socket of a feed. */
const char *daemon_receiver_group(const struct conf_feed *feed);

/* daemon_network.c: the child that looks up policies, and what it answers. */
void daemon_network_init(struct daemon *d);
void daemon_network_tick(struct daemon *d, int64_t now); /* starts it if due */
void daemon_network_ask(struct daemon *d); /* sends the questions that wait */
void daemon_network_reap(struct daemon *d, int64_t now);
void daemon_network_stop(struct daemon *d, unsigned limit_ms);
void daemon_network_free(struct daemon *d);

/* The table of probes; NULL: this configuration wants none. */
struct probe_table *daemon_network_probes(
    const struct daemon *d, const struct conf *conf);
void daemon_network_live(const struct daemon *d, struct live_daemon *out);
/* Starts it anew if its part of the configuration has changed. */
void daemon_network_reload(struct daemon *d, const struct conf *old);

/* daemon_milter.c: the child that speaks with the MTA, and what it notes. */
void daemon_milter_init(struct daemon *d);
void daemon_milter_tick(struct daemon *d, int64_t now); /* starts it if due */
void daemon_milter_reap(struct daemon *d, int64_t now);
void daemon_milter_stop(struct daemon *d, unsigned limit_ms);
/* Starts it anew if its part of the configuration has changed. */
void daemon_milter_reload(struct daemon *d, const struct conf *old);
bool daemon_milter_needs_network(const struct daemon *d);

/*
 * Opens STATE/notes. Returns ERR_BUSY where another process writes there; any
 * other error is said, and notes are not kept then.
 */
int daemon_notes_open(struct daemon *d);

void daemon_notes_drain(struct daemon *d);
void daemon_notes_close(struct daemon *d);

#endif
