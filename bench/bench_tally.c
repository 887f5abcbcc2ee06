/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_tally.c - how fast a tally is, and how large
 *
 *	bench/bench_tally [SECONDS]
 *
 * Fills one day with 100,000 distinct facts, then counts sessions in random
 * ones of them for some seconds (3), 256 to 512 to a batch; prints updates
 * per second of one core, and bytes of file per distinct fact beside the
 * lengths of its new names. Exit status 1: worse than was promised.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/store.h"
#include "common/tally.h"

enum {
	FACTS = 100000,
	WANT_RATE = 2000000, /* updates a second */
	WANT_BYTES = 160,    /* a fact */
	NAME_BUF = 256,
};

static const int64_t day = 1795305600; /* 2026-11-22 */

/* Where a parser would have the texts of the line it just read. */
struct text {
	char domain[NAME_BUF];
	char host[NAME_BUF];
};

struct bench {
	char state[64];
	struct store *store;
	struct text text;
	struct fact fact; /* the last one made; its views are of text */
	uint64_t names;   /* bytes of the names that were new */
	uint64_t pos;     /* of the next event */
	uint64_t random;  /* state of the generator */
	unsigned batch;   /* events until the next commit */
};

static void die(const char *what, int rc)
{
	(void)fprintf(stderr, "bench_tally: %s: %s\n", what, err_text(rc));
	exit(1);
}

/* Marsaglia's xorshift: the same numbers in every run. */
static uint64_t next_random(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static double now_s(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* snprintf would take longer than what is measured. */
static struct view make_name(
    char *out, struct view host, unsigned n, struct view domain)
{
	char digits[16];
	size_t len = host.len;
	size_t at = sizeof(digits);

	memcpy(out, host.s, host.len);
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(out + len, digits + at, sizeof(digits) - at);
	len += sizeof(digits) - at;
	memcpy(out + len, domain.s, domain.len);
	return view_make(out, len + domain.len);
}

/*
 * Fact number i of a site's day. Of ten facts, seven are of a domain of their
 * own, four of these with a host of its own; the rest is at a provider with
 * its own hosts and addresses, or the same domain's second host.
 */
static void make_fact(struct bench *b, unsigned i)
{
	static const char *const greeting[] = { "mx.example.net",
		"mail.protection.example.com", "smtp.example.org" };
	struct fact *f = &b->fact;
	unsigned address = i * 2654435761U;
	bool own_host = i % 10 < 4;

	memset(f, 0, sizeof(*f));
	f->domain = make_name(b->text.domain, view_of("customer-"),
	    i % 10 < 7 ? i : i - 7, view_of(".example.org"));
	f->mx = own_host ? make_name(b->text.host, view_of("mail.host-"), i,
			       view_of(".example")) :
			   make_name(b->text.host, view_of("mx"), i % 64,
			       view_of(".mail.provider.example"));
	f->helo = own_host ? f->mx : view_of(greeting[i % 3]);
	f->version = view_of(i % 9 == 0 ? "TLSv1.2" : "TLSv1.3");
	f->level = view_of("may");
	f->tls = i % 97 == 0 ? FACT_TLS_NOT_OFFERED : FACT_TLS_OK;
	f->chain = i % 50 == 0 ? FACT_CHAIN_SELF_SIGNED : FACT_CHAIN_OK;
	f->name = FACT_NAME_MATCH;
	memset(f->ip.b + 10, 0xff, 2);
	memcpy(f->ip.b + 12, &address, sizeof(address));
	memcpy(f->sending_ip.b, "\x20\x01\x0d\xb8", 4);
	f->sending_ip.b[15] = (uint8_t)(i % 4);
}

/* Bytes of the names that this fact is the first to bring. */
static uint64_t new_names(const struct bench *b, unsigned i)
{
	return (i % 10 < 7 ? b->fact.domain.len : 0) +
	    (i % 10 < 4 ? b->fact.mx.len : 0);
}

static void commit(struct bench *b)
{
	const struct mark read = { b->pos, b->pos, 0, day };
	int rc = store_commit(b->store, &read, &read, false);

	if (rc != 0) {
		die("commit", rc);
	}
	b->batch = 256 + (unsigned)(next_random(b) % 257);
}

static void count(struct bench *b, unsigned i)
{
	int rc;

	make_fact(b, i);
	rc = store_session(
	    b->store, day + (int64_t)(b->pos % 86400), b->pos, &b->fact);

	if (rc != 0) {
		die("session", rc);
	}
	b->pos++;
	if (--b->batch == 0) {
		commit(b);
	}
}

static double bytes_per_fact(const struct bench *b, uint64_t facts)
{
	char path[128];
	struct stat st;

	if (stat(store_path(b->state, day, path, sizeof(path)), &st) != 0) {
		die("stat", -1);
	}
	return ((double)st.st_size - (double)b->names) / (double)facts;
}

/* Counts every fact once. Returns bytes of file per fact. */
static double fill(struct bench *b)
{
	double start = now_s(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; i < FACTS; i++) {
		count(b, i);
		b->names += new_names(b, i);
	}
	commit(b);
	printf("%d new facts: %.0f a second\n", FACTS,
	    FACTS / (now_s(CLOCK_PROCESS_CPUTIME_ID) - start));
	return bytes_per_fact(b, FACTS);
}

/* Returns updates a second. */
static double update(struct bench *b, double seconds)
{
	double start = now_s(CLOCK_MONOTONIC);
	double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	double end = start;
	uint64_t n = 0;

	while (end - start < seconds) {
		for (unsigned i = 0; i < 10000; i++) {
			count(b, (unsigned)(next_random(b) % FACTS));
		}
		n += 10000;
		end = now_s(CLOCK_MONOTONIC);
	}
	commit(b);
	end = now_s(CLOCK_MONOTONIC);
	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%.0f updates in %.2f s (%.2f s of processor)\n", (double)n,
	    end - start, cpu);
	return (double)n / cpu;
}

/* The sum of all counts must be the number of events. */
static void check_total(const struct bench *b)
{
	struct tally *t;
	struct tally_fact fact;
	struct tally_info info;
	char path[128];
	uint64_t cursor = 0;
	uint64_t sum = 0;
	double start = now_s(CLOCK_MONOTONIC);
	int rc = tally_open(store_path(b->state, day, path, sizeof(path)), &t);

	if (rc != 0) {
		die("open", rc);
	}
	while (tally_next_fact(t, &cursor, &fact) == 1) {
		sum += fact.count;
	}
	tally_info(t, &info);
	tally_close(t);
	printf("%.0f facts read in %.3f s\n", (double)info.facts,
	    now_s(CLOCK_MONOTONIC) - start);
	if (sum != b->pos - 1 || info.damaged != 0 || info.facts != FACTS) {
		die("counts are wrong", ERR_DAMAGED);
	}
}

static void open_store(struct bench *b)
{
	const struct store_limits limits = { 0, 0 };
	struct mark rescan;
	struct mark read;
	double start = now_s(CLOCK_MONOTONIC);
	int rc = store_open(b->state, &limits, &b->store);

	if (rc == 0) {
		rc = store_feed(b->store, "bench", "sendmail", &rescan, &read);
	}
	if (rc != 0) {
		die("open", rc);
	}
	if (b->pos > 1) {
		count(b, 0);
		commit(b);
		printf("%d facts opened in %.3f s\n", FACTS,
		    now_s(CLOCK_MONOTONIC) - start);
	}
}

static void clean_up(struct bench *b)
{
	char path[128];

	store_close(b->store);
	(void)unlink(store_path(b->state, day, path, sizeof(path)));
	(void)snprintf(path, sizeof(path), "%s/tally/lock", b->state);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/tally", b->state);
	(void)rmdir(path);
	(void)rmdir(b->state);
}

int main(int argc, char **argv)
{
	struct bench b = { .state = "/tmp/bench-tally-XXXXXX",
		.pos = 1,
		.random = 88172645463325252,
		.batch = 1 };
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;
	double bytes;
	double rate;
	bool is_good;

	if (mkdtemp(b.state) == NULL) {
		die("mkdtemp", -1);
	}
	open_store(&b);
	bytes = fill(&b);
	rate = update(&b, seconds);
	store_close(b.store);
	open_store(&b);
	check_total(&b);
	clean_up(&b);

	is_good = rate >= WANT_RATE && bytes <= WANT_BYTES;
	printf("%.0f updates a second on one core (at least %d)\n", rate,
	    WANT_RATE);
	printf("%.1f bytes a fact beside new names (at most %d)\n", bytes,
	    WANT_BYTES);
	printf("%s\n", is_good ? "good" : "NOT GOOD");
	return is_good ? 0 : 1;
}
