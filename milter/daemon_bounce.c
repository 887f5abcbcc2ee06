/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_bounce.c - news that a report came back, kept for telltls-report
 *
 * Anybody may send a datagram to RUN/bounce: mail for an alias is delivered by
 * a user that we do not know. What he can do there is to name a report, by
 * 128 random bits that only those know whom it went to. There is no connection
 * that could hang; more than a few a second wait in the socket, and then with
 * their senders, who try again.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/bounce.h"
#include "common/bounce_log.h"
#include "common/err.h"
#include "common/log.h"
#include "milter/daemon_private.h"

enum {
	EACH_SECOND = 200, /* datagrams */
	RETRY_S = 10,      /* to open the socket */
	SAY_S = 3600,      /* between two lines about losses */
	SAVE_S = 600,      /* between two writings of what is on its way */
	/* what the logs tell has room left, whatever strangers send */
	STRANGERS_MAX = BOUNCE_FILE_MAX / 2
};

static void lose(struct daemon *d, int rc)
{
	struct daemon_bounce *m = &d->bounce;
	int64_t now = daemon_now();

	m->lost++;
	if (m->said != 0 && now - m->said < SAY_S && now >= m->said) {
		return;
	}
	log_warn("cannot keep that reports came back state=%s n=%" PRIu64
		 " error=\"%s\"",
	    daemon_state(d, &d->conf), m->lost, err_text(rc));
	m->lost = 0;
	m->said = now;
}

static void keep(struct daemon *d, const struct bounce *b, size_t limit)
{
	int rc = bounce_append(daemon_state(d, &d->conf), b, limit);

	if (rc != 0) {
		lose(d, rc);
	} else {
		log_info("a report came back token=%s dsn=%s", b->token,
		    b->dsn[0] != '\0' ? b->dsn : "-");
	}
}

void daemon_bounce_add(void *ctx, int64_t t, const char *token, struct view dsn)
{
	struct daemon *d = ctx;
	struct bounce b;

	if (bounce_set(&b, t, view_of(token), dsn)) {
		keep(d, &b, BOUNCE_FILE_MAX);
	}
}

static void save(struct daemon *d)
{
	struct daemon_bounce *m = &d->bounce;
	int rc;

	if (!bounce_log_is_dirty(m->log)) {
		return;
	}
	rc = bounce_log_save(m->log, daemon_state(d, &d->conf));
	if (rc != 0) {
		log_warn("cannot keep which reports are on their way state=%s "
			 "error=\"%s\"",
		    daemon_state(d, &d->conf), err_text(rc));
	}
}

void daemon_bounce_start(struct daemon *d)
{
	int rc;

	d->bounce.log = bounce_log_new();
	rc = bounce_log_load(d->bounce.log, daemon_state(d, &d->conf));
	if (rc != 0) {
		log_warn("cannot read which reports are on their way state=%s "
			 "error=\"%s\"",
		    daemon_state(d, &d->conf), err_text(rc));
	}
	d->bounce.saved = daemon_now();
}

void daemon_bounce_free(struct daemon *d)
{
	if (d->bounce.log != NULL) {
		save(d);
	}
	bounce_log_free(d->bounce.log);
	d->bounce.log = NULL;
}

static void stop_watching(struct daemon_bounce *m)
{
	loop_remove(m->watch);
	m->watch = NULL;
}

static void on_datagram(void *ctx)
{
	struct daemon *d = ctx;
	struct daemon_bounce *m = &d->bounce;
	char buf[BOUNCE_PACKET + 1]; /* one more shows that it is longer */
	struct bounce b;

	while (m->left > 0) {
		ssize_t n = recv(m->fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0) {
			return;
		}
		m->left--;
		if (bounce_parse_packet(
			view_make(buf, (size_t)n), daemon_now(), &b) == 0) {
			keep(d, &b, STRANGERS_MAX);
		}
	}
	stop_watching(m);
}

static int open_socket(struct daemon *d)
{
	static const struct socket_rights rights = { .mode = 0666 };
	struct daemon_bounce *m = &d->bounce;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t old;
	int rc;

	if (bounce_socket(d->conf.run, m->path, sizeof(m->path))[0] == '\0' ||
	    !view_copy(
		view_of(m->path), address.sun_path, sizeof(address.sun_path))) {
		return -ENAMETOOLONG;
	}
	rc = socket_file_clear(&m->file, m->path, SOCK_DGRAM);
	if (rc != 0) {
		return rc;
	}
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd < 0) {
		return -errno;
	}
	old = umask(0177); /* its owner's alone at first */
	rc = bind(m->fd, (const struct sockaddr *)&address, sizeof(address)) ==
		0 ?
	    socket_file_grant(&m->file, &rights) :
	    -errno;
	(void)umask(old);
	return rc;
}

void daemon_bounce_stop(struct daemon *d)
{
	struct daemon_bounce *m = &d->bounce;

	if (m->fd < 0) {
		return;
	}
	/* nobody finds it any more; what came before is kept */
	socket_file_remove(&m->file);
	m->left = EACH_SECOND;
	on_datagram(d);
	stop_watching(m);
	(void)close(m->fd);
	m->fd = -1;
}

static void start(struct daemon *d, int64_t now)
{
	int rc = open_socket(d);

	if (rc == 0) {
		return;
	}
	if (d->bounce.fd >= 0) {
		(void)close(d->bounce.fd);
		d->bounce.fd = -1;
	}
	if (d->bounce.due == 0) {
		log_warn("cannot listen socket=%s error=\"%s\": bounces that "
			 "come by mail wait",
		    d->bounce.path, err_text(rc));
	}
	d->bounce.due = now + RETRY_S;
}

void daemon_bounce_tick(struct daemon *d, int64_t now)
{
	struct daemon_bounce *m = &d->bounce;
	bool is_wanted = d->conf.recipient_delimiter != 0;

	if (now - m->saved >= SAVE_S || now < m->saved) {
		m->saved = now;
		save(d);
	}
	if (!is_wanted) {
		daemon_bounce_stop(d);
		return;
	}
	if (m->fd < 0 && (now >= m->due || now < m->due - RETRY_S)) {
		start(d, now);
	}
	m->left = EACH_SECOND;
	if (m->fd >= 0 && m->watch == NULL) {
		m->watch = loop_add_fd(d->loop, m->fd, on_datagram, d);
	}
}
