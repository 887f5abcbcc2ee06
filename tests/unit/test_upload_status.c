/* SPDX-License-Identifier: BSD-2-Clause */
/* test_upload_status.c - tests of what an answer of HTTP means */

#include "config.h"

#include "send/upload_status.h"
#include "tests/unit/unit.h"

static void test_end(void **state)
{
	static const struct {
		const char *name;
		long in;
		enum attempt_end want;
	} table[] = {
		{ "no status", 0, ATTEMPT_RETRY },
		{ "negative", -1, ATTEMPT_RETRY },
		{ "continue", 100, ATTEMPT_RETRY },
		{ "200", 200, ATTEMPT_ACCEPTED },
		{ "201", 201, ATTEMPT_ACCEPTED },
		{ "202", 202, ATTEMPT_ACCEPTED },
		{ "204", 204, ATTEMPT_ACCEPTED },
		{ "299", 299, ATTEMPT_ACCEPTED },
		{ "300", 300, ATTEMPT_REFUSED },
		{ "301", 301, ATTEMPT_REFUSED },
		{ "302", 302, ATTEMPT_RETRY },
		{ "303", 303, ATTEMPT_RETRY },
		{ "304", 304, ATTEMPT_REFUSED },
		{ "307", 307, ATTEMPT_RETRY },
		{ "308", 308, ATTEMPT_REFUSED },
		{ "400", 400, ATTEMPT_REFUSED },
		{ "401", 401, ATTEMPT_REFUSED },
		{ "403", 403, ATTEMPT_REFUSED },
		{ "404", 404, ATTEMPT_REFUSED },
		{ "408", 408, ATTEMPT_RETRY },
		{ "410", 410, ATTEMPT_REFUSED },
		{ "413", 413, ATTEMPT_REFUSED },
		{ "425", 425, ATTEMPT_RETRY },
		{ "429", 429, ATTEMPT_RETRY },
		{ "499", 499, ATTEMPT_REFUSED },
		{ "500", 500, ATTEMPT_RETRY },
		{ "503", 503, ATTEMPT_RETRY },
		{ "599", 599, ATTEMPT_RETRY },
		{ "600", 600, ATTEMPT_RETRY },
		{ "999", 999, ATTEMPT_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name, upload_status_end(table[i].in),
		    table[i].want);
	}
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *name;
		int64_t in;
		int64_t want;
	} table[] = {
		{ "none", 0, 0 },
		{ "a minute", 60, 60 },
		{ "a date that was", -3600, 0 },
		{ "the least", INT64_MIN, 0 },
		{ "a day", 86400, 86400 },
		{ "more than a day", 86401, 86400 },
		{ "the most", INT64_MAX, 86400 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name, upload_status_retry_after(table[i].in),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_retry_after),
	};

	return UNIT_RUN(tests);
}
