/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_lookup.c - how fast policies are looked up
 *
 * Looks up one MX host of each of many domains, all of which ask for reports,
 * from a server on the loopback that takes 20 ms for each answer. Prints
 * seconds, questions a second, and the memory of the process at its highest.
 * Arguments: the number of domains, and of questions under way at once.
 */

#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "lookup/lookup_loop.h"

enum {
	DOMAINS = 10000,
	PARALLEL = 2000,
	DELAY_MS = 20,
	WAITING = 65536, /* answers on their way */
	PACKET = 512
};

static int64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- the server --- */

struct packet {
	int64_t due_us;
	struct sockaddr_in peer;
	size_t len;
	unsigned char data[PACKET];
};

static void put(struct packet *p, const void *data, size_t len)
{
	if (len <= sizeof(p->data) - p->len) {
		memcpy(p->data + p->len, data, len);
		p->len += len;
	}
}

#define PUT(p, text) put((p), (text), sizeof(text) - 1)

/* Makes an answer of the question; all has the form that unbound sends. */
static void answer(struct packet *p)
{
	size_t at = 12;
	unsigned type;

	while (at < p->len && p->data[at] != 0) {
		at += p->data[at] + 1U;
	}
	if (at + 5 > p->len) {
		p->len = 0;
		return;
	}
	type = p->data[at + 1] * 256U + p->data[at + 2];
	p->len = at + 5;
	memcpy(p->data + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
	if (type == DNS_TYPE_TXT && memcmp(p->data + 12, "\5_smtp", 6) == 0) {
		PUT(p,
		    "\300\014\0\020\0\1\0\0\016\020\0\046\045"
		    "v=TLSRPTv1; rua=mailto:tls@example.ex");
	} else if (type == DNS_TYPE_MX) {
		PUT(p, "\300\014\0\017\0\1\0\0\016\020\0\7\0\012\2mx\300\014");
	} else if (type == DNS_TYPE_A) {
		PUT(p, "\300\014\0\1\0\1\0\0\016\020\0\4\300\0\2\1");
	} else {
		/* none; a SOA tells for how long */
		memcpy(p->data + 6, "\0\0\0\1", 4);
		PUT(p,
		    "\0\0\6\0\1\0\0\016\020\0\026\0\0\0\0\0\1\0\0\016\020"
		    "\0\0\016\020\0\0\016\020\0\0\016\020");
	}
}

static void serve(int fd)
{
	struct packet *ring = xcalloc(WAITING, sizeof(*ring));
	size_t head = 0;
	size_t tail = 0;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		struct packet *p = &ring[tail % WAITING];
		socklen_t len = sizeof(p->peer);
		ssize_t n = -1;

		(void)poll(&pfd, 1, head == tail ? -1 : 1);
		if (tail - head < WAITING) {
			n = recvfrom(fd, p->data, sizeof(p->data), MSG_DONTWAIT,
			    (struct sockaddr *)&p->peer, &len);
		}
		if (n > 12) {
			p->len = (size_t)n;
			p->due_us = now_us() + INT64_C(1000) * DELAY_MS;
			answer(p);
			tail++;
		}
		while (head < tail && ring[head % WAITING].due_us <= now_us()) {
			p = &ring[head++ % WAITING];
			(void)sendto(fd, p->data, p->len, 0,
			    (const struct sockaddr *)&p->peer, sizeof(p->peer));
		}
	}
}

static pid_t start_server(char *address, size_t size)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int buffer = 8 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) != 0) {
		perror("socket");
		exit(EXIT_FAILURE);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	(void)snprintf(
	    address, size, "127.0.0.1@%u", (unsigned)ntohs(sin.sin_port));
	pid = fork();
	if (pid == 0) {
		serve(fd);
	}
	close(fd);
	return pid;
}

/* --- the lookups --- */

struct run {
	struct loop *loop;
	unsigned n_left;
	unsigned n_found;
};

static void on_host(void *ctx, const struct policy_set *set, int64_t stale_at)
{
	struct run *run = ctx;

	(void)stale_at;
	run->n_found += set->tlsa == POLICY_TLSA_NONE;
	if (--run->n_left == 0) {
		loop_stop(run->loop);
	}
}

static void look_up_all(struct run *run, struct lookup *l, unsigned n)
{
	run->n_left = n;
	for (unsigned i = 0; i < n; i++) {
		char domain[64];
		char mx[64];

		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		(void)snprintf(mx, sizeof(mx), "mx.d%u.example", i);
		if (lookup_host(l, domain, mx, on_host, run) != 0) {
			run->n_left--;
		}
	}
	(void)loop_run(run->loop);
}

static void print_result(
    const struct run *run, struct lookup *l, unsigned n, int64_t us)
{
	struct lookup_counts counts;
	struct rusage usage;
	double s = (double)us / 1e6;

	lookup_count(l, &counts);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("%u domains, %u found: %.1f s, %.0f questions/s, "
	       "%.1f s of CPU, %ld MB at most\n",
	    n, run->n_found, s, (double)counts.questions / s,
	    (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
	    usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DOMAINS;
	char server[32];
	const char *servers[] = { server, NULL };
	const struct lookup_options sizes = { .domains_max = n,
		.hosts_max = n };
	struct dns_options dns = { .servers = servers };
	struct run run = { .n_found = 0 };
	struct lookup_loop *ll;
	struct strbuf error;
	int64_t begin;
	pid_t pid = start_server(server, sizeof(server));

	dns.parallel =
	    argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : PARALLEL;
	strbuf_init(&error, 1000);
	run.loop = loop_new();
	if (run.loop == NULL ||
	    lookup_loop_new(run.loop, &dns, &sizes, &ll, &error) != 0) {
		fprintf(stderr, "bench_lookup: %s\n", strbuf_str(&error));
		return EXIT_FAILURE;
	}
	begin = now_us();
	look_up_all(&run, lookup_loop_lookup(ll), n);
	print_result(&run, lookup_loop_lookup(ll), n, now_us() - begin);
	lookup_loop_free(ll);
	loop_free(run.loop);
	strbuf_release(&error);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return run.n_found == n ? EXIT_SUCCESS : EXIT_FAILURE;
}
