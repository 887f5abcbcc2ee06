/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally_kit.h - what the tests of tally and store share: facts by number,
 * a store in a folder of its own, and a day's file as text.
 */
#ifndef TESTS_UNIT_TALLY_KIT_H
#define TESTS_UNIT_TALLY_KIT_H

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/ip.h"
#include "common/store.h"
#include "common/tally.h"

#define KIT_DAY  INT64_C(1795305600) /* 2026-11-22 */
#define KIT_NEXT (KIT_DAY + 86400)

/* A fact and its texts. */
struct kit_fact {
	struct fact fact;
	char domain[64];
	char mx[64];
	char verdict[64];
	char helo[64];
};

static inline void kit_text(
    char out[64], struct view *view, const char *before, unsigned n)
{
	(void)snprintf(out, 64, "%s%u.example", before, n);
	*view = view_of(out);
}

/*
 * Fact number n: other numbers are other facts. Three in a row are of one
 * domain; every value of every enum comes up, and every name is sometimes
 * empty.
 */
static inline void kit_fact_make(struct kit_fact *k, unsigned n)
{
	struct fact *f = &k->fact;

	memset(k, 0, sizeof(*k));
	kit_text(k->domain, &f->domain, "d", n / 3);
	if (n % 4 != 0) {
		kit_text(k->mx, &f->mx, "mx", n % 11);
	}
	f->reason = view_of(n % 5 == 0 ? "certificate-expired" : "");
	f->level = view_of(n % 2 == 0 ? "may" : "");
	if (n % 7 == 0) {
		(void)snprintf(k->verdict, sizeof(k->verdict),
		    "[{\"type\":\"tlsa\",\"n\":%u}]", n % 3);
		f->verdict = view_of(k->verdict);
	}
	f->version = view_of(n % 3 == 0 ? "TLSv1.3" : "");
	if (n % 6 == 1) {
		kit_text(k->helo, &f->helo, "helo-", n);
	}
	if (n % 2 == 0) {
		f->ip.b[10] = 0xff;
		f->ip.b[11] = 0xff;
	} else {
		f->ip.b[0] = 0x20;
	}
	f->ip.b[14] = (uint8_t)(n >> 8);
	f->ip.b[15] = (uint8_t)n;
	f->ip.b[13] = (uint8_t)(n >> 16);
	f->sending_ip.b[15] = (uint8_t)(n % 3);
	f->tls = (enum fact_tls)(n % FACT_TLS_COUNT);
	f->chain = (enum fact_chain)(n % FACT_CHAIN_COUNT);
	f->name = (enum fact_name)(n % FACT_NAME_COUNT);
	f->dane = (enum fact_dane)((n / 2) % FACT_DANE_COUNT);
	f->policy[3] = (uint8_t)(n % 4);
}

/* A store in a folder of its own. */
struct kit {
	char state[64];
	struct store *store;
	struct mark rescan; /* as store_feed() gave them */
	struct mark read;
};

static inline void kit_init(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	unit_tmpdir_make(k->state, sizeof(k->state));
}

static inline void kit_close(struct kit *k)
{
	store_close(k->store);
	k->store = NULL;
}

static inline void kit_release(struct kit *k)
{
	kit_close(k);
	unit_tmpdir_remove(k->state);
}

/* Opens the store with a feed; limits of 0 are the defaults. */
static inline void kit_open_limits(
    struct kit *k, const char *feed, uint64_t facts, uint64_t per_domain)
{
	const struct store_limits limits = { facts, per_domain };

	kit_close(k);
	UNIT_INT("store_open", store_open(k->state, &limits, &k->store), 0);
	UNIT_INT("store_feed",
	    store_feed(k->store, feed, "sendmail", &k->rescan, &k->read), 0);
}

static inline void kit_open(struct kit *k, const char *feed)
{
	kit_open_limits(k, feed, 0, 0);
}

/* Fact number n once more. */
static inline void kit_count(struct kit *k, int64_t t, uint64_t pos, unsigned n)
{
	struct kit_fact f;

	kit_fact_make(&f, n);
	UNIT_INT("store_session", store_session(k->store, t, pos, &f.fact), 0);
}

/* Commits with both marks at a position. */
static inline void kit_commit(struct kit *k, uint64_t pos, int64_t t)
{
	const struct mark mark = { pos, pos % 1000, pos * 7, t };

	UNIT_INT(
	    "store_commit", store_commit(k->store, &mark, &mark, false), 0);
}

static inline const char *kit_path(
    const struct kit *k, int64_t day, char out[128])
{
	return store_path(k->state, day, out, 128);
}

/* What is in a day's file. */
struct kit_sum {
	uint64_t facts;   /* that were read */
	uint64_t count;   /* their sessions */
	uint64_t damaged; /* facts and policies */
	uint64_t sealed;
	uint64_t counters[COUNTER_SLOTS]; /* of all feeds */
};

static inline void kit_sum(const struct kit *k, int64_t day, struct kit_sum *s)
{
	struct tally_info info;
	struct tally_fact fact;
	struct tally_feed feed;
	struct tally *t;
	uint64_t cursor = 0;
	char path[128];

	memset(s, 0, sizeof(*s));
	UNIT_INT("tally_open", tally_open(kit_path(k, day, path), &t), 0);
	while (tally_next_fact(t, &cursor, &fact) == 1) {
		s->facts++;
		s->count += fact.count;
	}
	cursor = 0;
	while (tally_next_feed(t, &cursor, &feed) == 1) {
		for (unsigned i = 0; i < COUNTER_SLOTS; i++) {
			s->counters[i] += feed.counters[i];
		}
	}
	tally_info(t, &info);
	s->damaged = info.damaged + info.damaged_feeds;
	s->sealed = (uint64_t)info.sealed;
	tally_close(t);
}

static inline void kit_print_view(FILE *out, const char *name, struct view v)
{
	(void)fprintf(out, " %s=%.*s", name, (int)v.len, v.len > 0 ? v.s : "");
}

static inline void kit_print_fact(FILE *out, const struct tally_fact *tf)
{
	const struct fact *f = &tf->fact;
	char ip[IP_TEXT_MAX];

	(void)fprintf(out,
	    "fact count=%" PRIu64 " first=%" PRId64 " last=%" PRId64, tf->count,
	    tf->first, tf->last);
	kit_print_view(out, "domain", f->domain);
	kit_print_view(out, "mx", f->mx);
	kit_print_view(out, "reason", f->reason);
	kit_print_view(out, "level", f->level);
	kit_print_view(out, "verdict", f->verdict);
	kit_print_view(out, "version", f->version);
	kit_print_view(out, "helo", f->helo);
	kit_print_view(out, "feed", f->feed);
	(void)fprintf(out, " ip=%s", ip_format(&f->ip, ip));
	(void)fprintf(out, " from=%s", ip_format(&f->sending_ip, ip));
	(void)fprintf(out, " %s %s %s %s policy=", fact_tls_word(f->tls),
	    fact_chain_word(f->chain), fact_name_word(f->name),
	    fact_dane_word(f->dane));
	for (unsigned i = 0; i < FACT_POLICY_HASH; i++) {
		(void)fprintf(out, "%02x", f->policy[i]);
	}
	(void)fputc('\n', out);
}

static inline void kit_print_mark(
    FILE *out, const char *name, const struct mark *m)
{
	(void)fprintf(out, " %s=%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRId64,
	    name, m->pos, m->off, m->hash, m->t);
}

static inline void kit_print_feed(
    FILE *out, const struct tally_feed *f, bool marks)
{
	(void)fprintf(
	    out, "feed %s %s applied=%" PRIu64, f->name, f->mta, f->applied);
	if (marks) {
		kit_print_mark(out, "rescan", &f->rescan);
		kit_print_mark(out, "read", &f->read);
	}
	for (unsigned i = 0; i < COUNTER_SLOTS; i++) {
		if (f->counters[i] != 0) {
			(void)fprintf(out, " c%u=%" PRIu64, i, f->counters[i]);
		}
	}
	(void)fputc('\n', out);
}

static inline void kit_print_policy(FILE *out, const struct policy *p)
{
	(void)fprintf(out, "policy since=%" PRId64 " source=%d", p->since,
	    (int)p->source);
	kit_print_view(out, "domain", p->domain);
	kit_print_view(out, "mx", p->mx);
	kit_print_view(out, "content", p->content);
	(void)fprintf(out, " hash=");
	for (unsigned i = 0; i < FACT_POLICY_HASH; i++) {
		(void)fprintf(out, "%02x", p->hash[i]);
	}
	(void)fputc('\n', out);
}

static inline int kit_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the lines of a text in place. */
static inline void kit_sort_lines(char *text)
{
	size_t n = 0;
	size_t len = strlen(text);
	char *copy = strdup(text);
	char **line = calloc(len + 1, sizeof(*line));
	char *save = NULL;

	assert_non_null(copy);
	assert_non_null(line);
	for (char *p = strtok_r(copy, "\n", &save); p != NULL;
	     p = strtok_r(NULL, "\n", &save)) {
		line[n++] = p;
	}
	qsort(line, n, sizeof(*line), kit_compare_lines);
	for (size_t i = 0, at = 0; i < n; i++) {
		at +=
		    (size_t)snprintf(text + at, len + 1 - at, "%s\n", line[i]);
	}
	free(line);
	free(copy);
}

/*
 * Writes a day's file as sorted lines, to be compared; free() it. Damage
 * has a line too. marks: with those of the feeds.
 */
static inline char *kit_dump_path(const char *path, bool marks)
{
	struct tally_info info;
	struct tally_fact fact;
	struct tally_feed feed;
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc = tally_open(path, &t);

	assert_non_null(out);
	if (rc != 0) {
		(void)fprintf(out, "error %d\n", rc);
		(void)fclose(out);
		return text;
	}
	while (tally_next_fact(t, &cursor, &fact) == 1) {
		kit_print_fact(out, &fact);
	}
	cursor = 0;
	while (tally_next_feed(t, &cursor, &feed) == 1) {
		kit_print_feed(out, &feed, marks);
	}
	cursor = 0;
	while (tally_next_policy(t, &cursor, &policy) == 1) {
		kit_print_policy(out, &policy);
	}
	tally_info(t, &info);
	tally_close(t);
	(void)fprintf(
	    out, "day %" PRId64 " sealed %" PRId64 "\n", info.day, info.sealed);
	if (info.damaged + info.damaged_feeds > 0) {
		(void)fprintf(out, "damaged %" PRIu64 " %" PRIu64 "\n",
		    info.damaged, info.damaged_feeds);
	}
	(void)fclose(out);
	kit_sort_lines(text);
	return text;
}

static inline char *kit_dump(const struct kit *k, int64_t day, bool marks)
{
	char path[128];

	return kit_dump_path(kit_path(k, day, path), marks);
}

/* Is every line of a text but those of damage a line of another one? */
static inline bool kit_is_part(const char *part, const char *whole)
{
	while (*part != '\0') {
		size_t len = strcspn(part, "\n") + 1;
		const char *p = whole;
		bool found = strncmp(part, "damaged ", 8) == 0;

		while (!found && *p != '\0') {
			size_t n = strcspn(p, "\n") + 1;

			found = n == len && memcmp(p, part, n) == 0;
			p += n;
		}
		if (!found) {
			print_error("not true: %.*s", (int)len, part);
			return false;
		}
		part += len;
	}
	return true;
}

/* Reads a file into memory; free() it. */
static inline unsigned char *kit_read(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	unsigned char *data;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	*size = (size_t)st.st_size;
	data = malloc(*size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, in), *size);
	(void)fclose(in);
	return data;
}

/* Without O_TRUNC, which makes some file systems wait for the disk. */
static inline void kit_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(close(fd), 0);
}

/* Maps a whole file for changes. */
static inline void *kit_map(const char *path, size_t *size)
{
	int fd = open(path, O_RDWR);
	struct stat st;
	void *p;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (p == MAP_FAILED || p == NULL) {
		abort();
	}
	return p;
}

/* A day of a few facts of two feeds, and two policies. */
static inline void kit_make_day(struct kit *k, unsigned facts)
{
	struct policy policy = {
		.domain = view_of("d1.example"),
		.mx = view_of("mx1.example"),
		.since = KIT_DAY + 5,
		.source = POLICY_MTA,
		.content = view_of("{\"tlsa\":[\"3 1 1 00\"]}"),
	};

	kit_init(k);
	kit_open(k, "sendmail");
	for (unsigned i = 0; i < facts; i++) {
		kit_count(k, KIT_DAY + 60 * (int64_t)i, 1 + i, i);
		kit_count(k, KIT_DAY + 86399, 1 + i, i);
	}
	UNIT_INT(
	    "bump", store_bump(k->store, KIT_DAY, 99, COUNTER_LINES, 7), 0);
	kit_commit(k, 99, KIT_DAY);
	kit_open(k, "other");
	kit_count(k, KIT_DAY + 1, 5, 0);
	kit_commit(k, 5, KIT_DAY);
	UNIT_INT("policy", store_policy(k->store, KIT_DAY, &policy), 0);
	policy.mx = view_of("");
	policy.content = view_of("{}");
	policy.source = POLICY_OWN;
	UNIT_INT("policy", store_policy(k->store, KIT_DAY, &policy), 0);
	kit_close(k);
}

/* The tests that take long take fewer steps under valgrind. */
static inline bool kit_is_slow(void)
{
	return unit_is_valgrind();
}

#endif
