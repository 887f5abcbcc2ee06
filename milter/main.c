/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - telltls-milter, the daemon beside the MTA */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/strbuf.h"
#include "milter/daemon.h"
#include "milter/daemon_private.h"

/*
 * A descriptor that was closed when we were started must not become one of our
 * files: what is written to standard error would go there.
 */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0) {
		(void)close(fd);
	}
}

/*
 * A path that will be looked at again, from elsewhere: in the background the
 * working directory is "/". Freed by the end of the process; NULL stays.
 */
static const char *absolute(const char *path)
{
	char *folder = path != NULL && path[0] != '/' ? getcwd(NULL, 0) : NULL;
	struct strbuf out;

	if (folder == NULL) {
		return path;
	}
	strbuf_init(&out, strlen(folder) + strlen(path) + 1);
	strbuf_addf(&out, "%s/%s", folder, path);
	free(folder);
	return out.s;
}

/*
 * Goes to the background. In the process that the shell started it does not
 * return: that one waits until all runs, and tells by its exit code whether
 * it does.
 */
static int to_background(void)
{
	int pipes[2];
	pid_t pid;
	int null;
	char byte;

	if (pipe2(pipes, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		log_error("cannot start error=\"%s\"", strerror(errno));
		_exit(EX_OSERR);
	}
	if (pid > 0) {
		(void)close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) == 1 ? EX_OK : EX_UNAVAILABLE);
	}
	(void)close(pipes[0]);
	(void)setsid();
	(void)!chdir("/");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++) {
		(void)dup2(null, fd);
	}
	return pipes[1];
}

int main(int argc, char **argv)
{
	struct options options;
	struct conf conf;
	int ready = -1;
	int rc;

	open_standard();
	rc = options_parse(&options, argc, argv);
	if (rc >= 0) {
		return rc;
	}
	log_open("telltls-milter", false);
	rc = daemon_read_conf(&options, &conf);
	if (rc != EX_OK || options.only_check) {
		if (rc == EX_OK) {
			conf_release(&conf);
			(void)printf("%s is right.\n", options.config);
		}
		return rc;
	}
	if (!options.is_foreground) {
		options.config = absolute(options.config);
		options.state = absolute(options.state);
		ready = to_background();
		log_open("telltls-milter", true);
	}
	log_set_level(options.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return daemon_run(&options, &conf, ready);
}
