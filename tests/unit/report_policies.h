/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_policies.h - reports under policies: sets, facts, events as tables
 */
#ifndef TESTS_UNIT_REPORT_POLICIES_H
#define TESTS_UNIT_REPORT_POLICIES_H

#include "tests/unit/report_sample.h"

enum {
	POLICY_SETS = 4,
	POLICY_FACTS = 8
};

/* A view of a literal, which may hold NUL. */
#define TEXT(literal)            \
 {                               \
  (literal), sizeof(literal) - 1 \
 }

struct policy_fact {
	unsigned set; /* its number; POLICY_SETS: nothing is known */
	enum fact_tls tls;
	enum fact_chain chain;
	enum fact_name name;
	enum fact_dane dane;
	const char *mx;
	const char *reason;
	const char *version;
	uint64_t count; /* 0: the end of the table */
};

struct policy_sample {
	const char *name; /* of the golden file */
	enum judge_count count;
	struct policy_set set[POLICY_SETS]; /* those with failed_at: events */
	struct policy_fact fact[POLICY_FACTS];
	struct report_totals want;
};

#define STS_ENFORCE                                           \
 "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.net\r\n" \
 "mx: *.Mail.example.net\r\nmax_age: 604800\r\n"
#define STS_TESTING                                           \
 "version: STSv1\r\nmode: testing\r\nmx: mx1.example.net\r\n" \
 "max_age: 86400\r\n"
#define STS_NONE "version: STSv1\nmode: none\nmax_age: 86400\n"

static const struct view records_one[] = { TEXT(
    "3 1 1 "
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff") };
static const struct view records_two[] = {
	TEXT(
	    "3 1 1 "
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
	TEXT(
	    "2 0 1 "
	    "0000000000000000000000000000000000000000000000000000000000000000"),
	TEXT(
	    "3 1 1 "
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
	TEXT("evil\r\n")
};
static const struct view records_pkix[] = { TEXT(
    "1 1 1 "
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff") };

#define SET_STS(text)                                                          \
 {                                                                             \
  .mx = POLICY_MX_INSECURE, .tlsa = POLICY_TLSA_NONE, .sts = POLICY_STS_FOUND, \
  .sts_text = TEXT(text)                                                       \
 }
#define SET_TLSA(list, n, host)                                           \
 {                                                                        \
  .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_USABLE, .base = TEXT(host), \
  .records = (list), .n_records = (n), .sts = POLICY_STS_NONE             \
 }
#define SET_BOTH                                                           \
 {                                                                         \
  .mx = POLICY_MX_SECURE, .tlsa = POLICY_TLSA_USABLE,                      \
  .base = TEXT("mx1.example.net"), .records = records_one, .n_records = 1, \
  .sts = POLICY_STS_FOUND, .sts_text = TEXT(STS_ENFORCE)                   \
 }

#define FACT_BOTH                                                             \
 {                                                                            \
  { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH, FACT_DANE_MATCH,          \
	  "mx1.example.net", "", "TLSv1.3", 30 },                             \
      { 0, FACT_TLS_OK, FACT_CHAIN_EXPIRED, FACT_NAME_MATCH, FACT_DANE_MATCH, \
	      "mx1.example.net", "", "TLSv1.3", 5 },                          \
  {                                                                           \
   0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH, FACT_DANE_MISMATCH,        \
       "mx1.example.net", "", "TLSv1.3", 2                                    \
  }                                                                           \
 }

static const struct policy_sample policy_samples[] = {
	{ .name = "sts",
	    .set = { SET_STS(STS_ENFORCE) },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
			  FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3",
			  100 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_EXPIRED, FACT_NAME_MISMATCH,
		    FACT_DANE_UNKNOWN, "a.mail.example.net", "", "TLSv1.2", 3 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_SELF_SIGNED, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 2 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.com", "", "TLSv1.3", 4 },
		{ 0, FACT_TLS_NOT_OFFERED, FACT_CHAIN_UNKNOWN,
		    FACT_NAME_UNKNOWN, FACT_DANE_UNKNOWN, "mx1.example.net", "",
		    "", 1 },
		/* its certificate was not checked: no verdict */
		{ 0, FACT_TLS_OK, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 8 },
		/* nothing is known of what was published */
		{ POLICY_SETS, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 16 } },
	    .want = { 100, 10, 24 } },
	{ .name = "tlsa",
	    .set = { SET_TLSA(records_one, 1, "mx1.example.com"),
		SET_TLSA(records_two, 4, "mx2.example.com"),
		{ .mx = POLICY_MX_SECURE,
		    .tlsa = POLICY_TLSA_UNUSABLE,
		    .base = TEXT("mx3.example.com"),
		    .records = records_pkix,
		    .n_records = 1,
		    .sts = POLICY_STS_NONE },
		{ .mx = POLICY_MX_SECURE,
		    .tlsa = POLICY_TLSA_BOGUS,
		    .sts = POLICY_STS_NONE } },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
			  FACT_DANE_MATCH, "mx1.example.com", "", "TLSv1.3",
			  50 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
		    FACT_DANE_MISMATCH, "mx1.example.com", "", "TLSv1.3", 4 },
		{ 1, FACT_TLS_OK, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
		    FACT_DANE_MATCH, "mx2.example.com", "", "TLSv1.3", 20 },
		{ 2, FACT_TLS_OK, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
		    FACT_DANE_UNUSABLE, "mx3.example.com", "", "TLSv1.3", 2 },
		{ 3, FACT_TLS_NO_SESSION, FACT_CHAIN_UNKNOWN, FACT_NAME_UNKNOWN,
		    FACT_DANE_LOOKUP_FAILED, "mx4.example.com", "", "", 1 } },
	    .want = { 70, 7, 0 } },
	{ .name = "both",
	    .set = { SET_BOTH },
	    .fact = FACT_BOTH,
	    .want = { 35, 2, 0 } },
	{ .name = "both-all",
	    .count = JUDGE_ALL,
	    .set = { SET_BOTH },
	    .fact = FACT_BOTH,
	    .want = { 35, 2, 0 } },
	/* R47: two elements of one domain; mode "none" is no policy (R53) */
	{ .name = "changed",
	    .set = { SET_STS(STS_TESTING), SET_STS(STS_ENFORCE),
		SET_STS(STS_NONE) },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
			  FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3",
			  7 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MISMATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 1 },
		{ 1, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 9 },
		{ 1, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MISMATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 1 },
		{ 2, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MISMATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 3 } },
	    .want = { 19, 2, 0 } },
	/* R217, R77: nothing to fall back on */
	{ .name = "fetch-error",
	    .set = { { .mx = POLICY_MX_INSECURE,
			 .tlsa = POLICY_TLSA_NONE,
			 .sts = POLICY_STS_FETCH_ERROR,
			 .sts_reason = TEXT("http-404") },
		{ .mx = POLICY_MX_INSECURE,
		    .tlsa = POLICY_TLSA_NONE,
		    .sts = POLICY_STS_WEBPKI_INVALID,
		    .sts_reason = TEXT("certificate-expired") } },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
			  FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3",
			  7 },
		{ 1, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx2.example.net", "", "TLSv1.3", 2 } },
	    .want = { 0, 9, 0 } },
	/* R218, R239: two refreshes failed, the sessions are judged */
	{ .name = "cached",
	    .set = { { .mx = POLICY_MX_INSECURE,
			 .tlsa = POLICY_TLSA_NONE,
			 .sts = POLICY_STS_FOUND,
			 .sts_text = TEXT(STS_ENFORCE),
			 .sts_reason = TEXT("http-404+cached-policy-used") },
		{ .sts = POLICY_STS_FOUND,
		    .sts_text = TEXT(STS_ENFORCE),
		    .sts_reason = TEXT("http-404+cached-policy-used"),
		    .failed_at = SAMPLE_DAY + 100,
		    .failed = POLICY_STS_FETCH_ERROR },
		{ .sts = POLICY_STS_FOUND,
		    .sts_text = TEXT(STS_ENFORCE),
		    .sts_reason = TEXT("unknown-issuer+cached-policy-used"),
		    .failed_at = SAMPLE_DAY + 200,
		    .failed = POLICY_STS_WEBPKI_INVALID } },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
			  FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3",
			  10 },
		{ 0, FACT_TLS_OK, FACT_CHAIN_EXPIRED, FACT_NAME_MATCH,
		    FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 1 } },
	    .want = { 10, 3, 0 } },
	/* R225, R90, R104: the lines as they came */
	{ .name = "policy-invalid",
	    .set = { { .mx = POLICY_MX_INSECURE,
		.tlsa = POLICY_TLSA_NONE,
		.sts = POLICY_STS_POLICY_INVALID,
		.sts_text = TEXT("version: STSv1\r\nmode: Enforce\r\n\r\n"
				 "mx: \xff\xc3\x28 \0 \x7f \xe2\x80\xa8 "
				 "\"\\\n<html>\nmx: mx1.example.net"),
		.sts_reason = TEXT("syntax") } },
	    .fact = { { 0, FACT_TLS_OK, FACT_CHAIN_OK, FACT_NAME_MATCH,
		FACT_DANE_UNKNOWN, "mx1.example.net", "", "TLSv1.3", 6 } },
	    .want = { 0, 6, 0 } },
	/* R313, R316 */
	{ .name = "dane-required",
	    .set = { { .mx = POLICY_MX_SECURE,
		.tlsa = POLICY_TLSA_NONE,
		.sts = POLICY_STS_NONE,
		.is_dane_demanded = true } },
	    .fact = { { 0, FACT_TLS_NO_SESSION, FACT_CHAIN_UNKNOWN,
		FACT_NAME_UNKNOWN, FACT_DANE_REQUIRED_MISSING,
		"mx1.example.net", "", "", 3 } },
	    .want = { 0, 3, 0 } },
};

enum {
	POLICY_SAMPLES = sizeof(policy_samples) / sizeof(policy_samples[0])
};

static inline void policy_add_fact(struct report *r,
    const struct policy_sample *s, const struct policy_fact *f)
{
	struct tally_fact t = { .count = f->count };

	t.fact.domain = r->domain;
	t.fact.tls = f->tls;
	t.fact.chain = f->chain;
	t.fact.name = f->name;
	t.fact.dane = f->dane;
	t.fact.mx = view_of(f->mx);
	t.fact.reason = view_of(f->reason);
	t.fact.version = view_of(f->version);
	(void)ip_parse(view_of("192.0.2.25"), &t.fact.ip);
	(void)ip_parse(view_of("198.51.100.1"), &t.fact.sending_ip);
	report_add(r, &t, f->set < POLICY_SETS ? &s->set[f->set] : NULL);
}

static inline void policy_add_event(
    struct report *r, const struct policy_set *set)
{
	if (set->failed_at != 0) {
		report_add_event(r, set);
	}
}

/* The report of a sample; facts and events from the front or from the end. */
static inline struct report *policy_report(
    const struct policy_sample *s, bool is_backwards)
{
	struct report_sender sender = SAMPLE_SENDER;
	struct report *r;

	sender.count = s->count;
	r = report_new(
	    &sender, view_of("example.net"), SAMPLE_DAY, SAMPLE_MADE);
	for (size_t i = 0; i < POLICY_SETS && !is_backwards; i++) {
		policy_add_event(r, &s->set[i]);
	}
	for (size_t i = 0; i < POLICY_FACTS; i++) {
		size_t at = is_backwards ? POLICY_FACTS - 1 - i : i;

		if (s->fact[at].count > 0) {
			policy_add_fact(r, s, &s->fact[at]);
		}
	}
	for (size_t i = POLICY_SETS; i > 0 && is_backwards; i--) {
		policy_add_event(r, &s->set[i - 1]);
	}
	return r;
}

#endif
