#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls outbox, suppress, enable and disable, and what status tells of
the outbox; outbox.txt has their texts. Speaks TAP; $TESTS_BIN is the top of
the build.
"""
import os
import pty
import re
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import (  # noqa: E402
    CONFIG, DATAERR, NOINPUT, PROGRAM, SRC, TEMPFAIL, USAGE, equal, holds)

NOPERM = 77
GOLDEN = os.path.join(SRC, "tool", "outbox.txt")
DAY_S = 86400
DAY1 = 1795305600  # 2026-11-22
FUTURE = 4102444800  # 2100-01-01: of a clock that was wrong, so it is due
YESTERDAY = int(time.time()) // DAY_S * DAY_S - DAY_S
CONF = """\
organization: Example Sender
contact: tls-reports@sender.example
envelope-from: bounces@sender.example
dkim:
  elsewhere: true
"""
ITEM = ("kind day domain destination state tries first-try last-try next-try "
        "answer file number").split()
NOBODY = 65534


class Site(run.Site):
    def __init__(self):
        super().__init__()
        os.chmod(self.dir, 0o755)
        self.ledger = os.path.join(self.state, "outbox", "ledger.sqlite")
        self.configure(CONF)

    def begin(self):
        """An outbox with nothing in it."""
        os.makedirs(self.state)
        self.run("disable")

    def sql(self, text, *values):
        db = sqlite3.connect(self.ledger)
        with db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def add(self, day, domain, to, state="waiting", tries=0, last=0,
            due=FUTURE, answer=""):
        kind, target = ("https", to) if to.startswith("https:") \
            else ("mailto", to[len("mailto:"):])
        self.sql("INSERT INTO outbox (day, domain, file, number, kind, target,"
                 " token, state, tries, first_try, last_try, next_try, answer)"
                 " VALUES (?, ?, ?, 0, ?, ?, hex(randomblob(16)), ?, ?, ?, ?,"
                 " ?, ?)", day, domain, "s!" + domain, kind, target, state,
                 tries, last, last, due, answer)

    def fill(self, scene=None):
        """One of each state; what waits comes last."""
        if scene is not None:
            return super().fill(scene)
        self.begin()
        self.add(DAY1, "a.example", "mailto:tls@a.example", "given-up", 8,
                 DAY1 + 2 * DAY_S, 0, "451 4.3.0 try again later")
        self.add(DAY1, "b.example", "https://b.example/report", "sent", 1,
                 DAY1 + DAY_S + 7)
        self.add(DAY1, "b.example", "mailto:tls@b.example", "bounced", 1,
                 DAY1 + DAY_S + 8, 0, "550 5.1.1 no such \x1b[31muser")
        self.add(DAY1 + DAY_S, "a.example", "mailto:tls@a.example",
                 "suppressed")
        self.add(DAY1 + DAY_S, "c.example", "https://c.example/" + "x" * 60,
                 "waiting", 2, DAY1 + 2 * DAY_S + 900, FUTURE, "http 503")
        self.add(DAY1 + DAY_S, "d.example", "mailto:tls@d.example", due=1)
        return None

    def ask(self, answer, *args):
        """Runs it on a terminal. Returns the exit code and the text."""
        master, slave = pty.openpty()
        with subprocess.Popen(
                [PROGRAM, "-c", self.conf, *args], stdin=slave, stdout=slave,
                stderr=slave, env=dict(os.environ, TERM="dumb")) as child:
            os.close(slave)
            out = b""
            try:
                while not out.endswith(b"[y/N] "):
                    out += os.read(master, 1)
                os.write(master, answer)
                while True:
                    out += os.read(master, 4096)
            except OSError:  # EIO: the other side is closed
                pass
            code = child.wait(60)
        os.close(master)
        return code, out.decode()

    def since(self):
        return dict(self.sql("SELECT 0, since FROM leave")).get(0, 0)

    def states(self):
        return dict(self.sql("SELECT state, count(*) FROM outbox"
                             " GROUP BY state"))


def golden():
    """The parts of outbox.txt by their headings."""
    with open(GOLDEN, encoding="utf-8") as f:
        parts = re.split(r"^=== (.*)\n", f.read(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def is_golden(name, text):
    """With a word for the day that moves, and for the site's folder."""
    date = time.strftime("%Y-%m-%d", time.gmtime(YESTERDAY))
    text = re.sub(r"/tmp/\S+/state", "STATE", text.replace(date, "YESTERDAY"))
    equal(name, text.splitlines(), golden()[name].splitlines())


def outbox_text(site):
    site.fill()
    for name, args in (("outbox", ()), ("outbox --domain", (
            "--domain", "B.Example.")), ("outbox --day", (
                "--day", "2026-11-23")), ("outbox of nobody", (
                    "--domain", "nobody.example"))):
        is_golden(name, site.run("outbox", *args).out)
    site.run("enable", "--yes", "--all")
    is_golden("outbox of nobody, enabled",
              site.run("outbox", "--domain", "nobody.example").out)


def outbox_json(site):
    site.fill()
    result = site.run("outbox", "--json")
    items = result.objects("item")
    for item in items:
        equal("members", list(item), ITEM)
    equal("states", [i["state"] for i in items], [
        "waiting", "waiting", "given-up", "bounced", "suppressed"])
    equal("first", items[0], {
        "kind": "item", "day": "2026-11-23", "domain": "c.example",
        "destination": "https://c.example/" + "x" * 60, "state": "waiting",
        "tries": 2, "first-try": DAY1 + 2 * DAY_S + 900,
        "last-try": DAY1 + 2 * DAY_S + 900, "next-try": FUTURE,
        "answer": "http 503", "file": "s!c.example", "number": 0})
    equal("counts", result.objects("outbox"), [{
        "kind": "outbox", "enabled": False, "since": "", "waiting": 2,
        "sent": 1, "bounced": 1, "given-up": 1, "suppressed": 1, "due": 2,
        "next-try": 1}])
    result = site.run("outbox", "--json", "--domain", "b.example")
    equal("domain", [i["state"] for i in result.objects("item")],
          ["sent", "bounced"])
    counts = result.objects("outbox")[0]
    equal("counts", (counts["sent"], counts["waiting"], counts["bounced"]),
          (1, 0, 1))


def nothing_yet(site):
    for args in (("outbox",), ("suppress", "list")):
        err = site.run(*args, want=NOINPUT).err
        holds(err, "no outbox under" in err)
    for args in (("enable", "--yes"), ("disable",),
                 ("suppress", "add", "mailto:a@b.example"),
                 ("suppress", "lift", "mailto:a@b.example")):
        err = site.run(*args, want=NOINPUT).err
        holds(err, "is not there" in err)
    equal("nothing was made", os.path.exists(site.state), False)
    site.begin()
    is_golden("empty outbox", site.run("outbox").out)
    is_golden("empty list", site.run("suppress", "list").out)


def usage(site):
    site.begin()
    for args, wanted in (
            (["suppress"], "suppress needs list"),
            (["suppress", "lst"], "lst: expected list, add or lift"),
            (["suppress", "list", "x"], "expected nothing more"),
            (["suppress", "add"], "expected one destination"),
            (["suppress", "lift"], "expected one destination"),
            (["suppress", "add", "a@b.example"], "expected mailto:"),
            (["suppress", "add", "http://b.example/"], "expected mailto:"),
            (["suppress", "add", "mailto:\x1b@b"], "\\x1b"),
            (["suppress", "add", "mailto:a@b.example", "--days", "0"],
             "from 1 to 3650"),
            (["suppress", "add", "mailto:a@b.example", "--days", "-1"],
             "from 1 to 3650"),
            (["suppress", "add", "mailto:a@b.example", "x"], "is too much"),
            (["suppress", "add", "mailto:a@b.example", "--domain", "a..b"],
             "--domain a..b"),
            (["outbox", "--day", "today"], "--day today"),
            (["outbox", "--domain", "a..b"], "--domain a..b"),
            (["enable", "now"], "is too much"),
            (["enable", "--all", "--since", "2026-11-22"], "one of --all"),
            (["enable", "--since", "today"], "--since today")):
        err = site.run(*args, want=USAGE).err
        holds("%r: %r in %s" % (args, wanted, err), wanted in err)
    equal("nothing was changed", site.sql("SELECT * FROM suppress"), [])


def suppress(site):
    site.begin()
    now = int(time.time())
    out = site.run("suppress", "add", "mailto:TLS@A.Example").out
    holds(out, re.fullmatch(
        r"Nothing is sent to mailto:TLS@a\.example before 20\S+Z\.\n", out))
    site.run("suppress", "add", "https://b.example/r", "--days", "3")
    out = site.run("suppress", "add", "mailto:z@y.example", "--domain",
                   "D.Example").out
    holds(out, out.startswith("Nothing of d.example is sent to "
                              "mailto:z@y.example before 20"))
    rows = site.sql("SELECT target, domain, bounces, last,"
                    " (until - ?) / 86400, why"
                    " FROM suppress ORDER BY target", now)
    equal("rows", rows, [("TLS@a.example", "", 0, 0, 180, "by hand"),
                         ("https://b.example/r", "", 0, 0, 3, "by hand"),
                         ("z@y.example", "d.example", 0, 0, 180, "by hand")])
    site.sql("UPDATE suppress SET until = ?", FUTURE)
    site.sql("INSERT INTO suppress VALUES ('mailto', 'x@y.example',"
             " 'x.example', 1, ?, 0,"
             " 0, '550 5.1.1 unknown')", DAY1)
    site.sql("INSERT INTO suppress VALUES ('mailto', 'z@y.example',"
             " 'a.example', 3, ?, ?,"
             " 0, '550 5.7.1 go away')", DAY1, DAY1 + 14 * DAY_S)
    site.sql("UPDATE suppress SET until = ? WHERE bounces = 3", FUTURE)
    is_golden("list", site.run("suppress", "list").out)
    is_golden("list of a domain", site.run(
        "suppress", "list", "--domain", "a.example").out)
    listed = site.run("suppress", "list", "--json").objects("destination")
    equal("json", [(o["destination"], o["domain"], o["state"], o["bounces"])
                   for o in listed],
          [("mailto:TLS@a.example", "all", "suppressed", 0),
           ("https://b.example/r", "all", "suppressed", 0),
           ("mailto:x@y.example", "x.example", "watched", 1),
           ("mailto:z@y.example", "a.example", "suppressed", 3),
           ("mailto:z@y.example", "d.example", "suppressed", 0)])
    lift(site)


def lift(site):
    z = "mailto:z@y.example"
    site.run("suppress", "add", "mailto:x@y.example")
    for args, want in (
            ((z, "--domain", "A.example"),
             "Reports of a.example are sent to %s again.\n" % z),
            (("mailto:x@y.example", "--domain", "x.example"),
             "mailto:x@y.example is still suppressed for all domains.\n"),
            (("mailto:z@Y.example",), "Reports are sent to %s again.\n" % z)):
        equal("lift", site.run("suppress", "lift", *args).out, want)
    for args, want in (
            ((z,), "%s is not suppressed\n" % z),
            (("mailto:x@y.example", "--domain", "x.example"),
             "mailto:x@y.example is not suppressed for just x.example\n")):
        err = site.run("suppress", "lift", *args, want=NOINPUT).err
        holds(err, err.endswith(want))
    equal("left", len(site.sql("SELECT * FROM suppress")), 3)


def enable_days(site):
    """By default nothing of days before yesterday is ever sent."""
    site.begin()
    for i in range(3):
        site.add(YESTERDAY, "d%d.example" % i, "mailto:tls@big.example")
    site.add(YESTERDAY, "d0.example", "https://d0.example/r")
    site.add(YESTERDAY - DAY_S, "d0.example", "mailto:tls@big.example")
    result = site.run("enable", want=USAGE)
    is_golden("enable", result.out)
    holds(result.err, "--yes confirms it" in result.err)
    equal("not yet", (site.since(), site.states()), (0, {"waiting": 5}))
    out = site.run("enable", "--yes").out
    holds(out, out.startswith(result.out))
    holds(out, out.endswith("\nSending is enabled: the next run of "
                            "telltls-report sends what is due.\n"))
    equal("since", (site.since(), site.states()),
          (YESTERDAY, {"waiting": 4, "given-up": 1}))
    out = site.run("enable", "--yes").out
    is_golden("again", out)
    equal("disable", site.run("disable").out,
          "Sending is disabled now. Waiting: 4.\n")
    equal("disable again", site.run("disable").out,
          "Sending was not enabled. Waiting: 4.\n")
    equal("since", site.since(), 0)


def enable_all(site):
    site.begin()
    for i in range(12):
        site.add(DAY1 - i % 3 * DAY_S, "d%d.example" % i,
                 "mailto:tls@t%d.example" % i)
    is_golden("enable --all", site.run("enable", "--all", "--yes").out)
    equal("since", (site.since(), site.states()), (1, {"waiting": 12}))
    holds("all days", "already, for reports of all days.\n" in
          site.run("enable", "--all").out)


def enable_since(site):
    site.begin()
    for i in range(4):
        site.add(DAY1 + i * DAY_S, "d.example", "mailto:tls@d.example")
    out = site.run("enable", "--since", "2026-11-24", "--yes").out
    holds(out, out.startswith("Days                2026-11-24 and later\n"
                              "Reports before      2, never sent but with "
                              "--all\nReports that wait   2\n"))
    equal("since", (site.since(), site.states()),
          (DAY1 + 2 * DAY_S, {"waiting": 2, "given-up": 2}))
    for args in ((), ("--since", "2026-11-24")):
        out = site.run("enable", "--yes", *args).out
        equal("again", out, "Sending is enabled already, for reports of "
              "2026-11-24 and later days.\n")
    site.run("enable", "--since", "2026-11-25", "--yes")
    equal("later", (site.since(), site.states()),
          (DAY1 + 3 * DAY_S, {"waiting": 1, "given-up": 3}))


def enable_asks(site):
    site.begin()
    for answer, code, since in ((b"n\n", 1, 0), (b"\n", 1, 0), (b"\x04", 1, 0),
                                (b"yesterday\n", 1, 0), (b"y\n", 0, YESTERDAY)):
        got, out = site.ask(answer, "enable")
        equal("%r: code" % answer, got, code)
        holds(out, "each report when it is due? [y/N] " in out)
        equal("%r: since" % answer, (site.since(), "Nothing is enabled" in
                                     out), (since, code == 1))


def enable_missing(site):
    site.begin()
    site.configure("contact: a@b.example\n")
    result = site.run("enable", "--yes", want=CONFIG)
    holds(result.err, "organization is missing" in result.err)
    holds(result.out, "\nFrom                a@b.example\n" in result.out)
    site.configure("")
    result = site.run("enable", "--yes", want=CONFIG)
    holds(result.err, "contact is missing" in result.err)
    holds(result.out, "\nFrom                (not set)\n" in result.out)
    site.configure(CONF.split("dkim:")[0])
    result = site.run("enable", "--yes", want=CONFIG)
    holds(result.err, "dkim" in result.err)
    holds(result.out, "\nDKIM                (no key)\n" in result.out)
    site.configure(CONF.split("dkim:")[0] + "dkim:\n  keys:\n"
                   "    - selector: k1\n      file: /nonexistent/k\n")
    result = site.run("enable", "--yes", want=CONFIG)
    holds(result.err, "/nonexistent/k" in result.err)
    holds(result.out, "\nDKIM keys           k1\n" in result.out)
    equal("since", site.since(), 0)


def enable_route(site):
    site.begin()
    site.configure(CONF + "mail:\n  via: smtp\n  server: mx.example:587\n"
                   "  tls: require\n")
    out = site.run("enable", "--yes").out
    holds(out, "\nRoute of mail       SMTP to mx.example:587, TLS\n" in out)


def status(site):
    site.fill()
    site.sql("INSERT INTO suppress VALUES ('mailto', 'x@y.example',"
             " 'x.example', 2, ?, ?,"
             " 0, '')", DAY1, FUTURE)
    is_golden("status", re.sub(r".*(?=sending  )", "", site.run(
        "status").out, flags=re.S))
    result = site.run("status", "--json")
    equal("json", result.objects("outbox"), [{
        "kind": "outbox", "enabled": False, "waiting": 2, "sent": 1,
        "bounced": 1, "given-up": 1, "suppressed": 1, "due": 2, "next-try": 1,
        "suppressed-destinations": 1}])
    site.run("enable", "--all", "--yes")
    is_golden("status, overdue", re.sub(r".*(?=sending  )", "", site.run(
        "status", want=1).out, flags=re.S))


def at_the_same_time(site):
    """The reporter has a batch open: one looks, and waits to write."""
    site.fill()
    before = site.run("outbox").out
    db = sqlite3.connect(site.ledger, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE outbox SET state = 'sent'")
    equal("look", site.run("outbox").out, before)
    err = site.run("suppress", "add", "mailto:a@b.example", want=TEMPFAIL).err
    holds(err, "writing to the outbox just now: try again" in err)
    db.execute("COMMIT")
    db.close()
    site.run("suppress", "add", "mailto:a@b.example")
    equal("sent", site.states(), {"sent": 6})


def killed(site):
    """A writer that was killed within its commit: the next one mends it, also
    one that only looks. Its log is left, without an end."""
    site.fill()
    before = site.run("outbox").out
    db = sqlite3.connect(site.ledger, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN IMMEDIATE")
    for i in range(300):  # more than its memory holds: it goes to the log
        db.execute("UPDATE outbox SET answer = ?, state = 'sent'",
                   ("x" * 5000 + str(i),))
    with open(site.ledger + "-wal", "rb") as f:
        log = f.read()
    db.execute("ROLLBACK")
    db.close()
    holds("the log has a part of it", len(log) > 5000)
    with open(site.ledger + "-wal", "wb") as f:
        f.write(log)
    equal("outbox", site.run("outbox").out, before)
    equal("whole", site.states()["waiting"], 2)


def damaged(site):
    site.begin()
    with open(site.ledger, "wb") as f:
        f.write(b"garbage" * 1000)
    for args in (("outbox",), ("suppress", "list"), ("enable", "--yes"),
                 ("disable",)):
        err = site.run(*args, want=DATAERR).err
        holds(err, "/outbox: " in err)


def users(site):
    """What root makes is the user's own; others are told who may."""
    if os.geteuid() != 0:
        return
    os.makedirs(site.state)
    os.chown(site.state, NOBODY, NOBODY)
    site.run("enable", "--yes")
    site.run("suppress", "add", "mailto:a@b.example")
    for path in (site.ledger, os.path.dirname(site.ledger)):
        st = os.stat(path)
        equal(path, (st.st_uid, st.st_gid), (NOBODY, NOBODY))
    nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    site.run("suppress", "add", "mailto:b@b.example", **nobody)
    site.run("disable", **nobody)
    site.run("enable", "--yes")
    equal("entries", len(site.sql("SELECT * FROM suppress")), 2)
    reader = {"user": NOBODY - 1, "group": NOBODY, "extra_groups": []}
    os.chmod(os.path.dirname(site.ledger), 0o750)
    os.chmod(site.state, 0o750)
    site.sql("UPDATE suppress SET until = ?", FUTURE)
    site.run("suppress", "list", **nobody)  # makes the log that sql() removed
    is_golden("a reader's list", site.run("suppress", "list", **reader).out)
    stranger = {"user": NOBODY - 1, "group": NOBODY - 1, "extra_groups": []}
    for args, who in ((("outbox",), stranger), (("disable",), stranger),
                      (("disable",), reader),
                      (("suppress", "add", "mailto:c@b.example"), reader)):
        err = site.run(*args, want=NOPERM, **who).err
        holds(err, "only root and user telltls may" in err)


TESTS = (outbox_text, outbox_json, nothing_yet, usage, suppress, enable_days,
         enable_all, enable_since, enable_asks, enable_missing,
         enable_route, status, at_the_same_time, killed, damaged, users)

if __name__ == "__main__":
    sys.exit(run.run_all(TESTS, Site))
