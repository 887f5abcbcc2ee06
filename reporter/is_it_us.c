/* SPDX-License-Identifier: BSD-2-Clause */
/* is_it_us.c - do failures that most domains share point at our own side? */

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/policy_probe.h"
#include "reporter/is_it_us.h"

static void note(unsigned *bits, enum is_it_us_way way)
{
	*bits |= 1U << way;
}

/* What the MTA said of a chain that the Web PKI had to vouch for. */
static void look_at_chain(struct is_it_us_domain *d, enum fact_chain chain)
{
	switch (chain) {
	case FACT_CHAIN_OK:
		note(&d->held, IS_IT_US_CA_STORE);
		note(&d->held, IS_IT_US_CLOCK);
		break;
	case FACT_CHAIN_EXPIRED:
	case FACT_CHAIN_NOT_YET_VALID:
		note(&d->failed, IS_IT_US_CLOCK);
		break;
	case FACT_CHAIN_UNTRUSTED:
	case FACT_CHAIN_BAD:
		note(&d->failed, IS_IT_US_CA_STORE);
		break;
	case FACT_CHAIN_SELF_SIGNED: /* no CA store would know it */
	case FACT_CHAIN_UNKNOWN:
	case FACT_CHAIN_COUNT:
		break;
	}
}

static void look_at_tlsa(struct is_it_us_domain *d, enum policy_tlsa tlsa)
{
	switch (tlsa) {
	case POLICY_TLSA_BOGUS:
	case POLICY_TLSA_FAILED:
		note(&d->failed, IS_IT_US_RESOLVER);
		break;
	case POLICY_TLSA_USABLE:
	case POLICY_TLSA_UNUSABLE:
		note(&d->held, IS_IT_US_RESOLVER);
		break;
	case POLICY_TLSA_NONE: /* also where nothing was asked for */
	case POLICY_TLSA_UNKNOWN:
	case POLICY_TLSA_COUNT:
		break;
	}
}

static void look_at_sts(struct is_it_us_domain *d, enum policy_sts sts)
{
	switch (sts) {
	case POLICY_STS_FETCH_ERROR:
	case POLICY_STS_WEBPKI_INVALID:
		note(&d->failed, IS_IT_US_FETCH);
		break;
	case POLICY_STS_FOUND:
	case POLICY_STS_POLICY_INVALID: /* it was fetched */
		note(&d->held, IS_IT_US_FETCH);
		break;
	case POLICY_STS_NONE:
	case POLICY_STS_UNKNOWN:
	case POLICY_STS_COUNT:
		break;
	}
}

static void look_at_set(struct is_it_us_domain *d, const struct policy_set *set)
{
	look_at_tlsa(d, set->tlsa);
	look_at_sts(d, set->sts);
	if (set->mx == POLICY_MX_BOGUS) {
		note(&d->failed, IS_IT_US_RESOLVER);
	} else if (set->mx == POLICY_MX_SECURE &&
	    set->tlsa == POLICY_TLSA_NONE) {
		note(&d->held, IS_IT_US_RESOLVER);
	}
}

static void look_at_dane(struct is_it_us_domain *d, const struct fact *fact)
{
	if (fact->dane == FACT_DANE_LOOKUP_FAILED ||
	    view_is(fact->reason, "mx-bogus")) {
		note(&d->failed, IS_IT_US_RESOLVER);
	} else if (fact->dane == FACT_DANE_MATCH ||
	    fact->dane == FACT_DANE_MISMATCH ||
	    fact->dane == FACT_DANE_UNUSABLE) {
		note(&d->held, IS_IT_US_RESOLVER);
	}
}

/*
 * What the MTA did not tell, our probe may: its roots and its clock are ours.
 * Where TLSA records vouch for the certificate, no CA need do so.
 */
static enum fact_chain chain_of(
    const struct fact *fact, const struct policy_set *set)
{
	bool is_probed = fact->chain == FACT_CHAIN_UNKNOWN && set != NULL &&
	    set->probe != NULL && set->probe->dane == FACT_DANE_UNKNOWN;

	return is_probed ? set->probe->chain : fact->chain;
}

void is_it_us_look(struct is_it_us_domain *d, const struct fact *fact,
    const struct policy_set *set)
{
	look_at_dane(d, fact);
	if (fact->dane != FACT_DANE_MATCH && fact->dane != FACT_DANE_MISMATCH) {
		look_at_chain(d, chain_of(fact, set));
	}
	if (fact->tls == FACT_TLS_OK) {
		note(&d->held, IS_IT_US_TLS);
	} else if (fact->tls == FACT_TLS_FAILED &&
	    view_starts(fact->reason, "tls-local-alert")) {
		note(&d->failed, IS_IT_US_TLS);
	}
	if (set != NULL && set->source == POLICY_OWN) {
		look_at_set(d, set);
	}
}

void is_it_us_look_event(struct is_it_us_domain *d)
{
	note(&d->failed, IS_IT_US_FETCH);
}

void is_it_us_add(struct is_it_us *u, const struct is_it_us_domain *d)
{
	for (unsigned way = 0; way < IS_IT_US_WAYS; way++) {
		u->failed[way] += d->failed >> way & 1;
		u->looked[way] += (d->failed | d->held) >> way & 1;
	}
}

bool is_it_us_suspects(const struct is_it_us *u, enum is_it_us_way way)
{
	return u->looked[way] >= IS_IT_US_DOMAINS &&
	    u->failed[way] > u->looked[way] / 2;
}

/* By result type; the first row whose reason is the beginning of a reason. */
static const struct {
	enum judge_type type;
	enum is_it_us_way way;
	const char *reason;
} rows[] = {
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, IS_IT_US_CLOCK, "not-yet-valid" },
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, IS_IT_US_WAYS, "self-signed" },
	{ JUDGE_CERTIFICATE_NOT_TRUSTED, IS_IT_US_CA_STORE, "" },
	{ JUDGE_CERTIFICATE_EXPIRED, IS_IT_US_CLOCK, "" },
	{ JUDGE_DNSSEC_INVALID, IS_IT_US_RESOLVER, "" },
	{ JUDGE_VALIDATION_FAILURE, IS_IT_US_RESOLVER, "mx-bogus" },
	{ JUDGE_VALIDATION_FAILURE, IS_IT_US_TLS, "tls-local-alert" },
	{ JUDGE_STS_POLICY_FETCH_ERROR, IS_IT_US_FETCH, "" },
	{ JUDGE_STS_WEBPKI_INVALID, IS_IT_US_FETCH, "" },
};

enum is_it_us_way is_it_us_way_of(enum judge_type type, struct view reason)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == type &&
		    view_starts(reason, rows[i].reason)) {
			return rows[i].way;
		}
	}
	return IS_IT_US_WAYS;
}

const char *is_it_us_word(enum is_it_us_way way)
{
	static const char *const words[IS_IT_US_WAYS + 1] = {
		[IS_IT_US_CA_STORE] = "ca-store",
		[IS_IT_US_CLOCK] = "clock",
		[IS_IT_US_RESOLVER] = "resolver",
		[IS_IT_US_TLS] = "tls",
		[IS_IT_US_FETCH] = "fetch",
		[IS_IT_US_WAYS] = "",
	};

	return words[way];
}

const char *is_it_us_text(enum is_it_us_way way)
{
	switch (way) {
	case IS_IT_US_CA_STORE:
		return "certificates lead to no CA that the MTA knows: has it "
		       "its CA certificates?";
	case IS_IT_US_CLOCK:
		return "certificates are expired or not valid yet: is the "
		       "clock right?";
	case IS_IT_US_RESOLVER:
		return "DNSSEC fails: does the resolver validate, and has it "
		       "its trust anchor?";
	case IS_IT_US_TLS:
		return "the MTA breaks off TLS handshakes: are its TLS "
		       "versions and ciphers those that others have?";
	case IS_IT_US_FETCH:
		return "MTA-STS policies cannot be fetched: may this host "
		       "connect to port 443, and does it know the CAs?";
	case IS_IT_US_WAYS:
		break;
	}
	return "";
}
