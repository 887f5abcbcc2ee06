/* SPDX-License-Identifier: BSD-2-Clause */
/* test_child_inherit.c - tests of milter/child.c: what a child gets and not */

#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/child_kit.h"
#include "tests/unit/tally_kit.h"

static bool is_limit(int fd)
{
	struct rlimit limit;

	/* valgrind's own are beyond */
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    (rlim_t)fd >= limit.rlim_cur;
}

/* Which descriptors it has, but the one to look with. */
static int run_list(void *ctx, int channel)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *e;
	char text[1024] = "";
	size_t n = 0;

	(void)ctx;
	if (dir == NULL) {
		return 1;
	}
	while ((e = readdir(dir)) != NULL) {
		int fd = (int)strtol(e->d_name, NULL, 10);

		if (e->d_name[0] != '.' && fd != dirfd(dir) && fd > 2 &&
		    !is_limit(fd)) {
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    fd == channel ? "channel " : "%d ", fd);
		}
	}
	say(channel, text);
	(void)closedir(dir);
	return 0;
}

/* Which signals are blocked, or not what they are by default. */
static int run_signals(void *ctx, int channel)
{
	char text[1024] = "-";
	size_t n = 0;
	sigset_t set;

	(void)ctx;
	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction sa;

		if (sigismember(&set, i) == 1) {
			n += (size_t)snprintf(
			    text + n, sizeof(text) - n, "blocked %d ", i);
		}
		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL) {
			n += (size_t)snprintf(
			    text + n, sizeof(text) - n, "handled %d ", i);
		}
	}
	say(channel, text);
	return 0;
}

/* Nothing but its channel, wherever that lies, and the standard ones. */
static void test_descriptors(void **state)
{
	static const int places[] = { 3, 4, 9, 100 };
	struct child c;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(places); i++) {
		int high = fcntl(STDOUT_FILENO, F_DUPFD, 200);

		/* the channel's number is the lowest that is free */
		for (int fd = 3; fd < places[i]; fd++) {
			if (fcntl(fd, F_GETFD) == -1) {
				assert_int_equal(dup2(STDOUT_FILENO, fd), fd);
			}
		}
		child_init(&c, "list", run_list, NULL);
		UNIT_BOOL("start", child_tick(&c, T0), true);
		check_packet(&c, "channel ");
		child_stop(&c);
		child_join(&c, JOIN_MS);
		(void)close(high);
	}
	for (int fd = 3; fd < 100; fd++) {
		(void)close(fd);
	}
}

/* And one more, below or above it, if it is told to. */
static void test_kept_descriptor(void **state)
{
	static const int places[] = { 3, 4, 5, 150 };
	struct child c;
	char got[1024];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(places); i++) {
		char want[32];
		const char *own;

		assert_int_equal(dup2(STDOUT_FILENO, places[i]), places[i]);
		assert_int_equal(dup2(STDOUT_FILENO, 100), 100);
		child_init(&c, "list", run_list, NULL);
		c.keep = places[i];
		UNIT_BOOL("start", child_tick(&c, T0), true);
		receive(c.channel, got, sizeof(got));
		(void)snprintf(want, sizeof(want), "%d ", places[i]);
		own = strstr(got, want);
		UNIT_TRUE(got, own != NULL);
		UNIT_TRUE(got, strstr(got, "channel ") != NULL);
		UNIT_UINT(got, strlen(got), strlen(want) + strlen("channel "));
		child_stop(&c);
		child_join(&c, JOIN_MS);
		(void)close(places[i]);
		(void)close(100);
	}
}

/* Does the process have a file of a store in its memory? */
static bool has_tally(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	bool has = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		has = has || strstr(line, "/tally/") != NULL;
	}
	(void)fclose(maps);
	return has;
}

static int run_maps(void *ctx, int channel)
{
	(void)ctx;
	say(channel, has_tally() ? "the tally" : "-");
	return 0;
}

/* Counts sessions, each another fact, until the file has grown. */
static void count_some(struct kit *kit)
{
	struct kit_fact fact;

	for (unsigned i = 0; i < 2000; i++) {
		kit_fact_make(&fact, i);
		UNIT_INT("session",
		    store_session(kit->store, KIT_DAY, i + 1, &fact.fact), 0);
		if (store_batch_room(kit->store) == 0) {
			UNIT_INT("commit",
			    store_commit(kit->store, NULL, NULL, false), 0);
		}
	}
	UNIT_INT("commit", store_commit(kit->store, NULL, NULL, false), 0);
}

/* The files that the parent writes to are no business of its children's. */
static void test_tally(void **state)
{
	struct child c;
	struct kit kit;

	(void)state;
	kit_init(&kit);
	kit_open(&kit, "one");
	count_some(&kit);
	UNIT_BOOL("the parent has it", has_tally(), true);
	child_init(&c, "maps", run_maps, NULL);
	UNIT_BOOL("start", child_tick(&c, T0), true);
	check_packet(&c, "-");
	child_stop(&c);
	child_join(&c, JOIN_MS);
	UNIT_BOOL("the parent has it still", has_tally(), true);
	kit_release(&kit);
}

static void handle(int signo)
{
	(void)signo;
}

static void test_signals(void **state)
{
	struct child c;
	sigset_t set;
	sigset_t was;

	(void)state;
	(void)sigfillset(&set);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &was), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGHUP, handle);
	(void)signal(SIGRTMAX, SIG_IGN);
	child_init(&c, "signals", run_signals, NULL);
	UNIT_BOOL("start", child_tick(&c, T0), true);
	check_packet(&c, "-");
	child_stop(&c);
	child_join(&c, JOIN_MS);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGRTMAX, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_SETMASK, &was, NULL), 0);
}

/* A parent that starts a child, tells its number, and waits to be killed. */
static void be_parent(int out)
{
	struct child c;
	char text[16];

	child_init(&c, "stay", run_stay, NULL);
	if (child_tick(&c, T0)) {
		receive(c.channel, text, sizeof(text));
		(void)!write(out, &c.pid, sizeof(c.pid));
	}
	for (;;) {
		(void)pause();
	}
}

static void test_death_of_parent(void **state)
{
	int pipes[2];
	pid_t parent;
	pid_t child = 0;
	int status = 0;

	(void)state;
	/* so that the orphan becomes ours */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_int_equal(pipe(pipes), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		be_parent(pipes[1]);
	}
	(void)close(pipes[1]);
	UNIT_INT(
	    "its number", read(pipes[0], &child, sizeof(child)), sizeof(child));
	(void)close(pipes[0]);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	(void)alarm(LIMIT_MS / 1000);
	UNIT_INT("it ends", waitpid(child, &status, 0), child);
	(void)alarm(0);
	UNIT_TRUE("by SIGTERM, or as its channel was closed",
	    WIFSIGNALED(status) ? WTERMSIG(status) == SIGTERM :
				  WEXITSTATUS(status) == 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* --- the log ---------------------------------------------------------------- */

/* Sockets of its own get the numbers that its parent's had. */
static int run_log(void *ctx, int channel)
{
	int pair[2];
	char buf[256];

	(void)ctx;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0) {
		return 1;
	}
	log_info("from the child");
	if (recv(pair[0], buf, sizeof(buf), 0) > 0 ||
	    recv(pair[1], buf, sizeof(buf), 0) > 0) {
		say(channel, "the log went to another socket");
	} else if (fcntl(pair[0], F_GETFD) < 0 || fcntl(pair[1], F_GETFD) < 0) {
		say(channel, "the log closed another socket");
	} else {
		say(channel, "well");
	}
	return 0;
}

/* /dev/log, in a namespace of our own. Returns its descriptor, or -1. */
static int listen_to_log(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };
	int fd;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, "size=64k") != 0) {
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	/* out of the way: the parent's log shall have a low number */
	assert_int_equal(dup2(fd, 150), 150);
	(void)close(fd);
	return 150;
}

/*
 * Bug: the child's syslog(3) went to the number that its parent's had, which
 * could be a connection of the MTA by then.
 */
static void test_log(void **state)
{
	struct child c;
	char got[1024];
	int log = listen_to_log();

	(void)state;
	if (log < 0) {
		print_message("# no right to mount: left out\n");
		return;
	}
	log_open("unit", true);
	child_init(&c, "log", run_log, NULL);
	UNIT_BOOL("start", child_tick(&c, T0), true);
	check_packet(&c, "well");
	receive(log, got, sizeof(got));
	UNIT_TRUE("its name", strstr(got, "unit[") != NULL);
	UNIT_TRUE("its text", strstr(got, "info: from the child") != NULL);
	child_stop(&c);
	child_join(&c, JOIN_MS);
	log_info("from the parent");
	receive(log, got, sizeof(got));
	UNIT_TRUE("its text", strstr(got, "info: from the parent") != NULL);
	log_close();
	log_open("unit", false);
	(void)close(log);
	assert_int_equal(umount("/dev"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_kept_descriptor),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_death_of_parent),
		cmocka_unit_test(test_log),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
