/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fetch_resolve.c - tests lookup/fetch_resolve.c */
#include "config.h"

#include "lookup/fetch_resolve.h"
#include "tests/unit/unit.h"

enum {
	TYPE_A = 1,
	MANY = 40
};

/* DNS as a table has it. */
struct zone {
	const struct dns_answer *a, *aaaa;
	bool is_silent;
};

static void ask(
    void *dns, const char *name, int type, dns_callback cb, void *ctx)
{
	const struct zone *z = dns;

	UNIT_STR("name", name, "mta-sts.d.example");
	if (!z->is_silent) {
		cb(ctx, type == TYPE_A ? z->a : z->aaaa);
	}
}

static void note(void *job, const struct fetch_addresses *answer)
{
	char *out = job;
	size_t n = 0;

	if (answer->token != NULL) {
		(void)snprintf(
		    out, 2000, "%s %d", answer->token, (int)answer->fault);
		return;
	}
	for (size_t i = 0; i < answer->n; i++) {
		char text[IP_TEXT_MAX];

		n += (size_t)snprintf(out + n, 2000 - n, "%s%s",
		    n > 0 ? " " : "", ip_format(&answer->ip[i], text));
	}
}

static void test_answers(void **state)
{
	static const struct view rr_a[] = { { "\xc0\0\2\1", 4 },
		{ "\xc0\0\2\2", 4 } };
	static const struct view rr_aaaa[] = {
		{ "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16 }
	};
	static const struct view rr_bad[] = { { "\xc0\0\2", 3 }, { "", 0 } };
	static const struct dns_answer a = {
		.status = DNS_ANSWER, .rdata = rr_a, .n = 2
	};
	static const struct dns_answer aaaa = {
		.status = DNS_ANSWER, .rdata = rr_aaaa, .n = 1
	};
	static const struct dns_answer bad = {
		.status = DNS_ANSWER, .rdata = rr_bad, .n = 2
	};
	static const struct dns_answer nodata = { .status = DNS_NODATA };
	static const struct dns_answer nxdomain = { .status = DNS_NXDOMAIN };
	static const struct dns_answer servfail = { .status = DNS_SERVFAIL };
	static const struct dns_answer timeout = { .status = DNS_TIMEOUT };
	static const struct dns_answer bogus = { .status = DNS_BOGUS };
	static const struct dns_answer error = { .status = DNS_ERROR };

	static const struct {
		const char *name;
		struct zone zone;
		const char *want;
	} table[] = {
		{ "both", { &a, &aaaa, false },
		    "2001:db8::1 192.0.2.1 192.0.2.2" },
		{ "A", { &a, &nodata, false }, "192.0.2.1 192.0.2.2" },
		{ "A, the other failed", { &a, &servfail, false },
		    "192.0.2.1 192.0.2.2" },
		{ "AAAA", { &nodata, &aaaa, false }, "2001:db8::1" },
		{ "none", { &nodata, &nodata, false }, "dns-nodata 0" },
		{ "no records that are any", { &bad, &bad, false },
		    "dns-nodata 0" },
		{ "no name", { &nxdomain, &nxdomain, false },
		    "dns-nxdomain 0" },
		{ "no answer", { &timeout, &timeout, false }, "dns-timeout 1" },
		{ "no answer to one", { &nodata, &timeout, false },
		    "dns-timeout 1" },
		{ "servfail", { &servfail, &timeout, false },
		    "dns-servfail 1" },
		{ "bogus", { &bogus, &nodata, false }, "dns-bogus 1" },
		{ "ours", { &error, &bogus, false }, "dns-error 2" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct zone zone = table[i].zone;
		struct fetch_resolver r;
		char got[2000] = "";

		fetch_resolver_init(&r, ask, &zone);
		fetch_resolve(&r, "mta-sts.d.example", note, got);
		UNIT_STR(table[i].name, got, table[i].want);
		fetch_resolver_release(&r);
	}
}

/* Of more than there is room for, some are taken. */
static void test_many(void **state)
{
	static const struct dns_answer nodata = { .status = DNS_NODATA };
	struct view rr[MANY];
	const struct dns_answer a = {
		.status = DNS_ANSWER, .rdata = rr, .n = MANY
	};
	struct zone zone = { &a, &nodata, false };
	struct fetch_resolver r;
	char got[2000] = "";

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		rr[i] = view_make("\xc0\0\2\1", 4);
	}
	fetch_resolver_init(&r, ask, &zone);
	fetch_resolve(&r, "mta-sts.d.example", note, got);
	UNIT_UINT("length", strlen(got), 32 * 10 - 1);
	fetch_resolver_release(&r);
}

/* What is not answered is dropped. */
static void test_release(void **state)
{
	struct zone zone = { .is_silent = true };
	struct fetch_resolver r;
	char got[2000] = "";

	(void)state;
	fetch_resolver_init(&r, ask, &zone);
	fetch_resolve(&r, "mta-sts.d.example", note, got);
	fetch_resolver_release(&r);
	UNIT_STR("nothing", got, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_release),
	};

	return UNIT_RUN(tests);
}
