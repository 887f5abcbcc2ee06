/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - telltls-milter, the daemon beside the MTA */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "milter/daemon.h"
#include "milter/daemon_private.h"

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
	int rc = options_parse(&options, argc, argv);

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
		ready = to_background();
		log_open("telltls-milter", true);
	}
	log_set_level(options.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return daemon_run(&options, &conf, ready);
}
