#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls explain: a day of every kind as text (explain.txt) and as
JSON, and that its report is the one of telltls-report. Speaks TAP; $TESTS_BIN
is the top of the build.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import (  # noqa: E402
    BIN, DATAERR, DAY, NOINPUT, SRC, USAGE, equal, holds)

MAKE_TALLY = os.path.join(BIN, "tests", "reporter", "make_tally")
GOLDEN = os.path.join(SRC, "tool", "explain.txt")
CONFIG = 78
NEXT = "2026-11-23"
SEALED = 1795392600
REPORTER = [os.path.join(BIN, "tests", "reporter", "run_report"), "--at",
            str(SEALED + 3600), "--"]

CONF = """\
organization: Example Sender
contact: tls-reports@sender.example
dkim:
  elsewhere: true
dns:
  local-data: %s
"""
RECORD = "v=TLSRPTv1; rua=mailto:tls@a.example,https://a.example/r"
STS = ("sts=found text=version:~STSv1|mode:~enforce|mx:~mx.a.example|"
       "max_age:~86400|")
SCENE = (
    "policy {day} 100 own a.example mx.a.example mx=insecure tlsa=none " + STS,
    "policy {day} 200 own a.example mx2.a.example mx=secure tlsa=usable "
    "base=mx2.a.example record=3~1~1~" + "ab" * 32 + " " + STS,
    "policy {day} 300 own a.example mx3.a.example mx=insecure tlsa=none "
    "sts=none",
    "policy {day} 7200 own a.example - mx=insecure tlsa=none " + STS +
    " failed=fetch-error failed-at=7200 reason=timeout",
    "fact {day} 5 a.example ok mx.a.example 192.0.2.1 chain=ok name=match "
    "version=TLSv1.3 at=50",
    "fact {day} 2 a.example ok mx.a.example 192.0.2.1 chain=expired "
    "name=match version=TLSv1.3 at=500",
    "fact {day} 1 a.example ok mx.a.example 192.0.2.2 chain=expired "
    "name=match version=TLSv1.2 at=600",
    "fact {day} 3 a.example ok mx2.a.example 192.0.2.3 dane=match "
    "version=TLSv1.3 at=250",
    "fact {day} 4 a.example refused mx3.a.example 192.0.2.4 "
    "reason=starttls-reply-454 at=400",
    "fact {day} 6 a.example ok mx.a.example 192.0.2.1 at=50",
    "fact {day} 7 a.example ok mx9.a.example 192.0.2.9 at=900",
    "fact {day} 9 b.example ok mx.b.example 192.0.2.5 at=10",
)


class Site(run.Site):
    def __init__(self):
        super().__init__()
        self.zone = os.path.join(self.dir, "zone")
        self.publish(("a.example", RECORD))
        self.configure(CONF % self.zone, lookup=True)

    def publish(self, *records):
        with open(self.zone, "w", encoding="ascii") as f:
            for domain, text in records:
                f.write('_smtp._tls.%s 300 IN TXT "%s"\n' % (domain, text))

    def tally(self, *commands):
        subprocess.run([MAKE_TALLY, self.state], text=True, check=True,
                       input="\n".join(commands) + "\n")

    def scene(self, day=DAY, sealed=True):
        commands = [line.format(day=day) for line in SCENE]
        if sealed:
            commands.append("seal %s %d" % (day, SEALED))
        self.tally(*commands)

    def object(self, *args, **more):
        return json.loads(self.run("explain", "--json", *args, **more).out)

    def report_of(self, domain):
        """The reporter's own bytes."""
        dry = os.path.join(self.dir, "dry")
        subprocess.run([*REPORTER, "-c", self.conf, "--dry-run", dry],
                       check=True, stderr=subprocess.DEVNULL)
        paths = glob.glob("%s/*!%s!*.json.gz" % (dry, domain))
        equal("reports", len(paths), 1)
        with gzip.open(paths[0]) as f:
            return f.read().decode()


def golden(site):
    """No policy, MTA-STS, TLSA, what is not judged, and an event."""
    site.scene()
    out = site.run("explain", "a.example").out
    with open(GOLDEN, encoding="utf-8") as f:
        want = f.read()
    for got_line, want_line in zip(out.splitlines(), want.splitlines()):
        equal("line", got_line, want_line)
    equal("text", out, want)
    text = out[:out.index("   {\n")].splitlines()
    # no word is broken: a hash, a name and a table may be wider
    wide = [line for line in text if len(line) > 80]
    holds("width %r" % wide, all(
        "abab" in line or "example" in line or line.startswith(
            "   sessions  first ") for line in wide))
    holds("no blanks at the end", not any(
        line != line.rstrip() for line in out.splitlines()))
    equal("any case", site.run("explain", "A.Example.").out, out)


def same_bytes(site):
    """The report is the reporter's, octet for octet."""
    site.scene()
    want = site.report_of("a.example")
    out = site.run("explain", "--json", "a.example").out
    holds("the last member", out.endswith(',"report":' + want + "}\n"))
    text = site.run("explain", "a.example").out
    equal("the same for people", json.loads(text[text.index("   {\n"):]),
          json.loads(want))
    site.configure(CONF % site.zone +
                   "report:\n  count: all\n  sending-mta-ip: false\n")
    want = site.report_of("a.example")
    holds("by the configuration", site.run(
        "explain", "--json", "a.example").out.endswith(want + "}\n"))


def as_json(site):
    site.scene()
    o = site.object("a.example")
    equal("members", list(o), [
        "kind", "domain", "record", "day", "sealed", "policies", "events",
        "facts", "advice", "totals", "excluded", "faults", "filename",
        "report"])
    equal("record", o["record"]["destinations"],
          ["tls@a.example", "https://a.example/r"])
    equal("policies", [p["mx"] for p in o["policies"]],
          ["mx.a.example", "mx2.a.example", "mx3.a.example"])
    equal("events", [(e["result"], e["reason"]) for e in o["events"]],
          [("sts-policy-fetch-error", "timeout+cached-policy-used")])
    equal("totals", o["totals"],
          {"successes": 8, "failures": 8, "unjudged": 13})
    by_hash = {p["hash"]: p["mx"] for p in o["policies"]}
    for fact in o["facts"]:
        mx = by_hash.get(fact["judged_by"], "")
        equal("judged by", mx, "" if fact["mx"] == "mx9.a.example"
              else fact["mx"])
        verdict = fact["verdicts"][0]
        holds("reasons", verdict["steps"] or fact["chosen"] == "none")
        if verdict["outcome"] == "failure":
            holds("rule", verdict["results"][0]["rule"].startswith("RFC 8460"))
    equal("advice", [a["sessions"] for a in o["advice"]], [6, 6, 6, 7])
    equal("lines", [a.get("line") for a in o["advice"]],
          ["smtp_tls_loglevel = 1", None, "probe: policy-domains", None])


def choices(site):
    """Which policy a session is judged by is told with its reason."""
    site.tally(
        "policy {0} 10 own a.example - mx=insecure tlsa=none sts=none".format(
            DAY),
        "policy {0} 20 mta a.example m.a.example ".format(DAY) + STS,
        "fact %s 1 a.example ok m.a.example at=100" % DAY,
        "fact %s 1 a.example ok n.a.example at=5" % DAY,
        "fact %s 1 a.example ok n.a.example at=200 named=1" % DAY,
        "seal %s %d" % (DAY, SEALED))
    out = " ".join(site.run("explain", "a.example").out.split())
    for wanted in (
            "P2 for m.a.example, since 2026-11-22T00:00:20Z, told by the MTA",
            "policy P2, the last one learned before the first session, for "
            "none was learned later; the MTA's goes before ours",
            "policy P1, the first one learned at or after the first session; "
            "of the domain as a whole, for none of the MX host is known",
            "policy P2, which the sessions name"):
        holds("%r in %s" % (wanted, out), wanted in out)
    facts = site.object("a.example")["facts"]
    equal("words", sorted((f["chosen"], f["of_domain"], f["mta_first"])
                          for f in facts),
          [("after", True, False), ("before", False, True),
           ("named", False, False)])


def probes(site):
    """What a probe of ours settled, and what it did not."""
    site.tally(
        "policy {0} 10 own a.example mx.a.example mx=insecure tlsa=none ".format(DAY) + STS,
        "fact %s 2 a.example ok mx.a.example 192.0.2.1 chain=ok version=TLSv1.3 at=100" % DAY,
        "fact %s 3 a.example ok mx.a.example 192.0.2.2 version=TLSv1.3 at=100" % DAY,
        "fact %s 4 a.example ok mx.a.example 192.0.2.3 version=TLSv1.3 at=100" % DAY,
        "probe %s 300 b.example mx.a.example 192.0.2.1 chain=expired name=match" % DAY,
        "probe %s 400 a.example mx.a.example 192.0.2.2 chain=self-signed name=mismatch" % DAY,
        "probe %s 21701 a.example mx.a.example 192.0.2.3 chain=ok name=match" % DAY,
        "seal %s %d" % (DAY, SEALED))
    out = " ".join(site.run("explain", "a.example").out.split())
    for wanted in (
            "verdict success under sts (RFC 8460 4.2.1, R40)",
            "probe what the MTA did not tell, our own probe of this address saw at "
            "2026-11-22T00:05:00Z, within six hours of each session",
            "certificate-not-trusted (RFC 8460 4.3.1, R63), self-signed+probed; "
            "certificate-host-mismatch (RFC 8460 4.3.1, R61), probed",
            "4 sessions: A probe of ours would"):
        holds("%r in %s" % (wanted, out), wanted in out)
    o = site.object("a.example")
    equal("policies", len(o["policies"]), 1)
    equal("facts", sorted(
        (f["count"], f["verdicts"][0]["outcome"], f["verdicts"][0]["probed"], f["probed_at"])
        for f in o["facts"]), [
            (2, "success", True, 1795305900), (3, "failure", True, 1795306000),
            (4, "unknown", False, 0)])
    equal("totals", o["totals"], {"successes": 2, "failures": 3, "unjudged": 4})
    seen = site.run("tally", "--json", "--domain", "b.example").objects("probe")
    equal("probe", seen, [{
        "kind": "probe", "day": DAY, "hash": seen[0]["hash"], "domain": "b.example",
        "mx": "mx.a.example", "since": 1795305900,
        "content": {"probed-at": 1795305900, "ip": "192.0.2.1", "chain": "expired",
                    "name": "match"}}])
    holds("text", "192.0.2.2: chain self-signed, name mismatch, dane unknown" in
          site.run("tally").out)
    # while probes are made, that is no advice any more
    site.configure("probe: policy-domains\n" + CONF % site.zone, lookup=True)
    holds("on", "A probe of ours would" not in site.run("explain", "a.example").out)


def terminal(site):
    """Headings are bold on a terminal, unless colour is not wanted."""
    site.scene()
    want = site.run("explain", "a.example").out
    out = site.on_terminal("explain", "a.example").replace("\r\n", "\n")
    holds("bold", out.startswith("\x1b[1m1. Record at "))
    equal("else the same", out.replace("\x1b[1m", "").replace(
        "\x1b[0m", ""), want)
    out = site.on_terminal("explain", "a.example", NO_COLOR="1")
    equal("no colour", out.replace("\r\n", "\n"), want)


def records(site):
    """The record decides whether a report goes out, and where it is wrong."""
    site.scene()
    for name, text, wanted in (
            ("syntax", "v=TLSRPTv1;; rua=mailto:x@a.example",
             "   v=TLSRPTv1;; rua=mailto:x@a.example\n"
             "              ^\n   Wrong at the caret: expected"),
            ("no destination", "v=TLSRPTv1; rua=tel:1",
             "No destination can be used"),
            ("another text", "v=spf1 -all", "none of them is a record")):
        site.publish(("a.example", text))
        out = site.run("explain", "a.example").out
        holds(name + ": " + out, wanted in out)
        holds(name, "None goes out: no record asks" in out)
        holds(name, '"organization-name"' in out)
    site.publish(("a.example", RECORD), ("a.example", RECORD + ";x=y"))
    holds("several", "There are several records" in
          site.run("explain", "a.example").out)
    site.publish(("z.example", RECORD))
    out = site.run("explain", "a.example").out
    holds("none", "There is none (nxdomain)" in out)
    out = site.run("explain", "--offline", "a.example").out
    holds("offline", "Not looked up (--offline)." in out)
    holds("offline", "None goes out" not in out)
    holds("offline", "record" not in site.object("--offline", "a.example"))
    site.configure(CONF % "/nonexistent/zone")
    err = site.run("explain", "a.example", want=CONFIG).err
    holds(err, "cannot start DNS" in err)
    site.run("explain", "--offline", "a.example")


def hostile_record(site):
    """What a stranger publishes does nothing to a terminal."""
    site.scene()
    site.publish(("a.example", "v=TLSRPTv1;\x1b[31m"))
    out = site.run("explain", "a.example").out
    holds("no escape", "\x1b" not in out)
    holds("no escape", "\x1b" not in site.run(
        "explain", "--json", "a.example").out)


def days(site):
    """The last day of the domain, or the one that is asked for."""
    site.scene()
    site.tally("fact %s 1 b.example ok" % NEXT)
    equal("a", site.object("a.example")["day"], DAY)
    equal("b", site.object("b.example")["day"], NEXT)
    equal("b", site.object("--day", DAY, "b.example")["day"], DAY)
    result = site.run("explain", "--day", NEXT, "a.example", want=NOINPUT)
    holds(result.err, "no session to a.example on " + NEXT in result.err)
    holds("the rest is told", "5. Report\n   There is none" in result.out)
    result = site.run("explain", "--day", "2026-11-20", "a.example",
                      want=NOINPUT)
    holds(result.err, "no tally of 2026-11-20 under" in result.err)
    holds("the record is told", "1. Record" in result.out)
    result = site.run("explain", "c.example", want=NOINPUT)
    holds(result.err, "no session to c.example in any day" in result.err)
    equal("JSON", list(site.object("c.example", want=NOINPUT)),
          ["kind", "domain", "record"])


def not_sealed(site):
    site.scene(sealed=False)
    out = site.run("explain", "a.example").out
    holds(out, "The day is not sealed" in out)
    holds("its report", '"report-id": "20261122.' in out)
    o = site.object("a.example")
    equal("sealed", o["sealed"], False)
    site.tally("seal %s %d" % (DAY, SEALED))
    equal("the same when it is sealed", site.object("a.example")["report"],
          o["report"])


def no_report(site):
    """Nothing judged, not configured, left out by configuration."""
    site.tally("fact %s 3 a.example ok" % DAY,
               "seal %s %d" % (DAY, SEALED))
    out = site.run("explain", "a.example").out
    holds(out, "There is nothing to report: no session was judged" in out)
    holds("no body", "organization-name" not in out)
    holds("no member", "report" not in site.object("a.example"))
    holds("advice", "3 sessions: What was published" in out)
    site.scene(NEXT)
    site.configure("dns:\n  local-data: %s\n" % site.zone)
    out = site.run("explain", "a.example").out
    holds(out, "No report can be made: %s: contact" % site.conf
          in " ".join(out.split()))
    holds("totals", "8 successful, 8 failed" in out)
    holds("faults", "organization is missing" in
          site.object("a.example")["faults"])
    site.configure(CONF % site.zone + "report:\n  exclude: [a.example]\n")
    holds("excluded", "report.exclude in" in
          site.run("explain", "a.example").out)
    equal("excluded", site.object("a.example")["excluded"], True)


def outbox(site):
    """What telltls-report made of it is told."""
    site.scene()
    subprocess.run([*REPORTER, "-c", site.conf], check=True,
                   stderr=subprocess.DEVNULL)
    out = site.run("explain", "a.example").out
    holds(out, "What telltls-report made of it at " in out)
    equal("state", site.object("a.example")["outbox"]["state"], "written")


def nothing_known(site):
    """No state at all, and what is no domain."""
    err = site.run("explain", "a.example", want=NOINPUT).err
    holds(err, "no session to a.example in any day" in err)
    equal("nothing was made", os.path.exists(site.state), False)
    for domain in ("a..b", "[192.0.2.1]", "\x1b[31m"):
        result = site.run("explain", domain, want=USAGE)
        holds(result.err, "expected a domain" in result.err)
        holds("no escape", "\x1b" not in result.err)
    site.run("explain", "--day", "x", "a.example", want=USAGE)
    site.run("explain", want=USAGE)
    site.run("explain", "a.example", "b.example", want=USAGE)


def damage(site):
    site.scene()
    with open(site.day_file(), "r+b") as f:
        f.seek(f.read().index(b"3 1 1 abab"))
        f.write(b"4")
    result = site.run("explain", "a.example", want=DATAERR)
    holds(result.err, "is damaged: left out" in result.err)
    holds("the rest", "failure under sts" in result.out)


def nothing_is_written(site):
    site.scene()

    def snapshot():
        return [(root, files, [os.stat(os.path.join(root, f)).st_mtime_ns
                               for f in files])
                for root, _, files in os.walk(site.state)]

    before = snapshot()
    site.run("explain", "a.example")
    site.run("explain", "--json", "a.example")
    equal("state", snapshot(), before)


TESTS = (golden, same_bytes, as_json, choices, probes, terminal, records, hostile_record, days,
         not_sealed, no_report, outbox, nothing_known, damage,
         nothing_is_written)

if __name__ == "__main__":
    sys.exit(run.run_all(TESTS, Site))
