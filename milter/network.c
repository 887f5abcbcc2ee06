/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.c - the child that looks up what recipients published
 *
 * Answers wait here when the parent is busy: it asks for few things at a time
 * (POLICY_TABLE_ASKED, PROBE_TABLE_ASKED), so few can wait, but for events, which are dropped when
 * there are too many, and counted in the log.
 */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/published.h"
#include "milter/network.h"
#include "milter/network_message.h"
#include "milter/network_probe.h"

enum {
	WAITING_B = 64 << 20,   /* of answers that wait for the parent */
	QUESTIONS_AT_ONCE = 64, /* then other things get their turn */
	TRY_MS = 100            /* to hand over what waits */
};

struct waiting {
	STAILQ_ENTRY(waiting) link;
	size_t len;
	char text[];
};

struct network {
	int channel;
	struct loop *loop;
	struct loop_watch *on_question;
	struct loop_watch *on_try; /* NULL: nothing waits */
	struct published *published;
	struct network_probe *probe; /* NULL: nothing is probed */
	STAILQ_HEAD(, waiting) waiting;
	size_t waiting_b;
	uint64_t dropped;
};

/* --- to the parent -------------------------------------------------------- */

static bool hand_over(struct network *n, const char *text, size_t len)
{
	ssize_t rc;

	do {
		rc = send(n->channel, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EMSGSIZE) {
		log_error("an answer does not fit into a message: raise "
			  "net.core.wmem_default bytes=%zu",
		    len);
		return true;
	}
	if (rc < 0 && errno != EAGAIN && errno != ENOBUFS) {
		loop_stop(n->loop); /* nobody is there any more */
		return true;
	}
	return rc >= 0;
}

static void try_again(void *ctx)
{
	struct network *n = ctx;
	struct waiting *w;

	while ((w = STAILQ_FIRST(&n->waiting)) != NULL &&
	    hand_over(n, w->text, w->len)) {
		STAILQ_REMOVE_HEAD(&n->waiting, link);
		n->waiting_b -= w->len;
		free(w);
	}
	if (w == NULL) {
		loop_remove(n->on_try);
		n->on_try = NULL;
	}
}

static void keep_waiting(struct network *n, const struct strbuf *text)
{
	struct waiting *w;

	if (n->waiting_b + text->len > WAITING_B) {
		if (n->dropped++ == 0) {
			log_warn("the daemon is too busy: answers are "
				 "dropped, and asked for again");
		}
		return;
	}
	w = xmalloc(sizeof(*w) + text->len);
	w->len = text->len;
	memcpy(w->text, text->s, text->len);
	STAILQ_INSERT_TAIL(&n->waiting, w, link);
	n->waiting_b += w->len;
	if (n->on_try == NULL) {
		n->on_try = loop_add_timer(n->loop, TRY_MS, try_again, n);
	}
}

static void tell(void *ctx, const struct network_message *m)
{
	struct network *n = ctx;
	struct strbuf text;

	strbuf_init(&text, (size_t)2 * NETWORK_MESSAGE_MAX);
	if (network_message_write(m, &text) == 0 &&
	    (!STAILQ_EMPTY(&n->waiting) || !hand_over(n, text.s, text.len))) {
		keep_waiting(n, &text);
	}
	strbuf_release(&text);
}

/* --- answers -------------------------------------------------------------- */

static void tell_set(
    struct network *n, struct network_message *m, const struct policy_set *set)
{
	struct strbuf content;

	strbuf_init(&content, POLICY_CONTENT_MAX);
	if (policy_set_write(set, &content) == 0) {
		m->content = view_make(content.s, content.len);
		tell(n, m);
	} else if (m->kind == NETWORK_POLICY) {
		/* too long to be kept: what cannot be told is not known */
		m->kind = NETWORK_LATER;
		m->since = 0;
		tell(n, m);
	}
	strbuf_release(&content);
}

static void on_answer(void *ctx, const struct published_answer *a)
{
	struct network_message m = {
		.domain = view_of(a->domain),
		.mx = view_of(a->mx),
		.again = a->again,
	};

	switch (a->kind) {
	case PUBLISHED_SET:
		if (a->set->is_sts_demanded && a->mx[0] == '\0' &&
		    a->set->sts == POLICY_STS_NONE) {
			/* RFC 8460 has no word for it */
			log_warn("no MTA-STS policy where there must be one "
				 "domain=%s",
			    a->domain);
		}
		m.kind = NETWORK_POLICY;
		m.since = a->at;
		tell_set(ctx, &m, a->set);
		return;
	case PUBLISHED_QUIET:
		m.kind = NETWORK_QUIET;
		break;
	case PUBLISHED_LATER:
		m.kind = NETWORK_LATER;
		break;
	}
	tell(ctx, &m);
}

static void on_event(void *ctx, const struct published_answer *a)
{
	struct network_message m = { .kind = NETWORK_EVENT,
		.domain = view_of(a->domain),
		.since = a->at };

	tell_set(ctx, &m, a->set);
}

static void on_health(void *ctx, enum dns_health health)
{
	const struct network_message m = { .kind = NETWORK_HEALTH,
		.word = view_of(dns_health_word(health)) };

	if (health == DNS_HEALTH_VALIDATING) {
		log_info("DNSSEC works health=%s", dns_health_word(health));
	} else if (health != DNS_HEALTH_UNKNOWN) {
		log_warn("DNSSEC cannot be relied on health=%s: %s",
		    dns_health_word(health), dns_health_text(health));
	}
	tell(ctx, &m);
}

/* --- questions ------------------------------------------------------------ */

static void ask(struct network *n, const struct network_message *m)
{
	char domain[DOMAIN_BUF];
	char mx[DOMAIN_BUF];

	if (m->kind == NETWORK_WANT &&
	    view_copy(m->domain, domain, sizeof(domain)) &&
	    view_copy(m->mx, mx, sizeof(mx))) {
		published_ask(n->published, domain, mx, on_answer, n);
	} else if (m->kind == NETWORK_PROBE && n->probe != NULL) {
		network_probe_ask(n->probe, m);
	}
}

static void on_question(void *ctx)
{
	struct network *n = ctx;

	for (int i = 0; i < QUESTIONS_AT_ONCE; i++) {
		char buf[2 * DOMAIN_BUF + IP_TEXT_MAX + 64];
		struct network_message m;
		ssize_t len = recv(n->channel, buf, sizeof(buf), MSG_DONTWAIT);

		if (len < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				loop_stop(n->loop);
			}
			return;
		}
		if (len == 0) {
			loop_stop(n->loop); /* the parent is gone */
			return;
		}
		if (network_message_parse(view_make(buf, (size_t)len), &m) ==
		    0) {
			ask(n, &m);
		}
	}
}

/* --- begin and end -------------------------------------------------------- */

static int open_published(struct network *n, const struct network_options *o)
{
	const struct conf *c = o->conf;
	struct dns_options dns;
	struct published_options options;
	struct strbuf error;
	int rc;

	published_options_of(c, &dns, &options);
	options.loop = n->loop;
	options.state = o->state;
	options.on_event = on_event;
	options.on_health = on_health;
	options.ctx = n;
	strbuf_init(&error, 1000);
	rc = published_new(&options, &n->published, &error);
	if (rc != 0) {
		log_error("cannot look anything up: %s", strbuf_str(&error));
	}
	strbuf_release(&error);
	return rc == 0 ? EX_OK : EX_UNAVAILABLE;
}

static void open_probe(struct network *n, const struct network_options *o)
{
	const struct network_probe_options options = {
		.loop = n->loop,
		.published = n->published,
		.conf = o->conf,
		.tell = tell,
		.ctx = n,
	};
	int rc = o->conf->probe != CONF_PROBE_OFF ?
	    network_probe_new(&options, &n->probe) :
	    0;

	if (rc != 0) {
		log_error("cannot probe error=\"%s\"", err_text(rc));
	}
}

int network_run(const struct network_options *o)
{
	struct network n = { .channel = o->channel };
	struct waiting *w;
	int rc = EX_OSERR;

	(void)signal(SIGPIPE, SIG_IGN);
	STAILQ_INIT(&n.waiting);
	n.loop = loop_new();
	if (n.loop == NULL) {
		log_error("cannot start error=\"%s\"", strerror(errno));
		return rc;
	}
	rc = open_published(&n, o);
	if (rc == EX_OK) {
		open_probe(&n, o);
		n.on_question = loop_add_fd(n.loop, n.channel, on_question, &n);
		rc = loop_run(n.loop) == 0 ? EX_OK : EX_OSERR;
	}
	published_free(n.published);
	network_probe_free(n.probe);
	loop_remove(n.on_try);
	loop_remove(n.on_question);
	while ((w = STAILQ_FIRST(&n.waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&n.waiting, link);
		free(w);
	}
	loop_free(n.loop);
	return rc;
}
