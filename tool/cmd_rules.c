/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_rules.c - telltls rules: what the rules for destinations come to */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/local_policy.h"
#include "common/log.h"
#include "common/rules.h"
#include "tool/explain.h"

enum {
	FAULTS_MAX = 256 * 1024
};

/* No URI of a record has an octet that a terminal minds (record.h). */
static void show_to(const char *indent, const struct record_rua *rua)
{
	(void)printf("%s%s%s\n", indent,
	    rua->kind == RECORD_MAILTO ? "mailto:" : "", rua->target);
}

static void show_verdict(const struct rules_verdict *v)
{
	if (v->line == 0) {
		(void)puts("    no line is for it: allow");
		return;
	}
	(void)printf(
	    "    line %u: %s\n", v->line, rules_action_word(v->action));
	for (size_t i = 0; i < v->n_to; i++) {
		show_to("        ", &v->to[i]);
	}
}

static void show_decisions(
    const struct rules *rules, const char *domain, const struct record *record)
{
	struct rules_verdict v;

	for (size_t i = 0; i < record->n_rua; i++) {
		show_to("", &record->rua[i]);
		rules_decide(rules, view_of(domain), &record->rua[i], &v);
		show_verdict(&v);
	}
	rules_decide_add(rules, view_of(domain), &v);
	if (v.line > 0) {
		(void)puts(domain);
		show_verdict(&v);
	}
}

static void show_result(const struct record *record)
{
	if (record->n_rua == 0) {
		(void)puts("\nNo destination is left: no report is made.");
		return;
	}
	(void)puts("\nReports go to:");
	for (size_t i = 0; i < record->n_rua; i++) {
		show_to("    ", &record->rua[i]);
	}
	if (record->ignored > 0) {
		(void)printf("%u destinations are left out: they cannot be "
			     "used, or are too many.\n",
		    record->ignored);
	}
}

static bool is_excluded(const struct conf *c, const char *domain)
{
	bool is_named = (local_policy_of(c->local, view_of(domain)) &
			    LOCAL_POLICY_EXCLUDE) != 0;

	for (char **name = c->report.exclude; name != NULL && *name != NULL;
	     name++) {
		is_named = is_named || strcmp(*name, domain) == 0;
	}
	return is_named;
}

/* Finds the record. Returns 0 or an exit code; what is wrong was said. */
static int find_record(struct explain *e)
{
	const char *text = tool_value(e->tool, "record");
	struct view view = view_of(text);
	int code = EX_OK;

	if (text != NULL) {
		e->status = DNS_ANSWER;
		record_parse(&view, 1, &e->record);
	} else {
		code = explain_record_look(e);
	}
	if (code != EX_OK) {
		return code;
	}
	if (e->status != DNS_ANSWER) {
		log_error("no record at _smtp._tls.%s: %s", e->domain,
		    dns_status_word(e->status));
		return e->status == DNS_NODATA || e->status == DNS_NXDOMAIN ?
		    EX_NOINPUT :
		    EX_TEMPFAIL;
	}
	if (e->record.status != RECORD_VALID) {
		log_error("the record of %s asks for no report: %s%s%s",
		    e->domain, record_status_word(e->record.status),
		    e->record.error != NULL ? ", " : "",
		    e->record.error != NULL ? e->record.error : "");
		return EX_DATAERR;
	}
	return EX_OK;
}

static int read_rules(const struct tool *tool, struct rules **out)
{
	const char *path = tool->conf.report.rules;
	struct strbuf error;
	int rc = 0;

	if (path == NULL) {
		(void)printf(
		    "rules: none (report.rules in %s)\n\n", tool->conf_path);
		return EX_OK;
	}
	strbuf_init(&error, FAULTS_MAX);
	rc = rules_read(path, out, &error);
	if (rc != 0) {
		log_error("%s", strbuf_str(&error));
	} else {
		(void)printf("rules: %s\n\n", path);
	}
	strbuf_release(&error);
	return rc == 0 ? EX_OK : EX_CONFIG;
}

static int test(struct explain *e)
{
	struct rules *rules = NULL;
	int code = read_rules(e->tool, &rules);

	if (code == EX_OK) {
		code = find_record(e);
	}
	if (code == EX_OK) {
		show_decisions(rules, e->domain, &e->record);
		(void)rules_apply(rules, view_of(e->domain), &e->record);
		show_result(&e->record);
	}
	if (code == EX_OK && is_excluded(&e->tool->conf, e->domain)) {
		(void)puts("The configuration excludes this domain: no report "
			   "is made.");
	}
	rules_free(rules);
	return code;
}

int cmd_rules(const struct tool *tool, int argc, char **argv)
{
	struct explain e = { .tool = tool };
	char buf[LOG_ESCAPE_BUF];
	int code;

	(void)argc;
	if (strcmp(argv[0], "test") != 0) {
		log_error("rules %s: expected rules test DOMAIN",
		    log_escape(view_of(argv[0]), buf));
		return EX_USAGE;
	}
	if (domain_normalise(view_of(argv[1]), e.domain) < 0) {
		log_error(
		    "%s: expected a domain", log_escape(view_of(argv[1]), buf));
		return EX_USAGE;
	}
	code = test(&e);
	free(e.text);
	return code;
}
