/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon_sandbox.c - what the daemon and its children may do */

#include "config.h"

#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "milter/daemon_private.h"
#include "milter/sandbox.h"

int daemon_enter_sandbox(struct daemon *d)
{
	int rc;

	d->has_network =
	    d->conf.policies.lookup || daemon_milter_needs_network(d);
	rc = sandbox_enter(d->has_network);
	if (rc < 0) {
		log_error(
		    "cannot enter the sandbox error=\"%s\"", strerror(-rc));
		return EX_OSERR;
	}
	d->is_sandboxed = rc > 0;
	if (!d->is_sandboxed) {
		log_info("no sandbox here: system calls are not restricted");
	}
	return EX_OK;
}

void daemon_warn_of_sandbox(
    const struct daemon *d, bool needs_network, const char *key)
{
	if (needs_network && d->is_sandboxed && !d->has_network) {
		log_warn("key=%s needs a new start: the daemon was started "
			 "without the network, and its sandbox keeps it so",
		    key);
	}
}

void daemon_forbid_network(void)
{
	int rc = sandbox_forbid_network();

	/* mail first: it works as well without */
	if (rc < 0) {
		log_warn(
		    "cannot give up the network error=\"%s\"", strerror(-rc));
	}
}
