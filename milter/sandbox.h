/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_SANDBOX_H
#define MILTER_SANDBOX_H

#include <stdbool.h>

/*
 * Gives up, for this process and all its children, the system calls that
 * telltls never needs: to run programs, to trace, to mount, to load, to change
 * who it is, to open sockets of other families than local ones (and, where
 * has_network says so, of the Internet). A refused call fails with EPERM; it
 * does not end the process, since mail may wait for it. One of two files is
 * built: sandbox_seccomp.c or sandbox_none.c.
 * Returns 1, 0 when this build or kernel has no such thing, or -errno.
 */
int sandbox_enter(bool has_network);

/*
 * Gives up, for this process and all its children, to open sockets of any
 * family but local ones, whatever sandbox_enter() left. Returns likewise.
 */
int sandbox_forbid_network(void);

#endif
