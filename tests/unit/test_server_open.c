/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_open.c - tests of milter/server.c and common/control.c: sockets
 * that are there already, and that do not answer
 */

#include "config.h"

#include "common/log.h"
#include "tests/unit/server_kit.h"

/* A daemon is there already. */
static void test_second(void **state)
{
	struct site s;
	struct server *second = NULL;
	struct loop *loop = loop_new();
	struct answer a = { .max = 0 };
	unsigned before;

	(void)state;
	site_start(&s);
	before = count_fds();
	UNIT_INT("one that lives",
	    server_open(loop, s.run, on_request, loop, &second), -EADDRINUSE);
	UNIT_TRUE("none", second == NULL);
	UNIT_INT("it still answers", ask_status(&s, &a), 0);
	UNIT_UINT("it still answers", a.n, 1 + FEEDS);
	UNIT_UINT("no descriptor is left", count_fds(), before);
	loop_free(loop);
	site_stop(&s);
}

static void test_open(void **state)
{
	char run[64];
	char path[128];
	char long_run[200];
	struct loop *loop = loop_new();
	struct server *server = NULL;
	unsigned before = count_fds();
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	(void)state;
	unit_tmpdir_make(run, sizeof(run));
	(void)control_path(run, path, sizeof(path));
	/* a dead daemon's */
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	(void)control_path(run, sun.sun_path, sizeof(sun.sun_path));
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	(void)close(fd);
	UNIT_INT("stale", server_open(loop, run, on_request, loop, &server), 0);
	server_close(server);
	UNIT_INT("removed", access(path, F_OK), -1);
	/* a file */
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	(void)close(fd);
	UNIT_TRUE(
	    "file", server_open(loop, run, on_request, loop, &server) != 0);
	UNIT_TRUE("none", server == NULL);
	UNIT_INT("it is still there", unlink(path), 0);
	/* no folder, a name that is too long */
	unit_tmpdir_remove(run);
	UNIT_INT("no folder", server_open(loop, run, on_request, loop, &server),
	    -ENOENT);
	memset(long_run, 'x', sizeof(long_run));
	long_run[sizeof(long_run) - 1] = '\0';
	UNIT_INT("too long",
	    server_open(loop, long_run, on_request, loop, &server),
	    -ENAMETOOLONG);
	server_close(NULL);
	UNIT_UINT("no descriptor is left", count_fds(), before);
	loop_free(loop);
}

/* What the one who asks is told when there is no answer. */
static void test_no_answer(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct live request = { .kind = LIVE_ASK_STATUS };
	struct site s = { .pid = 0 };
	struct answer a = { .max = 0 };
	char long_run[200];
	unsigned before = count_fds();
	int fd;

	(void)state;
	unit_tmpdir_make(s.run, sizeof(s.run));
	UNIT_INT("no socket", ask_status(&s, &a), -ENOENT);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	(void)control_path(s.run, sun.sun_path, sizeof(sun.sun_path));
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	UNIT_INT("nobody listens", ask_status(&s, &a), -ECONNREFUSED);
	assert_int_equal(listen(fd, 1), 0);
	UNIT_INT("it hangs",
	    control_ask(s.run, &request, NULL, 1, on_packet, &a), -EAGAIN);
	(void)close(fd);
	memset(long_run, 'x', sizeof(long_run));
	long_run[sizeof(long_run) - 1] = '\0';
	UNIT_INT("too long",
	    control_ask(long_run, &request, NULL, 1, on_packet, &a),
	    -ENAMETOOLONG);
	UNIT_UINT("no packet", a.n, 0);
	UNIT_UINT("no descriptor is left", count_fds(), before);
	unit_tmpdir_remove(s.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_no_answer),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
