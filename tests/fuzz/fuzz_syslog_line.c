/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_syslog_line.c - any bytes as a log line.
 *
 * Beyond memory errors: what comes out lies in the line, in its order, and
 * the message ends where the line does.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/err.h"
#include "common/syslog_line.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

static void check(struct view line, const struct syslog_line *out)
{
	const char *at = line.s;

	if (out->host.len > 0) {
		assert(out->host.s > at);
		assert(view_index(out->host, ' ') == out->host.len);
		at = out->host.s + out->host.len;
	}
	assert(out->ident.len > 0 && out->ident.s > at);
	assert(view_index(out->ident, ' ') == out->ident.len);
	assert(view_index(out->ident, '[') == out->ident.len);
	assert(out->msg.s > out->ident.s + out->ident.len);
	assert(out->msg.s + out->msg.len == line.s + line.len);
}

FUZZ_TARGET(data, size)
{
	struct view line = view_make((const char *)data, size);
	int64_t until = when_utc(2026, 11, 22, 12, 0, 0);
	struct syslog_line out;
	struct syslog_line again;
	int rc = syslog_line_parse(line, until, &out);

	assert(rc == 0 || rc == ERR_PARSE);
	if (rc == 0) {
		check(line, &out);
		assert(syslog_line_parse(line, until, &again) == 0);
		assert(out.t == again.t && out.pid == again.pid);
	}
	return 0;
}
