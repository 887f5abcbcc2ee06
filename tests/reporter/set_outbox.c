/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set_outbox.c - what a person decides of the outbox, at a time of the test's
 *
 *	set_outbox STATE enable DAY        from this day on, YYYY-MM-DD
 *	set_outbox STATE disable
 *	set_outbox STATE suppress TARGET DAY [DOMAIN]   until that day
 *	set_outbox STATE lift TARGET
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/outbox.h"
#include "common/suppress.h"
#include "common/when.h"

static int64_t day_of(const char *text)
{
	int64_t day = 0;

	if (when_parse_date(view_of(text), &day) != 0) {
		(void)fprintf(stderr, "set_outbox: bad day %s\n", text);
		exit(1);
	}
	return day;
}

static struct record_rua rua_of(const char *target)
{
	struct record_rua rua = { .kind = strncmp(target, "https", 5) == 0 ?
		    RECORD_HTTPS :
		    RECORD_MAILTO };

	(void)snprintf(rua.target, sizeof(rua.target), "%s", target);
	return rua;
}

static int obey(struct ledger *l, char *const *w, int n)
{
	struct record_rua rua = rua_of(n > 1 ? w[1] : "");
	bool was_there;

	if (n == 2 && strcmp(w[0], "enable") == 0) {
		return outbox_enable(l, day_of(w[1]));
	}
	if (n == 1 && strcmp(w[0], "disable") == 0) {
		return outbox_enable(l, 0);
	}
	if ((n == 3 || n == 4) && strcmp(w[0], "suppress") == 0) {
		return suppress_add(
		    l, &rua, n == 4 ? w[3] : "", day_of(w[2]), "by the test");
	}
	if (n == 2 && strcmp(w[0], "lift") == 0) {
		return suppress_lift(l, &rua, NULL, &was_there);
	}
	return ERR_PARSE;
}

int main(int argc, char **argv)
{
	struct ledger *l = NULL;
	char path[4096];
	int rc;

	if (argc < 3) {
		(void)fputs("set_outbox: STATE COMMAND\n", stderr);
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/outbox", argv[1]);
	(void)mkdir(path, 0750);
	(void)snprintf(path, sizeof(path), "%s/outbox/ledger.sqlite", argv[1]);
	rc = ledger_open(path, &l);
	if (rc == 0) {
		rc = obey(l, argv + 2, argc - 2);
	}
	if (rc == 0) {
		rc = ledger_commit(l);
	}
	ledger_close(l);
	if (rc != 0) {
		(void)fprintf(stderr, "set_outbox: %s\n", err_text(rc));
	}
	return rc == 0 ? 0 : 1;
}
