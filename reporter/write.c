/* SPDX-License-Identifier: BSD-2-Clause */
/* write.c - the files of one report */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "reporter/write.h"

static int put(struct outdir *o, const char *base, const char *end,
    const struct strbuf *data)
{
	char name[OUTDIR_NAME + 32];
	int n = snprintf(name, sizeof(name), "%s%s", base, end);

	if (n < 0 || (size_t)n >= sizeof(name)) {
		return ERR_TOO_LONG;
	}
	return outdir_put(o, name, data);
}

static int put_mail(struct outdir *o, struct report *r, const struct strbuf *gz,
    const char *to, unsigned index, struct write_result *out)
{
	struct strbuf mail;
	char end[32];
	int rc;

	strbuf_init(&mail, WRITE_MAIL_MAX);
	rc = report_mail(r, gz, to, index, &mail);
	if (rc != 0) {
		out->refused++;
		rc = 0;
	} else {
		(void)snprintf(end, sizeof(end), ".%u.eml", index);
		rc = put(o, out->base, end, &mail);
		out->mails += rc == 0;
		out->is_usable[index] = rc == 0;
	}
	strbuf_release(&mail);
	return rc;
}

static int put_mails(struct outdir *o, struct report *r,
    const struct strbuf *gz, const struct record *record,
    struct write_result *out)
{
	int rc = 0;

	for (size_t i = 0; i < record->n_rua && rc == 0; i++) {
		const struct record_rua *rua = &record->rua[i];

		if (rua->kind == RECORD_HTTPS) {
			out->uploads++;
			out->is_usable[i] = true;
		} else {
			rc = put_mail(o, r, gz, rua->target, (unsigned)i, out);
		}
	}
	return rc;
}

int write_report(struct outdir *o, struct report *r,
    const struct record *record, struct write_result *out)
{
	struct strbuf json;
	struct strbuf gz;
	int rc;

	memset(out, 0, sizeof(*out));
	(void)outdir_base(report_filename(r), out->base);
	strbuf_init(&json, (size_t)REPORT_JSON_MAX + 1);
	strbuf_init(&gz, WRITE_BODY_MAX);
	rc = report_json(r, &json);
	if (rc == 0) {
		rc = report_gzip(&json, &gz);
	}
	if (rc == 0) {
		rc = put(o, out->base, ".json.gz", &gz);
	}
	if (rc == 0) {
		rc = put_mails(o, r, &gz, record, out);
	}
	strbuf_release(&gz);
	strbuf_release(&json);
	return rc;
}
