/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_RULES_H
#define COMMON_EXIM_RULES_H

#include "common/exim_entry.h"
#include "common/exim_state.h"

/*
 * Works on the record in ex->record, which line and pos name. Returns 0 or
 * what the sink returned.
 */
int exim_rules_record(
    struct exim *ex, const struct syslog_line *line, uint64_t pos);

/*
 * A plain entry of a message that has records: it tells what the records leave
 * open, and what comes next.
 */
int exim_rules_entry(
    struct exim *ex, struct exim_message *m, const struct exim_entry *e);

/*
 * A plain entry just before a session's own lines (EXIM_ENTRY_VERIFY,
 * EXIM_ENTRY_TLS_ERROR), whatever the message's others are.
 */
void exim_rules_hint(struct exim_message *m, const struct exim_entry *e);

#endif
