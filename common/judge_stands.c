/* SPDX-License-Identifier: BSD-2-Clause */
/* judge_stands.c - which policies stand, and why */

#include "config.h"

#include "common/judge_private.h"

static struct judge_standing stands_not(const char *why)
{
	return (struct judge_standing){ JUDGE_STANDS_NOT, why };
}

static struct judge_standing stands_maybe(const char *why)
{
	return (struct judge_standing){ JUDGE_STANDS_MAYBE, why };
}

static struct judge_standing stands(const char *why)
{
	return (struct judge_standing){ JUDGE_STANDS, why };
}

/* Forged, known from the MTA, or from us where it did not say more. */
bool judge_stands_mx_bogus(
    const struct fact *fact, const struct policy_set *set)
{
	return fact->tls == FACT_TLS_NO_SESSION &&
	    (view_is(fact->reason, "mx-bogus") ||
		(set->mx == POLICY_MX_BOGUS && fact->reason.len == 0 &&
		    fact->dane == FACT_DANE_UNKNOWN));
}

/* What the MTA applied was there, whatever we found. */
static bool has_applied_tlsa(const struct judge_session *s)
{
	const struct policy_set *set = s->set;

	switch (s->fact->dane) {
	case FACT_DANE_MATCH:
	case FACT_DANE_MISMATCH:
	case FACT_DANE_UNUSABLE:
	case FACT_DANE_LOOKUP_FAILED:
	case FACT_DANE_REQUIRED_MISSING:
		return true;
	case FACT_DANE_UNKNOWN:
	case FACT_DANE_NONE:
	case FACT_DANE_COUNT:
		break;
	}
	return judge_mta_has(&s->mta, JUDGE_MTA_TLSA) ||
	    (set->source == POLICY_MTA && set->base.len > 0);
}

static bool has_applied_sts(const struct judge_session *s)
{
	return judge_mta_has(&s->mta, JUDGE_MTA_STS) ||
	    (s->fact->tls == FACT_TLS_NO_SESSION &&
		view_is(s->fact->reason, "mta-sts-mx-mismatch"));
}

/* R45: what it did not apply did not govern. */
static bool has_applied_other(const struct judge_session *s)
{
	return has_applied_sts(s) ||
	    judge_mta_has(&s->mta, JUDGE_MTA_NO_POLICY) ||
	    (s->set->source == POLICY_MTA && s->set->sts != POLICY_STS_UNKNOWN);
}

/* R235, R316 */
struct judge_standing judge_stands_tlsa(const struct judge_session *s)
{
	const struct policy_set *set = s->set;

	if (s->is_mx_bogus) {
		return stands_not("no MX host is known that could have TLSA "
				  "records (R306)");
	}
	if (set->tlsa > POLICY_TLSA_NONE) {
		return set->tlsa < POLICY_TLSA_BOGUS ?
		    stands("there were TLSA records, which go before all else "
			   "(RFC 8461 2, R235)") :
		    stands("the TLSA lookup failed under a secure address "
			   "(RFC 7672 2.1, R316)");
	}
	if (set->is_dane_demanded) {
		return stands("we demand DANE here (RFC 7672 6, R313)");
	}
	if (has_applied_tlsa(s)) {
		return stands("the MTA tells that it judged by DANE (R45)");
	}
	if (set->tlsa == POLICY_TLSA_NONE) {
		return stands_not("no TLSA records apply");
	}
	if (s->fact->dane == FACT_DANE_NONE) {
		return stands_not("the MTA found no TLSA records");
	}
	if (has_applied_other(s)) {
		return stands_not(
		    "the MTA tells that it went by another policy "
		    "(R45)");
	}
	return stands_maybe("whether there were TLSA records is not known");
}

/* The policy was found. */
static struct judge_standing found(const struct judge_session *s)
{
	if (s->has_policy) {
		return s->policy.mode == STS_MODE_NONE ?
		    stands_not("the MTA-STS policy has the mode none, which "
			       "is no policy (RFC 8461 5, R53)") :
		    stands("an MTA-STS policy was in force (RFC 8461 3)");
	}
	/* MTAs need not give its text */
	return s->set->source == POLICY_MTA ?
	    stands("the MTA tells of an MTA-STS policy (R45)") :
	    stands_maybe("the MTA-STS policy cannot be read");
}

/* R53, R217 */
struct judge_standing judge_stands_sts(const struct judge_session *s)
{
	static const char applied[] =
	    "the MTA tells that it went by an MTA-STS policy (R45)";

	switch (s->set->sts) {
	case POLICY_STS_FOUND:
		return found(s);
	case POLICY_STS_FETCH_ERROR:
	case POLICY_STS_POLICY_INVALID:
	case POLICY_STS_WEBPKI_INVALID:
		return stands("an MTA-STS record was there, but no policy "
			      "(RFC 8461 3.3, R217)");
	case POLICY_STS_NONE:
		return has_applied_sts(s) ?
		    stands(applied) :
		    stands_not("there was no MTA-STS policy");
	case POLICY_STS_UNKNOWN:
	case POLICY_STS_COUNT:
		break;
	}
	if (s->is_mx_bogus) {
		return stands_not("no MTA-STS policy is known (R306)");
	}
	return has_applied_sts(s) ?
	    stands(applied) :
	    stands_maybe("whether there was an MTA-STS policy is not known");
}
