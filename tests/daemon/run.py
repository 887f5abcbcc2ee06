#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls-milter as it is run: command line, start and end, signals,
reloads, and what it tells a service manager. Speaks TAP; $TESTS_BIN is the
top of the build.
"""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
DAEMON = os.path.join(BIN, "milter", "telltls-milter")
TOOL = os.path.join(BIN, "tool", "telltls")
MANUAL = os.path.join(SRC, "..", "man", "telltls-milter.8")

OK, USAGE, NOUSER, UNAVAILABLE = 0, 64, 67, 69
CANTCREAT, TEMPFAIL, NOPERM, CONFIG = 73, 75, 77, 78
LIMIT_S = 60  # what takes longer hangs
IS_ROOT = os.geteuid() == 0
# Where libsystemd is there, it looks around this often, not every second.
TICKS = {"WATCHDOG_USEC": "200000"}


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def equal(what, got, want):
    if got != want:
        raise Failed("%s: got %r, want %r" % (what, got, want))


def holds(what, value):
    if not value:
        raise Failed("does not hold: " + what)


def is_gone(pid):
    """It has ended, whether somebody has taken notice of it or not."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def children_of(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="utf-8") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


class Site:
    """A folder with a configuration, logs, and perhaps a daemon."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="telltls-daemon-")
        os.chmod(self.dir, 0o755)  # it runs as another user
        self.conf = self.path("telltls.yaml")
        self.log = self.path("mail.log")
        self.state = self.path("state")
        self.run = self.path("run")
        self.sessions = 0
        self.started = 0
        self.daemon = None
        self.pids = []
        self.configure(["mail.log"])

    def path(self, name):
        return os.path.join(self.dir, name)

    def remove(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for pid in self.pids:
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.dir)

    def configure(self, logs, milter="none", user="nobody", more="",
                  lookup="false"):
        """One feed a log, of its name."""
        text = "state: %s\nrun: %s\nuser: %s\nmilter:\n  socket: %s\n" \
            "policies:\n  lookup: %s\n" % (
                self.state, self.run, user, milter, lookup)
        text += "feeds:\n" if logs else ""
        for log in logs:
            text += "  - mta: sendmail\n    name: %s\n    file: %s\n" % (
                log.split(".")[0], self.path(log))
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text + more)

    def append(self, n=1, log=None):
        """Logs n sessions."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = []
        for _ in range(n):
            self.sessions += 1
            i = self.sessions
            lines.append(
                "%s vm sm-mta[%d]: STARTTLS=client, relay=mx%d.example., "
                "version=TLSv1.3, verify=OK, cipher=C, bits=256/256\n"
                "%s vm sm-mta[%d]: 6AMBWYfV%06d: to=<u@d%d.example>, "
                "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30080, "
                "relay=mx%d.example. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n"
                % (now, i, i, now, i, i, i, i))
        with open(log or self.log, "a", encoding="utf-8") as f:
            f.write("".join(lines))

    def counted(self, feed="mail"):
        """Sessions and lines of a feed, as the tallies have them."""
        for o in self.status("feed"):
            if o["feed"] == feed:
                return (o["counters"]["sessions"], o["counters"]["lines"])
        return (0, 0)

    def status(self, kind):
        done = subprocess.run(
            [TOOL, "-c", self.conf, "--state", self.state, "status",
             "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        return [o for o in objects if o["kind"] == kind]

    # --- the daemon -------------------------------------------------------

    def call(self, *args, want=OK, **more):
        """Runs the program to its end. Returns what it wrote."""
        done = subprocess.run(
            [DAEMON, *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S,
            check=False, **more)
        out, err = done.stdout.decode(), done.stderr.decode()
        if done.returncode != want:
            raise Failed("%s: exit code: got %d, want %d\n%s%s" % (
                " ".join(args), done.returncode, want, out, err))
        return out, err

    def start(self, *args, wait=True, env=None, **more):
        """Starts it in the foreground; waits until all runs."""
        self.started += 1
        with open(self.path("stderr%d" % self.started), "wb") as err:
            self.daemon = subprocess.Popen(
                [DAEMON, "-f", "-c", self.conf, *args],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=err, env=dict(os.environ, **(env or TICKS)), **more)
        if wait:
            self.wait(lambda: ": started version=" in self.said())

    def said(self):
        """What the running one has logged."""
        with open(self.path("stderr%d" % self.started),
                  encoding="utf-8") as f:
            return f.read()

    def wait(self, condition):
        end = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > end or self.daemon.poll() is not None:
                raise Failed("the daemon said:\n" + self.said())
            time.sleep(0.01)

    def signal(self, number):
        self.daemon.send_signal(number)

    def join(self, want=OK):
        got = self.daemon.wait(LIMIT_S)
        if got != want:
            raise Failed("exit code: got %d, want %d\n%s" % (
                got, want, self.said()))
        self.daemon = None

    def stop(self):
        self.signal(signal.SIGTERM)
        self.join()

    def reload(self, text):
        """SIGHUP; waits until it has said so once more."""
        before = self.said().count(text)
        self.signal(signal.SIGHUP)
        self.wait(lambda: self.said().count(text) > before)


# --- the command line ------------------------------------------------------------


def help_and_version(site):
    for args in (["--help"], ["-h"], ["-f", "--help"]):
        out, err = site.call(*args)
        holds("%r: usage" % args, out.startswith("Usage: telltls-milter "))
        equal("stderr", err, "")
    out, err = site.call("--version")
    holds(out, re.fullmatch(r"telltls-milter \d\S*\n", out))


def usage_errors(site):
    for args, wanted in (
            (["--nonsense"], "nonsense"), (["-x"], "'x'"),
            (["-c"], "'c'"), (["--config"], "config"),
            (["--state"], "state"), (["mail.log"], "mail.log"),
            (["-f", "--", "-t"], "-t"), (["--test=yes"], "test")):
        out, err = site.call(*args, want=USAGE)
        equal("%r: stdout" % args, out, "")
        holds("%r: %s" % (args, err), wanted in err)
        holds("one line each", len(err.splitlines()) <= 2)


def manual(site):
    """The page has the options that the help has, and the exit codes."""
    with open(MANUAL, encoding="utf-8") as f:
        text = f.read()
    shown = set(re.findall(r" --([a-z]+)", site.call("--help")[0]))
    told = set(re.findall(r"^\.It Fl .*?-([a-z]{3,})", text, re.M))
    equal("options", told, shown)
    for name in ("USAGE", "NOUSER", "UNAVAILABLE", "CANTCREAT", "TEMPFAIL",
                 "CONFIG"):
        holds(name, ".It Dv EX_%s\n" % name in text)


def configuration_test(site):
    out, err = site.call("-t", "-c", site.conf)
    equal("stdout", out, site.conf + " is right.\n")
    equal("stderr", err, "")
    holds("nothing is made", not os.path.exists(site.state))
    with open(site.conf, "a", encoding="utf-8") as f:
        f.write("colour: red\ntally:\n  facts: 1\n")
    lines = 1 + len(open(site.conf, encoding="utf-8").readlines()) - 3
    for args in (["-t"], ["--test"], ["-f"], []):
        out, err = site.call(*args, "-c", site.conf, want=CONFIG)
        equal("stdout", out, "")
        for line in (lines, lines + 2):
            holds("line %d in %s" % (line, err), re.search(
                r"^telltls-milter: error: %s:%d: " % (
                    re.escape(site.conf), line), err, re.M))
    for path, text in ((site.path("none.yaml"), "No such file"),
                       (site.dir, "directory")):
        out, err = site.call("-t", "-c", path, want=CONFIG)
        holds(err, path in err and text in err)


# --- starts that fail ----------------------------------------------------------------


def no_such_user(site):
    if not IS_ROOT:
        raise Skipped("not root")
    site.configure(["mail.log"], user="no-such-user")
    _, err = site.call("-f", "-c", site.conf, want=NOUSER)
    holds(err, "user=no-such-user: not found" in err and "adduser" in err)
    holds("nothing is made", not os.path.exists(site.state))
    site.configure(["mail.log"], user="root")
    _, err = site.call("-f", "-c", site.conf, want=NOPERM)
    holds(err, "cannot become user=root" in err)


def state_is_locked(site):
    os.makedirs(site.path("state/tally"))
    if IS_ROOT:
        for name in ("state", "state/tally"):
            shutil.chown(site.path(name), "nobody")
    site.append(3)
    with open(site.path("state/tally/lock"), "w", encoding="utf-8") as f:
        os.chmod(f.name, 0o666)
        fcntl.flock(f, fcntl.LOCK_EX)
        _, err = site.call("-f", "-c", site.conf, want=TEMPFAIL)
        holds(err, "another process is writing" in err)
    site.start()
    site.wait(lambda: site.counted() == (3, 6))
    site.stop()


def second_daemon(site):
    site.append(3)
    site.start()
    pid = site.daemon.pid
    _, err = site.call("-f", "-c", site.conf, want=TEMPFAIL)
    holds(err, "another process is writing" in err)
    # on another state, but with the same sockets: it reads nothing there
    other = site.path("other")
    _, err = site.call("-f", "-c", site.conf, "--state", other,
                       want=CANTCREAT)
    holds(err, "cannot listen" in err)
    equal("days", [n for n in os.listdir(other + "/tally") if n != "lock"],
          [])
    daemon = site.status("daemon")[0]
    equal("the first", (daemon["running"], daemon["pid"]), (True, pid))
    with open(site.path("run/telltls-milter.pid"), encoding="utf-8") as f:
        equal("pid file", f.read(), "%d\n" % pid)
    site.append(2)
    site.wait(lambda: site.counted() == (5, 10))
    site.stop()


def no_place(site):
    """What cannot be a folder."""
    with open(site.state, "w", encoding="utf-8"):
        pass
    site.call("-f", "-c", site.conf, want=CANTCREAT)
    os.unlink(site.state)
    os.rmdir(site.run)
    with open(site.run, "w", encoding="utf-8"):
        pass
    site.call("-f", "-c", site.conf, want=CANTCREAT)
    os.unlink(site.run)
    site.start()
    site.stop()


# --- a daemon's life ---------------------------------------------------------------------


def life(site):
    site.append(5)
    site.start()
    site.wait(lambda: site.counted() == (5, 10))
    site.append(1)
    site.wait(lambda: site.counted() == (6, 12))
    lines = site.said().splitlines()
    holds(site.said(), re.fullmatch(
        r"telltls-milter: info: started version=\S+ pid=%d" %
        site.daemon.pid, [l for l in lines if "started" in l][0]))
    holds(site.said(), all(re.match(r"telltls-milter: (info|warning): ", l)
                           for l in lines))
    # what is logged up to the end is counted at the end
    site.append(1000)
    site.stop()
    holds(site.said(), "info: ending signal=15" in site.said())
    equal("counted", site.counted(), (1006, 2012))
    equal("sockets", os.listdir(site.run), [])
    equal("modes", [os.stat(p).st_mode & 0o777 for p in (
        site.state, site.path("state/tally"), site.run)],
        [0o750, 0o750, 0o755])
    equal("for nobody else", [n for n in os.listdir(site.path("state/tally"))
                              if os.stat(site.path("state/tally/" + n)
                                         ).st_mode & 0o007], [])
    # SIGINT is as good, and nothing is counted twice
    site.start()
    site.append(1)
    site.signal(signal.SIGINT)
    site.join()
    equal("counted", site.counted(), (1007, 2014))


def killed(site):
    """After kill -9 there are sockets and a pid file, but no lock."""
    site.append(50)
    site.start()
    site.wait(lambda: site.counted() == (50, 100))
    site.append(50)
    site.signal(signal.SIGKILL)
    site.join(-signal.SIGKILL)
    equal("left", sorted(os.listdir(site.run)),
          ["control", "telltls-milter.pid"])
    site.start()
    site.append(1)
    site.wait(lambda: site.counted() == (101, 202))
    site.stop()
    equal("left", os.listdir(site.run), [])


def ended_at_once(site):
    """Told to end before it has caught up: the rest waits."""
    site.append(20000)

    def pending():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        os.kill(os.getpid(), signal.SIGTERM)

    site.start(wait=False, preexec_fn=pending)
    site.join()
    sessions, _ = site.counted()
    holds("not all: %d" % sessions, sessions < 20000)
    site.start()
    site.wait(lambda: site.counted() == (20000, 40000))
    site.stop()


def closed_descriptors(site):
    """Without standard descriptors no file of ours takes their place."""
    site.append(3)
    site.daemon = subprocess.Popen(
        ["sh", "-c", 'exec "$0" -f -v -c "$1" <&- >&- 2>&-', DAEMON,
         site.conf])
    site.wait(lambda: site.counted() == (3, 6))
    equal("its standard descriptors",
          [os.readlink("/proc/%d/fd/%d" % (site.daemon.pid, n))
           for n in range(3)], ["/dev/null"] * 3)
    site.append(1)
    site.stop()
    equal("counted", site.counted(), (4, 8))
    equal("damaged", [d["damaged"] for d in site.status("day")], [0])


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


# --- reloads ---------------------------------------------------------------------------------

READ_AGAIN = "configuration was read again"
AS_IT_WAS = "the configuration stays as it was"


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


# --- the milter's process --------------------------------------------------------------------


def serves(path):
    """Does a milter answer the MTA's first question there?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(LIMIT_S)
        try:
            s.connect(path)
        except OSError:
            return False
        # SMFIC_OPTNEG: version 6, no actions, all steps may be left out
        s.sendall(struct.pack("!LcLLL", 13, b"O", 6, 0, 0x1fffff))
        return s.recv(5)[4:] == b"O"


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


def milter_reload(site):
    socket_path = site.path("run/milter.sock")
    site.start()
    equal("no child", children_of(site.daemon.pid), [])
    site.configure(["mail.log"], milter="unix:" + socket_path)
    site.reload(READ_AGAIN)
    site.wait(lambda: serves(socket_path))
    child = children_of(site.daemon.pid)
    site.reload(READ_AGAIN)
    equal("nothing has changed", children_of(site.daemon.pid), child)
    site.configure(["mail.log"], milter="none")
    site.reload(READ_AGAIN)
    site.wait(lambda: children_of(site.daemon.pid) == [])
    site.stop()
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


TESTS = (help_and_version, usage_errors, manual, configuration_test,
         no_such_user, state_is_locked, second_daemon, no_place, life,
         killed, ended_at_once, closed_descriptors, background,
         background_fails, relative_paths, reload_feeds, reload_faulty,
         reload_breaks, reload_leaks, milter_child, milter_reload, service_manager,
         watchdog)


def main():
    failed = 0
    os.environ["ASAN_OPTIONS"] = ":".join(
        [os.environ.get("ASAN_OPTIONS", ""), "detect_leaks=1"]).strip(":")
    wanted = [t for t in TESTS if not sys.argv[1:]
              or t.__name__ in sys.argv[1:]]
    print("1..%d" % len(wanted))
    for number, test in enumerate(wanted, 1):
        site = Site()
        try:
            test(site)
            print("ok %d - %s" % (number, test.__name__))
        except Skipped as why:
            print("ok %d - %s # SKIP %s" % (number, test.__name__, why))
        except Exception as error:  # any other is a failed test too
            failed += 1
            text = str(error) if isinstance(error, Failed) \
                else traceback.format_exc()
            print("not ok %d - %s" % (number, test.__name__))
            print("\n".join("# " + line for line in text.splitlines()))
        finally:
            site.remove()
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
