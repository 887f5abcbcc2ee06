/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_check.c - telltls check: the transport security of a domain, or whether
   we are ready to send reports */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/domain.h"
#include "common/log.h"
#include "tool/check.h"
#include "tool/sender.h"

enum {
	EXIT_BAD = 1 /* the domain is not good; we are */
};

int check_exit_code(enum check_level worst)
{
	switch (worst) {
	case CHECK_OK:
	case CHECK_WARNING:
		return EX_OK;
	case CHECK_UNKNOWN:
		return EX_UNAVAILABLE;
	case CHECK_BAD:
		break;
	}
	return EXIT_BAD;
}

int cmd_check(const struct tool *tool, int argc, char **argv)
{
	struct arena *arena;
	struct check_findings *findings;
	struct check check;
	char domain[DOMAIN_BUF];
	char shown[LOG_ESCAPE_BUF];
	int rc;

	if (tool_value(tool, "sender") != NULL) {
		if (argc > 0) {
			log_error("check --sender is about us: it takes no "
				  "domain");
			return EX_USAGE;
		}
		return cmd_check_sender(tool);
	}
	if (argc == 0) {
		log_error("check needs DOMAIN, or --sender");
		return EX_USAGE;
	}
	if (domain_normalise(view_of(argv[0]), domain) <= 0) {
		log_error(
		    "%s is no domain", log_escape(view_of(argv[0]), shown));
		return EX_USAGE;
	}
	arena = arena_new();
	rc = check_gather(
	    tool, domain, tool_value(tool, "no-probe") == NULL, arena, &check);
	if (rc == 0) {
		findings = xcalloc(1, sizeof(*findings));
		findings->arena = arena;
		check_find(&check, findings);
		if (tool_value(tool, "json") != NULL) {
			check_show_json(&check, findings, stdout);
		} else {
			check_show_text(
			    &check, findings, stdout, tool->has_colour);
		}
		rc = check_exit_code(check_worst(findings));
		free(findings);
	}
	arena_free(arena);
	return rc;
}
