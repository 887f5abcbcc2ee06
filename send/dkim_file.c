/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_file.c - files of private keys
 *
 * Whoever reads such a file can speak for the domain.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "send/dkim_key.h"
#include "send/secret_file.h"

int dkim_key_read(const char *path, struct dkim_key **out, struct strbuf *error)
{
	size_t size = DKIM_KEY_FILE_MAX + 1; /* one more shows it is longer */
	char *buf = xmalloc(size);
	const char *wrong;
	size_t len;

	*out = NULL;
	wrong = secret_file_read(path, buf, size, &len);
	if (wrong == NULL) {
		(void)dkim_key_parse(view_make(buf, len), out, &wrong);
	}
	explicit_bzero(buf, size);
	free(buf);
	if (wrong != NULL) {
		strbuf_addf(error, "dkim.keys: %s: %s", path, wrong);
	}
	return wrong == NULL ? 0 : ERR_CONFIG;
}
