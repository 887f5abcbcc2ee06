#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests SIGHUP to telltls-milter: feeds come and go, and a configuration that
cannot be had changes nothing. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import os
import re
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import (  # noqa: E402
    AS_IT_WAS, CANTCREAT, READ_AGAIN, equal, holds)


def feeds_of(site):
    return sorted(o["feed"] for o in site.status("feed")
                  if o.get("followed"))


def reload_feeds(site):
    site.append(2)
    site.append(3, site.path("other.log"))
    site.start()
    site.wait(lambda: site.counted() == (2, 4))
    site.configure(["mail.log", "other.log"])
    site.reload(READ_AGAIN)
    site.wait(lambda: site.counted("other") == (3, 6))
    equal("followed", feeds_of(site), ["mail", "other"])
    site.append(1)
    site.append(1, site.path("other.log"))
    site.wait(lambda: site.counted("other") == (4, 8))
    site.wait(lambda: site.counted() == (3, 6))
    site.configure(["other.log"])
    site.reload(READ_AGAIN)
    site.wait(lambda: feeds_of(site) == ["other"])
    site.append(1)
    site.append(1, site.path("other.log"))
    site.wait(lambda: site.counted("other") == (5, 10))
    equal("not followed", site.counted(), (3, 6))
    site.configure([])
    site.reload(READ_AGAIN)
    site.wait(lambda: feeds_of(site) == [])
    site.configure(["mail.log", "other.log"])
    site.reload(READ_AGAIN)
    site.wait(lambda: site.counted() == (4, 8))
    for _ in range(20):
        site.append(1)
        site.reload(READ_AGAIN)
    site.wait(lambda: site.counted() == (24, 48))
    site.stop()
    equal("once", (site.counted(), site.counted("other")),
          ((24, 48), (5, 10)))


def reload_faulty(site):
    site.append(2)
    site.start()
    site.configure(["mail.log", "other.log"], more="nonsense: 1\n")
    site.reload(AS_IT_WAS)
    holds(site.said(), re.search(r"error: %s:\d+: .*nonsense" %
                                 re.escape(site.conf), site.said()))
    os.unlink(site.conf)
    site.reload(AS_IT_WAS)
    site.append(1)
    site.append(1, site.path("other.log"))
    site.configure(["mail.log"])
    site.wait(lambda: site.counted() == (3, 6))
    equal("followed", feeds_of(site), ["mail"])
    # one that cannot be had changes nothing either
    right = site.state
    with open(site.path("file"), "w", encoding="utf-8"):
        pass
    site.state = site.path("file")
    site.configure(["mail.log", "other.log"])
    site.reload(AS_IT_WAS)
    site.state = right
    site.configure(["mail.log"])
    site.append(1)
    site.wait(lambda: site.counted() == (4, 8))
    equal("followed", feeds_of(site), ["mail"])
    # and what only a new start takes up is said
    site.configure(["mail.log"], user="daemon")
    site.reload(READ_AGAIN)
    holds(site.said(), "key=user is taken up by a new start only"
          in site.said())
    site.stop()


def reload_breaks(site):
    """Neither state can be had, the old nor the new: that is no good end."""
    site.append(1)
    site.start()
    site.wait(lambda: site.counted() == (1, 2))
    os.rename(site.state, site.path("away"))
    for name in ("state", "file"):
        with open(site.path(name), "w", encoding="utf-8"):
            pass
    right = site.state
    site.state = site.path("file")
    site.configure(["mail.log"])
    site.signal(signal.SIGHUP)
    site.join(CANTCREAT)
    site.state = right
    os.unlink(site.state)
    os.rename(site.path("away"), site.state)
    site.configure(["mail.log"])
    site.append(1)
    site.start()
    site.wait(lambda: site.counted() == (2, 4))
    site.stop()


def descriptors_of(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def reload_leaks(site):
    """As many descriptors after a hundred reloads and requests as before."""
    site.append(1)
    site.start()
    site.wait(lambda: site.counted() == (1, 2))
    site.reload(READ_AGAIN)
    site.wait(lambda: feeds_of(site) == ["mail"])
    before = descriptors_of(site.daemon.pid)
    for i in range(9):
        site.configure(["mail.log"], more="nonsense: 1\n" if i % 2 else "")
        site.reload(AS_IT_WAS if i % 2 else READ_AGAIN)
    site.wait(lambda: feeds_of(site) == ["mail"])
    site.wait(lambda: descriptors_of(site.daemon.pid) == before)
    site.stop()


run.TESTS = (reload_feeds, reload_faulty, reload_breaks, reload_leaks)

if __name__ == "__main__":
    sys.exit(run.main())
