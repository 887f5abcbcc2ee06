/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_REPORT_H
#define COMMON_CONF_REPORT_H

#include "common/conf.h"
#include "common/dns.h"
#include "common/domain.h"
#include "common/report.h"

/* What the configuration says, in the form of those who need it. */

/*
 * Who reports; submitter is the caller's storage for its domain. Borrows the
 * configuration. Returns 0; ERR_CONFIG when contact is not set or has no
 * domain, and then no report can be made: *out is good for counting alone.
 */
int conf_report_sender(const struct conf *c, char submitter[DOMAIN_BUF],
    struct report_sender *out);

/* How records are looked up. Borrows the configuration. */
void conf_report_dns(const struct conf *c, struct dns_options *out);

#endif
