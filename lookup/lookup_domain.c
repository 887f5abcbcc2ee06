/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup_domain.c - a domain's records: TLSRPT, MX, MTA-STS */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "lookup/lookup_private.h"

void lookup_domain_clear(struct lookup_domain_job *d)
{
	for (size_t i = 0; i < d->n_hosts; i++) {
		free(d->hosts[i]);
	}
	free(d->hosts);
	d->hosts = NULL;
	d->n_hosts = 0;
	d->asks = LOOKUP_ASKS_UNKNOWN;
	d->mx = POLICY_MX_UNKNOWN;
	d->record_dns = DNS_ERROR;
	d->record = RECORD_NONE;
	d->sts_dns = DNS_ERROR;
	d->sts = (struct sts_record){ .status = STS_RECORD_NONE };
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool lookup_domain_has_host(const struct lookup_domain_job *d, const char *host)
{
	return d->n_hosts > 0 &&
	    bsearch(&host, d->hosts, d->n_hosts, sizeof(*d->hosts), by_text) !=
	    NULL;
}

static void finish(struct lookup_domain_job *d)
{
	struct lookup *l = d->job.l;
	size_t size_b = sizeof(*d) + strlen(d->job.node.name);

	for (size_t i = 0; i < d->n_hosts; i++) {
		size_b += sizeof(*d->hosts) + strlen(d->hosts[i]);
	}
	if (d->job.epoch != l->epoch) {
		/* half of it was seen by other means than the rest */
		d->mx = POLICY_MX_UNKNOWN;
		d->job.ttl_s = 0;
	}
	lookup_job_done(&d->job, &l->domains, size_b);
}

/* The texts of all records (R19); what is no TXT record is left out. */
static size_t join_texts(
    const struct dns_answer *a, struct arena *arena, struct view **out)
{
	struct view *texts = arena_alloc(arena, (a->n + 1) * sizeof(*texts));
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		char *text = arena_alloc(arena, a->rdata[i].len + 1);
		int len = dns_txt_join(a->rdata[i], text, a->rdata[i].len);

		if (len >= 0) {
			texts[n++] = view_make(text, (size_t)len);
		}
	}
	*out = texts;
	return n;
}

/* --- MX --- */

static int add_host(struct lookup_domain_job *d, const char *name)
{
	if (d->n_hosts == LOOKUP_MX_MAX) {
		return ERR_FULL;
	}
	d->hosts[d->n_hosts++] = xstrdup(name);
	return 0;
}

static void sort_hosts(struct lookup_domain_job *d)
{
	size_t n = 0;

	qsort(d->hosts, d->n_hosts, sizeof(*d->hosts), by_text);
	for (size_t i = 0; i < d->n_hosts; i++) {
		if (n > 0 && strcmp(d->hosts[n - 1], d->hosts[i]) == 0) {
			free(d->hosts[i]);
		} else {
			d->hosts[n++] = d->hosts[i];
		}
	}
	d->n_hosts = n;
}

/* Returns whether one of the records is a null MX (RFC 7505). */
static bool read_mx(struct lookup_domain_job *d, const struct dns_answer *a)
{
	bool is_null = false;

	d->hosts = xcalloc(LOOKUP_MX_MAX, sizeof(*d->hosts));
	for (size_t i = 0; i < a->n; i++) {
		char name[DOMAIN_BUF];

		/* an address is no host (R315) */
		if (dns_name(a->rdata[i], 2, name) <= 0) {
			continue;
		}
		if (strcmp(name, ".") == 0) {
			is_null = true;
		} else if (add_host(d, name) != 0) {
			break;
		}
	}
	sort_hosts(d);
	return is_null;
}

static enum policy_mx mx_of(
    const struct lookup_domain_job *d, const struct dns_answer *a)
{
	const struct lookup *l = d->job.l;

	switch (a->status) {
	case DNS_ANSWER:
	case DNS_NODATA:
		if (!lookup_is_validating(l)) {
			return POLICY_MX_UNKNOWN;
		}
		return a->secure ? POLICY_MX_SECURE : POLICY_MX_INSECURE;
	case DNS_NXDOMAIN:
		return POLICY_MX_NONE;
	case DNS_BOGUS:
		return POLICY_MX_BOGUS;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
		return l->health == DNS_HEALTH_UNREACHABLE ? POLICY_MX_UNKNOWN :
							     POLICY_MX_FAILED;
	case DNS_ERROR:
		break;
	}
	return POLICY_MX_UNKNOWN;
}

static void on_mx(void *ctx, const struct dns_answer *a)
{
	struct lookup_domain_job *d = ctx;

	lookup_job_ttl(&d->job, a);
	d->mx = mx_of(d, a);
	if (a->status == DNS_ANSWER) {
		if (read_mx(d, a) && d->n_hosts == 0) {
			d->mx = POLICY_MX_NONE; /* R318 */
		}
	} else if (a->status == DNS_NODATA) {
		/* RFC 5321 5.1: the implicit MX */
		d->hosts = xcalloc(1, sizeof(*d->hosts));
		add_host(d, d->job.node.name);
	}
	if (--d->job.n_left == 0) {
		finish(d);
	}
}

/* --- MTA-STS --- */

static void on_sts(void *ctx, const struct dns_answer *a)
{
	struct lookup_domain_job *d = ctx;

	lookup_job_ttl(&d->job, a);
	d->sts_dns = a->status;
	if (a->status == DNS_ANSWER) {
		struct arena *arena = arena_new();
		struct view *texts;
		size_t n = join_texts(a, arena, &texts);

		sts_record_parse(texts, n, &d->sts);
		arena_free(arena);
	}
	if (--d->job.n_left == 0) {
		finish(d);
	}
}

/* --- TLSRPT --- */

static void read_record(struct lookup_domain_job *d, const struct dns_answer *a)
{
	struct arena *arena = arena_new();
	struct record *record = arena_alloc(arena, sizeof(*record));
	struct view *texts;
	size_t n = join_texts(a, arena, &texts);

	record_parse(texts, n, record);
	d->record = record->status;
	d->asks =
	    record->status == RECORD_VALID ? LOOKUP_ASKS : LOOKUP_ASKS_NOT;
	arena_free(arena);
}

bool lookup_domain_is_wanted(const struct lookup_domain_job *d)
{
	return d->asks == LOOKUP_ASKS || d->job.l->o.is_all;
}

static void on_record(void *ctx, const struct dns_answer *a)
{
	struct lookup_domain_job *d = ctx;
	struct lookup *l = d->job.l;
	const char *domain = d->job.node.name;

	lookup_job_ttl(&d->job, a);
	d->record_dns = a->status;
	if (a->status == DNS_ANSWER) {
		read_record(d, a);
	} else if (lookup_is_answered(a->status)) {
		d->asks = LOOKUP_ASKS_NOT;
	}
	if (!lookup_domain_is_wanted(d)) {
		finish(d);
		return;
	}
	d->job.n_left = 2;
	lookup_ask(l, domain, DNS_TYPE_MX, on_mx, d);
	/* no longer than the name of the record, which exists */
	(void)lookup_ask_under(l, "_mta-sts.", domain, DNS_TYPE_TXT, on_sts, d);
}

void lookup_domain_start(struct lookup_domain_job *d)
{
	const char *domain = d->job.node.name;

	if (!lookup_is_name(domain) ||
	    !lookup_ask_under(
		d->job.l, "_smtp._tls.", domain, DNS_TYPE_TXT, on_record, d)) {
		d->record_dns = DNS_NXDOMAIN;
		d->asks = LOOKUP_ASKS_NOT;
		finish(d);
	}
}
