/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_advice.c - what would settle the sessions that were not judged
 *
 * One row for each thing that an MTA does not tell, unless it is asked to; the
 * manual pages of the MTAs have the whole of it.
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/log.h"
#include "tool/explain.h"

#define SENDMAIL_RULES "include(`/usr/share/telltls/sendmail/telltls.m4')dnl"
#define EXIM_RULES     "event_action = TLSRPT_EVENT_ACTION"

static const struct row {
	const char *mta;
	const char *about;
	bool is_any; /* also where the log tells all that it can */
	struct explain_hint hint;
} rows[] = {
	{ "sendmail", "chain", false,
	    { "Sendmail's own lines tell of sessions with TLS only; in "
	      "sendmail.mc, behind the MAILER lines (telltls-sendmail(7)):",
		SENDMAIL_RULES } },
	{ "sendmail", "name", false,
	    { "Sendmail logs whose name is in a certificate by our rules only; "
	      "in sendmail.mc, behind the MAILER lines "
	      "(telltls-sendmail(7)):",
		SENDMAIL_RULES } },
	{ "sendmail", "tls", false,
	    { "Sendmail logs sessions without TLS by our rules only; in "
	      "sendmail.mc, behind the MAILER lines (telltls-sendmail(7)):",
		SENDMAIL_RULES } },
	{ "exim", "chain", false,
	    { "Exim logs why a certificate was not verified by our ACL only; "
	      "in each smtp transport (telltls-exim(7)):",
		EXIM_RULES } },
	{ "exim", "name", false,
	    { "Exim logs whose name is in a certificate by our ACL only; in "
	      "each smtp transport (telltls-exim(7)):",
		EXIM_RULES } },
	{ "exim", "dane", false,
	    { "Exim logs what became of DANE by our ACL only; in each smtp "
	      "transport (telltls-exim(7)):",
		EXIM_RULES } },
	{ "exim", "tls", false,
	    { "Exim logs sessions, and not recipients alone, by our ACL only; "
	      "in each smtp transport (telltls-exim(7)):",
		EXIM_RULES } },
	{ "postfix", "tls", false,
	    { "Postfix tells whether there was TLS from this level on; in "
	      "main.cf (telltls-postfix(7)):",
		"smtp_tls_loglevel = 1" } },
	{ "postfix", "chain", false,
	    { "Postfix tells whether a certificate is trusted from this level "
	      "on; in main.cf (telltls-postfix(7)):",
		"smtp_tls_loglevel = 1" } },
	{ "postfix", "name", true,
	    { "Postfix looks at the name in a certificate only where its "
	      "level is secure or verify, so where smtp_tls_policy_maps gives "
	      "it the MTA-STS policy; no line in the log tells it else.",
		NULL } },
	{ "postfix", "dane", true,
	    { "Postfix compares with TLSA records at a level of DANE only; in "
	      "main.cf, with smtp_dns_support_level = dnssec:",
		"smtp_tls_security_level = dane" } },
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0])
};

static const struct row *find(const char *mta, const char *about, bool is_full)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].mta, mta) == 0 &&
		    strcmp(rows[i].about, about) == 0 &&
		    (rows[i].is_any || !is_full)) {
			return &rows[i];
		}
	}
	return NULL;
}

bool explain_advice_find(
    const char *mta, const char *about, bool is_full, struct explain_hint *out)
{
	const struct row *row = find(mta, about, is_full);

	if (row != NULL) {
		*out = row->hint;
	}
	return row != NULL;
}

/* What was found to be missing, and of how many sessions. */
struct missing {
	uint64_t rows[ROWS];
	uint64_t policy; /* it is not known which one governed */
	uint64_t probe;  /* what a probe of ours would have seen */
	uint64_t other;  /* nothing is known that would tell */
};

/*
 * The MTA of a fact's feed; and does its log tell all that it can: has it
 * records of our rules? Of Postfix a version of TLS says that.
 */
static void find_feed(struct explain *e, const struct fact *fact,
    char mta[TALLY_MTA_NAME], bool *is_full)
{
	struct tally_feed feed;
	uint64_t cursor = 0;

	mta[0] = '\0';
	*is_full = fact->version.len > 0;
	while (tally_next_feed(e->tally, &cursor, &feed) > 0) {
		if (view_is(fact->feed, feed.name)) {
			memcpy(mta, feed.mta, TALLY_MTA_NAME);
			break;
		}
	}
	if (strcmp(mta, "postfix") != 0) {
		*is_full = mta[0] != '\0' && feed.counters[COUNTER_RULES] > 0;
	}
}

static bool is_probe_missing(const struct explain *e, const struct fact *fact,
    const struct policy_set *set)
{
	return e->tool->conf.probe == CONF_PROBE_OFF && set != NULL &&
	    set->probe == NULL && ip_is_known(&fact->ip) &&
	    judge_wants_probe(fact, set, e->sender.count);
}

static void add_fact(struct explain *e, const struct tally_fact *fact,
    const struct judge_why *why, bool is_found, struct missing *m)
{
	char mta[TALLY_MTA_NAME];
	bool is_full;

	if (why->n == 0) {
		m->policy += fact->count;
		return;
	}
	find_feed(e, &fact->fact, mta, &is_full);
	for (size_t i = 0; i < why->n; i++) {
		const struct row *row = find(mta, why->step[i].about, is_full);

		if (row != NULL) {
			m->rows[row - rows] += fact->count;
			is_found = true;
		}
	}
	if (!is_found) {
		m->other += fact->count;
	}
}

static void collect(struct explain *e, struct missing *m)
{
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];
	const struct policy_set *set;
	bool is_missing;

	memset(m, 0, sizeof(*m));
	for (size_t i = e->begin; i < e->end; i++) {
		uint64_t cursor = e->groups.entries[i].cursor;
		struct tally_fact fact;

		if (cursor == GROUPS_NO_FACT ||
		    tally_next_fact(e->tally, &cursor, &fact) <= 0) {
			continue;
		}
		set = policies_choose(e->policies, &fact);
		(void)judge_explain(&fact.fact, set, e->sender.count, v, why);
		if (v[0].outcome != JUDGED_UNKNOWN) {
			continue;
		}
		is_missing = is_probe_missing(e, &fact.fact, set);
		m->probe += is_missing ? fact.count : 0;
		add_fact(e, &fact, &why[0], is_missing, m);
	}
}

static const char *policy_text(const struct explain *e)
{
	return e->tool->conf.policies.lookup ?
	    "What was published was not learned: does telltls-milter run all "
	    "day, and does its resolver validate DNSSEC (dns.trust-anchor)?" :
	    "What was published is not looked up; in telltls.yaml, under "
	    "policies:";
}

static const char *policy_line(const struct explain *e)
{
	return e->tool->conf.policies.lookup ? NULL : "lookup: true";
}

static const char other_text[] =
    "What the MTA did not tell here, no setting that we know of makes it "
    "tell.";

static const char probe_text[] =
    "A probe of ours would have seen what the MTA did not tell, if made within "
    "six hours; in telltls.yaml:";

void explain_advice_each(struct explain *e, explain_advice_fn fn, void *ctx)
{
	struct missing m;

	collect(e, &m);
	for (size_t i = 0; i < ROWS; i++) {
		if (m.rows[i] > 0) {
			fn(ctx, m.rows[i], &rows[i].hint);
		}
	}
	if (m.probe > 0) {
		fn(ctx, m.probe,
		    &(struct explain_hint){
			probe_text, "probe: policy-domains" });
	}
	if (m.policy > 0) {
		fn(ctx, m.policy,
		    &(struct explain_hint){ policy_text(e), policy_line(e) });
	}
	if (m.other > 0) {
		fn(ctx, m.other, &(struct explain_hint){ other_text, NULL });
	}
}

static void show_hint(
    void *ctx, uint64_t sessions, const struct explain_hint *hint)
{
	const struct page *p = ctx;

	page_say(p, EXPLAIN_INDENT, 0, NULL, "%" PRIu64 " sessions: %s",
	    sessions, hint->text);
	if (hint->line != NULL) {
		page_say(p, EXPLAIN_INDENT + 5, 0, NULL, "%s", hint->line);
	}
}

void explain_advice_show(struct explain *e, const struct page *p)
{
	struct page page = *p;

	page_heading(p, 4, "What would settle the sessions not judged");
	if (e->totals.unjudged == 0) {
		page_say(p, EXPLAIN_INDENT, 0, NULL, "All were judged.");
		return;
	}
	explain_advice_each(e, show_hint, &page);
}

static void put_hint(
    void *ctx, uint64_t sessions, const struct explain_hint *hint)
{
	struct json_out *j = ctx;

	json_out_open(j, NULL);
	json_out_number(j, "sessions", sessions);
	json_out_text(j, "text", view_of(hint->text));
	if (hint->line != NULL) {
		json_out_text(j, "line", view_of(hint->line));
	}
	json_out_close(j);
}

void explain_advice_json(struct explain *e, struct json_out *j)
{
	json_out_open_list(j, "advice");
	explain_advice_each(e, put_hint, j);
	json_out_close_list(j);
}
