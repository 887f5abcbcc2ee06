/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.c - the milter: libmilter's callbacks, and the life of its process
 *
 * The only file that includes libmilter. It owns threads (one a connection;
 * Debian's, a pool of workers) and signals: it stops on SIGHUP, and up to 5 s
 * after SIGTERM. So it runs in a thread of its own, while the main thread,
 * which the kernel prefers for signals that it does not block, ignores the one
 * and answers the other.
 */

#include "config.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/filter.h"
#include "milter/message.h"
#include "milter/socket_file.h"

enum {
	/* an MTA is silent while it receives a long message: not less than
	   any timeout of SMTP (RFC 5321 4.5.3.2) */
	TIMEOUT_S = 2 * 60 * 60,
	/* where it is full, an MTA goes on without us, and nobody counts it;
	   the kernel has a bound of its own */
	BACKLOG = 4096,
	/* bytes of notes that wait for a parent that is busy, as far as the
	   kernel allows: some 800 a note */
	ROOM = 1 << 20,
};

/*
 * What a program has one of: libmilter hands nothing of ours to a callback,
 * nor the kernel to a signal handler. Set before the first thread is there.
 */
static struct {
	const struct filter_options *o;
	_Atomic uint64_t dropped; /* notes, since the last one that went */
	atomic_int result;        /* of libmilter, when it returned */
	atomic_bool is_over;      /* it did */
	int wake;                 /* eventfd: something happened */
} filter;

static void wake_up(void)
{
	const uint64_t one = 1;

	(void)!write(filter.wake, &one, sizeof(one));
}

/* Hands a note over, or drops it: whoever waits is not this process. */
static void send_note(struct note *note)
{
	char buf[NOTE_MAX];
	size_t len;

	note->dropped = atomic_exchange(&filter.dropped, 0);
	len = note_format(note, buf);
	if (send(filter.o->channel, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)len) {
		(void)atomic_fetch_add(&filter.dropped,
		    note->dropped + (note_is_report(note) ? 0 : 1));
	}
}

/* What was dropped since the last note that went. */
static void send_report(void)
{
	struct note note;

	note_init(&note);
	if (atomic_load(&filter.dropped) > 0) {
		send_note(&note);
	}
}

/* The message of a connection; NULL: none, or no memory for it. */
static struct message *message_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

static void forget_message(SMFICTX *ctx)
{
	free(message_of(ctx));
	(void)smfi_setpriv(ctx, NULL);
}

/*
 * Nothing but the queue id. An MTA that cannot be asked sends more, and that
 * among it. Sendmail 8.17 heeds the list of the message's end only if there is
 * one of the header's end, and sends macros of steps that it does not send.
 */
static void ask_for_macros(SMFICTX *ctx)
{
	static char queue_id[] = "i";
	static char nothing[] = "";

	static const struct {
		int stage;
		char *names;
	} lists[] = {
		{ SMFIM_CONNECT, nothing },
		{ SMFIM_HELO, nothing },
		{ SMFIM_ENVFROM, queue_id },
		{ SMFIM_ENVRCPT, nothing },
		{ SMFIM_DATA, nothing },
		{ SMFIM_EOH, nothing },
		{ SMFIM_EOM, queue_id },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		(void)smfi_setsymlist(ctx, lists[i].stage, lists[i].names);
	}
}

/*
 * No actions, no steps that we do not need, and no waiting for answers: where
 * the MTA does not know the latter, libmilter answers at once.
 */
/* NOLINTNEXTLINE(readability-function-size): libmilter gives the parameters */
static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions,
    unsigned long steps, unsigned long f2, unsigned long f3,
    unsigned long *out_actions, unsigned long *out_steps, unsigned long *out_f2,
    unsigned long *out_f3)
{
	static const unsigned long unwanted = SMFIP_NOCONNECT | SMFIP_NOHELO |
	    SMFIP_NOBODY | SMFIP_NOEOH | SMFIP_NOUNKNOWN | SMFIP_NODATA;
	static const unsigned long no_reply =
	    SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR;

	(void)actions;
	(void)f2;
	(void)f3;
	*out_actions = SMFIF_NONE;
	*out_steps = (unwanted & steps) | no_reply;
	*out_f2 = 0;
	*out_f3 = 0;
	ask_for_macros(ctx);
	return SMFIS_CONTINUE;
}

static sfsistat on_mail(SMFICTX *ctx, char **args)
{
	struct message *m = message_of(ctx);

	if (m == NULL) {
		m = malloc(sizeof(*m));
		(void)smfi_setpriv(ctx, m);
	}
	if (m != NULL) {
		message_begin(m, (const char *const *)args,
		    filter.o->own_senders, filter.o->delimiter);
	}
	return SMFIS_NOREPLY;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **args)
{
	struct message *m = message_of(ctx);

	if (m != NULL) {
		message_rcpt(m, view_of(args[0]));
	}
	return SMFIS_NOREPLY;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
	struct message *m = message_of(ctx);

	if (m != NULL) {
		message_field(m, view_of(name), view_of(value));
	}
	return SMFIS_NOREPLY;
}

static sfsistat on_end(SMFICTX *ctx)
{
	static char queue_id[] = "i";
	struct message *m = message_of(ctx);

	if (m != NULL) {
		send_note(message_end(
		    m, view_of(smfi_getsymval(ctx, queue_id)), time(NULL)));
	} else {
		(void)atomic_fetch_add(&filter.dropped, 1);
	}
	forget_message(ctx);
	return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	forget_message(ctx);
	return SMFIS_CONTINUE;
}

static int register_callbacks(void)
{
	static char name[] = "telltls";
	const struct smfiDesc desc = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_NONE,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_field,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_abort,
		.xxfi_negotiate = on_negotiate,
	};

	return smfi_register(desc) == MI_SUCCESS &&
		smfi_settimeout(TIMEOUT_S) == MI_SUCCESS &&
		smfi_setbacklog(BACKLOG) == MI_SUCCESS ?
	    0 :
	    -ENOMEM;
}

/* Creates the socket; a unix socket is its owner's alone at first. */
static int listen_on(const char *socket)
{
	char *text = xstrdup(socket); /* libmilter does not promise const */
	mode_t old = umask(0177);
	int rc = smfi_setconn(text);

	free(text);
	if (rc != MI_SUCCESS) {
		(void)umask(old);
		return -ENOMEM;
	}
	errno = 0;
	rc = smfi_opensocket(false) == MI_SUCCESS ? 0 :
	    errno != 0                            ? -errno :
						    -EIO;
	(void)umask(old);
	return rc;
}

/* A descriptor for each connection: libmilter spins where there is none. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void make_room(int channel)
{
	const int size = ROOM;

	(void)setsockopt(channel, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	wake_up();
	errno = saved;
}

static void take_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	(void)sigemptyset(&stop.sa_mask);
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *serve(void *unused)
{
	(void)unused;
	atomic_store(&filter.result, smfi_main() == MI_SUCCESS ? 0 : -EIO);
	atomic_store(&filter.is_over, true);
	wake_up();
	return NULL;
}

/* Waits for the end, of whatever kind. */
static int wait_for_end(void)
{
	struct pollfd fds[] = {
		{ .fd = filter.wake, .events = POLLIN },
		{ .fd = filter.o->channel },
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	if (atomic_load(&filter.is_over)) {
		return atomic_load(&filter.result);
	}
	log_info("the milter ends cause=%s",
	    fds[1].revents != 0 ? "parent-gone" : "signal");
	return 0;
}

/* All that can fail. */
static int start(const struct filter_options *o, struct socket_file *s)
{
	static const char prefix[] = "unix:";
	bool is_file = view_starts(view_of(o->socket), prefix);
	pthread_t thread;
	int rc = socket_file_clear(
	    s, is_file ? o->socket + strlen(prefix) : NULL, SOCK_STREAM);

	if (rc == 0) {
		rc = register_callbacks();
	}
	if (rc == 0) {
		rc = listen_on(o->socket);
	}
	if (rc == 0) {
		rc = socket_file_grant(s, &o->rights);
	}
	if (rc == 0) {
		take_signals();
		rc = -pthread_create(&thread, NULL, serve, NULL);
	}
	return rc;
}

int filter_run(const struct filter_options *o)
{
	struct socket_file s;
	int rc;

	filter.o = o;
	filter.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (filter.wake < 0) {
		return -errno;
	}
	raise_limit();
	make_room(o->channel);
	rc = start(o, &s);
	if (rc == 0) {
		log_info("the milter listens socket=%s", o->socket);
		rc = wait_for_end();
		send_report();
	}
	if (rc != 0) {
		log_error("the milter cannot serve socket=%s: %s", o->socket,
		    err_text(rc));
	}
	socket_file_remove(&s);
	return rc;
}
