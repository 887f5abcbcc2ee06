/* SPDX-License-Identifier: BSD-2-Clause */
/* test_follow.c - a log that grows, is rotated and truncated, exactly once */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "common/err.h"
#include "milter/follow.h"
#include "tests/unit/feed_kit.h"

/*
 * A log daemon, logrotate and we, one step after the other. A step is a
 * letter:
 *	w	a few lines are written
 *	h	a part of a line is written
 *	m	the log is renamed to .1 (.1 to .2 ...); the log daemon still has
 *		it open
 *	n	the new file is made
 *	c	the log daemon ends its line and takes the new file
 *	k K	the log is copied to .1, whole or a part of it
 *	x	it is truncated
 *	z Z	.1 is compressed, a part of it or whole; the original stays
 *	d	the original goes
 *	b	somebody copies the log to mail.log.bak
 *	p P	we look; after all that was renamed became quiet
 *	R	we are killed, and start again
 *	.	all is read: we must say so; , it is not
 */
struct site {
	char state[96];
	char log[96];
	const struct strbuf *text; /* of the log */
	size_t at;                 /* of it, written */
	char open[128];            /* the file that is written to */
	int rotated;
	bool is_copying; /* it is in .1 in part */
	struct store *store;
	struct feed *feed;
	struct follow *follow;
};

static void start(struct site *s)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};

	assert_int_equal(store_open(s->state, &limits, &s->store), 0);
	assert_int_equal(feed_open(s->store, &o, &s->feed), 0);
	UNIT_INT("follow_open", follow_open(s->feed, s->log, &s->follow), 0);
}

static void stop(struct site *s)
{
	follow_close(s->follow);
	feed_close(s->feed);
	store_close(s->store);
}

/* Looks, so long after now. */
static void look(struct site *s, int later_s)
{
	int64_t now = (int64_t)time(NULL) + later_s;

	UNIT_TRUE("follow_poll", follow_poll(s->follow, now) >= 0);
}

/* The first look may find something to read, and then it is not quiet. */
static void look_later(struct site *s)
{
	look(s, FOLLOW_GRACE_S + 1);
	look(s, 2 * (FOLLOW_GRACE_S + 1));
}

/* "mail.log.1" etc.; ".0" is the log itself. */
static const char *file_of(
    const struct site *s, int number, const char *suffix, char out[128])
{
	if (number == 0) {
		(void)snprintf(out, 128, "%s", s->log);
	} else {
		(void)snprintf(out, 128, "%s.%d%s", s->log, number, suffix);
	}
	return out;
}

/* logrotate moves what is older first. */
static void shift(struct site *s)
{
	static const char *const suffixes[] = { "", ".gz" };
	char from[128];
	char to[128];

	for (int i = s->rotated++; i > 0; i--) {
		for (size_t k = 0; k < UNIT_LEN(suffixes); k++) {
			(void)rename(file_of(s, i, suffixes[k], from),
			    file_of(s, i + 1, suffixes[k], to));
		}
	}
}

/* A file that is done was last changed when its last line was written. */
static void set_time(const struct site *s, const char *path)
{
	struct timespec times[2] = { { 0 } };

	times[0].tv_sec = UNTIL - WHEN_DAY_S + s->rotated;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void append(struct site *s, size_t n)
{
	n = n > s->text->len - s->at ? s->text->len - s->at : n;
	write_file(s->open, s->text->s + s->at, n, "a");
	s->at += n;
}

static void end_line(struct site *s)
{
	const char *end;

	if (s->at > 0 && s->text->s[s->at - 1] != '\n') {
		end = memchr(s->text->s + s->at, '\n', s->text->len - s->at);
		append(s, (size_t)(end - (s->text->s + s->at)) + 1);
	}
}

/* A copy of a file, or of its first part. */
static void copy(
    const char *from, const char *to, bool is_compressed, bool is_whole)
{
	static char text[TEXT_MAX];
	struct strbuf gz;
	FILE *f = fopen(from, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	strbuf_init(&gz, TEXT_MAX);
	if (is_compressed) {
		assert_int_equal(gzip_compress(text, n, &gz), 0);
		n = gz.len;
	}
	write_file(to, is_compressed ? strbuf_str(&gz) : text,
	    is_whole ? n : n / 2, "w");
	strbuf_release(&gz);
}

static void rotate(struct site *s, char what)
{
	char one[128];
	char gz[128];

	(void)file_of(s, 1, "", one);
	(void)file_of(s, 1, ".gz", gz);
	switch (what) {
	case 'm':
		shift(s);
		assert_int_equal(rename(s->log, one), 0);
		memcpy(s->open, one, sizeof(one));
		break;
	case 'n':
		write_file(s->log, "", 0, "a");
		break;
	case 'c':
		end_line(s);
		set_time(s, s->open);
		(void)file_of(s, 0, "", s->open);
		break;
	case 'K':
	case 'k':
		end_line(s);
		if (!s->is_copying) {
			shift(s);
		}
		copy(s->log, one, false, what == 'k');
		s->is_copying = what == 'K';
		break;
	case 'x':
		assert_int_equal(truncate(s->log, 0), 0);
		set_time(s, one);
		break;
	case 'z':
	case 'Z':
		copy(one, gz, true, what == 'Z');
		break;
	default:
		assert_int_equal(unlink(one), 0);
		set_time(s, gz);
		break;
	}
}

static void do_step(struct site *s, const char *name, char what)
{
	char other[128];

	switch (what) {
	case 'w':
		append(s, 1500);
		end_line(s);
		break;
	case 'h':
		append(s, 20);
		break;
	case 'b':
		(void)snprintf(other, sizeof(other), "%s.bak", s->log);
		copy(s->log, other, false, true);
		break;
	case 'p':
		look(s, 0);
		break;
	case 'P':
		look_later(s);
		break;
	case 'R':
		stop(s);
		start(s);
		break;
	case '.':
	case ',':
		UNIT_BOOL(name, follow_is_at_end(s->follow), what == '.');
		break;
	case ' ':
		break;
	default:
		rotate(s, what);
		break;
	}
}

static void begin(struct site *s, const char *name, const struct strbuf *log)
{
	*s = (struct site){ .text = log };
	unit_tmpdir_remove(dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	path_of(s->state, sizeof(s->state), name);
	path_of(s->log, sizeof(s->log), "mail.log");
	(void)file_of(s, 0, "", s->open);
	write_file(s->log, "", 0, "w");
	start(s);
}

/* Writes the rest, and reads it. */
static void end(struct site *s, const char *name, struct strbuf *got)
{
	append(s, s->text->len);
	look(s, 0);
	look_later(s);
	UNIT_BOOL(name, follow_is_at_end(s->follow), true);
	UNIT_UINT(name, follow_lag(s->follow), 0);
	assert_int_equal(feed_finish(s->feed), 0);
	stop(s);
	dump(s->state, got);
}

struct texts {
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;
};

static void texts_init(struct texts *t)
{
	struct site s;

	strbuf_init(&t->log, TEXT_MAX);
	strbuf_init(&t->want, TEXT_MAX);
	strbuf_init(&t->got, TEXT_MAX);
	read_recording_often(&t->log);
	begin(&s, "truth", &t->log);
	end(&s, "truth", &t->want);
	assert_true(t->want.len > 1000);
}

static void texts_release(struct texts *t)
{
	strbuf_release(&t->log);
	strbuf_release(&t->want);
	strbuf_release(&t->got);
}

static void test_scripts(void **state)
{
	static const struct {
		const char *name;
		const char *steps;
	} table[] = {
		{ "grows", "wp. hp, wp. w, P." },
		{ "restarts", "wp wR p. hR wR" },
		{ "renamed", "wp w m w n w c w p, P." },
		{ "renamed, no new file", "wp w m w p, P. w P. n P. c w P." },
		{ "renamed, new file late", "wp m P. w P. R w P. n P. c w P." },
		{ "renamed twice", "wp m n c w m n c w P." },
		{ "renamed twice, the first time empty",
		    "wp m n c m n c w P. w" },
		{ "renamed twice, still written to",
		    "wp m n c w m n h p P R p w c w P." },
		/* the rest of its last line was lost */
		{ "renamed in a line, then killed", "wp w h m n R h p c w P." },
		{ "killed, renamed in a line", "wp h m n h R R c w R w P." },
		{ "renamed while nobody looks",
		    "wp w m n c w m n c w m n c w R p P." },
		{ "copied and truncated", "wp w k x w p. w k x p. w" },
		{ "truncated before it was read",
		    "wp k x w k x w k x w p, P." },
		{ "truncated when it was empty", "wp k x k x w p, P." },
		{ "truncated while nobody looks", "wp w k x w k x w R P." },
		/* each of these was counted twice */
		{ "killed before the copy is truncated",
		    "wp w k R p. p x w p P." },
		{ "killed while it is copied", "wp w K R p. k p x w p P." },
		{ "killed behind the truncation", "wp w k x R w R p P." },
		{ "truncated, copied while we stand in an older one",
		    "wp m n c w K R P k P x w P." },
		{ "a copy beside", "wp w b R w p. b w R p." },
		{ "a copy beside, renamed", "wp w b w m n c w R P. w R P." },
		{ "is being compressed", "wp w m n c w z P. R w p. Z R w" },
		{ "is compressed", "wp w m n c w Z R P. d R w P." },
		{ "is compressed before it is left",
		    "wp w m n c w Z p d w P. w" },
		{ "an older one is being compressed",
		    "wp w m n c w P z m n c w R P. w" },
		{ "compressed while nobody looks",
		    "wp w m n c w Z d m n c w Z d R p P." },
	};
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct site s;

		begin(&s, "script", &t.log);
		for (const char *c = table[i].steps; *c != '\0'; c++) {
			do_step(&s, table[i].name, *c);
		}
		end(&s, table[i].name, &t.got);
		UNIT_STR(
		    table[i].name, strbuf_str(&t.got), strbuf_str(&t.want));
	}
	texts_release(&t);
}

/* One random life of a log. */
static void live(unsigned seed, struct texts *t)
{
	/* what is done at once, and between it what is done in any order */
	static const char *const rotations[] = { "m n c", "m h R n h p h c",
		"m n w R c", "k x", "K p k R x", "k R x", "z Z d", "z R Z R d",
		"m p w P n R c" };
	static const char others[] = "wwwhhhpppPR";
	struct site s;
	char name[32];
	unsigned random = seed;

	(void)snprintf(name, sizeof(name), "seed %u", seed);
	begin(&s, "life", &t->log);
	/* a new feed begins with the file that is there */
	do_step(&s, name, 'w');
	do_step(&s, name, 'p');
	while (s.at < t->log.len) {
		const char *steps;
		char one[128];

		random = random * 1664525U + 1013904223U;
		steps = rotations[(random >> 8) % UNIT_LEN(rotations)];
		if ((random >> 16) % 16 > 0 ||
		    (steps[0] == 'z' &&
			access(file_of(&s, 1, "", one), F_OK) != 0)) {
			do_step(&s, name,
			    others[(random >> 8) % (sizeof(others) - 1)]);
			continue;
		}
		for (; *steps != '\0'; steps++) {
			do_step(&s, name, *steps);
		}
	}
	end(&s, name, &t->got);
	UNIT_STR(name, strbuf_str(&t->got), strbuf_str(&t->want));
}

static void test_lives(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	for (unsigned seed = 1; seed <= (unit_is_valgrind() ? 6U : 60U);
	     seed++) {
		live(seed, &t);
	}
	texts_release(&t);
}

/* What is gone is counted as a gap, once, and what follows is read. */
static void test_gaps(void **state)
{
	/* a row reads in the order of time */
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		const char *name;
		const char *steps;
		bool is_removed; /* what was renamed, then */
		const char *then;
		unsigned gaps;
	} table[] = {
		{ "none", "wp m n c w", false, "R P w P.", 0 },
		{ "truncated", "wp w x w", false, "p. w p. R p.", 1 },
		{ "truncated, then killed", "wp w x w", false, "R p R p", 1 },
		{ "what was not read is gone", "wp w m n c w", true,
		    "R p. R p. w p.", 1 },
	};
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct site s;
		char one[128];
		char want[32];
		const char *found;

		begin(&s, "gap", &t.log);
		write_file(file_of(&s, 1, "", one), "", 0, "w");
		for (const char *c = table[i].steps; *c != '\0'; c++) {
			do_step(&s, table[i].name, *c);
		}
		if (table[i].is_removed) {
			assert_int_equal(unlink(one), 0);
		}
		for (const char *c = table[i].then; *c != '\0'; c++) {
			do_step(&s, table[i].name, *c);
		}
		stop(&s);
		dump(s.state, &t.got);
		(void)snprintf(want, sizeof(want), "gap: %u\n", table[i].gaps);
		found = strstr(strbuf_str(&t.got), "gap: ");
		UNIT_BOOL(table[i].name, found != NULL, table[i].gaps > 0);
		if (found != NULL) {
			UNIT_MEM(table[i].name, found, strlen(want), want,
			    strlen(want));
		}
	}
	texts_release(&t);
}

/* A file that others write to as well is left when all of them have. */
static void test_grace(void **state)
{
	struct texts t;
	struct site s;
	struct stat st;

	(void)state;
	texts_init(&t);
	begin(&s, "grace", &t.log);
	do_step(&s, "before", 'w');
	do_step(&s, "before", 'p');
	for (const char *c = "mnw"; *c != '\0'; c++) {
		do_step(&s, "renamed", *c);
	}
	(void)file_of(&s, 0, "", s.open);
	do_step(&s, "first line of the new one", 'w');
	assert_int_equal(stat(file_of(&s, 1, "", s.open), &st), 0);
	UNIT_TRUE("poll",
	    follow_poll(s.follow, st.st_ctime + FOLLOW_GRACE_S - 1) > 0);
	UNIT_BOOL("not left", follow_is_at_end(s.follow), false);
	stop(&s);
	start(&s);
	UNIT_INT("poll again",
	    follow_poll(s.follow, st.st_ctime + FOLLOW_GRACE_S - 1), 0);
	UNIT_TRUE(
	    "left", follow_poll(s.follow, st.st_ctime + FOLLOW_GRACE_S) > 0);
	UNIT_BOOL("at end", follow_is_at_end(s.follow), true);
	stop(&s);
	texts_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
	};

	return UNIT_RUN(tests);
}
