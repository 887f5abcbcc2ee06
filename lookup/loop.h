/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_LOOP_H
#define LOOKUP_LOOP_H

struct event_base;

/*
 * The event loop of the daemon's parent: descriptors and timers, one callback
 * at a time. A child of fork() must call none of these; it keeps
 * nothing of the loop's but descriptors that are closed on exec.
 */
struct event_base;
struct loop;
struct loop_watch; /* one thing that is waited for */

typedef void (*loop_fn)(void *ctx);

/* NULL: the system refused; errno tells. */
struct loop *loop_new(void);

/* All watches must be gone. NULL is allowed. */
void loop_free(struct loop *l);

/* Runs callbacks until loop_stop(). Returns 0, or -1 if it cannot wait. */
int loop_run(struct loop *l);

/* After the callback that is running now. */
void loop_stop(struct loop *l);

/*
 * Calls fn whenever fd can be read, or written to, or every ms milliseconds.
 * ctx is borrowed. Never NULL: without memory the program ends. A watch may be
 * removed in its own callback.
 */
struct loop_watch *loop_add_fd(struct loop *l, int fd, loop_fn fn, void *ctx);
struct loop_watch *loop_add_writable(
    struct loop *l, int fd, loop_fn fn, void *ctx);
struct loop_watch *loop_add_timer(
    struct loop *l, unsigned ms, loop_fn fn, void *ctx);

/* For what plugs into libevent by itself (fetch.h); borrowed. */
struct event_base *loop_base(struct loop *l);

/* NULL is allowed. */
void loop_remove(struct loop_watch *w);

#endif
