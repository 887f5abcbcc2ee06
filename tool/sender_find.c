/* SPDX-License-Identifier: BSD-2-Clause */
/* sender_find.c - what was seen of our own domain, as findings */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "send/dkim_record.h"
#include "tool/sender.h"

enum {
	TXT_MAX = 255 /* bytes of one string of a TXT record */
};

/* --- who we are --- */

static void find_identity(const struct sender *s, struct check_findings *f)
{
	const struct conf *c = s->conf;
	struct view rest = view_of(s->faults);

	while (rest.len > 0) {
		size_t len = view_index(rest, '\n');

		check_add(f, CHECK_BAD, "identity", "%.*s", (int)len, rest.s);
		rest = view_skip(rest, len < rest.len ? len + 1 : len);
	}
	if (s->faults[0] == '\0') {
		check_add(f, CHECK_OK, "identity",
		    "reports come from %s, submitter %s, and tell to ask %s; "
		    "bounces go to %s",
		    c->from, s->submitter, c->contact, c->envelope_from);
	}
}

/* --- DKIM --- */

/* The record as a zone file has it: its text in strings that are short
   enough. */
static void find_publish(const struct sender_key *k, struct check_findings *f)
{
	struct view rest = view_of(k->text);
	struct strbuf text;

	strbuf_init(&text, 4096);
	while (rest.len > 0) {
		size_t len = rest.len < TXT_MAX ? rest.len : TXT_MAX;

		strbuf_addf(&text, " \"%.*s\"", (int)len, rest.s);
		rest = view_skip(rest, len);
	}
	check_add(f, CHECK_BAD, "dkim", "publish: %s. TXT%s", k->name,
	    strbuf_str(&text));
	strbuf_release(&text);
}

static void find_services(const struct sender_key *k,
    const struct dkim_record *r, struct check_findings *f)
{
	if (!r->is_email && !r->is_tlsrpt) {
		check_add(f, CHECK_BAD, "dkim",
		    "%s is for other services: remove s= from the record",
		    k->info.selector);
	} else if (!r->is_email) {
		check_add(f, CHECK_WARNING, "dkim",
		    "%s has s=tlsrpt alone: whoever verifies it as ordinary "
		    "mail, for DMARC too, refuses it, so have a key without s= "
		    "as well, or remove it",
		    k->info.selector);
	} else if (!r->is_tlsrpt) {
		check_add(f, CHECK_WARNING, "dkim",
		    "%s has s= without tlsrpt: receivers may ignore reports "
		    "(RFC 8460 3), so remove s= from the record",
		    k->info.selector);
	} else if (r->is_list) {
		check_add(f, CHECK_WARNING, "dkim",
		    "%s has a list of services: it is right, and some "
		    "verifiers read none, so no s= is better",
		    k->info.selector);
	}
}

/* A record that is a key's; its text is told. */
static void find_record(const struct sender_key *k, struct check_findings *f)
{
	const char *type = k->info.kind == DKIM_KEY_RSA ? "rsa" : "ed25519";
	struct dkim_record r;
	struct dkim_record ours;

	if (dkim_record_parse(k->published.texts[0], &r) != 0) {
		check_add(f, CHECK_BAD, "dkim", "%s: the record is broken",
		    k->info.selector);
		find_publish(k, f);
		return;
	}
	(void)dkim_record_parse(view_of(k->text), &ours);
	if (r.key.len == 0) {
		check_add(f, CHECK_BAD, "dkim",
		    "%s: the record says that the key is revoked",
		    k->info.selector);
		find_publish(k, f);
	} else if (!view_is(r.type, type) || !dkim_record_has(&r, ours.key)) {
		check_add(f, CHECK_BAD, "dkim",
		    "%s: the record is of another key than %s",
		    k->info.selector, k->info.file);
		find_publish(k, f);
	} else if (!r.is_sha256) {
		check_add(f, CHECK_BAD, "dkim",
		    "%s: the record forbids sha256: remove h= from it",
		    k->info.selector);
	} else {
		check_add(f, r.is_testing ? CHECK_WARNING : CHECK_OK, "dkim",
		    "%s is published, and the key of %s (%s, %u bits)%s",
		    k->info.selector, k->info.file, type, k->info.bits,
		    r.is_testing ? "; t=y: the record says that it is only "
				   "tried out" :
				   "");
		find_services(k, &r, f);
	}
}

static void find_key(const struct sender_key *k, struct check_findings *f)
{
	switch (k->published.dns) {
	case DNS_ANSWER:
		if (k->published.n == 1) {
			find_record(k, f);
		} else {
			check_add(f, CHECK_BAD, "dkim",
			    "%s: %zu TXT records, expected one: no verifier "
			    "need know which",
			    k->info.selector, k->published.n);
		}
		break;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		check_add(f, CHECK_BAD, "dkim", "%s is not published",
		    k->info.selector);
		find_publish(k, f);
		break;
	case DNS_BOGUS:
		check_add(f, CHECK_BAD, "dkim",
		    "%s: the answer for the record is bogus (DNSSEC)",
		    k->info.selector);
		break;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		check_add(f, CHECK_UNKNOWN, "dkim",
		    "%s: the record could not be looked up: %s",
		    k->info.selector, dns_status_word(k->published.dns));
		break;
	}
	if (k->info.kind == DKIM_KEY_RSA &&
	    k->info.bits < DKIM_KEY_RSA_ADVISED) {
		check_add(f, CHECK_WARNING, "dkim",
		    "%s has %u bits: some receivers want %d", k->info.selector,
		    k->info.bits, DKIM_KEY_RSA_ADVISED);
	}
}

static void find_dkim(const struct sender *s, struct check_findings *f)
{
	bool has_rsa = false;

	if (s->dkim_fault[0] != '\0') {
		check_add(f, CHECK_BAD, "dkim", "%s", s->dkim_fault);
		return;
	}
	if (s->n_keys == 0) {
		check_add(f, CHECK_WARNING, "dkim",
		    "mails are signed elsewhere, which is not looked at: see "
		    "that it is with d=%s, without l=, with "
		    "TLS-Report-Domain and TLS-Report-Submitter in h=",
		    s->submitter);
		return;
	}
	for (size_t i = 0; i < s->n_keys; i++) {
		find_key(&s->key[i], f);
		has_rsa = has_rsa || s->key[i].info.kind == DKIM_KEY_RSA;
	}
	if (!has_rsa) {
		check_add(f, CHECK_WARNING, "dkim",
		    "no RSA key: many receivers know no Ed25519");
	}
}

/* --- bounces --- */

static void find_mx(const struct sender *s, struct check_findings *f)
{
	const char *topic = "bounces";

	if (s->is_null_mx) {
		check_add(f, CHECK_BAD, topic,
		    "%s takes no mail (null MX): bounces, and answers to %s, "
		    "are lost",
		    s->submitter, s->conf->contact);
	} else if (s->n_mx > 0) {
		check_add(f, CHECK_OK, topic, "%s takes mail at %s%s",
		    s->submitter, s->mx_host[0],
		    s->n_mx > 1 ? " and others" : "");
	} else if (s->mx_dns == DNS_NXDOMAIN ||
	    (s->is_implicit && s->a_ips.is_known && s->a_ips.n == 0)) {
		check_add(f, CHECK_BAD, topic,
		    "%s has no mail server: publish an MX record",
		    s->submitter);
	} else if (s->is_implicit && s->a_ips.n > 0) {
		check_add(f, CHECK_WARNING, topic,
		    "%s has no MX record: it takes mail itself", s->submitter);
	} else {
		check_add(f, CHECK_UNKNOWN, topic,
		    "the MX record could not be looked up: %s",
		    dns_status_word(s->mx_dns));
	}
}

static void find_mailbox(
    const struct sender_mailbox *box, struct check_findings *f)
{
	switch (box->end) {
	case MAILBOX_NOT_ASKED:
		break;
	case MAILBOX_ACCEPTED:
		check_add(f, CHECK_OK, "bounces", "%s is taken", box->address);
		break;
	case MAILBOX_REFUSED:
		check_add(f, CHECK_BAD, "bounces", "%s is refused: %s",
		    box->address, box->answer);
		break;
	case MAILBOX_UNKNOWN:
		check_add(f, CHECK_UNKNOWN, "bounces",
		    "it could not be found out whether %s is taken: %s",
		    box->address, box->answer);
		break;
	}
}

/* With a delimiter, reports are sent from such addresses alone. */
static void find_mailboxes(const struct sender *s, struct check_findings *f)
{
	find_mailbox(&s->plain, f);
	if (s->has_delimiter) {
		find_mailbox(&s->unique, f);
	} else if (s->unique.end == MAILBOX_ACCEPTED) {
		check_add(f, CHECK_OK, "bounces",
		    "%s is taken: with recipient-delimiter: \"+\" a bounce "
		    "tells which report came back",
		    s->unique.address);
	}
}

/* --- TLS-Required: No --- */

static bool has_feed(const struct conf *c, const char *mta)
{
	for (unsigned i = 0; i < c->n_feeds; i++) {
		if (conf_is_same(c->feed[i].mta, mta)) {
			return true;
		}
	}
	return false;
}

/* R170-R173: a report is delivered even where TLS fails. Which version runs,
   and how it is configured, is not known here. */
static void find_tls_required(const struct sender *s, struct check_findings *f)
{
	static const struct {
		const char *mta;
		const char *text;
	} advice[] = {
		{ "postfix",
		    "Postfix 3.10 and later deliver reports even where TLS "
		    "fails, for they say TLS-Required: No; earlier ones, where "
		    "they demand TLS, need a transport with "
		    "smtp_tls_security_level=may for mail" },
		{ "exim",
		    "Exim does not know TLS-Required: where its transport "
		    "demands TLS or tries DANE, make hosts_require_tls, "
		    "hosts_require_dane and hosts_try_dane empty for mail" },
		{ "sendmail",
		    "Sendmail does not know TLS-Required: where DANE or the "
		    "access map demands TLS, make an exception for mail" },
	};

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		if (has_feed(s->conf, advice[i].mta)) {
			check_add(f, CHECK_OK, "tls-required", "%s from %s",
			    advice[i].text, s->conf->envelope_from);
		}
	}
}

void sender_find(const struct sender *s, struct check_findings *f)
{
	f->n = 0;
	find_identity(s, f);
	if (s->submitter[0] == '\0' || s->faults[0] != '\0') {
		return; /* of whom else? */
	}
	find_dkim(s, f);
	sender_find_policies(s, f);
	find_mx(s, f);
	find_mailboxes(s, f);
	find_tls_required(s, f);
}
