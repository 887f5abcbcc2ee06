/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_replay.c - how fast a log goes into the tally
 *
 * Writes a log of deliveries with the rules' records, as a Sendmail would, to
 * a scratch folder, replays it, and replays it again (which has nothing to
 * do but find its place). Prints lines and megabytes a second on one core.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/feed.h"
#include "common/when.h"

enum {
	DELIVERIES = 200000,
	DOMAINS = 5000,
	LINES_EACH = 6
};

static double seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void write_delivery(FILE *f, unsigned i)
{
	unsigned d = i * 2654435761U % DOMAINS;
	unsigned s = i / 20 % 86400;
	char head[64];
	char tail[256];

	(void)snprintf(head, sizeof(head),
	    "Nov 22 %02u:%02u:%02u vm sm-mta[%u]:", s / 3600, s / 60 % 60,
	    s % 60, 1000 + i % 60000);
	(void)snprintf(tail, sizeof(tail),
	    "h:mx%u.example%u.org^d:example%u.org.^s:sender@example.com^"
	    "r:user@example%u.org",
	    d % 3, d, d, d);
	(void)fprintf(f,
	    "%s 6AM%011u: from=<sender@example.com>, size=1, class=0\n"
	    "%s 6AM%011u: TLSRPT1^T^i:6AM%011u^a:192.0.2.%u^q:^%s\n"
	    "%s STARTTLS=client, relay=mx%u.example%u.org., version=TLSv1.3, "
	    "verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256\n"
	    "%s 6AM%011u: TLSRPT1^S^i:6AM%011u^v:OK^p:TLSv1.3^"
	    "c:TLS_AES_256_GCM_SHA384^b:256^n:match^a:192.0.2.%u^f:C8^o:^q:^"
	    "k:1^%s^cn:x^ci:y\n"
	    "%s 6AM%011u: TLSRPT1^R^i:6AM%011u^v:OK^p:TLSv1.3^a:192.0.2.%u^"
	    "q:^%s\n"
	    "%s 6AM%011u: to=<user@example%u.org>, delay=00:00:00, "
	    "xdelay=00:00:00, mailer=esmtp, pri=30080, relay=mx%u.example%u.org. "
	    "[192.0.2.%u], dsn=2.0.0, stat=Sent (ok)\n",
	    head, i, head, i, i, d % 250, tail, head, d % 3, d, head, i, i,
	    d % 250, tail, head, i, i, d % 250, tail, head, i, d, d % 3, d,
	    d % 250);
}

static int replay(const char *state, const char *log, int64_t now)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "bench",
		.type = mta_find("sendmail"),
		.now = now,
		.until = now,
	};
	struct store *store = NULL;
	struct feed *feed = NULL;
	int rc = store_open(state, &limits, &store);

	if (rc == 0) {
		rc = feed_open(store, &o, &feed);
	}
	if (rc == 0) {
		rc = feed_read(feed, &log, 1, true);
	}
	feed_close(feed);
	store_close(store);
	return rc;
}

int main(void)
{
	int64_t now = when_utc(2026, 11, 23, 0, 0, 0);
	char dir[] = "/tmp/telltls-bench.XXXXXX";
	char log[64];
	char state[64];
	char command[128];
	struct stat st;
	FILE *f;
	double t0;
	double t1;
	double t2;

	when_zone_init();
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	(void)snprintf(log, sizeof(log), "%s/mail.log", dir);
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	f = fopen(log, "w");
	if (f == NULL) {
		perror(log);
		return 1;
	}
	for (unsigned i = 0; i < DELIVERIES; i++) {
		write_delivery(f, i);
	}
	(void)fclose(f);
	(void)stat(log, &st);
	t0 = seconds();
	if (replay(state, log, now) != 0) {
		(void)fputs("bench_replay: the replay failed\n", stderr);
		return 1;
	}
	t1 = seconds();
	(void)replay(state, log, now);
	t2 = seconds();
	(void)printf("replay: %.0f lines/s, %.0f MB/s (%d deliveries); again: "
		     "%.3f of the time\n",
	    DELIVERIES * (double)LINES_EACH / (t1 - t0),
	    (double)st.st_size / 1e6 / (t1 - t0), DELIVERIES,
	    (t2 - t1) / (t1 - t0));
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? 0 : 1;
}
