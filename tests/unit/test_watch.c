/* SPDX-License-Identifier: BSD-2-Clause */
/* test_watch.c - tests of milter/watch.c: what is news, and where there is none */

#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include "common/log.h"
#include "milter/watch.h"
#include "tests/unit/unit.h"

enum {
	LIMIT_MS = 20000, /* what takes longer hangs */
	PATH_BUF = 128
};

struct site {
	char dir[64];
	char log[PATH_BUF];
	char other[PATH_BUF];
	struct watch *w; /* of the log's folder, when the log is there */
};

static void append(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "line\n", 5), 5);
	(void)close(fd);
}

static bool has_news(const struct watch *w, int timeout_ms)
{
	struct pollfd p = { .fd = watch_fd(w), .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void make(struct site *s)
{
	unit_tmpdir_make(s->dir, sizeof(s->dir));
	(void)snprintf(s->log, sizeof(s->log), "%s/mail.log", s->dir);
	(void)snprintf(s->other, sizeof(s->other), "%s/mail.log.1", s->dir);
	append(s->log);
	s->w = watch_new();
	UNIT_TRUE("inotify works here", watch_fd(s->w) >= 0);
}

static void done(struct site *s)
{
	watch_free(s->w);
	unit_tmpdir_remove(s->dir);
}

static void do_append(const struct site *s)
{
	append(s->log);
}

static void do_create(const struct site *s)
{
	int fd = open(s->other, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void do_rename(const struct site *s)
{
	assert_int_equal(rename(s->log, s->other), 0);
}

static void do_truncate(const struct site *s)
{
	assert_int_equal(truncate(s->log, 0), 0);
}

/* Each step is news once, however often the folder was asked for. */
static void test_news(void **state)
{
	static const struct {
		const char *name;
		void (*step)(const struct site *s);
	} table[] = {
		{ "append", do_append },
		{ "create", do_create },
		{ "rename", do_rename },
		{ "truncate", do_truncate },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct site s;

		make(&s);
		for (int n = 0; n < 2; n++) {
			watch_add_folder_of(s.w, s.log);
		}
		UNIT_BOOL("before", has_news(s.w, 0), false);
		table[i].step(&s);
		UNIT_BOOL(table[i].name, has_news(s.w, LIMIT_MS), true);
		watch_drain(s.w);
		UNIT_BOOL("taken", has_news(s.w, 0), false);
		append(s.log);
		UNIT_BOOL("and on", has_news(s.w, LIMIT_MS), true);
		done(&s);
	}
}

/* The folder of "name" is where we are, of "/name" the root. */
static void test_folder(void **state)
{
	struct site s;
	int cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	make(&s);
	watch_add_folder_of(s.w, "/mail.log");
	append(s.log);
	UNIT_BOOL("another folder", has_news(s.w, 0), false);
	assert_int_equal(chdir(s.dir), 0);
	watch_add_folder_of(s.w, "mail.log");
	assert_int_equal(fchdir(cwd), 0);
	append(s.log);
	UNIT_BOOL("relative", has_news(s.w, LIMIT_MS), true);
	(void)close(cwd);
	done(&s);
}

/* What a call says, which goes to standard error. */
static void start_hearing(FILE **out, int *saved)
{
	*out = tmpfile();
	assert_non_null(*out);
	*saved = dup(STDERR_FILENO);
	assert_true(dup2(fileno(*out), STDERR_FILENO) >= 0);
}

static void stop_hearing(FILE *out, int saved, char *text, size_t size)
{
	size_t n;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	rewind(out);
	n = fread(text, 1, size - 1, out);
	text[n] = '\0';
	(void)fclose(out);
}

static void test_no_folder(void **state)
{
	char path[PATH_BUF];
	char text[512];
	char want[512];
	struct site s;
	FILE *out;
	int saved;

	(void)state;
	make(&s);
	/* missing, and a file */
	for (int i = 0; i < 2; i++) {
		const char *error =
		    i == 0 ? "No such file or directory" : "Not a directory";

		(void)snprintf(path, sizeof(path), "%s/%s", s.dir,
		    i == 0 ? "none/mail.log" : "mail.log/x");
		(void)snprintf(want, sizeof(want),
		    "unit: info: folder is polled, not watched folder=%s/%s "
		    "error=\"%s\"\n",
		    s.dir, i == 0 ? "none" : "mail.log", error);
		start_hearing(&out, &saved);
		watch_add_folder_of(s.w, path);
		stop_hearing(out, saved, text, sizeof(text));
		UNIT_STR(error, text, want);
	}
	UNIT_BOOL("news of none", has_news(s.w, 0), false);
	/* others are watched all the same */
	watch_add_folder_of(s.w, s.log);
	append(s.log);
	UNIT_BOOL("of another", has_news(s.w, LIMIT_MS), true);
	done(&s);
}

static void test_no_inotify(void **state)
{
	char text[512];
	struct rlimit was;
	struct rlimit none;
	struct watch *w;
	FILE *out;
	int saved;

	(void)state;
	start_hearing(&out, &saved);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	w = watch_new();
	watch_add_folder_of(w, "/mail.log"); /* has been said already */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	stop_hearing(out, saved, text, sizeof(text));
	UNIT_INT("no descriptor", watch_fd(w), -1);
	UNIT_STR("said", text,
	    "unit: info: logs are polled, not watched "
	    "error=\"Too many open files\"\n");
	watch_drain(w);
	watch_free(w);
	watch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_no_inotify),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
