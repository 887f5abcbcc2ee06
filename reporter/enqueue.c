/* SPDX-License-Identifier: BSD-2-Clause */
/* enqueue.c - the items of a report that was written */

#include "config.h"

#include <stdio.h>

#include "common/outbox.h"
#include "reporter/enqueue.h"

int enqueue_report(struct ledger *l, const struct enqueue_report *report,
    const struct record *to)
{
	int64_t due =
	    outbox_due(report->day, report->domain, report->submitter);
	int rc = 0;

	for (size_t i = 0; i < to->n_rua && rc == 0; i++) {
		struct outbox_item item = {
			.day = report->day,
			.number = (unsigned)i,
			.to = to->rua[i],
			.next_try = due,
		};

		if (!report->files->is_usable[i]) {
			continue;
		}
		(void)view_copy(
		    report->domain, item.domain, sizeof(item.domain));
		(void)snprintf(
		    item.file, sizeof(item.file), "%s", report->files->base);
		rc = outbox_add(l, &item);
	}
	return rc;
}
