/* SPDX-License-Identifier: BSD-2-Clause */
/* check_find.c - what was seen of a domain, as findings */

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "common/sts_policy.h"
#include "common/sts_record.h"
#include "tool/check.h"

enum {
	TEXT_BUF = 1024 /* of a finding */
};

const char *check_level_word(enum check_level level)
{
	static const char *const words[] = {
		[CHECK_OK] = "ok",
		[CHECK_WARNING] = "warning",
		[CHECK_UNKNOWN] = "unknown",
		[CHECK_BAD] = "bad",
	};

	return words[level];
}

struct check_finding *check_add(struct check_findings *f,
    enum check_level level, const char *topic, const char *fmt, ...)
{
	/* the last place is for whatever comes too late */
	size_t i = f->n < CHECK_FINDINGS - 1 ? f->n++ : CHECK_FINDINGS - 1;
	char text[TEXT_BUF];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	f->list[i] = (struct check_finding){
		.level = level,
		.topic = topic,
		.host = "",
		.address = "",
		.text = arena_strndup(f->arena, text, strlen(text)),
		.code = "",
		.record = view_of(""),
	};
	return &f->list[i];
}

enum check_level check_worst(const struct check_findings *f)
{
	enum check_level worst = CHECK_OK;

	for (size_t i = 0; i < f->n; i++) {
		if (f->list[i].level > worst) {
			worst = f->list[i].level;
		}
	}
	return worst;
}

static void find_health(const struct check *c, struct check_findings *f)
{
	if (c->health == DNS_HEALTH_VALIDATING) {
		check_add(f, CHECK_OK, "dnssec", "can be relied on here");
	} else {
		check_add(f, CHECK_UNKNOWN, "dnssec",
		    "cannot be relied on here, so nothing is known of DANE: %s",
		    dns_health_text(c->health));
	}
}

/* --- records -------------------------------------------------------------- */

/* A lookup that gave nothing to read. Returns whether it was one. */
static bool find_no_answer(struct check_findings *f, const char *topic,
    const char *what, enum dns_status status)
{
	switch (status) {
	case DNS_ANSWER:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return false;
	case DNS_BOGUS:
		check_add(f, CHECK_BAD, topic,
		    "the answer for the %s record is bogus (DNSSEC)", what);
		return true;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		break;
	}
	check_add(f, CHECK_UNKNOWN, topic,
	    "the %s record could not be looked up: %s", what,
	    dns_status_word(status));
	return true;
}

/* The text of a broken record: the only one that begins as such. */
static void show_error(struct check_finding *finding,
    const struct check_text *text, const char *version, size_t error_at)
{
	for (size_t i = 0; i < text->n; i++) {
		if (view_starts(text->texts[i], version)) {
			finding->record = text->texts[i];
			finding->has_error = true;
			finding->error_at = error_at < text->texts[i].len ?
			    error_at :
			    text->texts[i].len;
			return;
		}
	}
}

static void find_tlsrpt(const struct check *c, struct check_findings *f)
{
	static const char topic[] = "tlsrpt";
	struct record *r = arena_alloc(f->arena, sizeof(*r));
	struct check_finding *finding;

	if (find_no_answer(f, topic, "TLSRPT", c->tlsrpt.dns)) {
		return;
	}
	record_parse(c->tlsrpt.texts, c->tlsrpt.n, r);
	switch (r->status) {
	case RECORD_VALID:
		check_add(f, r->ignored > 0 ? CHECK_WARNING : CHECK_OK, topic,
		    "reports go to %zu destination%s%s", r->n_rua,
		    r->n_rua == 1 ? "" : "s",
		    r->ignored > 0 ? "; others cannot be used" : "");
		break;
	case RECORD_NONE:
		check_add(f, CHECK_WARNING, topic,
		    "no record at _smtp._tls.%s: nobody tells this domain of "
		    "failures",
		    c->domain);
		break;
	case RECORD_SEVERAL:
		check_add(f, CHECK_BAD, topic,
		    "more than one record: it counts as none");
		break;
	case RECORD_NO_RUA:
		check_add(f, CHECK_BAD, topic,
		    "no destination of the record can be used");
		break;
	case RECORD_SYNTAX:
		finding = check_add(f, CHECK_BAD, topic,
		    "the record counts as none: %s", r->error);
		show_error(finding, &c->tlsrpt, "v=TLSRPTv1", r->error_at);
		break;
	}
}

static void find_sts_record(const struct check *c, struct check_findings *f)
{
	static const char topic[] = "mta-sts";
	struct check_finding *finding;
	struct sts_record r;

	if (find_no_answer(f, topic, "MTA-STS", c->sts_record.dns)) {
		return;
	}
	sts_record_parse(c->sts_record.texts, c->sts_record.n, &r);
	switch (r.status) {
	case STS_RECORD_VALID:
		check_add(f, CHECK_OK, topic, "record with id %s", r.id);
		break;
	case STS_RECORD_NONE:
		check_add(
		    f, CHECK_OK, topic, "no record at _mta-sts.%s", c->domain);
		break;
	case STS_RECORD_SEVERAL:
		check_add(f, CHECK_BAD, topic,
		    "more than one record: it counts as none");
		break;
	case STS_RECORD_SYNTAX:
		finding = check_add(f, CHECK_BAD, topic,
		    "the record counts as none: %s", r.error);
		show_error(finding, &c->sts_record, "v=STSv1", r.error_at);
		break;
	}
}

/* --- the MTA-STS policy --------------------------------------------------- */

static void find_good_policy(
    const struct sts_policy *p, struct check_findings *f)
{
	struct strbuf mx;

	strbuf_init(&mx, TEXT_BUF / 2);
	for (size_t i = 0; i < p->n_mx; i++) {
		strbuf_adds(&mx, i > 0 ? ", " : "; mx ");
		strbuf_addv(&mx, p->mx[i]);
	}
	check_add(f, p->mode == STS_MODE_ENFORCE ? CHECK_OK : CHECK_WARNING,
	    "mta-sts", "policy of mode %s, max_age %u s%s%s%s",
	    sts_mode_word(p->mode), (unsigned)p->max_age, strbuf_str(&mx),
	    mx.failed ? " ..." : "",
	    p->mode == STS_MODE_TESTING ?
		"; mail is delivered whatever comes of TLS" :
		"");
	strbuf_release(&mx);
}

static void find_policy_text(const struct check *c, struct check_findings *f)
{
	struct sts_policy p;

	if (sts_policy_parse(c->sts_text, f->arena, &p) == 0) {
		find_good_policy(&p, f);
	} else {
		check_add(f, CHECK_BAD, "mta-sts",
		    "the policy host serves a text that is no policy")
		    ->code = "sts-policy-invalid syntax";
	}
}

/* Has a certificate been found good by our roots? */
static bool has_good_chain(const struct check *c)
{
	for (size_t i = 0; i < c->n_hosts; i++) {
		for (size_t k = 0; k < c->host[i].n_probes; k++) {
			const struct check_probe *p = &c->host[i].probe[k];

			if (p->is_done && p->result.end == PROBE_TLS &&
			    p->result.chain == FACT_CHAIN_OK &&
			    p->result.tls == FACT_TLS_OK) {
				return true;
			}
		}
	}
	return false;
}

/*
 * A failure that one fetch alone cannot tell from one of our own: is it theirs
 * by what else was seen? Names and signatures do not depend on us; dates do on
 * our clock, which DNSSEC needs as well; issuers on our roots.
 */
static bool is_theirs(const struct check *c)
{
	const char *token = c->sts_token;

	if (strcmp(token, "certificate-host-mismatch") == 0 ||
	    strcmp(token, "self-signed") == 0) {
		return true;
	}
	if (strcmp(token, "certificate-expired") == 0 ||
	    strcmp(token, "not-yet-valid") == 0) {
		return c->health == DNS_HEALTH_VALIDATING;
	}
	return strcmp(token, "unknown-issuer") == 0 && has_good_chain(c);
}

static void find_policy(const struct check *c, struct check_findings *f)
{
	static const char topic[] = "mta-sts";

	switch (c->sts) {
	case POLICY_STS_NONE:
		return;
	case POLICY_STS_FOUND:
		find_policy_text(c, f);
		return;
	case POLICY_STS_FETCH_ERROR:
		check_add(f, CHECK_BAD, topic,
		    "the policy cannot be fetched from mta-sts.%s: %s",
		    c->domain, c->sts_token)
		    ->code = "sts-policy-fetch-error";
		return;
	case POLICY_STS_POLICY_INVALID:
	case POLICY_STS_WEBPKI_INVALID:
		break;
	case POLICY_STS_UNKNOWN:
	case POLICY_STS_COUNT:
		if (c->sts_token[0] == '\0') {
			return; /* nor was there a record */
		}
		if (!is_theirs(c)) {
			check_add(f, CHECK_UNKNOWN, topic,
			    "the policy could not be fetched from mta-sts.%s, "
			    "perhaps by a fault on this side: %s",
			    c->domain, c->sts_token);
			return;
		}
		break;
	}
	check_add(f, CHECK_BAD, topic, "the certificate of mta-sts.%s: %s",
	    c->domain, c->sts_token)
	    ->code = "sts-webpki-invalid";
}

/* --- MX ------------------------------------------------------------------- */

static void find_strange_mx(const struct check *c, struct check_findings *f)
{
	static const char topic[] = "mx";

	if (c->n_strange > 0) {
		check_add(f, c->n_mx > 0 ? CHECK_WARNING : CHECK_BAD, topic,
		    "%zu MX record%s no host", c->n_strange,
		    c->n_strange == 1 ? " names" : "s name");
	}
	if (c->is_null_mx && c->n_mx > 0) {
		check_add(f, CHECK_WARNING, topic,
		    "a null MX beside other MX records");
	}
	if (c->is_implicit && c->n_mx > 0) {
		check_add(f, CHECK_WARNING, topic,
		    "no MX record: the domain is its own host");
	}
	if (c->n_mx > c->n_hosts) {
		check_add(f, CHECK_UNKNOWN, topic,
		    "only the first %zu of %zu hosts are looked at", c->n_hosts,
		    c->n_mx);
	}
}

static void find_mx(const struct check *c, struct check_findings *f)
{
	static const char topic[] = "mx";

	switch (c->mx) {
	case POLICY_MX_SECURE:
		check_add(f, CHECK_OK, topic, "%zu host%s, signed (DNSSEC)",
		    c->n_mx, c->n_mx == 1 ? "" : "s");
		break;
	case POLICY_MX_INSECURE:
		check_add(f, CHECK_OK, topic,
		    "%zu host%s, not signed: there can be no DANE", c->n_mx,
		    c->n_mx == 1 ? "" : "s");
		break;
	case POLICY_MX_NONE:
		check_add(f, c->is_null_mx ? CHECK_OK : CHECK_BAD, topic,
		    c->is_null_mx ? "the domain takes no mail (null MX)" :
				    "there is no such domain");
		break;
	case POLICY_MX_BOGUS:
		check_add(f, CHECK_BAD, topic,
		    "the answer is bogus (DNSSEC): no mail is delivered")
		    ->code = "validation-failure mx-bogus";
		break;
	case POLICY_MX_FAILED:
		check_add(f, CHECK_UNKNOWN, topic,
		    "the name servers of the domain do not answer");
		break;
	case POLICY_MX_UNKNOWN:
	case POLICY_MX_COUNT:
		check_add(f, c->n_mx > 0 ? CHECK_OK : CHECK_UNKNOWN, topic,
		    c->n_mx > 0 ? "%zu host%s" : "could not be looked up",
		    c->n_mx, c->n_mx == 1 ? "" : "s");
		break;
	}
	find_strange_mx(c, f);
}

void check_find(const struct check *c, struct check_findings *f)
{
	f->n = 0;
	find_health(c, f);
	find_tlsrpt(c, f);
	find_sts_record(c, f);
	find_policy(c, f);
	find_mx(c, f);
	for (size_t i = 0; i < c->n_hosts; i++) {
		check_find_host(c, &c->host[i], f);
	}
}
