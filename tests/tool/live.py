#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls beside a running telltls-milter: what status tells of it, and
logs that replay hands over to it. Speaks TAP; $TESTS_BIN is the top of the
build.
"""
import fcntl
import gzip
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import DATAERR, NOINPUT, USAGE, Failed, equal, holds  # noqa: E402

TEMPFAIL = 75
DAEMON = os.path.join(os.environ["TESTS_BIN"], "milter", "telltls-milter")
RECORDED = os.path.join(os.environ["TESTS_SRC"], "demo", "mail.log.gz")
LIMIT_S = 60
CONF = """\
run: %(dir)s/run
user: nobody
milter:
  socket: none
feeds:
  - mta: sendmail
    file: %(dir)s/mail.log
"""


class Site(run.Site):
    """One with a daemon: it runs as another user, who must get in."""

    def __init__(self):
        super().__init__()
        os.chmod(self.dir, 0o755)
        self.daemon = None
        with gzip.open(RECORDED, "rt") as f:
            self.recorded = f.read().splitlines(keepends=True)
        self.configure(CONF % {"dir": self.dir})

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, lines):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.writelines(lines)
        return self.path(name)

    def append(self, *lines):
        with open(self.path("mail.log"), "a", encoding="utf-8") as f:
            f.writelines(lines)

    def start(self, wait=True):
        self.daemon = subprocess.Popen(
            [DAEMON, "-f", "-c", self.conf], stdin=subprocess.DEVNULL,
            stderr=open(self.path("daemon.log"), "wb"))
        if wait:
            self.wait(lambda: self.feed().get("at-end"))

    def stop(self):
        self.daemon.terminate()
        equal("exit code of the daemon", self.daemon.wait(LIMIT_S), 0)
        self.daemon = None

    def remove(self):
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
        super().remove()

    def status(self, json=True):
        """What status prints, whatever it thinks of it."""
        done = subprocess.run(
            [run.PROGRAM, "-c", self.conf, "status"] + json * ["--json"],
            capture_output=True, timeout=LIMIT_S, check=False)
        return run.Result(done.returncode, done.stdout.decode(), "")

    def feed(self, name="sendmail"):
        feeds = {o["feed"]: o for o in self.status().objects("feed")}
        return feeds.get(name, {})

    def wait(self, condition):
        end = time.monotonic() + LIMIT_S
        while not condition():
            if self.daemon.poll() is not None or time.monotonic() > end:
                with open(self.path("daemon.log"), encoding="utf-8") as f:
                    raise Failed("the daemon: " + f.read())
            time.sleep(0.02)


def status_of_daemon(site):
    site.write("mail.log", site.recorded[:100])
    site.start()
    daemon = site.status().objects("daemon")[0]
    equal("pid", (daemon["running"], daemon["pid"]),
          (True, site.daemon.pid))
    feed = site.feed()
    equal("lag", (feed["followed"], feed["lag-bytes"], feed["lag-seconds"],
                  feed["failing"]), (True, 0, 0, False))
    out = site.run("status").out
    holds(out, out.startswith("telltls-milter "))
    holds(out, " at its end " in out)
    site.append(*site.recorded[100:300])
    site.wait(lambda: site.feed()["counters"]["lines"] == 300)


def status_of_session(site):
    """It is open until its end is logged; what may go over it later is none."""
    stamp = int(time.time()) - 1000
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp)) + \
        " vm sm-mta[7]: "
    begin = at + "STARTTLS=client, relay=mx.a.example., version=TLSv1.3, " \
        "verify=OK, cipher=C, bits=256/256\n"
    end = at + "6AMBWYfV000001: to=<u@a.example>, delay=00:00:01, " \
        "xdelay=00:00:01, mailer=esmtp, pri=30080, relay=mx.a.example. " \
        "[192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n"
    site.write("mail.log", [])
    site.start()
    for number, line in enumerate((begin, end, begin, end, end), 1):
        site.append(line)
        site.wait(lambda n=number: site.feed()["counters"]["lines"] == n)
        feed = site.feed()
        equal("line %d: open, lag" % number,
              (feed["open-sessions"], feed["lag-bytes"], feed["lag-seconds"]),
              (1 if line == begin else 0, 0, 0))
    # how old the line is that the half one comes after
    site.append(begin, "half a line")
    least = int(time.time()) - stamp
    site.wait(lambda: site.feed()["lag-bytes"] == len("half a line"))
    feed = site.feed()
    holds("%d seconds behind, at least %d" % (feed["lag-seconds"], least),
          least <= feed["lag-seconds"] <= time.time() - stamp)
    out = site.run("status").out
    holds(out, re.search(
        r"\nsendmail +%s +[a-z ]+ +11 +1\d{3,} +1  none\n" %
        re.escape(site.path("mail.log")), out))


def status_of_journal(site):
    """How many bytes are to come is not known, so nothing is said."""
    os.mkdir(site.path("journal"))
    site.configure((CONF % {"dir": site.dir}).replace("file:", "journal:")
                   .replace("mail.log", "journal"))
    site.start(wait=False)
    site.wait(lambda: site.feed().get("followed") or site.feed().get("failing"))
    feed = site.feed()
    holds("no bytes: %r" % feed, "lag-bytes" not in feed)
    with open(os.path.join(run.BIN, "config.status"), encoding="utf-8") as f:
        has_journal = 'S["HAVE_JOURNAL_TRUE"]=""' in f.read()
    equal("followed", feed["followed"], has_journal)
    equal("seconds", "lag-seconds" in feed, has_journal)
    out = site.status(json=False).out
    holds(out, re.search(
        r"\nsendmail +%s +%s\n" % (
            re.escape(site.path("journal")),
            "at its end +- +0 +0  none" if has_journal
            else r"not followed +- +- +-  \d+s: .*"), out))


def status_without_daemon(site):
    site.write("mail.log", site.recorded[:100])
    site.start()
    site.stop()
    out = site.run("status", want=1).out
    holds(out, "\n!! telltls-milter does not run" in out)
    equal("daemon", site.status().objects("daemon"),
          [{"kind": "daemon", "running": False}])
    # a state that no daemon is for is nobody's business
    site.run("--state", site.path("other"), "status")


def status_of_error(site):
    log = site.write("mail.log", site.recorded[:100])
    os.chmod(log, 0)  # of root's, and of our own
    site.start(wait=False)
    site.wait(lambda: site.feed().get("failing"))
    text = "%s: Permission denied" % log
    equal("error", site.feed()["error"], text)
    out = site.run("status", want=1).out
    holds(out, "!! feed sendmail cannot be counted: %s\n" % text in out)
    row = r"\nsendmail +%s +%%s  \d+s: %s\n" % (
        re.escape(log), re.escape(text))
    holds(out, re.search(row % "not followed +- +- +-", out))
    os.chmod(log, 0o644)
    site.wait(lambda: site.feed().get("at-end"))
    equal("failing", site.feed()["failing"], False)
    # what it was is still to be known
    equal("error", site.feed()["error"], text)
    out = site.run("status").out
    holds(out, re.search(row % r"at its end +0 +0 +\d+", out))


def replay_by_daemon(site):
    site.write("mail.log", site.recorded[:200])
    whole = site.write("whole.log", site.recorded)
    os.chmod(whole, 0o600)  # the daemon itself could not open it
    site.start()
    args = ("replay", "--mta", "sendmail")
    out = site.run(*args, whole).out
    holds(out, "%d lines read" % (len(site.recorded) - 200) in out)
    total = site.feed()["counters"]
    out = site.run(*args, "--feed", "other", RECORDED).out
    holds(out, "feed other: %d lines read" % len(site.recorded) in out)
    equal("the same by another way", site.feed("other")["counters"], {
        **site.feed("other")["counters"],
        "lines": total["lines"], "sessions": total["sessions"]})
    holds("again", "feed other: 0 lines read, 0 sessions counted"
          in site.run(*args, "--feed", "other", whole).out)
    with open(whole, "rb") as f:
        done = subprocess.run(
            [run.PROGRAM, "-c", site.conf, *args, "--feed", "third", "-"],
            stdin=f, capture_output=True, timeout=LIMIT_S, check=True)
    holds(done.stdout, b"%d lines read" % len(site.recorded) in done.stdout)


def replay_refused(site):
    site.write("mail.log", site.recorded[:200])
    # without what stands at the feed's place
    old = site.write("old.log", site.recorded[10:50])
    site.start()
    args = ("replay", "--mta", "sendmail")
    err = site.run(*args, site.path("none.log"), want=NOINPUT).err
    holds(err, "none.log" in err)
    err = site.run(*args, "--seal", old, want=USAGE).err
    holds(err, "sessions and days" in err)
    err = site.run(*args, old, want=DATAERR).err
    holds(err, "%s begins before the end" % old in err)


def replay_beside_another(site):
    log = site.write("some.log", site.recorded)
    os.makedirs(os.path.join(site.state, "tally"))
    with open(os.path.join(site.state, "tally", "lock"), "w",
              encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        err = site.run("replay", "--mta", "sendmail", log, want=TEMPFAIL).err
    holds(err, "another process is writing" in err)


TESTS = (status_of_daemon, status_of_session, status_of_journal,
         status_without_daemon, status_of_error,
         replay_by_daemon, replay_refused, replay_beside_another)


if __name__ == "__main__":
    sys.exit(run.run_all(TESTS, Site))
