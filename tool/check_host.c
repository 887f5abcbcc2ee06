/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_host.c - what was seen of an MX host, as findings
 *
 * Whether a session would be good or bad under a policy the judge says, as in
 * reports.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/judge.h"
#include "common/sts_policy.h"
#include "common/when.h"
#include "tool/check.h"

enum {
	DAY_S = 86400,
	CODE_BUF = 128
};

/* One address of a host, under the policies of the domain. */
struct view_of_address {
	const struct check *c;
	const struct check_host *host;
	const struct check_probe *probe;
	const char *address;
	struct check_findings *f;
};

static struct check_finding *add(const struct view_of_address *v,
    enum check_level level, const char *topic, const char *text)
{
	struct check_finding *finding =
	    check_add(v->f, level, topic, "%s", text);

	finding->host = v->host->name;
	finding->address = v->address;
	return finding;
}

/* --- the whole host ------------------------------------------------------- */

static void find_addresses(
    const struct check_host *host, struct check_findings *f)
{
	enum check_level level = CHECK_OK;
	const char *text = "";

	if (host->is_bogus) {
		level = CHECK_BAD;
		text = "the addresses are bogus (DNSSEC): no mail is delivered";
	} else if (host->n_ip == 0) {
		level = host->is_address_known ? CHECK_BAD : CHECK_UNKNOWN;
		text = host->is_address_known ?
		    "no address" :
		    "the addresses could not be looked up";
	} else if (host->why == FETCH_ADDRESS_PRIVATE) {
		level = CHECK_BAD;
		text = "no address of the Internet";
	} else if (host->why == FETCH_ADDRESS_NO_ROUTE) {
		level = CHECK_UNKNOWN;
		text = "no way leads from here to its addresses";
	} else {
		check_add(f, CHECK_OK, "address",
		    "preference %u, %zu address%s", host->preference,
		    host->n_ip, host->n_ip == 1 ? "" : "es")
		    ->host = host->name;
		return;
	}
	check_add(f, level, "address", "%s", text)->host = host->name;
}

static void find_tlsa(const struct check *c, const struct check_host *host,
    struct check_findings *f)
{
	struct check_finding *finding;

	switch (host->tlsa) {
	case POLICY_TLSA_NONE:
		finding = check_add(f, CHECK_OK, "tlsa",
		    c->mx == POLICY_MX_INSECURE ?
			"none that count: the MX records are not signed" :
			"none");
		break;
	case POLICY_TLSA_USABLE:
		finding = check_add(f, CHECK_OK, "tlsa",
		    "%zu record%s at _25._tcp.%.*s", host->n_records,
		    host->n_records == 1 ? "" : "s", (int)host->base.len,
		    host->base.s);
		break;
	case POLICY_TLSA_UNUSABLE:
		finding = check_add(
		    f, CHECK_BAD, "tlsa", "records, of which none can be used");
		finding->code = "tlsa-invalid all-tlsa-unusable";
		break;
	case POLICY_TLSA_BOGUS:
		finding = check_add(
		    f, CHECK_BAD, "tlsa", "the answer is bogus (DNSSEC)");
		finding->code = "dnssec-invalid tlsa-bogus";
		break;
	case POLICY_TLSA_FAILED:
		finding = check_add(f, CHECK_BAD, "tlsa",
		    "the lookup fails, so senders that use DANE defer mail");
		finding->code = "dnssec-invalid tlsa-lookup-failed";
		break;
	case POLICY_TLSA_UNKNOWN:
	case POLICY_TLSA_COUNT:
	default:
		finding = check_add(f, CHECK_UNKNOWN, "tlsa", "not known");
		break;
	}
	finding->host = host->name;
}

/* Is there an MTA-STS policy that asks for something? */
static bool has_sts(
    const struct check *c, struct arena *a, struct sts_policy *out)
{
	return c->sts == POLICY_STS_FOUND &&
	    sts_policy_parse(c->sts_text, a, out) == 0 &&
	    out->mode != STS_MODE_NONE;
}

static void find_in_policy(const struct check *c, const struct check_host *host,
    struct check_findings *f)
{
	struct sts_policy p;

	if (!has_sts(c, f->arena, &p)) {
		return;
	}
	if (sts_policy_allows(&p, view_of(host->name))) {
		check_add(f, CHECK_OK, "mta-sts", "the policy has this host")
		    ->host = host->name;
	} else {
		struct check_finding *finding = check_add(f, CHECK_BAD,
		    "mta-sts", "the policy does not have this host");

		finding->host = host->name;
		finding->code = "validation-failure mta-sts-mx-mismatch";
	}
}

/* --- one address ---------------------------------------------------------- */

static const char *code_of(
    struct check_findings *f, const struct judge_verdict *verdict)
{
	const struct judge_result *r = &verdict->result[0];
	char code[CODE_BUF];

	if (verdict->outcome != JUDGED_FAILURE) {
		return "";
	}
	(void)snprintf(code, sizeof(code), "%s%s%s", judge_type_word(r->type),
	    r->reason[0] != '\0' ? " " : "", r->reason);
	return arena_strndup(f->arena, code, strlen(code));
}

/* What comes of a session under one kind of policy only. */
static enum check_level judge_under(const struct view_of_address *v,
    enum judge_policy policy, const char **code)
{
	struct judge_verdict verdict[JUDGE_VERDICTS];
	struct policy_set set = {
		.source = POLICY_OWN,
		.mx = POLICY_MX_SECURE,
		.tlsa = POLICY_TLSA_NONE,
		.sts = POLICY_STS_NONE,
	};
	struct fact fact;

	probe_fact(&v->probe->result, policy == JUDGE_TLSA, &fact);
	fact.domain = view_of(v->c->domain);
	fact.mx = view_of(v->host->name);
	fact.ip = v->probe->ip;
	if (policy == JUDGE_TLSA) {
		set.tlsa = v->host->tlsa;
		set.base = v->host->base;
		set.records = v->host->records;
		set.n_records = v->host->n_records;
	} else if (policy == JUDGE_STS) {
		set.sts = v->c->sts;
		set.sts_text = v->c->sts_text;
	}
	(void)judge(&fact, &set, JUDGE_GOVERNING, verdict);
	*code = code_of(v->f, &verdict[0]);
	switch (verdict[0].outcome) {
	case JUDGED_SUCCESS:
		return CHECK_OK;
	case JUDGED_FAILURE:
		return CHECK_BAD;
	case JUDGED_UNKNOWN:
		break;
	}
	return CHECK_UNKNOWN;
}

static const char *dates(
    const struct check *c, const struct probe_result *r, char *out, size_t size)
{
	char date[WHEN_DATE_BUF];
	long long days = (r->not_after - c->now) / DAY_S;

	if (r->not_after == 0) {
		return "";
	}
	if (r->not_before > c->now) {
		(void)snprintf(out, size, ", valid only from %s",
		    when_date(r->not_before, date));
	} else if (r->not_after < c->now) {
		(void)snprintf(out, size, ", expired on %s",
		    when_date(r->not_after, date));
	} else {
		(void)snprintf(out, size, ", valid until %s (%lld days)",
		    when_date(r->not_after, date), days);
	}
	return out;
}

static bool is_old_version(const struct probe_result *r)
{
	return strcmp(r->version, "TLSv1.2") != 0 &&
	    strcmp(r->version, "TLSv1.3") != 0;
}

/* The certificate by our roots, which matters where MTA-STS asks for it. */
static void find_certificate(const struct view_of_address *v)
{
	const struct probe_result *r = &v->probe->result;
	bool is_good = r->chain == FACT_CHAIN_OK && r->name == FACT_NAME_MATCH;
	bool is_ending = r->not_after != 0 && r->not_after >= v->c->now &&
	    r->not_after - v->c->now < CHECK_EXPIRES_S;
	enum check_level level;
	const char *code = "";
	struct check_finding *finding;
	struct sts_policy p;
	char text[PROBE_NAMES + 256];
	char when[80];

	if (has_sts(v->c, v->f->arena, &p) &&
	    sts_policy_allows(&p, view_of(v->host->name))) {
		level = judge_under(v, JUDGE_STS, &code);
	} else if (!v->c->has_roots || r->chain == FACT_CHAIN_UNKNOWN) {
		level = CHECK_UNKNOWN;
	} else {
		level = is_good || r->dane == FACT_DANE_MATCH ? CHECK_OK :
								CHECK_WARNING;
	}
	if (level == CHECK_OK && is_ending) {
		level = CHECK_WARNING;
	}
	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s",
	    r->chain == FACT_CHAIN_OK    ? "trusted" :
		r->chain_text[0] != '\0' ? r->chain_text :
					   "could not be checked (no roots)",
	    r->name == FACT_NAME_MISMATCH ? ", not for this host but for " : "",
	    r->name == FACT_NAME_MISMATCH && r->names[0] == '\0' ? "none" : "",
	    r->name == FACT_NAME_MISMATCH ? r->names : "",
	    dates(v->c, r, when, sizeof(when)),
	    level == CHECK_BAD && is_good && is_old_version(r) ?
		", but TLS is too old for MTA-STS" :
		"");
	finding = add(v, level, "certificate", text);
	finding->code = code;
	finding->not_before = r->not_before;
	finding->not_after = r->not_after;
}

static const char *dane_text(const struct probe_result *r)
{
	switch (r->dane) {
	case FACT_DANE_MATCH:
		return "the certificate matches the TLSA records";
	case FACT_DANE_MISMATCH:
		if (r->dane_name == FACT_NAME_MISMATCH) {
			return "a TLSA record matches, but the certificate is "
			       "for another name";
		}
		if (r->dane_chain == FACT_CHAIN_EXPIRED) {
			return "a TLSA record matches, but the certificate has "
			       "expired";
		}
		return "the certificate does not match the TLSA records";
	case FACT_DANE_UNUSABLE:
		return "no TLSA record can be used";
	case FACT_DANE_UNKNOWN:
	case FACT_DANE_LOOKUP_FAILED:
	case FACT_DANE_REQUIRED_MISSING:
	case FACT_DANE_NONE:
	case FACT_DANE_COUNT:
		break;
	}
	return "could not be checked";
}

static void find_dane(const struct view_of_address *v)
{
	const char *code;
	enum check_level level;

	if (v->host->tlsa != POLICY_TLSA_USABLE) {
		return;
	}
	level = judge_under(v, JUDGE_TLSA, &code);
	add(v, level, "dane", dane_text(&v->probe->result))->code = code;
}

static void find_tls(const struct view_of_address *v)
{
	const struct probe_result *r = &v->probe->result;
	const char *code;
	enum check_level level = judge_under(v, JUDGE_NO_POLICY_FOUND, &code);
	char text[CODE_BUF];

	if (level == CHECK_OK && is_old_version(r)) {
		level = CHECK_WARNING;
	}
	switch (r->tls) {
	case FACT_TLS_OK:
		(void)snprintf(text, sizeof(text), "%s%s", r->version,
		    is_old_version(r) ? ", which is too old" : "");
		break;
	case FACT_TLS_NOT_OFFERED:
		(void)snprintf(text, sizeof(text), "STARTTLS is not offered");
		break;
	case FACT_TLS_REFUSED:
		(void)snprintf(text, sizeof(text),
		    "STARTTLS is offered, then refused: %s", r->token);
		break;
	case FACT_TLS_FAILED:
	case FACT_TLS_NO_SESSION:
	case FACT_TLS_COUNT:
	default:
		(void)snprintf(
		    text, sizeof(text), "the handshake fails: %s", r->token);
		break;
	}
	add(v, level, "tls", text)->code = code;
	if (r->tls == FACT_TLS_OK) {
		find_certificate(v);
		find_dane(v);
	}
}

/* Nothing is known of its TLS. */
static void find_unreached(const struct view_of_address *v, bool has_other)
{
	const struct probe_result *r = &v->probe->result;
	char text[CODE_BUF];

	(void)snprintf(text, sizeof(text), "%s: %s",
	    r->end == PROBE_NO_CONNECTION ? "no connection" : "no SMTP session",
	    r->token);
	add(v, has_other ? CHECK_WARNING : CHECK_UNKNOWN, "tls",
	    v->probe->is_done ? text : "not probed");
}

/* Has any host of the domain answered: is our way to port 25 open? */
static bool has_answered(const struct check *c)
{
	for (size_t i = 0; i < c->n_hosts; i++) {
		for (size_t k = 0; k < c->host[i].n_probes; k++) {
			const struct check_probe *p = &c->host[i].probe[k];

			if (p->is_done && p->result.end == PROBE_TLS) {
				return true;
			}
		}
	}
	return false;
}

void check_find_host(const struct check *c, const struct check_host *host,
    struct check_findings *f)
{
	find_addresses(host, f);
	find_tlsa(c, host, f);
	find_in_policy(c, host, f);
	for (size_t i = 0; c->is_probing && i < host->n_probes; i++) {
		const struct check_probe *probe = &host->probe[i];
		char ip[IP_TEXT_MAX];
		const struct view_of_address v = {
			.c = c,
			.host = host,
			.probe = probe,
			.address = arena_view(
			    f->arena, view_of(ip_format(&probe->ip, ip)))
				       .s,
			.f = f,
		};

		if (probe->is_done && probe->result.end == PROBE_TLS) {
			find_tls(&v);
		} else {
			find_unreached(&v, has_answered(c));
		}
	}
}
