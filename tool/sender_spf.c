/* SPDX-License-Identifier: BSD-2-Clause */
/* sender_spf.c - looks up what our SPF record names */

#include "config.h"

#include <string.h>

#include "common/domain.h"
#include "tool/sender.h"

enum {
	LOOKUPS = 10 /* terms of a record that ask the DNS (RFC 7208 4.6.4) */
};

/* The addresses of the MX hosts of a name. */
struct mx_ask {
	struct dns *dns;
	struct spf_hosts *hosts;
};

static void on_hosts(void *ctx, const struct dns_answer *a)
{
	struct spf_hosts *hosts = ctx;

	if (a->status != DNS_ANSWER && a->status != DNS_NODATA &&
	    a->status != DNS_NXDOMAIN) {
		hosts->is_known = false;
	}
	for (size_t i = 0; i < a->n && a->status == DNS_ANSWER; i++) {
		struct ip ip = { { [10] = 0xff, [11] = 0xff } };

		if (hosts->n == SPF_HOSTS) {
			hosts->is_known = false;
			return;
		}
		if (a->rdata[i].len == sizeof(ip.b)) {
			memcpy(ip.b, a->rdata[i].s, sizeof(ip.b));
		} else if (a->rdata[i].len == 4) {
			memcpy(ip.b + 12, a->rdata[i].s, 4);
		} else {
			continue;
		}
		hosts->ip[hosts->n++] = ip;
	}
}

void sender_ask_hosts(struct dns *dns, const char *name, struct spf_hosts *out)
{
	dns_ask(dns, name, DNS_TYPE_A, on_hosts, out);
	dns_ask(dns, name, DNS_TYPE_AAAA, on_hosts, out);
}

static void on_mx(void *ctx, const struct dns_answer *a)
{
	const struct mx_ask *ask = ctx;
	char name[DOMAIN_BUF];

	ask->hosts->is_known = a->status == DNS_NODATA ||
	    a->status == DNS_NXDOMAIN ||
	    (a->status == DNS_ANSWER && a->n <= SENDER_HOSTS);
	for (size_t i = 0;
	     i < a->n && a->status == DNS_ANSWER && i < SENDER_HOSTS; i++) {
		if (dns_name(a->rdata[i], 2, name) > 0 && name[0] != '.') {
			sender_ask_hosts(ask->dns, name, ask->hosts);
		}
	}
}

static void ask_term(
    struct dns *dns, struct arena *a, const char *domain, struct spf_term *t)
{
	struct mx_ask *ask;

	if (t->kind == SPF_A) {
		t->hosts.is_known = true;
		sender_ask_hosts(dns, domain, &t->hosts);
	} else {
		ask = arena_alloc(a, sizeof(*ask));
		*ask = (struct mx_ask){ dns, &t->hosts };
		dns_ask(dns, domain, DNS_TYPE_MX, on_mx, ask);
	}
}

static void ask_terms(struct dns *dns, struct arena *a, struct sender *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->spf_terms->n; i++) {
		struct spf_term *t = &s->spf_terms->term[i];
		char domain[DOMAIN_BUF];

		if (t->kind != SPF_A && t->kind != SPF_MX) {
			continue;
		}
		/* what is not asked stays unknown */
		if (n++ < LOOKUPS &&
		    domain_normalise(
			t->domain.len > 0 ? t->domain : view_of(s->submitter),
			domain) > 0) {
			ask_term(dns, a, domain, t);
		}
	}
}

static bool is_spf(struct view text)
{
	static const char version[] = "v=spf1";
	size_t len = sizeof(version) - 1;

	return text.len >= len &&
	    view_is_nocase(view_make(text.s, len), view_of(version)) &&
	    (text.len == len || text.s[len] == ' ');
}

void sender_spf_ask(struct dns *dns, struct arena *a, struct sender *s)
{
	for (size_t i = 0; i < s->spf.n; i++) {
		if (is_spf(s->spf.texts[i]) && s->n_spf++ == 0) {
			s->spf_record = s->spf.texts[i];
		}
	}
	if (s->n_spf != 1) {
		return;
	}
	s->spf_terms = arena_alloc(a, sizeof(*s->spf_terms));
	s->spf_at = view_make(s->spf_record.s, 0);
	s->spf_rc = spf_parse(s->spf_record, s->spf_terms, &s->spf_at);
	if (s->spf_rc == 0) {
		ask_terms(dns, a, s);
	}
}
