/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - looks at the TLS of mail servers
 *
 * One probe is one connection: greeting, EHLO, STARTTLS, handshake, QUIT. What
 * a server answers decides only how far that goes, and no step waits longer
 * than the time that the whole probe has.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/mem.h"
#include "lookup/connection.h"
#include "lookup/loop.h"
#include "lookup/probe.h"
#include "lookup/probe_tls.h"
#include "lookup/smtp_reply.h"
#include "lookup/trust.h"

enum {
	PORT = 25,
	TIMEOUT_MS = 60000,
	PARALLEL = 20,
	WAITING = 1000,
	OUT = 300 /* of the longest command */
};

enum step {
	STEP_WAITING, /* for other probes to end */
	STEP_CONNECT,
	STEP_GREETING,
	STEP_EHLO,
	STEP_STARTTLS,
	STEP_HANDSHAKE
};

struct probe {
	TAILQ_ENTRY(probe) link;
	struct prober *owner;
	struct arena *arena; /* of the target */
	struct probe_target target;
	probe_fn fn;
	void *ctx;
	enum step step;
	int fd; /* -1: none */
	struct loop_watch *watch;
	bool is_writing; /* what the watch waits for */
	struct loop_watch *timer;
	struct probe_tls *tls;
	char in[SMTP_REPLY_MAX + 1];
	size_t n_in;
	struct probe_result result;
};

TAILQ_HEAD(probes, probe);

struct prober {
	struct prober_options o;
	struct trust *trust;
	struct probe_tls_all *tls;
	struct probes waiting;
	struct probes running;
	unsigned n; /* in both */
	unsigned n_running;
};

/* --- begin and end -------------------------------------------------------- */

static void probe_free(struct probe *p)
{
	loop_remove(p->watch);
	loop_remove(p->timer);
	probe_tls_free(p->tls);
	if (p->fd >= 0) {
		(void)close(p->fd);
	}
	arena_free(p->arena);
	free(p);
}

static void start_next(struct prober *owner);

static void finish(void *ctx)
{
	struct probe *p = ctx;
	struct prober *owner = p->owner;

	TAILQ_REMOVE(&owner->running, p, link);
	owner->n_running--;
	owner->n--;
	p->fn(p->ctx, &p->result);
	probe_free(p);
	start_next(owner);
}

/* The result is there; it is told from the loop. */
static void end(struct probe *p, enum probe_end how, const char *token)
{
	p->result.end = how;
	(void)snprintf(p->result.token, sizeof(p->result.token), "%s", token);
	loop_remove(p->watch);
	p->watch = NULL;
	loop_remove(p->timer);
	p->timer = loop_add_timer(p->owner->o.loop, 0, finish, p);
}

static void end_tls(struct probe *p, enum fact_tls tls, const char *token)
{
	p->result.tls = tls;
	end(p, PROBE_TLS, token);
}

/* It came no further; tls_token: why, once STARTTLS was said. */
static void fail(struct probe *p, const char *token, const char *tls_token)
{
	switch (p->step) {
	case STEP_WAITING:
	case STEP_CONNECT:
		end(p, PROBE_NO_CONNECTION, token);
		break;
	case STEP_GREETING:
	case STEP_EHLO:
		end(p, PROBE_NO_SMTP, token);
		break;
	case STEP_STARTTLS:
	case STEP_HANDSHAKE:
		end_tls(p, FACT_TLS_FAILED, tls_token);
		break;
	}
}

static void closed(struct probe *p)
{
	fail(p, "connection-closed", "connection-closed-during-handshake");
}

static void on_timeout(void *ctx)
{
	fail(ctx, "timeout", "timeout-during-handshake");
}

static void go_on(void *ctx);

static void wait_for(struct probe *p, bool is_writing)
{
	if (p->watch != NULL && p->is_writing == is_writing) {
		return;
	}
	loop_remove(p->watch);
	p->is_writing = is_writing;
	p->watch = is_writing ?
	    loop_add_writable(p->owner->o.loop, p->fd, go_on, p) :
	    loop_add_fd(p->owner->o.loop, p->fd, go_on, p);
}

/* --- the handshake -------------------------------------------------------- */

static void shake_hands(struct probe *p)
{
	char token[TLS_REASON_BUF] = "";

	switch (probe_tls_step(p->tls, token)) {
	case PROBE_TLS_READ:
		wait_for(p, false);
		break;
	case PROBE_TLS_WRITE:
		wait_for(p, true);
		break;
	case PROBE_TLS_UP:
		probe_tls_judge(p->tls, &p->result);
		probe_tls_quit(p->tls);
		end_tls(p, FACT_TLS_OK, "");
		break;
	case PROBE_TLS_FAILED:
		end_tls(p, FACT_TLS_FAILED, token);
		break;
	}
}

static void start_handshake(struct probe *p)
{
	p->step = STEP_HANDSHAKE;
	if (p->n_in > 0) {
		/* in clear, behind the reply (RFC 3207 4.2) */
		end_tls(p, FACT_TLS_FAILED, "not-tls");
		return;
	}
	p->tls = probe_tls_new(p->owner->tls, p->fd, &p->target);
	if (p->tls == NULL) {
		end(p, PROBE_NO_SMTP, "internal");
		return;
	}
	shake_hands(p);
}

/* --- SMTP ----------------------------------------------------------------- */

/* A command fits into the empty buffer of a socket. */
static bool say(struct probe *p, const char *command)
{
	size_t len = strlen(command);

	return send(p->fd, command, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void next(struct probe *p, enum step step, const char *command)
{
	p->step = step;
	if (!say(p, command)) {
		closed(p);
	}
}

/* It refused to talk: nothing is known of its TLS. */
static void end_refused(struct probe *p, unsigned code)
{
	char token[TLS_REASON_BUF];

	(void)snprintf(token, sizeof(token), "smtp-reply-%u", code);
	(void)say(p, "QUIT\r\n");
	end(p, PROBE_NO_SMTP, token);
}

static void on_greeting(struct probe *p, const struct smtp_reply *reply)
{
	char command[OUT];

	if (reply->code != 220) {
		end_refused(p, reply->code);
		return;
	}
	(void)snprintf(
	    command, sizeof(command), "EHLO %s\r\n", p->owner->o.helo);
	next(p, STEP_EHLO, command);
}

static void on_ehlo(struct probe *p, const struct smtp_reply *reply)
{
	/* it knows no EHLO, and so no extensions (RFC 5321 3.2) */
	bool is_old =
	    reply->code == 500 || reply->code == 502 || reply->code == 504;
	char name[DOMAIN_BUF];

	if (reply->code != 250 && !is_old) {
		end_refused(p, reply->code);
		return;
	}
	if (!is_old && domain_normalise(smtp_reply_name(reply), name) > 0) {
		(void)view_copy(
		    view_of(name), p->result.helo, sizeof(p->result.helo));
	}
	if (is_old || !smtp_reply_offers(reply, "STARTTLS")) {
		(void)say(p, "QUIT\r\n");
		end_tls(p, FACT_TLS_NOT_OFFERED, "starttls-not-offered");
		return;
	}
	next(p, STEP_STARTTLS, "STARTTLS\r\n");
}

static void on_starttls(struct probe *p, const struct smtp_reply *reply)
{
	char token[TLS_REASON_BUF];

	if (reply->code == 220) {
		start_handshake(p);
		return;
	}
	(void)say(p, "QUIT\r\n");
	(void)snprintf(token, sizeof(token), "starttls-reply-%u", reply->code);
	end_tls(p, reply->code >= 400 ? FACT_TLS_REFUSED : FACT_TLS_FAILED,
	    reply->code >= 400 ? token : "tls-handshake-failure");
}

static void on_reply(struct probe *p, const struct smtp_reply *reply)
{
	switch (p->step) {
	case STEP_GREETING:
		on_greeting(p, reply);
		break;
	case STEP_EHLO:
		on_ehlo(p, reply);
		break;
	case STEP_STARTTLS:
		on_starttls(p, reply);
		break;
	case STEP_WAITING:
	case STEP_CONNECT:
	case STEP_HANDSHAKE:
		break;
	}
}

/*
 * One reply to one command. What comes before we spoke is none, but what comes
 * behind the reply to STARTTLS is seen by start_handshake().
 */
static void read_reply(struct probe *p)
{
	struct smtp_reply reply;
	char text[SMTP_REPLY_MAX + 1];
	ssize_t n = recv(p->fd, p->in + p->n_in, sizeof(p->in) - p->n_in, 0);
	int used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		closed(p);
		return;
	}
	p->n_in += (size_t)n;
	used = smtp_reply_parse(view_make(p->in, p->n_in), &reply);
	if (used == ERR_PARTIAL) {
		return;
	}
	if (used < 0) {
		fail(p, "smtp-malformed", "not-tls");
		return;
	}
	memcpy(text, reply.text.s, reply.text.len);
	reply.text.s = text;
	p->n_in -= (size_t)used;
	if (p->n_in > 0 && p->step != STEP_STARTTLS) {
		fail(p, "smtp-malformed", "not-tls");
		return;
	}
	on_reply(p, &reply);
}

/* --- the connection ------------------------------------------------------- */

static void on_connected(struct probe *p)
{
	int rc = connection_error(p->fd);

	if (rc != 0) {
		end(p, PROBE_NO_CONNECTION, connection_token(rc));
		return;
	}
	p->step = STEP_GREETING;
	wait_for(p, false);
}

static void go_on(void *ctx)
{
	struct probe *p = ctx;

	if (p->step == STEP_CONNECT) {
		on_connected(p);
	} else if (p->step == STEP_HANDSHAKE) {
		shake_hands(p);
	} else {
		read_reply(p);
	}
}

static void start(struct probe *p)
{
	const struct prober_options *o = &p->owner->o;
	int rc;

	p->step = STEP_CONNECT;
	(void)trust_refresh(p->owner->trust);
	p->timer = loop_add_timer(o->loop,
	    o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS, on_timeout, p);
	rc = connection_start(
	    &p->target.ip, o->port > 0 ? o->port : PORT, &p->fd);
	if (rc != 0) {
		end(p, PROBE_NO_CONNECTION, connection_token(rc));
	} else {
		wait_for(p, true);
	}
}

static void start_next(struct prober *owner)
{
	unsigned limit = owner->o.parallel > 0 ? owner->o.parallel : PARALLEL;
	struct probe *p;

	while (owner->n_running < limit &&
	    (p = TAILQ_FIRST(&owner->waiting)) != NULL) {
		TAILQ_REMOVE(&owner->waiting, p, link);
		TAILQ_INSERT_TAIL(&owner->running, p, link);
		owner->n_running++;
		start(p);
	}
}

/* --- for others ----------------------------------------------------------- */

int prober_new(const struct prober_options *o, struct prober **out)
{
	struct prober *p = xcalloc(1, sizeof(*p));

	*out = NULL;
	p->o = *o;
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->running);
	p->trust = trust_new(o->ca_file);
	(void)trust_refresh(p->trust);
	p->tls = probe_tls_all_new(p->trust);
	if (p->tls == NULL) {
		prober_free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

static void free_all(struct probes *list)
{
	struct probe *p;

	while ((p = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, p, link);
		probe_free(p);
	}
}

void prober_free(struct prober *p)
{
	if (p != NULL) {
		free_all(&p->waiting);
		free_all(&p->running);
		probe_tls_all_free(p->tls);
		trust_free(p->trust);
		free(p);
	}
}

bool prober_has_roots(const struct prober *p)
{
	return trust_is_ready(p->trust);
}

static void copy_target(struct probe *p, const struct probe_target *target)
{
	struct view *records =
	    arena_alloc(p->arena, (target->n_records + 1) * sizeof(*records));

	for (size_t i = 0; i < target->n_records; i++) {
		records[i] = arena_view(p->arena, target->records[i]);
	}
	p->target = *target;
	p->target.mx = arena_strndup(p->arena, target->mx, strlen(target->mx));
	p->target.base =
	    arena_strndup(p->arena, target->base, strlen(target->base));
	p->target.records = records;
}

int probe_start(struct prober *owner, const struct probe_target *target,
    probe_fn fn, void *ctx)
{
	struct probe *p;

	if (!owner->o.allow_private && !ip_is_public(&target->ip)) {
		return ERR_NOT_FOUND;
	}
	if (owner->n >= (owner->o.waiting > 0 ? owner->o.waiting : WAITING)) {
		return ERR_FULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->owner = owner;
	p->arena = arena_new();
	p->fd = -1;
	p->fn = fn;
	p->ctx = ctx;
	p->result.chain_text = p->result.chain_token = p->result.dane_token =
	    "";
	copy_target(p, target);
	owner->n++;
	TAILQ_INSERT_TAIL(&owner->waiting, p, link);
	start_next(owner);
	return 0;
}

void probe_fact(
    const struct probe_result *result, bool is_dane, struct fact *out)
{
	*out = (struct fact){
		.tls = result->tls,
		.reason = view_of(result->token),
		.version = view_of(result->version),
		.helo = view_of(result->helo),
		.chain = is_dane ? result->dane_chain : result->chain,
		.name = is_dane ? result->dane_name : result->name,
		.dane = is_dane ? result->dane : FACT_DANE_NONE,
	};
}
