/* SPDX-License-Identifier: BSD-2-Clause */
/* test_local_policy.c - tests common/local_policy.c */

#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>

#include "common/err.h"
#include "common/local_policy.h"

static const char text[] = "# ours\n"
			   "dane good.example Bank.Example. # must\n"
			   "\tmta-sts good.example\r\n"
			   "\n"
			   "exclude quiet.example xn--bcher-kva.example\n"
			   "smart-host smtp.isp.example isp.example\n"
			   "smart-host smtp.isp.example ISP.example\n"
			   "exclude smtp.isp.example";

static void test_good(void **state)
{
	static const struct {
		const char *domain;
		unsigned demands;
		const char *next_hop;
	} table[] = {
		{ "good.example", LOCAL_POLICY_DANE | LOCAL_POLICY_STS, "" },
		{ "bank.example", LOCAL_POLICY_DANE, "" },
		{ "quiet.example", LOCAL_POLICY_EXCLUDE, "" },
		{ "xn--bcher-kva.example", LOCAL_POLICY_EXCLUDE, "" },
		{ "smtp.isp.example", LOCAL_POLICY_EXCLUDE, "isp.example" },
		{ "isp.example", 0, "" },
		{ "sub.good.example", 0, "" },
		{ "", 0, "" },
	};
	struct local_policy *p;
	struct strbuf error;

	(void)state;
	strbuf_init(&error, 1000);
	UNIT_INT(
	    "parse", local_policy_parse(view_of(text), "x", &p, &error), 0);
	UNIT_STR("error", strbuf_str(&error), "");
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view name = view_of(table[i].domain);

		UNIT_UINT(table[i].domain, local_policy_of(p, name),
		    table[i].demands);
		UNIT_VIEW(table[i].domain, local_policy_next_hop(p, name),
		    table[i].next_hop);
		UNIT_UINT("none", local_policy_of(NULL, name), 0);
		UNIT_VIEW("none", local_policy_next_hop(NULL, name), "");
	}
	local_policy_free(p);
	UNIT_INT("empty", local_policy_parse(view_of(""), "x", &p, &error), 0);
	UNIT_UINT("empty", local_policy_of(p, view_of("a.example")), 0);
	local_policy_free(p);
	strbuf_release(&error);
}

static void test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} table[] = {
		{ "another word", "\ndnae a.example\n",
		    "x:2: expected dane, mta-sts, exclude or smart-host" },
		{ "no domain", "dane # none\n", "x:1: expected a domain" },
		{ "no name", "dane a..example\n",
		    "x:1: expected a domain or host name" },
		{ "an address", "exclude [192.0.2.1]\n",
		    "x:1: expected a domain or host name" },
		{ "no next hop", "smart-host a.example\n",
		    "x:1: expected: smart-host HOST DOMAIN" },
		{ "two next hops", "smart-host a.example b.example c.example\n",
		    "x:1: expected: smart-host HOST DOMAIN" },
		{ "not one next hop",
		    "smart-host a.example b.example\n"
		    "smart-host a.example c.example\n",
		    "x:0: a smart host has two domains" },
		{ "all faults", "dane -\x01\nmta-sts\n",
		    "x:1: expected a domain or host name\n"
		    "x:2: expected a domain" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct local_policy *p;
		struct strbuf error;

		strbuf_init(&error, 1000);
		UNIT_INT(table[i].name,
		    local_policy_parse(view_of(table[i].text), "x", &p, &error),
		    ERR_CONFIG);
		UNIT_TRUE(table[i].name, p == NULL);
		UNIT_STR(table[i].name, strbuf_str(&error), table[i].want);
		strbuf_release(&error);
	}
}

static void test_file(void **state)
{
	char folder[64];
	char path[128];
	struct local_policy *p;
	struct strbuf error;
	FILE *f;

	(void)state;
	unit_tmpdir_make(folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/local", folder);
	strbuf_init(&error, 1000);
	UNIT_INT("absent", local_policy_read(path, &p, &error), -ENOENT);
	UNIT_TRUE("says which", strstr(strbuf_str(&error), path) != NULL);
	f = fopen(path, "w");
	UNIT_TRUE("file", f != NULL);
	(void)fputs(text, f);
	(void)fclose(f);
	strbuf_clear(&error);
	UNIT_INT("there", local_policy_read(path, &p, &error), 0);
	UNIT_UINT("bank.example", local_policy_of(p, view_of("bank.example")),
	    LOCAL_POLICY_DANE);
	local_policy_free(p);
	strbuf_release(&error);
	unit_tmpdir_remove(folder);
}

/* What a file may hold is bounded. */
static void test_bounds(void **state)
{
	struct local_policy *p;
	struct strbuf many;
	struct strbuf error;

	(void)state;
	strbuf_init(&many, 16 << 20);
	strbuf_init(&error, 100);
	for (unsigned i = 0; i <= LOCAL_POLICY_MAX; i++) {
		strbuf_addf(&many, "dane a%u.example\n", i);
	}
	UNIT_INT("too many",
	    local_policy_parse(view_make(many.s, many.len), "x", &p, &error),
	    ERR_CONFIG);
	UNIT_STR("too many", strbuf_str(&error), "x:100001: too many names");
	strbuf_release(&many);
	strbuf_release(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
