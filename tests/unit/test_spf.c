/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf.c - tests of tool/spf.c */

#include "config.h"

#include "common/err.h"
#include "tests/unit/unit.h"
#include "tool/spf.h"

static void test_parse(void **state)
{
	static const struct {
		const char *in;
		int want;
		size_t n;
		const char *at; /* the term that is wrong */
	} table[] = {
		{ "v=spf1", 0, 0, "" },
		{ "V=SPF1 -ALL", 0, 1, "" },
		{ "v=spf1  a   mx ", 0, 2, "" },
		{ "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 ?all", 0, 3, "" },
		{ "v=spf1 a:b.example/24 mx//64 a/24//64 ~all", 0, 4, "" },
		{ "v=spf1 include:x.example exists:%{i}.x ptr ptr:y -all", 0, 5,
		    "" },
		{ "v=spf1 redirect=x.example exp=y.example other=z", 0, 0, "" },
		{ "", ERR_NOT_FOUND, 0, "" },
		{ "v=spf10 -all", ERR_NOT_FOUND, 0, "" },
		{ "v=spf2.0/pra", ERR_NOT_FOUND, 0, "" },
		{ " v=spf1", ERR_NOT_FOUND, 0, "" },
		{ "v=spf1 a ip4 -all", ERR_PARSE, 2, "ip4" },
		{ "v=spf1 ip4:", ERR_PARSE, 1, "ip4:" },
		{ "v=spf1 ip4:1.2.3", ERR_PARSE, 1, "ip4:1.2.3" },
		{ "v=spf1 ip4:1.2.3.4/33", ERR_PARSE, 1, "ip4:1.2.3.4/33" },
		{ "v=spf1 ip4:1.2.3.4/", ERR_PARSE, 1, "ip4:1.2.3.4/" },
		{ "v=spf1 ip4:2001:db8::1", ERR_PARSE, 1, "ip4:2001:db8::1" },
		{ "v=spf1 ip6:1.2.3.4", ERR_PARSE, 1, "ip6:1.2.3.4" },
		{ "v=spf1 ip4:IPv6:::1", ERR_PARSE, 1, "ip4:IPv6:::1" },
		{ "v=spf1 a: -all", ERR_PARSE, 1, "a:" },
		{ "v=spf1 a/33", ERR_PARSE, 1, "a/33" },
		{ "v=spf1 mx//129", ERR_PARSE, 1, "mx//129" },
		{ "v=spf1 all/8", ERR_PARSE, 1, "all/8" },
		{ "v=spf1 what", ERR_PARSE, 1, "what" },
		{ "v=spf1 -", ERR_PARSE, 1, "-" },
	};

	static struct spf s;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view at = view_of("");

		UNIT_INT(table[i].in, spf_parse(view_of(table[i].in), &s, &at),
		    table[i].want);
		UNIT_UINT(table[i].in, s.n, table[i].n);
		if (table[i].want == ERR_PARSE) {
			UNIT_VIEW(table[i].in, at, table[i].at);
		}
	}
}

static void test_terms(void **state)
{
	static struct spf s;
	char many[2048] = "v=spf1";
	struct view at;

	(void)state;
	for (size_t i = 0; i < SPF_TERMS; i++) {
		(void)snprintf(
		    many + strlen(many), sizeof(many) - strlen(many), " mx");
	}
	UNIT_INT("as many", spf_parse(view_of(many), &s, &at), 0);
	(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), " a");
	UNIT_INT("one more", spf_parse(view_of(many), &s, &at), ERR_FULL);
}

/* a has 192.0.2.10 and 2001:db8::10, mx 192.0.2.20. */
static void fill(struct spf *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct spf_term *t = &s->term[i];

		if (t->kind == SPF_A && t->domain.len == 0) {
			(void)ip_parse(view_of("192.0.2.10"), &t->hosts.ip[0]);
			(void)ip_parse(
			    view_of("2001:db8::10"), &t->hosts.ip[1]);
			t->hosts.n = 2;
			t->hosts.is_known = true;
		} else if (t->kind == SPF_MX) {
			(void)ip_parse(view_of("192.0.2.20"), &t->hosts.ip[0]);
			t->hosts.n = 1;
			t->hosts.is_known = true;
		}
	}
}

static void test_evaluate(void **state)
{
	static const struct {
		const char *in;
		const char *ip;
		enum spf_result want;
		const char *why;
	} table[] = {
		{ "v=spf1", "192.0.2.1", SPF_NEUTRAL, "" },
		{ "v=spf1 -all", "192.0.2.1", SPF_FAIL, "" },
		{ "v=spf1 ~all", "192.0.2.1", SPF_SOFTFAIL, "" },
		{ "v=spf1 ?all", "192.0.2.1", SPF_NEUTRAL, "" },
		{ "v=spf1 all -all", "192.0.2.1", SPF_PASS, "" },
		{ "v=spf1 ip4:192.0.2.1 -all", "192.0.2.1", SPF_PASS, "" },
		{ "v=spf1 ip4:192.0.2.1 -all", "192.0.2.2", SPF_FAIL, "" },
		{ "v=spf1 -ip4:192.0.2.1 +all", "192.0.2.1", SPF_FAIL, "" },
		{ "v=spf1 ip4:192.0.2.128/25 -all", "192.0.2.200", SPF_PASS,
		    "" },
		{ "v=spf1 ip4:192.0.2.128/25 -all", "192.0.2.100", SPF_FAIL,
		    "" },
		{ "v=spf1 ip4:0.0.0.0/0 -all", "192.0.2.1", SPF_PASS, "" },
		{ "v=spf1 ip4:0.0.0.0/0 -all", "2001:db8::1", SPF_FAIL, "" },
		{ "v=spf1 ip6:2001:db8::/33 -all", "2001:db8:7fff::1", SPF_PASS,
		    "" },
		{ "v=spf1 ip6:2001:db8::/33 -all", "2001:db8:8000::1", SPF_FAIL,
		    "" },
		{ "v=spf1 ip6:::/0 -all", "192.0.2.1", SPF_FAIL, "" },
		{ "v=spf1 a -all", "192.0.2.10", SPF_PASS, "" },
		{ "v=spf1 a -all", "2001:db8::10", SPF_PASS, "" },
		{ "v=spf1 a -all", "192.0.2.20", SPF_FAIL, "" },
		{ "v=spf1 a/24 -all", "192.0.2.20", SPF_PASS, "" },
		{ "v=spf1 a/24 -all", "2001:db8::11", SPF_FAIL, "" },
		{ "v=spf1 a//64 -all", "2001:db8::11", SPF_PASS, "" },
		{ "v=spf1 mx -all", "192.0.2.20", SPF_PASS, "" },
		{ "v=spf1 a:b.example -all", "192.0.2.10", SPF_UNKNOWN,
		    "a:b.example" },
		{ "v=spf1 ~include:x ip4:192.0.2.1 -all", "192.0.2.1",
		    SPF_UNKNOWN, "include:x" },
		{ "v=spf1 include:x ip4:192.0.2.1 -all", "192.0.2.1", SPF_PASS,
		    "include:x" },
		{ "v=spf1 include:x exists:y -all", "192.0.2.1", SPF_UNKNOWN,
		    "include:x" },
		{ "v=spf1 ip4:192.0.2.1 include:x -all", "192.0.2.1", SPF_PASS,
		    "" },
		{ "v=spf1 a:%{d} -all", "192.0.2.1", SPF_UNKNOWN, "a:%{d}" },
		{ "v=spf1 redirect=x", "192.0.2.1", SPF_UNKNOWN, "redirect=x" },
		{ "v=spf1 redirect=x -all", "192.0.2.1", SPF_FAIL,
		    "redirect=x" },
	};

	static struct spf s;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view why = view_of("");
		struct view at;
		struct ip ip;

		UNIT_INT(table[i].in, ip_parse(view_of(table[i].ip), &ip), 0);
		UNIT_INT(
		    table[i].in, spf_parse(view_of(table[i].in), &s, &at), 0);
		fill(&s);
		UNIT_INT(
		    table[i].in, spf_evaluate(&s, &ip, &why), table[i].want);
		UNIT_VIEW(table[i].in, why, table[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_evaluate),
	};

	return UNIT_RUN(tests);
}
