/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_check_sender.c - telltls check --sender: are we ready to send reports? */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/sender.h"

enum {
	ERROR_MAX = 16384
};

/* The faults of who we are, without the file's name. */
static const char *identity_faults(const struct tool *tool, struct arena *a)
{
	struct strbuf error;
	const char *out;

	strbuf_init(&error, ERROR_MAX);
	(void)conf_check_reports(&tool->conf, tool->conf_path, &error);
	out = arena_strndup(a, strbuf_str(&error), error.len);
	strbuf_release(&error);
	return out;
}

/* The keys, or why there are none. */
static const char *open_keys(
    const struct tool *tool, struct arena *a, struct dkim **out)
{
	struct strbuf error;
	const char *fault = "";

	strbuf_init(&error, ERROR_MAX);
	*out = NULL;
	if (conf_check_dkim(&tool->conf, tool->conf_path, &error) != 0) {
		error.len -= 1; /* the line end */
		fault = arena_strndup(a, error.s, error.len);
	} else if (dkim_open(&tool->conf, out, &error) != 0) {
		fault = arena_strndup(a, strbuf_str(&error), error.len);
	}
	strbuf_release(&error);
	return fault;
}

static int show(
    const struct tool *tool, const struct sender *s, struct arena *arena)
{
	/* of a check, they show this */
	const struct check shown = {
		.domain = s->submitter[0] != '\0' ? s->submitter : "reports",
		.is_probing = s->is_probing,
	};
	struct check_findings *findings = xcalloc(1, sizeof(*findings));
	int rc;

	findings->arena = arena;
	sender_find(s, findings);
	if (tool_value(tool, "json") != NULL) {
		check_show_json(&shown, findings, stdout);
	} else {
		check_show_text(&shown, findings, stdout, tool->has_colour);
	}
	rc = check_exit_code(check_worst(findings));
	free(findings);
	return rc;
}

int cmd_check_sender(const struct tool *tool)
{
	const char *contact = tool->conf.contact;
	struct arena *arena = arena_new();
	struct sender s = { .conf = &tool->conf };
	struct dkim *keys = NULL;
	int rc = 0;

	s.is_probing = tool_value(tool, "no-probe") == NULL;
	s.faults = identity_faults(tool, arena);
	s.dkim_fault = open_keys(tool, arena, &keys);
	(void)domain_of_address(
	    view_of(contact != NULL ? contact : ""), s.submitter);
	if (s.faults[0] == '\0') {
		rc = sender_gather(tool, keys, arena, &s);
	}
	if (rc == 0) {
		rc = show(tool, &s, arena);
	}
	dkim_close(keys);
	arena_free(arena);
	return rc;
}
