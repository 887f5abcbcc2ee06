/* SPDX-License-Identifier: BSD-2-Clause */
/* test_receiver.c - tests milter/receiver.c: a real socket, in a child */

#include "config.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "milter/receiver.h"
#include "tests/unit/child_kit.h"

enum {
	RING_B = 4 << 20
};

struct site {
	char dir[64];
	char path[96];
	struct ring *ring;
	struct receiver_options o;
	struct child child;
};

static int run(void *ctx, int channel)
{
	struct site *s = ctx;

	s->o.channel = channel;
	return receiver_run(&s->o) == 0 ? 0 : 1;
}

static void site_init(struct site *s)
{
	memset(s, 0, sizeof(*s));
	unit_tmpdir_make(s->dir, sizeof(s->dir));
	(void)snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	s->ring = ring_new(RING_B);
	assert_non_null(s->ring);
	s->o = (struct receiver_options){
		.path = s->path, .rights = { .mode = 0660 }, .ring = s->ring
	};
	child_init(&s->child, "receiver", run, s);
	s->child.keep = ring_fd(s->ring);
}

static void site_release(struct site *s)
{
	child_stop(&s->child);
	child_join(&s->child, JOIN_MS);
	ring_free(s->ring);
	unit_tmpdir_remove(s->dir);
}

static bool is_there(const struct site *s)
{
	struct stat st;

	/* its last steps are its group and its mode */
	return lstat(s->path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    (!s->o.rights.has_group || st.st_gid == s->o.rights.group) &&
	    (st.st_mode & 0777) == s->o.rights.mode;
}

/* Until it listens. */
static void site_start(struct site *s)
{
	unsigned waited_ms = 0;

	UNIT_BOOL("start", child_tick(&s->child, T0), true);
	while (!is_there(s)) {
		pause_once(&waited_ms);
	}
}

/* Its exit code, or minus the signal. */
static int join(struct site *s)
{
	unsigned waited_ms = 0;
	int status = 0;

	while (waitpid(s->child.pid, &status, WNOHANG) == 0) {
		pause_once(&waited_ms);
	}
	s->child.pid = 0;
	(void)close(s->child.channel);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static struct sockaddr_un address_of(const struct site *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s", s->path);
	return address;
}

static int make_socket(const struct site *s, int type, bool is_ours)
{
	const struct sockaddr_un address = address_of(s);
	int fd = socket(AF_UNIX, type, 0);
	int rc;

	assert_true(fd >= 0);
	rc = is_ours ?
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) :
	    connect(fd, (const struct sockaddr *)&address, sizeof(address));
	assert_int_equal(rc, 0);
	return fd;
}

/* The next packet; waits for it where it must. */
static void site_next(struct site *s, struct view *packet)
{
	unsigned waited_ms = 0;

	while (!ring_next(s->ring, packet)) {
		pause_once(&waited_ms);
	}
	ring_drop(s->ring);
}

/* --- the socket ------------------------------------------------------------------ */

static void test_mode(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666 };
	struct stat st;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(modes); i++) {
		struct site s;

		site_init(&s);
		s.o.rights.mode = modes[i];
		s.o.rights.has_group = geteuid() == 0;
		s.o.rights.group = 4711;
		site_start(&s);
		UNIT_INT("stat", lstat(s.path, &st), 0);
		UNIT_UINT("mode", st.st_mode & 07777, modes[i]);
		if (geteuid() == 0) {
			UNIT_UINT("group", st.st_gid, 4711);
		}
		UNIT_INT("end", kill(s.child.pid, SIGTERM), 0);
		UNIT_INT("code", join(&s), 0);
		UNIT_INT("gone", lstat(s.path, &st), -1);
		site_release(&s);
	}
}

/* What a process that was killed has left, and what is no such socket. */
static void test_stale(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct view packet;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(types); i++) {
		struct site s;
		int fd;

		site_init(&s);
		(void)close(make_socket(&s, types[i], true));
		UNIT_INT("mode", chmod(s.path, 0600), 0);
		site_start(&s);
		fd = make_socket(&s, SOCK_DGRAM, false);
		UNIT_INT("send", send(fd, "x", 1, 0), 1);
		site_next(&s, &packet);
		UNIT_MEM("packet", packet.s, packet.len, "x", 1);
		(void)close(fd);
		site_release(&s);
	}
}

/* What somebody else uses is left alone. */
static void test_refused(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM, 0 };
	struct stat before;
	struct stat after;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(types); i++) {
		struct site s;
		int fd = -1;

		site_init(&s);
		if (types[i] != 0) {
			fd = make_socket(&s, types[i], true);
			UNIT_INT("listen",
			    types[i] == SOCK_STREAM ? listen(fd, 1) : 0, 0);
		} else {
			assert_int_equal(mkdir(s.path, 0700), 0);
		}
		UNIT_INT("stat", lstat(s.path, &before), 0);
		UNIT_BOOL("start", child_tick(&s.child, T0), true);
		UNIT_INT("code", join(&s), 1);
		UNIT_INT("stat", lstat(s.path, &after), 0);
		UNIT_UINT("the same", after.st_ino, before.st_ino);
		UNIT_UINT("its mode", after.st_mode, before.st_mode);
		if (fd >= 0) {
			(void)close(fd);
		}
		site_release(&s);
	}
}

static void test_second(void **state)
{
	struct view packet;
	struct site s;
	struct child second;
	int status = 0;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	child_init(&second, "second", run, &s);
	UNIT_BOOL("start", child_tick(&second, T0), true);
	assert_int_equal(waitpid(second.pid, &status, 0), second.pid);
	UNIT_INT("code", WEXITSTATUS(status), 1);
	(void)close(second.channel);
	UNIT_TRUE("the first's file", is_there(&s));
	fd = make_socket(&s, SOCK_DGRAM, false);
	UNIT_INT("send", send(fd, "still", 5, 0), 5);
	site_next(&s, &packet);
	UNIT_MEM("packet", packet.s, packet.len, "still", 5);
	(void)close(fd);
	site_release(&s);
}

/* Killed: the next one takes its place. */
static void test_killed(void **state)
{
	struct view packet;
	struct site s;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	assert_int_equal(kill(s.child.pid, SIGKILL), 0);
	UNIT_INT("signal", join(&s), -SIGKILL);
	UNIT_TRUE("its file is there", is_there(&s));
	assert_int_equal(chmod(s.path, 0600), 0);
	s.child.due = 0;
	site_start(&s);
	fd = make_socket(&s, SOCK_DGRAM, false);
	UNIT_INT("send", send(fd, "again", 5, 0), 5);
	site_next(&s, &packet);
	UNIT_MEM("packet", packet.s, packet.len, "again", 5);
	(void)close(fd);
	site_release(&s);
}

/* --- its end --------------------------------------------------------------------- */

/*
 * It is stopped while datagrams wait, then told to end: all that the kernel
 * took is in the ring.
 */
static void test_last(void **state)
{
	struct view packet;
	struct site s;
	unsigned sent = 0;
	unsigned got = 0;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	fd = make_socket(&s, SOCK_DGRAM, false);
	assert_int_equal(kill(s.child.pid, SIGSTOP), 0);
	while (send(fd, "last", 4, MSG_DONTWAIT) == 4) {
		sent++;
	}
	UNIT_TRUE("some", sent > 0);
	assert_int_equal(kill(s.child.pid, SIGTERM), 0);
	assert_int_equal(kill(s.child.pid, SIGCONT), 0);
	UNIT_INT("code", join(&s), 0);
	while (ring_next(s.ring, &packet)) {
		UNIT_MEM("packet", packet.s, packet.len, "last", 4);
		ring_drop(s.ring);
		got++;
	}
	UNIT_UINT("all", got, sent);
	UNIT_INT("refused", send(fd, "x", 1, MSG_DONTWAIT), -1);
	(void)close(fd);
	site_release(&s);
}

/* A parent that is gone, while a sender does not stop. */
static void test_alone(void **state)
{
	static const bool is_busy[] = { false, true };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(is_busy); i++) {
		struct site s;
		struct view packet;
		unsigned waited_ms = 0;
		int status = 0;
		int fd;

		site_init(&s);
		site_start(&s);
		fd = make_socket(&s, SOCK_DGRAM, false);
		(void)close(s.child.channel);
		while (waitpid(s.child.pid, &status, WNOHANG) == 0) {
			if (!is_busy[i]) {
				pause_once(&waited_ms);
				continue;
			}
			(void)send(fd, "x", 1, MSG_DONTWAIT);
			while (ring_next(s.ring, &packet)) {
				ring_drop(s.ring);
			}
		}
		UNIT_TRUE("code", WIFEXITED(status));
		UNIT_INT("code", WEXITSTATUS(status), 0);
		s.child.pid = 0;
		UNIT_BOOL("its file", is_there(&s), false);
		(void)close(fd);
		site_release(&s);
	}
}

/* --- datagrams ------------------------------------------------------------------- */

/* Each comes once, in order, whole; the sender waits for room. */
static void test_burst(void **state)
{
	enum {
		BURST = 20000
	};
	struct view packet;
	struct site s;
	unsigned got = 0;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	fd = make_socket(&s, SOCK_DGRAM, false);
	for (unsigned n = 0; n < BURST; n++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "datagram %u", n);

		UNIT_INT("send", send(fd, text, (size_t)len, 0), len);
	}
	while (got < BURST) {
		char want[32];

		(void)snprintf(want, sizeof(want), "datagram %u", got);
		site_next(&s, &packet);
		UNIT_MEM("packet", packet.s, packet.len, want, strlen(want));
		got++;
	}
	(void)close(fd);
	site_release(&s);
}

/* The parent is woken, once, after it has asked. */
static void test_wakes(void **state)
{
	struct view packet;
	struct site s;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	fd = make_socket(&s, SOCK_DGRAM, false);
	for (unsigned i = 0; i < 3; i++) {
		struct pollfd p = { .fd = ring_fd(s.ring), .events = POLLIN };

		UNIT_INT("send", send(fd, "x", 1, 0), 1);
		UNIT_INT("woken", poll(&p, 1, LIMIT_MS), 1);
		ring_acknowledge(s.ring);
		UNIT_BOOL("there", ring_next(s.ring, &packet), true);
		ring_drop(s.ring);
		UNIT_INT("send", send(fd, "y", 1, 0), 1);
		site_next(&s, &packet);
		UNIT_INT("not woken", poll(&p, 1, 0), 0);
		ring_ask(s.ring);
	}
	(void)close(fd);
	site_release(&s);
}

static void test_lengths(void **state)
{
	static char text[RING_PACKET_MAX + 100];
	static const size_t lengths[] = { 0, 1, 7, 8, 9, 200000,
		RING_PACKET_MAX, RING_PACKET_MAX + 1, RING_PACKET_MAX + 100 };
	const int size = 4 << 20;
	struct ring_losses lost;
	struct view packet;
	struct site s;
	unsigned longer = 0;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	memset(text, 'x', sizeof(text));
	fd = make_socket(&s, SOCK_DGRAM, false);
	/* a user who is not root may send no longer ones at all */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	for (size_t i = 0; i < UNIT_LEN(lengths); i++) {
		if (send(fd, text, lengths[i], 0) < 0) {
			assert_int_equal(errno, EMSGSIZE);
			continue;
		}
		if (lengths[i] > RING_PACKET_MAX) {
			longer++;
			continue;
		}
		site_next(&s, &packet);
		UNIT_UINT("length", packet.len, lengths[i]);
	}
	UNIT_INT("send", send(fd, "end", 3, 0), 3);
	site_next(&s, &packet);
	UNIT_MEM("packet", packet.s, packet.len, "end", 3);
	ring_losses(s.ring, &lost);
	UNIT_UINT("too long", lost.oversized, longer);
	UNIT_UINT("no room", lost.full, 0);
	(void)close(fd);
	site_release(&s);
}

/* Nobody reads: the sender does not feel it, and it is counted. */
static void test_ring_full(void **state)
{
	static char text[100000];

	enum {
		PACKETS = 100
	};
	struct ring_losses lost;
	struct view packet;
	struct site s;
	uint64_t got = 0;
	int fd;

	(void)state;
	site_init(&s);
	site_start(&s);
	fd = make_socket(&s, SOCK_DGRAM, false);
	for (unsigned n = 0; n < PACKETS; n++) {
		UNIT_INT("send", send(fd, text, sizeof(text), 0), sizeof(text));
	}
	assert_int_equal(kill(s.child.pid, SIGTERM), 0);
	UNIT_INT("code", join(&s), 0);
	while (ring_next(s.ring, &packet)) {
		ring_drop(s.ring);
		got++;
	}
	ring_losses(s.ring, &lost);
	UNIT_TRUE("some of both", got > 0 && lost.full > 0);
	UNIT_UINT("all", got + lost.full, PACKETS);
	(void)close(fd);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_wakes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_ring_full),
	};

	log_open("unit", false);
	log_set_level(LOG_LEVEL_ERROR);
	return UNIT_RUN(tests);
}
