# SPDX-License-Identifier: BSD-2-Clause
"""What a test asserts of a site and of telltls on its log."""
import gzip
import json
import os
import subprocess
import sys

from . import dns, expect, world
from .stage import unequal

# Counters that tell how much was logged, not what of.
_SIZES = ("records", "rules", "rules-bytes")


def check_dns(tap, site):
    got = {name: site.dns.validate(f"{name}.{world.ZONE}", dns.MX)
           for name in ("good", "refused", "forged-mx", "none")}
    want = {"good": (0, True), "refused": (0, True), "forged-mx": (2, False), "none": (3, True)}
    tap.check("the zone is signed and the MTA's resolver validates", *unequal("MX", got, want))


def check_mail(tap, site, messages):
    """After the MTA has stopped."""
    site.settle()
    truth = site.truth.read()
    tap.check("each message was delivered, once",
              *unequal("recipient", expect.taken(truth), expect.deliveries(site, messages)))


def check_reused(tap, site):
    several = [s for s in site.truth.read() if s["outcome"] == "ok" and len(s["sent"]) > 1]
    tap.check("a session has brought several messages", *([] if several else ["none has"]))


def count_facts(facts):
    counts = {}
    for fact in facts:
        key = tuple(fact[k] for k in expect.KEY)
        counts[key] = counts.get(key, 0) + fact["count"]
    return counts


def _strange(site, fact, end):
    """What is wrong with the members of a fact that are no part of its key."""
    for key, value in {"feed": site.mta, "policy": "", **site.rest(fact)}.items():
        if fact[key] != value:
            yield f"{fact['domain']}: {key} is {fact[key]!r}, want {value!r}"
    if not site.begin <= fact["first"] <= fact["last"] <= end:
        yield f"{fact['domain']}: seen from {fact['first']} to {fact['last']}"


def check_facts(tap, site, telltls, seen, when=""):
    facts = telltls.facts()
    when = when and ", " + when
    tap.check(f"{seen.n_counted} sessions are counted as the receivers saw them{when}",
              *unequal("fact", count_facts(facts), seen.counted))
    tap.check(f"the rest of each fact{when}",
              *(s for fact in facts for s in _strange(site, fact, seen.end)))


def check_counters(tap, site, telltls, seen, when=""):
    want = {"lines": site.log.n_lines, "sessions": seen.n_counted, **seen.left_out}
    got = {k: n for k, n in telltls.counters().items() if k not in _SIZES}
    tap.check(f"{sum(seen.left_out.values())} sessions are left out, and nothing else"
              f"{when and ', ' + when}", *unequal("counter", got, want))


def check_sealed(tap, telltls):
    days = [x for x in telltls.status() if x["kind"] == "day"]
    tap.check("all days are sealed",
              *(["no day"] if not days else []),
              *(x for x in days if not x["sealed"] or x["damaged"]))


def _report_results(files):
    """Sessions by domain and result, in all reports."""
    totals = {}
    for path in files:
        if not path.endswith(".json.gz"):
            continue
        with gzip.open(path) as f:
            report = json.load(f)
        for policy in report["policies"]:
            results = totals.setdefault(policy["policy"]["policy-domain"], {})
            counts = [("success", policy["summary"]["total-successful-session-count"])]
            counts += [(x["result-type"], x["failed-session-count"])
                       for x in policy.get("failure-details", [])]
            for result, n in counts:
                if n:
                    results[result] = results.get(result, 0) + n
    return totals


def check_reports(tap, telltls, counted):
    files = telltls.report()
    want = expect.reports(counted)
    tap.check(f"reports for {len(want)} domains say what the receivers saw",
              *unequal("domain", _report_results(files), want))
    mails = {os.path.basename(path).split("!")[1] for path in files if path.endswith(".eml")}
    tap.check("each of these domains has a mail",
              *unequal("domain", dict.fromkeys(mails, 1), dict.fromkeys(want, 1)))
    judge = os.path.join(telltls.site.place.src, "check-report")
    p = subprocess.run([sys.executable, judge, "--submitter", expect.domain_of(world.REPORTER),
                        *files], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.check("the judge of reports finds no fault",
              *([p.stdout + p.stderr] if p.returncode != 0 or not files else []))
    return files
