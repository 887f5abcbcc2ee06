/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup_kit.h - a DNS of a few lines for tests of lookup/lookup.c
 *
 * A zone is a text. Each line answers one question:
 *
 *	NAME TYPE HOW [->CANONICAL] [ttl=N] [DATA ...]
 *
 * HOW is "secure" or "insecure" for records, or how the lookup ends:
 * "nodata", "nodata-secure", "nxdomain", "nxdomain-secure", "servfail",
 * "timeout", "error", "bogus" (with records to whom does not validate),
 * "bogus-nodata". DATA: of TXT the text up to the end of the line; of MX and
 * CNAME names; of TLSA what tlsa_records knows; else anything. TYPE "PROBE" is
 * any type, and its DATA is the token for a bogus answer. What is not there is
 * NXDOMAIN, insecure; the root's probe is secure unless the zone says else.
 */
#ifndef TESTS_UNIT_LOOKUP_KIT_H
#define TESTS_UNIT_LOOKUP_KIT_H

#include "common/mem.h"
#include "lookup/lookup.h"
#include "tests/unit/unit.h"

enum {
	KIT_ASKED = 4096,
	KIT_RDATA = 320
};

struct kit_question {
	char name[DOMAIN_BUF];
	int type;
	dns_callback cb;
	void *ctx;
};

struct kit {
	struct lookup *l;
	const char *zone;
	int64_t now;
	const char *anchor; /* NULL: "." */
	const char *held;   /* questions of this name are not answered */
	struct kit_question asked[KIT_ASKED];
	size_t n_asked;
	size_t n_answered; /* of the first so many, but those held */
	enum dns_health health;
	unsigned n_health;
	unsigned n_results;
	char result[16][600]; /* of the first lookups, as text */
};

/* The data of TLSA records by name. */
static const struct {
	const char *name;
	unsigned char head[3];
	size_t len;
} tlsa_records[] = {
	{ "311", { 3, 1, 1 }, 32 }, { "211", { 2, 1, 1 }, 32 },
	{ "312", { 3, 1, 2 }, 64 },
	{ "111", { 1, 1, 1 }, 32 },   /* R307: usage */
	{ "short", { 3, 1, 1 }, 31 }, /* R307: length */
	{ "319", { 3, 1, 9 }, 32 },   /* R307: matching type */
};

static const struct {
	const char *word;
	enum dns_status status;
	bool secure;
	enum dns_status unchecked;
} kit_hows[] = {
	{ "secure", DNS_ANSWER, true, DNS_ANSWER },
	{ "insecure", DNS_ANSWER, false, DNS_ANSWER },
	{ "nodata", DNS_NODATA, false, DNS_NODATA },
	{ "nodata-secure", DNS_NODATA, true, DNS_NODATA },
	{ "nxdomain", DNS_NXDOMAIN, false, DNS_NXDOMAIN },
	{ "nxdomain-secure", DNS_NXDOMAIN, true, DNS_NXDOMAIN },
	{ "servfail", DNS_SERVFAIL, false, DNS_SERVFAIL },
	{ "timeout", DNS_TIMEOUT, false, DNS_TIMEOUT },
	{ "error", DNS_ERROR, false, DNS_ERROR },
	{ "bogus", DNS_BOGUS, false, DNS_ANSWER },
	{ "bogus-nodata", DNS_BOGUS, false, DNS_NODATA },
};

static inline int kit_type(const char *word)
{
	static const struct {
		const char *word;
		int type;
	} table[] = {
		{ "A", DNS_TYPE_A },
		{ "AAAA", DNS_TYPE_AAAA },
		{ "CNAME", DNS_TYPE_CNAME },
		{ "MX", DNS_TYPE_MX },
		{ "TXT", DNS_TYPE_TXT },
		{ "TLSA", DNS_TYPE_TLSA },
	};

	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		if (strcmp(word, table[i].word) == 0) {
			return table[i].type;
		}
	}
	return -1;
}

/* The next word of *text, which moves behind it; false at the end. */
static inline bool kit_word(const char **text, char *out, size_t size)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strcspn(*text, " \n");
	assert_true(len < size);
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len;
	return len > 0;
}

/* Writes the name as RDATA does, behind n bytes. Returns the length of all. */
static inline size_t kit_wire_name(unsigned char *out, size_t n, const char *s)
{
	while (*s != '\0') {
		size_t len = strcspn(s, ".");

		if (len > 0) {
			assert_true(n + len + 2 <= KIT_RDATA);
			out[n++] = (unsigned char)len;
			memcpy(out + n, s, len);
			n += len;
		}
		s += len + (s[len] == '.' ? 1 : 0);
	}
	out[n++] = 0;
	return n;
}

static inline size_t kit_rdata(
    unsigned char *out, int type, const char *word, size_t i)
{
	memset(out, 0, KIT_RDATA);
	if (type == DNS_TYPE_MX) {
		out[1] = (unsigned char)i;
		return kit_wire_name(out, 2, word);
	}
	if (type == DNS_TYPE_TXT) {
		size_t len = strlen(word);

		assert_true(len < 255);
		out[0] = (unsigned char)len;
		memcpy(out + 1, word, len + 1);
		return len + 1;
	}
	for (size_t k = 0; type == DNS_TYPE_TLSA && k < UNIT_LEN(tlsa_records);
	     k++) {
		if (strcmp(word, tlsa_records[k].name) == 0) {
			memcpy(out, tlsa_records[k].head, 3);
			memset(out + 3, 0xab, tlsa_records[k].len);
			return 3 + tlsa_records[k].len;
		}
	}
	return 4;
}

static inline void kit_how(const char *word, struct dns_answer *a)
{
	for (size_t i = 0; i < UNIT_LEN(kit_hows); i++) {
		if (strcmp(word, kit_hows[i].word) == 0) {
			a->status = kit_hows[i].status;
			a->secure = kit_hows[i].secure;
			a->unchecked = kit_hows[i].unchecked;
			return;
		}
	}
	fail_msg("no such answer: %s", word);
}

/* What one line says, behind its type. */
static inline void kit_answer(
    const char *text, const struct kit_question *q, bool is_probe)
{
	static unsigned char data[8][KIT_RDATA];
	struct view rdata[8];
	char word[300];
	char canonical[DOMAIN_BUF] = "";
	struct dns_answer a = {
		.rdata = rdata, .canonical = canonical, .ttl_s = 3600, .why = ""
	};

	(void)kit_word(&text, word, sizeof(word));
	kit_how(word, &a);
	text += strspn(text, " ");
	while (*text != '\n' && *text != '\0') {
		if (q->type == DNS_TYPE_TXT && !is_probe &&
		    strncmp(text, "ttl=", 4) != 0) {
			size_t len = strcspn(text, "\n");

			memcpy(word, text, len);
			word[len] = '\0';
			text += len;
		} else {
			(void)kit_word(&text, word, sizeof(word));
		}
		text += strspn(text, " ");
		if (strncmp(word, "->", 2) == 0) {
			size_t len = strlen(word + 2);

			assert_in_range(len, 0, sizeof(canonical) - 1);
			memcpy(canonical, word + 2, len + 1);
		} else if (strncmp(word, "ttl=", 4) == 0) {
			a.ttl_s = (unsigned)strtoul(word + 4, NULL, 10);
		} else if (is_probe) {
			a.why = word;
		} else {
			assert_true(a.n < UNIT_LEN(rdata));
			rdata[a.n] = view_make((const char *)data[a.n],
			    kit_rdata(data[a.n], q->type, word, a.n));
			a.n++;
		}
	}
	q->cb(q->ctx, &a);
}

static inline void kit_answer_one(struct kit *kit, const struct kit_question *q)
{
	const char *line = kit->zone;
	const char *anchor = kit->anchor != NULL ? kit->anchor : ".";

	while (*line != '\0') {
		const char *text = line;
		char name[DOMAIN_BUF];
		char type[10];

		(void)kit_word(&text, name, sizeof(name));
		(void)kit_word(&text, type, sizeof(type));
		if (strcmp(name, q->name) == 0 &&
		    (strcmp(type, "PROBE") == 0 || kit_type(type) == q->type)) {
			kit_answer(text, q, strcmp(type, "PROBE") == 0);
			return;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	kit_answer(strcmp(q->name, anchor) == 0 ? "nodata-secure" : "nxdomain",
	    q, true);
}

static inline void kit_ask(
    void *dns, const char *name, int type, dns_callback cb, void *ctx)
{
	struct kit *kit = dns;
	struct kit_question *q = &kit->asked[kit->n_asked];

	assert_true(kit->n_asked < KIT_ASKED);
	kit->n_asked++;
	assert_true(strlen(name) <= DOMAIN_MAX);
	(void)snprintf(q->name, sizeof(q->name), "%s", name);
	q->type = type;
	q->cb = cb;
	q->ctx = ctx;
}

/* Answers all questions, and those that follow from them. */
static inline void kit_run(struct kit *kit)
{
	for (size_t i = 0; i < kit->n_asked; i++) {
		struct kit_question q = kit->asked[i];

		if (q.cb != NULL &&
		    (kit->held == NULL || strcmp(kit->held, q.name) != 0)) {
			kit->asked[i].cb = NULL;
			kit_answer_one(kit, &q);
		}
	}
}

/* How often a name was asked for. */
static inline unsigned kit_count(const struct kit *kit, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < kit->n_asked; i++) {
		n += strcmp(kit->asked[i].name, name) == 0;
	}
	return n;
}

static inline int64_t kit_now(void *ctx)
{
	const struct kit *kit = ctx;

	return kit->now;
}

static inline void kit_on_health(void *ctx, enum dns_health health)
{
	struct kit *kit = ctx;

	kit->health = health;
	kit->n_health++;
}

static inline char *kit_next_result(struct kit *kit)
{
	return kit->result[kit->n_results++ % UNIT_LEN(kit->result)];
}

static inline void kit_on_domain(void *ctx, const struct lookup_domain *d)
{
	static const char *const asks[] = { "unknown", "not", "asks" };
	static const char *const mx[] = { "unknown", "secure", "insecure",
		"none", "bogus", "failed" };
	struct kit *kit = ctx;
	struct strbuf text;

	if (d->sts_dns != DNS_ANSWER) {
		UNIT_INT("without a record", d->sts.status, STS_RECORD_NONE);
	}
	strbuf_init(&text, 500);
	strbuf_addf(&text, "%s", asks[d->asks]);
	if (d->is_looked_up) {
		strbuf_addf(&text, " mx=%s", mx[d->mx]);
		for (size_t i = 0; i < d->n_hosts; i++) {
			strbuf_addf(&text, "%s%s", i == 0 ? " hosts=" : ",",
			    d->hosts[i]);
		}
		strbuf_addf(&text, " sts=%s",
		    d->sts_dns != DNS_ANSWER &&
			    d->sts.status == STS_RECORD_NONE ?
			dns_status_word(d->sts_dns) :
			d->sts.status == STS_RECORD_VALID ? d->sts.id :
							    "invalid");
	} else {
		strbuf_addf(&text, " %s",
		    d->record_dns == DNS_ANSWER ?
			record_status_word(d->record) :
			dns_status_word(d->record_dns));
	}
	strbuf_addf(&text, " stale=%d", (int)(d->stale_at - kit->now));
	(void)snprintf(kit_next_result(kit), sizeof(kit->result[0]), "%s",
	    strbuf_str(&text));
	strbuf_release(&text);
}

static inline void kit_on_host(
    void *ctx, const struct policy_set *set, int64_t stale_at)
{
	static const char *const mx[] = { "unknown", "secure", "insecure",
		"none", "bogus", "failed" };
	static const char *const tlsa[] = { "unknown", "none", "usable",
		"unusable", "bogus", "failed" };
	struct kit *kit = ctx;
	struct strbuf text;

	strbuf_init(&text, 500);
	strbuf_addf(&text, "mx=%s tlsa=%s", mx[set->mx], tlsa[set->tlsa]);
	if (set->base.len > 0) {
		strbuf_adds(&text, " base=");
		strbuf_addv(&text, set->base);
	}
	for (size_t i = 0; i < set->n_records; i++) {
		strbuf_adds(&text, i == 0 ? " records=" : ",");
		for (size_t k = 0; k < 5; k += 2) {
			strbuf_addc(&text, set->records[i].s[k]);
		}
	}
	strbuf_addf(&text, " stale=%d", (int)(stale_at - kit->now));
	(void)snprintf(kit_next_result(kit), sizeof(kit->result[0]), "%s",
	    strbuf_str(&text));
	strbuf_release(&text);
}

static inline struct lookup_options kit_options(struct kit *kit)
{
	return (struct lookup_options){
		.ask = kit_ask,
		.dns = kit,
		.anchor = kit->anchor != NULL ? kit->anchor : ".",
		.now = kit_now,
		.now_ctx = kit,
		.on_health = kit_on_health,
		.health_ctx = kit,
	};
}

static inline void kit_start(struct kit *kit, const char *zone)
{
	const struct lookup_options o = kit_options(kit);

	kit->zone = zone;
	kit->now = 1000000;
	kit->l = lookup_new(&o);
}

static inline void kit_stop(struct kit *kit)
{
	lookup_free(kit->l);
	memset(kit, 0, sizeof(*kit));
}

#endif
