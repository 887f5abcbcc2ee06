/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender_gather.c - looks at our own domain, as receivers of reports will
 *
 * All questions are asked at once; what an answer leads to is asked when it
 * comes. Our addresses are those that the tallies know sessions from.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf_report.h"
#include "common/dns.h"
#include "common/envelope.h"
#include "common/log.h"
#include "common/store.h"
#include "tool/sender.h"

enum {
	PATH_BUF = 4096,
	DAYS = 3 /* of the tallies are read for our addresses */
};

struct work {
	struct sender *s;
	struct arena *arena;
	struct dns *dns;
};

/* A question for texts. */
struct text_ask {
	struct work *w;
	struct check_text *text;
};

/* --- texts --- */

static void on_text(void *ctx, const struct dns_answer *a)
{
	const struct text_ask *ask = ctx;
	struct arena *arena = ask->w->arena;
	struct view *texts = arena_alloc(arena, (a->n + 1) * sizeof(*texts));

	ask->text->dns = a->status;
	ask->text->n = 0;
	for (size_t i = 0; i < a->n && a->status == DNS_ANSWER; i++) {
		char *text = arena_alloc(arena, a->rdata[i].len + 1);
		int len = dns_txt_join(a->rdata[i], text, a->rdata[i].len);

		if (len >= 0) {
			texts[ask->text->n++] = view_make(text, (size_t)len);
		}
	}
	ask->text->texts = texts;
}

static void ask_text(
    struct work *w, const char *name, dns_callback fn, struct check_text *text)
{
	struct text_ask *ask = arena_alloc(w->arena, sizeof(*ask));

	*ask = (struct text_ask){ w, text };
	dns_ask(w->dns, name, DNS_TYPE_TXT, fn, ask);
}

static void on_spf(void *ctx, const struct dns_answer *a)
{
	const struct text_ask *ask = ctx;

	on_text(ctx, a);
	sender_spf_ask(ask->w->dns, ask->w->arena, ask->w->s);
}

/* --- DMARC --- */

static bool has_dmarc(const struct check_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		if (view_starts(text->texts[i], "v=DMARC1")) {
			return true;
		}
	}
	return false;
}

static void on_dmarc(void *ctx, const struct dns_answer *a);

static void ask_dmarc(struct work *w)
{
	char name[DOMAIN_BUF + 8];

	(void)snprintf(name, sizeof(name), "_dmarc.%s", w->s->dmarc_domain);
	ask_text(w, name, on_dmarc, &w->s->dmarc);
}

/* A domain without a record has that of the next one above, up to the last
   that has a dot. */
static void on_dmarc(void *ctx, const struct dns_answer *a)
{
	const struct text_ask *ask = ctx;
	struct sender *s = ask->w->s;
	const char *dot = strchr(s->dmarc_domain, '.');

	on_text(ctx, a);
	if ((a->status == DNS_ANSWER || a->status == DNS_NODATA ||
		a->status == DNS_NXDOMAIN) &&
	    !has_dmarc(&s->dmarc) && dot != NULL && strchr(dot + 1, '.')) {
		s->dmarc_domain = dot + 1;
		ask_dmarc(ask->w);
	}
}

/* --- MX --- */

struct mx {
	unsigned preference;
	const char *host;
};

static int by_preference(const void *a, const void *b)
{
	const struct mx *x = a;
	const struct mx *y = b;

	return x->preference < y->preference ? -1 :
	    x->preference > y->preference    ? 1 :
					       strcmp(x->host, y->host);
}

static void on_mx(void *ctx, const struct dns_answer *a)
{
	struct work *w = ctx;
	struct sender *s = w->s;
	struct mx list[64] = { { 0, NULL } };
	size_t n = 0;

	s->mx_dns = a->status;
	s->is_implicit = a->status == DNS_NODATA;
	for (size_t i = 0; i < a->n && a->status == DNS_ANSWER &&
	     n < sizeof(list) / sizeof(list[0]);
	     i++) {
		const unsigned char *d = (const unsigned char *)a->rdata[i].s;
		char name[DOMAIN_BUF];

		if (dns_name(a->rdata[i], 2, name) <= 0) {
			continue;
		}
		if (name[0] == '.') {
			s->is_null_mx = true;
			continue;
		}
		list[n++] = (struct mx){ (unsigned)d[0] << 8 | d[1],
			arena_strndup(w->arena, name, strlen(name)) };
	}
	if (n > 1) {
		qsort(list, n, sizeof(list[0]), by_preference);
	}
	s->n_mx = n < SENDER_HOSTS ? n : SENDER_HOSTS;
	s->mx_ips.is_known = n == s->n_mx;
	for (size_t i = 0; i < s->n_mx; i++) {
		s->mx_host[i] = list[i].host;
		sender_ask_hosts(w->dns, list[i].host, &s->mx_ips);
	}
}

/* --- our own addresses --- */

static void add_own(struct sender *s, const struct ip *ip)
{
	if (!ip_is_public(ip)) {
		return;
	}
	for (size_t i = 0; i < s->n_own; i++) {
		if (memcmp(s->own[i].b, ip->b, sizeof(ip->b)) == 0) {
			return;
		}
	}
	if (s->n_own < SENDER_IPS) {
		s->own[s->n_own++] = *ip;
	}
}

/* Without tallies, or with damaged ones, there are none: telltls status tells
   of that. */
static void find_own(const struct tool *tool, struct sender *s)
{
	int64_t *days = NULL;
	unsigned n = 0;

	if (store_days(tool->state, &days, &n) != 0) {
		return;
	}
	for (unsigned i = n > DAYS ? n - DAYS : 0; i < n; i++) {
		struct tally_fact fact;
		struct tally *t = NULL;
		uint64_t cursor = 0;
		char path[PATH_BUF];

		(void)store_path(tool->state, days[i], path, sizeof(path));
		if (tally_open(path, &t) == 0) {
			while (tally_next_fact(t, &cursor, &fact) == 1) {
				add_own(s, &fact.fact.sending_ip);
			}
		}
		tally_close(t);
	}
	free(days);
}

/* --- begin and end --- */

static void set_keys(struct work *w, const struct dkim *keys)
{
	struct sender *s = w->s;
	struct strbuf name;
	struct strbuf text;

	strbuf_init(&name, 4096);
	strbuf_init(&text, 4096);
	while (s->n_keys < CONF_DKIM_KEYS &&
	    dkim_record(keys, s->n_keys, &name, &text)) {
		struct sender_key *k = &s->key[s->n_keys];

		(void)dkim_info(keys, s->n_keys, &k->info);
		k->name = arena_strndup(w->arena, name.s, name.len);
		k->text = arena_strndup(w->arena, text.s, text.len);
		ask_text(w, k->name, on_text, &k->published);
		strbuf_clear(&name);
		strbuf_clear(&text);
		s->n_keys++;
	}
	strbuf_release(&name);
	strbuf_release(&text);
}

static void ask_all(struct work *w, const struct dkim *keys)
{
	struct sender *s = w->s;

	set_keys(w, keys);
	ask_text(w, s->submitter, on_spf, &s->spf);
	s->dmarc_domain = s->submitter;
	ask_dmarc(w);
	s->a_ips.is_known = true;
	sender_ask_hosts(w->dns, s->submitter, &s->a_ips);
	dns_ask(w->dns, s->submitter, DNS_TYPE_MX, on_mx, w);
}

/* The addresses that bounces go to. Without a delimiter the one that most MTAs
   know is tried, for advice. */
static void set_mailboxes(struct sender *s)
{
	static const char token[] = "0123456789abcdef0123456789abcdef";
	struct sender_mailbox *u = &s->unique;
	struct view own = view_of(s->conf->envelope_from);
	size_t at = view_rindex(own, '@');

	(void)envelope_sender(
	    s->conf, NULL, s->plain.address, sizeof(s->plain.address));
	s->has_delimiter = envelope_delimiter(s->conf) != '\0';
	if (s->has_delimiter) {
		(void)envelope_sender(
		    s->conf, token, u->address, sizeof(u->address));
	} else if (at <= ENVELOPE_LOCAL && at < own.len) {
		(void)snprintf(u->address, sizeof(u->address), "%.*s+%s%s",
		    (int)at, own.s, token, own.s + at);
	}
}

static void ask_mailboxes(struct sender *s)
{
	struct sender_mailbox *const boxes[] = { &s->plain, &s->unique };
	bool is_implicit = s->is_implicit && s->n_mx == 0;
	const struct spf_hosts *ips = is_implicit ? &s->a_ips : &s->mx_ips;
	char helo[DOMAIN_BUF];
	char name[DOMAIN_BUF] = "";

	(void)gethostname(name, sizeof(name) - 1);
	if (domain_normalise(view_of(name), helo) <= 0) {
		(void)snprintf(helo, sizeof(helo), "localhost");
	}
	for (size_t i = 0; i < ips->n && s->plain.end != MAILBOX_ACCEPTED &&
	     s->plain.end != MAILBOX_REFUSED;
	     i++) {
		s->plain.end = s->unique.end = MAILBOX_NOT_ASKED;
		sender_mailbox_ask(&ips->ip[i], helo, boxes, 2);
	}
}

int sender_gather(const struct tool *tool, const struct dkim *keys,
    struct arena *a, struct sender *out)
{
	struct work w = { .s = out, .arena = a };
	struct dns_options options;
	struct strbuf error;
	int rc;

	strbuf_init(&error, 4096);
	conf_report_dns(&tool->conf, &options);
	rc = dns_new(&options, &w.dns, &error);
	if (rc != 0) {
		log_error("cannot start DNS: %s", strbuf_str(&error));
		rc = EX_CONFIG;
	} else {
		ask_all(&w, keys);
		if (dns_run(w.dns) != 0) {
			log_error("cannot look up %s", out->submitter);
			rc = EX_UNAVAILABLE;
		}
	}
	dns_free(w.dns);
	strbuf_release(&error);
	if (rc == 0) {
		find_own(tool, out);
		set_mailboxes(out);
	}
	if (rc == 0 && out->is_probing) {
		ask_mailboxes(out);
	}
	return rc;
}
