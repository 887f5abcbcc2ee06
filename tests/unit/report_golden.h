/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_golden.h - checks of reports, and of the files in tests/data/golden/
 *
 * With UPDATE_GOLDEN=1 in the environment the golden files are written
 * instead; look at the difference before it is committed.
 */
#ifndef TESTS_UNIT_REPORT_GOLDEN_H
#define TESTS_UNIT_REPORT_GOLDEN_H

#include "common/err.h"
#include "common/gzip.h"
#include "tests/unit/report_sample.h"
#include "tests/unit/unit.h"

/* Reads a whole file, compressed or not, from its place in tests/. */
static inline void golden_read(
    const char *name, const char *ext, bool inflate, struct strbuf *out)
{
	char file[256];
	char path[4096];
	char chunk[4096];
	struct gzip *g = NULL;
	FILE *f = NULL;
	int n;

	(void)snprintf(file, sizeof(file), "data/golden/%s%s", name, ext);
	unit_src_path(path, sizeof(path), file);
	if (inflate) {
		UNIT_INT(path, gzip_open(path, &g), 0);
		while ((n = gzip_read(g, chunk, sizeof(chunk))) > 0) {
			strbuf_add(out, chunk, (size_t)n);
		}
		UNIT_INT(path, n, 0);
		gzip_close(g);
		return;
	}
	f = fopen(path, "rb");
	if (f == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
		return;
	}
	while ((n = (int)fread(chunk, 1, sizeof(chunk), f)) > 0) {
		strbuf_add(out, chunk, (size_t)n);
	}
	(void)fclose(f);
}

static inline bool golden_update(
    const char *name, const char *ext, const struct strbuf *got)
{
	const char *update = getenv("UPDATE_GOLDEN");
	char dir[4096];

	if (update == NULL || strcmp(update, "1") != 0) {
		return false;
	}
	unit_src_path(dir, sizeof(dir), "data/golden");
	sample_write(dir, name, ext, got);
	return true;
}

/* Byte for byte. */
static inline void golden_check(
    const char *name, const char *ext, const struct strbuf *got)
{
	struct strbuf want;

	if (golden_update(name, ext, got)) {
		return;
	}
	strbuf_init(&want, SAMPLE_MAX);
	golden_read(name, ext, false, &want);
	UNIT_MEM(name, got->s, got->len, want.s, want.len);
	strbuf_release(&want);
}

static const struct report_sender unit_sender = SAMPLE_SENDER;

static inline struct report *new_report(const char *domain)
{
	return report_new(
	    &unit_sender, view_of(domain), SAMPLE_DAY, SAMPLE_MADE);
}

static inline void add_fact(struct report *r, const struct sample_fact *f)
{
	char domain[DOMAIN_BUF];
	struct tally_fact t;

	(void)snprintf(
	    domain, sizeof(domain), "%.*s", (int)r->domain.len, r->domain.s);
	t = sample_tally_fact(domain, f);
	report_add(r, &t, &sample_nothing);
}

/* The JSON; freed by the caller. */
static inline void get_json(
    const char *name, struct report *r, struct strbuf *out)
{
	strbuf_init(out, SAMPLE_MAX);
	UNIT_INT(name, report_json(r, out), 0);
	sample_keep(name, ".json", out);
}

/* strstr() of the sanitizers reads the whole text each time. */
static inline const char *find(const char *text, const char *needle)
{
	size_t len = strlen(needle);

	for (; *text != '\0'; text++) {
		if (*text == *needle && strncmp(text, needle, len) == 0) {
			return text;
		}
	}
	return NULL;
}

static inline unsigned count_of(const char *text, const char *needle)
{
	unsigned n = 0;

	for (const char *s = text; (s = find(s, needle)) != NULL; s++) {
		n++;
	}
	return n;
}

/* The sum of the numbers behind a key. */
static inline uint64_t sum_of(const char *text, const char *key)
{
	uint64_t sum = 0;

	for (const char *s = text; (s = find(s, key)) != NULL;) {
		uint64_t n = 0;

		for (s += strlen(key); *s >= '0' && *s <= '9'; s++) {
			n = 10 * n + (uint64_t)(*s - '0');
		}
		sum += n;
	}
	return sum;
}

#endif
