/* SPDX-License-Identifier: BSD-2-Clause */
/* daily_counts.c - what happened to the reports of days, in numbers */

#include "config.h"

#include <inttypes.h>

#include "common/log.h"
#include "reporter/daily_counts.h"

void daily_counts_log(
    const char *what, const char *which, const struct daily_counts *c)
{
	log_info("%s%s domains=%" PRIu64 " records=%" PRIu64 " reports=%" PRIu64
		 " mails=%" PRIu64 " uploads=%" PRIu64 " retries=%" PRIu64
		 " given-up=%" PRIu64 " failed=%" PRIu64 " excluded=%" PRIu64
		 " denied=%" PRIu64 " withheld=%" PRIu64 " unjudged=%" PRIu64
		 " nameless=%" PRIu64 " damaged=%" PRIu64,
	    what, which, c->domains, c->records, c->reports, c->mails,
	    c->uploads, c->retries + c->silent, c->given_up, c->failed,
	    c->excluded, c->denied, c->withheld, c->unjudged, c->nameless,
	    c->damaged);
}

void daily_counts_add(struct daily_counts *sum, const struct daily_counts *c)
{
	sum->domains += c->domains;
	sum->records += c->records;
	sum->reports += c->reports;
	sum->mails += c->mails;
	sum->uploads += c->uploads;
	sum->excluded += c->excluded;
	sum->denied += c->denied;
	sum->retries += c->retries;
	sum->silent += c->silent;
	sum->given_up += c->given_up;
	sum->failed += c->failed;
	sum->withheld += c->withheld;
	sum->unjudged += c->unjudged;
	sum->nameless += c->nameless;
	sum->damaged += c->damaged;
}
