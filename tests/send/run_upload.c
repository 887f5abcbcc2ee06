/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_upload.c - uploads reports as it is told, for tests
 *
 *	run_upload CONFIGURATION
 *
 * A line of standard input is "LABEL URL FILE". All are uploaded at once; of
 * each a line is printed when it has ended: "LABEL END RETRY-AFTER ANSWER". A
 * line "- - -" waits until all have ended.
 */

#include "config.h"

#include "send/uploads.h"
#include "tests/send/run_kit.h"

struct task {
	char line[RUN_LINE];
	char *word[3];
	struct view body;
};

static void on_end(void *ctx, const struct attempt *result)
{
	struct task *task = ctx;

	union {
		const char *in;
		char *out;
	} body = { task->body.s };

	run_print(task->word[0], result);
	free(body.out);
	free(task);
}

static void start(struct uploads *u, struct task *task)
{
	int rc;

	task->body = run_file(task->word[2]);
	while ((rc = upload_start(
		    u, task->word[1], task->body, on_end, task)) == -EBUSY) {
		(void)uploads_wait(u, false);
	}
	run_check(rc, task->word[1]);
}

int main(int argc, char **argv)
{
	struct uploads *u;
	struct strbuf error;
	struct conf c;
	struct task *task = xcalloc(1, sizeof(*task));

	run_begin(argc, argv, &c);
	strbuf_init(&error, RUN_LINE);
	if (uploads_open(&c, &u, &error) != 0) {
		(void)printf("%s\n", strbuf_str(&error));
		u = NULL;
	}
	while (u != NULL && run_line(task->line, task->word, 3)) {
		if (strcmp(task->word[0], "-") == 0) {
			(void)uploads_wait(u, true);
			continue;
		}
		start(u, task);
		task = xcalloc(1, sizeof(*task));
	}
	if (u != NULL) {
		(void)uploads_wait(u, true);
	}
	free(task);
	uploads_close(u);
	strbuf_release(&error);
	conf_release(&c);
	return 0;
}
