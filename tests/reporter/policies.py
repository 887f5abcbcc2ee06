#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls-report with policies: which of them a session is judged by,
what its report says, and when reports are withheld.
"""
import glob
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from reporter_site import (  # noqa: E402
    DAY1, DAY2, GOOD, begin_of, equal, holds, run_all, seal_line)

ENFORCE = ("text=version:~STSv1|mode:~enforce|mx:~mx.a.example|"
           "max_age:~86400|")
TESTING = ENFORCE.replace("enforce", "testing")
RECORD = "record=3~1~1~" + "ab" * 32
NOTHING = "mx=insecure tlsa=none sts=none"
STS = "mx=insecure tlsa=none sts=found " + ENFORCE
GOOD_TLS = "chain=ok name=match version=TLSv1.3"


def good(*domains):
    return {d: GOOD % d for d in domains}


def elements(site, day=DAY1, domain="a.example"):
    """(type, domain, successes, failures, failures' types) of a report."""
    # an element's own domain need not be the report's
    bodies = [b for b in site.all_bodies(day) if "!%s!" % domain in b[0]]
    equal("reports of " + domain, len(bodies), 1)
    return [(e["policy"]["policy-type"], e["policy"]["policy-domain"],
             e["summary"]["total-successful-session-count"],
             e["summary"]["total-failure-session-count"],
             [d["result-type"] for d in e.get("failure-details", [])])
            for e in bodies[0][1]["policies"]]


def kinds(site):
    """Each policy type, from the tally to the report."""
    site.tally(
        "policy %s 0 own a.example mx.a.example %s" % (DAY1, STS),
        "policy %s 0 own a.example mx2.a.example mx=secure tlsa=usable "
        "base=mx2.a.example %s sts=found %s" % (DAY1, RECORD, ENFORCE),
        "policy %s 0 own b.example mx.b.example %s" % (DAY1, NOTHING),
        "policy %s 0 own c.example - mx=insecure tlsa=none sts=fetch-error "
        "reason=http-404" % DAY1,
        "fact %s 5 a.example ok mx.a.example %s" % (DAY1, GOOD_TLS),
        "fact %s 2 a.example ok mx.a.example chain=expired name=match "
        "version=TLSv1.3" % DAY1,
        "fact %s 3 a.example ok mx2.a.example dane=match version=TLSv1.3" %
        DAY1,
        "fact %s 4 b.example ok mx.b.example chain=untrusted" % DAY1,
        "fact %s 6 c.example ok mx.c.example %s" % (DAY1, GOOD_TLS),
        "fact %s 7 d.example ok mx.d.example %s" % (DAY1, GOOD_TLS),
        seal_line(DAY1), looked=False)
    site.write_zone(good("a.example", "b.example", "c.example", "d.example"))
    counts = site.run().counts()
    equal("a", sorted(elements(site)),
          [("sts", "a.example", 5, 2, ["certificate-expired"]),
           ("tlsa", "mx2.a.example", 3, 0, [])])
    equal("b", elements(site, domain="b.example"),
          [("no-policy-found", "b.example", 4, 0, [])])
    equal("c", elements(site, domain="c.example"),
          [("sts", "c.example", 0, 6, ["sts-policy-fetch-error"])])
    equal("d: nothing is known", counts["unjudged"], 7)
    equal("reports", counts["reports"], 3)
    equal("unjudged of the day", site.sql(
        "SELECT unjudged FROM day WHERE day = %d" % begin_of(DAY1)), [(7,)])


def count_all(site):
    """A session counts under each policy, and is one session all the same."""
    site.tally(
        "policy %s 0 own a.example mx.a.example mx=secure tlsa=usable "
        "base=mx.a.example %s sts=found %s" % (DAY1, RECORD, ENFORCE),
        "fact %s 5 a.example ok mx.a.example dane=match %s" %
        (DAY1, GOOD_TLS), seal_line(DAY1), looked=False)
    site.write_zone(good("a.example"))
    for word, want in (
            ("governing", [("tlsa", "mx.a.example", 5, 0, [])]),
            ("all", [("sts", "a.example", 5, 0, []),
                     ("tlsa", "mx.a.example", 5, 0, [])])):
        site.configure(report="  count: %s\n" % word)
        dry = site.dir + "/" + word
        err = site.run("--dry-run", dry).err
        site.outbox = site.dir
        equal(word, sorted(elements(site, day=word)), want)
        holds(word + ": sessions", " successes=5 failures=0 " in err)


def changed(site):
    """R47: another text on the same day is another element; whatever the
    order in the tally, the same bytes."""
    policies = [
        "policy %s 100 own a.example mx.a.example mx=insecure tlsa=none "
        "sts=found %s" % (DAY1, TESTING),
        "policy %s 200 own a.example mx.a.example %s" % (DAY1, STS)]
    facts = ["fact %s 1 a.example ok mx.a.example at=50 %s" %
             (DAY1, GOOD_TLS),
             "fact %s 2 a.example ok mx.a.example at=150 helo=x %s" %
             (DAY1, GOOD_TLS),
             "fact %s 4 a.example ok mx.a.example at=250 helo=y %s" %
             (DAY1, GOOD_TLS)]
    site.write_zone(good("a.example"))
    made = []
    for n, order in enumerate((1, -1)):
        site.state = site.dir + "/state%d" % n
        site.tally(*policies[::order], *facts[::order], seal_line(DAY1),
                   looked=False)
        site.run("--dry-run", site.dir + "/dry%d" % n)
        made.append(site.reports(top=site.dir + "/dry%d" % n))
    equal("files", made[0], made[1])
    site.outbox = site.dir
    equal("elements", sorted(e[2] for e in elements(site, day="dry0")),
          [1, 6])


def events(site):
    """Failed refreshes: beside sessions, and of a domain without any."""
    event = ("policy %s %d own %s - sts=found %s failed=fetch-error "
             "failed-at=%d reason=timeout+cached-policy-used")
    site.tally(
        "policy %s 0 own a.example mx.a.example %s" % (DAY1, STS),
        "fact %s 5 a.example ok mx.a.example %s" % (DAY1, GOOD_TLS),
        event % (DAY1, 10, "a.example", ENFORCE, 10),
        event % (DAY1, 20, "a.example", ENFORCE, 20),
        event % (DAY1, 30, "e.example", ENFORCE, 30),
        seal_line(DAY1), looked=False)
    site.write_zone(good("a.example", "e.example"))
    site.run()
    equal("a", elements(site), [
        ("sts", "a.example", 5, 2, ["sts-policy-fetch-error"])])
    equal("e", elements(site, domain="e.example"), [
        ("sts", "e.example", 0, 1, ["sts-policy-fetch-error"])])
    equal("days", site.days(), [begin_of(DAY1)])


def untrusted(n, day=DAY1):
    lines = []
    for i in range(n):
        d = "u%02d.example" % i
        lines += ["policy %s 0 own %s mx.a.example %s" % (day, d, STS),
                  "fact %s 1 %s ok mx.a.example chain=untrusted name=match "
                  "version=TLSv1.3" % (day, d)]
    return lines


def trusted(n, day=DAY1):
    lines = []
    for i in range(n):
        d = "t%02d.example" % i
        lines += ["policy %s 0 own %s mx.a.example %s" % (day, d, STS),
                  "fact %s 1 %s ok mx.a.example %s" % (day, d, GOOD_TLS)]
    return lines


def names(letter, n):
    return ["%s%02d.example" % (letter, i) for i in range(n)]


def is_it_us(site):
    """More than half of 20 domains or more have one failure of ours."""
    for n, (bad, fine, withheld) in enumerate(
            ((19, 0, 0), (20, 0, 20), (10, 10, 0), (11, 9, 11))):
        site.state = site.dir + "/s%d" % n
        site.tally(*untrusted(bad), *trusted(fine), seal_line(DAY1),
                   looked=False)
        site.write_zone(good(*names("u", bad), *names("t", fine)))
        site.outbox = site.state + "/outbox"
        site.ledger = site.outbox + "/ledger.sqlite"
        result = site.run()
        what = "%d of %d" % (bad, bad + fine)
        equal(what, result.counts()["withheld"], withheld)
        equal(what, result.counts()["reports"], bad + fine - withheld)
        equal(what + ": files", len(site.all_bodies(DAY1)),
              bad + fine - withheld)
        equal(what + ": told", "it may be us: certificates" in result.err,
              withheld > 0)
        equal(what + ": rows", site.rows(day=DAY1).count(
            ("u00.example", "withheld")), 1 if withheld else 0)


def release(site):
    site.tally(*untrusted(12), *trusted(8), *untrusted(25, DAY2),
               seal_line(DAY1), seal_line(DAY2), looked=False)
    site.write_zone(good(*names("u", 11), *names("t", 8)))
    dry = site.run("--dry-run", site.dir + "/dry")
    holds("a dry run shows them", len(glob.glob(site.dir + "/dry/*.gz")) > 19)
    holds("and tells", "would be withheld" in dry.err)
    counts = site.run().counts()
    equal("withheld", counts["withheld"], 22)
    equal("reports", counts["reports"], 8)
    equal("days are finished", site.days(), [begin_of(DAY1), begin_of(DAY2)])
    made = site.reports(DAY1)
    equal("again", "domains=" in site.run().err, False)
    site.run("--release", DAY1, "--dry-run", site.dir + "/dry", want=64)
    site.run("--release", DAY1, "--day", DAY2, want=64)
    site.run("--release", "yesterday", want=64)
    site.run("--release", "2026-11-19", want=66)
    # a record that came since: its domain got no report, and gets none now;
    # one that is gone since: R26
    zone = good(*names("u", 12), *names("t", 8))
    del zone["u03.example"]
    site.write_zone(zone)
    result = site.run("--release", DAY1)
    holds("told", "released what was withheld" in result.err)
    equal("reports", result.counts()["reports"], 10)
    equal("domains", result.counts()["domains"], 11)
    now = site.reports(DAY1)
    equal("those of before", {k: now[k] for k in made}, made)
    equal("all", len(now), len(made) + 10)
    equal("the other day", site.reports(DAY2), {})
    holds("the same as of the dry run",
          all(site.files(site.dir + "/dry")[k] == v for k, v in now.items()))
    equal("days", site.days(), [begin_of(DAY1), begin_of(DAY2)])
    equal("again", "domains=" in site.run().err, False)
    equal("nothing to release",
          "reports=0" in site.run("--release", DAY1).err, True)


def older_ledger(site):
    """A ledger of the version before is taken over."""
    os.makedirs(site.outbox)
    for statement in (
            "CREATE TABLE day (day INTEGER PRIMARY KEY, finished INTEGER "
            "NOT NULL)",
            "CREATE TABLE report (day INTEGER NOT NULL, domain TEXT NOT NULL,"
            " state TEXT NOT NULL CHECK (state IN ('written', 'none', "
            "'retry', 'given-up')), tries INTEGER NOT NULL, first_try INTEGER"
            " NOT NULL, last_try INTEGER NOT NULL, what TEXT NOT NULL, file "
            "TEXT NOT NULL, PRIMARY KEY (day, domain)) WITHOUT ROWID",
            "CREATE INDEX report_file ON report (day, file) WHERE file != ''",
            "INSERT INTO day VALUES (%d, 5)" % begin_of(DAY1),
            "INSERT INTO report VALUES (%d, 'a.example', 'written', 1, 2, 3,"
            " '', 'x')" % begin_of(DAY1),
            "PRAGMA user_version = 1"):
        site.sql(statement)
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1),
               *untrusted(20, DAY2), seal_line(DAY2), looked=False)
    site.write_zone(good("a.example", *names("u", 20)))
    counts = site.run().counts()
    equal("withheld", counts["withheld"], 20)
    equal("domains", counts["domains"], 20)
    equal("rows", site.rows(day=DAY1), [("a.example", "written")])
    equal("version", site.sql("PRAGMA user_version"), [(3,)])


if __name__ == "__main__":
    sys.exit(run_all([kinds, count_all, changed, events, is_it_us, release,
                      older_ledger]))
