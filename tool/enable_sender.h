/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_ENABLE_SENDER_H
#define TOOL_ENABLE_SENDER_H

#include "common/conf.h"
#include "common/strbuf.h"

/*
 * What the configuration says of how reports leave, for "telltls enable".
 * What comes to be configured of it is added here.
 */

/*
 * Adds a line for each thing that sending cannot do without and that is
 * missing, in the form of conf_check_reports(); nothing: all is there.
 */
void enable_sender_missing(
    const struct conf *c, const char *path, struct strbuf *out);

/* Prints who sends and by which route: aligned lines for show(). */
void enable_sender_show(
    const struct conf *c, void (*show)(const char *name, const char *value));

#endif
