/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_reader.c - from a tree of nodes to a configuration, by the schema */

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/conf_dkim.h"
#include "common/conf_feeds.h"
#include "common/conf_reader.h"
#include "common/conf_value.h"
#include "common/log.h"
#include "common/mta.h"
#include "common/nearest.h"

enum {
	PATH_BUF = LOG_ESCAPE_BUF + 32, /* "section.key", escaped */
	SEEN_MAX = 32,    /* more than known keys and sections of a mapping */
	FAULT_BUF = 1024, /* text of one fault */
};

/* One reading of one text. */
struct reader {
	struct conf *conf;
	const char *path; /* names the text in errors */
	struct strbuf *error;
	unsigned faults;
	/* where each entry of each list begins */
	unsigned line[CONF_LISTS][CONF_FEEDS];
};

/* A mapping under work. */
struct mapping {
	const struct conf_node *node;
	const char *prefix; /* of its keys in the schema: "", "dns." */
	void *base;         /* what their offsets start at */
	const struct conf_node *seen[SEEN_MAX]; /* known keys and sections */
	size_t n_seen;
};

static void __attribute__((format(printf, 3, 4)))
fault(struct reader *r, unsigned line, const char *fmt, ...)
{
	char text[FAULT_BUF];
	va_list ap;

	if (r->faults++ >= CONF_FAULTS) {
		return;
	}
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0) {
		text[0] = '\0';
	}
	va_end(ap);
	strbuf_addf(r->error, "%s:%u: %s\n", r->path, line, text);
}

/* The names of all MTAs, for errors. */
static const char *mta_list(char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (const char *const *p = mta_names(); *p != NULL; p++) {
		int len = snprintf(
		    out + n, size - n, "%s%s", n > 0 ? ", " : ": ", *p);

		if (len < 0 || (size_t)len >= size - n) {
			break;
		}
		n += (size_t)len;
	}
	return out;
}

static void value_fault(struct reader *r, unsigned line,
    const struct conf_key *key, struct view text, const char *wrong)
{
	char names[FAULT_BUF / 4] = "";
	char buf[LOG_ESCAPE_BUF];

	if (key->type == CONF_MTA) {
		(void)mta_list(names, sizeof(names));
	}
	if (text.len > 0) {
		fault(r, line, "%s: \"%s\" %s, expected %s%s", key->path,
		    log_escape(text, buf), wrong, key->what, names);
	} else {
		fault(r, line, "%s %s, expected %s%s", key->path, wrong,
		    key->what, names);
	}
}

/* A value is looked for where its key is. */
static unsigned line_of(const struct conf_node *node)
{
	return node->key != NULL ? node->key->line : node->line;
}

/* False, and a fault: the node is of a kind that may stand nowhere. */
static bool is_sound(
    struct reader *r, const struct conf_node *node, const char *path)
{
	if (node->fault != NULL) {
		fault(r, line_of(node), "%s%s%s, expected a plain value", path,
		    path[0] != '\0' ? ": " : "", node->fault);
		return false;
	}
	return true;
}

/* Is nothing given: "key:", "key: ~" or "key: null"? */
static bool is_missing(const struct conf_node *node)
{
	return node->type == CONF_NODE_TEXT && node->is_plain &&
	    (node->text.len == 0 || view_is(node->text, "~") ||
		view_is(node->text, "null"));
}

static void read_list(struct reader *r, const struct conf_key *key,
    const struct conf_node *node, void *base)
{
	size_t n = 0;

	for (const struct conf_node *p = node->child; p != NULL; p = p->next) {
		const char *wrong = NULL;

		if (!is_sound(r, p, key->path)) {
			continue;
		}
		if (p->type != CONF_NODE_TEXT) {
			fault(r, p->line,
			    "%s: an entry is no single value, expected %s",
			    key->path, key->what);
			continue;
		}
		if (n >= key->max) {
			fault(r, p->line,
			    "%s has too many entries, expected %s", key->path,
			    key->what);
			break;
		}
		wrong = is_missing(p) || p->text.len == 0 ?
		    "has an entry without value" :
		    conf_value_add(key, p->text, base, n);
		if (wrong != NULL) {
			value_fault(r, p->line, key, p->text, wrong);
		} else {
			n++;
		}
	}
}

static void read_value(struct reader *r, const struct conf_key *key,
    const struct conf_node *node, void *base)
{
	const char *wrong;

	if (!is_sound(r, node, key->path)) {
		return;
	}
	if (is_missing(node)) {
		fault(r, line_of(node), "%s has no value, expected %s",
		    key->path, key->what);
	} else if (conf_value_is_list(key)) {
		if (node->type == CONF_NODE_LIST) {
			read_list(r, key, node, base);
		} else {
			value_fault(
			    r, node->line, key, node->text, "is no list");
		}
	} else if (node->type != CONF_NODE_TEXT) {
		fault(r, line_of(node), "%s is a %s, expected %s", key->path,
		    node->type == CONF_NODE_LIST ? "list" : "mapping",
		    key->what);
	} else {
		wrong = conf_value_set(key, node->text, node->is_plain, base);
		if (wrong != NULL) {
			value_fault(r, line_of(node), key, node->text, wrong);
		}
	}
}

/* Do keys begin with "path." or "path[]."? */
static bool is_section(const char *path)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	size_t len = strlen(path);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(keys[i].path, path, len) == 0 &&
		    (keys[i].path[len] == '.' || keys[i].path[len] == '[')) {
			return true;
		}
	}
	return false;
}

static struct view last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return view_of(dot != NULL ? dot + 1 : path);
}

/*
 * The key that an unknown one was meant for, or NULL: nearest as a whole, or
 * by its last part alone (a key put into the wrong section).
 */
static const char *suggest(const char *path)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	struct view part = last_part(path);
	const char *best = NULL;
	unsigned least = NEAREST_MAX;

	for (size_t i = 0; i < n; i++) {
		unsigned whole =
		    nearest_distance(view_of(path), view_of(keys[i].path));
		unsigned last = nearest_distance(part, last_part(keys[i].path));
		unsigned d = NEAREST_MAX;

		if (nearest_is_near(whole, view_of(path))) {
			d = whole;
		} else if (nearest_is_near(last, part)) {
			d = last + 1;
		}
		if (d < least) {
			best = keys[i].path;
			least = d;
		}
	}
	return best;
}

static void unknown_key(
    struct reader *r, const struct conf_node *key, const char *path)
{
	const char *best = suggest(path);

	if (conf_key_find(path) != NULL) {
		fault(r, key->line,
		    "%s in one word, expected each part indented below the "
		    "one before",
		    path);
	} else if (best != NULL) {
		fault(r, key->line, "unknown key %s, expected %s?", path, best);
	} else {
		fault(r, key->line,
		    "unknown key %s, expected one of telltls.yaml(5)", path);
	}
}

/* The bytes that names in the schema are made of. */
static bool is_key_text(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] != '-' && (text.s[i] < 'a' || text.s[i] > 'z')) {
			return false;
		}
	}
	return text.len > 0;
}

/* False, and a fault: a known key stands in its mapping a second time. */
static bool is_first(struct reader *r, struct mapping *m,
    const struct conf_node *key, const char *path)
{
	for (size_t i = 0; i < m->n_seen; i++) {
		if (view_eq(m->seen[i]->text, key->text)) {
			fault(r, key->line,
			    "%s is there again, expected once (line %u)", path,
			    m->seen[i]->line);
			return false;
		}
	}
	if (m->n_seen < SEEN_MAX) {
		m->seen[m->n_seen++] = key;
	}
	return true;
}

static void read_mapping(struct reader *r, const struct conf_node *node,
    const char *prefix, void *base);

static void read_entries(struct reader *r, const struct conf_list *list,
    const struct conf_node *node)
{
	unsigned *n = conf_list_count(list, r->conf);
	char prefix[PATH_BUF];

	(void)snprintf(prefix, sizeof(prefix), "%s[].", list->path);
	for (const struct conf_node *p = node->child; p != NULL; p = p->next) {
		if (*n == list->max) {
			fault(r, p->line, "too many %s, expected up to %u",
			    list->path, list->max);
			return;
		}
		if (!is_sound(r, p, list->path)) {
			continue;
		}
		if (p->type != CONF_NODE_MAP) {
			fault(r, p->line,
			    "%s: an entry is no mapping, expected keys like "
			    "\"%s\"",
			    list->path, list->example);
			continue;
		}
		r->line[list - conf_lists()][*n] = p->line;
		read_mapping(
		    r, p, prefix, conf_list_entry(list, r->conf, (*n)++));
	}
}

static const struct conf_list *find_list(const char *path)
{
	for (size_t i = 0; i < CONF_LISTS; i++) {
		if (strcmp(conf_lists()[i].path, path) == 0) {
			return &conf_lists()[i];
		}
	}
	return NULL;
}

static void read_section(
    struct reader *r, const struct conf_node *node, const char *path)
{
	const struct conf_list *list = find_list(path);
	char prefix[PATH_BUF + 1];

	if (!is_sound(r, node, path)) {
		return;
	}
	if (is_missing(node)) {
		fault(
		    r, node->line, "%s is empty, expected keys below it", path);
	} else if (list != NULL && node->type == CONF_NODE_LIST) {
		read_entries(r, list, node);
	} else if (list == NULL && node->type == CONF_NODE_MAP) {
		(void)snprintf(prefix, sizeof(prefix), "%s.", path);
		read_mapping(r, node, prefix, r->conf);
	} else if (list != NULL) {
		fault(r, line_of(node),
		    "%s is no list, expected entries like \"%s\"", path,
		    list->example);
	} else {
		fault(r, line_of(node),
		    "%s is no mapping, expected keys below it", path);
	}
}

static void read_entry(
    struct reader *r, struct mapping *m, const struct conf_node *value)
{
	const struct conf_node *key = value->key;
	const struct conf_key *row;
	char buf[LOG_ESCAPE_BUF];
	char path[PATH_BUF];

	if (!is_sound(r, key, "")) {
		return;
	}
	if (key->type != CONF_NODE_TEXT) {
		fault(
		    r, key->line, "a list or mapping as key, expected a name");
		return;
	}
	(void)snprintf(
	    path, sizeof(path), "%s%s", m->prefix, log_escape(key->text, buf));
	row = conf_key_find(path);
	if (is_key_text(key->text) && row != NULL) {
		if (is_first(r, m, key, path)) {
			read_value(r, row, value, m->base);
		}
	} else if (is_key_text(key->text) && is_section(path)) {
		if (is_first(r, m, key, path)) {
			read_section(r, value, path);
		}
	} else {
		unknown_key(r, key, path);
	}
}

static bool was_seen(const struct mapping *m, const char *name)
{
	for (size_t i = 0; i < m->n_seen; i++) {
		if (view_is(m->seen[i]->text, name)) {
			return true;
		}
	}
	return false;
}

/* What the mapping does not say: required keys, and values of other keys. */
static void complete(struct reader *r, const struct mapping *m)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	size_t len = strlen(m->prefix);
	char path[PATH_BUF];

	for (size_t i = 0; i < n; i++) {
		const char *name = keys[i].path + len;

		if (strncmp(keys[i].path, m->prefix, len) != 0 ||
		    strchr(name, '.') != NULL || was_seen(m, name)) {
			continue;
		}
		if (keys[i].is_required && m->node->is_whole) {
			value_fault(r, m->node->line, &keys[i],
			    view_make(NULL, 0), "is missing");
		}
		if (keys[i].fallback[0] == '=') {
			(void)snprintf(path, sizeof(path), "%s%s", m->prefix,
			    keys[i].fallback + 1);
			conf_value_copy(&keys[i], conf_key_find(path), m->base);
		}
	}
}

static void read_mapping(struct reader *r, const struct conf_node *node,
    const char *prefix, void *base)
{
	struct mapping m = { .node = node, .prefix = prefix, .base = base };

	for (const struct conf_node *p = node->child; p != NULL; p = p->next) {
		read_entry(r, &m, p);
	}
	complete(r, &m);
}

/* An entry of a list that is looked at beside the others. */
struct beside {
	struct reader *reader;
	const unsigned *line; /* of the list's entries */
	unsigned number;
};

static void entry_fault(void *ctx, unsigned other, const char *what)
{
	const struct beside *b = ctx;

	if (other == b->number) {
		fault(b->reader, b->line[other], "%s", what);
	} else {
		fault(b->reader, b->line[b->number], "%s (line %u)", what,
		    b->line[other]);
	}
}

static void check_entries(struct reader *r, const char *path,
    void (*check)(const struct conf *, unsigned, conf_entry_fn, void *))
{
	const struct conf_list *list = find_list(path);
	struct beside b = { .reader = r };

	b.line = r->line[list - conf_lists()];
	for (; b.number < *conf_list_count(list, r->conf); b.number++) {
		check(r->conf, b.number, entry_fault, &b);
	}
}

unsigned conf_reader_run(struct conf *c, const char *path,
    const struct conf_yaml *yaml, struct strbuf *error)
{
	struct reader r = { .conf = c, .path = path, .error = error };
	const struct conf_node *root = yaml->root;

	if (root != NULL && is_sound(&r, root, "") && !is_missing(root)) {
		if (root->type == CONF_NODE_MAP) {
			read_mapping(&r, root, "", c);
			check_entries(&r, "feeds", conf_feeds_check);
			check_entries(&r, "dkim.keys", conf_dkim_check);
		} else {
			fault(&r, root->line,
			    "a %s, expected lines \"key: value\"",
			    root->type == CONF_NODE_LIST ? "list" : "text");
		}
	}
	if (yaml->line > 0) {
		fault(&r, yaml->line, "%s", yaml->problem);
	}
	if (r.faults > CONF_FAULTS) {
		strbuf_addf(error, "%s: %u faults more\n", path,
		    r.faults - CONF_FAULTS);
	}
	return r.faults;
}
