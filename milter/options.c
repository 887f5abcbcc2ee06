/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - the command line of telltls-milter */

#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/conf.h"
#include "milter/options.h"

enum {
	OPTION_STATE = 256, /* beyond all characters */
	OPTION_VERSION
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "test", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: telltls-milter [options]\n"
    "The daemon of telltls: follows the logs of MTAs, counts the TLS outcomes\n"
    "of outgoing sessions, and notes as a milter which messages say\n"
    "TLS-Required: No. Mail never waits for it.\n"
    "\n"
    "  -f, --foreground  stay in the foreground, log to standard error\n"
    "  -c, --config FILE configuration, default " CONF_FILE "\n"
    "  --state DIR       state directory, default as configured\n"
    "  -t, --test        only look whether the configuration is right\n"
    "  -v, --verbose     log more\n"
    "  -h, --help        this text\n"
    "  --version         the version\n"
    "\n"
    "SIGHUP reads the configuration again, SIGTERM ends. Exit codes are those\n"
    "of sysexits(3); see telltls-milter(8).\n";

int options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .config = CONF_FILE };
	while (
	    (c = getopt_long(argc, argv, "c:fhtv", long_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'f':
			o->is_foreground = true;
			break;
		case 't':
			o->only_check = true;
			break;
		case 'v':
			o->is_verbose = true;
			break;
		case OPTION_STATE:
			o->state = optarg;
			break;
		case OPTION_VERSION:
			(void)puts("telltls-milter " PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			(void)fputs(help, stdout);
			return EX_OK;
		default:
			(void)fputs("Try 'telltls-milter --help'.\n", stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr,
		    "telltls-milter: %s: no operand is expected\n",
		    argv[optind]);
		return EX_USAGE;
	}
	return -1;
}
