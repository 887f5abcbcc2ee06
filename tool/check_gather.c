/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_gather.c - looks at the transport security of a domain
 *
 * First the domain is looked up, which tells also whether DNSSEC can be relied
 * on; then all the rest at once, and each host is probed when its addresses and
 * TLSA records are known. It is over when nothing is open any more.
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/dns_file.h"
#include "common/err.h"
#include "common/log.h"
#include "lookup/fetch.h"
#include "lookup/fetch_resolve.h"
#include "lookup/lookup_loop.h"
#include "tool/check.h"

struct work;

/* A question, and what its answer is for. */
struct ask {
	struct work *w;
	struct check_host *host;
	struct check_text *text;
};

/* What is still open of a host, before it can be probed. */
struct host_work {
	struct work *w;
	struct check_host *host;
	unsigned n_open;
};

struct probe_work {
	struct work *w;
	struct check_probe *probe;
};

struct work {
	const struct tool *tool;
	struct arena *arena;
	struct check *check;
	struct loop *loop;
	struct lookup_loop *lookups;
	struct fetch_resolver resolver;
	struct fetch *fetch;
	struct prober *prober; /* NULL: there is to be none */
	char helo[DOMAIN_BUF];
	unsigned n_open;
};

/* --- begin and end of parts ----------------------------------------------- */

static void begin(struct work *w)
{
	w->n_open++;
}

static void done(struct work *w)
{
	if (w->tool->has_progress) {
		(void)fprintf(stderr, "\r%s: %u open \033[K", w->check->domain,
		    w->n_open - 1);
	}
	if (--w->n_open == 0) {
		loop_stop(w->loop);
	}
}

/* --- probes --------------------------------------------------------------- */

static void on_probe(void *ctx, const struct probe_result *result)
{
	const struct probe_work *p = ctx;

	p->probe->result = *result;
	p->probe->is_done = true;
	done(p->w);
}

/* Nobody connects to addresses that are bogus (R306). */
static void choose_addresses(const struct work *w, struct check_host *host)
{
	struct ip chosen[FETCH_ADDRESSES];

	if (host->is_bogus) {
		return;
	}
	host->why = fetch_address_choose(host->ip, host->n_ip,
	    w->tool->conf.mta_sts.allow_private, chosen, &host->n_probes);
	for (size_t i = 0; i < host->n_probes; i++) {
		host->probe[i].ip = chosen[i];
	}
}

static void probe_host(struct work *w, struct check_host *host)
{
	struct probe_target target = {
		.mx = host->name,
		.base = "",
		.records = host->records,
		.n_records = host->n_records,
	};

	if (host->tlsa == POLICY_TLSA_USABLE) {
		target.base =
		    arena_strndup(w->arena, host->base.s, host->base.len);
	} else {
		target.n_records = 0;
	}
	for (size_t i = 0; i < host->n_probes; i++) {
		struct probe_work *p = arena_alloc(w->arena, sizeof(*p));

		*p = (struct probe_work){ w, &host->probe[i] };
		target.ip = host->probe[i].ip;
		begin(w);
		if (probe_start(w->prober, &target, on_probe, p) != 0) {
			done(w);
		}
	}
}

/* --- hosts ---------------------------------------------------------------- */

static void host_done(struct host_work *h)
{
	struct work *w = h->w;
	struct check_host *host = h->host;

	if (--h->n_open == 0) {
		choose_addresses(w, host);
		if (w->prober != NULL) {
			probe_host(w, host);
		}
	}
	done(w);
}

static void on_address(void *ctx, const struct dns_answer *a)
{
	struct host_work *h = ctx;
	struct check_host *host = h->host;

	if (a->status != DNS_ANSWER && a->status != DNS_NODATA &&
	    a->status != DNS_NXDOMAIN) {
		host->is_address_known = false;
	}
	for (size_t i = 0; i < a->n && host->n_ip < CHECK_IPS; i++) {
		struct ip *ip = &host->ip[host->n_ip];

		if (a->rdata[i].len == sizeof(ip->b)) {
			memcpy(ip->b, a->rdata[i].s, sizeof(ip->b));
			host->n_ip++;
		} else if (a->rdata[i].len == 4) {
			*ip = (struct ip){ { [10] = 0xff, [11] = 0xff } };
			memcpy(ip->b + 12, a->rdata[i].s, 4);
			host->n_ip++;
		}
	}
	host_done(h);
}

static void on_host(void *ctx, const struct policy_set *set, int64_t stale_at)
{
	struct host_work *h = ctx;
	struct arena *a = h->w->arena;
	struct view *records =
	    arena_alloc(a, (set->n_records + 1) * sizeof(*records));

	(void)stale_at;
	h->host->tlsa = set->tlsa;
	h->host->is_bogus = set->mx == POLICY_MX_BOGUS;
	h->host->base = arena_view(a, set->base);
	for (size_t i = 0; i < set->n_records; i++) {
		records[i] = arena_view(a, set->records[i]);
	}
	h->host->records = records;
	h->host->n_records = set->n_records;
	host_done(h);
}

static void start_host(struct work *w, struct check_host *host)
{
	struct host_work *h = arena_alloc(w->arena, sizeof(*h));

	*h = (struct host_work){ w, host, 3 };
	host->is_address_known = true;
	w->n_open += h->n_open;
	lookup_loop_ask(w->lookups, host->name, DNS_TYPE_A, on_address, h);
	lookup_loop_ask(w->lookups, host->name, DNS_TYPE_AAAA, on_address, h);
	if (lookup_host(lookup_loop_lookup(w->lookups), w->check->domain,
		host->name, on_host, h) != 0) {
		host_done(h);
	}
}

/* --- MX ------------------------------------------------------------------- */

static int by_preference(const void *a, const void *b)
{
	const struct check_host *x = a;
	const struct check_host *y = b;

	return x->preference != y->preference ?
	    (x->preference < y->preference ? -1 : 1) :
	    strcmp(x->name, y->name);
}

/* The preference of a host by these MX records; false: it is in none. */
static bool find_preference(
    const struct dns_answer *a, const char *host, unsigned *out)
{
	bool is_found = false;

	for (size_t i = 0; i < a->n; i++) {
		const unsigned char *d = (const unsigned char *)a->rdata[i].s;
		char name[DOMAIN_BUF];
		unsigned preference;

		if (dns_name(a->rdata[i], 2, name) <= 0 ||
		    strcmp(name, host) != 0) {
			continue;
		}
		preference = (unsigned)d[0] << 8 | d[1];
		if (!is_found || preference < *out) {
			*out = preference;
		}
		is_found = true;
	}
	return is_found;
}

static void on_mx(void *ctx, const struct dns_answer *a)
{
	const struct ask *ask = ctx;
	struct work *w = ask->w;
	struct check *c = w->check;
	unsigned preference = 0;

	for (size_t i = 0; i < a->n; i++) {
		char name[DOMAIN_BUF];
		int len = dns_name(a->rdata[i], 2, name);

		/* as an address, which is none (R315) */
		c->n_strange += len <= 0;
		c->is_null_mx = c->is_null_mx || (len > 0 && name[0] == '.');
	}
	c->is_implicit = a->n == 0;
	for (size_t i = 0; i < c->n_mx; i++) {
		if (find_preference(a, c->host[i].name, &preference)) {
			c->host[i].preference = preference;
		}
	}
	if (c->n_mx > 0) {
		qsort(c->host, c->n_mx, sizeof(*c->host), by_preference);
	}
	c->n_hosts = c->n_mx < CHECK_HOSTS ? c->n_mx : CHECK_HOSTS;
	for (size_t i = 0; i < c->n_hosts; i++) {
		start_host(w, &c->host[i]);
	}
	done(w);
}

/* --- texts and the MTA-STS policy ----------------------------------------- */

static void on_text(void *ctx, const struct dns_answer *a)
{
	const struct ask *ask = ctx;
	struct arena *arena = ask->w->arena;
	struct view *texts = arena_alloc(arena, (a->n + 1) * sizeof(*texts));

	for (size_t i = 0; i < a->n; i++) {
		char *text = arena_alloc(arena, a->rdata[i].len + 1);
		int len = dns_txt_join(a->rdata[i], text, a->rdata[i].len);

		if (len >= 0) {
			texts[ask->text->n++] = view_make(text, (size_t)len);
		}
	}
	ask->text->texts = texts;
	done(ask->w);
}

static void on_policy(void *ctx, const struct fetch_result *result)
{
	const struct ask *ask = ctx;
	struct work *w = ask->w;

	w->check->sts = result->kind;
	w->check->sts_token =
	    arena_strndup(w->arena, result->token, strlen(result->token));
	w->check->sts_text = arena_view(w->arena, result->body);
	done(w);
}

/* --- the domain ----------------------------------------------------------- */

static void ask_under(struct work *w, const char *prefix, int type,
    dns_callback cb, struct check_text *text)
{
	struct ask *ask = arena_alloc(w->arena, sizeof(*ask));
	char name[DOMAIN_BUF + 16];

	*ask = (struct ask){ .w = w, .text = text };
	(void)snprintf(name, sizeof(name), "%s%s", prefix, w->check->domain);
	begin(w);
	lookup_loop_ask(w->lookups, name, type, cb, ask);
}

static void on_domain(void *ctx, const struct lookup_domain *d)
{
	struct work *w = ctx;
	struct check *c = w->check;

	c->mx = d->mx;
	c->n_mx = d->n_hosts;
	c->host = arena_alloc(w->arena, (c->n_mx + 1) * sizeof(*c->host));
	for (size_t i = 0; i < c->n_mx; i++) {
		c->host[i].name =
		    arena_strndup(w->arena, d->hosts[i], strlen(d->hosts[i]));
		c->host[i].base = view_of("");
	}
	c->tlsrpt.dns = d->record_dns;
	c->sts_record.dns = d->sts_dns;
	if (d->is_looked_up) {
		ask_under(w, "_smtp._tls.", DNS_TYPE_TXT, on_text, &c->tlsrpt);
		ask_under(
		    w, "_mta-sts.", DNS_TYPE_TXT, on_text, &c->sts_record);
		ask_under(w, "", DNS_TYPE_MX, on_mx, NULL);
	}
	if (d->sts_dns == DNS_ANSWER && d->sts.status == STS_RECORD_VALID) {
		struct ask *ask = arena_alloc(w->arena, sizeof(*ask));

		ask->w = w;
		begin(w);
		if (w->fetch == NULL ||
		    fetch_policy(w->fetch, c->domain, on_policy, ask) != 0) {
			c->sts_token = "internal";
			done(w);
		}
	} else if (d->sts_dns == DNS_ANSWER || d->sts_dns == DNS_NODATA ||
	    d->sts_dns == DNS_NXDOMAIN) {
		c->sts = POLICY_STS_NONE;
	}
	done(w);
}

/* --- begin and end -------------------------------------------------------- */

/* Our name, for EHLO. */
static void name_us(char out[DOMAIN_BUF])
{
	char name[DOMAIN_BUF] = "";

	(void)gethostname(name, sizeof(name) - 1);
	if (domain_normalise(view_of(name), out) <= 0) {
		(void)snprintf(out, DOMAIN_BUF, "localhost");
	}
}

static int open_dns(struct work *w)
{
	const struct conf *c = &w->tool->conf;
	const struct dns_options dns = {
		.servers = (const char *const *)c->dns.servers,
		.local_data = c->dns.local_data,
		.trust_anchor = c->dns.trust_anchor != NULL ?
		    c->dns.trust_anchor :
		    dns_file_system_anchor(),
		.is_recursive = c->dns.recursion,
		.parallel = (unsigned)c->dns.parallel,
		.timeout_s = (unsigned)c->dns.timeout_s,
	};
	const struct lookup_options options = { .is_all = true };
	struct strbuf error;
	int rc;

	strbuf_init(&error, 4096);
	rc = lookup_loop_new(w->loop, &dns, &options, &w->lookups, &error);
	if (rc != 0) {
		log_error("cannot start DNS: %s", strbuf_str(&error));
	}
	strbuf_release(&error);
	return rc == 0 ? 0 : rc == ERR_CONFIG ? EX_CONFIG : EX_UNAVAILABLE;
}

static int open_rest(struct work *w)
{
	const struct conf *c = &w->tool->conf;
	const struct fetch_options fetch = {
		.resolve = fetch_resolve,
		.resolve_ctx = &w->resolver,
		.ca_file = c->mta_sts.ca_file,
		.allow_private = c->mta_sts.allow_private,
	};
	const struct prober_options probe = {
		.loop = w->loop,
		.helo = w->helo,
		.ca_file = c->mta_sts.ca_file,
		.allow_private = c->mta_sts.allow_private,
	};
	int rc;

	fetch_resolver_init(&w->resolver, lookup_loop_ask, w->lookups);
	rc = fetch_new(loop_base(w->loop), &fetch, &w->fetch);
	if (rc == 0 && w->check->is_probing) {
		rc = prober_new(&probe, &w->prober);
		w->check->has_roots = rc == 0 && prober_has_roots(w->prober);
	}
	if (rc != 0) {
		log_error("cannot look at servers: %s", err_text(rc));
	}
	return rc == 0 ? 0 : EX_UNAVAILABLE;
}

static void release(struct work *w)
{
	/* the answers of the resolver end with the DNS */
	lookup_loop_free(w->lookups);
	fetch_free(w->fetch);
	if (w->fetch != NULL) {
		fetch_resolver_release(&w->resolver);
	}
	prober_free(w->prober);
	loop_free(w->loop);
}

int check_gather(const struct tool *tool, const char *domain, bool is_probing,
    struct arena *a, struct check *out)
{
	struct work w = { .tool = tool, .arena = a, .check = out };
	int rc;

	*out = (struct check){ .domain = domain,
		.now = tool->now,
		.is_probing = is_probing,
		.sts_token = "" };
	(void)signal(SIGPIPE, SIG_IGN);
	name_us(w.helo);
	w.loop = loop_new();
	if (w.loop == NULL) {
		log_error("cannot start the event loop");
		return EX_OSERR;
	}
	rc = open_dns(&w);
	if (rc == 0) {
		rc = open_rest(&w);
	}
	if (rc == 0) {
		begin(&w);
		if (lookup_domain(lookup_loop_lookup(w.lookups), domain,
			on_domain, &w) != 0 ||
		    (w.n_open > 0 && loop_run(w.loop) != 0)) {
			log_error("cannot look up %s", domain);
			rc = EX_UNAVAILABLE;
		}
		out->health = lookup_health(lookup_loop_lookup(w.lookups));
		if (tool->has_progress) {
			(void)fputs("\r\033[K", stderr);
		}
	}
	release(&w);
	return rc;
}
