/* SPDX-License-Identifier: BSD-2-Clause */
/* write.c - the files of one report */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "reporter/write.h"

void write_buffers_init(struct write_buffers *b)
{
	strbuf_init(&b->json, (size_t)REPORT_JSON_MAX + 1);
	strbuf_init(&b->gz, WRITE_BODY_MAX);
	strbuf_init(&b->mail, WRITE_MAIL_MAX);
}

void write_buffers_release(struct write_buffers *b)
{
	strbuf_release(&b->json);
	strbuf_release(&b->gz);
	strbuf_release(&b->mail);
}

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

/* The whole mail: what is written is what is sent (R163). */
static int put_whole(const struct write_to *to, const struct strbuf *mail,
    unsigned index, struct write_result *out)
{
	char end[32];
	int rc;

	(void)snprintf(end, sizeof(end), ".%u.eml", index);
	rc = put(to->dir, out->base, end, mail);
	out->mails += rc == 0;
	out->is_usable[index] = rc == 0;
	return rc;
}

static int put_signed(const struct write_to *to, const struct strbuf *mail,
    unsigned index, struct write_result *out)
{
	struct strbuf data;
	int rc;

	if (to->dkim == NULL) {
		return put_whole(to, mail, index, out);
	}
	strbuf_init(&data, WRITE_MAIL_MAX);
	rc = dkim_sign(to->dkim, view_make(strbuf_str(mail), mail->len), &data);
	if (rc == 0) {
		rc = put_whole(to, &data, index, out);
	}
	strbuf_release(&data);
	return rc;
}

static int put_mail(const struct write_to *to, struct report *r,
    const char *address, unsigned index, struct write_result *out)
{
	struct strbuf *mail = &to->buffers->mail;
	int rc;

	strbuf_clear(mail);
	rc = report_mail(r, &to->buffers->gz, address, index, mail);
	if (rc == 0) {
		rc = put_signed(to, mail, index, out);
	}
	if (rc == ERR_PARSE || rc == ERR_TOO_LONG) {
		out->refused++;
		rc = 0;
	}
	return rc;
}

static int put_mails(const struct write_to *to, struct report *r,
    const struct record *record, struct write_result *out)
{
	int rc = 0;

	for (size_t i = 0; i < record->n_rua && rc == 0; i++) {
		const struct record_rua *rua = &record->rua[i];

		if (rua->kind == RECORD_HTTPS) {
			out->is_usable[i] = true;
		} else {
			rc = put_mail(to, r, rua->target, (unsigned)i, out);
		}
	}
	return rc;
}

static unsigned count_uploads(const struct record *record)
{
	unsigned n = 0;

	for (size_t i = 0; i < record->n_rua; i++) {
		n += record->rua[i].kind == RECORD_HTTPS;
	}
	return n;
}

int write_report(const struct write_to *to, struct report *r,
    const struct record *record, struct write_result *out)
{
	struct strbuf *json = &to->buffers->json;
	struct strbuf *gz = &to->buffers->gz;
	int rc;

	memset(out, 0, sizeof(*out));
	(void)outdir_base(report_filename(r), out->base);
	out->uploads = count_uploads(record);
	out->has_body = to->wants_body || out->uploads > 0;
	strbuf_clear(json);
	strbuf_clear(gz);
	rc = report_json(r, json);
	if (rc == 0) {
		rc = report_gzip(json, gz);
	}
	if (rc == 0 && out->has_body) {
		rc = put(to->dir, out->base, ".json.gz", gz);
	}
	return rc == 0 ? put_mails(to, r, record, out) : rc;
}
