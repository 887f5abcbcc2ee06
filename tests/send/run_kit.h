/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SEND_RUN_KIT_H
#define TESTS_SEND_RUN_KIT_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "send/attempt.h"

/* What run_mail.c and run_upload.c have in common. */

enum {
	RUN_LINE = 4096
};

static inline void run_check(int rc, const char *what)
{
	if (rc < 0) {
		(void)fprintf(stderr, "%s: %s\n", what, err_text(rc));
		exit(1);
	}
}

/* The configuration in the file that is the only argument. */
static inline void run_begin(int argc, char **argv, struct conf *c)
{
	struct strbuf error;

	(void)signal(SIGPIPE, SIG_IGN);
	log_open("run", false);
	strbuf_init(&error, RUN_LINE);
	conf_init(c);
	run_check(argc == 2 ? 0 : ERR_PARSE, "usage: CONFIGURATION");
	run_check(conf_read(c, argv[1], &error), strbuf_str(&error));
	strbuf_release(&error);
}

/* The next line, cut into n words; false at the end. */
static inline bool run_line(char line[RUN_LINE], char **words, size_t n)
{
	char *left = line;

	if (fgets(line, RUN_LINE, stdin) == NULL) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		words[i] = strsep(&left, " \n");
		run_check(words[i] != NULL ? 0 : ERR_PARSE, line);
	}
	return true;
}

static inline struct view run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *buf;
	long size;

	run_check(f != NULL ? 0 : ERR_NOT_FOUND, path);
	run_check(fseek(f, 0, SEEK_END), path);
	size = ftell(f);
	run_check(size >= 0 ? fseek(f, 0, SEEK_SET) : ERR_TEMP, path);
	buf = xmalloc((size_t)size + 1);
	size = (long)fread(buf, 1, (size_t)size, f);
	(void)fclose(f);
	return view_make(buf, (size_t)size);
}

static inline void run_print(const char *label, const struct attempt *a)
{
	static const char *const ends[] = { "accepted", "retry", "refused",
		"ours", "this", "put-off" };

	(void)printf("%s %s %lld %s\n", label, ends[a->end],
	    (long long)a->retry_after_s, a->answer);
	(void)fflush(stdout);
}

#endif
