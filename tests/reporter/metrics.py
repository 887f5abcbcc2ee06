#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the numbers for a monitoring system: that telltls-report writes what
"telltls metrics" prints, and that it is OpenMetrics text.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from reporter_site import (  # noqa: E402
    BIN, SRC, DAY1, DAY2, GOOD, Failed, equal, holds, run_all, seal_line)

TELLTLS = os.path.join(BIN, "tool", "telltls")
GOLDEN = os.path.join(SRC, "data", "text", "metrics.prom")
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
# a label's value: any character but these, or one of three escapes
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (\d+)" % (NAME, LABEL, LABEL))


def parse(text):
    """(name, ((label, value), ...)) -> number, by the OpenMetrics ABNF as far
    as gauges go; a fault ends the test."""
    samples = {}
    kinds = {}
    family = None
    if not text.endswith("\n# EOF\n"):
        raise Failed("no EOF at the end")
    for line in text[:-len("# EOF\n")].splitlines():
        meta = re.fullmatch(r"# (TYPE|HELP) (%s) (.+)" % NAME, line)
        sample = SAMPLE.fullmatch(line)
        if meta and meta.group(1) == "TYPE":
            family = meta.group(2)
            holds("one family of a name: " + line, family not in kinds)
            equal(line, meta.group(3), "gauge")
            kinds[family] = meta.group(3)
        elif meta:
            equal("help stands with its type", meta.group(2), family)
            holds("help is a sentence: " + line, line.endswith("."))
        elif sample:
            equal("sample of its family", sample.group(1), family)
            labels = tuple((m[0], re.sub(
                r"\\(.)", lambda e: {"n": "\n"}.get(e.group(1), e.group(1)),
                m[1])) for m in re.findall(LABEL, sample.group(2) or ""))
            equal("each label once", len(dict(labels)), len(labels))
            key = (family, labels)
            holds("one sample of its labels: " + line, key not in samples)
            samples[key] = int(line.rsplit(" ", 1)[1])
        else:
            raise Failed("no line of the format: %r" % line)
    return samples


def metrics(site, want=0):
    done = subprocess.run(
        [TELLTLS, "-c", site.conf, "--state", site.state, "metrics"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=60, check=False)
    equal("metrics: %r" % done.stderr, done.returncode, want)
    return done.stdout.decode()


def use(site, path):
    with open(site.conf, "a", encoding="ascii") as f:
        f.write("run: %s/run\nmetrics:\n  file: %s\n" % (site.dir, path))


def golden(site):
    """What the unit test compares is of the format, with all its escapes."""
    with open(GOLDEN, encoding="ascii") as f:
        samples = parse(f.read())
    holds("escaped", ("telltls_feed_position", (
        ("feed", 'a"b\\c\nd???'), ("mta", "exim"))) in samples)
    equal("largest", samples["telltls_feed_lines", (
        ("feed", "sendmail"), ("day", "2026-11-23"))], 2 ** 64 - 1)


def written(site):
    path = site.dir + "/t.prom"
    site.tally("fact %s 3 a.example ok" % DAY1,
               "fact %s 2 a.example refused" % DAY1,
               "fact %s 4 b.example no-session mx.b.example" % DAY1,
               "drop %s lines 12" % DAY1, "drop %s bad-line 7" % DAY1,
               "drop %s gap 2" % DAY1,
               seal_line(DAY1), "fact %s 1 a.example ok" % DAY2)
    site.write_zone({"a.example": GOOD % "a.example"})
    use(site, path)
    site.run("--dry-run", site.dir + "/dry")
    equal("a dry run writes none", os.path.exists(path), False)
    site.run()
    with open(path, encoding="ascii") as f:
        got = parse(f.read())
    feed = ("feed", "test")
    day = ("day", DAY1)
    for key, want in (
            (("feed_lines", (feed, day)), 12),
            (("feed_records", (feed, day)), 0),
            (("feed_gaps", (feed, day)), 2),
            (("feed_left_out", (feed, day, ("reason", "bad-line"))), 7),
            (("day_sessions", (day, ("tls", "ok"))), 3),
            (("day_sessions", (day, ("tls", "refused"))), 2),
            (("day_sessions", (day, ("tls", "failed"))), 0),
            (("day_sessions", (("day", DAY2), ("tls", "ok"))), 1),
            (("day_sealed", (day,)), 1),
            (("day_sealed", (("day", DAY2),)), 0),
            (("day_unjudged", (day,)), 4),
            (("day_reports", (day, ("state", "written"))), 1),
            (("day_reports", (day, ("state", "withheld"))), 0),
            (("sending_enabled", ()), 0), (("daemon_running", ()), 0),
            (("suppressed_destinations", ()), 0)):
        name = ("telltls_" + key[0], key[1])
        equal(str(name), got.get(name), want)
    holds("nothing of the daemon", not [k for k in got if "lag" in k[0]])
    now = parse(metrics(site))
    for samples in (got, now):
        del samples["telltls_run_timestamp_seconds", ()]
    equal("the tool prints the same", now, got)
    equal("nothing else lies there", [n for n in os.listdir(site.dir)
                                      if n.startswith("t.prom")], ["t.prom"])


def nothing_yet(site):
    path = site.dir + "/t.prom"
    use(site, path)
    site.run()
    with open(path, encoding="ascii") as f:
        got = parse(f.read())
    holds("no ledger", not [k for k in got if "outbox" in k[0]])
    equal("the tool", len(parse(metrics(site))), len(got))


def unwritable(site):
    """Reports are made all the same."""
    site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
    site.write_zone({"a.example": GOOD % "a.example"})
    use(site, site.dir + "/none/t.prom")
    err = site.run(want=73).err
    holds("told", "cannot write metrics" in err)
    equal("reports", list(site.bodies(DAY1)), ["a.example"])


if __name__ == "__main__":
    sys.exit(run_all([golden, written, nothing_yet, unwritable]))
