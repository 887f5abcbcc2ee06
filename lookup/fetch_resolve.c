/* SPDX-License-Identifier: BSD-2-Clause */
/* fetch_resolve.c - the addresses of policy hosts, by A and AAAA */

#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "lookup/fetch_resolve.h"

enum {
	TYPE_A = 1,
	TYPE_AAAA = 28,
	LEN_A = 4,
	LEN_AAAA = 16,
	ADDRESSES = 32 /* of one host that are looked at */
};

struct fetch_host {
	LIST_ENTRY(fetch_host) link;
	fetch_resolved_fn done;
	void *job;
	unsigned n_open; /* questions */
	struct ip ip[ADDRESSES];
	size_t n;
	enum dns_status worst; /* of those without an address */
};

/* What there is to say without addresses; what is worse comes later. */
static const struct {
	const char *token;
	enum dns_status status;
	enum fetch_fault fault;
} faults[] = {
	{ "dns-nodata", DNS_ANSWER, FETCH_THEIRS }, /* of another form */
	{ "dns-nodata", DNS_NODATA, FETCH_THEIRS },
	{ "dns-nxdomain", DNS_NXDOMAIN, FETCH_THEIRS },
	{ "dns-timeout", DNS_TIMEOUT, FETCH_DOUBTFUL },
	{ "dns-servfail", DNS_SERVFAIL, FETCH_DOUBTFUL },
	{ "dns-bogus", DNS_BOGUS, FETCH_DOUBTFUL },
	{ "dns-error", DNS_ERROR, FETCH_OURS },
};

static size_t rank_of(enum dns_status status)
{
	size_t last = sizeof(faults) / sizeof(faults[0]) - 1;

	for (size_t i = 0; i < last; i++) {
		if (faults[i].status == status) {
			return i;
		}
	}
	return last;
}

void fetch_resolver_init(struct fetch_resolver *r, fetch_ask_fn ask, void *dns)
{
	r->ask = ask;
	r->dns = dns;
	LIST_INIT(&r->hosts);
}

void fetch_resolver_release(struct fetch_resolver *r)
{
	struct fetch_host *h;

	while ((h = LIST_FIRST(&r->hosts)) != NULL) {
		LIST_REMOVE(h, link);
		free(h);
	}
}

static void add(struct fetch_host *h, struct view rdata)
{
	struct ip ip = { { 0 } };

	if (h->n == ADDRESSES) {
		return;
	}
	if (rdata.len == LEN_A) {
		ip.b[10] = 0xff;
		ip.b[11] = 0xff;
		memcpy(ip.b + 12, rdata.s, LEN_A);
	} else if (rdata.len == LEN_AAAA) {
		memcpy(ip.b, rdata.s, LEN_AAAA);
	} else {
		return;
	}
	h->ip[h->n++] = ip;
}

static void end(struct fetch_host *h)
{
	size_t rank = rank_of(h->worst);
	struct fetch_addresses answer = { .ip = h->ip, .n = h->n };

	LIST_REMOVE(h, link);
	if (h->n == 0) {
		answer.token = faults[rank].token;
		answer.fault = faults[rank].fault;
	}
	h->done(h->job, &answer);
	free(h);
}

static void on_answer(void *ctx, const struct dns_answer *answer)
{
	struct fetch_host *h = ctx;

	if (answer->status == DNS_ANSWER) {
		for (size_t i = 0; i < answer->n; i++) {
			add(h, answer->rdata[i]);
		}
	}
	if (rank_of(answer->status) > rank_of(h->worst)) {
		h->worst = answer->status;
	}
	assert(h->n_open > 0);
	if (--h->n_open == 0) {
		end(h);
	}
}

void fetch_resolve(
    void *resolver, const char *host, fetch_resolved_fn done, void *job)
{
	struct fetch_resolver *r = resolver;
	struct fetch_host *h = xcalloc(1, sizeof(*h));

	h->done = done;
	h->job = job;
	h->n_open = 2;
	h->worst = DNS_ANSWER;
	LIST_INSERT_HEAD(&r->hosts, h, link);
	/* the first may be answered before the second is asked */
	r->ask(r->dns, host, TYPE_AAAA, on_answer, h);
	r->ask(r->dns, host, TYPE_A, on_answer, h);
}
