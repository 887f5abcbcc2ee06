/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_seccomp.c - gives up system calls, by libseccomp
 *
 * The list names what is forbidden, not what is allowed: what the C library
 * uses for its own ends differs from version to version, and a call that is
 * refused by mistake could stop mail.
 */

#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "milter/sandbox.h"

static const int forbidden[] = {
	/* to run something else */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	/* to look into other processes */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	/* to change what the system is */
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	/* to become somebody */
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setregid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(setfsuid),
	SCMP_SYS(setfsgid),
	SCMP_SYS(capset),
	/* what has been the way out of many a sandbox */
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(personality),
	SCMP_SYS(move_pages),
	SCMP_SYS(migrate_pages),
	SCMP_SYS(mbind),
	SCMP_SYS(set_mempolicy),
};

/*
 * Families of sockets, all but those that are allowed. The C library asks the
 * kernel for its addresses by AF_NETLINK.
 */
static int forbid_family(
    scmp_filter_ctx filter, enum scmp_compare how, scmp_datum_t family)
{
	const struct scmp_arg_cmp of_family = {
		.arg = 0, .op = how, .datum_a = family
	};

	return seccomp_rule_add_array(
	    filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, &of_family);
}

static int forbid_families(scmp_filter_ctx filter, bool has_network)
{
	static const scmp_datum_t allowed[] = { AF_UNIX, AF_INET, AF_INET6,
		AF_NETLINK };
	size_t n = has_network ? sizeof(allowed) / sizeof(allowed[0]) : 1;
	scmp_datum_t family = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		for (; family < allowed[i] && rc == 0; family++) {
			rc = forbid_family(filter, SCMP_CMP_EQ, family);
		}
		family = allowed[i] + 1;
	}
	return rc == 0 ? forbid_family(filter, SCMP_CMP_GE, family) : rc;
}

/* Ends the filter, which is taken over if nothing failed so far. */
static int apply(scmp_filter_ctx filter, int rc)
{
	if (rc == 0) {
		rc = seccomp_load(filter);
	}
	seccomp_release(filter);
	return rc == -EINVAL || rc == -ENOSYS ? 0 : rc < 0 ? rc : 1;
}

int sandbox_forbid_network(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter != NULL ? apply(filter, forbid_families(filter, false)) :
				0;
}

int sandbox_enter(bool has_network)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = 0;

	if (filter == NULL) {
		return 0;
	}
	for (size_t i = 0;
	     i < sizeof(forbidden) / sizeof(forbidden[0]) && rc == 0; i++) {
		rc = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	}
	if (rc == 0) {
		rc = forbid_families(filter, has_network);
	}
	return apply(filter, rc);
}
