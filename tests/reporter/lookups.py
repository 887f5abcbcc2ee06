#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests what telltls-report makes of the answers of a resolver: good, broken,
hostile and none (R10-R27).
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import fake_dns as dns  # noqa: E402
from reporter_site import (  # noqa: E402
    DAY1, DAY2, GOOD, begin_of, equal, holds, run_all, seal_line,
    wait_for)

WRITTEN, NONE, RETRY, GIVEN_UP = "written", "none", "retry", "given-up"


def texts(n, length):
    return ["x%0*d" % (length - 1, i) for i in range(n)]


def answers():
    """name -> (answer, state, what the ledger says of it)"""
    def good(domain):
        return GOOD % (domain + ".example")

    return {
        "plain": (dns.txt(good("plain")), WRITTEN, ""),
        # R19: strings of one octet
        "split": (dns.txt(good("split"), size=1), WRITTEN, ""),
        "empty-strings": (dns.rdata(b"\0" + dns.strings(
            good("empty-strings").encode(), 7) + b"\0\0"), WRITTEN, ""),
        # R17
        "beside": (dns.txt("v=spf1 -all", good("beside"), ""), WRITTEN, ""),
        "several": (dns.txt(good("several"), good("x")), NONE, "several"),
        "other": (dns.txt("v=spf1 -all"), NONE, "none"),
        "syntax": (dns.txt("v=TLSRPTv1;;rua=mailto:a@b.example"), NONE,
                   "syntax"),
        "no-rua": (dns.txt("v=TLSRPTv1;rua=tel:1"), NONE, "no-rua"),
        "eight-bit": (dns.txt("v=TLSRPTv1;rua=mailto:\xe4@b.example"), NONE,
                      "syntax"),
        "nul": (dns.txt(good("nul") + "\0"), NONE, "syntax"),
        # R20
        "alias": (dns.alias("_smtp._tls.alias2.example"), WRITTEN, ""),
        "alias2": (dns.alias("_smtp._tls.plain.example"), WRITTEN, ""),
        "alias-gone": (dns.alias("nowhere.example"), NONE, "nxdomain"),
        # over UDP these do not fit
        "big": (dns.txt(good("big"), *texts(200, 255)), WRITTEN, ""),
        "long": (dns.txt("v=TLSRPTv1;x=" + "y" * 60000 + ";rua=mailto:"
                         "a@long.example"), WRITTEN, ""),
        "hundreds": (dns.txt(good("hundreds"), *texts(700, 6)), WRITTEN,
                      ""),
        # RDATA that is no TXT
        "bad-rdata": (dns.rdata(b"\x50v=TLSRPTv1;"), NONE, "none"),
        "bad-beside": (dns.rdata(dns.strings(good("bad-beside").encode()),
                                 b"\xffx"), WRITTEN, ""),
        "nodata": (dns.nodata, NONE, "nodata"),
        "nxdomain": (dns.rcode(dns.NXDOMAIN), NONE, "nxdomain"),
        # R25
        "servfail": (dns.rcode(dns.SERVFAIL), RETRY, "servfail"),
        "refused": (dns.rcode(dns.REFUSED), RETRY, "servfail"),
        "loop": (dns.alias("_smtp._tls.loop.example"), RETRY, "servfail"),
        "silent": (dns.silent, RETRY, "timeout"),
        "garbage": (dns.garbage, RETRY, "timeout"),
        "truncated": (dns.truncated, RETRY, None),
    }


def matrix(site):
    table = answers()
    site.tally(*["fact %s 1 %s.example ok" % (DAY1, d) for d in table],
               seal_line(DAY1))
    server = dns.FakeDns()
    for domain, (answer, _, _) in table.items():
        server.answers["_smtp._tls.%s.example" % domain] = answer
    site.ask(server, timeout="4s")
    try:
        counts = site.run().counts()
        rows = {d: (s, w) for d, s, w in site.rows("domain, state, what")}
        for domain, (_, state, what) in table.items():
            got = rows.pop(domain + ".example")
            equal(domain, got, (state, got[1] if what is None else what))
        equal("other rows", rows, {})
        for key, state in (("reports", WRITTEN), ("retries", RETRY)):
            equal(key, counts[key],
                  sum(s == state for _, s, _ in table.values()))
        equal("days", site.days(), [])
        made = site.reports(DAY1)
        # the next run asks for the rest only, and finds it mended
        server.asked.clear()
        for domain in ("servfail", "silent"):
            server.answers["_smtp._tls.%s.example" % domain] = dns.txt(
                GOOD % domain)
        for domain in ("garbage", "truncated"):  # no need to wait for them
            server.answers["_smtp._tls.%s.example" % domain] = dns.rcode(
                dns.SERVFAIL)
        site.run()
        asked = {n.split(".")[2] for n, t in server.asked if t == dns.TXT}
        equal("asked again", asked,
              {d for d, (_, s, _) in table.items() if s == RETRY})
        now = site.reports(DAY1)
        equal("what was made stays", {n: now[n] for n in made}, made)
        equal("new", sorted({n.split("!")[1] for n in now if n not in made}),
              ["servfail.example", "silent.example"])
        tries = dict(site.rows("domain, tries"))
        equal("tries", (tries["plain.example"], tries["silent.example"],
                        tries["refused.example"]), (1, 2, 2))
        # R25: 24 hours after the first try they are given up
        site.sql("UPDATE report SET first_try = first_try - 86400 + 600"
                 " WHERE state = 'retry'")
        site.run()
        equal("days", site.days(), [])
        site.sql("UPDATE report SET first_try = first_try - 600"
                 " WHERE state = 'retry'")
        result = site.run()
        equal("given up", result.counts()["given-up"],
              sum(s == RETRY for _, s, _ in table.values()) - 2)
        holds("warning", "gave up domain" in result.err)
        equal("days", site.days(), [begin_of(DAY1)])
        equal("states", {s for s, in site.rows("state")},
              {WRITTEN, GIVEN_UP})
    finally:
        server.stop()


def dead_resolver(site):
    """Nobody answers at all: none of the domains is to blame."""
    site.tally(*["fact %s 1 %s.example ok" % (DAY1, d) for d in "abcdefgh"],
               seal_line(DAY1))
    server = dns.FakeDns()
    server.stop()
    site.ask(server, more="  parallel: 2\n")
    result = site.run(want=75)
    holds("says so", "resolver answers nothing" in result.err)
    # as many questions as are under way at once show that it is of no use
    equal("asked", result.counts()["domains"] < 8, True)
    equal("rows", site.rows(), [])
    site.run("--dry-run", site.dir + "/dry", want=75)
    site.write_zone({"a.example": GOOD % "a.example"})
    site.configure()
    site.run()
    equal("reports", list(site.bodies(DAY1)), ["a.example"])
    equal("days", site.days(), [begin_of(DAY1)])


def one_broken_domain(site):
    """The only domain of the day cannot be looked up: that is its affair, for
    our resolver knows the root. No error, or cron would write each time."""
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1))
    server = dns.FakeDns()
    server.answers["_smtp._tls.a.example"] = dns.rcode(dns.SERVFAIL)
    site.ask(server)
    try:
        equal("retries", site.run().counts()["retries"], 1)
        equal("rows", site.rows(), [("a.example", RETRY)])
        result = site.run("--dry-run", site.dir + "/dry")
        equal("retries", result.counts()["retries"], 1)
    finally:
        server.stop()


def many_slow(site):
    """Slow answers do not hold up others, and each is asked for once."""
    site.tally("many %s 300" % DAY1, seal_line(DAY1),
               "fact %s 1 d0000001.example ok" % DAY2, seal_line(DAY2))
    server = dns.FakeDns()
    names = ["_smtp._tls.d%07d.example" % i for i in range(300)]
    server.held = set(names[::30])
    for i in range(1, 300, 10):
        server.answers[names[i]] = dns.txt(GOOD % "x.example")
    site.ask(server, timeout="4s", more="  parallel: 20\n")
    try:
        counts = site.run().counts("looked at day=" + DAY1)
        equal("domains", counts["domains"], 300)
        equal("reports", counts["reports"], 30)
        equal("retries", counts["retries"], 10)
        equal("rows", len(site.rows(day=DAY1)), 300)
        equal("days", site.days(), [begin_of(DAY2)])
    finally:
        server.stop()


def two_domains(site):
    site.tally("fact %s 1 a.example ok" % DAY1,
               "fact %s 1 b.example ok" % DAY1, seal_line(DAY1))


def held(site):
    """A resolver that does not answer for one of them."""
    server = dns.FakeDns()
    for domain in ("a.example", "b.example"):
        server.answers["_smtp._tls." + domain] = dns.txt(GOOD % domain)
    server.held = {"_smtp._tls.b.example"}
    site.ask(server, timeout="60s")
    return server


def others_write(site):
    """A person who writes into the ledger waits for no DNS."""
    server = held(site)
    two_domains(site)
    try:
        started = site.start()
        wait_for("the question", lambda: server.n_held() == 1)
        for number in range(3):
            site.set_outbox("suppress", "x%d@c.example" % number,
                            "2026-12-31")
        wait_for("the mark", lambda: site.rows() == [("a.example", WRITTEN)])
        equal("reports", list(site.bodies(DAY1)), ["a.example"])
        equal("is under way", started[0].poll(), None)
        server.release()
        result = site.end(started)
        equal("exit code", result.code, 0)
        equal("reports", result.counts()["reports"], 2)
        equal("rows", site.rows(), [("a.example", WRITTEN),
                                    ("b.example", WRITTEN)])
        equal("days", site.days(), [begin_of(DAY1)])
        equal("suppressed", site.sql("SELECT count(*) FROM suppress"), [(3,)])
    finally:
        server.stop()


def dies_waiting(site):
    """Killed at the end of a batch that no answer has ended."""
    server = held(site)
    try:
        for number, step in enumerate(("files-synced", "file-named",
                                       "files-in-place", "batch-committed")):
            site.state = "%s/state.%d" % (site.dir, number)
            site.place()
            two_domains(site)
            server.held = {"_smtp._tls.b.example"}
            result = site.end(site.start(script=("--die", step, "1")))
            equal("killed at " + step, result.code, -9)
            before = site.reports(DAY1)
            equal("rows at " + step, site.rows(),
                  [("a.example", WRITTEN)]
                  if before and step == "batch-committed" else [])
            server.release()
            result = site.run()
            equal("reports", sorted(site.bodies(DAY1)),
                  ["a.example", "b.example"])
            after = site.reports(DAY1)
            equal("the same bytes", {n: after.get(n) for n in before}, before)
            equal("items", site.sql(
                "SELECT count(*), count(DISTINCT target) FROM outbox"),
                [(2, 2)])
            equal("days", site.days(), [begin_of(DAY1)])
    finally:
        server.stop()


def forged(site):
    """With a trust anchor, an answer that should be signed and is not."""
    site.tally("fact %s 1 a.example ok" % DAY1,
               "fact %s 1 a.other ok" % DAY1, seal_line(DAY1))
    anchor = site.dir + "/anchor"
    site.write(anchor, "example. IN DS 12345 8 2 " + "AB" * 32 + "\n")
    server = dns.FakeDns()
    for domain in ("a.example", "a.other"):
        server.answers["_smtp._tls." + domain] = dns.txt(GOOD % domain)
    server.answers["example"] = dns.nodata
    site.ask(server, timeout="10s", more="  trust-anchor: %s\n" % anchor)
    try:
        site.run()
        equal("rows", site.rows("domain, state, what"),
              [("a.example", RETRY, "bogus"), ("a.other", WRITTEN, "")])
        site.write(anchor, "gibberish is this\n")
        holds("says so", "anchor" in site.run(want=78).err)
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(run_all([matrix, dead_resolver, one_broken_domain, many_slow,
                      others_write, dies_waiting, forged]))
