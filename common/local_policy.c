/* SPDX-License-Identifier: BSD-2-Clause */
/* local_policy.c - what this site itself decides of domains */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/lines.h"
#include "common/local_policy.h"
#include "common/mem.h"

struct rule {
	struct view name; /* of a domain, or of a smart host */
	unsigned demands;
	struct view next_hop; /* of a smart host */
};

struct local_policy {
	struct arena *names;
	struct rule *rules; /* sorted by kind and name, once it is whole */
	size_t n;
	size_t cap;
};

/* One file while it is read. */
struct reader {
	struct lines lines;
	struct local_policy *p;
};

static void fault(struct reader *r, const char *what)
{
	lines_fault(&r->lines, what);
}

/* A normalised copy; "" after a fault. */
static struct view take_name(struct reader *r, struct view word)
{
	char name[DOMAIN_BUF];

	if (domain_normalise(word, name) <= 0) {
		fault(r, "expected a domain or host name");
		return view_of("");
	}
	return arena_view(r->p->names, view_of(name));
}

static void add(struct reader *r, struct rule rule)
{
	struct local_policy *p = r->p;

	if (rule.name.len == 0) {
		return;
	}
	if (p->n == LOCAL_POLICY_MAX) {
		fault(r, "too many names");
		return;
	}
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 16 : 2 * p->cap;
		p->rules = xrealloc_array(p->rules, p->cap, sizeof(rule));
	}
	p->rules[p->n++] = rule;
}

static void read_domains(struct reader *r, struct view line, unsigned demand)
{
	struct view word = lines_word(&line);

	if (word.len == 0) {
		fault(r, "expected a domain");
	}
	for (; word.len > 0; word = lines_word(&line)) {
		add(r,
		    (struct rule){
			.name = take_name(r, word), .demands = demand });
	}
}

static void read_smart_host(struct reader *r, struct view line)
{
	struct view host = lines_word(&line);
	struct view domain = lines_word(&line);

	if (host.len == 0 || domain.len == 0 || lines_word(&line).len > 0) {
		fault(r, "expected: smart-host HOST DOMAIN");
		return;
	}
	add(r,
	    (struct rule){
		.name = take_name(r, host), .next_hop = take_name(r, domain) });
}

static void read_line(struct reader *r, struct view line)
{
	static const struct {
		const char *word;
		unsigned demand;
	} words[] = {
		{ "dane", LOCAL_POLICY_DANE },
		{ "mta-sts", LOCAL_POLICY_STS },
		{ "exclude", LOCAL_POLICY_EXCLUDE },
	};
	struct view word = lines_word(&line);

	if (word.len == 0) {
		return; /* blank, or a comment */
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (view_is(word, words[i].word)) {
			read_domains(r, line, words[i].demand);
			return;
		}
	}
	if (view_is(word, "smart-host")) {
		read_smart_host(r, line);
	} else {
		fault(r, "expected dane, mta-sts, exclude or smart-host");
	}
}

/* --- looking up ----------------------------------------------------------- */

static int compare_names(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Smart hosts behind all domains. */
static int by_name(const void *a, const void *b)
{
	const struct rule *x = a;
	const struct rule *y = b;
	bool x_is_host = x->next_hop.len > 0;
	bool y_is_host = y->next_hop.len > 0;

	return x_is_host != y_is_host ? x_is_host - y_is_host :
					compare_names(x->name, y->name);
}

static const struct rule *find(
    const struct local_policy *p, struct view name, bool is_host)
{
	const struct rule key = { .name = name,
		.next_hop = view_of(is_host ? "x" : "") };

	return p == NULL || p->n == 0 ?
	    NULL :
	    bsearch(&key, p->rules, p->n, sizeof(key), by_name);
}

unsigned local_policy_of(const struct local_policy *p, struct view domain)
{
	const struct rule *rule = find(p, domain, false);

	return rule != NULL ? rule->demands : 0;
}

struct view local_policy_next_hop(const struct local_policy *p, struct view mx)
{
	const struct rule *rule = find(p, mx, true);

	return rule != NULL ? rule->next_hop : view_of("");
}

/* What stands there more than once becomes one; two next hops are a fault. */
static void merge(struct reader *r)
{
	struct local_policy *p = r->p;
	size_t n = 0;

	if (p->n > 1) {
		qsort(p->rules, p->n, sizeof(*p->rules), by_name);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct rule *last = n > 0 ? &p->rules[n - 1] : NULL;

		if (last == NULL || by_name(last, &p->rules[i]) != 0) {
			p->rules[n++] = p->rules[i];
		} else if (!view_eq(last->next_hop, p->rules[i].next_hop)) {
			r->lines.number = 0;
			fault(r, "a smart host has two domains");
		} else {
			last->demands |= p->rules[i].demands;
		}
	}
	p->n = n;
}

/* --- reading -------------------------------------------------------------- */

int local_policy_parse(struct view text, const char *name,
    struct local_policy **out, struct strbuf *error)
{
	struct local_policy *p = xcalloc(1, sizeof(*p));
	struct reader r = { .p = p };
	struct view line;

	*out = NULL;
	p->names = arena_new();
	lines_begin(&r.lines, text, name, error);
	while (lines_next(&r.lines, &line)) {
		read_line(&r, line);
	}
	merge(&r);
	if (r.lines.has_failed) {
		local_policy_free(p);
		return ERR_CONFIG;
	}
	*out = p;
	return 0;
}

int local_policy_read(
    const char *path, struct local_policy **out, struct strbuf *error)
{
	struct strbuf text;
	int rc;

	*out = NULL;
	strbuf_init(&text, LINES_FILE_MAX);
	rc = lines_read_file(path, &text, error);
	if (rc == 0) {
		rc = local_policy_parse(
		    view_make(text.s, text.len), path, out, error);
	}
	strbuf_release(&text);
	return rc;
}

void local_policy_free(struct local_policy *p)
{
	if (p != NULL) {
		arena_free(p->names);
		free(p->rules);
		free(p);
	}
}
