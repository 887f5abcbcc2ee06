/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_receive.c - what is lost of datagrams that are sent at full speed
 *
 *	bench/bench_receive [SECONDS [equal]]
 *
 * One process sends datagrams as fast as it can and never waits; what the
 * kernel does not take is lost. They go to (a) a program that does nothing
 * but recvmmsg(2), and (b) the receiver of the daemon, its ring, and a parent
 * that parses and stores them. Both take turns, many times, since the loss of
 * two equal runs differs by more than that of (a) and (b), with the
 * kernel's net.unix.max_dgram_qlen as it is, and in a network namespace of
 * its own with 512. With "equal" (a) asks for the priority that (b)
 * asks for. Exit status 1: (b) loses more than (a) in nearly all turns,
 * which is no chance; or a datagram is neither counted nor lost.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/store.h"
#include "common/tally.h"
#include "milter/datagrams.h"
#include "milter/privileges.h"
#include "milter/receiver.h"

enum {
	TURNS = 31,
	WORSE_TURNS = 22, /* or more: by chance once in 70 */
	BATCH = 64,
	PACKET_B = 256 * 1024,
	RING_B = 512 << 20, /* as the daemon has it */
	SOON_MS = 50,       /* likewise */
	QLEN = 512,
};

/* What the processes tell each other. */
struct told {
	uint64_t sent;    /* that the kernel took */
	uint64_t refused; /* that it did not take */
	double cpu_s;     /* of the receiver */
	uint64_t received;
};

struct bench {
	char dir[64];
	char path[96]; /* of the socket */
	double length_s;
	bool is_equal;     /* the other one gets our priority, too */
	struct told *told; /* shared */
	struct ring *ring; /* one for all turns, as a daemon has it */
};

struct result {
	double rate;    /* tries a second */
	double loss;    /* part of them */
	double dropped; /* of the loss: received, but no room in the ring */
	uint64_t missing;
	double cpu_us; /* of the receiving process, a datagram */
};

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_receive: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct sockaddr_un address_of(const struct bench *b)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s", b->path);
	return address;
}

/* --- the sender ------------------------------------------------------------- */

static int make_datagram(char *out, size_t size, unsigned n)
{
	return snprintf(out, size,
	    "{\"dpv\":\"1\",\"d\":\"d%u.example\",\"pr\":\"v=TLSRPTv1; "
	    "rua=mailto:tlsrpt@d%u.example\",\"policies\":[{\"policy-type\":2,"
	    "\"policy-domain\":\"d%u.example\",\"policy-string\":[\"version: "
	    "STSv1\",\"mode: enforce\",\"mx: *.d%u.example\",\"max_age: "
	    "86400\"],\"mx-host\":[\"*.d%u.example\"],\"t\":0,\"f\":0}]}",
	    n % 1000, n % 1000, n % 1000, n % 1000, n % 1000);
}

static void send_all(const struct bench *b)
{
	struct sockaddr_un address = address_of(b);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	double end = seconds(CLOCK_MONOTONIC) + b->length_s;
	char text[1024];

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) !=
	    0) {
		die("connect");
	}
	for (unsigned n = 0; n % 64 != 0 || seconds(CLOCK_MONOTONIC) < end;
	     n++) {
		int len = make_datagram(text, sizeof(text), n);

		if (send(fd, text, (size_t)len, 0) == len) {
			b->told->sent++;
		} else {
			b->told->refused++;
		}
	}
	_exit(0);
}

/* --- a: nothing but recvmmsg ------------------------------------------------- */

static void receive_only(const struct bench *b)
{
	static char buf[BATCH][PACKET_B];
	static struct mmsghdr msg[BATCH];
	static struct iovec iov[BATCH];
	struct sockaddr_un address = address_of(b);
	const struct timeval wait = { .tv_usec = 200000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (b->is_equal) {
		(void)setpriority(PRIO_PROCESS, 0, PRIVILEGES_NICE);
	}
	for (size_t i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buf[i], PACKET_B };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		die("bind");
	}
	for (;;) {
		int n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);

		if (n > 0) {
			b->told->received += (unsigned)n;
		} else if (b->told->received > 0) {
			break; /* the sender has ended */
		}
	}
	b->told->cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
	(void)unlink(b->path);
	_exit(0);
}

/* --- b: what the daemon does ------------------------------------------------- */

static void receive_and_tell(
    const struct bench *b, struct ring *ring, int channel)
{
	const struct receiver_options o = { .path = b->path,
		.rights = { .mode = 0600 },
		.channel = channel,
		.ring = ring };

	(void)receiver_run(&o);
	b->told->cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
	_exit(0);
}

/* What a counter of all days says. */
static uint64_t counted(const struct bench *b, enum counter counter)
{
	struct tally_feed feed;
	int64_t *days = NULL;
	unsigned n = 0;
	uint64_t sum = 0;

	(void)store_days(b->dir, &days, &n);
	for (unsigned i = 0; i < n; i++) {
		char path[128];
		struct tally *t;
		uint64_t cursor = 0;

		if (tally_open(store_path(b->dir, days[i], path, sizeof(path)),
			&t) != 0) {
			die(path);
		}
		while (tally_next_feed(t, &cursor, &feed) == 1) {
			sum += feed.counters[counter];
		}
		tally_close(t);
	}
	free(days);
	return sum;
}

static void poll_ring(struct datagrams *d)
{
	int64_t rc = datagrams_poll(d, (int64_t)time(NULL));

	if (rc < 0) {
		(void)fprintf(
		    stderr, "bench_receive: store: %s\n", err_text((int)rc));
		exit(1);
	}
}

/* As the daemon's loop: woken, then a look some milliseconds later. */
static void be_parent(struct datagrams *d, struct ring *ring, pid_t sender)
{
	const struct timespec soon = { .tv_nsec = SOON_MS * 1000000L };

	while (waitpid(sender, NULL, WNOHANG) == 0) {
		struct pollfd p = { .fd = ring_fd(ring), .events = POLLIN };

		if (poll(&p, 1, 100) == 1) {
			ring_acknowledge(ring);
			(void)nanosleep(&soon, NULL);
			poll_ring(d);
		}
	}
}

/* --- one run ------------------------------------------------------------------ */

static pid_t start_sender(const struct bench *b)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct stat st;
	pid_t pid;

	while (lstat(b->path, &st) != 0 || (st.st_mode & 0200) == 0) {
		(void)nanosleep(&moment, NULL);
	}
	pid = fork();
	if (pid == 0) {
		send_all(b);
	}
	return pid;
}

static struct result result_of(
    const struct bench *b, uint64_t received, uint64_t lost)
{
	const struct told *t = b->told;
	double tries = (double)(t->sent + t->refused);

	return (struct result){
		.rate = tries / b->length_s,
		.loss = ((double)t->refused + (double)lost) / tries,
		.dropped = (double)lost / tries,
		.missing = t->sent - received - lost,
		.cpu_us = t->cpu_s * 1e6 / (double)t->sent,
	};
}

static struct result run_plain(const struct bench *b)
{
	pid_t receiver;
	pid_t sender;

	*b->told = (struct told){ 0 };
	receiver = fork();
	if (receiver == 0) {
		receive_only(b);
	}
	sender = start_sender(b);
	(void)waitpid(sender, NULL, 0);
	(void)waitpid(receiver, NULL, 0);
	return result_of(b, b->told->received, 0);
}

static struct result run_ours(const struct bench *b)
{
	const struct store_limits limits = { 0, 0 };
	struct ring *ring = b->ring;
	struct datagrams_options o = {
		.name = "bench", .mta = "postfix", .state = b->dir, .ring = ring
	};
	struct store *store;
	struct datagrams *d = NULL;
	uint64_t received = counted(b, COUNTER_SESSIONS);
	uint64_t lost = counted(b, COUNTER_DATAGRAM_LOST);
	pid_t receiver;
	int pair[2];

	*b->told = (struct told){ 0 };
	if (store_open(b->dir, &limits, &store) != 0 ||
	    datagrams_open(store, &o, &d) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) {
		die("start");
	}
	receiver = fork();
	if (receiver == 0) {
		(void)close(pair[0]);
		receive_and_tell(b, ring, pair[1]);
	}
	be_parent(d, ring, start_sender(b));
	(void)kill(receiver, SIGTERM);
	(void)waitpid(receiver, NULL, 0);
	do {
		poll_ring(d);
	} while (!ring_is_empty(ring));
	datagrams_close(d);
	store_close(store);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return result_of(b, counted(b, COUNTER_SESSIONS) - received,
	    counted(b, COUNTER_DATAGRAM_LOST) - lost);
}

/* --- all of them -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const char *name, const struct result *r)
{
	(void)printf("  %-22s %7.0f tries/s  %6.2f%% lost (%.2f%% in the "
		     "ring)  %4.2f us of the receiver a datagram\n",
	    name, r->rate, 100 * r->loss, 100 * r->dropped, r->cpu_us);
}

struct losses {
	double mean;
	double median;
};

static struct losses losses_of(const struct result *r)
{
	double loss[TURNS];
	double sum = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		loss[i] = r[i].loss;
		sum += r[i].loss;
	}
	qsort(loss, TURNS, sizeof(loss[0]), compare);
	return (struct losses){ sum / TURNS, loss[TURNS / 2] };
}

static bool compare_both(const struct bench *b)
{
	struct result plain[TURNS];
	struct result ours[TURNS];
	uint64_t missing = 0;
	unsigned worse = 0;
	struct losses a;
	struct losses c;

	for (unsigned i = 0; i < TURNS; i++) {
		plain[i] = run_plain(b);
		print("recvmmsg alone", &plain[i]);
		ours[i] = run_ours(b);
		print("receiver and parent", &ours[i]);
		missing += plain[i].missing + ours[i].missing;
		worse += ours[i].loss > plain[i].loss;
	}
	a = losses_of(plain);
	c = losses_of(ours);
	(void)printf(
	    "  mean: %.2f%% and %.2f%%, median: %.2f%% and %.2f%%; worse "
	    "in %u of %d turns; neither counted nor lost: %llu\n",
	    100 * a.mean, 100 * c.mean, 100 * a.median, 100 * c.median, worse,
	    (int)TURNS, (unsigned long long)missing);
	return worse < WORSE_TURNS && missing == 0;
}

static long queue_length(void)
{
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	char text[32] = "";

	if (f != NULL) {
		(void)!fgets(text, sizeof(text), f);
		(void)fclose(f);
	}
	return strtol(text, NULL, 10);
}

static bool set_queue_length(void)
{
	FILE *f;

	if (unshare(CLONE_NEWNET) != 0) {
		return false;
	}
	f = fopen("/proc/sys/net/unix/max_dgram_qlen", "we");
	if (f == NULL) {
		return false;
	}
	(void)fprintf(f, "%d\n", (int)QLEN);
	return fclose(f) == 0;
}

int main(int argc, char **argv)
{
	struct bench b = { .length_s = argc > 1 ? strtod(argv[1], NULL) : 0.4,
		.is_equal = argc > 2 };
	bool is_good;

	(void)snprintf(b.dir, sizeof(b.dir), "/tmp/telltls-bench-XXXXXX");
	if (mkdtemp(b.dir) == NULL) {
		die(b.dir);
	}
	(void)snprintf(b.path, sizeof(b.path), "%s/socket", b.dir);
	b.told = mmap(NULL, sizeof(*b.told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	b.ring = ring_new(RING_B);
	if (b.told == MAP_FAILED || b.ring == NULL) {
		die("mmap");
	}
	log_open("bench_receive", false);
	log_set_level(LOG_LEVEL_ERROR);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)printf("net.unix.max_dgram_qlen %ld:\n", queue_length());
	is_good = compare_both(&b);
	if (set_queue_length()) {
		(void)printf("net.unix.max_dgram_qlen %ld:\n", queue_length());
		is_good = compare_both(&b) && is_good;
	} else {
		(void)printf("no right to a network namespace: left out\n");
	}
	(void)printf(
	    "%s: files are left in %s\n", is_good ? "as good" : "worse", b.dir);
	return is_good ? 0 : 1;
}
