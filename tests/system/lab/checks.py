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
    for key, value in {"feed": site.mta, **site.rest(fact)}.items():
        if fact[key] != value:
            yield f"{fact['domain']}: {key} is {fact[key]!r}, want {value!r}"
    if not site.begin <= fact["first"] <= fact["last"] <= end:
        yield f"{fact['domain']}: seen from {fact['first']} to {fact['last']}"


def check_facts(tap, site, telltls, seen, when=""):
    facts = telltls.facts()
    policies = {tuple(p[k] for k in ("hash", "domain", "mx")) for p in telltls.policies()}
    when = when and ", " + when
    tap.check(f"{seen.n_counted} sessions are counted as the receivers saw them{when}",
              *unequal("fact", count_facts(facts), seen.counted))
    tap.check(f"the rest of each fact{when}",
              *(s for fact in facts for s in _strange(site, fact, seen.end)),
              *(f"{fact['domain']}: names a policy that is not its own" for fact in facts
                if fact["policy"]
                and tuple(fact[k] for k in ("policy", "domain", "mx")) not in policies))


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


def read_reports(files):
    """(domain, report) of each file that holds one."""
    for path in files:
        if path.endswith(".json.gz"):
            with gzip.open(path) as f:
                yield os.path.basename(path).split("!")[1], json.load(f)


def report_results(reports):
    """Sessions by domain and (policy's type, its domain, result), in all
    reports, which are (domain, report)."""
    totals = {}
    for domain, report in reports:
        results = totals.setdefault(domain, {})
        for element in report["policies"]:
            policy = element["policy"]["policy-type"], element["policy"]["policy-domain"]
            counts = [("success", element["summary"]["total-successful-session-count"])]
            counts += [(x["result-type"], x["failed-session-count"])
                       for x in element.get("failure-details", [])]
            for result, n in counts:
                if n:
                    key = (*policy, result)
                    results[key] = results.get(key, 0) + n
    return totals


def _records(files):
    """The TLSA records in all reports, by the name that they are found at."""
    return {policy["policy-domain"]: policy["policy-string"]
            for _, report in read_reports(files)
            for policy in (element["policy"] for element in report["policies"])
            if policy["policy-type"] == "tlsa" and policy.get("policy-string")}


def check_reports(tap, telltls, counted):
    files = telltls.report()
    want = expect.reports(telltls.site, counted)
    tap.check(f"reports for {len(want)} domains say what the receivers saw",
              *unequal("domain", report_results(read_reports(files)), want))
    records = {name: text for name, text in world.records(telltls.site.certificates.tlsa).items()
               if any(name in policy for results in want.values() for policy in results)}
    tap.check(f"they have the TLSA records of {len(records)} hosts",
              *unequal("records", _records(files), records))
    mails = {os.path.basename(path).split("!")[1] for path in files if path.endswith(".eml")}
    tap.check("each of these domains has a mail",
              *unequal("domain", dict.fromkeys(mails, 1), dict.fromkeys(want, 1)))
    check_files(tap, telltls, files)
    return files


def check_files(tap, telltls, files):
    """What anybody may ask of reports."""
    judge = os.path.join(telltls.site.place.src, "check-report")
    p = subprocess.run([sys.executable, judge, "--submitter", expect.domain_of(world.REPORTER),
                        *files], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.check("the judge of reports finds no fault",
              *([p.stdout + p.stderr] if p.returncode != 0 or not files else []))
