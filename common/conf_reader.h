/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_READER_H
#define COMMON_CONF_READER_H

#include "common/conf.h"
#include "common/conf_yaml.h"

/*
 * Checks a tree against the schema and sets what it says. Appends one line
 * "path:line: what, what was expected" per fault to *error, up to CONF_FAULTS.
 * Returns the number of faults.
 */
unsigned conf_reader_run(struct conf *c, const char *path,
    const struct conf_yaml *yaml, struct strbuf *error);

#endif
