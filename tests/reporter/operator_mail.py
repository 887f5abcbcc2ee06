#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the mails to the operator: that reports are withheld, and the digest.
Each comes once at most, and none delays or fails a report.
"""
import email
import email.policy
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from policies import good, names, trusted, untrusted  # noqa: E402
from reporter_site import (  # noqa: E402
    DAY1, DAY2, DAY3, begin_of, equal, holds, run_all, seal_line)
from sinks import SmtpSink, closed_port  # noqa: E402

ME = "me@elsewhere.example"
MORNING = 86400 + 1000         # after the begin of a day: it was sealed


class Desk:
    """A site whose operator has a mailbox; no report leaves it."""

    def __init__(self, site, digest=True, operator=ME, port=None):
        self.site = site
        self.sink = SmtpSink()
        site.now = begin_of(DAY1) + MORNING
        site.configure(more=(
            "operator: %s\n" % operator if operator else "") + (
            "digest: true\n" if digest else "") +
            "mail:\n  via: smtp\n  server: 127.0.0.1:%d\n  tls: none\n"
            "  timeout: 30s\n" % (port or self.sink.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sink.stop()

    def take(self):
        """What came since the last time, taken apart."""
        mails = self.sink.mails
        self.sink.clear()
        found = []
        for m in mails:
            equal("envelope", (m.sender, m.to),
                  ("tls-reports@sender.example", ME))
            holds("line ends", m.data.count(b"\n") == m.data.count(b"\r\n"))
            holds("ASCII", m.data.isascii())
            parsed = email.message_from_bytes(m.data,
                                              policy=email.policy.default)
            equal("defects", parsed.defects, [])
            equal("From", parsed["From"], "tls-reports@sender.example")
            equal("To", parsed["To"], ME)
            equal("Auto-Submitted", parsed["Auto-Submitted"],
                  "auto-generated")
            equal("type", parsed.get_content_type(), "text/plain")
            found.append((parsed["Subject"], parsed.get_content().replace(
                "\r\n", "\n"), parsed["Message-ID"]))
        return found


def withheld(site):
    with Desk(site, digest=False) as desk:
        site.tally(*untrusted(20), *trusted(3), seal_line(DAY1), looked=False)
        site.write_zone(good(*names("u", 20), *names("t", 3)))
        holds("told", "told the operator what=ca-store" in site.run().err)
        mails = desk.take()
        equal("mails", [m[0] for m in mails],
              ["telltls withholds TLS reports about 2026-11-20: is it us?"])
        for part in ("lead to no CA that the MTA knows: has it its CA",
                     "failed with 20 of the 23 domains",
                     "telltls-report --release 2026-11-20\n",
                     "explain\nDOMAIN --day 2026-11-20"):
            holds(part, part in mails[0][1])
        equal("reports of the others", len(site.all_bodies(DAY1)), 3)
        # once for each day
        site.run()
        equal("again", desk.take(), [])
        site.tally(*untrusted(20, DAY2), seal_line(DAY2), looked=False)
        site.now += 86400
        site.run()
        equal("next day", [m[0].split("about ")[1] for m in desk.take()],
              ["2026-11-21: is it us?"])
        site.run("--release", DAY1)
        equal("released", desk.take(), [])


def no_operator(site):
    with Desk(site, digest=False, operator=None) as desk:
        site.tally(*untrusted(20), seal_line(DAY1), looked=False)
        site.write_zone(good(*names("u", 20)))
        site.run()
        equal("connections", desk.sink.n_connections, 0)
    site.configure(more="digest: true\n")
    holds("told", "operator is missing" in site.run(want=78).err)


def digest(site):
    with Desk(site) as desk:
        site.write_zone(good("a.example", "c.example"))
        site.tally("fact %s 3 a.example not-offered mx.a.example" % DAY1,
                   "fact %s 2 a.example ok mx.a.example" % DAY1,
                   "fact %s 7 b.example ok mx.b.example" % DAY1,
                   "fact %s 1 c.example no-session mx.c.example" % DAY1,
                   "drop %s gap 1" % DAY1, seal_line(DAY1))
        site.run("--dry-run", site.dir + "/dry")
        site.run("--domain", "a.example")
        equal("not of a part, nor of a dry run", desk.take(), [])
        site.run()
        (subject, text, first_id), = desk.take()
        equal("subject", subject,
              "TLS of outgoing mail on 2026-11-20: 1 domain failed")
        for part in ("Sessions:  9 succeeded, 3 failed, 1 not judged\n",
                     "Domains:   3, 1 of them with failures\n",
                     "Reports:   1 made\n",
                     "Lacking:   part of a log was missing\n",
                     "       3 of 5        a.example: "
                     "starttls-not-supported\n",
                     "The day before is not known"):
            holds(part + "in " + text, part in text)
        site.run()
        equal("again", desk.take(), [])

        site.tally("fact %s 2 a.example ok mx.a.example" % DAY2,
                   "fact %s 7 b.example refused mx.b.example" % DAY2,
                   "fact %s 9 d.example failed mx.d.example" % DAY2,
                   seal_line(DAY2))
        site.now += 86400
        site.run()
        (subject, text, second_id), = desk.take()
        equal("subject", subject, "TLS of outgoing mail on 2026-11-21: "
              "2 domains failed, 2 new")
        holds("most first: " + text, text.index("9 of 9        d.example: ") <
              text.index("7 of 7        b.example: "))
        holds("new", "did not the day before:\n\n    b.example\n"
              "    d.example\n" in text)
        holds("recovered", "do not any more:\n\n    a.example\n" in text)
        holds("whole", "Lacking" not in text)
        holds("another id", first_id != second_id)


def digest_tells_of_withheld(site):
    with Desk(site) as desk:
        site.tally(*untrusted(20), seal_line(DAY1), looked=False)
        site.write_zone(good(*names("u", 20)))
        site.run()
        mails = desk.take()
        equal("at once, then the digest", [m[0] for m in mails], [
            "telltls withholds TLS reports about 2026-11-20: is it us?",
            "TLS of outgoing mail on 2026-11-20: 20 domains failed, reports "
            "withheld"])
        holds("withheld", "Withheld:  20, for it may be us:\n           "
              "certificates lead to no CA" in mails[1][1])


def signed(site):
    key = site.dir + "/key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out",
                    key], check=True)
    os.chmod(key, 0o600)
    with Desk(site) as desk:
        with open(site.conf, encoding="ascii") as f:
            text = f.read()
        site.write(site.conf, text.replace(
            "  elsewhere: true\n",
            "  keys:\n    - selector: s1\n      file: %s\n" % key))
        site.write_zone(good("a.example"))
        site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
        site.run()
        mail, = desk.sink.mails
        holds("signature: %r" % mail.data[:200],
              mail.data.startswith(b"DKIM-Signature: ") and
              b" d=sender.example;" in mail.data)


def pauses(site):
    """Days of long ago are reported, but nobody reads a row of digests."""
    with Desk(site) as desk:
        site.write_zone(good("a.example"))
        for day in (DAY1, DAY2, DAY3):
            site.tally("fact %s 3 a.example ok" % day, seal_line(day))
        site.now = begin_of(DAY2) + 4 * 86400 + 1
        site.run()
        equal("digests", [m[0].split(":")[0][-10:] for m in desk.take()],
              [DAY3])
        equal("reports", len(site.days()), 3)


def failing_mta(site):
    """Not delivered, not tried again, told in the log; all else is done."""
    for n, answer in enumerate(("550 5.7.1 go away", "451 later", None)):
        site.state = site.dir + "/state%d" % n
        site.place()
        site.write_zone(good("a.example"))
        site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
        with Desk(site, port=None if answer else closed_port()) as desk:
            if answer:
                desk.sink.answers[ME] = answer
            err = site.run().err
            what = str(answer)
            holds(what, "could not tell the operator what=digest" in err)
            holds(what, answer is None or answer in err)
            equal(what, list(site.bodies(DAY1)), ["a.example"])
            equal(what, site.days(), [begin_of(DAY1)])
            desk.sink.answers.clear()
            site.run()
            equal(what, desk.take(), [])


def deaths(site):
    """Once at most, whenever the run dies."""
    for n, (step, came) in enumerate((("operator-noted", 0),
                                      ("operator-told", 1))):
        site.state = site.dir + "/state%d" % n
        site.place()
        site.write_zone(good("a.example"))
        site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
        with Desk(site) as desk:
            site.run(script=("--die", step, "1"), want=-9)
            equal(step, len(desk.take()), came)
            site.run()
            equal(step + ": again", desk.take(), [])
            equal(step, list(site.bodies(DAY1)), ["a.example"])


if __name__ == "__main__":
    sys.exit(run_all([withheld, no_operator, digest, digest_tells_of_withheld,
                      signed, pauses, failing_mta, deaths]))
