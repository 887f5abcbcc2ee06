# SPDX-License-Identifier: BSD-2-Clause
"""What reports must say of the sessions with the domains of situations.py, and
what they say."""
import collections

from . import checks, situations, world


class Element(collections.Counter):
    """Of a report: "success" and "failure" are the summary; each other key is
    (result type, reason code, MX host) of its failure details."""


def _key(s, row, kind, state, tlsa):
    """(policy type, its domain, its strings, its patterns)"""
    if kind == "none":
        return "no-policy-found", s.domain, (), ()
    if kind in ("tlsa", "absent"):
        return "tlsa", row.mx, tuple(tlsa[row.mx]) if kind == "tlsa" else (), ()
    lines = state.policy.splitlines() if kind != "failed" else []
    patterns = [x[4:].lower() for x in lines if x.startswith("mx: ")] if kind == "sts" else []
    return "sts", s.domain, tuple(lines), tuple(patterns)


def _add(elements, key, n, result, token, mx):
    element = elements.setdefault(key, Element())
    if result == "success":
        element[result] += n
    else:
        element["failure"] += n
        element[result, token, mx] += n


def _each(mta, parts):
    """(situation, is it before, row, what is wanted of it, how many sessions)"""
    for is_before, counted in parts:
        for s in situations.SITUATIONS:
            for row, wanted in s.wanted(is_before, mta) if s.asks else ():
                n = sum(n for key, n in counted.items() if key[:2] == (s.domain, row.mx))
                yield s, is_before, row, wanted, n


def want(mta, parts, tlsa):
    """Elements by key, by domain. parts: (is it before, sessions by
    expect.KEY). tlsa: see world.records()."""
    domains = collections.defaultdict(dict)
    for s, is_before, row, wanted, n in _each(mta, parts):
        if n and wanted:
            key = _key(s, row, wanted[0], s.at(is_before), tlsa)
            # of a policy that cannot be had no MX host is the cause
            mx = row.mx if wanted[0] not in ("failed", "broken") else ""
            _add(domains[s.domain], key, n, *wanted[1:], mx)
    for s in situations.SITUATIONS:
        if s.state.event:
            key = _key(s, s.row, "sts", s.before, tlsa)
            _add(domains[s.domain], key, 1, *s.state.event.split(), "")
    return {domain: _plain(elements) for domain, elements in domains.items()}


def want_all(mta, parts, tlsa):
    """The same where all policies count, of some domains."""
    domains = {}
    for s in situations.SITUATIONS:
        n = sum(n for _, counted in parts for key, n in counted.items() if key[0] == s.domain)
        for kind, result, token in s.wanted_all(mta):
            elements = domains.setdefault(s.domain, {})
            _add(elements, _key(s, s.row, kind, s.state, tlsa), n, result, token, s.row.mx)
    return {domain: _plain(elements) for domain, elements in domains.items()}


def unjudged(mta, parts):
    """Sessions of which too little is known."""
    return sum(n for *_, wanted, n in _each(mta, parts) if not wanted)


def got(files):
    """The same of a report's files."""
    domains = collections.defaultdict(dict)
    for domain, report in checks.read_reports(files):
        for x in report["policies"]:
            policy = x["policy"]
            key = (policy["policy-type"], policy["policy-domain"],
                   tuple(policy.get("policy-string", ())), tuple(policy.get("mx-host", ())))
            element = domains[domain].setdefault(key, Element())
            element["success"] += x["summary"]["total-successful-session-count"]
            element["failure"] += x["summary"]["total-failure-session-count"]
            for d in x.get("failure-details", ()):
                element[d["result-type"], d.get("failure-reason-code", ""),
                        d.get("receiving-mx-hostname", "")] += d["failed-session-count"]
    return {domain: _plain(elements) for domain, elements in domains.items()}


def _plain(elements):
    return {key: dict(+element) for key, element in elements.items()}


def results(reports):
    """The result types in them."""
    return {key[0] for elements in reports.values() for element in elements.values()
            for key in element if isinstance(key, tuple)}


def records(site):
    return world.records(site.certificates.tlsa)
