/* SPDX-License-Identifier: BSD-2-Clause */
/* program.c - telltls-report, from the command line to the exit code */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/state_dir.h"
#include "reporter/options.h"
#include "reporter/program.h"
#include "reporter/run.h"

/* Returns 0 or an exit code; what is wrong goes to standard error. */
static int read_conf(const struct options *o, struct conf *conf)
{
	struct strbuf error;
	int rc;

	strbuf_init(&error, 65536);
	rc = conf_read(conf, o->config, &error);
	if (rc == 0) {
		rc = conf_check_reports(conf, o->config, &error);
	}
	if (rc == 0 && o->dry_run == NULL) {
		rc = conf_check_dkim(conf, o->config, &error);
	}
	if (rc != 0 && error.len == 0) {
		strbuf_addf(&error, "%s: %s\n", o->config, err_text(rc));
	}
	if (rc != 0) {
		(void)fputs(strbuf_str(&error), stderr);
	}
	strbuf_release(&error);
	return rc == 0 ? 0 : EX_CONFIG;
}

/*
 * What root made in the state directory, the runs of cron could not change. A
 * dry run only reads there, and writes where the person who started it says.
 */
static int leave_root(const struct options *o, const struct conf *conf)
{
	const char *state = o->state != NULL ? o->state : conf->state;
	int rc = o->dry_run != NULL ? 0 : state_dir_become_owner(state);

	if (rc == 0 || rc == -ENOENT) {
		return 0; /* without a state there is nothing to make */
	}
	log_error(
	    "cannot become the owner of state=%s: %s", state, err_text(rc));
	return EX_NOPERM;
}

int program_main(int argc, char **argv, int64_t now, const struct step *step)
{
	struct options options;
	struct conf conf;
	int rc;

	rc = options_parse(&options, argc, argv);
	if (rc >= 0) {
		return rc;
	}
	(void)umask(027);               /* nothing of ours is for everybody */
	(void)signal(SIGPIPE, SIG_IGN); /* a host that hangs up is no death */
	conf_init(&conf);
	rc = read_conf(&options, &conf);
	if (rc == 0) {
		/* started by hand or by a timer? */
		log_open("telltls-report",
		    !options.is_verbose && options.dry_run == NULL &&
			isatty(STDERR_FILENO) != 1);
		if (options.is_verbose) {
			log_set_level(LOG_LEVEL_DEBUG);
		}
		rc = leave_root(&options, &conf);
		rc = rc == 0 ? run(&options, &conf, now, step) : rc;
	}
	conf_release(&conf);
	return rc;
}
