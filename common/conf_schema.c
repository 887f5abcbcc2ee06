/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_schema.c - the one table of the configuration's keys
 *
 * A key is one row here, one paragraph of telltls.yaml(5) and one block of
 * the sample file; a test compares the three.
 */

#include "config.h"

#include <string.h>

#include "common/conf.h"

#define TOP(member)  .offset = offsetof(struct conf, member)
#define FEED(member) .offset = offsetof(struct conf_feed, member)

enum {
	TEN_MINUTES = 10 * 60,
	HOUR = 60 * 60,
	WEEK = 7 * 24 * HOUR,
};

/* A row with "=KEY" stands behind the row of KEY. */
static const struct conf_key keys[] = {
	{ .path = "organization",
	    .what = "a name of 1 to 200 bytes",
	    .fallback = "",
	    .type = CONF_STRING,
	    .min = 1,
	    .max = 200,
	    TOP(organization) },
	{ .path = "contact",
	    .what = "a mail address like tlsrpt@example.org",
	    .fallback = "",
	    .type = CONF_ADDRESS,
	    .min = 3,
	    .max = 254,
	    TOP(contact) },
	{ .path = "from",
	    .what = "a mail address like tlsrpt@example.org",
	    .fallback = "=contact",
	    .type = CONF_ADDRESS,
	    .min = 3,
	    .max = 254,
	    TOP(from) },
	{ .path = "envelope-from",
	    .what = "a mail address like tlsrpt@example.org",
	    .fallback = "=from",
	    .type = CONF_ADDRESS,
	    .min = 3,
	    .max = 254,
	    TOP(envelope_from) },
	{ .path = "state",
	    .what = "an absolute path",
	    .fallback = CONF_STATE,
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    TOP(state) },
	{ .path = "run",
	    .what = "an absolute path",
	    .fallback = CONF_RUN,
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 90,
	    TOP(run) },
	{ .path = "user",
	    .what = "a user's name of 1 to 32 letters, digits, '.', '_', '-'",
	    .fallback = CONF_USER,
	    .type = CONF_NAME,
	    .min = 1,
	    .max = 32,
	    TOP(user) },
	{ .path = "groups",
	    .what = "a list of up to 16 groups",
	    .fallback = "",
	    .type = CONF_GROUPS,
	    .max = 16,
	    TOP(groups) },
	{ .path = "feeds[].mta",
	    .what = "the name of an MTA",
	    .fallback = "",
	    .type = CONF_MTA,
	    .is_required = true,
	    .min = 1,
	    .max = 15,
	    FEED(mta) },
	{ .path = "feeds[].name",
	    .what = "a name of 1 to 63 letters, digits, '.', '_', '-'",
	    .fallback = "=mta",
	    .type = CONF_NAME,
	    .min = 1,
	    .max = 63,
	    FEED(name) },
	{ .path = "feeds[].file",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    FEED(file) },
	{ .path = "feeds[].journal",
	    .what = "\"system\" or an absolute path",
	    .fallback = "",
	    .type = CONF_JOURNAL,
	    .min = 1,
	    .max = 1000,
	    FEED(journal) },
	{ .path = "feeds[].idents",
	    .what = "a list of up to 32 program names",
	    .fallback = "",
	    .type = CONF_IDENTS,
	    .max = 32,
	    FEED(idents) },
	{ .path = "tally.facts",
	    .what = "a number from 1000 to 50000000",
	    .fallback = "1000000",
	    .type = CONF_NUMBER,
	    .min = 1000,
	    .max = 50000000,
	    TOP(tally.facts) },
	{ .path = "tally.facts-per-domain",
	    .what = "a number from 10 to 1000000",
	    .fallback = "1000",
	    .type = CONF_NUMBER,
	    .min = 10,
	    .max = 1000000,
	    TOP(tally.facts_per_domain) },
	{ .path = "dns.servers",
	    .what = "a list of up to 16 servers: ADDRESS or ADDRESS@PORT",
	    .fallback = "",
	    .type = CONF_SERVERS,
	    .max = 16,
	    TOP(dns.servers) },
	{ .path = "dns.local-data",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    TOP(dns.local_data) },
	{ .path = "dns.trust-anchor",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    TOP(dns.trust_anchor) },
	{ .path = "dns.parallel",
	    .what = "a number from 1 to 10000",
	    .fallback = "200",
	    .type = CONF_NUMBER,
	    .min = 1,
	    .max = 10000,
	    TOP(dns.parallel) },
	{ .path = "dns.timeout",
	    .what = "a time from 1s to 10m",
	    .fallback = "30s",
	    .type = CONF_DURATION,
	    .min = 1,
	    .max = TEN_MINUTES,
	    TOP(dns.timeout_s) },
	{ .path = "report.retry",
	    .what = "a time from 1h to 7d",
	    .fallback = "24h",
	    .type = CONF_DURATION,
	    .min = HOUR,
	    .max = WEEK,
	    TOP(report.retry_s) },
	{ .path = "report.exclude",
	    .what = "a list of up to 10000 domains",
	    .fallback = "",
	    .type = CONF_DOMAINS,
	    .max = 10000,
	    TOP(report.exclude) },
	{ .path = "report.sending-mta-ip",
	    .what = "true or false",
	    .fallback = "true",
	    .type = CONF_BOOL,
	    TOP(report.sending_mta_ip) },
};

const struct conf_key *conf_keys(size_t *n)
{
	*n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}

const struct conf_key *conf_key_find(const char *path)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].path, path) == 0) {
			return &keys[i];
		}
	}
	return NULL;
}
