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
#include "common/judge.h"

#define TOP(member)  .offset = offsetof(struct conf, member)
#define FEED(member) .offset = offsetof(struct conf_feed, member)
#define DKIM(member) .offset = offsetof(struct conf_dkim_key, member)

enum {
	TEN_MINUTES = 10 * 60,
	HOUR = 60 * 60,
	WEEK = 7 * 24 * HOUR,
};

static const char *const
    counts[] = { [JUDGE_GOVERNING] = "governing", [JUDGE_ALL] = "all", NULL };

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
	{ .path = "feeds[].socket",
	    .what = "an absolute path of up to 107 bytes",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 107,
	    FEED(socket) },
	{ .path = "feeds[].group",
	    .what = "a group's name of 1 to 32 letters, digits, '.', '_', '-'",
	    .fallback = "",
	    .type = CONF_NAME,
	    .min = 1,
	    .max = 32,
	    FEED(group) },
	{ .path = "feeds[].keep-invalid",
	    .what = "a number from 0 to 10000",
	    .fallback = "0",
	    .type = CONF_NUMBER,
	    .max = 10000,
	    FEED(keep_invalid) },
	{ .path = "feeds[].callouts",
	    .what = "true or false",
	    .fallback = "false",
	    .type = CONF_BOOL,
	    FEED(callouts) },
	{ .path = "feeds[].bare-addresses",
	    .what = "true or false",
	    .fallback = "false",
	    .type = CONF_BOOL,
	    FEED(bare_addresses) },
	{ .path = "milter.socket",
	    .what = "\"none\", unix:PATH, inet:PORT@HOST or inet6:PORT@HOST",
	    .fallback = "unix:" CONF_RUN "/milter.sock",
	    .type = CONF_SOCKET,
	    .min = 1,
	    .max = 280,
	    TOP(milter.socket) },
	{ .path = "milter.group",
	    .what = "a group's name of 1 to 32 letters, digits, '.', '_', '-'",
	    .fallback = "",
	    .type = CONF_NAME,
	    .min = 1,
	    .max = 32,
	    TOP(milter.group) },
	{ .path = "milter.mode",
	    .what = "a mode in octal from 0600 to 0666",
	    .fallback = "0660",
	    .type = CONF_MODE,
	    .min = 0600,
	    .max = 0666,
	    TOP(milter.mode) },
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
	{ .path = "dns.recursion",
	    .what = "true or false",
	    .fallback = "false",
	    .type = CONF_BOOL,
	    TOP(dns.recursion) },
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
	{ .path = "policies.lookup",
	    .what = "true or false",
	    .fallback = "true",
	    .type = CONF_BOOL,
	    TOP(policies.lookup) },
	{ .path = "policies.local",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    TOP(policies.local) },
	{ .path = "mta-sts.ca-file",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .min = 1,
	    .max = 1000,
	    TOP(mta_sts.ca_file) },
	{ .path = "mta-sts.allow-private",
	    .what = "true or false",
	    .fallback = "false",
	    .type = CONF_BOOL,
	    TOP(mta_sts.allow_private) },
	{ .path = "dkim.elsewhere",
	    .what = "true or false",
	    .fallback = "false",
	    .type = CONF_BOOL,
	    TOP(dkim.elsewhere) },
	{ .path = "dkim.keys[].selector",
	    .what = "a name in the DNS of 1 to 63 bytes, like tlsrpt2026",
	    .fallback = "",
	    .type = CONF_DOMAIN,
	    .is_required = true,
	    .min = 1,
	    .max = 63,
	    DKIM(selector) },
	{ .path = "dkim.keys[].file",
	    .what = "an absolute path",
	    .fallback = "",
	    .type = CONF_PATH,
	    .is_required = true,
	    .min = 1,
	    .max = 1000,
	    DKIM(file) },
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
	{ .path = "report.count",
	    .what = "governing or all",
	    .fallback = "governing",
	    .type = CONF_CHOICE,
	    .choices = counts,
	    TOP(report.count) },
};

static const struct conf_list lists[CONF_LISTS] = {
	{ .path = "feeds",
	    .example = "- mta: sendmail",
	    .max = CONF_FEEDS,
	    .offset = offsetof(struct conf, feed),
	    .size = sizeof(struct conf_feed),
	    .count = offsetof(struct conf, n_feeds) },
	{ .path = "dkim.keys",
	    .example = "- selector: tlsrpt2026",
	    .max = CONF_DKIM_KEYS,
	    .offset = offsetof(struct conf, dkim.key),
	    .size = sizeof(struct conf_dkim_key),
	    .count = offsetof(struct conf, dkim.n_keys) },
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

const struct conf_list *conf_lists(void)
{
	return lists;
}

const struct conf_list *conf_list_of(const struct conf_key *key)
{
	for (size_t i = 0; i < CONF_LISTS; i++) {
		size_t len = strlen(lists[i].path);

		if (strncmp(key->path, lists[i].path, len) == 0 &&
		    strncmp(key->path + len, "[].", 3) == 0) {
			return &lists[i];
		}
	}
	return NULL;
}

void *conf_list_entry(const struct conf_list *list, struct conf *c, unsigned i)
{
	return (unsigned char *)c + list->offset + i * list->size;
}

unsigned *conf_list_count(const struct conf_list *list, struct conf *c)
{
	void *count = (unsigned char *)c + list->count;

	return count;
}
