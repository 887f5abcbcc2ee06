/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_fill.c - what is known of a session, as the table asks for it
 *
 * judge_sts.c and judge_tlsa.c have the rules of each policy.
 *
 * Three sources, and none may be stretched. The fact comes first. What the MTA
 * gave as its own result for this policy settles what the fact leaves open,
 * since it came of a check of this very session. What we found of the policy
 * ourselves comes last.
 */

#include "config.h"

#include <string.h>

#include "common/judge_private.h"
#include "common/tls_reason.h"

enum {
	REASON_BUF = 128 /* of a reason that the MTA gave */
};

static unsigned version_of(struct view version)
{
	static const char *const old[] = { "SSLv2", "SSLv3", "TLSv1", "TLSv1.0",
		"TLSv1.1", "TLS1", "TLS1.0", "TLS1.1" };

	if (version.len == 0) {
		return JUDGE_VERSION_UNKNOWN;
	}
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		if (view_is_nocase(version, view_of(old[i]))) {
			return JUDGE_VERSION_OLD;
		}
	}
	return JUDGE_VERSION_NEW;
}

/* No value of ours is taken for one of the table's own. */
static unsigned value_of(unsigned value, unsigned count)
{
	return value < count ? value : count;
}

void judge_fill_fact(struct judge_session *s)
{
	const struct fact *fact = s->fact;
	unsigned *field = s->field;

	memset(field, 0, sizeof(s->field));
	s->asks_nothing = false;
	field[JUDGE_FIELD_TLS] = s->is_mx_bogus ?
	    (unsigned)JUDGE_TLS_MX_BOGUS :
	    value_of((unsigned)fact->tls, FACT_TLS_COUNT);
	field[JUDGE_FIELD_MX] = JUDGE_MX_UNKNOWN;
	field[JUDGE_FIELD_VERSION] = version_of(fact->version);
	field[JUDGE_FIELD_CHAIN] = (unsigned)fact->chain;
	field[JUDGE_FIELD_NAME] = (unsigned)fact->name;
	field[JUDGE_FIELD_DANE] =
	    value_of((unsigned)fact->dane, FACT_DANE_COUNT);
	field[JUDGE_FIELD_MTA] =
	    s->mta.is_unclear ? JUDGE_MTA_UNCLEAR : JUDGE_MTA_SILENT;
}

void judge_ask_nothing(struct judge_session *s)
{
	s->asks_nothing = true;
	s->field[JUDGE_FIELD_VERSION] = JUDGE_VERSION_UNKNOWN;
	s->field[JUDGE_FIELD_CHAIN] = FACT_CHAIN_OK;
	s->field[JUDGE_FIELD_NAME] = FACT_NAME_MATCH;
}

enum judge_column judge_fill_none(struct judge_session *s)
{
	judge_fill_fact(s);
	return JUDGE_COLUMN_NONE;
}

bool judge_is_chain_failed(unsigned chain)
{
	return chain != FACT_CHAIN_UNKNOWN && chain != FACT_CHAIN_OK;
}

void judge_mta_unclear(struct judge_session *s)
{
	if (s->field[JUDGE_FIELD_MTA] == JUDGE_MTA_SILENT) {
		s->field[JUDGE_FIELD_MTA] = JUDGE_MTA_UNCLEAR;
	}
}

void judge_fail_chain(struct judge_session *s, enum fact_chain chain)
{
	if (!judge_is_chain_failed(s->field[JUDGE_FIELD_CHAIN])) {
		s->field[JUDGE_FIELD_CHAIN] = (unsigned)chain;
	}
}

enum fact_chain judge_chain_of_reason(struct view reason)
{
	char text[REASON_BUF];
	enum fact_chain chain;

	if (reason.len == 0 || !view_copy(reason, text, sizeof(text))) {
		return FACT_CHAIN_UNKNOWN;
	}
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '_') {
			*c = ' ';
		}
	}
	chain = tls_reason_chain(view_of(text));
	return chain == FACT_CHAIN_OK || chain == FACT_CHAIN_BAD ?
	    FACT_CHAIN_UNKNOWN :
	    chain;
}
