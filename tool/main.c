/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - telltls, the program that a person runs */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "tool/options.h"
#include "tool/tool.h"

enum {
	ERROR_MAX = 256 * 1024
};

/* One message for each line of the text. */
static void show_faults(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		log_error("%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* Reads the configuration; the default file need not be there. */
static int read_conf(struct tool *tool, const struct tool_options *o)
{
	struct strbuf error;
	int rc;

	tool->conf_path = o->conf_path != NULL ? o->conf_path : CONF_FILE;
	conf_init(&tool->conf);
	strbuf_init(&error, ERROR_MAX);
	rc = conf_read(&tool->conf, tool->conf_path, &error);
	if (rc != 0 && o->command->is_lenient) {
		conf_release(&tool->conf);
		conf_init(&tool->conf);
		rc = 0;
	} else if (rc == -ENOENT && o->conf_path == NULL) {
		rc = 0;
	} else if (rc == ERR_CONFIG) {
		show_faults(strbuf_str(&error));
	} else if (rc != 0) {
		log_error("%s: %s", tool->conf_path, err_text(rc));
	}
	strbuf_release(&error);
	return rc == 0 ? 0 : EX_CONFIG;
}

static bool wants_colour(bool is_terminal)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return is_terminal && (no_color == NULL || no_color[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static int run(const struct tool_options *o)
{
	struct tool tool = { .command = o->command };
	int rc;

	tool.now = (int64_t)time(NULL);
	tool.is_terminal = isatty(STDOUT_FILENO) == 1;
	tool.has_colour = wants_colour(tool.is_terminal);
	tool.has_progress = isatty(STDERR_FILENO) == 1;
	memcpy(tool.values, o->values, sizeof(tool.values));
	rc = read_conf(&tool, o);
	if (rc == 0) {
		tool.state = o->state != NULL ? o->state : tool.conf.state;
		rc = o->command->run(&tool, o->argc, o->argv);
	}
	conf_release(&tool.conf);
	return rc;
}

/* Was all that we have to say taken? */
static int check_output(int rc)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		log_error("cannot write the output: %s",
		    errno != 0 ? err_text(-errno) : "output error");
		return rc == EX_OK ? EX_IOERR : rc;
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct tool_options o;
	int rc;

	log_open("telltls", false);
	rc = tool_options_parse(argc, argv, &o);
	if (rc != 0) {
		return rc;
	}
	switch (o.what) {
	case TOOL_OPTIONS_HELP:
		tool_options_help(o.command, stdout);
		break;
	case TOOL_OPTIONS_VERSION:
		(void)printf("telltls %s\n", PACKAGE_VERSION);
		break;
	case TOOL_OPTIONS_RUN:
		rc = run(&o);
		break;
	}
	return check_output(rc);
}
