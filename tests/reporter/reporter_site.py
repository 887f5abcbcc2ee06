# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of telltls-report share: a site of its own for each test,
with a configuration, tally files and the program, and TAP.
"""
import calendar
import email
import email.policy
import glob
import gzip
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
PROGRAM = os.path.join(BIN, "reporter", "telltls-report")
RUN_REPORT = os.path.join(BIN, "tests", "reporter", "run_report")
SET_OUTBOX = os.path.join(BIN, "tests", "reporter", "set_outbox")
MAKE_TALLY = os.path.join(BIN, "tests", "reporter", "make_tally")
CHECK_REPORT = os.path.join(SRC, "check-report")

DAY1, DAY2, DAY3 = "2026-11-20", "2026-11-21", "2026-11-22"
GOOD = "v=TLSRPTv1; rua=mailto:tls@%s"
NOON = 12 * 3600
PATIENCE_S = 60               # a test that waits longer has failed


class Failed(Exception):
    pass


def begin_of(day):
    return calendar.timegm(time.strptime(day, "%Y-%m-%d"))


def seal_line(day):
    return "seal %s %d" % (day, begin_of(day) + 86400 + 600)


def equal(what, got, want):
    if got != want:
        raise Failed("%s: got %r, want %r" % (what, got, want))


def holds(what, value):
    if not value:
        raise Failed("does not hold: " + what)


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise Failed("waited in vain for " + what)
        time.sleep(0.01)


def read_terminal(fd):
    """All that is shown, until nobody has the terminal open any more."""
    shown = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:  # EIO: the other side is closed
            part = b""
        if not part:
            os.close(fd)
            return shown
        shown += part


def on_terminal(command):
    """What a command shows whose standard error is a terminal."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen(command, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = read_terminal(ours).decode()
    equal("exit code", p.wait(), 0)
    return shown


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def counts(self, line="ended run"):
        """The key=value pairs of the summary."""
        for text in self.err.splitlines():
            if line in text:
                return {k: int(v) for k, v in
                        re.findall(r"([a-z-]+)=(\d+)(?= |$)", text)}
        raise Failed("no line %r in:\n%s" % (line, self.err))


def body_of(name, data):
    """The report in a file: a mail, or a body."""
    if name.endswith(".eml"):
        mail = email.message_from_bytes(data, policy=email.policy.default)
        data = next(p.get_content() for p in mail.walk()
                    if p.get_content_type() == "application/tlsrpt+gzip")
    return json.loads(gzip.decompress(data))


class Site:
    """A directory with all that a run reads and writes, and a clock that
    stands still."""

    def __init__(self):
        self.now = begin_of(DAY3) + 86400 + NOON
        # in memory, where a commit waits for no disk
        self.dir = tempfile.mkdtemp(
            prefix="telltls-reporter-",
            dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.state = os.path.join(self.dir, "state")
        self.place()
        self.conf = os.path.join(self.dir, "telltls.yaml")
        self.zone = os.path.join(self.dir, "zone")
        self.write_zone({})
        self.configure()

    def place(self):
        """What lies below the state."""
        self.outbox = os.path.join(self.state, "outbox")
        self.ledger = os.path.join(self.outbox, "ledger.sqlite")

    def remove(self):
        shutil.rmtree(self.dir)

    def write(self, path, text):
        with open(path, "w", encoding="latin-1") as f:
            f.write(text)

    def write_zone(self, records):
        """Local data: a text for each domain's record."""
        self.write(self.zone, "".join(
            '_smtp._tls.%s 300 IN TXT "%s"\n' % item
            for item in records.items()))

    def configure(self, dns=None, report="", more=""):
        """dns: lines of that section; the default is the zone. more: whole
        sections."""
        self.write(self.conf, "organization: Example Sender\n"
                   "contact: tls-reports@sender.example\n"
                   "dkim:\n  elsewhere: true\n"
                   "dns:\n" + (dns or "  local-data: %s\n" % self.zone) +
                   (report and "report:\n" + report) + more)

    def ask(self, server, timeout="1s", more=""):
        """Configures a FakeDns, or a port, as the resolver."""
        port = getattr(server, "port", server)
        self.configure('  servers: ["127.0.0.1@%d"]\n  timeout: %s\n%s' %
                       (port, timeout, more))

    def tally(self, *commands, looked=True):
        """Commands of make_tally. Unless not looked, nothing is published
        but what they say."""
        if looked:
            commands = ("looked",) + commands
        p = subprocess.run([MAKE_TALLY, self.state], text=True,
                           input="\n".join(commands) + "\n",
                           stderr=subprocess.PIPE, check=False)
        equal("make_tally: " + p.stderr, p.returncode, 0)

    def start(self, *args, conf=None, script=()):
        """Output goes to files: nobody reads a pipe before the end. script:
        options of run_report."""
        out = tempfile.TemporaryFile("w+", dir=self.dir)
        err = tempfile.TemporaryFile("w+", dir=self.dir)
        process = subprocess.Popen(
            [RUN_REPORT, "--at", str(self.now), *script, "--",
             "-c", conf or self.conf, "--state", self.state,
             "--verbose", *args], stdin=subprocess.DEVNULL, stdout=out,
            stderr=err)
        return process, out, err

    def end(self, started):
        process, *files = started
        try:
            process.wait(timeout=PATIENCE_S)
        finally:
            process.kill()
        texts = []
        for f in files:
            f.seek(0)
            texts.append(f.read())
            f.close()
        return Result(process.returncode, *texts)

    def run(self, *args, want=0, conf=None, script=()):
        result = self.end(self.start(*args, conf=conf, script=script))
        if result.code != want:
            raise Failed("exit code %d, want %d:\n%s" %
                         (result.code, want, result.err))
        return result

    def set_outbox(self, *args):
        p = subprocess.run([SET_OUTBOX, self.state, *args], text=True,
                           stderr=subprocess.PIPE, check=False)
        equal("set_outbox: " + p.stderr, p.returncode, 0)

    def files(self, top):
        """All files below a directory: relative name -> bytes."""
        found = {}
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, top)] = f.read()
        return found

    def reports(self, day=None, top=None):
        """The files of reports: name -> bytes."""
        top = top or os.path.join(self.outbox, day)
        return {n: b for n, b in self.files(top).items()
                if n.endswith((".eml", ".json.gz"))}

    def bodies(self, day=None, top=None):
        """The reports themselves, by domain."""
        return {b["policies"][0]["policy"]["policy-domain"]: b
                for _, b in self.all_bodies(day, top)}

    def all_bodies(self, day=None, top=None):
        """What the names of a report's files begin with, and the report, which
        is the same in each of them."""
        found = {}
        for name, data in self.reports(day, top).items():
            base = re.sub(r"\.json\.gz$|\.\d+\.eml$", "", name)
            body = body_of(name, data)
            equal("body of " + name, found.setdefault(base, body), body)
        return sorted(found.items())

    def stamps(self):
        """Everything about the files of the state that a write changes; but
        the ledger's log comes and goes with those who read it."""
        return {p: os.stat(p)[:7] + (os.stat(p).st_mtime_ns,)
                for p in glob.glob(self.state + "/**", recursive=True)
                if p != self.outbox and not p.endswith(("-wal", "-shm"))}

    def rows(self, columns="domain, state", day=None):
        where = " WHERE day = %d" % begin_of(day) if day else ""
        return self.sql("SELECT %s FROM report%s ORDER BY day, domain" %
                        (columns, where))

    def days(self):
        return [d for d, in self.sql("SELECT day FROM day WHERE finished > 0 "
                                    "ORDER BY day")]

    def sql(self, statement):
        db = sqlite3.connect(self.ledger)
        with db:
            rows = db.execute(statement).fetchall()
        db.close()
        return rows

    def check_reports(self):
        """Every report that a test made is one that receivers accept."""
        paths = [p for p in glob.glob(self.dir + "/**", recursive=True)
                 if p.endswith((".eml", ".json.gz"))]
        if paths:
            p = subprocess.run(
                [sys.executable, CHECK_REPORT, "--submitter",
                 "sender.example", *paths], text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            equal("check-report: " + p.stdout, p.returncode, 0)
        leftover = [p for p in glob.glob(self.dir + "/**/.tmp.*",
                                         recursive=True)]
        equal("files of unfinished batches", leftover, [])
        return len(paths)


def run_all(tests):
    """Runs functions of one Site each; prints TAP."""
    n_failed = n_reports = 0
    print("1..%d" % (len(tests) + 1))
    for number, test in enumerate(tests, 1):
        site = Site()
        try:
            test(site)
            n_reports += site.check_reports()
            print("ok %d - %s" % (number, test.__name__))
        except (Failed, subprocess.TimeoutExpired, OSError,
                sqlite3.Error) as e:
            n_failed += 1
            for line in str(e).splitlines():
                print("# " + line)
            print("not ok %d - %s" % (number, test.__name__))
        finally:
            site.remove()
        sys.stdout.flush()
    print("%sok %d - check-report saw %d files" %
          ("" if n_reports > 0 else "not ", len(tests) + 1, n_reports))
    return 1 if n_failed > 0 or n_reports == 0 else 0
