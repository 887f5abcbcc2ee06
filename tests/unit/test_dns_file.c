/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_file.c - tests common/dns_file.c */
#include "config.h"

#include "common/dns_file.h"
#include "common/err.h"
#include "tests/unit/unit.h"

static void test_owner(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		int want;
		const char *owner;
		const char *error; /* how it ends */
	} table[] = {
		{ "root", ". IN DS 1 8 2 AB\n", 0, ".", "" },
		{ "zone", "Lab.Test.\t60 IN DNSKEY 257 3 13 AB\r\n", 0,
		    "lab.test", "" },
		{ "the first", "; x\n\n# y\n \t\na. IN DS 1\nb. IN DS 1", 0,
		    "a", "" },
		{ "empty", "", ERR_CONFIG, "", ": no record in it" },
		{ "comments", "; a\n", ERR_CONFIG, "", ": no record in it" },
		{ "no name", "x\n$ORIGIN a.\n", 0, "x", "" },
		{ "bad name", "a\nx..y IN\n", 0, "a", "" },
		{ "bad first name", "\nx..y IN\n", ERR_CONFIG, "",
		    ":2: expected a resource record: name TTL IN type data" },
		{ "blank in front", " IN DS 1\n", ERR_CONFIG, "",
		    ":1: expected a resource record: name TTL IN type data" },
	};

	char dir[64];
	char path[100];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char owner[DOMAIN_BUF];
		struct strbuf error;
		const char *end;
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		assert_true(fputs(table[i].text, f) >= 0);
		assert_int_equal(fclose(f), 0);
		strbuf_init(&error, 1000);
		UNIT_INT(table[i].name, dns_file_owner(path, owner, &error),
		    table[i].want);
		UNIT_STR(table[i].name, owner, table[i].owner);
		end = strbuf_str(&error);
		if (error.len > strlen(table[i].error)) {
			end += error.len - strlen(table[i].error);
		}
		UNIT_STR(table[i].name, end, table[i].error);
		strbuf_release(&error);
	}
	unit_tmpdir_remove(dir);
}

static void test_no_file(void **state)
{
	char owner[DOMAIN_BUF];
	struct strbuf error;

	(void)state;
	strbuf_init(&error, 1000);
	UNIT_INT("missing", dns_file_owner("/nonexistent/file", owner, &error),
	    -ENOENT);
	UNIT_STR("missing", strbuf_str(&error),
	    "file /nonexistent/file: No such file or directory");
	strbuf_clear(&error);
	UNIT_INT("folder", dns_file_owner("/", owner, &error), -EIO);
	strbuf_release(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_no_file),
	};

	return UNIT_RUN(tests);
}
