#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls-milter without what a system or a build may not have: it says
so, and counts all the same.

Tests of what this build has are left out, but for those that arguments name:
they fail then.
"""
import ctypes
import os
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import BIN, Skipped, equal, holds  # noqa: E402
from service import Listener  # noqa: E402

CLONE_NEWUSER = 0x10000000
# of the user namespace of who opens it; that in fs/inotify/ is everybody's
LIMIT = "/proc/sys/user/max_inotify_instances"


def filters(pid):
    with open("/proc/%s/status" % pid, encoding="ascii") as f:
        return [line for line in f if line.startswith("Seccomp")]


def limit():
    with open(LIMIT, encoding="ascii") as f:
        return int(f.read())


def forbid_inotify():
    """In a user namespace, which has limits of its own."""
    if ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0:
        raise OSError("unshare")
    with open(LIMIT, "w", encoding="ascii") as f:
        f.write("0")


def can_forbid_inotify():
    pid = os.fork()
    if pid == 0:
        try:
            forbid_inotify()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def inotify(site):
    """Logs are polled."""
    before = limit()
    if not can_forbid_inotify():
        raise Skipped("no user namespace with limits of its own")
    site.append(1)
    site.start(preexec_fn=forbid_inotify)
    equal("the limit of all others", limit(), before)
    holds(site.said(), 'info: logs are polled, not watched error="' in site.said())
    site.wait(lambda: site.counted() == (1, 2))
    site.append(2)
    site.wait(lambda: site.counted() == (3, 6))
    os.rename(site.log, site.log + ".1")
    site.append(1, site.log + ".1")
    site.append(3)
    site.wait(lambda: site.counted() == (7, 14))
    site.stop()


def is_built(name):
    with open(os.path.join(BIN, "config.status"), encoding="utf-8") as f:
        return 'S["HAVE_%s_TRUE"]=""' % name in f.read()


def journal(site):
    """Its feed cannot be followed; the others are."""
    with open(site.conf, "a", encoding="utf-8") as f:
        f.write("  - mta: sendmail\n    name: other\n    journal: system\n")
    _, err = site.call("-t", "-c", site.conf)
    equal("the configuration", err, "")
    site.append(2)
    site.start()
    site.wait(lambda: site.counted() == (2, 4))
    why = "this telltls was built without the systemd journal"
    holds(site.said(), 'error: cannot count feed=other error="system: %s" ' % why in site.said())
    feeds = {o["feed"]: o for o in site.status("feed")}
    equal("status", [(feeds[name]["followed"], feeds[name]["failing"], feeds[name]["error"])
                     for name in ("mail", "other")], [(True, False, ""), (False, True, "system: " + why)])
    site.append(1)
    site.wait(lambda: site.counted() == (3, 6))
    site.stop()


def seccomp(site):
    """No system call is forbidden."""
    site.append(1)
    site.start()
    holds(site.said(), "info: no sandbox here: system calls are not restricted" in site.said())
    site.wait(lambda: site.counted() == (1, 2))
    equal("status", site.status("daemon")[0]["sandboxed"], False)
    # that of a container, if there is one
    equal("filters", filters(site.daemon.pid), filters("self"))
    site.stop()


def systemd(site):
    """A service manager that listens hears nothing."""
    listener = Listener(site)
    site.append(1)
    site.start(env={"NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "100000"})
    site.wait(lambda: site.counted() == (1, 2))
    site.stop()
    listener.socket.setblocking(False)
    try:
        got = listener.socket.recv(4096)
    except BlockingIOError:
        got = None
    equal("heard", got, None)


OPTIONAL = (journal, seccomp, systemd)


if __name__ == "__main__":
    run.TESTS = (inotify, *(test for test in OPTIONAL
                            if test.__name__ in sys.argv[1:]
                            or not is_built(test.__name__.upper())))
    sys.exit(run.main())
