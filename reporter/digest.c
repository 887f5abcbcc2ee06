/* SPDX-License-Identifier: BSD-2-Clause */
/* digest.c - a day in one mail, for the operator */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/when.h"
#include "reporter/digest.h"

/* --- order --- */

static int compare(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_domain(const void *a, const void *b)
{
	const struct digest_domain *x = a;
	const struct digest_domain *y = b;

	return compare(x->domain, y->domain);
}

/* Those with the most failures first. */
static int by_failures(const void *a, const void *b)
{
	const struct digest_domain *x = a;
	const struct digest_domain *y = b;

	return x->failures != y->failures ?
	    (x->failures < y->failures) - (x->failures > y->failures) :
	    compare(x->domain, y->domain);
}

/* --- judging --- */

static enum judge_type most_frequent(const struct report *r)
{
	uint64_t n[JUDGE_TYPE_COUNT] = { 0 };
	enum judge_type most = JUDGE_SUCCESS;
	struct report_failure failure;
	size_t cursor = 0;

	while (report_next_failure(r, &cursor, &failure)) {
		n[failure.type] += failure.count;
	}
	for (int t = 0; t < JUDGE_TYPE_COUNT; t++) {
		most = n[t] > n[most] ? (enum judge_type)t : most;
	}
	return most;
}

static void add_domain(
    struct digest_day *d, struct view domain, const struct report *r)
{
	struct report_totals totals;

	report_totals(r, &totals);
	d->n_domains++;
	d->successes += totals.successes;
	d->failures += totals.failures;
	d->unjudged += totals.unjudged;
	if (totals.successes + totals.failures == 0) {
		return;
	}
	d->n_failing += totals.failures > 0;
	/* room in steps of powers of two */
	if ((d->n_judged & (d->n_judged - 1)) == 0) {
		d->judged = xrealloc_array(d->judged,
		    d->n_judged == 0 ? 1 : 2 * d->n_judged, sizeof(*d->judged));
	}
	d->judged[d->n_judged++] = (struct digest_domain){ domain,
		totals.successes, totals.failures, most_frequent(r) };
}

void digest_load(const struct groups *g, const struct report_sender *sender,
    int64_t day, struct digest_day *out)
{
	size_t end;

	*out = (struct digest_day){ 0 };
	for (size_t begin = 0; begin < g->n; begin = end) {
		struct view domain = g->entries[begin].domain;
		struct report *r = report_new(sender, domain, day, day);

		end = groups_end(g, begin);
		groups_report(g, begin, r);
		add_domain(out, domain, r);
		report_free(r);
	}
	if (out->n_judged > 1) {
		qsort(out->judged, out->n_judged, sizeof(*out->judged),
		    by_domain);
	}
}

void digest_release(struct digest_day *d)
{
	free(d->judged);
	*d = (struct digest_day){ 0 };
}

static const struct digest_domain *find(
    const struct digest_day *d, struct view domain)
{
	const struct digest_domain key = { .domain = domain };

	return d->n_judged > 0 ?
	    bsearch(&key, d->judged, d->n_judged, sizeof(key), by_domain) :
	    NULL;
}

/* --- lists --- */

static void add_more(struct strbuf *out, size_t n)
{
	if (n > DIGEST_LIST) {
		strbuf_addf(out, "    and %zu more\n", n - DIGEST_LIST);
	}
}

/* What somebody answered, behind what it is the reason of. */
static void add_answer(struct strbuf *out, const char *answer)
{
	strbuf_adds(out, answer[0] != '\0' ? ": " : "");
	for (; *answer != '\0'; answer++) {
		if (*answer >= ' ' && *answer <= '~') {
			strbuf_addc(out, *answer);
		} else {
			strbuf_addc(out, '?');
		}
	}
	strbuf_addc(out, '\n');
}

static void add_name(struct strbuf *out, struct view domain)
{
	strbuf_adds(out, "    ");
	strbuf_addv(out, domain);
	strbuf_addc(out, '\n');
}

static void add_failing(const struct digest *d, struct strbuf *out)
{
	const struct digest_day *today = d->today;
	struct digest_domain *list;

	if (today->n_failing == 0) {
		return;
	}
	list = xcalloc(today->n_judged, sizeof(*list));
	memcpy(list, today->judged, today->n_judged * sizeof(*list));
	qsort(list, today->n_judged, sizeof(*list), by_failures);
	strbuf_adds(out, "\nMost failures, and of how many sessions:\n\n");
	for (size_t i = 0; i < today->n_failing && i < DIGEST_LIST; i++) {
		strbuf_addf(out, "%8" PRIu64 " of %-8" PRIu64 " ",
		    list[i].failures, list[i].successes + list[i].failures);
		strbuf_addv(out, list[i].domain);
		strbuf_addf(out, ": %s\n", judge_type_word(list[i].type));
	}
	add_more(out, today->n_failing);
	free(list);
}

/*
 * Names the domains that fail in one day and do not, as far as is known, in
 * the other; out NULL: only counts them. must_be_known: the other day must
 * have had sessions that were judged.
 */
static size_t add_difference(const struct digest_day *fails,
    const struct digest_day *other, bool must_be_known, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < fails->n_judged; i++) {
		const struct digest_domain *d = &fails->judged[i];
		const struct digest_domain *o = find(other, d->domain);
		bool is_good = o != NULL ? o->failures == 0 : !must_be_known;

		if (d->failures == 0 || !is_good) {
			continue;
		}
		if (out != NULL && n < DIGEST_LIST) {
			add_name(out, d->domain);
		}
		n++;
	}
	return n;
}

static size_t add_new(const struct digest *d, struct strbuf *out)
{
	return add_difference(d->today, d->yesterday, false, out);
}

static size_t add_recovered(const struct digest *d, struct strbuf *out)
{
	return add_difference(d->yesterday, d->today, true, out);
}

static void add_changes(const struct digest *d, struct strbuf *out)
{
	if (d->yesterday == NULL) {
		strbuf_adds(out,
		    "\nThe day before is not known: nothing to "
		    "compare with.\n");
		return;
	}
	if (add_new(d, NULL) > 0) {
		strbuf_adds(
		    out, "\nThey fail, and did not the day before:\n\n");
		add_more(out, add_new(d, out));
	}
	if (add_recovered(d, NULL) > 0) {
		strbuf_adds(out,
		    "\nThey failed the day before, and do not any more:\n\n");
		add_more(out, add_recovered(d, out));
	}
}

/* --- what became of reports --- */

static void add_reports(const struct digest *d, struct strbuf *out)
{
	char date[WHEN_DATE_BUF];

	strbuf_addf(
	    out, "Reports:   %" PRIu64 " made", d->reports[LEDGER_WRITTEN]);
	if (d->reports[LEDGER_RETRY] > 0) {
		strbuf_addf(out, ", %" PRIu64 " domains to be looked up again",
		    d->reports[LEDGER_RETRY]);
	}
	if (d->reports[LEDGER_GIVEN_UP] > 0) {
		strbuf_addf(
		    out, ", %" PRIu64 " given up", d->reports[LEDGER_GIVEN_UP]);
	}
	strbuf_adds(out, "\n");
	if (d->reports[LEDGER_WITHHELD] > 0) {
		strbuf_addf(out,
		    "Withheld:  %" PRIu64 ", for it may be us:\n"
		    "           %s\n"
		    "           To make them all the same: telltls-report "
		    "--release %s\n",
		    d->reports[LEDGER_WITHHELD], d->why,
		    when_date(d->day, date));
	}
}

static void add_lost(const struct digest *d, struct strbuf *out)
{
	uint64_t n = d->items[OUTBOX_BOUNCED] + d->items[OUTBOX_GIVEN_UP] +
	    d->items[OUTBOX_SUPPRESSED];
	char date[WHEN_DATE_BUF];

	if (n == 0) {
		return;
	}
	strbuf_addf(out,
	    "\nReports about %s that did not arrive (%" PRIu64 " did):\n\n",
	    when_date(d->day - 2 * (int64_t)WHEN_DAY_S, date),
	    d->items[OUTBOX_SENT]);
	for (size_t i = 0; i < d->n_lost; i++) {
		const struct outbox_item *item = &d->lost[i];

		strbuf_addf(out, "    %s: %s%s\n        %s", item->domain,
		    item->to.kind == RECORD_MAILTO ? "mailto:" : "",
		    item->to.target, outbox_state_word(item->state));
		add_answer(out, item->answer);
	}
	add_more(out, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
}

static void add_suppressed(const struct digest *d, struct strbuf *out)
{
	if (d->n_suppressed == 0) {
		return;
	}
	strbuf_adds(out, "\nNothing is sent for a time to:\n\n");
	for (size_t i = 0; i < d->n_suppressed; i++) {
		const struct suppress_entry *e = &d->suppressed[i];
		bool is_all = e->domain[0] == '\0';
		char date[WHEN_DATE_BUF];

		strbuf_addf(out, "    %s%s\n        %s%s%suntil %s",
		    e->to.kind == RECORD_MAILTO ? "mailto:" : "", e->to.target,
		    is_all ? "" : "reports of ", e->domain, is_all ? "" : ", ",
		    when_date(e->until, date));
		add_answer(out, e->why);
	}
	add_more(out, (size_t)d->all_suppressed);
}

static void add_notes(const struct report_notes *n, struct strbuf *out)
{
	const struct {
		bool holds;
		const char *text;
	} parts[] = {
		{ n->has_gap, "part of a log was missing" },
		{ n->is_unread, "the day was sealed before a log was read" },
		{ n->has_late, "sessions came after the seal" },
		{ n->has_lost,
		    "sessions were not kept with their domain, or are damaged" },
	};

	const char *label = "Lacking:";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].holds) {
			strbuf_addf(out, "%-10s %s\n", label, parts[i].text);
			label = "";
		}
	}
}

void digest_format(const struct digest *d, struct strbuf *out)
{
	const struct digest_day *today = d->today;
	char date[WHEN_DATE_BUF];

	strbuf_addf(out,
	    "What telltls saw of the TLS of outgoing mail on %s (UTC).\n\n",
	    when_date(d->day, date));
	strbuf_addf(out,
	    "Sessions:  %" PRIu64 " succeeded, %" PRIu64 " failed, %" PRIu64
	    " not judged\n",
	    today->successes, today->failures, today->unjudged);
	strbuf_addf(out, "Domains:   %zu, %zu of them with failures\n",
	    today->n_domains, today->n_failing);
	add_reports(d, out);
	add_notes(&d->notes, out);
	add_failing(d, out);
	add_changes(d, out);
	add_lost(d, out);
	add_suppressed(d, out);
	strbuf_addf(out,
	    "\n\"telltls explain DOMAIN --day %s\" tells why, \"telltls "
	    "status\" and\n\"telltls outbox\" what is to be done.\n",
	    date);
}

void digest_subject(const struct digest *d, struct strbuf *out)
{
	size_t n = d->today->n_failing;
	size_t n_new = d->yesterday != NULL ? add_new(d, NULL) : 0;
	char date[WHEN_DATE_BUF];

	strbuf_addf(
	    out, "TLS of outgoing mail on %s: ", when_date(d->day, date));
	if (n == 0) {
		strbuf_adds(out, "nothing failed");
	} else {
		strbuf_addf(out, "%zu domain%s failed", n, n == 1 ? "" : "s");
	}
	if (n_new > 0) {
		strbuf_addf(out, ", %zu new", n_new);
	}
	if (d->reports[LEDGER_WITHHELD] > 0) {
		strbuf_adds(out, ", reports withheld");
	}
}
