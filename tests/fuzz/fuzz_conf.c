/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_conf.c - any text as a configuration */

#include "config.h"

#include <stdlib.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct strbuf error;
	struct conf c;
	int rc;

	strbuf_init(&error, 1 << 20);
	conf_init(&c);
	rc = conf_parse(&c, "t.yaml", (const char *)data, size, &error);
	/* an error has a text, and only an error has one */
	if ((rc == 0) != (error.len == 0) || error.failed ||
	    (rc != 0 && rc != ERR_CONFIG)) {
		abort();
	}
	if (rc == 0) {
		(void)conf_check_reports(&c, "t.yaml", &error);
	}
	conf_release(&c);
	strbuf_release(&error);
	return 0;
}
