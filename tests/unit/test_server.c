/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server.c - tests of milter/server.c and common/control.c, in two
 * processes
 */

#include "config.h"

#include <poll.h>

#include "common/log.h"
#include "tests/unit/server_kit.h"

enum {
	CLIENTS = 16,  /* that are served at a time */
	FDS_MAX = 253, /* of one message, by the kernel */
};

/* A client of no manners. */
static int raw_connect(const struct site *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_true(fd >= 0);
	(void)control_path(s->run, sun.sun_path, sizeof(sun.sun_path));
	UNIT_INT("connect",
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* Sends bytes and the same descriptor many times. */
static void raw_send(int fd, const void *data, size_t len, size_t n_fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FDS_MAX)];
		struct cmsghdr align;
	} control = { { 0 } };

	char copy[LIVE_PACKET * 2];
	struct iovec iov = { copy, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[FDS_MAX];

	memcpy(copy, data, len);
	for (size_t i = 0; i < n_fds; i++) {
		fds[i] = STDERR_FILENO;
	}
	if (n_fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		if (c == NULL) {
			abort();
		}
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	UNIT_INT("sendmsg", sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

/* It hangs up, and has said nothing. */
static void check_closed(const char *name, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	UNIT_INT(name, poll(&p, 1, WAIT_S * 1000), 1);
	UNIT_TRUE(name, recv(fd, &byte, 1, 0) <= 0);
	(void)close(fd);
}

static void test_status(void **state)
{
	struct site s;
	struct answer a = { .max = 0 };

	(void)state;
	site_start(&s);
	for (int i = 0; i < 3; i++) {
		UNIT_INT("status", ask_status(&s, &a), 0);
		UNIT_UINT("packets", a.n, 1 + FEEDS);
		UNIT_BOOL("in order", a.in_order, true);
		UNIT_UINT("last", a.last.u.feed.lag_b, FEEDS - 1);
		UNIT_UINT("whole", strlen(a.last.u.feed.error), LIVE_TEXT - 1);
	}
	/* hung up on, in the middle */
	a.max = 2;
	UNIT_INT("status", ask_status(&s, &a), 0);
	UNIT_UINT("packets", a.n, 2);
	site_stop(&s);
}

static void test_descriptors(void **state)
{
	static const size_t counts[] = { 1, 2, 3, 63, 64 };
	int fds[CONTROL_FILES + 1];
	struct site s;
	struct answer a;
	char path[128];
	uint64_t before;

	(void)state;
	site_start(&s);
	(void)snprintf(path, sizeof(path), "%s/file", s.run);
	for (int i = 0; i <= CONTROL_FILES; i++) {
		fds[i] = open(path, O_RDWR | O_CREAT, 0600);
		assert_true(fds[i] >= 0);
	}
	assert_int_equal(write(fds[0], "what it holds", 13), 13);
	before = open_there(&s);
	for (size_t i = 0; i < UNIT_LEN(counts); i++) {
		UNIT_INT("ask", ask(&s, "files", fds, counts[i], &a), 0);
		UNIT_INT("code", a.last.u.result.code, 0);
		UNIT_UINT("came", a.last.u.result.lines, counts[i]);
		UNIT_STR("text", a.last.u.result.path, "what it holds");
		UNIT_UINT("open", a.last.u.result.open, before + counts[i]);
		UNIT_UINT("closed", open_there(&s), before);
	}
	UNIT_INT(
	    "too many", ask(&s, "files", fds, CONTROL_FILES + 1, &a), -E2BIG);
	UNIT_UINT("no answer", a.n, 0);
	for (int i = 0; i <= CONTROL_FILES; i++) {
		(void)close(fds[i]);
	}
	site_stop(&s);
}

/*
 * Bugs: more descriptors than there is room for were served as if these were
 * all; those that came with an empty packet stayed open.
 */
static void test_rude_descriptors(void **state)
{
	static const char request[] = "kind ask-replay\nfeed files\n";

	static const struct {
		const char *name;
		const char *data;
		size_t n_fds;
	} table[] = {
		{ "one too many", request, CONTROL_FILES + 1 },
		{ "far too many", request, FDS_MAX },
		{ "with nothing", "", 1 },
		{ "with nothing", "", CONTROL_FILES },
		{ "too many with nothing", "", FDS_MAX },
		{ "with garbage", "garbage", CONTROL_FILES },
		{ "with another request", "kind outbox\n", CONTROL_FILES },
	};
	struct site s;
	uint64_t before;

	(void)state;
	site_start(&s);
	before = open_there(&s);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int fd = raw_connect(&s);

		raw_send(
		    fd, table[i].data, strlen(table[i].data), table[i].n_fds);
		check_closed(table[i].name, fd);
		UNIT_UINT(table[i].name, open_there(&s), before);
	}
	site_stop(&s);
}

static void test_garbage(void **state)
{
	char data[LIVE_PACKET + 2000];
	struct strbuf text;
	struct site s;
	struct answer a = { .max = 0 };

	(void)state;
	site_start(&s);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (char)(i * 7 + i / 256);
	}
	for (size_t len = 1; len < sizeof(data); len = len * 2 + 1) {
		int fd = raw_connect(&s);

		raw_send(fd, data, len, 0);
		check_closed("garbage", fd);
	}
	/* a request that goes on for longer than a packet is none */
	strbuf_init(&text, sizeof(data));
	strbuf_adds(&text, "kind ask-status\n");
	while (text.len < sizeof(data)) {
		strbuf_addc(&text, '\n');
	}
	for (int i = 0; i < 2; i++) {
		int fd = raw_connect(&s);

		raw_send(fd, text.s, LIVE_PACKET + (i == 0 ? 1U : 2000U), 0);
		check_closed("too long", fd);
	}
	strbuf_release(&text);
	UNIT_INT("it lives", ask_status(&s, &a), 0);
	UNIT_UINT("it lives", a.n, 1 + FEEDS);
	site_stop(&s);
}

/* Those that send nothing do not hold up the others, as long as they fit. */
static void test_silent(void **state)
{
	int fd[CLIENTS];
	struct site s;
	struct answer a = { .max = 0 };
	int one_more;

	(void)state;
	site_start(&s);
	for (int i = 0; i < CLIENTS - 1; i++) {
		fd[i] = raw_connect(&s);
	}
	UNIT_INT("the last place", ask_status(&s, &a), 0);
	UNIT_UINT("the last place", a.n, 1 + FEEDS);
	fd[CLIENTS - 1] = raw_connect(&s);
	one_more = raw_connect(&s);
	check_closed("no place", one_more);
	for (int i = 0; i < CLIENTS; i++) {
		(void)close(fd[i]);
	}
	/* until it has seen that they are gone */
	for (int i = 0; i < 10000 && (ask_status(&s, &a) != 0 || a.n == 0);
	     i++) {
	}
	UNIT_UINT("places", a.n, 1 + FEEDS);
	site_stop(&s);
}

/* Nor those that do not read, or go away before the answer. */
static void test_deaf(void **state)
{
	static const char flood[] = "kind ask-replay\nfeed flood\n";
	struct site s;
	struct answer a = { .max = 0 };
	uint64_t before;
	int fd;

	(void)state;
	site_start(&s);
	before = open_there(&s);
	fd = raw_connect(&s);
	raw_send(fd, flood, sizeof(flood) - 1, 0);
	UNIT_INT("meanwhile", ask_status(&s, &a), 0);
	UNIT_UINT("meanwhile", a.n, 1 + FEEDS);
	(void)close(fd);
	for (int i = 0; i < 20; i++) {
		fd = raw_connect(&s);
		raw_send(fd, flood, sizeof(flood) - 1, 0);
		(void)close(fd);
		(void)close(raw_connect(&s));
	}
	UNIT_UINT("all closed", open_there(&s), before);
	site_stop(&s);
}

/* Only root and the daemon's own user. */
static void test_stranger(void **state)
{
	struct site s;
	char path[128];
	struct stat st;
	pid_t pid;
	int status;

	(void)state;
	site_start(&s);
	assert_int_equal(stat(control_path(s.run, path, sizeof(path)), &st), 0);
	UNIT_INT("mode", st.st_mode & 07777, 0660);
	if (geteuid() != 0) {
		print_message("# not root: left out\n");
		site_stop(&s);
		return;
	}
	assert_int_equal(chmod(s.run, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct answer a = { .max = 0 };
		int rc = 1;

		if (setgid(65534) == 0 && setuid(65534) == 0) {
			rc = ask_status(&s, &a) == -EACCES ? 0 : 2;
		}
		_exit(rc);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	UNIT_INT("by the file's mode", status, 0);
	/* where that is no help, the kernel tells who it is */
	assert_int_equal(chmod(path, 0666), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct answer a = { .max = 0 };
		int rc = 1;

		if (setgid(65534) == 0 && setuid(65534) == 0) {
			(void)ask_status(&s, &a);
			rc = a.n == 0 ? 0 : 2;
		}
		_exit(rc);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	UNIT_INT("by who it is", status, 0);
	site_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_rude_descriptors),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_stranger),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
