/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign_mails.c - sign mails as telltls-report does
 *
 * usage: sign_mails CONFIGURATION FOLDER FILE...
 *
 * Writes each FILE, signed, into FOLDER, and to standard output a line "NAME
 * TEXT" for each key's record in the DNS.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/dkim.h"

enum {
	MAIL_MAX = 64 * 1024 * 1024
};

static int fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	return 1;
}

static bool read_file(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "rb");
	char buf[4096];
	size_t n;

	if (f == NULL) {
		return false;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		strbuf_add(out, buf, n);
	}
	(void)fclose(f);
	return !out->failed;
}

static bool write_file(
    const char *dir, const char *path, const struct strbuf *data)
{
	const char *slash = strrchr(path, '/');
	char name[4096];
	bool is_good;
	FILE *f;

	(void)snprintf(
	    name, sizeof(name), "%s/%s", dir, slash != NULL ? slash + 1 : path);
	f = fopen(name, "wb");
	if (f == NULL) {
		return false;
	}
	is_good = fwrite(data->s, 1, data->len, f) == data->len;
	return fclose(f) == 0 && is_good;
}

static int sign(struct dkim *d, const char *dir, const char *path)
{
	struct strbuf in;
	struct strbuf out;
	int rc = 1;

	strbuf_init(&in, MAIL_MAX);
	strbuf_init(&out, MAIL_MAX);
	if (!read_file(path, &in)) {
		(void)fail(path, "cannot be read");
	} else if (dkim_sign(d, view_make(strbuf_str(&in), in.len), &out) !=
	    0) {
		(void)fail(path, "cannot be signed");
	} else if (!write_file(dir, path, &out)) {
		(void)fail(path, "cannot be written");
	} else {
		rc = 0;
	}
	strbuf_release(&in);
	strbuf_release(&out);
	return rc;
}

static void print_records(const struct dkim *d)
{
	struct strbuf name;
	struct strbuf text;

	strbuf_init(&name, 4096);
	strbuf_init(&text, 4096);
	for (size_t i = 0; dkim_record(d, i, &name, &text); i++) {
		(void)printf("%s %s\n", strbuf_str(&name), strbuf_str(&text));
		strbuf_clear(&name);
		strbuf_clear(&text);
	}
	strbuf_release(&name);
	strbuf_release(&text);
}

int main(int argc, char **argv)
{
	struct strbuf error;
	struct dkim *d = NULL;
	struct conf conf;
	int rc;

	if (argc < 3) {
		return fail("usage", "sign_mails CONFIGURATION FOLDER FILE...");
	}
	conf_init(&conf);
	strbuf_init(&error, 65536);
	rc = conf_read(&conf, argv[1], &error);
	if (rc == 0) {
		rc = dkim_open(&conf, &d, &error);
	}
	if (rc != 0) {
		(void)fail(argv[1], strbuf_str(&error));
	}
	print_records(d);
	for (int i = 3; i < argc && rc == 0; i++) {
		rc = sign(d, argv[2], argv[i]);
	}
	dkim_close(d);
	conf_release(&conf);
	strbuf_release(&error);
	return rc == 0 ? 0 : 1;
}
