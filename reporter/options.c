/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - the command line of telltls-report */

#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/conf.h"
#include "common/when.h"
#include "reporter/options.h"

enum {
	OPTION_DAY = 256, /* beyond all characters */
	OPTION_DOMAIN,
	OPTION_DRY_RUN,
	OPTION_NOW,
	OPTION_RELEASE,
	OPTION_RESEND,
	OPTION_STATE,
	OPTION_VERSION
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "day", required_argument, NULL, OPTION_DAY },
	{ "domain", required_argument, NULL, OPTION_DOMAIN },
	{ "dry-run", required_argument, NULL, OPTION_DRY_RUN },
	{ "help", no_argument, NULL, 'h' },
	{ "now", no_argument, NULL, OPTION_NOW },
	{ "release", required_argument, NULL, OPTION_RELEASE },
	{ "resend", no_argument, NULL, OPTION_RESEND },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: telltls-report [options]\n"
    "Makes the TLS reports (RFC 8460) of all days that are sealed and not yet\n"
    "reported, puts them into the outbox, and sends what is due, once sending\n"
    "is enabled (telltls enable).\n"
    "\n"
    "  --day YYYY-MM-DD  only this day\n"
    "  --domain DOMAIN   only this recipient domain\n"
    "  --dry-run DIR     write the mails and bodies into DIR; change nothing\n"
    "                    else, and leave aside what was reported before\n"
    "  --now             send what waits, whatever its time\n"
    "  --release DAY     of this day, make the reports that were withheld\n"
    "  --resend          send the same reports again: those of --day, of\n"
    "                    --domain, or of both\n"
    "  -c, --config FILE configuration, default " CONF_FILE "\n"
    "  --state DIR       state directory, default as configured\n"
    "  -v, --verbose     log to standard error, and more\n"
    "  -h, --help        this text\n"
    "  --version         the version\n"
    "\n"
    "Exit codes are those of sysexits(3); see telltls-report(8).\n";

static int usage_error(const char *what, const char *value, const char *wanted)
{
	(void)fprintf(stderr, "telltls-report: %s %s: expected %s\n", what,
	    value, wanted);
	return EX_USAGE;
}

static int set_day(struct options *o, const char *name, const char *value)
{
	if (when_parse_date(view_of(value), &o->day) != 0) {
		return usage_error(name, value, "a date like 2026-11-22");
	}
	if (o->has_day) {
		return usage_error(name, value, "one day only");
	}
	o->has_day = true;
	return -1;
}

static int set_domain(struct options *o, const char *value)
{
	if (domain_normalise(view_of(value), o->domain) < 0) {
		return usage_error("--domain", value, "a domain");
	}
	return -1;
}

static int set_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'c':
		o->config = value;
		return -1;
	case OPTION_DAY:
		return set_day(o, "--day", value);
	case OPTION_DOMAIN:
		return set_domain(o, value);
	case OPTION_DRY_RUN:
		o->dry_run = value;
		return *value != '\0' ?
		    -1 :
		    usage_error("--dry-run", "", "a directory");
	case OPTION_NOW:
		o->is_now = true;
		return -1;
	case OPTION_RESEND:
		o->is_resend = true;
		return -1;
	case OPTION_RELEASE:
		o->is_release = true;
		return set_day(o, "--release", value);
	case OPTION_STATE:
		o->state = value;
		return *value != '\0' ?
		    -1 :
		    usage_error("--state", "", "a directory");
	case 'v':
		o->is_verbose = true;
		return -1;
	case 'h':
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	case OPTION_VERSION:
		return puts("telltls-report " PACKAGE_VERSION) < 0 ? EX_IOERR :
								     EX_OK;
	default: /* getopt_long() has said why */
		(void)fputs("Try telltls-report --help.\n", stderr);
		return EX_USAGE;
	}
}

/* Do the options go together? */
static int check_options(const struct options *o)
{
	if (o->is_release && o->dry_run != NULL) {
		return usage_error("--release", "", "no --dry-run beside it");
	}
	if (o->is_now && o->dry_run != NULL) {
		return usage_error("--now", "", "no --dry-run beside it");
	}
	if (o->is_resend && (o->dry_run != NULL || o->is_release)) {
		return usage_error(
		    "--resend", "", "no --dry-run or --release beside it");
	}
	if (o->is_resend && !o->has_day && o->domain[0] == '\0') {
		return usage_error(
		    "--resend", "", "--day or --domain beside it");
	}
	return -1;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int option;
	int rc = -1;

	*o = (struct options){ .config = CONF_FILE };
	while (rc < 0 &&
	    (option = getopt_long(argc, argv, "c:hv", long_options, NULL)) !=
		-1) {
		rc = set_option(o, option, optarg);
	}
	if (rc < 0) {
		rc = check_options(o);
	}
	if (rc < 0 && optind < argc) {
		rc = usage_error("operand", argv[optind], "none");
	}
	return rc;
}
