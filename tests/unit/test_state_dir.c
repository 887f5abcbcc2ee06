/* SPDX-License-Identifier: BSD-2-Clause */
/* test_state_dir.c - tests common/state_dir.c */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "common/state_dir.h"
#include "tests/unit/unit.h"

enum {
	SOMEBODY = 65534
};

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static void test_make(void **state)
{
	static char long_name[PATH_MAX];
	char path[100];
	struct stat st;

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	(void)umask(0);
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	UNIT_INT("make", state_dir_make(path), 0);
	UNIT_INT("mode", stat(path, &st), 0);
	UNIT_UINT("mode", st.st_mode & 07777, 0750);
	UNIT_INT("chmod", chmod(path, 0700), 0);
	UNIT_INT("again", state_dir_make(path), 0);
	UNIT_INT("again", stat(path, &st), 0);
	UNIT_UINT("left as it is", st.st_mode & 07777, 0700);
	UNIT_INT("no parent", state_dir_make("/nonexistent/a"), -ENOENT);
	UNIT_INT("too long", state_dir_make(long_name), -ENAMETOOLONG);
}

/* Root's work is the owner's; anybody else's stays his own. */
static void test_give(void **state)
{
	uid_t want = geteuid() == 0 ? SOMEBODY : geteuid();
	char path[100];
	struct stat st;
	int fd;

	(void)state;
	if (geteuid() == 0) {
		UNIT_INT("chown", chown(dir, SOMEBODY, SOMEBODY), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	UNIT_INT("make", state_dir_make(path), 0);
	UNIT_INT("folder", stat(path, &st), 0);
	UNIT_UINT("folder", st.st_uid, want);
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	UNIT_TRUE("file", fd >= 0);
	UNIT_INT("give", state_dir_give(path, fd), 0);
	UNIT_INT("file", fstat(fd, &st), 0);
	UNIT_UINT("file", st.st_uid, want);
	if (geteuid() == 0) {
		UNIT_UINT("group", st.st_gid, SOMEBODY);
		UNIT_INT("none", state_dir_give("/nonexistent/f", fd), -ENOENT);
	}
	UNIT_INT("close", close(fd), 0);
}

/* What is there already is not given away: its owner may have put it there. */
static void test_open(void **state)
{
	bool is_root = geteuid() == 0;
	char path[100];
	char link[100];
	struct stat st;
	int fd;

	(void)state;
	if (is_root) {
		UNIT_INT("chown", chown(dir, SOMEBODY, SOMEBODY), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	for (int i = 0; i < 2; i++) {
		fd = state_dir_open(path, O_RDWR);
		UNIT_TRUE("open", fd >= 0);
		UNIT_INT("file", fstat(fd, &st), 0);
		UNIT_UINT("mode", st.st_mode & 07777, 0640);
		UNIT_UINT("file", st.st_uid,
		    i == 0 && is_root ? SOMEBODY : geteuid());
		UNIT_INT("chown", fchown(fd, geteuid(), (gid_t)-1), 0);
		UNIT_INT("close", close(fd), 0);
	}
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	UNIT_INT("link", symlink(path, link), 0);
	UNIT_INT("a link", state_dir_open(link, O_RDWR), -ELOOP);
	UNIT_INT("a folder", state_dir_open(dir, O_RDWR), -EISDIR);
	UNIT_INT("none", state_dir_open("/nonexistent/f", O_RDWR), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_give, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
