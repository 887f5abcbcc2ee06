/* SPDX-License-Identifier: BSD-2-Clause */
/* judge_rows.h - tables of facts, the policies of judge_kit.h, and verdicts */
#ifndef TESTS_UNIT_JUDGE_ROWS_H
#define TESTS_UNIT_JUDGE_ROWS_H

#include "tests/unit/judge_kit.h"

/* A fact's fields; what is left out is "ok" and not known. */
#define OK         .tls = FACT_TLS_OK
#define NO_SESSION .tls = FACT_TLS_NO_SESSION
#define MX         .mx = JUDGE_V("mx.d.example")
#define MX_OTHER   .mx = JUDGE_V("mx.other.example")
#define CHAIN(x)   .chain = FACT_CHAIN_##x
#define NAME(x)    .name = FACT_NAME_##x
#define DANE(x)    .dane = FACT_DANE_##x
#define REASON(s)  .reason = JUDGE_V(s)
#define LEVEL(s)   .level = JUDGE_V(s)
#define VERS(s)    .version = JUDGE_V(s)
#define GOOD       OK, MX, CHAIN(OK), NAME(MATCH)
#define SAID(type, result, reason)                                 \
 .verdict = JUDGE_V("[{\"type\":\"" type "\",\"result\":\"" result \
		    "\",\"reason\":\"" reason "\"}]")
#define SAID_TWO(type, one, two)                                \
 .verdict = JUDGE_V("[{\"type\":\"" type "\",\"result\":\"" one \
		    "\",\"reason\":\"\"},{\"type\":\"" type     \
		    "\",\"result\":\"" two "\",\"reason\":\"\"}]")

struct judge_row {
	const char *name;
	enum judge_sample set;
	struct fact fact;
	const char *want;
};

static inline void judge_check(
    const struct judge_row *rows, size_t n, enum judge_count count)
{
	char buf[512];

	for (size_t i = 0; i < n; i++) {
		struct judge_verdict v[JUDGE_VERDICTS];
		size_t got =
		    judge(&rows[i].fact, &judge_samples[rows[i].set], count, v);

		UNIT_STR(rows[i].name, judge_show(v, got, buf), rows[i].want);
	}
}

#endif
