/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_OPERATOR_H
#define REPORTER_OPERATOR_H

#include "common/conf.h"
#include "common/strbuf.h"
#include "reporter/daily.h"

/*
 * Mails to the operator of this site, whom the configuration names. They are
 * no reports: nobody else gets them, and they wait for no "telltls enable".
 * Each is sent once at most, and what goes wrong delays or fails nothing.
 */

enum {
	OPERATOR_LINE = 200, /* octets of a line; what is longer is cut */
	OPERATOR_BODY_MAX = 1 << 20
};

/* One mail; texts are ASCII without control characters. */
struct operator_mail {
	const char *word;          /* part of the Message-ID: "digest" */
	const char *subject;       /* without line ends, up to OPERATOR_LINE */
	const struct strbuf *body; /* lines that end in LF */
};

/*
 * May this be told of the day: is there an operator and a ledger, and was it
 * not told before? Notes that it was, for good. An error of the ledger is
 * logged as daily.h does, and the answer is no.
 */
bool operator_may_tell(struct daily_env *env, int64_t day, const char *word);

/* Appends the whole message, CRLF line ends. Pure. */
void operator_format(const struct conf *c, const char *submitter, int64_t day,
    int64_t now, const struct operator_mail *mail, struct strbuf *out);

/* Sends it; a failure is logged. Blocks for a bounded time. */
void operator_send(
    struct daily_env *env, int64_t day, const struct operator_mail *mail);

#endif
