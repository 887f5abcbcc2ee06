#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the milter as telltls-milter's child: its sockets, its death, and what a
reload changes of it. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import os
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402

sys.path.insert(0, os.path.join(run.SRC, "milter"))
from milter_client import Client  # noqa: E402
from run import (  # noqa: E402
    LIMIT_S, READ_AGAIN, children_of, equal, holds, is_gone, serves)


def milter_child(site):
    socket_path = site.path("run/milter.sock")
    site.configure(["mail.log"], milter="unix:" + socket_path)
    site.start()
    pid = site.daemon.pid
    site.wait(lambda: serves(socket_path))
    child = children_of(pid)
    equal("one child", len(child), 1)
    os.kill(child[0], signal.SIGKILL)
    site.wait(lambda: children_of(pid) not in ([], child))
    holds(site.said(), "warning: child died child=milter signal=9 "
          "restart-in=1s" in site.said())
    daemon = site.status("daemon")[0]
    equal("milter", (daemon["milter"], daemon["milter-running"],
                     daemon["milter-starts"]), (True, True, 2))
    child = children_of(pid)[0]
    site.pids.append(child)
    # it ends with its parent, whatever ended that
    site.signal(signal.SIGKILL)
    site.join(-signal.SIGKILL)
    end = time.monotonic() + LIMIT_S
    while not is_gone(child):
        holds("the child ends", time.monotonic() < end)
        time.sleep(0.01)
    site.start()
    site.wait(lambda: serves(socket_path))
    child = children_of(site.daemon.pid)[0]
    site.stop()
    holds("the child is gone", is_gone(child))
    equal("left", os.listdir(site.run), [])


def milter_inet(site):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = s.getsockname()
    equal("nobody there", serves(address), False)
    name = "inet:%d@127.0.0.1" % address[1]
    site.configure(["mail.log"], milter=name)
    site.start()
    site.wait(lambda: serves(address))
    child = children_of(site.daemon.pid)
    equal("one child", len(child), 1)
    daemon = site.status("daemon")[0]
    equal("milter", (daemon["milter-running"], daemon["milter-socket"]),
          (True, name))
    # whoever is there next is another one, at the same port
    os.kill(child[0], signal.SIGKILL)
    site.wait(lambda: children_of(site.daemon.pid) not in ([], child) and
              serves(address))
    site.stop()
    equal("nobody there", serves(address), False)


def milter_reload(site):
    path = site.path("run/milter.sock")
    site.start()
    equal("no child", children_of(site.daemon.pid), [])
    site.configure(["mail.log"], milter="unix:" + path)
    site.reload(READ_AGAIN)
    site.wait(lambda: serves(path))
    child = children_of(site.daemon.pid)
    site.reload(READ_AGAIN)
    equal("nothing has changed", children_of(site.daemon.pid), child)
    site.configure(["mail.log"], milter="none")
    site.reload(READ_AGAIN)
    site.wait(lambda: children_of(site.daemon.pid) == [])
    site.stop()
    equal("left", os.listdir(site.run), [])


def own_reports(site, path, sender):
    """How many of our own were noted, after a message of this sender."""
    def noted(counter):
        return sum(o[counter] for o in site.status("milter"))

    before = noted("notes")
    with Client(path) as client:
        client.negotiate().message("6AMBWYfV%06d" % before, sender="<%s>" % sender)
    site.wait(lambda: noted("notes") == before + 1)
    return noted("own-report")


def milter_reload_options(site):
    """Each of them is the child's from its start: so there is a new one."""
    first, second = site.path("run/milter.sock"), site.path("run/second.sock")
    sender = "new@us.example"
    site.configure(["mail.log"], milter="unix:" + first)
    site.start()
    site.wait(lambda: serves(first))
    equal("a stranger's", own_reports(site, first, sender), 0)
    child = children_of(site.daemon.pid)
    for path, mode, more in (
            (second, 0o660, ""), (second, 0o606, ""),
            (second, 0o606, "envelope-from: %s\n" % sender)):
        site.configure(["mail.log"], milter="unix:%s\n  mode: %04o" % (
            path, mode), more=more)
        site.reload(READ_AGAIN)
        site.wait(lambda: is_gone(child[0]))
        site.wait(lambda: serves(path))
        new = children_of(site.daemon.pid)
        holds("one other child: %r %r" % (child, new),
              len(new) == 1 and new != child)
        child = new
        equal("sockets", [n for n in os.listdir(site.run) if ".sock" in n],
              [os.path.basename(path)])
        equal("mode", os.stat(path).st_mode & 0o777, mode)
        equal("nobody at the old one", serves(first), False)
    equal("ours", own_reports(site, second, sender), 1)
    site.stop()
    holds("the child is gone", is_gone(child[0]))
    equal("left", os.listdir(site.run), [])


run.TESTS = (milter_child, milter_inet, milter_reload, milter_reload_options)

if __name__ == "__main__":
    sys.exit(run.main())
