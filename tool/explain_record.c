/* SPDX-License-Identifier: BSD-2-Clause */
/* explain_record.c - does the domain ask for reports? */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/conf_report.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/record_text.h"
#include "tool/explain.h"

static const char prefix[] = "_smtp._tls.";

/* Keeps the one text that is a record, or the first of several. */
static void keep_text(struct explain *e, const struct dns_texts *texts)
{
	struct record_text at;
	struct view text = view_of("");

	if (record_text_begin(&at, texts->v, texts->n, "v=TLSRPTv1") ==
	    RECORD_TEXT_ONE) {
		text = at.text;
	}
	e->text = xstrndup(text.len > 0 ? text.s : "", text.len);
	e->text_len = text.len;
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct explain *e = ctx;
	struct dns_texts texts;

	e->status = a->status;
	if (a->status == DNS_ANSWER) {
		dns_texts_init(&texts, a);
		record_parse(texts.v, texts.n, &e->record);
		keep_text(e, &texts);
		dns_texts_release(&texts);
	}
}

int explain_record_look(struct explain *e)
{
	char name[sizeof(prefix) + DOMAIN_BUF];
	struct dns_options o;
	struct dns *dns = NULL;
	struct strbuf error;
	int rc;

	if (strlen(e->domain) + strlen(prefix) > DOMAIN_MAX) {
		e->status = DNS_NXDOMAIN; /* no such name can be */
		return EX_OK;
	}
	e->status = DNS_ERROR;
	(void)snprintf(name, sizeof(name), "%s%s", prefix, e->domain);
	conf_report_dns(&e->tool->conf, &o);
	strbuf_init(&error, 4096);
	rc = dns_new(&o, &dns, &error);
	if (rc != 0) {
		log_error("cannot start DNS: %s", strbuf_str(&error));
	} else {
		dns_ask(dns, name, DNS_TYPE_TXT, on_answer, e);
		rc = dns_run(dns);
		if (rc != 0) {
			log_error(
			    "cannot look up the record: %s", err_text(rc));
		}
	}
	dns_free(dns);
	strbuf_release(&error);
	return rc == 0 ? EX_OK : rc == ERR_TEMP ? EX_TEMPFAIL : EX_CONFIG;
}

void explain_record_caret(struct view text, size_t at, unsigned indent,
    unsigned width, struct strbuf *out)
{
	size_t room = width > indent + 8 ? width - indent : 8;
	size_t from = at >= room ? at - room / 2 : 0;

	for (unsigned i = 0; i < indent; i++) {
		strbuf_addc(out, ' ');
	}
	for (size_t i = from; i < text.len && i < from + room; i++) {
		if (text.s[i] >= ' ' && text.s[i] < 0x7f) {
			strbuf_addc(out, text.s[i]);
		} else {
			strbuf_addc(out, '?');
		}
	}
	strbuf_addc(out, '\n');
	for (size_t i = 0; i < indent + at - from; i++) {
		strbuf_addc(out, ' ');
	}
	strbuf_adds(out, "^\n");
}

static void show_error(const struct explain *e, const struct page *p)
{
	struct strbuf text;

	strbuf_init(&text, 4096);
	explain_record_caret(view_make(e->text, e->text_len),
	    e->record.error_at, EXPLAIN_INDENT, p->width, &text);
	(void)fputs(strbuf_str(&text), p->stream);
	strbuf_release(&text);
	page_say(p, EXPLAIN_INDENT, 0, NULL,
	    "Wrong at the caret%s%s. A record with an error is as if there was "
	    "none (RFC 8460 3, R17): no report goes out.",
	    e->record.error != NULL ? ": " : "",
	    e->record.error != NULL ? e->record.error : "");
}

static void show_destinations(const struct explain *e, const struct page *p)
{
	char buf[LOG_ESCAPE_BUF];

	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "record", "%s",
	    log_escape(view_make(e->text, e->text_len), buf));
	for (size_t i = 0; i < e->record.n_rua; i++) {
		const struct record_rua *rua = &e->record.rua[i];

		page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG,
		    i == 0 ? "reports" : "", "%s%s",
		    rua->kind == RECORD_MAILTO ? "mailto:" : "",
		    log_escape(view_of(rua->target), buf));
	}
	if (e->record.ignored > 0) {
		page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "",
		    "%u destinations cannot be used, and are left out",
		    e->record.ignored);
	}
	if (e->tool->conf.report.rules != NULL) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "The rules of this site may change that: telltls rules "
		    "test %s",
		    e->domain);
	}
}

static void show_record(const struct explain *e, const struct page *p)
{
	switch (e->record.status) {
	case RECORD_VALID:
		show_destinations(e, p);
		break;
	case RECORD_NONE:
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "There are texts, but none of them is a record: the domain "
		    "asks for no reports, and none goes out.");
		break;
	case RECORD_SEVERAL:
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "There are several records, which is as if there was none "
		    "(RFC 8460 3, R17): no report goes out.");
		break;
	case RECORD_SYNTAX:
		show_error(e, p);
		break;
	case RECORD_NO_RUA:
		show_destinations(e, p);
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "No destination can be used (RFC 8460 3, R23): no report "
		    "goes out.");
		break;
	}
}

void explain_record_show(const struct explain *e, const struct page *p)
{
	char title[DOMAIN_BUF + 64];

	(void)snprintf(
	    title, sizeof(title), "Record at %s%s", prefix, e->domain);
	page_heading(p, 1, title);
	if (e->is_offline) {
		page_say(
		    p, EXPLAIN_INDENT, 0, NULL, "Not looked up (--offline).");
		return;
	}
	switch (e->status) {
	case DNS_ANSWER:
		show_record(e, p);
		break;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "There is none (%s): the domain asks for no reports, and "
		    "none goes out.",
		    dns_status_word(e->status));
		break;
	case DNS_SERVFAIL:
	case DNS_BOGUS:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "It cannot be looked up now (%s). telltls-report tries "
		    "again (R25).",
		    dns_status_word(e->status));
		break;
	}
}

void explain_record_json(const struct explain *e, struct json_out *j)
{
	if (e->is_offline) {
		return;
	}
	json_out_open(j, "record");
	json_out_text(j, "lookup", view_of(dns_status_word(e->status)));
	if (e->status == DNS_ANSWER) {
		const struct record *r = &e->record;

		json_out_text(
		    j, "status", view_of(record_status_word(r->status)));
		json_out_text(j, "text", view_make(e->text, e->text_len));
		json_out_open_list(j, "destinations");
		for (size_t i = 0; i < r->n_rua; i++) {
			json_out_item(j, view_of(r->rua[i].target));
		}
		json_out_close_list(j);
		json_out_number(j, "ignored", r->ignored);
		if (r->status == RECORD_SYNTAX) {
			json_out_number(j, "error_at", r->error_at);
			json_out_text(j, "expected", view_of(r->error));
		}
	}
	json_out_close(j);
}
