/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_file.c - files of resource records, one a line */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/dns_file.h"
#include "common/err.h"

static bool is_blank_or_comment(const char *line)
{
	while (ascii_is_wsp(*line)) {
		line++;
	}
	return *line == '\0' || *line == ';' || *line == '#';
}

static int read_lines(FILE *f, const char *path, dns_file_line fn, void *ctx,
    struct strbuf *error)
{
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &size, f) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (!is_blank_or_comment(line) && fn(ctx, line) != 0) {
			strbuf_addf(error,
			    "%s:%u: expected a resource record: "
			    "name TTL IN type data",
			    path, number);
			rc = ERR_CONFIG;
		}
	}
	free(line);
	return rc;
}

int dns_file_read(
    const char *path, dns_file_line fn, void *ctx, struct strbuf *error)
{
	FILE *f = fopen(path, "re");
	int rc;

	if (f == NULL) {
		rc = -errno;
		strbuf_addf(error, "file %s: %s", path, err_text(rc));
		return rc;
	}
	rc = read_lines(f, path, fn, ctx, error);
	if (rc == 0 && ferror(f)) {
		rc = -EIO;
		strbuf_addf(error, "file %s: %s", path, err_text(rc));
	}
	fclose(f);
	return rc;
}

/* Later records change nothing. */
static int take_owner(void *ctx, const char *line)
{
	char *out = ctx;
	struct view name = view_make(line, strcspn(line, " \t"));

	if (out[0] != '\0') {
		return 0;
	}
	if (view_is(name, ".")) {
		memcpy(out, ".", sizeof("."));
		return 0;
	}
	return domain_normalise(name, out) > 0 ? 0 : ERR_PARSE;
}

int dns_file_owner(const char *path, char out[DOMAIN_BUF], struct strbuf *error)
{
	int rc;

	out[0] = '\0';
	rc = dns_file_read(path, take_owner, out, error);
	if (rc == 0 && out[0] == '\0') {
		strbuf_addf(error, "file %s: no record in it", path);
		rc = ERR_CONFIG;
	}
	return rc;
}

const char *dns_file_system_anchor(void)
{
	static const char path[] = "/usr/share/dns/root.key";

	return access(path, R_OK) == 0 ? path : NULL;
}

const char *dns_file_system_hints(void)
{
	static const char path[] = "/usr/share/dns/root.hints";

	return access(path, R_OK) == 0 ? path : NULL;
}
