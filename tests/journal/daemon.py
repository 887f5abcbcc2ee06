#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""telltls-milter on a journal: killed at random points while sessions are
written side by side, it counts each exactly once.

It is not root then, but of the group that may read the journal, and in its
sandbox if it was built with one. A quarter of $TELLTLS_KILLS kills (by default
200) is shared by a folder of journal files, in which the day ends, and the
journal of the real journald. For what cannot be had, and for arguments, see
tap.py.
"""
import grp
import os
import pwd
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from counted import BIN, KILLS, Failed, Site, add_rest, equal, noise  # noqa: E402
from places import Journald, Remote, start, until  # noqa: E402
from sessions import SECOND, Line, Mail  # noqa: E402

DAEMON = os.path.join(BIN, "milter", "telltls-milter")
KILLS_REMOTE, KILLS_JOURNALD = KILLS * 3 // 20, KILLS // 10
USER, GROUP = "nobody", "systemd-journal"
DAY_S, AHEAD_S = 86400, 120
LINES, STEP_US = 80, 300000  # at most, in a life, and to the next line
# Where libsystemd is there, it looks around this often, not every second.
TICKS = {"WATCHDOG_USEC": "200000"}
CONF = """\
state: %(state)s
run: %(state)s.run
user: %(user)s
milter:
  socket: none
policies:
  lookup: false
feeds:
  - mta: sendmail
    name: sendmail
    journal: %(journal)s
"""


def group():
    """The one that may read journals, if we can give a file to it."""
    try:
        grp.getgrnam(GROUP)
    except KeyError:
        return None
    return GROUP if os.geteuid() == 0 else None


def has_sandbox():
    with open(os.path.join(BIN, "config.status"), encoding="utf-8") as f:
        return 'S["HAVE_SECCOMP_TRUE"]=""' in f.read()


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


class Daemon(Site):
    """The daemon and what it counted."""

    def __init__(self, folder, name, journal):
        super().__init__(folder, name, journal)
        os.chmod(folder, 0o755)  # it runs as another user
        self._conf = os.path.join(folder, name + ".yaml")
        with open(self._conf, "w", encoding="utf-8") as f:
            f.write(CONF % {"state": self.state, "user": USER, "journal": journal})
        self._process = None

    def start(self, mode="follow"):
        with open(self.state + ".err", "wb") as err:
            self._process = start([DAEMON, "-f", "-c", self._conf], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=err,
                                  env=dict(os.environ, **TICKS))

    def said(self):
        with open(self.state + ".err", encoding="utf-8", errors="replace") as f:
            return f.read()

    def is_started(self):
        if self._process.poll() is not None:
            raise Failed(f"the daemon ended: exit {self._process.returncode}\n{self.said()}")
        return ": started " in self.said()

    def _end(self, number):
        self._process.send_signal(number)
        code = self._process.wait(120)
        wrong = [line for line in self.said().splitlines()
                 if not line.startswith("telltls-milter: info: ")]
        if wrong or code != (0 if number == signal.SIGTERM else -number):
            raise Failed(f"the daemon ended: exit {code}\n{self.said()}")

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def reload(self):
        self._process.send_signal(signal.SIGHUP)
        until("a reload", lambda: ": configuration was read again" in self.said())

    def feed(self):
        """What status shows of it."""
        return [o for o in self.objects("status", "-c", self._conf) if o["kind"] == "feed"][0]

    def wait_read(self, mail):
        def is_read():
            feed = self.feed()
            return feed.get("followed") and feed["at-end"] \
                and feed["counters"]["lines"] == mail.lines
        self.is_started()
        try:
            until("all is read", is_read)
        except RuntimeError as error:
            raise Failed(f"{error}: {self.feed()}, want {mail.lines} lines\n{self.said()}") \
                from error

    def check_rights(self):
        """It may read the journal by its group alone, and no more."""
        until("the start", self.is_started)
        status = status_of(self._process.pid)
        if os.geteuid() == 0:
            equal("uids", set(status["Uid"].split()), {str(pwd.getpwnam(USER).pw_uid)})
        if group() is not None:
            equal("is in the group", str(grp.getgrnam(GROUP).gr_gid) in status["Groups"].split(),
                  True)
        # without one, that of a container, if there is any
        equal("seccomp", status["Seccomp"],
              "2" if has_sandbox() else status_of("self")["Seccomp"])


def live(site, kills, rnd, write, between):
    """The lives of a daemon; write(n) appends n lines, between(kill) may do more
    to the journal while it runs.
    """
    begin = time.monotonic()
    site.start()
    site.check_rights()
    start_s = time.monotonic() - begin
    site.kill()
    busy, lines = 0, 0
    for kill in range(kills):
        site.start()
        # in its start, or when it reads for the first time, or when it follows
        end = time.monotonic() + rnd.choice((1.2, 2.5, 6)) * start_s * rnd.random()
        left = rnd.randrange(LINES)
        while time.monotonic() < end or left > 0:
            n = min(left, rnd.randrange(1, 20))
            write(n)
            left -= n
            time.sleep(rnd.random() * 0.01)
        between(kill)
        site.kill()
        read = site.counters().get("lines", 0) if os.path.exists(site.state) else 0
        busy, lines = busy + (read > lines), read
    if busy == 0:
        raise Failed("in no life anything was committed")


def check_again(site, mail):
    """Neither the next daemons, nor a reload, nor a reader add anything."""
    site.check(mail)
    for _ in range(2):
        site.start()
        until("the start", site.is_started)
        site.wait_read(mail)
        site.reload()
        site.wait_read(mail)
        site.stop()
        site.check(mail)
    site.check_again(mail)


def around_midnight():
    """A time from which on the lines go over midnight, and the midnight. None is
    a day ahead of the clock; soon after a midnight there is none such, and 0.
    """
    now = time.time()
    half_s = KILLS_REMOTE * LINES / 2 * STEP_US / 2 / SECOND / 2
    midnight = int(now - now % DAY_S + DAY_S)
    if midnight + 2 * half_s + AHEAD_S < now + DAY_S:
        return int(midnight - half_s) * SECOND, midnight * SECOND
    return (midnight - DAY_S // 2) * SECOND, 0


def kills(folder):
    """kill -9 of the daemon, rotation and midnight, while all is being written"""
    place = Remote(os.path.join(folder, "journal"), group())
    site = Daemon(folder, "kills", place.folder)
    mail, rnd = Mail(11), random.Random(12)
    us, midnight = around_midnight()

    def write(n):
        nonlocal us
        for _ in range(n):
            us += rnd.randrange(1, STEP_US)
            place.add_line(us, mail.next(us))
            if rnd.random() < 0.2:
                noise(us + 1, place)
        if n > 0:
            place.push()

    def between(kill):
        if kill % 9 == 3:
            place.rotate()

    write(1)
    place.rotate()  # else there may be no file yet
    live(site, KILLS_REMOTE, rnd, write, between)
    us = max(us, midnight)
    write(LINES)
    add_rest(place, mail, us)
    place.close()
    equal("days", len({key[0] for key in mail.truth}), 2 if midnight else 1)
    site.start()
    site.wait_read(mail)
    site.stop()
    check_again(site, mail)
    fresh = Site(folder, "fresh", place.folder)
    fresh.end()
    fresh.check(mail)


def journald_kills(folder):
    """kill -9 of the daemon on the real journald, which rotates and restarts"""
    place = Journald(group=group())
    site = Daemon(folder, "journald", "system")
    mail, rnd = Mail(13), random.Random(14)

    def write(n):
        for _ in range(n):
            place.write(mail.next(time.time_ns() // 1000))
            if rnd.random() < 0.2:
                place.write(Line("cron", 1, "not ours"))

    def between(kill):
        if kill % 7 == 3:
            place.signal(signal.SIGUSR2)
        if kill % 10 == 6:
            place.stop(kill=kill % 20 == 6)
            place.start()

    write(1)
    place.sync()
    live(site, KILLS_JOURNALD, rnd, write, between)
    for line in mail.finish(time.time_ns() // 1000):
        place.write(line)
    place.sync()
    site.start()
    site.wait_read(mail)
    site.stop()
    check_again(site, mail)
    place.stop()


if __name__ == "__main__":
    sys.exit(tap.main((kills,), (journald_kills,)))
