/* SPDX-License-Identifier: BSD-2-Clause */
/* choices.c - what this site decides of domains and destinations */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/mem.h"
#include "reporter/choices.h"

enum {
	FAULTS_MAX = 65536
};

static int by_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static void set_exclude(struct daily_env *env)
{
	char **list = env->conf->report.exclude;
	size_t n = 0;

	while (list != NULL && list[n] != NULL) {
		n++;
	}
	env->exclude = xcalloc(n, sizeof(*env->exclude));
	for (size_t i = 0; i < n; i++) {
		env->exclude[i] = list[i];
	}
	if (n > 1) {
		qsort(env->exclude, n, sizeof(*env->exclude), by_text);
	}
	env->n_exclude = n;
}

static int read_rules(struct daily_env *env)
{
	const char *path = env->conf->report.rules;
	struct strbuf error;
	int rc = 0;

	if (path == NULL) {
		return 0;
	}
	strbuf_init(&error, FAULTS_MAX);
	if (rules_read(path, &env->rules, &error) != 0) {
		log_error("cannot use rules: %s", strbuf_str(&error));
		env->exit_code = EX_CONFIG;
		rc = -1;
	}
	strbuf_release(&error);
	return rc;
}

int choices_load(struct daily_env *env)
{
	set_exclude(env);
	return read_rules(env);
}

void choices_release(struct daily_env *env)
{
	rules_free(env->rules);
	free(env->exclude);
	env->rules = NULL;
	env->exclude = NULL;
	env->n_exclude = 0;
}
