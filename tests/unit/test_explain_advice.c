/* SPDX-License-Identifier: BSD-2-Clause */
/* test_explain_advice.c - which line makes which MTA tell what it does not */
#include "config.h"

#include "common/mta.h"
#include "tests/unit/unit.h"
#include "tool/explain.h"

#define SENDMAIL "include(`/usr/share/telltls/sendmail/telltls.m4')dnl"
#define EXIM     "event_action = TLSRPT_EVENT_ACTION"
#define NONE     "-" /* nothing is known that would tell */

static const struct {
	const char *mta;
	const char *about;
	const char *want; /* "": a text without a line */
	const char *full; /* where its log tells all that it can */
} rows[] = {
	{ "sendmail", "tls", SENDMAIL, NONE },
	{ "sendmail", "chain", SENDMAIL, NONE },
	{ "sendmail", "name", SENDMAIL, NONE },
	{ "sendmail", "dane", NONE, NONE },
	{ "exim", "tls", EXIM, NONE },
	{ "exim", "chain", EXIM, NONE },
	{ "exim", "name", EXIM, NONE },
	{ "exim", "dane", EXIM, NONE },
	{ "postfix", "tls", "smtp_tls_loglevel = 1", NONE },
	{ "postfix", "chain", "smtp_tls_loglevel = 1", NONE },
	{ "postfix", "name", "", "" },
	{ "postfix", "dane", "smtp_tls_security_level = dane",
	    "smtp_tls_security_level = dane" },
	{ "postfix", "mx", NONE, NONE },
	{ "", "tls", NONE, NONE },
	{ "nonsense", "tls", NONE, NONE },
};

static const char *line_of(const char *mta, const char *about, bool is_full)
{
	struct explain_hint hint;

	if (!explain_advice_find(mta, about, is_full, &hint)) {
		return NONE;
	}
	UNIT_TRUE(about, hint.text[0] != '\0');
	return hint.line != NULL ? hint.line : "";
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		UNIT_STR(rows[i].about,
		    line_of(rows[i].mta, rows[i].about, false), rows[i].want);
		UNIT_STR(rows[i].about,
		    line_of(rows[i].mta, rows[i].about, true), rows[i].full);
	}
}

/* Each MTA that we read can be made to tell whether there was TLS. */
static void test_all_mtas(void **state)
{
	(void)state;
	for (const char *const *mta = mta_names(); *mta != NULL; mta++) {
		UNIT_BOOL(*mta, strcmp(line_of(*mta, "tls", false), NONE) == 0,
		    false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_all_mtas),
	};

	return UNIT_RUN(tests);
}
