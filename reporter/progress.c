/* SPDX-License-Identifier: BSD-2-Clause */
/* progress.c - how far a long operation is, on a terminal */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "reporter/progress.h"

enum {
	NOTHING_SHOWN = 1001
};

void progress_begin(
    struct progress *p, const char *what, size_t total, bool is_verbose)
{
	*p = (struct progress){
		.is_on = !is_verbose && total > 0 && isatty(STDERR_FILENO) == 1,
		.what = what,
		.total = total,
		.permille = NOTHING_SHOWN,
	};
}

void progress_show(struct progress *p, size_t done)
{
	unsigned permille;

	if (!p->is_on) {
		return;
	}
	permille = (unsigned)(done * 1000 / p->total);
	if (permille != p->permille) {
		p->permille = permille;
		(void)fprintf(
		    stderr, "\r%s: %zu/%zu\033[K", p->what, done, p->total);
	}
}

void progress_clear(struct progress *p)
{
	if (p->is_on && p->permille != NOTHING_SHOWN) {
		p->permille = NOTHING_SHOWN;
		(void)fputs("\r\033[K", stderr);
	}
}
