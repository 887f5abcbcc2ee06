/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JUDGE_PRIVATE_H
#define COMMON_JUDGE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/judge.h"
#include "common/mem.h"
#include "common/sts_policy.h"

/* What the files of the judge share. */

/* The columns of the table. */
enum judge_column {
	JUDGE_COLUMN_NONE, /* no policy */
	JUDGE_COLUMN_STS,
	JUDGE_COLUMN_TA, /* TLSA records, one or more of usage 2 */
	JUDGE_COLUMN_EE, /* TLSA records of usage 3 only (R308) */
	JUDGE_COLUMN_COUNT
};

/* The fields, each with a block of rows. */
enum judge_field {
	JUDGE_FIELD_STS,     /* enum policy_sts: is there a policy to apply? */
	JUDGE_FIELD_TLS,     /* enum judge_tls */
	JUDGE_FIELD_MX,      /* enum judge_mx */
	JUDGE_FIELD_VERSION, /* enum judge_version */
	JUDGE_FIELD_CHAIN,   /* enum fact_chain */
	JUDGE_FIELD_NAME,    /* enum fact_name */
	JUDGE_FIELD_DANE,    /* enum judge_dane */
	JUDGE_FIELD_MTA,     /* enum judge_mta */
	JUDGE_FIELD_COUNT
};

/* enum fact_tls, its COUNT for no such value, and more. */
enum judge_tls {
	JUDGE_TLS_MX_BOGUS = FACT_TLS_COUNT + 1, /* R306 */
	JUDGE_TLS_COUNT
};

/* Is the MX host in the MTA-STS policy? */
enum judge_mx {
	JUDGE_MX_UNKNOWN,
	JUDGE_MX_ALLOWED,
	JUDGE_MX_MISMATCH,
	JUDGE_MX_COUNT
};

enum judge_version {
	JUDGE_VERSION_UNKNOWN,
	JUDGE_VERSION_NEW, /* TLS 1.2 or newer */
	JUDGE_VERSION_OLD,
	JUDGE_VERSION_COUNT
};

/* enum fact_dane, its COUNT for no such value, and more. */
enum judge_dane {
	JUDGE_DANE_BOGUS = FACT_DANE_COUNT + 1,
	JUDGE_DANE_EXPLAINED, /* a mismatch: the certificate's rows say why */
	JUDGE_DANE_COUNT
};

/* What the MTA's own results say beyond the fields before. */
enum judge_mta {
	JUDGE_MTA_SILENT,
	JUDGE_MTA_REFUSED, /* it failed under this policy; why is not told */
	JUDGE_MTA_UNCLEAR, /* it failed, under which policy is not told */
	JUDGE_MTA_COUNT
};

enum judge_says {
	JUDGE_SAYS_UNKNOWN, /* not enough was seen: no verdict (promise 5) */
	JUDGE_SAYS_NOTHING, /* the value has no bearing under this policy */
	JUDGE_SAYS_FAILURE
};

struct judge_cell {
	enum judge_says says;
	enum judge_type type; /* with JUDGE_SAYS_FAILURE */
	const char *token;    /* failure-reason-code */
	const char *probed;   /* the same where our own probe saw it */
	bool is_own;          /* the fact's own token stands before ours */
};

/* The cell of a value; of one without a row, a cell that says unknown. */
const struct judge_cell *judge_cell(
    enum judge_field field, unsigned value, enum judge_column column);

/* Static texts: the field's name; the value in words (NULL: not worth to be
   told); what the column asks of the field (NULL: nothing). */
const char *judge_field_word(enum judge_field field);
const char *judge_field_seen(enum judge_field field, unsigned value);
const char *judge_field_rule(enum judge_field field, enum judge_column column);

/* --- the MTA's own results (fact.verdict) --- */

enum {
	JUDGE_MTA_RESULTS = 16
};

enum judge_mta_policy {
	JUDGE_MTA_UNTOLD,
	JUDGE_MTA_NO_POLICY,
	JUDGE_MTA_STS,
	JUDGE_MTA_TLSA
};

struct judge_mta_result {
	enum judge_mta_policy policy;
	enum judge_type type; /* JUDGE_TYPE_COUNT: one that we do not know */
	struct view reason;   /* as it was given */
};

struct judge_mta_results {
	struct judge_mta_result result[JUDGE_MTA_RESULTS];
	size_t n;
	bool is_unclear; /* there is more, which we could not read */
};

void judge_mta_read(
    struct view verdict, struct arena *a, struct judge_mta_results *out);

/* Did it give a result for this policy type? */
bool judge_mta_has(
    const struct judge_mta_results *mta, enum judge_mta_policy policy);

/* --- one session under one policy --- */

struct judge_session {
	const struct fact *fact;
	const struct policy_set *set;
	struct judge_mta_results mta;
	bool is_mx_bogus;  /* R306 */
	bool is_only;      /* the MTA went by this policy, or no other stands */
	bool has_policy;   /* MTA-STS: it is read */
	bool asks_nothing; /* of the certificate: its fields tell nothing */
	struct sts_policy policy;
	unsigned field[JUDGE_FIELD_COUNT];
};

/* --- which policies stand --- */

/* Does a policy stand? It governs, or it may have governed. */
enum judge_stands {
	JUDGE_STANDS_NOT,
	JUDGE_STANDS_MAYBE,
	JUDGE_STANDS
};

struct judge_standing {
	enum judge_stands stands;
	const char *why; /* static text */
};

struct judge_standing judge_stands_tlsa(const struct judge_session *s);
struct judge_standing judge_stands_sts(const struct judge_session *s);

/* R306: is the MX host's lookup known to be forged? */
bool judge_stands_mx_bogus(
    const struct fact *fact, const struct policy_set *set);

/* Fill in the fields for a policy; the column to read them in. */
enum judge_column judge_fill_none(struct judge_session *s);
enum judge_column judge_fill_sts(struct judge_session *s);
enum judge_column judge_fill_tlsa(struct judge_session *s, struct arena *a);

/* Their steps. Fills in the fact. */
void judge_fill_fact(struct judge_session *s);

/* Of a certificate that nobody saw, or that is not to be judged. */
void judge_ask_nothing(struct judge_session *s);

/* --- our own probe (judge_probe.c) --- */

/*
 * The session's fact with what the probe saw in place of what is unknown under
 * a policy; false: the probe says nothing of that.
 */
bool judge_probe_see(const struct judge_session *s, enum judge_policy policy,
    struct fact *out, char reason[JUDGE_REASON_MAX + 1]);

/* It failed, and what that says of this policy is not clear. */
void judge_mta_unclear(struct judge_session *s);

bool judge_is_chain_failed(unsigned chain);

/* The first failure that was told of the chain stays. */
void judge_fail_chain(struct judge_session *s, enum fact_chain chain);

/* By a reason of the MTA's; FACT_CHAIN_UNKNOWN: it is none of a certificate. */
enum fact_chain judge_chain_of_reason(struct view reason);

/* Did the MTA call it a success of this policy type? */
bool judge_mta_succeeded(
    const struct judge_session *s, enum judge_mta_policy policy);

/* Did it verify all that it asks for, whatever that was? */
bool judge_mta_verified(const struct judge_session *s);

/*
 * Applies its results for a policy type. What failed and then went well stands
 * in the list beside the success, and is left out.
 */
void judge_mta_apply(struct judge_session *s, enum judge_mta_policy policy,
    void (*apply)(struct judge_session *s, const struct judge_mta_result *r));

#endif
