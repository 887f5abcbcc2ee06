/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup_host.c - an MX host's TLSA records (RFC 7672 2.2.2, 2.2.3)
 *
 * The addresses come first: a TLSA lookup that fails under insecure ones is
 * no failure of DANE (R301). One answer has one flag for the whole chain of
 * aliases, so an insecure chain takes one more question: is its first link
 * secure (R302)?
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/tlsa.h"
#include "lookup/lookup_private.h"

enum {
	ADDRESSES = 2,  /* A and AAAA */
	CANDIDATES = 2, /* for the base domain */
	RECORDS_MAX = 100,
	TEXTS_MAX = 48 * 1024 /* octets of all: they must fit into a policy */
};

/* What one of the two address lookups had. */
struct address {
	enum dns_status status;
	bool is_secure;
	bool is_alias;
	char canonical[DOMAIN_BUF]; /* "" where it is no host name */
};

struct lookup_host_work {
	struct address address[ADDRESSES];
	size_t n_addresses;
	char candidate[CANDIDATES][DOMAIN_BUF];
	size_t n_candidates;
	size_t at; /* the candidate that is asked for */
};

static void ask_candidate(struct lookup_host_job *h);

void lookup_host_clear(struct lookup_host_job *h)
{
	for (size_t i = 0; i < h->n_records; i++) {
		free(h->records[i]);
	}
	free(h->records);
	free(h->base);
	free(h->work);
	h->records = NULL;
	h->n_records = 0;
	h->base = NULL;
	h->work = NULL;
	h->tlsa = POLICY_TLSA_UNKNOWN;
	h->is_address_bogus = false;
}

static void finish(struct lookup_host_job *h, enum policy_tlsa tlsa)
{
	struct lookup *l = h->job.l;
	size_t size_b = sizeof(*h) + strlen(h->job.node.name);

	h->tlsa = tlsa;
	if (h->job.epoch != l->epoch) {
		/* half of it was seen by other means than the rest */
		lookup_host_clear(h);
		h->job.ttl_s = 0;
	}
	free(h->work);
	h->work = NULL;
	for (size_t i = 0; i < h->n_records; i++) {
		size_b += sizeof(*h->records) + strlen(h->records[i]);
	}
	lookup_job_done(&h->job, &l->hosts, size_b);
}

/* --- TLSA --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keeps the texts, sorted, as many as have room. */
static void keep_records(struct lookup_host_job *h, size_t n)
{
	size_t size = 0;
	size_t kept = 0;

	qsort(h->records, n, sizeof(*h->records), by_text);
	for (size_t i = 0; i < n; i++) {
		size += strlen(h->records[i]);
		if (kept == RECORDS_MAX || size > TEXTS_MAX) {
			free(h->records[i]);
			h->job.l->n_left_out++;
		} else {
			h->records[kept++] = h->records[i];
		}
	}
	h->n_records = kept;
}

/* Also those that cannot be used are of the record set (R88). */
static enum policy_tlsa read_records(
    struct lookup_host_job *h, const struct dns_answer *a)
{
	enum policy_tlsa tlsa = POLICY_TLSA_UNUSABLE;
	struct strbuf text;
	size_t n = 0;

	strbuf_init(&text, 2 * 65535 + 32);
	h->records = xcalloc(a->n + 1, sizeof(*h->records));
	for (size_t i = 0; i < a->n; i++) {
		struct tlsa record;

		strbuf_clear(&text);
		if (tlsa_parse(a->rdata[i], &record) != 0 ||
		    tlsa_write(&record, &text) != 0) {
			continue;
		}
		if (tlsa_is_usable(&record)) {
			tlsa = POLICY_TLSA_USABLE;
		}
		h->records[n++] = xstrdup(strbuf_str(&text));
	}
	strbuf_release(&text);
	keep_records(h, n);
	return tlsa;
}

/* Under a secure address, or we would not have asked. */
static enum policy_tlsa failure_of(enum dns_status status)
{
	switch (status) {
	case DNS_BOGUS:
		return POLICY_TLSA_BOGUS; /* R305 */
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
		return POLICY_TLSA_FAILED;
	case DNS_ANSWER:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
	case DNS_ERROR:
		break;
	}
	return POLICY_TLSA_UNKNOWN;
}

static void on_tlsa(void *ctx, const struct dns_answer *a)
{
	struct lookup_host_job *h = ctx;
	bool is_validating = lookup_is_validating(h->job.l);
	enum policy_tlsa tlsa;

	lookup_job_ttl(&h->job, a);
	if (a->status == DNS_ANSWER && !is_validating) {
		finish(h, POLICY_TLSA_UNKNOWN);
		return;
	}
	if (lookup_is_answered(a->status) &&
	    !(a->status == DNS_ANSWER && a->secure)) {
		h->work->at++; /* R303, R304 */
		ask_candidate(h);
		return;
	}
	tlsa = a->status == DNS_ANSWER ? read_records(h, a) :
					 failure_of(a->status);
	if (!is_validating) {
		tlsa = POLICY_TLSA_UNKNOWN;
	} else if (tlsa != POLICY_TLSA_UNKNOWN) {
		h->base = xstrdup(h->work->candidate[h->work->at]);
	}
	finish(h, tlsa);
}

/* The first candidate with a secure record set wins (R302). */
static void ask_candidate(struct lookup_host_job *h)
{
	struct lookup_host_work *work = h->work;

	while (work->at < work->n_candidates &&
	    !lookup_ask_under(h->job.l, "_25._tcp.", work->candidate[work->at],
		DNS_TYPE_TLSA, on_tlsa, h)) {
		work->at++;
	}
	if (work->at == work->n_candidates) {
		finish(h, POLICY_TLSA_NONE);
	}
}

static void add_candidate(struct lookup_host_work *work, const char *name)
{
	(void)view_copy(view_of(name), work->candidate[work->n_candidates],
	    sizeof(work->candidate[0]));
	work->n_candidates++;
}

/* --- addresses --- */

/* The first link of an insecure chain. */
static void on_alias(void *ctx, const struct dns_answer *a)
{
	struct lookup_host_job *h = ctx;

	lookup_job_ttl(&h->job, a);
	if (!lookup_is_answered(a->status)) {
		finish(h, POLICY_TLSA_UNKNOWN);
		return;
	}
	if (a->status == DNS_ANSWER && a->secure) {
		add_candidate(h->work, h->job.node.name);
	}
	ask_candidate(h);
}

/* Which names may have TLSA records; true: they can be asked for now. */
static bool choose_candidates(
    struct lookup_host_job *h, const struct address *address)
{
	const char *host = h->job.node.name;

	if (address->is_secure || !lookup_is_validating(h->job.l)) {
		if (address->canonical[0] != '\0') {
			add_candidate(h->work, address->canonical);
		}
		add_candidate(h->work, host);
	} else if (address->is_alias) {
		lookup_ask(h->job.l, host, DNS_TYPE_CNAME, on_alias, h);
		return false;
	}
	return true;
}

static void without_address(struct lookup_host_job *h)
{
	enum policy_tlsa tlsa = POLICY_TLSA_NONE;

	for (size_t i = 0; i < ADDRESSES; i++) {
		enum dns_status status = h->work->address[i].status;

		if (status == DNS_BOGUS) {
			h->is_address_bogus = true; /* R306 */
		}
		if (!lookup_is_answered(status)) {
			tlsa = POLICY_TLSA_UNKNOWN;
		}
	}
	finish(h, tlsa);
}

static void with_addresses(struct lookup_host_job *h)
{
	const struct address *first = NULL;
	bool is_mixed = false;

	for (size_t i = 0; i < ADDRESSES; i++) {
		const struct address *address = &h->work->address[i];

		if (address->status != DNS_ANSWER) {
			continue;
		}
		if (first == NULL) {
			first = address;
		}
		is_mixed = is_mixed || address->is_secure != first->is_secure;
	}
	if (first == NULL) {
		without_address(h);
	} else if (is_mixed) {
		/* DANE would hold for some of the sessions only */
		finish(h, POLICY_TLSA_UNKNOWN);
	} else if (choose_candidates(h, first)) {
		ask_candidate(h);
	}
}

static void on_address(void *ctx, const struct dns_answer *a)
{
	struct lookup_host_job *h = ctx;
	struct address *address = &h->work->address[h->work->n_addresses++];

	lookup_job_ttl(&h->job, a);
	address->status = a->status;
	address->is_secure = a->secure;
	if (a->canonical[0] != '\0') {
		address->is_alias = true;
		(void)domain_normalise(
		    view_of(a->canonical), address->canonical);
		if (strcmp(address->canonical, h->job.node.name) == 0) {
			address->canonical[0] = '\0';
			address->is_alias = false;
		}
	}
	if (--h->job.n_left == 0) {
		with_addresses(h);
	}
}

void lookup_host_start(struct lookup_host_job *h)
{
	const char *host = h->job.node.name;

	h->work = xcalloc(1, sizeof(*h->work));
	h->job.n_left = ADDRESSES;
	lookup_ask(h->job.l, host, DNS_TYPE_A, on_address, h);
	lookup_ask(h->job.l, host, DNS_TYPE_AAAA, on_address, h);
}
