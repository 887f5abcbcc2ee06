/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed_kit.h - what the tests of feeds share: a scratch folder, the recorded
 * day, and all that a state holds as text.
 */
#ifndef TESTS_UNIT_FEED_KIT_H
#define TESTS_UNIT_FEED_KIT_H

#include "common/feed.h"
#include "common/gzip.h"
#include "common/strbuf.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	TEXT_MAX = 4 << 20
};

#define UNTIL (when_utc(2026, 11, 23, 0, 0, 0) - 1)

static char dir[64];

static inline int setup(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static inline void path_of(char *out, size_t size, const char *name)
{
	assert_true(snprintf(out, size, "%s/%s", dir, name) < (int)size);
}

static inline void write_file(
    const char *path, const char *text, size_t len, const char *mode)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* The recorded day of the demonstration, whole. */
static inline void read_recording(struct strbuf *out)
{
	char path[256];
	char buf[65536];
	struct gzip *g = NULL;
	int n;

	unit_src_path(path, sizeof(path), "demo/mail.log.gz");
	assert_int_equal(gzip_open(path, &g), 0);
	while ((n = gzip_read(g, buf, sizeof(buf))) > 0) {
		strbuf_add(out, buf, (size_t)n);
	}
	assert_int_equal(n, 0);
	gzip_close(g);
	assert_false(out->failed);
}

/*
 * The same, but under valgrind only its first lines, for tests that read it
 * some dozen times.
 */
static inline void read_recording_often(struct strbuf *out)
{
	const size_t enough = 32 << 10;

	read_recording(out);
	if (unit_is_valgrind() && out->len > enough) {
		while (out->s[out->len - 1] != '\n' || out->len > enough) {
			out->len--;
		}
		out->s[out->len] = '\0';
	}
}

static inline int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void dump_fact(
    const struct tally_fact *tf, char *out, size_t size)
{
	const struct fact *f = &tf->fact;
	char ip[IP_TEXT_MAX];

	assert_true(
	    snprintf(out, size,
		"%.*s mx=%.*s ip=%s tls=%s chain=%s name=%s reason=%.*s "
		"count=%llu first=%lld last=%lld\n",
		(int)f->domain.len, f->domain.s, (int)f->mx.len, f->mx.s,
		ip_format(&f->ip, ip), fact_tls_word(f->tls),
		fact_chain_word(f->chain), fact_name_word(f->name),
		(int)f->reason.len, f->reason.s, (unsigned long long)tf->count,
		(long long)tf->first, (long long)tf->last) < (int)size);
}

struct dumped {
	char line[4096][512];
	char *sorted[4096];
	size_t n;
};

static inline void dump_facts(struct tally *t, struct dumped *d)
{
	struct tally_fact fact;
	uint64_t cursor = 0;

	while (tally_next_fact(t, &cursor, &fact) == 1) {
		assert_true(d->n < UNIT_LEN(d->line));
		dump_fact(&fact, d->line[d->n], sizeof(d->line[0]));
		d->sorted[d->n] = d->line[d->n];
		d->n++;
	}
}

static inline void dump_counters(struct tally *t, struct strbuf *out)
{
	struct tally_feed feed;
	uint64_t cursor = 0;

	while (tally_next_feed(t, &cursor, &feed) == 1) {
		for (int c = 0; c < COUNTER_COUNT; c++) {
			unsigned long long n = feed.counters[c];

			if (n > 0) {
				strbuf_addf(out, "%s: %llu\n",
				    counter_word((enum counter)c), n);
			}
		}
	}
}

/* All facts and counters of a state as sorted text. */
static inline void dump(const char *state, struct strbuf *out)
{
	static struct dumped d;
	int64_t *days = NULL;
	unsigned n_days = 0;

	d.n = 0;
	strbuf_clear(out);
	assert_int_equal(store_days(state, &days, &n_days), 0);
	for (unsigned i = 0; i < n_days; i++) {
		char path[256];
		struct tally *t = NULL;
		struct tally_info info;

		(void)store_path(state, days[i], path, sizeof(path));
		assert_int_equal(tally_open(path, &t), 0);
		dump_facts(t, &d);
		dump_counters(t, out);
		tally_info(t, &info);
		assert_int_equal(info.damaged, 0);
		tally_close(t);
	}
	free(days);
	qsort(d.sorted, d.n, sizeof(d.sorted[0]), compare);
	for (size_t i = 0; i < d.n; i++) {
		strbuf_adds(out, d.sorted[i]);
	}
	assert_false(out->failed);
}

#endif
