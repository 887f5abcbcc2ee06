/* SPDX-License-Identifier: BSD-2-Clause */
/* store_dir.c - the names of the tally files, and which there are */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/store.h"
#include "common/when.h"

enum {
	PATH_BUF = 4096
};

const char *store_path(const char *state, int64_t day, char *out, size_t size)
{
	char date[WHEN_DATE_BUF];
	int len =
	    snprintf(out, size, "%s/tally/%s", state, when_date(day, date));

	if (len < 0 || (size_t)len >= size) {
		out[0] = '\0';
	}
	return out;
}

static int compare_days(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* Is this the name of a day's file? */
static bool is_day(const char *name, int64_t *day)
{
	char date[WHEN_DATE_BUF];

	return when_parse_date(view_of(name), day) == 0 &&
	    strcmp(when_date(*day, date), name) == 0;
}

/* Reads the days of all names that are dates, in no order. */
static int read_days(DIR *dir, int64_t **days, unsigned *n)
{
	unsigned cap = 0;

	for (;;) {
		const struct dirent *entry;
		int64_t day;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			return -errno;
		}
		if (!is_day(entry->d_name, &day)) {
			continue;
		}
		if (*n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			*days = xrealloc_array(*days, cap, sizeof(**days));
		}
		(*days)[(*n)++] = day;
	}
}

int store_days(const char *state, int64_t **days, unsigned *n)
{
	char path[PATH_BUF];
	DIR *dir;
	int len;
	int rc;

	*days = NULL;
	*n = 0;
	len = snprintf(path, sizeof(path), "%s/tally", state);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	dir = opendir(path);
	if (dir == NULL) {
		return -errno;
	}
	rc = read_days(dir, days, n);
	(void)closedir(dir);
	if (rc != 0) {
		free(*days);
		*days = NULL;
		*n = 0;
		return rc;
	}
	if (*n > 0) {
		qsort(*days, *n, sizeof(**days), compare_days);
	}
	return 0;
}
