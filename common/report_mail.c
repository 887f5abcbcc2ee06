/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_mail.c - the mail that carries a report (RFC 8460 5.3)
 *
 * Domains and addresses come from the DNS and the configuration. Each is
 * checked here once more before it becomes part of a header (R150).
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/base64.h"
#include "common/err.h"
#include "common/report_private.h"
#include "common/report_text.h"
#include "common/when.h"

enum {
	LINE_WIDTH = 78,   /* octets that a header line should keep to */
	BASE64_WIDTH = 76, /* R132 */
	BASE64_LINE = BASE64_WIDTH / 4 * 3, /* octets in a full line */
};

/* Appends part of a header, on a new line if this one would be too long. */
static void add_folded(
    struct strbuf *out, size_t *column, const char *part, size_t len)
{
	if (*column + 1 + len > LINE_WIDTH) {
		strbuf_adds(out, "\r\n");
		*column = 0;
	}
	strbuf_addc(out, ' ');
	strbuf_add(out, part, len);
	*column += 1 + len;
}

/* Label and value stay on one line if a line has room for both. */
static void add_folds(
    struct strbuf *out, size_t *column, const char *label, struct view value)
{
	size_t label_len = strlen(label);

	if (*column + 2 + label_len + value.len > LINE_WIDTH &&
	    2 + label_len + value.len <= LINE_WIDTH) {
		strbuf_adds(out, "\r\n");
		*column = 0;
	}
	add_folded(out, column, label, label_len);
	add_folded(out, column, value.s, value.len);
}

/* RFC 8460 5.3: FWS between the parts only (R145, R146). */
static void add_subject(const struct report *r, struct strbuf *out)
{
	char id[REPORT_ID_MAX + 3];
	size_t column = sizeof("Subject:") - 1;

	(void)snprintf(id, sizeof(id), "<%s>", r->id);
	strbuf_adds(out, "Subject:");
	add_folds(out, &column, "Report Domain:", r->domain);
	add_folds(out, &column, "Submitter:", view_of(r->sender.submitter));
	add_folds(out, &column, "Report-ID:", view_of(id));
	strbuf_adds(out, "\r\n");
}

static void add_header(struct strbuf *out, const char *name, struct view value)
{
	strbuf_adds(out, name);
	strbuf_adds(out, ": ");
	strbuf_addv(out, value);
	strbuf_adds(out, "\r\n");
}

static void add_headers(
    const struct report *r, const char *to, unsigned index, struct strbuf *out)
{
	struct view submitter = view_of(r->sender.submitter);
	char date[WHEN_RFC5322_BUF];

	add_header(out, "Date", view_of(when_rfc5322(r->made, date)));
	add_header(out, "From", view_of(r->sender.from));
	add_header(out, "To", view_of(to));
	add_subject(r, out);
	strbuf_adds(out, "Message-ID: <");
	strbuf_adds(out, r->date);
	strbuf_addc(out, '.');
	strbuf_adds(out, r->hex);
	strbuf_addf(out, ".%u@", index);
	strbuf_addv(out, submitter);
	strbuf_adds(out, ">\r\n");
	add_header(out, "TLS-Report-Domain", r->domain);
	add_header(out, "TLS-Report-Submitter", submitter);
	strbuf_adds(out,
	    "TLS-Required: No\r\n" /* R171 */
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
	    " boundary=\"telltls-");
	strbuf_adds(out, r->hex);
	strbuf_adds(out, "\"\r\n");
}

static void add_base64(struct strbuf *out, const struct strbuf *data)
{
	const char *s = strbuf_str(data);
	const size_t step = BASE64_LINE;

	for (size_t i = 0; i < data->len; i += step) {
		size_t left = data->len - i;

		base64_encode(s + i, left < step ? left : step, out);
		strbuf_adds(out, "\r\n");
	}
}

static void add_boundary(
    const struct report *r, const char *end, struct strbuf *out)
{
	strbuf_adds(out, "\r\n--telltls-");
	strbuf_adds(out, r->hex);
	strbuf_adds(out, end);
}

/* R130-R134 */
static void add_parts(
    struct report *r, const struct strbuf *gz, struct strbuf *out)
{
	add_boundary(r, "\r\n", out);
	strbuf_adds(out,
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n\r\n");
	report_text(r, out);
	add_boundary(r, "\r\n", out);
	strbuf_adds(out,
	    "Content-Type: application/tlsrpt+gzip\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment;\r\n"
	    " filename=\"");
	strbuf_adds(out, r->filename);
	strbuf_adds(out, "\"\r\n\r\n");
	add_base64(out, gz);
	add_boundary(r, "--\r\n", out);
}

int report_mail(struct report *r, const struct strbuf *gz, const char *to,
    unsigned index, struct strbuf *out)
{
	int rc = report_check(r);

	if (rc != 0) {
		return rc;
	}
	if (!address_is_safe(view_of(to)) ||
	    !address_is_plain(view_of(r->sender.from),
		view_of(r->sender.submitter))) { /* R148 */
		return ERR_PARSE;
	}
	add_headers(r, to, index, out);
	add_parts(r, gz, out);
	return out->failed ? ERR_TOO_LONG : 0;
}
