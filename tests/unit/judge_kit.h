/* SPDX-License-Identifier: BSD-2-Clause */
/* judge_kit.h - policy sets for the judge, and verdicts as text */
#ifndef TESTS_UNIT_JUDGE_KIT_H
#define TESTS_UNIT_JUDGE_KIT_H

#include "common/judge.h"
#include "tests/unit/unit.h"

#define JUDGE_V(s)   \
 {                   \
  (s), sizeof(s) - 1 \
 }
#define JUDGE_H32 \
 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define JUDGE_POLICY(mode)                                  \
 "version: STSv1\r\nmode: " mode "\r\nmx: mx.d.example\r\n" \
 "mx: *.w.example\r\nmax_age: 604800\r\n"

static const struct view judge_ee[] = { JUDGE_V("3 1 1 " JUDGE_H32) };
static const struct view judge_ta[] = { JUDGE_V("2 0 1 " JUDGE_H32) };
static const struct view judge_both[] = { JUDGE_V("2 0 1 " JUDGE_H32),
	JUDGE_V("3 1 1 " JUDGE_H32) };
static const struct view judge_unusable[] = { JUDGE_V("1 0 1 " JUDGE_H32),
	JUDGE_V("2 0 1 00") };

/* What a domain may have had. */
enum judge_sample {
	NO_POLICY,
	ENFORCE,
	TESTING,
	MODE_NONE,
	EE,
	TA,
	TA_EE,
	UNUSABLE,
	BOGUS,
	LOOKUP_FAILED,
	FETCH_ERROR,
	POLICY_INVALID,
	WEBPKI_INVALID,
	DANE_DEMANDED,
	EE_ENFORCE,
	EE_FETCH_ERROR,
	TLSA_UNKNOWN, /* and no MTA-STS policy */
	TLSA_UNKNOWN_ENFORCE,
	STS_UNKNOWN, /* and no TLSA records */
	NOTHING_KNOWN,
	MX_BOGUS,
	MX_BOGUS_ENFORCE,
	MTA_ENFORCE, /* as datagrams tell it */
	MTA_EE,
	MTA_STS,  /* without its text */
	MTA_TLSA, /* without its records */
	SAMPLES
};

#define JUDGE_TLSA(state, list)                  \
 .tlsa = POLICY_TLSA_##state, .records = (list), \
 .n_records = sizeof(list) / sizeof((list)[0]),  \
 .base = JUDGE_V("mx.d.example")
#define JUDGE_STS_TEXT(mode) \
 .sts = POLICY_STS_FOUND, .sts_text = JUDGE_V(JUDGE_POLICY(mode))
#define JUDGE_NO_TLSA .tlsa = POLICY_TLSA_NONE
#define JUDGE_NO_STS  .sts = POLICY_STS_NONE

static const struct policy_set judge_samples[SAMPLES] = {
	[NO_POLICY] = { JUDGE_NO_TLSA, JUDGE_NO_STS },
	[ENFORCE] = { JUDGE_NO_TLSA, JUDGE_STS_TEXT("enforce") },
	[TESTING] = { JUDGE_NO_TLSA, JUDGE_STS_TEXT("testing") },
	[MODE_NONE] = { JUDGE_NO_TLSA, JUDGE_STS_TEXT("none") },
	[EE] = { JUDGE_TLSA(USABLE, judge_ee), JUDGE_NO_STS },
	[TA] = { JUDGE_TLSA(USABLE, judge_ta), JUDGE_NO_STS },
	[TA_EE] = { JUDGE_TLSA(USABLE, judge_both), JUDGE_NO_STS },
	[UNUSABLE] = { JUDGE_TLSA(UNUSABLE, judge_unusable), JUDGE_NO_STS },
	[BOGUS] = { .tlsa = POLICY_TLSA_BOGUS, JUDGE_NO_STS },
	[LOOKUP_FAILED] = { .tlsa = POLICY_TLSA_FAILED, JUDGE_NO_STS },
	[FETCH_ERROR] = { JUDGE_NO_TLSA, .sts = POLICY_STS_FETCH_ERROR,
	    .sts_reason = JUDGE_V("http-404") },
	[POLICY_INVALID] = { JUDGE_NO_TLSA, .sts = POLICY_STS_POLICY_INVALID,
	    .sts_text = JUDGE_V("<html>"), .sts_reason = JUDGE_V("syntax") },
	[WEBPKI_INVALID] = { JUDGE_NO_TLSA, .sts = POLICY_STS_WEBPKI_INVALID,
	    .sts_reason = JUDGE_V("certificate-expired") },
	[DANE_DEMANDED] = { JUDGE_NO_TLSA, JUDGE_NO_STS,
	    .is_dane_demanded = true },
	[EE_ENFORCE] = { JUDGE_TLSA(USABLE, judge_ee),
	    JUDGE_STS_TEXT("enforce") },
	[EE_FETCH_ERROR] = { JUDGE_TLSA(USABLE, judge_ee),
	    .sts = POLICY_STS_FETCH_ERROR, .sts_reason = JUDGE_V("timeout") },
	[TLSA_UNKNOWN] = { JUDGE_NO_STS },
	[TLSA_UNKNOWN_ENFORCE] = { JUDGE_STS_TEXT("enforce") },
	[STS_UNKNOWN] = { JUDGE_NO_TLSA },
	[NOTHING_KNOWN] = { .mx = POLICY_MX_FAILED },
	[MX_BOGUS] = { .mx = POLICY_MX_BOGUS, JUDGE_NO_STS },
	[MX_BOGUS_ENFORCE] = { .mx = POLICY_MX_BOGUS,
	    JUDGE_STS_TEXT("enforce") },
	[MTA_ENFORCE] = { .source = POLICY_MTA, JUDGE_STS_TEXT("enforce") },
	[MTA_EE] = { .source = POLICY_MTA, JUDGE_TLSA(USABLE, judge_ee) },
	[MTA_STS] = { .source = POLICY_MTA, .sts = POLICY_STS_FOUND },
	[MTA_TLSA] = { .source = POLICY_MTA, .base = JUDGE_V("mx.d.example") },
};

/* "sts: certificate-expired, validation-failure(x); tlsa: unknown" */
static inline const char *judge_show(
    const struct judge_verdict *v, size_t n, char buf[512])
{
	int at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		at += snprintf(buf + at, 512 - (size_t)at, "%s%s: %s",
		    i > 0 ? "; " : "", judge_policy_word(v[i].policy),
		    v[i].outcome == JUDGED_SUCCESS     ? "success" :
			v[i].outcome == JUDGED_UNKNOWN ? "unknown" :
							 "");
		for (size_t k = 0; k < v[i].n; k++) {
			const struct judge_result *r = &v[i].result[k];

			at += snprintf(buf + at, 512 - (size_t)at, "%s%s%s%s%s",
			    k > 0 ? ", " : "", judge_type_word(r->type),
			    r->reason[0] != '\0' ? "(" : "", r->reason,
			    r->reason[0] != '\0' ? ")" : "");
		}
	}
	assert_true(at >= 0 && at < 512);
	return buf;
}

#endif
