#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how telltls-milter is started and told of: in the background, by somebody
else than root, by a service manager. Speaks TAP; $TESTS_BIN is the top of the
build.
"""
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import (  # noqa: E402
    BIN, CANTCREAT, CONFIG, DAEMON, IS_ROOT, LIMIT_S, TICKS, UNAVAILABLE, Skipped,
    children_of, equal, holds, is_gone, serves)


# --- in the background ---------------------------------------------------------------------


def background_pid(site):
    with open(site.path("run/telltls-milter.pid"), encoding="utf-8") as f:
        pid = int(f.read())
    site.pids.append(pid)
    return pid


def end_of(site, pid):
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + LIMIT_S
    while not is_gone(pid):
        holds("it ends", time.monotonic() < end)
        time.sleep(0.01)


def background(site):
    site.append(3)
    out, err = site.call("-c", site.conf)
    equal("output", out + err, "")
    # when that returned, it was there
    daemon = site.status("daemon")[0]
    pid = background_pid(site)
    equal("running", (daemon["running"], daemon["pid"]), (True, pid))
    equal("its session", os.getsid(pid), pid)
    equal("its folder", os.readlink("/proc/%d/cwd" % pid), "/")
    equal("its standard descriptors",
          [os.readlink("/proc/%d/fd/%d" % (pid, n)) for n in range(3)],
          ["/dev/null"] * 3)
    site.append(1)
    end_of(site, pid)
    equal("counted", site.counted(), (4, 8))
    equal("left", os.listdir(site.run), [])


def background_fails(site):
    with open(site.state, "w", encoding="utf-8"):
        pass
    site.call("-c", site.conf, want=UNAVAILABLE)
    os.unlink(site.state)
    site.start()
    site.call("-c", site.conf, want=UNAVAILABLE)
    site.stop()
    site.configure(["mail.log"], more="nonsense: 1\n")
    _, err = site.call("-c", site.conf, want=CONFIG)
    holds(err, "nonsense" in err)


def relative_paths(site):
    """They are those of the folder that it was started in."""
    site.append(1)
    site.call("-c", "telltls.yaml", "--state", "here", cwd=site.dir)
    pid = background_pid(site)
    try:
        holds("state", os.path.isdir(site.path("here/tally")))
        site.configure(["mail.log", "other.log"])
        site.append(2, site.path("other.log"))
        os.kill(pid, signal.SIGHUP)
        site.state = site.path("here")
        end = time.monotonic() + LIMIT_S
        while site.counted("other") != (2, 4):
            holds("it reads its configuration", time.monotonic() < end)
            time.sleep(0.02)
    finally:
        end_of(site, pid)
    equal("counted", site.counted(), (1, 2))


# --- without being root -----------------------------------------------------------------------


def unprivileged(site):
    """Started by somebody else than root, it stays who it is."""
    site.configure(["mail.log"], milter="unix:" + site.path("run/milter.sock"),
                   user="no-such-user")
    who = pwd.getpwnam("daemon") if IS_ROOT else pwd.getpwuid(os.geteuid())
    more = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [],
            "cwd": site.dir} if IS_ROOT else {}
    # he may not get to where it was built, in root's own folder say
    site.program = shutil.copy(DAEMON, site.dir)
    site.append(3)
    if IS_ROOT:
        _, err = site.call("-f", "-c", site.conf, want=CANTCREAT, **more)
        holds(err, "cannot make folder=%s error=" % site.state in err)
        for name in ("state", "run"):
            os.mkdir(site.path(name), 0o755)
            shutil.chown(site.path(name), who.pw_uid, who.pw_gid)
    site.start(**more)
    holds(site.said(), "telltls-milter: info: stays who it was started as, "
          "and key=user is not looked at uid=%d\n" % who.pw_uid in site.said())
    site.wait(lambda: site.counted() == (3, 6))
    site.wait(lambda: serves(site.path("run/milter.sock")))
    for pid in (site.daemon.pid, *children_of(site.daemon.pid)):
        with open("/proc/%d/status" % pid, encoding="utf-8") as f:
            text = f.read()
        equal("user", re.search(r"^Uid:\s+(.*)$", text, re.M)[1].split(),
              4 * [str(who.pw_uid)])
        equal("no new ones", re.search(r"^NoNewPrivs:\s+(.*)$", text,
                                       re.M)[1], "1")
    daemon = site.status("daemon")[0]
    equal("status", (daemon["running"], daemon["milter-running"]),
          (True, True))
    site.append(1)
    site.stop()
    equal("counted", site.counted(), (4, 8))
    equal("its files", {os.stat(site.path("state/tally/" + n)).st_uid
                        for n in os.listdir(site.path("state/tally"))},
          {who.pw_uid})
    equal("left", os.listdir(site.run), [])


# --- a service manager ---------------------------------------------------------------------------


class Listener:
    """The socket on which systemd listens."""

    def __init__(self, site):
        self.path = site.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.settimeout(LIMIT_S)


class Manager(Listener):
    """Listens as systemd does."""

    def __init__(self, site):
        with open(os.path.join(BIN, "config.status"), encoding="utf-8") as f:
            if 'S["HAVE_SYSTEMD_TRUE"]=""' not in f.read():
                raise Skipped("built without libsystemd")
        super().__init__(site)
        self.heard = []

    def next(self):
        """The next message that is none of WATCHDOG=1."""
        while True:
            text = self.socket.recv(4096).decode()
            self.heard.append(text)
            if text != "WATCHDOG=1":
                return text


def service_manager(site):
    manager = Manager(site)
    site.append(1)
    site.start(env=dict(TICKS, NOTIFY_SOCKET=manager.path))
    equal("start", manager.next(), "READY=1")
    equal("state", manager.next(), "STATUS=1 of 1 feeds are followed")
    while manager.heard.count("WATCHDOG=1") < 3:
        manager.heard.append(manager.socket.recv(4096).decode())
    site.configure(["mail.log"], more="nonsense: 1\n")
    for _ in range(2):  # a reload that fails is over, too
        site.signal(signal.SIGHUP)
        text = manager.next()
        holds(text, re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", text))
        now = time.clock_gettime(time.CLOCK_MONOTONIC)
        holds(text, now - LIMIT_S < int(text.split("=")[2]) / 1e6 <= now)
        equal("reloaded", manager.next(), "READY=1")
        site.configure(["mail.log"])
    site.signal(signal.SIGTERM)
    equal("end", manager.next(), "STOPPING=1")
    site.join()


def watchdog(site):
    """A manager that asks to hear of us more often than our clock ticks."""
    manager = Manager(site)
    site.start(wait=False, env={"NOTIFY_SOCKET": manager.path,
                                "WATCHDOG_USEC": "400000"})
    equal("start", manager.next(), "READY=1")
    begin = time.monotonic()
    for _ in range(10):
        while manager.socket.recv(4096) != b"WATCHDOG=1":
            pass
    # twice an interval; a tick a second would take ten
    holds("often enough", time.monotonic() - begin < 8)
    site.stop()


run.TESTS = (background, background_fails, relative_paths, unprivileged, service_manager,
             watchdog)

if __name__ == "__main__":
    sys.exit(run.main())
