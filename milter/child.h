/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_CHILD_H
#define MILTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child process of the daemon with a role of its own, and one channel to
 * it: a pair of SOCK_SEQPACKET sockets that never wait. A child that dies is
 * started again, after a pause that grows with each early death. Time comes in
 * as an argument.
 */
enum {
	CHILD_PAUSE_MAX_S = 60, /* the longest pause before a new start */
	CHILD_WELL_S = 60, /* a child that lived so long starts anew at once */
};

/* What a child does. Returns its exit code; channel is its own end. */
typedef int (*child_fn)(void *ctx, int channel);

struct child {
	const char *name; /* "milter", for the log; "telltls-milter" for ps */
	child_fn run;
	void *ctx;        /* of run; borrowed */
	pid_t pid;        /* 0: it does not run */
	int channel;      /* our end; -1: it does not run */
	int keep;         /* a descriptor of ours that it has too; -1: none */
	int64_t started;  /* when it was last started */
	int64_t due;      /* when it is to be started */
	unsigned pause_s; /* the last pause */
	uint64_t starts;  /* how often it was started */
	bool is_wanted;   /* false: it stays dead */
	bool has_failed;  /* its start was refused: said once */
};

/* Not running, to be started at the first child_tick(); keeps nothing. */
void child_init(struct child *c, const char *name, child_fn run, void *ctx);

/*
 * Starts it if it is due. In the child all signals have their default action
 * again, its parent's death ends it, and only its channel, the one to keep and
 * the standard descriptors are known to it. Returns true if it was started now: the
 * channel is a new one.
 */
bool child_tick(struct child *c, int64_t now);

/*
 * Looks whether it has ended, and says so in the log. Returns true if it has:
 * the channel was closed.
 */
bool child_reap(struct child *c, int64_t now);

/* Asks it to end; it is not started again. */
void child_stop(struct child *c);

/* Asks it to end and to be started again, with what ctx says by then. */
void child_restart(struct child *c);

/*
 * Waits until it has ended, at most so long. It is not reaped: what it left in
 * its channel can still be read.
 */
void child_await(const struct child *c, unsigned limit_ms);

/* Waits for its end, at most so long; then it is killed. */
void child_join(struct child *c, unsigned limit_ms);

#endif
