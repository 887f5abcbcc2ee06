/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network_probe.c - the probes that the daemon's parent asks for
 *
 * What the domain publishes is looked up first, by the same tables that answer
 * the parent, for the TLSA records are part of what is looked at. Then the host
 * is left alone for hours, whatever the probe came to.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/policy_probe.h"
#include "lookup/lookup_loop.h"
#include "lookup/probe.h"
#include "milter/network_probe.h"
#include "milter/probe_limit.h"

enum {
	LATER_S = 900 /* what could not be done now */
};

/* One question. */
struct ask {
	LIST_ENTRY(ask) link;
	struct network_probe *p;
	char domain[DOMAIN_BUF];
	char mx[DOMAIN_BUF];
	struct ip ip;
	struct arena *arena; /* what follows borrows it */
	const char *base;
	const struct view *records;
	size_t n_records;
};

struct network_probe {
	struct network_probe_options o;
	char helo[DOMAIN_BUF];
	struct prober *prober;
	struct probe_limit *limit;
	LIST_HEAD(, ask) asks;
	unsigned n_open;
};

/* --- answers --------------------------------------------------------------- */

static void ask_free(struct ask *a)
{
	LIST_REMOVE(a, link);
	a->p->n_open--;
	arena_free(a->arena);
	free(a);
}

static void answer(struct ask *a, enum network_kind kind, int64_t at,
    int64_t again, struct view content)
{
	const struct network_message m = {
		.kind = kind,
		.domain = view_of(a->domain),
		.mx = view_of(a->mx),
		.ip = a->ip,
		.since = at,
		.again = again,
		.content = content,
	};

	a->p->o.tell(a->p->o.ctx, &m);
	ask_free(a);
}

static void answer_nothing(struct ask *a, int64_t again)
{
	answer(a, NETWORK_UNPROBED, 0, again, view_of(""));
}

/* --- the probe ------------------------------------------------------------- */

static void fill(
    const struct ask *a, const struct probe_result *r, struct policy_probe *out)
{
	*out = (struct policy_probe){
		.at = lookup_loop_now(),
		.ip = a->ip,
		.chain = r->chain,
		.chain_reason = view_of(r->chain_token),
		.name = r->name,
	};
	/* of records that cannot be used nothing is to be settled */
	if (r->dane == FACT_DANE_MATCH || r->dane == FACT_DANE_MISMATCH) {
		out->dane = r->dane;
		out->dane_chain = r->dane_chain;
		out->dane_reason = view_of(r->dane_token);
		out->dane_name = r->dane_name;
		out->base = view_of(a->base);
		out->records = a->records;
		out->n_records = a->n_records;
	}
}

/* Without TLS it settles nothing of a session that had it. */
static void on_probe(void *ctx, const struct probe_result *r)
{
	struct ask *a = ctx;
	int64_t again = lookup_loop_now() + POLICY_PROBE_NEAR_S;
	struct policy_probe seen;
	struct strbuf content;

	if (r->end != PROBE_TLS || r->tls != FACT_TLS_OK) {
		answer_nothing(a, again);
		return;
	}
	fill(a, r, &seen);
	strbuf_init(&content, POLICY_PROBE_MAX);
	if (policy_probe_write(&seen, &content) == 0) {
		answer(a, NETWORK_PROBED, seen.at, again,
		    view_make(content.s, content.len));
	} else {
		answer_nothing(a, again);
	}
	strbuf_release(&content);
}

static void probe(struct ask *a)
{
	const struct probe_target target = {
		.mx = a->mx,
		.ip = a->ip,
		.base = a->base,
		.records = a->records,
		.n_records = a->n_records,
	};
	struct view mx = view_of(a->mx);
	int64_t now = lookup_loop_now();
	int64_t again = probe_limit_take(a->p->limit, mx, &a->ip, now);
	int rc;

	if (again != 0) {
		answer_nothing(a, again);
		return;
	}
	rc = probe_start(a->p->prober, &target, on_probe, a);
	if (rc == ERR_NOT_FOUND) { /* no address of the Internet */
		answer_nothing(a, now + POLICY_PROBE_NEAR_S);
	} else if (rc != 0) {
		probe_limit_give_back(a->p->limit, mx, &a->ip);
		answer_nothing(a, now + LATER_S);
	}
}

/* --- the policy ------------------------------------------------------------ */

static void take_records(struct ask *a, const struct policy_set *set)
{
	struct view *records =
	    arena_alloc(a->arena, (set->n_records + 1) * sizeof(*records));

	for (size_t i = 0; i < set->n_records; i++) {
		records[i] = arena_view(a->arena, set->records[i]);
	}
	a->records = records;
	a->n_records = set->n_records;
	a->base = arena_strndup(a->arena, set->base.s, set->base.len);
}

/* Only whom the policy asks for it is looked at. */
static void on_policy(void *ctx, const struct published_answer *found)
{
	struct ask *a = ctx;
	bool has_tlsa = found->kind == PUBLISHED_SET &&
	    found->set->tlsa == POLICY_TLSA_USABLE;
	bool has_sts =
	    found->kind == PUBLISHED_SET && found->set->sts == POLICY_STS_FOUND;

	if (has_tlsa) {
		take_records(a, found->set);
	}
	if (has_tlsa || has_sts) {
		probe(a);
	} else {
		answer_nothing(a, lookup_loop_now() + LATER_S);
	}
}

void network_probe_ask(struct network_probe *p, const struct network_message *m)
{
	struct ask *a = xcalloc(1, sizeof(*a));
	bool fits = view_copy(m->domain, a->domain, sizeof(a->domain)) &&
	    view_copy(m->mx, a->mx, sizeof(a->mx));

	a->p = p;
	a->ip = m->ip;
	a->arena = arena_new();
	a->base = "";
	LIST_INSERT_HEAD(&p->asks, a, link);
	p->n_open++;
	if (!fits || p->n_open > NETWORK_PROBE_OPEN) {
		answer_nothing(a, lookup_loop_now() + LATER_S);
		return;
	}
	published_ask(p->o.published, a->domain, a->mx, on_policy, a);
}

/* --- begin and end --------------------------------------------------------- */

/* Our name, for EHLO. */
static void name_us(char out[DOMAIN_BUF])
{
	char name[DOMAIN_BUF] = "";

	(void)gethostname(name, sizeof(name) - 1);
	if (domain_normalise(view_of(name), out) <= 0) {
		(void)snprintf(out, DOMAIN_BUF, "localhost");
	}
}

int network_probe_new(
    const struct network_probe_options *o, struct network_probe **out)
{
	struct network_probe *p = xcalloc(1, sizeof(*p));
	const struct prober_options options = {
		.loop = o->loop,
		.helo = p->helo,
		.ca_file = o->conf->mta_sts.ca_file,
		.allow_private = o->conf->mta_sts.allow_private,
		.port = o->port,
		.parallel = NETWORK_PROBE_PARALLEL,
		.waiting = NETWORK_PROBE_OPEN,
	};
	struct hash_key key = { 0 };
	int rc;

	*out = NULL;
	p->o = *o;
	LIST_INIT(&p->asks);
	name_us(p->helo);
	rc = prober_new(&options, &p->prober);
	if (rc != 0) {
		free(p);
		return rc;
	}
	/* without, others could choose names that are taken for one */
	(void)!getrandom(&key, sizeof(key), 0);
	p->limit = probe_limit_new(&key);
	*out = p;
	return 0;
}

void network_probe_free(struct network_probe *p)
{
	struct ask *a;
	struct ask *next;

	if (p == NULL) {
		return;
	}
	prober_free(p->prober);
	for (a = LIST_FIRST(&p->asks); a != NULL; a = next) {
		next = LIST_NEXT(a, link);
		ask_free(a);
	}
	probe_limit_free(p->limit);
	free(p);
}
