/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_TELL_H
#define REPORTER_TELL_H

#include "reporter/daily_private.h"

/*
 * What the operator is told of a day (operator.h): that reports are withheld,
 * and the digest.
 */

/*
 * Notes that reports are withheld for this; tell_operator() will tell, unless
 * that was told before. Before anything else of the day is in the ledger's
 * batch, which is committed.
 */
void tell_withheld(struct daily *day, enum is_it_us_way way);

/*
 * Sends what was noted, and the digest when is_done: every domain was looked
 * at. The ledger's batch is committed, or was dropped.
 */
void tell_operator(struct daily *day, bool is_done);

#endif
