/* SPDX-License-Identifier: BSD-2-Clause */
/* local_policy.c - what this site itself decides of domains */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/local_policy.h"
#include "common/mem.h"

enum {
	FILE_MAX_B = 16 << 20
};

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
	struct local_policy *p;
	struct strbuf *error;
	const char *name;
	unsigned line;
	bool has_failed;
};

static void fault(struct reader *r, const char *what)
{
	r->has_failed = true;
	strbuf_addf(r->error, "%s%s:%u: %s", r->error->len > 0 ? "\n" : "",
	    r->name, r->line, what);
}

static struct view take_word(struct view *line)
{
	size_t n = 0;
	struct view word;

	while (n < line->len && ascii_is_wsp(line->s[n])) {
		n++;
	}
	*line = view_skip(*line, n);
	n = 0;
	while (
	    n < line->len && !ascii_is_wsp(line->s[n]) && line->s[n] != '#') {
		n++;
	}
	word = view_make(line->s, n);
	*line = view_skip(*line, n);
	return word;
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
	struct view word = take_word(&line);

	if (word.len == 0) {
		fault(r, "expected a domain");
	}
	for (; word.len > 0; word = take_word(&line)) {
		add(r,
		    (struct rule){
			.name = take_name(r, word), .demands = demand });
	}
}

static void read_smart_host(struct reader *r, struct view line)
{
	struct view host = take_word(&line);
	struct view domain = take_word(&line);

	if (host.len == 0 || domain.len == 0 || take_word(&line).len > 0) {
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
	struct view word = take_word(&line);

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
			r->line = 0;
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
	struct reader r = { .p = p, .error = error, .name = name };

	*out = NULL;
	p->names = arena_new();
	while (text.len > 0) {
		size_t len = view_index(text, '\n');
		bool has_cr = len > 0 && text.s[len - 1] == '\r';

		r.line++;
		read_line(&r, view_make(text.s, len - has_cr));
		text = view_skip(text, len < text.len ? len + 1 : len);
	}
	merge(&r);
	if (r.has_failed) {
		local_policy_free(p);
		return ERR_CONFIG;
	}
	*out = p;
	return 0;
}

static int read_all(int fd, struct strbuf *text)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(text, buf, (size_t)n);
	}
	return n < 0 ? -errno : text->failed ? ERR_TOO_LONG : 0;
}

int local_policy_read(
    const char *path, struct local_policy **out, struct strbuf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct strbuf text;
	int rc;

	*out = NULL;
	strbuf_init(&text, FILE_MAX_B);
	rc = fd >= 0 ? read_all(fd, &text) : -errno;
	if (fd >= 0) {
		(void)close(fd);
	}
	if (rc == 0) {
		rc = local_policy_parse(
		    view_make(text.s, text.len), path, out, error);
	} else {
		strbuf_addf(error, "file %s: %s", path, err_text(rc));
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
