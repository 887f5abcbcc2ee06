/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include "common/conf.h"
#include "milter/options.h"

/*
 * The parent process of telltls-milter: owns the tally, follows the logs, has
 * the milter in a child, and answers on the control socket. It opens no
 * network connection.
 */

/*
 * Runs the daemon until a signal ends it. conf was read; it is taken over and
 * released, or replaced by a reload. Called as root it gives that up; see
 * privileges.h. ready: a descriptor to write one byte to when all runs, or -1;
 * it is closed. Returns an exit code of sysexits(3); what went wrong is in the
 * log.
 */
int daemon_run(const struct options *o, struct conf *conf, int ready);

#endif
