#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: what recipients published, from the DNS and their policy hosts to
the reports.

Sendmail, Exim and Postfix, each in namespaces of its own, deliver to the domains
of lab/situations.py, whose zone is signed and whose policy hosts are nginx. The
daemon looks everything up while it counts. Each report must name the right
policy with its strings, and the right results, with the sessions that the
receivers saw. For what it needs see lab/stage.py.
"""
import collections
import contextlib
import functools
import glob
import json
import os
import re
import sqlite3
import sys
import time
from concurrent import futures

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import checks, ends, expect, judged, packages, site, situations, stage, world  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.exim_site import EximSite  # noqa: E402
from lab.postfix_site import PostfixSite  # noqa: E402
from lab.telltls import Telltls  # noqa: E402
from lab.web import PATH, Web  # noqa: E402

situations.use()

LIMIT_S = 200
SLOW_S = 90  # a policy host has 60
_MORE = """\
policies:
  local: {local}
mta-sts:
  ca-file: {roots}
"""
# Where it matters what the milter told, and the machine may be slow.
_PATIENT = ("{ unix:telltls/milter.sock, default_action=accept, connect_timeout=60s, "
            "command_timeout=60s, content_timeout=60s }")
# With them a policy host that is good, so that the failures of others are theirs.
_KEPT = [s for s in situations.SITUATIONS if s.before or s.name == "star"]
_CHANGED = [s for s in _KEPT if s.before and s.state.policy not in ("", s.before.policy)]
_SLOW = situations.BY_NAME[situations.SLOW]
_REST = [s for s in situations.SITUATIONS if s not in (*_KEPT, _SLOW)]

# Of "telltls check": its exit status, the result in parentheses, and what else
# stands in that line.
_CHECKS = {
    situations.GOOD: (0, "", ""),
    "dane": (0, "", ""),
    "expired": (1, "certificate-expired", "expired"),
    "name": (1, "certificate-host-mismatch", "mx.elsewhere.test"),
    "other": (1, "validation-failure mta-sts-mx-mismatch", "the policy"),
    "dane-mismatch": (1, "validation-failure dane-no-match", ""),
    "dane-short": (1, "tlsa-invalid all-tlsa-unusable", ""),
    "dane-bogus": (1, "dnssec-invalid tlsa-bogus", ""),
    "fgone": (1, "sts-policy-fetch-error", "http-404"),
    "wself": (1, "sts-webpki-invalid", "self-signed"),
    "smode": (1, "sts-policy-invalid syntax", ""),
    "notls": (1, "starttls-not-supported starttls-not-offered", ""),
}
# What "telltls explain" must say of a domain.
_EXPLAINED = {
    situations.GOOD: ("success under sts", "an MTA-STS policy was in force"),
    "expired": ("failure under sts: certificate-expired",),
    "kgone": ("event ", "http-404+cached-policy-used", "success under sts"),
    "cmode": ("P2 ", "mode enforce", "mode testing"),
    "dane-bogus": ("failure under tlsa: dnssec-invalid",),
    situations.DEMANDED: ("failure under tlsa: dane-required",),
    "fgone": ("failure under sts: sts-policy-fetch-error", "http-404"),
}


def to(rows):
    return tuple(world.to_names(s.name) for s in rows)


class Run:
    """One MTA's day. is_hinted: it tells the daemon of mail as it comes in."""

    def __init__(self, tap, place, mail, is_hinted):
        self.tap, self.place, self.mail, self.is_hinted = tap, place, mail, is_hinted
        self.web = Web(place.path("web"), place.web)
        local = place.path("local-policy")
        with open(local, "w", encoding="ascii") as f:
            f.write(f"dane {situations.BY_NAME[situations.DEMANDED].domain}\n")
        self.daemon = Daemon(mail, more=_MORE.format(local=local,
                                                     roots=situations.roots(place.pki)))
        self.messages = ()
        self.seen = None
        self.parts = []   # for judged.want()
        self._n_known = 0  # policies that the daemon must know

    def _publish(self, is_before):
        self.web.serve(list(situations.policy_hosts(self.place.pki, is_before)))
        if not is_before:
            self.mail.dns.change(world.zone(self.mail.certificates.tlsa, situations.zone(False)))

    def _status(self):
        return next((x for x in self.daemon.status() if x["kind"] == "daemon"), {})

    def _has_changes(self):
        hosts = {}
        for p in self.daemon.policies():
            if p["mx"]:
                hosts.setdefault(p["domain"], set()).add(p["hash"])
        return all(len(hosts.get(s.domain, ())) > 1 for s in _CHANGED)

    def _has_events(self):
        failed = {p["domain"] for p in self.daemon.policies() if "failed-at" in p["content"]}
        return failed == {s.domain for s in _KEPT if s.state.event}

    def knows(self, *rows):
        found = {p["domain"] for p in self.daemon.policies()}
        return all(s.domain in found for s in rows if s.asks)

    def _deliver(self, rows, is_before=False, awaits=True):
        """A message to each of these domains. If awaits, their policies are known
        before it goes out, where the MTA tells of it, and else afterwards."""
        def ready():
            if awaits and self.is_hinted:
                # of each the domain's and its hosts'
                self._n_known += sum(1 + len(s.rows) for s in rows if s.asks)
                self.daemon.wait(lambda: self._status().get("policies", 0) >= self._n_known,
                                 "the milter does not tell of mail that comes in")

        self.mail.send_queued(to(rows), ready)
        self.messages += to(rows)
        self.mail.settle()
        self.daemon.wait_read()
        if awaits:
            self.daemon.wait(lambda: self.knows(*rows), "it does not find out the policies")
        before = self.seen.counted if self.seen else collections.Counter()
        self.seen = expect.seen(self.mail, int(time.time()), expect.NOTABLE)
        self.parts.append((is_before, self.seen.counted - before))

    def _age_cache(self):
        """As if all policies had been fetched an hour ago, and were due."""
        path, = glob.glob(os.path.join(self.daemon.state, "policy", "*.sqlite"))
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE policy SET fetched = fetched - 3600, refresh = fetched - 3600")
            db.commit()

    def deliver(self):
        self._publish(True)
        self.daemon.start()
        rows = [situations.BY_NAME[situations.GOOD], *(s for s in _KEPT if s.before)]
        self._deliver(rows, is_before=True)
        self.daemon.wait(lambda: self._status().get("questions") == 0, "questions stay open")
        ends.check_stop(self.tap, self.daemon)
        self._age_cache()
        self._publish(False)
        self._n_known = 0
        self.daemon.start()
        self._deliver([_SLOW], awaits=False)  # which takes as long as all that follows
        if not self.is_hinted:  # it asks again by itself
            self.daemon.wait(self._has_changes, "it does not see that policies changed")
        self._deliver(_KEPT)
        self.daemon.wait(self._has_events, "it does not see that policies cannot be refreshed")
        self._deliver(_REST)


def check_now(tap, day):
    """What a postmaster sees meanwhile of a domain."""
    checker = Telltls(day.mail, "check", f"mta-sts:\n  ca-file: {situations.roots(day.place.pki)}\n"
                      "  allow-private: true\n")

    def look(name):
        """What is wrong with what it says."""
        status, code, word = _CHECKS[name]
        try:  # also for its exit status
            out = checker.run("tool/telltls", "check", "--json", situations.BY_NAME[name].domain,
                              good=(status,))
        except RuntimeError as e:
            return [e]
        found = [json.loads(line) for line in out.splitlines()]
        coded = [x for x in found if x.get("code")]
        is_right = [x for x in coded if x["code"] == code and word in x["text"]]
        return [] if len(coded) == len(is_right) == bool(code) else [f"{name}: {out}"]

    with futures.ThreadPoolExecutor(2) as pool:
        faults = sum(pool.map(look, _CHECKS), [])
    tap.check(f"telltls check sees what is wrong with domains, {len(_CHECKS)} of them", *faults)


def check_explained(tap, day):
    faults = []
    for name, texts in _EXPLAINED.items():
        out = day.daemon.run("tool/telltls", "explain", situations.BY_NAME[name].domain)
        flat = " ".join(out.split())
        faults += [f"of {name} it does not say: {x}\n{out}" for x in texts if x not in flat]
    day.daemon.run("tool/telltls", "explain", f"elsewhere.{world.ZONE}", good=(66,))
    tap.check(f"telltls explain says why, of {len(_EXPLAINED)} domains", *faults)


def check_web(tap, day):
    requests = [x for x in day.web.requests() if x[2] != "-"]  # that is no HTTP
    states = [(s, state) for s in situations.SITUATIONS if s.asks for state in (s.before, s.state)]
    want = collections.Counter("mta-sts." + s.domain for s, state in states
                               if state and state.is_fetched)
    want["mta-sts." + situations.BY_NAME[situations.GOOD].domain] += 1  # it was due, too
    want.update("mta-sts." + situations.BY_NAME[name].domain for name in _CHECKS
                if situations.BY_NAME[name].state.is_fetched)
    tap.check("each policy is fetched when it is due, no redirect is followed",
              *stage.unequal("host", collections.Counter(x[0] for x in requests), want))
    tap.check("nothing else is asked of policy hosts, and by their name",
              *(x for x in requests if x[2:] != ["GET", PATH, x[0]]))


def check_reports(tap, day):
    files = day.daemon.report()
    unjudged = sum(map(int, re.findall(r" unjudged=(\d+)", day.daemon.said.splitlines()[-1])))
    got = judged.got(files)
    want = judged.want(day.mail.mta, day.parts, judged.records(day.mail))
    tap.check(f"reports for {len(want)} domains name the policies and results of "
              f"{sum(sum(n.values()) for _, n in day.parts)} sessions",
              *stage.unequal("domain", got, want))
    tap.check("sessions of which too little is known stand in none", *stage.unequal(
        "number", {"": unjudged}, {"": judged.unjudged(day.mail.mta, day.parts)}))
    every = judged.got(Telltls(day.mail, "all", "report:\n  count: all\n").report(
        state=day.daemon.state))
    want = judged.want_all(day.mail.mta, day.parts, judged.records(day.mail))
    tap.check("and where all policies count, both of them", *stage.unequal(
        "domain", {s.domain: every.get(s.domain, 0) for s in situations.SITUATIONS if s.all}, want))
    tap.check("all result types of RFC 8460 are among them",
              *(situations.RESULTS ^ judged.results(got)))
    checks.check_files(tap, day.daemon, files)


def run(tap, place, site_of, is_hinted):
    mail, server = site_of(place)
    day = Run(tap, place, mail, is_hinted)
    server.start()
    day.deliver()
    server.stop()
    checks.check_mail(tap, mail, day.messages)
    check_now(tap, day)
    check_explained(tap, day)
    day.daemon.wait(lambda: day.knows(_SLOW), "it waits for a slow host", SLOW_S)
    check_web(tap, day)
    tap.check("telltls status finds nothing wrong", *day.daemon.wrong().splitlines())
    ends.check_stop(tap, day.daemon)
    day.daemon.replay(mail.log.path)
    checks.check_facts(tap, mail, day.daemon, day.seen)
    checks.check_counters(tap, mail, day.daemon, day.seen)
    checks.check_sealed(tap, day.daemon)
    check_reports(tap, day)


def sendmail(place):
    mail = site.Site(place, log_level=site.VERIFYMSG_LEVEL, milter=site.PATIENT_MILTER)
    return mail, mail.sendmail


def exim(place):
    mail = EximSite(place, split=True)
    return mail, mail.server


def postfix(place):
    mail = PostfixSite(place, "dane", [(s.domain, s.level) for s in situations.SITUATIONS],
                       smtpd_milters=_PATIENT)
    return mail, mail.server


WORLDS = {
    "Sendmail": functools.partial(run, site_of=sendmail, is_hinted=True),
    "Exim": functools.partial(run, site_of=exim, is_hinted=False),
    "Postfix": functools.partial(run, site_of=postfix, is_hinted=True),
}
MTAS = {"Sendmail": packages.SENDMAIL, "Exim": packages.EXIM, "Postfix": packages.POSTFIX}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S, MTAS, packages.WEB,
                        situations.make_certificates))
