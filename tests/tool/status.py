#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls status without a daemon: what the tallies hold, and what it
advises. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import DAY, PROGRAM, equal, holds  # noqa: E402


def status_reports(site):
    """What telltls-report left: sessions in no report, reports withheld."""
    site.fill("full")
    ledger = os.path.join(site.state, "outbox", "ledger.sqlite")
    site.run("disable")  # makes it
    db = sqlite3.connect(ledger)
    with db:
        db.executescript(
            "INSERT INTO day VALUES (1795305600, 5, 3, 0);"
            "INSERT INTO report VALUES (1795305600, 'a.example', 'withheld', "
            "1, 2, 3, 'is it the clock?', '');")
    db.close()
    out = site.run("status", want=1).out
    holds(out, re.search(
        r"\n2026-11-22  open +2 +4 +20 +0 +3 +1\n", out))
    holds(out, "\n!! 2026-11-22: 1 reports are withheld, for what they say "
          "may be our own fault: is it the clock? If" in out)
    holds(out, "\n-- 2026-11-22: 3 of 4 sessions are in no report" in out)
    day = site.run("status", "--json", want=1).objects("day")[0]
    equal("day", (day["reported"], day["unjudged"], day["withheld"],
                  day["withheld-why"]), (True, 3, 1, "is it the clock?"))
    with open(ledger, "wb") as f:
        f.write(b"garbage" * 1000)
    holds("garbage", "!! what became of reports cannot be read" in
          site.run("status", want=1).out)


def status_full(site):
    site.fill("full")
    out = site.run("status", want=1).out
    feed = out.split("\n\n")[0].splitlines()[1].split()
    # lines, sessions, our records and their bytes
    equal("feed", feed[:7], ["mx1", "sendmail", "1", "3", "24", "25",
                             "2026-11-22T00:00:30Z"])
    holds(out, re.search(r"\nmx1 +4  bad-line +lines that are no log", out))
    for word in ("lines", "records", "sessions"):
        holds(word, not re.search(r"\nmx1 +\d+  %s " % word, out))
    holds(out, re.search(r"\n2026-11-22  open +2 +4 +20 +0\n", out))
    holds(out, "\n!! feed mx1: part of the log was missing 21 times" in out)
    result = site.run("status", "--json", want=1)
    counters = result.objects("feed")[0]["counters"]
    equal("counters", list(counters.values()),
          list(range(1, len(counters) + 1)))
    equal("gap", counters["gap"], 21)
    day = result.objects("day")[0]
    equal("day", (day["day"], day["facts"], day["sessions"], day["late"],
                  day["damaged"], day["sealed"], day["error"]),
          (DAY, 2, 4, 20, 0, 0, ""))
    holds("wrong", any(o["wrong"] for o in result.objects("advice")))


def socket_queue(site):
    """The kernel's queue of a datagram socket: each namespace has its own."""
    told = "net.unix.max_dgram_qlen = 512"
    for socket, length, wanted in ((True, 10, True), (True, 99, True),
                                   (True, 100, False), (False, 10, False)):
        site.configure("feeds:\n  - mta: postfix\n    %s: /nowhere\n" % (
            "socket" if socket else "file"))
        script = ("echo %d >/proc/sys/net/unix/max_dgram_qlen && exec \"$@\""
                  % length)
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", script, "sh", PROGRAM, "-c",
             site.conf, "status"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            check=False)
        out = done.stdout.decode()
        if "Feeds" not in out and "feed" not in out:
            print("# no right to a network namespace: left out")
            return
        equal("%d: %s" % (length, out), told in out, wanted)


def status_advice(site):
    for scene, code, wanted in (
            ("silent", 0, "none of 10 lines tells of an outgoing session"),
            ("noise", 0, "90 of 100 lines are no log lines"),
            ("full", 1, "journald dropped"),
            ("gap", 1, "missing 2 times")):
        shutil.rmtree(site.state, ignore_errors=True)
        site.fill(scene)
        out = site.run("status", want=code).out
        holds("%s: %s" % (scene, out), wanted in out)
    site.configure("feeds:\n  - mta: sendmail\n    name: other\n"
                   "    file: /var/log/mail.log\n")
    out = site.run("status", want=1).out
    holds(out, "feed other was never read" in out)
    holds(out, "feed sendmail is in the tallies, but not in" in out)
    feeds = {o["feed"]: o for o in
             site.run("status", "--json", want=1).objects("feed")}
    equal("other", (feeds["other"]["configured"], feeds["other"]["file"],
                    feeds["other"]["position"]),
          (True, "/var/log/mail.log", 0))
    equal("sendmail", feeds["sendmail"]["configured"], False)


def replayed(site, mta, lines):
    """What status says after a log, with its blanks made one."""
    shutil.rmtree(site.state, ignore_errors=True)
    log = os.path.join(site.dir, "mail.log")
    with open(log, "w", encoding="utf-8") as f:
        f.write("".join(lines))
    site.run("replay", "--mta", mta, "--seal", "--until", DAY, log)
    return " ".join(site.run("status").out.split())


def status_silent(site):
    """Each MTA has its own words for what its log has to tell."""
    for mta, line, wanted in (
            ("sendmail", "Nov 22 10:00:01 mx sm-mta[1]: x\n",
             "our rules, or at least with LogLevel 9"),
            ("exim", "2026-11-22 10:00:01 Start queue run: pid=1\n",
             "our ACL, or at least with the default log_selector"),
            ("postfix", "Nov 22 10:00:01 mx postfix/qmgr[1]: x\n",
             "smtp_tls_loglevel = 1")):
        out = replayed(site, mta, [line])
        holds(out, "none of 1 lines tells of an outgoing session: does %s log "
              "with %s, under one of the names in idents?" % (mta, wanted)
              in out)


def status_sendmail(site):
    """What plain lines leave open, what would tell it, and at which price."""
    def plain(n, verify, more=""):
        at = "Nov 22 10:00:01 mx sm-mta[%d]: " % (100 + n)
        return (at + "STARTTLS=client, relay=mx.a.example., version=TLSv1.3, "
                "verify=%s, cipher=C, bits=256/256\n" % verify +
                (at + more if more else "") + at + "6AMBWYfV%06d: to=<u@a.example>, delay=00:00:01, "
                "xdelay=00:00:01, mailer=esmtp, pri=30080, relay=mx.a.example."
                " [192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n" % n)

    why = "STARTTLS=client, cert-subject=/CN=a, cert-issuer=/CN=b, " \
        "verifymsg=self-signed certificate\n"
    record = "6AMBWYfV000001: TLSRPT1^%s^h:mx.a.example^d:a.example." \
        "^s:s@b.example^%s\n"
    with_rules = "".join(
        "Nov 22 10:00:01 mx sm-mta[7]: " + line for line in (
            record % ("T^i:6AMBWYfV000001^a:192.0.2.1^q:", "r:u@a.example"),
            record % ("S^i:6AMBWYfV000001^v:OK^p:TLSv1.3^c:x^b:256^n:match"
                      "^a:192.0.2.1^f:AA^o:^q:^k:1",
                      "r:u@a.example^cn:x^ci:CA")))
    rules = "-- feed sendmail: Sendmail logs without our rules: sessions " \
        "without TLS are not seen, and not whose name was in a certificate; " \
        "telltls.m4 (telltls-sendmail(7)) tells both, at about 600 bytes of " \
        "log a session (here %d sessions in 1 day)"
    level = "-- feed sendmail: %d sessions had a certificate that Sendmail " \
        "did not trust, and the log does not say why: LogLevel 12 does, at " \
        "about 4 lines more a session"
    for name, lines, wanted in (
            ("trusted", [plain(i, "OK") for i in range(3)], [rules % 3]),
            ("not trusted", [plain(0, "OK"), plain(1, "FAIL"),
                             plain(2, "FAIL")], [rules % 3, level % 2]),
            ("it is told why", [plain(0, "FAIL", why)], [rules % 1]),
            ("our rules", [with_rules], [])):
        out = replayed(site, "sendmail", lines)
        equal("%s: %s" % (name, out), [text in out for text in wanted],
              [True] * len(wanted))
        equal("%s: no more: %s" % (name, out), out.count(" -- "),
              len(wanted))
        equal("%s: %s" % (name, out), "Nothing is wrong." in out,
              wanted == [])


def status_postfix(site):
    """At loglevel 0 nobody knows; at 1, and with Postfix 3.11, all is well."""
    to = ("Nov 22 10:00:02 mx postfix/smtp[7]: 4D%09X: to=<u@a.example>, "
          "relay=mx.a.example[192.0.2.1]:25, delay=1, delays=1/0/0/1, "
          "%sdsn=2.0.0, status=sent (250 ok)\n")
    up = ("Nov 22 10:00:01 mx postfix/smtp[7]: Trusted TLS connection "
          "established to mx.a.example[192.0.2.1]:25: TLSv1.3 with x\n")
    for name, lines, wanted in (
            ("0", [to % (i, "") for i in range(3)], "of 3 of 3 sessions"),
            ("1", [up] + [to % (i, "") for i in range(3)], None),
            ("few", [to % (0, "")] + [up + to % (i, "") for i in range(99)],
             None),
            ("3.11", [to % (0, "tls=may, ")], None)):
        out = replayed(site, "postfix", lines)
        holds("%s: %s" % (name, out), wanted is None or wanted in out)
        equal(name, "smtp_tls_loglevel" in out, wanted is not None)


def status_sealed(site):
    site.fill("many")
    out = site.run("status").out
    holds(out, "2026-11-22  sealed  2026-11-23T00:10:00Z      3" in out)
    equal("sealed", [o["sealed"] for o in
                     site.run("status", "--json").objects("day")],
          [1795305600 + 87000, 0, 0])


TESTS = (status_full, status_reports, status_advice, status_silent,
         status_sendmail, status_postfix, socket_queue, status_sealed)


if __name__ == "__main__":
    sys.exit(run.run_all(TESTS, run.Site))
