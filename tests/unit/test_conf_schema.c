/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conf_schema.c - tests of the table of keys, and of the sample file
 * and the manual page, which list exactly its keys with its defaults
 */

#include "config.h"

#include "common/conf.h"
#include "common/conf_yaml.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

enum {
	PATH_BUF = 1024,
	FILE_SIZE = 1 << 20,
	KEYS = 128,
};

/* The keys that a text lists, with what it says of each. */
struct listing {
	struct {
		char path[128];
		char text[256];
	} row[KEYS];

	size_t n;
};

static void list_add(struct listing *l, const char *path)
{
	assert_true(l->n < KEYS);
	(void)snprintf(
	    l->row[l->n].path, sizeof(l->row[l->n].path), "%s", path);
	l->row[l->n++].text[0] = '\0';
}

static void list_text(struct listing *l, struct view text)
{
	assert_true(l->n > 0);
	(void)snprintf(l->row[l->n - 1].text, sizeof(l->row[l->n - 1].text),
	    "%.*s", (int)text.len, text.s);
}

static char *read_file(const char *name)
{
	char path[PATH_BUF];
	char *text = xcalloc(1, FILE_SIZE);
	FILE *stream;

	unit_src_path(path, sizeof(path), name);
	stream = fopen(path, "rb");
	if (stream == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	assert_true(fread(text, 1, FILE_SIZE - 1, stream) > 0);
	(void)fclose(stream);
	return text;
}

/* The sample with the '#' taken from all lines that are options. */
static char *read_sample(void)
{
	char *text = read_file("../etc/telltls.yaml");
	bool at_start = true;

	for (char *p = text; *p != '\0'; p++) {
		if (at_start && *p == '#' && p[1] != '\n' && p[1] != '\0' &&
		    (p[1] != ' ' || p[2] == ' ')) {
			(void)memmove(p, p + 1, strlen(p));
		}
		at_start = *p == '\n';
	}
	return text;
}

static void check_listing(const char *what, const struct listing *l)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++) {
		unsigned times = 0;

		for (size_t j = 0; j < l->n; j++) {
			times += strcmp(l->row[j].path, keys[i].path) == 0;
		}
		UNIT_UINT(keys[i].path, times, 1);
	}
	UNIT_UINT(what, l->n, n);
}

/* The table itself: every text in it agrees with the numbers beside it. */
static void test_table(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct conf_key *k = &keys[i];
		char buf[32];

		UNIT_TRUE(k->path, k->what[0] != '\0');
		UNIT_TRUE(k->path, k->fallback != NULL);
		for (size_t j = 0; j < i; j++) {
			UNIT_TRUE(k->path, strcmp(k->path, keys[j].path) != 0);
		}
		if (k->type == CONF_NUMBER) {
			(void)snprintf(buf, sizeof(buf), "%ju to ", k->min);
			UNIT_TRUE(k->path, strstr(k->what, buf) != NULL);
		}
		if (k->type == CONF_NUMBER || k->type == CONF_DOMAINS ||
		    k->type == CONF_SERVERS || k->type == CONF_IDENTS) {
			(void)snprintf(buf, sizeof(buf), "to %ju", k->max);
			UNIT_TRUE(k->path, strstr(k->what, buf) != NULL);
		}
	}
}

static void test_sample_as_shipped(void **state)
{
	char *text = read_file("../etc/telltls.yaml");
	struct strbuf error;
	struct conf c;

	(void)state;
	strbuf_init(&error, FILE_SIZE);
	conf_init(&c);
	UNIT_TRUE("sample", text[0] == '#');
	UNIT_INT(
	    "sample", conf_parse(&c, "sample", text, strlen(text), &error), 0);
	UNIT_STR("sample", strbuf_str(&error), "");
	conf_release(&c);
	strbuf_release(&error);
	free(text);
}

static void test_sample_uncommented(void **state)
{
	char *text = read_sample();
	struct strbuf error;
	struct conf c;

	(void)state;
	strbuf_init(&error, FILE_SIZE);
	conf_init(&c);
	UNIT_INT(
	    "sample", conf_parse(&c, "sample", text, strlen(text), &error), 0);
	UNIT_INT("reports", conf_check_reports(&c, "sample", &error), 0);
	UNIT_STR("sample", strbuf_str(&error), "");
	conf_release(&c);
	strbuf_release(&error);
	free(text);
}

static bool is_listed(const struct listing *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->row[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

/* Is it a list of mappings, all of which may have all keys? */
static bool is_list_of_maps(const struct conf_node *node)
{
	return node->type == CONF_NODE_LIST && node->child != NULL &&
	    node->child->type == CONF_NODE_MAP;
}

static void list_node(
    struct listing *l, const char *prefix, const struct conf_node *node)
{
	char path[128];

	for (const struct conf_node *p = node->child; p != NULL; p = p->next) {
		bool is_list = is_list_of_maps(p);
		const char *suffix = is_list ? "[]." :
		    p->type == CONF_NODE_MAP ? "." :
					       "";

		(void)snprintf(path, sizeof(path), "%s%s%s", prefix,
		    p->key->text.s, suffix);
		if (is_list) {
			for (const struct conf_node *q = p->child; q != NULL;
			     q = q->next) {
				list_node(l, path, q);
			}
		} else if (p->type == CONF_NODE_MAP) {
			list_node(l, path, p);
		} else if (!is_listed(l, path)) {
			list_add(l, path);
			list_text(l, p->text);
		}
	}
}

/* The text that a default stands for in the sample: that of the other key. */
static const char *resolve(const struct listing *l, const struct conf_key *key)
{
	const char *dot = strrchr(key->path, '.');
	size_t prefix = dot != NULL ? (size_t)(dot + 1 - key->path) : 0;

	if (key->fallback[0] != '=') {
		return key->fallback;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (strncmp(l->row[i].path, key->path, prefix) == 0 &&
		    strcmp(l->row[i].path + prefix, key->fallback + 1) == 0) {
			return l->row[i].text;
		}
	}
	return NULL;
}

static void test_sample_keys(void **state)
{
	char *text = read_sample();
	struct arena *arena = arena_new();
	struct conf_yaml yaml;
	struct listing l = { .n = 0 };
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	conf_yaml_read(text, strlen(text), arena, &yaml);
	UNIT_STR("sample", yaml.problem, "");
	list_node(&l, "", yaml.root);
	check_listing("keys of the sample", &l);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < l.n; j++) {
			if (keys[i].fallback[0] != '\0' &&
			    strcmp(keys[i].path, l.row[j].path) == 0) {
				UNIT_STR(keys[i].path, l.row[j].text,
				    resolve(&l, &keys[i]));
			}
		}
	}
	arena_free(arena);
	free(text);
}

/* What the page has to say of a default. */
static void want_default(const struct conf_key *key, char *out, size_t size)
{
	const char *dot = strrchr(key->path, '.');
	int prefix = dot != NULL ? (int)(dot + 1 - key->path) : 0;

	if (key->fallback[0] == '\0') {
		(void)snprintf(out, size, "No default.");
	} else if (key->fallback[0] == '=') {
		(void)snprintf(out, size, "Default: the value of .Ic %.*s%s .",
		    prefix, key->path, key->fallback + 1);
	} else {
		(void)snprintf(out, size, "Default: %s.", key->fallback);
	}
}

/* Lists the keys of the page; the text is the end of each paragraph. */
static void list_manual(char *text, struct listing *l)
{
	char *rest = text;
	char *line;
	char last[256] = "";
	bool is_inside = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		struct view v = view_of(line);
		size_t len = strlen(last);

		if (is_inside && (view_starts(v, ".It") || view_is(v, ".El"))) {
			list_text(l, view_of(last));
			is_inside = false;
		}
		if (view_take(&v, ".It Ic ")) {
			list_add(l, v.s);
			is_inside = true;
			last[0] = '\0';
		} else if (strncmp(last, "Default: the", 12) == 0) {
			/* this sentence goes on in a line of its own */
			(void)snprintf(
			    last + len, sizeof(last) - len, " %s", line);
		} else {
			(void)snprintf(last, sizeof(last), "%s", line);
		}
	}
}

static void test_manual(void **state)
{
	char *text = read_file("../man/telltls.yaml.5");
	struct listing l = { .n = 0 };
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	list_manual(text, &l);
	check_listing("keys of the manual", &l);
	for (size_t i = 0; i < n; i++) {
		char want[256];

		want_default(&keys[i], want, sizeof(want));
		for (size_t j = 0; j < l.n; j++) {
			if (strcmp(keys[i].path, l.row[j].path) == 0) {
				UNIT_STR(keys[i].path, l.row[j].text, want);
			}
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sample_as_shipped),
		cmocka_unit_test(test_sample_uncommented),
		cmocka_unit_test(test_sample_keys),
		cmocka_unit_test(test_manual),
	};

	return UNIT_RUN(tests);
}
