/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_privileges.c - tests of milter/privileges.c; what needs root is left
 * out without it
 */

#include "config.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/err.h"
#include "common/log.h"
#include "milter/privileges.h"
#include "tests/unit/unit.h"

enum {
	MANY = 64
};

static char dir[64];

static int setup(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static bool is_root(void)
{
	if (geteuid() != 0) {
		print_message("# not root: left out\n");
	}
	return geteuid() == 0;
}

/* Runs in a process of its own; its exit code tells the line that failed. */
static void in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	UNIT_TRUE("it exits", WIFEXITED(status));
	if (WEXITSTATUS(status) != 0) {
		print_error("line %d (modulo 256)\n", WEXITSTATUS(status));
	}
	UNIT_INT("line", WEXITSTATUS(status), 0);
}

/* For the child: the line of a check that does not hold. */
#define HOLDS(condition)   \
 do {                      \
  if (!(condition)) {      \
   return __LINE__ & 0xff; \
  }                        \
 } while (0)

static void test_find(void **state)
{
	struct privileges p;
	int rc = privileges_find(&p, "no-such-user-of-telltls");

	(void)state;
	if (geteuid() != 0) {
		UNIT_INT("not root: the name does not matter", rc, 0);
		UNIT_BOOL("is_root", p.is_root, false);
		UNIT_UINT("uid", p.uid, geteuid());
		UNIT_UINT("gid", p.gid, getegid());
		return;
	}
	UNIT_INT("unknown", rc, ERR_NOT_FOUND);
	UNIT_INT("nobody", privileges_find(&p, "nobody"), 0);
	UNIT_BOOL("is_root", p.is_root, true);
	UNIT_UINT("uid", p.uid, getpwnam("nobody")->pw_uid);
	UNIT_UINT("gid", p.gid, getpwnam("nobody")->pw_gid);
}

/* --- folders ------------------------------------------------------------------ */

static void check_folder(const char *name, uid_t uid, mode_t mode)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	UNIT_INT(name, lstat(path, &st), 0);
	UNIT_TRUE(name, S_ISDIR(st.st_mode));
	UNIT_INT(name, st.st_mode & 07777, mode);
	UNIT_UINT(name, st.st_uid, uid);
}

static int make(const struct privileges *p, const char *name, mode_t mode)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return privileges_make_folder(p, path, mode);
}

/* The modes are these, whatever the umask is; what is there stays. */
static void test_folders(void **state)
{
	static const mode_t masks[] = { 0, 022, 027, 077 };
	struct privileges p;
	mode_t was = umask(0);

	(void)state;
	assert_int_equal(privileges_find(&p, "nobody"), 0);
	for (size_t i = 0; i < UNIT_LEN(masks); i++) {
		char name[32];

		(void)umask(masks[i]);
		(void)snprintf(name, sizeof(name), "a%zu", i);
		UNIT_INT(name, make(&p, name, 0750), 0);
		check_folder(name, p.uid, 0750);
		UNIT_INT(name, make(&p, name, 0700), 0);
		check_folder(name, p.uid, 0750);
		(void)snprintf(name, sizeof(name), "a%zu/b/c", i);
		UNIT_INT(name, make(&p, name, 0700), 0);
		check_folder(name, p.uid, 0700);
		*strrchr(name, '/') = '\0';
		check_folder(name, p.uid, 0755);
		*strrchr(name, '/') = '\0';
		check_folder(name, p.uid, 0750);
		(void)snprintf(name, sizeof(name), "//s%zu//t//", i);
		UNIT_INT(name, make(&p, name, 0710), 0);
		(void)snprintf(name, sizeof(name), "s%zu/t", i);
		check_folder(name, p.uid, 0710);
	}
	(void)umask(was);
}

/* What was there before belongs to whom it did. */
static void test_folders_there(void **state)
{
	struct privileges p;
	char path[128];

	(void)state;
	assert_int_equal(privileges_find(&p, "nobody"), 0);
	(void)snprintf(path, sizeof(path), "%s/there", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0711), 0);
	UNIT_INT("there", make(&p, "there", 0755), 0);
	check_folder("there", geteuid(), 0711);
	UNIT_INT("below", make(&p, "there/below", 0750), 0);
	check_folder("there", geteuid(), 0711);
	check_folder("there/below", p.uid, 0750);
	/* a link to it is as good */
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("there", path), 0);
	UNIT_INT("link", make(&p, "link", 0700), 0);
	UNIT_INT("link", make(&p, "link/other", 0700), 0);
	check_folder("there/other", p.uid, 0700);
	check_folder("there", geteuid(), 0711);
	/* a file is none */
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	UNIT_INT("file", make(&p, "file/below", 0700), -ENOTDIR);
	UNIT_INT("too long",
	    privileges_make_folder(&p,
		"/tmp/"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		0700),
	    -ENAMETOOLONG);
}

/* --- becoming somebody ----------------------------------------------------------- */

static bool has_group(gid_t group)
{
	gid_t groups[MANY];
	int n = getgroups(MANY, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == group) {
			return true;
		}
	}
	return false;
}

/* A line "NAME:\tVALUE" of /proc/self/status. */
static bool status_is(const char *name, const char *value)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	bool is = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) == 0 && line[n] == ':') {
			line[strcspn(line, "\n")] = '\0';
			is = strcmp(line + n + 2, value) == 0;
		}
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	return is;
}

#define NO_CAPABILITY "0000000000000000"

/* Is there no way back to root? */
static int check_gone(const struct privileges *p)
{
	uid_t uid[3];
	gid_t gid[3];

	HOLDS(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	HOLDS(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	for (int i = 0; i < 3; i++) {
		HOLDS(uid[i] == p->uid && gid[i] == p->gid);
	}
	HOLDS(setuid(0) == -1 && errno == EPERM);
	HOLDS(seteuid(0) == -1 && errno == EPERM);
	HOLDS(setresuid(0, (uid_t)-1, (uid_t)-1) == -1);
	HOLDS(setgid(0) == -1 && errno == EPERM);
	HOLDS(setgroups(0, NULL) == -1 && errno == EPERM);
	return 0;
}

static bool has_group_named(const char *name)
{
	const struct group *gr = getgrnam(name);

	return gr == NULL || has_group(gr->gr_gid);
}

static int become_nobody(void)
{
	const char *const groups[] = { "adm", "no-such-group-of-telltls",
		"daemon", NULL };
	struct privileges p;
	char path[128];
	int line;

	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	HOLDS(close(open(path, O_CREAT | O_WRONLY, 0600)) == 0);
	HOLDS(privileges_find(&p, "nobody") == 0);
	HOLDS(privileges_drop(&p, "nobody", groups) == 0);
	line = check_gone(&p);
	if (line != 0) {
		return line;
	}
	HOLDS(open(path, O_RDONLY) == -1 && errno == EACCES);
	HOLDS(status_is("CapEff", NO_CAPABILITY));
	HOLDS(status_is("CapPrm", NO_CAPABILITY));
	HOLDS(status_is("NoNewPrivs", "1"));
	/* groups: those asked for, and no other of root's */
	HOLDS(!has_group(0));
	HOLDS(has_group_named("adm") && has_group_named("daemon"));
	HOLDS(getgroups(0, NULL) <= 4);
	return 0;
}

static int become_nobody_without_groups(void)
{
	struct privileges p;

	HOLDS(privileges_find(&p, "nobody") == 0);
	HOLDS(privileges_drop(&p, "nobody", NULL) == 0);
	HOLDS(getuid() == p.uid && getgid() == p.gid);
	HOLDS(getgroups(0, NULL) == 1 && has_group(p.gid));
	return 0;
}

/* Root is no user to become: that would not give up anything. */
static int become_root(void)
{
	struct privileges p;

	HOLDS(privileges_find(&p, "root") == 0);
	HOLDS(p.is_root && p.uid == 0);
	HOLDS(privileges_drop(&p, "root", NULL) == -EPERM);
	return 0;
}

/* More groups than there is room for: none of root's is kept. */
static int become_with_many_groups(void)
{
	const char *groups[2 * MANY + 1] = { NULL };
	struct privileges p;

	for (int i = 0; i < 2 * MANY; i++) {
		groups[i] = "daemon";
	}
	HOLDS(privileges_find(&p, "nobody") == 0);
	HOLDS(privileges_drop(&p, "nobody", groups) == 0);
	HOLDS(!has_group(0));
	HOLDS(getuid() == p.uid);
	return 0;
}

static int stay(void)
{
	struct privileges p;
	uid_t uid;

	if (geteuid() == 0) {
		HOLDS(setgid(65534) == 0 && setuid(65534) == 0);
	}
	uid = getuid();
	HOLDS(privileges_find(&p, "root") == 0);
	HOLDS(!p.is_root && p.uid == uid);
	HOLDS(privileges_drop(&p, "root", NULL) == 0);
	HOLDS(getuid() == uid && geteuid() == uid);
	HOLDS(status_is("NoNewPrivs", "1"));
	return 0;
}

static void test_drop(void **state)
{
	(void)state;
	if (is_root()) {
		in_child(become_nobody);
		in_child(become_nobody_without_groups);
		in_child(become_with_many_groups);
	}
}

static void test_root(void **state)
{
	(void)state;
	if (is_root()) {
		in_child(become_root);
	}
}

static void test_not_root(void **state)
{
	(void)state;
	in_child(stay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_folders_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_not_root),
	};

	log_open("unit", false);
	log_set_level(LOG_LEVEL_WARN);
	return UNIT_RUN(tests);
}
