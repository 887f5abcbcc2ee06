/* SPDX-License-Identifier: BSD-2-Clause */
/* test_conf_report.c - the configuration, for those who make reports */
#include "config.h"

#include "common/conf_report.h"
#include "common/err.h"
#include "tests/unit/unit.h"

static void test_sender(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		int want;
		const char *organization;
		const char *contact;
		const char *submitter;
		const char *site;
	} table[] = {
		{ "nothing", "", ERR_CONFIG, "", "", "", NULL },
		{ "all",
		    "organization: A\ncontact: a@X.example\nreport:\n"
		    "  count: all\n  sending-mta-ip: false\nsite: mx1\n",
		    0, "A", "a@x.example", "x.example", "mx1" },
		{ "no organization", "contact: a@x.example\n", 0, "",
		    "a@x.example", "x.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char submitter[DOMAIN_BUF];
		struct report_sender s;
		struct strbuf error;
		struct conf c;
		const char *text = table[i].text;

		conf_init(&c);
		strbuf_init(&error, 1024);
		UNIT_INT(table[i].name,
		    conf_parse(&c, "t", text, strlen(text), &error), 0);
		UNIT_INT(table[i].name, conf_report_sender(&c, submitter, &s),
		    table[i].want);
		UNIT_STR(table[i].name, s.organization, table[i].organization);
		UNIT_STR(table[i].name, s.contact, table[i].contact);
		UNIT_STR(table[i].name, s.submitter, table[i].submitter);
		UNIT_STR(table[i].name, s.site, table[i].site);
		UNIT_BOOL(table[i].name, s.sending_mta_ip, i != 1);
		UNIT_UINT(table[i].name, s.count,
		    i == 1 ? JUDGE_ALL : JUDGE_GOVERNING);
		strbuf_release(&error);
		conf_release(&c);
	}
}

static void test_dns(void **state)
{
	static const char text[] = "dns:\n  local-data: /zone\n"
				   "  trust-anchor: /anchor\n  parallel: 7\n"
				   "  timeout: 3s\n";
	struct dns_options o;
	struct strbuf error;
	struct conf c;

	(void)state;
	conf_init(&c);
	strbuf_init(&error, 1024);
	UNIT_INT("conf", conf_parse(&c, "t", text, strlen(text), &error), 0);
	conf_report_dns(&c, &o);
	UNIT_STR("local data", o.local_data, "/zone");
	UNIT_STR("anchor", o.trust_anchor, "/anchor");
	UNIT_UINT("parallel", o.parallel, 7);
	UNIT_UINT("timeout", o.timeout_s, 3);
	UNIT_BOOL("recursion", o.is_recursive, false);
	strbuf_release(&error);
	conf_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_dns),
	};

	return UNIT_RUN(tests);
}
