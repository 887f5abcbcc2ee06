/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sandbox.c - tests of milter/sandbox_*.c, each in a process of its own */

#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "milter/sandbox.h"
#include "tests/unit/unit.h"

enum {
	NO_SANDBOX = 77, /* exit code: this build or system has none */
	TEXT = 4096
};

static char dir[64];

/* --- what must not go -------------------------------------------------------- */

static long try_execve(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };

	return execve("/bin/true", argv, argv + 1);
}

static long try_execveat(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };

	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv + 1, 0);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_read_other(void)
{
	char from = 1;
	char to = 0;
	struct iovec local = { &to, 1 };
	struct iovec remote = { &from, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static long try_mount(void)
{
	return mount("none", dir, "tmpfs", 0, NULL);
}

static long try_umount(void)
{
	return umount2(dir, MNT_DETACH);
}

static long try_chroot(void)
{
	return chroot(dir);
}

static long try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static long try_mknod(void)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/node", dir);
	return mknod(path, S_IFIFO | 0600, 0);
}

static long try_setuid(void)
{
	return setuid(getuid());
}

static long try_setgroups(void)
{
	return syscall(SYS_setgroups, 0, NULL);
}

static long try_personality(void)
{
	return personality(0xffffffff);
}

static long try_keyctl(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static const struct {
	const char *name;
	long (*call)(void);
} forbidden[] = {
	{ "execve", try_execve },
	{ "execveat", try_execveat },
	{ "ptrace", try_ptrace },
	{ "process_vm_readv", try_read_other },
	{ "mount", try_mount },
	{ "umount2", try_umount },
	{ "chroot", try_chroot },
	{ "unshare", try_unshare },
	{ "mknod", try_mknod },
	{ "setuid", try_setuid },
	{ "setgroups", try_setgroups },
	{ "personality", try_personality },
	{ "keyctl", try_keyctl },
	{ "bpf", try_bpf },
	{ "io_uring_setup", try_io_uring },
};

/* --- what must go -------------------------------------------------------------- */

static bool can_use_files(void)
{
	char path[100];
	char other[100];
	char buf[4] = "";
	char *map;
	bool is_well;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	is_well = fd >= 0 && write(fd, "abc", 3) == 3 &&
	    pread(fd, buf, 3, 0) == 3 && memcmp(buf, "abc", 3) == 0 &&
	    posix_fallocate(fd, 0, 8192) == 0;
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	is_well = is_well && map != MAP_FAILED && map[1] == 'b';
	if (is_well) {
		map[1] = 'x';
		is_well = msync(map, 8192, MS_SYNC) == 0;
		(void)munmap(map, 8192);
	}
	return is_well && fsync(fd) == 0 && rename(path, other) == 0 &&
	    chmod(other, 0640) == 0 && unlink(other) == 0 && close(fd) == 0 &&
	    mkdir(path, 0700) == 0 && rmdir(path) == 0;
}

static bool can_fork(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		/* its children are inside, too */
		_exit(try_execve() == -1 && errno == EPERM ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void *run_thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static bool can_start_threads(void)
{
	pthread_t thread;
	int ran = 0;

	return pthread_create(&thread, NULL, run_thread, &ran) == 0 &&
	    pthread_join(thread, NULL) == 0 && ran == 1;
}

static bool can_use_local_sockets(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int pair[2];

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", dir);
	return server >= 0 && client >= 0 &&
	    bind(server, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    listen(server, 1) == 0 &&
	    connect(client, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 &&
	    write(pair[0], "a", 1) == 1 && close(pair[0]) == 0 &&
	    close(pair[1]) == 0 && close(server) == 0 && close(client) == 0;
}

/* What the event loop is made of. */
static bool can_wait(void)
{
	sigset_t set;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int watch = inotify_init1(IN_CLOEXEC);
	int signals;

	(void)sigemptyset(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	return epoll >= 0 && watch >= 0 && signals >= 0 &&
	    inotify_add_watch(watch, dir, IN_MODIFY) >= 0 &&
	    close(epoll) == 0 && close(watch) == 0 && close(signals) == 0 &&
	    kill(getpid(), 0) == 0;
}

static const struct {
	const char *name;
	bool (*can)(void);
} allowed[] = {
	{ "files", can_use_files },
	{ "fork", can_fork },
	{ "threads", can_start_threads },
	{ "local sockets", can_use_local_sockets },
	{ "waiting", can_wait },
};

/* --- the process inside ---------------------------------------------------------- */

static void complain(int out, const char *what, const char *name)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "%s: %s; ", name, what);

	(void)!write(out, text, (size_t)n);
}

static void check_families(int out, bool has_network)
{
	for (int family = 0; family < 64; family++) {
		bool may = family == AF_UNIX ||
		    (has_network &&
			(family == AF_INET || family == AF_INET6 ||
			    family == AF_NETLINK));
		int fd = socket(family, SOCK_DGRAM, 0);
		char name[32];

		(void)snprintf(name, sizeof(name), "family %d", family);
		if (!may && (fd >= 0 || errno != EPERM)) {
			complain(out, "is not refused", name);
		}
		/* a kernel without IPv6 says so */
		if (may && fd < 0 && errno != EAFNOSUPPORT) {
			complain(out, strerror(errno), name);
		}
		if (fd >= 0) {
			(void)close(fd);
		}
	}
	if (socket(-1, SOCK_DGRAM, 0) != -1 || errno != EPERM) {
		complain(out, "is not refused", "family -1");
	}
}

/* How it gets inside. */
enum way {
	WITHOUT_NETWORK,
	WITH_NETWORK,
	GIVES_UP_NETWORK /* a child that needs none of what its parent has */
};

static int enter(enum way way)
{
	int rc = sandbox_enter(way != WITHOUT_NETWORK);

	return rc == 1 && way == GIVES_UP_NETWORK ? sandbox_forbid_network() :
						    rc;
}

static int be_inside(int out, enum way way)
{
	int rc = enter(way);

	if (rc == 0) {
		return NO_SANDBOX;
	}
	if (rc != 1) {
		complain(out, strerror(-rc), "sandbox_enter");
		return 1;
	}
	for (size_t i = 0; i < UNIT_LEN(forbidden); i++) {
		errno = 0;
		if (forbidden[i].call() != -1 || errno != EPERM) {
			complain(out, "is not refused", forbidden[i].name);
		}
	}
	for (size_t i = 0; i < UNIT_LEN(allowed); i++) {
		errno = 0;
		if (!allowed[i].can()) {
			complain(out, strerror(errno), allowed[i].name);
		}
	}
	check_families(out, way == WITH_NETWORK);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		complain(out, "is not set", "no_new_privs");
	}
	/* a second time it is as well */
	if (enter(way) != 1) {
		complain(out, "failed", "again");
	}
	return 0;
}

static void check_inside(enum way way)
{
	char text[TEXT];
	size_t n = 0;
	ssize_t got;
	int pipes[2];
	int status;
	pid_t pid;

	/* which ends when its own calls are refused */
	if (unit_is_valgrind()) {
		print_message("# under valgrind: left out\n");
		return;
	}
	unit_tmpdir_make(dir, sizeof(dir));
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(be_inside(pipes[1], way));
	}
	(void)close(pipes[1]);
	while ((got = read(pipes[0], text + n, sizeof(text) - 1 - n)) > 0) {
		n += (size_t)got;
	}
	text[n] = '\0';
	(void)close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unit_tmpdir_remove(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX) {
		print_message("# no sandbox in this build or here: left out\n");
		return;
	}
	UNIT_STR("wrong", text, "");
	UNIT_INT("status", status, 0);
}

static void test_without_network(void **state)
{
	(void)state;
	check_inside(WITHOUT_NETWORK);
}

static void test_with_network(void **state)
{
	(void)state;
	check_inside(WITH_NETWORK);
}

static void test_gives_up_network(void **state)
{
	(void)state;
	check_inside(GIVES_UP_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_network),
		cmocka_unit_test(test_with_network),
		cmocka_unit_test(test_gives_up_network),
	};

	return UNIT_RUN(tests);
}
