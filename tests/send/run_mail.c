/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_mail.c - hands mails to an MTA as it is told, for tests
 *
 *	run_mail CONFIGURATION
 *
 * A line of standard input is "LABEL FROM TO FILE". Of each a line is printed:
 * "LABEL END RETRY-AFTER ANSWER".
 */

#include "config.h"

#include "send/mailer.h"
#include "tests/send/run_kit.h"

int main(int argc, char **argv)
{
	struct mailer *m;
	struct strbuf error;
	struct conf c;
	char line[RUN_LINE];
	char *word[4];

	run_begin(argc, argv, &c);
	strbuf_init(&error, RUN_LINE);
	if (mailer_open(&c, &m, &error) != 0) {
		(void)printf("%s\n", strbuf_str(&error));
		m = NULL;
	}
	while (m != NULL && run_line(line, word, 4)) {
		struct attempt result;
		struct view message = run_file(word[3]);

		union {
			const char *in;
			char *out;
		} body = { message.s };

		mailer_send(m, word[1], word[2], message, &result);
		run_print(word[0], &result);
		free(body.out);
	}
	mailer_close(m);
	strbuf_release(&error);
	conf_release(&c);
	return 0;
}
