/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_PROGRESS_H
#define REPORTER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* How far a long operation is, on one line of a terminal. */
struct progress {
	bool is_on;       /* standard error is a terminal */
	const char *what; /* borrowed */
	size_t total;
	unsigned permille; /* shown last */
};

/*
 * Nothing is ever shown when total is 0, or when the log is verbose: its lines
 * tell enough, and would tear the line apart.
 */
void progress_begin(
    struct progress *p, const char *what, size_t total, bool is_verbose);
void progress_show(struct progress *p, size_t done);

/* Clears the line; the next progress_show() writes it again. */
void progress_clear(struct progress *p);

#endif
