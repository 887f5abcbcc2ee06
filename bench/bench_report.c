/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_report.c - how fast the reports of a day are made and sent
 *
 *	bench/bench_report [DOMAINS [DIRECTORY [unsent]]]
 *
 * Fills a day with DOMAINS (10,000) of one to three facts each, one of four
 * with failures, and a policy for each MX host, as far as the tally takes them;
 * then runs telltls-report twice: first it makes the reports, then it sends
 * them. Each domain asks for reports by mail, at a host of its own. DNS and the
 * MTA are not measured: in their place are an answer and an acceptance that
 * take no time. DIRECTORY (/tmp) is where the files go; what its disk takes is
 * in the wall time, and ext4 is slow for minutes where many files were removed.
 * Each mail that was sent is waited for until that is on the disk: for a
 * million domains "unsent" leaves it out.
 *
 * Prints for each run the seconds of processor (user and system) and of the
 * wall, reports a second, and the memory of the run at its highest. Exit
 * status 1: a report is missing, or it took longer (2 s of processor for
 * 10,000 domains, 120 s for more) or more memory (1 GB) than was promised.
 */

#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/dns.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/policy_set.h"
#include "common/store.h"
#include "common/when.h"
#include "reporter/program.h"
#include "send/mailer.h"

enum {
	DOMAINS = 10000,
	FACTS_MOST = 3,    /* of a domain */
	FAILS_EACH = 4,    /* one of so many domains */
	FEW = 10000,       /* domains */
	FEW_S = 2,         /* of processor, for those */
	MANY_S = 120,      /* for 1,000,000 */
	MOST_KB = 1000000, /* of memory */
	NAME_BUF = 64,
	RECORD_BUF = 256,
	OPEN_FILES = 64 /* descriptors of nftw() */
};

static const int64_t day = 1795305600; /* 2026-11-22 */

static void die(const char *what, int rc)
{
	(void)fprintf(stderr, "bench_report: %s: %s\n", what, err_text(rc));
	exit(EXIT_FAILURE);
}

static double now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- DNS that takes no time: these are called in place of common/dns.c --- */

struct question {
	struct question *next;
	dns_callback cb;
	void *ctx;
	char name[DOMAIN_BUF];
};

struct dns {
	struct question *first;
	struct question *last;
};

int dns_new(const struct dns_options *o, struct dns **out, struct strbuf *error)
{
	(void)o;
	(void)error;
	*out = xcalloc(1, sizeof(**out));
	return 0;
}

void dns_free(struct dns *d)
{
	free(d);
}

const char *dns_anchor(const struct dns *d)
{
	(void)d;
	return "";
}

int dns_fd(const struct dns *d)
{
	(void)d;
	return -1;
}

int dns_work(struct dns *d)
{
	return dns_run(d);
}

void dns_ask(
    struct dns *d, const char *name, int type, dns_callback cb, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));

	(void)type;
	q->cb = cb;
	q->ctx = ctx;
	(void)view_copy(view_of(name), q->name, sizeof(q->name));
	if (d->first == NULL) {
		d->first = q;
	} else {
		d->last->next = q;
	}
	d->last = q;
}

int dns_run(struct dns *d)
{
	static const char prefix[] = "_smtp._tls.";
	struct question *q;

	while ((q = d->first) != NULL) {
		struct dns_answer a = { .status = DNS_ANSWER, .n = 1 };
		const char *domain = strlen(q->name) > strlen(prefix) ?
		    q->name + strlen(prefix) :
		    "example";
		char rdata[RECORD_BUF];
		struct view record;

		/* one character-string, whose first octet is its length */
		(void)snprintf(rdata, sizeof(rdata),
		    "?v=TLSRPTv1; rua=mailto:tls@%s", domain);
		rdata[0] = (char)(strlen(rdata) - 1);
		record = view_of(rdata);
		a.rdata = &record;
		d->first = q->next;
		q->cb(q->ctx, &a);
		free(q);
	}
	return 0;
}

/* --- an MTA that takes no time, in place of send/mailer.c --- */

struct mailer {
	uint64_t octets;
};

int mailer_open(const struct conf *c, struct mailer **out, struct strbuf *error)
{
	(void)c;
	(void)error;
	*out = xcalloc(1, sizeof(**out));
	return 0;
}

void mailer_close(struct mailer *m)
{
	free(m);
}

void mailer_send(struct mailer *m, const char *from, const char *to,
    struct view message, struct attempt *out)
{
	(void)from;
	(void)to;
	m->octets += message.len;
	attempt_set(out, ATTEMPT_ACCEPTED, view_of("250 2.0.0 ok"));
}

/* --- the day --- */

struct bench {
	unsigned n;          /* domains */
	unsigned n_policies; /* and so many reports */
	char dir[PATH_MAX];
	char conf[PATH_MAX + NAME_BUF];
	struct store *store;
	uint64_t pos; /* of the last event */
};

static void commit(struct bench *b)
{
	const struct mark mark = { .pos = b->pos };
	int rc = store_commit(b->store, NULL, &mark, false);

	if (rc != 0) {
		die("commit", rc);
	}
}

static void add_policy(struct bench *b, struct view domain, struct view mx)
{
	const struct policy_set set = { .mx = POLICY_MX_INSECURE,
		.tlsa = POLICY_TLSA_NONE,
		.sts = POLICY_STS_NONE };
	struct policy policy = { .domain = domain, .mx = mx, .since = day };
	struct strbuf content;
	int rc;

	strbuf_init(&content, POLICY_CONTENT_MAX);
	rc = policy_set_write(&set, &content);
	policy.content = view_make(content.s, content.len);
	if (rc == 0) {
		rc = store_policy(b->store, day, &policy);
	}
	strbuf_release(&content);
	b->n_policies += rc == 0;
	if (rc != 0 && rc != ERR_FULL) {
		die("policy", rc);
	}
}

/* Number k of domain i's sessions. */
static void add_fact(struct bench *b, unsigned i, unsigned k)
{
	char domain[NAME_BUF];
	char mx[NAME_BUF];
	struct fact fact = { .tls = FACT_TLS_OK,
		.chain = FACT_CHAIN_OK,
		.name = FACT_NAME_MATCH,
		.version = view_of("TLSv1.3"),
		.level = view_of("may") };
	int rc;

	(void)snprintf(domain, sizeof(domain), "customer-%u.example", i);
	(void)snprintf(mx, sizeof(mx), "mx.customer-%u.example", i);
	fact.domain = view_of(domain);
	fact.mx = view_of(mx);
	memset(fact.ip.b + 10, 0xff, 2);
	fact.ip.b[12] = 10;
	fact.ip.b[13] = (uint8_t)(i >> 8);
	fact.ip.b[14] = (uint8_t)i;
	fact.ip.b[15] = (uint8_t)k;
	if (i % FAILS_EACH == 0 && k == 0) {
		fact.tls = FACT_TLS_NOT_OFFERED;
	}
	if (k == 0) {
		add_policy(b, fact.domain, fact.mx);
	}
	if (store_batch_room(b->store) == 0) {
		commit(b);
	}
	rc = store_session(
	    b->store, day + (int64_t)(i % WHEN_DAY_S), ++b->pos, &fact);
	if (rc != 0) {
		die("session", rc);
	}
}

/* Domains come in no order. */
static void fill(struct bench *b)
{
	const struct store_limits limits = { .facts =
						 (uint64_t)b->n * FACTS_MOST };
	struct mark rescan;
	struct mark read;
	int rc = store_open(b->dir, &limits, &b->store);

	if (rc == 0) {
		rc = store_feed(b->store, "bench", "postfix", &rescan, &read);
	}
	if (rc != 0) {
		die("store", rc);
	}
	for (unsigned i = 0; i < b->n; i++) {
		unsigned domain = (unsigned)((uint64_t)i * 7919 % b->n);

		for (unsigned k = 0; k <= domain % FACTS_MOST; k++) {
			add_fact(b, domain, k);
		}
	}
	commit(b);
	rc = store_seal(b->store, day, day + WHEN_DAY_S);
	if (rc != 0) {
		die("seal", rc);
	}
	store_close(b->store);
}

static void write_conf(struct bench *b)
{
	FILE *f;

	(void)snprintf(b->conf, sizeof(b->conf), "%s/telltls.yaml", b->dir);
	f = fopen(b->conf, "w");
	if (f == NULL ||
	    fprintf(f,
		"organization: Example Sender\n"
		"contact: tls-reports@sender.example\n"
		"dkim:\n  elsewhere: true\n"
		"state: %s\n",
		b->dir) < 0 ||
	    fclose(f) != 0) {
		die(b->conf, -EIO);
	}
}

/* --- the runs --- */

static int run_report(struct bench *b)
{
	static char name[] = "telltls-report";
	static char config[] = "--config";
	static char now[] = "--now";
	char *argv[] = { name, config, b->conf, now, NULL };

	return program_main(4, argv, day + 2 * (int64_t)WHEN_DAY_S, NULL);
}

/* In a process of its own, whose memory is then known. Is it good? */
static bool measure(struct bench *b, const char *what)
{
	double start = now_s();
	struct rusage usage;
	double wall_s;
	double cpu_s;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(run_report(b));
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		die(what, ERR_TEMP);
	}
	wall_s = now_s() - start;
	cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	printf("%s: %.2f s of processor (%.2f of them user), %.2f s, "
	       "%.0f reports/s of processor, %ld MB at most\n",
	    what, cpu_s,
	    (double)usage.ru_utime.tv_sec +
		(double)usage.ru_utime.tv_usec / 1e6,
	    wall_s, b->n / cpu_s, usage.ru_maxrss / 1000);
	return cpu_s <= (b->n <= FEW ? FEW_S : MANY_S) &&
	    usage.ru_maxrss <= MOST_KB;
}

/* How many items of the outbox are in this state; or lets them leave. */
static uint64_t look(struct bench *b, enum outbox_state state, bool enables)
{
	char path[PATH_MAX + NAME_BUF];
	struct outbox_counts counts = { .due = 0 };
	struct ledger *l = NULL;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/outbox/ledger.sqlite", b->dir);
	rc = ledger_open(path, &l);
	if (rc == 0 && enables) {
		rc = outbox_enable(l, 1);
	}
	if (rc == 0) {
		rc = outbox_count(l, day, &counts);
	}
	if (rc == 0) {
		rc = ledger_commit(l);
	}
	ledger_close(l);
	if (rc != 0) {
		die("outbox", rc);
	}
	return counts.n[state];
}

static int remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	struct bench b = {
		.n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DOMAINS
	};
	uint64_t waiting;
	uint64_t sent = 0;
	bool is_sent = argc <= 3;
	double start = now_s();
	bool is_good;

	(void)snprintf(b.dir, sizeof(b.dir), "%s/bench-report-XXXXXX",
	    argc > 2 ? argv[2] : "/tmp");
	if (mkdtemp(b.dir) == NULL) {
		die("mkdtemp", -errno);
	}
	write_conf(&b);
	fill(&b);
	printf("%u domains (%u with a policy), %" PRIu64 " sessions: "
	       "filled in %.2f s\n",
	    b.n, b.n_policies, b.pos, now_s() - start);
	(void)fflush(stdout);
	is_good = measure(&b, "made");
	(void)fflush(stdout);
	waiting = look(&b, OUTBOX_WAITING, true);
	if (is_sent) {
		is_good = measure(&b, "sent") && is_good;
		sent = look(&b, OUTBOX_SENT, false);
	}
	(void)nftw(b.dir, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
	printf("%" PRIu64 " mails made, %" PRIu64 " sent\n", waiting, sent);
	is_good = is_good && waiting == b.n_policies &&
	    (!is_sent || sent == b.n_policies);
	printf("%s\n", is_good ? "good" : "NOT GOOD");
	return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
