/* SPDX-License-Identifier: BSD-2-Clause */
/* test_check.c - what telltls check makes of what it saw, and how it is shown */

#include "config.h"

#include "tests/unit/unit.h"

#include "tool/check.h"

#define TA  "2 0 1 " HEX
#define EE  "3 1 1 " HEX
#define HEX "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"

enum {
	DAY = 86400,
	NOW = 20000 * DAY
};

static const char enforce[] = "version: STSv1\r\nmode: enforce\r\n"
			      "mx: mx.d.example\r\nmax_age: 86400\r\n";
static const char testing[] = "version: STSv1\r\nmode: testing\r\n"
			      "mx: mx.d.example\r\nmax_age: 86400\r\n";
static const char elsewhere[] = "version: STSv1\r\nmode: enforce\r\n"
				"mx: mx.e.example\r\nmax_age: 86400\r\n";

/* A domain that is good in everything: DANE, MTA-STS, TLSRPT. */
struct sample {
	struct check c;
	struct check_host host;
	struct view tlsrpt, sts_record, tlsa;
	struct check_findings *found;
};

static void sample_init(struct sample *s)
{
	struct probe_result *r = &s->host.probe[0].result;

	memset(s, 0, sizeof(*s));
	s->tlsrpt = view_of("v=TLSRPTv1; rua=mailto:a@d.example");
	s->sts_record = view_of("v=STSv1; id=1;");
	s->tlsa = view_of(EE);
	s->host.name = "mx.d.example";
	s->host.preference = 10;
	s->host.is_address_known = true;
	s->host.n_ip = s->host.n_probes = 1;
	assert_int_equal(ip_parse(view_of("9.9.9.1"), &s->host.ip[0]), 0);
	s->host.probe[0].ip = s->host.ip[0];
	s->host.probe[0].is_done = true;
	s->host.tlsa = POLICY_TLSA_USABLE;
	s->host.base = view_of("mx.d.example");
	s->host.records = &s->tlsa;
	s->host.n_records = 1;
	r->end = PROBE_TLS;
	r->tls = FACT_TLS_OK;
	r->chain = FACT_CHAIN_OK;
	r->chain_text = "";
	r->name = FACT_NAME_MATCH;
	r->dane = FACT_DANE_MATCH;
	r->dane_chain = FACT_CHAIN_OK;
	r->dane_name = FACT_NAME_MATCH;
	(void)snprintf(r->version, sizeof(r->version), "TLSv1.3");
	(void)snprintf(r->names, sizeof(r->names), "mx.d.example");
	r->not_before = NOW - DAY;
	r->not_after = NOW + 60 * (int64_t)DAY;
	s->c = (struct check){ .domain = "d.example",
		.now = NOW,
		.is_probing = true,
		.has_roots = true,
		.health = DNS_HEALTH_VALIDATING,
		.tlsrpt = { DNS_ANSWER, &s->tlsrpt, 1 },
		.mx = POLICY_MX_SECURE,
		.n_mx = 1,
		.host = &s->host,
		.n_hosts = 1,
		.sts_record = { DNS_ANSWER, &s->sts_record, 1 },
		.sts = POLICY_STS_FOUND,
		.sts_token = "",
		.sts_text = view_of(enforce) };
	s->found = calloc(1, sizeof(*s->found));
	assert_non_null(s->found);
	s->found->arena = arena_new();
}

static void sample_release(struct sample *s)
{
	arena_free(s->found->arena);
	free(s->found);
}

/* --- changes to it --- */

static struct probe_result *result(struct sample *s)
{
	return &s->host.probe[0].result;
}

static void none(struct sample *s)
{
	(void)s;
}

static void no_dnssec(struct sample *s)
{
	s->c.health = DNS_HEALTH_STRIPPED;
	s->c.mx = POLICY_MX_UNKNOWN;
	s->host.tlsa = POLICY_TLSA_UNKNOWN;
	s->host.n_records = 0;
	result(s)->dane = FACT_DANE_NONE;
}

static void dane_mismatch(struct sample *s)
{
	result(s)->dane = FACT_DANE_MISMATCH;
	result(s)->dane_chain = FACT_CHAIN_UNKNOWN;
	result(s)->dane_name = FACT_NAME_UNKNOWN;
}

static void dane_expired(struct sample *s)
{
	s->tlsa = view_of(TA);
	result(s)->dane = FACT_DANE_MISMATCH;
	result(s)->dane_chain = FACT_CHAIN_EXPIRED;
	result(s)->dane_name = FACT_NAME_UNKNOWN;
}

static void tlsa_unusable(struct sample *s)
{
	s->host.tlsa = POLICY_TLSA_UNUSABLE;
}

static void tlsa_bogus(struct sample *s)
{
	s->host.tlsa = POLICY_TLSA_BOGUS;
	s->host.n_records = 0;
}

static void address_bogus(struct sample *s)
{
	s->host.is_bogus = true;
}

static void no_sts(struct sample *s)
{
	s->c.sts = POLICY_STS_NONE;
	s->c.sts_record = (struct check_text){ .dns = DNS_NXDOMAIN };
}

static void self_signed(struct sample *s)
{
	result(s)->chain = FACT_CHAIN_SELF_SIGNED;
	result(s)->chain_text = "self-signed certificate";
}

static void only_dane(struct sample *s)
{
	no_sts(s);
	self_signed(s);
}

static void nothing(struct sample *s)
{
	no_sts(s);
	s->host.tlsa = POLICY_TLSA_NONE;
	s->host.n_records = 0;
	result(s)->dane = FACT_DANE_NONE;
	self_signed(s);
}

static void no_roots(struct sample *s)
{
	s->c.has_roots = false;
	result(s)->chain = FACT_CHAIN_UNKNOWN;
	result(s)->chain_text = "";
}

static void ends_soon(struct sample *s)
{
	result(s)->not_after = NOW + 13 * (int64_t)DAY;
}

static void old_tls(struct sample *s)
{
	(void)snprintf(result(s)->version, PROBE_VERSION, "TLSv1.1");
}

static void sts_testing(struct sample *s)
{
	s->c.sts_text = view_of(testing);
}

static void sts_elsewhere(struct sample *s)
{
	s->c.sts_text = view_of(elsewhere);
}

static void fetch_doubtful(struct sample *s)
{
	s->c.sts = POLICY_STS_UNKNOWN;
	s->c.sts_token = "timeout";
}

static void policy_host_expired(struct sample *s)
{
	s->c.sts = POLICY_STS_UNKNOWN;
	s->c.sts_token = "certificate-expired";
}

/* The clock may be ours. */
static void policy_host_doubtful(struct sample *s)
{
	policy_host_expired(s);
	s->c.health = DNS_HEALTH_WRONG_CLOCK;
}

static void unreached(struct sample *s)
{
	*result(s) = (struct probe_result){
		.end = PROBE_NO_CONNECTION, .token = "timeout", .chain_text = ""
	};
}

static void not_probed(struct sample *s)
{
	s->c.is_probing = false;
	s->host.probe[0].is_done = false;
}

static void servfail(struct sample *s)
{
	s->c.tlsrpt = (struct check_text){ .dns = DNS_SERVFAIL };
}

static void many_hosts(struct sample *s)
{
	s->c.n_mx = 20;
}

/* Of each change, the worst, and the first finding that is so. */
static void test_findings(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct sample *s);
		enum check_level worst;
		const char *want; /* "topic: code", or "topic: text" */
	} table[] = {
		{ "good", none, CHECK_OK, "dnssec: can be relied on here" },
		{ "no DNSSEC", no_dnssec, CHECK_UNKNOWN, "dnssec" },
		{ "DANE mismatch", dane_mismatch, CHECK_BAD,
		    "dane: validation-failure dane-no-match" },
		{ "DANE by an anchor, expired", dane_expired, CHECK_BAD,
		    "dane: certificate-expired" },
		{ "TLSA unusable", tlsa_unusable, CHECK_BAD,
		    "tlsa: tlsa-invalid all-tlsa-unusable" },
		{ "TLSA bogus", tlsa_bogus, CHECK_BAD,
		    "tlsa: dnssec-invalid tlsa-bogus" },
		{ "address bogus", address_bogus, CHECK_BAD,
		    "address: the addresses are bogus" },
		{ "self-signed under MTA-STS", self_signed, CHECK_BAD,
		    "certificate: certificate-not-trusted self-signed" },
		{ "self-signed under DANE alone", only_dane, CHECK_OK,
		    "dnssec" },
		{ "self-signed under nothing", nothing, CHECK_WARNING,
		    "certificate: self-signed certificate" },
		{ "no roots", no_roots, CHECK_UNKNOWN,
		    "certificate: could not be checked" },
		{ "ends soon", ends_soon, CHECK_WARNING,
		    "certificate: trusted, valid until 2024-10-17 (13 days)" },
		{ "old TLS", old_tls, CHECK_BAD,
		    "certificate: validation-failure tls-version-too-old" },
		{ "testing", sts_testing, CHECK_WARNING,
		    "mta-sts: policy of mode testing" },
		{ "host not in the policy", sts_elsewhere, CHECK_BAD,
		    "mta-sts: validation-failure mta-sts-mx-mismatch" },
		{ "no policy, perhaps our fault", fetch_doubtful, CHECK_UNKNOWN,
		    "mta-sts: the policy could not be fetched" },
		{ "policy host expired", policy_host_expired, CHECK_BAD,
		    "mta-sts: sts-webpki-invalid" },
		{ "policy host expired, or our clock", policy_host_doubtful,
		    CHECK_UNKNOWN, "dnssec" },
		{ "not reached", unreached, CHECK_UNKNOWN,
		    "tls: no connection: timeout" },
		{ "not probed", not_probed, CHECK_OK, "dnssec" },
		{ "SERVFAIL", servfail, CHECK_UNKNOWN, "tlsrpt: the TLSRPT" },
		{ "more hosts than are looked at", many_hosts, CHECK_UNKNOWN,
		    "mx: only the first 1 of 20" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct sample s;
		const struct check_finding *first;
		char got[256];

		sample_init(&s);
		table[i].change(&s);
		check_find(&s.c, s.found);
		UNIT_STR(table[i].name, check_level_word(check_worst(s.found)),
		    check_level_word(table[i].worst));
		first = s.found->list;
		while (first->level != table[i].worst) {
			first++;
		}
		(void)snprintf(got, sizeof(got), "%s: %s", first->topic,
		    first->code[0] != '\0' ? first->code : first->text);
		got[strlen(table[i].want)] = '\0';
		UNIT_STR(table[i].name, got, table[i].want);
		sample_release(&s);
	}
}

/* What a stream was given. */
static char *shown(const struct sample *s, bool is_json, bool has_colour)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	if (is_json) {
		check_show_json(&s->c, s->found, stream);
	} else {
		check_show_text(&s->c, s->found, stream, has_colour);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void test_text(void **state)
{
	static const char want[] =
	    "ok       dnssec       can be relied on here\n"
	    "ok       tlsrpt       reports go to 1 destination\n"
	    "ok       mta-sts      record with id 1\n"
	    "ok       mta-sts      policy of mode enforce, max_age 86400 s; "
	    "mx mx.d.example\n"
	    "ok       mx           1 host, signed (DNSSEC)\n"
	    "mx.d.example\n"
	    "ok       address      preference 10, 1 address\n"
	    "ok       tlsa         1 record at _25._tcp.mx.d.example\n"
	    "ok       mta-sts      the policy has this host\n"
	    "mx.d.example 9.9.9.1\n"
	    "ok       tls          TLSv1.3\n"
	    "ok       certificate  trusted, valid until 2024-12-03 (60 days)\n"
	    "ok       dane         the certificate matches the TLSA records\n"
	    "d.example: good\n";
	struct sample s;
	char *text;

	(void)state;
	sample_init(&s);
	check_find(&s.c, s.found);
	text = shown(&s, false, false);
	UNIT_STR("text", text, want);
	free(text);
	text = shown(&s, false, true);
	UNIT_TRUE("colour", strstr(text, "\033[32mok ") == text);
	free(text);
	sample_release(&s);
}

static void test_caret(void **state)
{
	static const struct {
		const char *name;
		const char *record;
		const char *want;
	} table[] = {
		{ "in the middle", "v=STSv1; id=a-b;",
		    "         v=STSv1; id=a-b;\n"
		    "                      ^\n" },
		{ "at the end", "v=STSv1;",
		    "         v=STSv1;\n"
		    "                 ^\n" },
		{ "octets that are not for a terminal", "v=STSv1; id=a\033[31m",
		    "         v=STSv1; id=a\\x1b[31m\n"
		    "                      ^\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct sample s;
		char *text;

		sample_init(&s);
		s.sts_record = view_of(table[i].record);
		check_find(&s.c, s.found);
		text = shown(&s, false, false);
		UNIT_TRUE(table[i].name, strstr(text, table[i].want) != NULL);
		free(text);
		sample_release(&s);
	}
}

static void test_long_record(void **state)
{
	struct check_finding finding = { .level = CHECK_BAD,
		.topic = "tlsrpt",
		.host = "",
		.address = "",
		.text = "x",
		.code = "",
		.has_error = true };
	char record[300];
	struct sample s;
	char *text;

	(void)state;
	memset(record, 'a', sizeof(record));
	record[200] = '!';
	finding.record = view_make(record, sizeof(record));
	finding.error_at = 200;
	sample_init(&s);
	s.found->list[0] = finding;
	s.found->n = 1;
	text = shown(&s, false, false);
	UNIT_TRUE("cut", strstr(text, "aaa!aaaaaaaaaaaaaaaaaaa...\n") != NULL);
	UNIT_INT("under it",
	    (int)(strchr(text, '^') - strstr(text, "...\n") - 4),
	    (int)(strchr(text, '!') - strstr(text, "         ...")));
	free(text);
	sample_release(&s);
}

static void test_json(void **state)
{
	static const char want[] =
	    "{\"kind\":\"finding\",\"level\":\"bad\",\"topic\":\"mta-sts\","
	    "\"host\":\"\",\"address\":\"\",";
	struct sample s;
	char *text;

	(void)state;
	sample_init(&s);
	s.sts_record = view_of("v=STSv1; id=a\"b");
	check_find(&s.c, s.found);
	text = shown(&s, true, false);
	UNIT_TRUE("finding", strstr(text, want) != NULL);
	UNIT_TRUE("record",
	    strstr(
		text, "\"record\":\"v=STSv1; id=a\\\"b\",\"error-at\":13}\n") !=
		NULL);
	UNIT_TRUE("result",
	    strstr(text,
		"{\"kind\":\"result\",\"domain\":\"d.example\","
		"\"result\":\"bad\",\"probed\":true}\n") != NULL);
	free(text);
	sample_release(&s);
}

static void test_full(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i < (size_t)2 * CHECK_FINDINGS; i++) {
		check_add(s.found, CHECK_OK, "mx", "%zu", i);
	}
	UNIT_UINT("findings", s.found->n, CHECK_FINDINGS - 1);
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_caret),
		cmocka_unit_test(test_long_record),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_full),
	};

	return UNIT_RUN(tests);
}
