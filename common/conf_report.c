/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_report.c - the configuration, for those who make reports */

#include "config.h"

#include "common/conf_report.h"
#include "common/err.h"

static const char *text_of(const char *value)
{
	return value != NULL ? value : "";
}

int conf_report_sender(
    const struct conf *c, char submitter[DOMAIN_BUF], struct report_sender *out)
{
	int rc = domain_of_address(view_of(text_of(c->contact)), submitter);

	*out = (struct report_sender){
		.organization = text_of(c->organization),
		.contact = text_of(c->contact),
		.from = text_of(c->from),
		.submitter = submitter,
		.site = c->site,
		.sending_mta_ip = c->report.sending_mta_ip,
		.count = (enum judge_count)c->report.count,
	};
	return rc < 0 ? ERR_CONFIG : 0;
}

void conf_report_dns(const struct conf *c, struct dns_options *out)
{
	*out = (struct dns_options){
		.servers = (const char *const *)c->dns.servers,
		.local_data = c->dns.local_data,
		.trust_anchor = c->dns.trust_anchor,
		.is_recursive = c->dns.recursion,
		.parallel = (unsigned)c->dns.parallel,
		.timeout_s = (unsigned)c->dns.timeout_s,
	};
}
