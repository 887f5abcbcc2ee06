/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_PLAIN_WORK_H
#define COMMON_EXIM_PLAIN_WORK_H

#include "common/exim_entry.h"
#include "common/exim_state.h"

/* One plain entry being worked on. */
struct exim_plain_work {
	struct exim *ex;
	struct exim_message *m;
	const struct syslog_line *line;
	const struct exim_entry *e;
};

/* Sets what OpenSSL said of the certificate, before this entry. */
void exim_plain_hint(const struct exim_plain_work *w, struct exim_session *s);

/* The entry says that it was in TLS, and how. */
void exim_plain_tls(const struct exim_plain_work *w, struct exim_session *s);

/* The entry says how it ended. */
void exim_plain_outcome(const struct exim_plain_work *w, struct exim_session *s,
    const struct exim_outcome *o);

/* If it was open whether there was TLS, it is known now. */
void exim_plain_settle_late(struct exim_session *s, enum fact_tls tls);

#endif
