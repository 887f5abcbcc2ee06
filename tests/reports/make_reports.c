/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_reports.c - write reports of every kind into a folder
 *
 * usage: make_reports DIR
 *
 * NAME.json, NAME.json.gz and NAME.eml for each sample, and NAME.eml of
 * reports too large to stand in a table. tests/reports/check.py reads them.
 */
#include "config.h"

#include <inttypes.h>

#include "tests/unit/report_policies.h"

enum {
	MANY = 120000 /* details: more than a report holds */
};

static int fail(const char *name, const char *what, int rc)
{
	(void)fprintf(stderr, "%s: %s: %d\n", name, what, rc);
	return 1;
}

static int write_report(
    const char *dir, const char *name, struct report *r, bool mail_only)
{
	struct strbuf json;
	struct strbuf gz;
	struct strbuf mail;
	int rc;

	strbuf_init(&json, SAMPLE_MAX);
	strbuf_init(&gz, SAMPLE_MAX);
	strbuf_init(&mail, SAMPLE_MAX);
	rc = report_json(r, &json);
	if (rc != 0) {
		return fail(name, "report_json", rc);
	}
	rc = report_gzip(&json, &gz);
	if (rc != 0) {
		return fail(name, "report_gzip", rc);
	}
	rc = report_mail(r, &gz, "tls@example.net", 1, &mail);
	if (rc != 0) {
		return fail(name, "report_mail", rc);
	}
	if (!mail_only) {
		sample_write(dir, name, ".json", &json);
		sample_write(dir, name, ".json.gz", &gz);
	}
	sample_write(dir, name, ".eml", &mail);
	strbuf_release(&json);
	strbuf_release(&gz);
	strbuf_release(&mail);
	return 0;
}

static int write_policies(const char *dir)
{
	struct report *r = sample_report(&samples[1], 0);
	struct report_policy tlsa = { .type = JUDGE_TLSA,
		.domain = view_of("mx9.example.net") };
	struct report_element *e;
	int rc;

	sample_add_policies(r);
	e = report_find_element(r, &tlsa);
	e->failures = 3;
	sample_add_failure(r, e, JUDGE_TLSA_INVALID, "all-tlsa-unusable", 1);
	sample_add_failure(r, e, JUDGE_DNSSEC_INVALID, "tlsa-bogus", 1);
	sample_add_failure(r, e, JUDGE_DANE_REQUIRED, "", 1);
	rc = write_report(dir, "policies", r, false);
	report_free(r);
	return rc;
}

/* Every detail another one: R105 decides what stays. */
static int write_many(const char *dir, const char *name, unsigned n_mx)
{
	struct report *r = sample_report(&samples[0], 0);
	int rc;

	for (unsigned i = 0; i < MANY; i++) {
		char helo[64];
		char mx[64];
		char ip[IP_TEXT_MAX];
		struct sample_fact f = { FACT_TLS_FAILED, mx, ip, "", "not-tls",
			helo, 1 + i % 100 };
		struct tally_fact t;

		(void)snprintf(mx, sizeof(mx), "m%u.example.net", i % n_mx);
		(void)snprintf(
		    ip, sizeof(ip), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		(void)snprintf(helo, sizeof(helo), "\"%u\\", i);
		t = sample_tally_fact(samples[0].domain, &f);
		report_add(r, &t, &sample_nothing);
	}
	rc = write_report(dir, name, r, true);
	report_free(r);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: make_reports DIR\n");
		return 1;
	}
	for (size_t i = 0; i < SAMPLES && rc == 0; i++) {
		struct report *r = sample_report(&samples[i], 1);

		rc = write_report(argv[1], samples[i].name, r, false);
		report_free(r);
	}
	for (size_t i = 0; i < POLICY_SAMPLES && rc == 0; i++) {
		struct report *r = policy_report(&policy_samples[i], false);

		rc = write_report(argv[1], policy_samples[i].name, r, false);
		report_free(r);
	}
	if (rc == 0) {
		rc = write_policies(argv[1]);
	}
	if (rc == 0) {
		rc = write_many(argv[1], "many", 5);
	}
	if (rc == 0) {
		rc = write_many(argv[1], "many-hosts", MANY);
	}
	return rc;
}
