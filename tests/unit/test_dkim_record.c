/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_record.c - tests of send/dkim_record.c */

#include "config.h"

#include "common/err.h"
#include "send/dkim_record.h"
#include "tests/unit/unit.h"

/* What may be the end of a key, of more than 64 octets. */
#define RSA_TAIL                                                    \
 "MIGJAoGBAOQeU5CgFPNZGIazlXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXo" \
 "liLRC/H9vJjMI1tvdb3Lcya0AIN/PBD8EL97/y4GwJH7LPUvGP48vqUe+owqszes"

static void test_parse(void **state)
{
	static const struct {
		const char *in;
		int want;
		const char *type;
		const char *key;
		const char
		    *flags; /* Email, Tlsrpt, Sha256, List, testing (Y) */
	} table[] = {
		{ "p=abc", 0, "rsa", "abc", "ETS" },
		{ "v=DKIM1; k=rsa; p=abc", 0, "rsa", "abc", "ETS" },
		{ "v=DKIM1;k=ed25519;p=abc;", 0, "ed25519", "abc", "ETS" },
		{ " v = DKIM1 ;\tp = a b\r\n c ; n=x=y", 0, "rsa", "a b\r\n c",
		    "ETS" },
		{ "v=DKIM1; p=", 0, "rsa", "", "ETS" },
		{ "p=abc; s=*", 0, "rsa", "abc", "ETS" },
		{ "p=abc; s=email", 0, "rsa", "abc", "ES" },
		{ "p=abc; s=tlsrpt", 0, "rsa", "abc", "TS" },
		{ "p=abc; s=tlsrpt : Email", 0, "rsa", "abc", "ETSL" },
		{ "p=abc; s=other", 0, "rsa", "abc", "S" },
		{ "p=abc; s=", 0, "rsa", "abc", "S" },
		{ "p=abc; h=sha1", 0, "rsa", "abc", "ET" },
		{ "p=abc; h=sha1:sha256", 0, "rsa", "abc", "ETS" },
		{ "p=abc; t=s", 0, "rsa", "abc", "ETS" },
		{ "p=abc; t=y:s", 0, "rsa", "abc", "ETSY" },
		{ "", ERR_PARSE, "", "", "" },
		{ "v=DKIM1; k=rsa", ERR_PARSE, "", "", "" },
		{ "v=DKIM2; p=abc", ERR_PARSE, "", "", "" },
		{ "v=spf1 -all", ERR_PARSE, "", "", "" },
		{ "p=abc; nonsense", ERR_PARSE, "", "", "" },
		{ "p=abc; =x", ERR_PARSE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *in = table[i].in;
		const char *flags = table[i].flags;
		struct dkim_record r;

		UNIT_INT(in, dkim_record_parse(view_of(in), &r), table[i].want);
		if (table[i].want != 0) {
			continue;
		}
		UNIT_VIEW(in, r.type, table[i].type);
		UNIT_VIEW(in, r.key, table[i].key);
		UNIT_BOOL(in, r.is_email, strchr(flags, 'E') != NULL);
		UNIT_BOOL(in, r.is_tlsrpt, strchr(flags, 'T') != NULL);
		UNIT_BOOL(in, r.is_sha256, strchr(flags, 'S') != NULL);
		UNIT_BOOL(in, r.is_list, strchr(flags, 'L') != NULL);
		UNIT_BOOL(in, r.is_testing, strchr(flags, 'Y') != NULL);
	}
}

static void test_has(void **state)
{
	static const char ed[] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
	static const char framed[] =
	    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB" RSA_TAIL;

	static const struct {
		const char *name;
		const char *in;
		const char *key;
		bool want;
	} table[] = {
		{ "the same", "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		    ed, true },
		{ "blanks",
		    "p=11qYAYKxCrfV S/7TyWQHOg7h\r\n "
		    "cvPapiMlrwIaaPcHURo=",
		    ed, true },
		{ "another", "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURA=",
		    ed, false },
		{ "its end", "p=yWQHOg7hcvPapiMlrwIaaPcHURo=", ed, false },
		{ "longer", "p=" RSA_TAIL, ed, false },
		{ "no frame", "p=" RSA_TAIL, framed, true },
		{ "nothing", "p=", ed, false },
		{ "no base64", "p=11qY*", ed, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct dkim_record r;

		UNIT_INT(table[i].name,
		    dkim_record_parse(view_of(table[i].in), &r), 0);
		UNIT_BOOL(table[i].name,
		    dkim_record_has(&r, view_of(table[i].key)), table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has),
	};

	return UNIT_RUN(tests);
}
