#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays recordings of real Exims and compares with what the servers saw.

Each recording holds the log lines of one case and the sessions that the
receiving servers counted. It is replayed by the real telltls into a fresh
state. Two checks a recording, which do not know of each other:

- the facts and the counters of what was left out are those written down in
  exim-NAME.expected (tests/corpus/exim.py --update writes them anew; read the
  difference before you keep it);
- they agree with the servers. With records of our ACL: each session that asked
  for STARTTLS, or was not offered it, is counted once for each domain, or left
  out, and nothing else is counted; where mail went, the version is the
  server's; the certificate is judged as its name says. Without: no domain has
  more sessions than there were, and, where the truth is written down, there are
  as many as the entries can tell.

Recordings:
- exim-rules: Exim 4.96 with the records, GnuTLS and OpenSSL, hostile texts;
- exim-more: Debian's Exim 4.96 with etc/exim as it is shipped: more of what
  servers do, connections that are passed on, callouts; files and syslog;
- exim-plain: without records, two libraries, two log_selectors.
"""
import collections
import concurrent.futures
import copy
import gzip
import json
import os
import subprocess
import sys
import tempfile

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
TELLTLS = os.path.join(BIN, "tool", "telltls")
LEFT_OUT = ("own-report", "tls-required-no", "address-literal", "bad-domain", "callout", "other-port", "submission")
SHOWN = ("domain", "mx", "ip", "sending_ip", "tls", "reason", "chain", "name", "dane", "version", "verdict")
# The sender of our own reports, in the recordings that have some.
OWN = "tlsrpt-noreply@sender.local.example"
# What the kind of a server's certificate allows the chain and the name to be.
UNKNOWN = "unknown"
CERTIFICATES = {
    "good": ({"ok", UNKNOWN}, {"match", UNKNOWN}),
    "wronghost": ({"ok", UNKNOWN}, {"mismatch"}),
    "selfsigned": ({"self-signed"}, {"mismatch"}),
    "self": ({"self-signed"}, {"match"}),
    "certexpq": ({"expired"}, {"match"}),
}
# Other certificates of the recordings are self-signed ones with strange fields.
STRANGE = ({"self-signed", "bad", UNKNOWN}, {"match", "mismatch", UNKNOWN})
# Cases of exim-plain without an entry that tells (doc/exim.md), by library.
UNTOLD = {
    "ver_mxfailgood": ("gnutls", "openssl"),  # the first MX before another one that works
    "ver_mxwrong_good": ("gnutls",),
    "s_callout_expired": ("gnutls", "openssl"),
    "rd_daneunusable": ("openssl",),  # this Exim crashes
    # ended behind TLS: no entry tells that it was in TLS
    "opp_rcpt452": ("openssl",),
    "opp_mail451": ("openssl",),
    "opp_datadrop": ("openssl",),
    "opp_closeafterhs": ("openssl",),
    "opp_needclient": ("gnutls", "openssl"),
}


def run(*args):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if p.returncode != 0:
        raise RuntimeError(f"{args[1:]} exit {p.returncode}: {p.stderr}")
    return p.stdout


def replay(lines):
    """The facts (with counts) and the drop counters of a log."""
    if not lines:
        return [], {}
    with tempfile.TemporaryDirectory(prefix="telltls-corpus-") as d:
        log, state, conf = (os.path.join(d, x) for x in ("mainlog", "state", "conf.yaml"))
        with open(log, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write("".join(line + "\n" for line in lines))
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"from: {OWN}\npolicies:\n  lookup: false\n")
        run(TELLTLS, "-c", conf, "--state", state, "replay", "--mta", "exim", "--seal", "--until", "2026-11-27", log)
        facts = []
        for line in run(TELLTLS, "-c", conf, "--state", state, "tally", "--json").splitlines():
            o = json.loads(line)
            if o["kind"] == "fact":
                facts.append(({k: text_of(o[k]) for k in SHOWN}, o["count"]))
        status = run(TELLTLS, "-c", conf, "--state", state, "status", "--json")
    counters = collections.Counter()
    for o in map(json.loads, status.splitlines()):
        if o["kind"] == "feed":
            counters.update({k: v for k, v in o["counters"].items() if v})
    for k in ("lines", "records", "sessions", "rules", "rules-bytes"):
        counters.pop(k, None)
    facts.sort(key=lambda f: tuple(f[0].values()))
    return facts, dict(sorted(counters.items()))


def text_of(value):
    if isinstance(value, list):
        return ",".join(f"{v['type']}:{v['result']}" for v in value)
    return str(value)


def text(facts, counters):
    out = ["  " + " ".join(f"{k}={v}" for k, v in fact.items() if v not in ("", UNKNOWN)) + f" count={n}"
           for fact, n in facts]
    return out + [f"  {k}: {v}" for k, v in counters.items()]


class Session:
    """What a server saw of a session."""

    def __init__(self, s):
        self.ip = s["ip"]
        self.server = s.get("beh", s.get("server"))
        self.cert = s.get("cert")
        self.version = s["tls"] or ""
        self.asked = bool(s.get("asked") or s.get("starttls"))
        # STARTTLS once more on the same connection, by another process
        self.more = s.get("asked", 1) - 1
        self.is_more = False
        ehlos = s["ehlo_tls"] if "ehlo_tls" in s else s["ehlos"] - 1
        self.in_tls = bool(self.version) and ehlos > 0
        self.has_mail = bool(s.get("msgs") or s.get("mail"))
        self.is_counted = False

    def must_count(self):
        return not self.is_more and (self.asked or self.server.startswith("nost"))

    def earlier(self):
        """Those before, which did not come to anything; they may count."""
        out = copy.copy(self)
        out.version, out.in_tls, out.has_mail, out.is_more = "", False, False, True
        return [copy.copy(out) for _ in range(self.more)]

    def fits(self, fact):
        """Can the fact be of this session?"""
        tls = fact["tls"]
        if self.in_tls and (self.has_mail or tls == "ok"):
            return tls == "ok" and fact["version"] == self.version
        if self.asked:
            # a certificate that was refused is a session with TLS
            return tls in ("ok", "failed", "refused")
        # EHLO may have been refused, and then HELO was used
        return tls in (("not-offered",) if self.must_count() else ("not-offered", "refused"))


def pair(facts, sessions):
    """Gives each fact a session of its own, or returns the fact that has none."""
    free = list(sessions)
    # those that fit in fewer places first
    for fact in sorted(facts, key=lambda f: sum(s.fits(f) for s in free)):
        found = next((s for s in sorted(free, key=lambda s: s.is_counted) if s.fits(fact)), None)
        if found is None:
            return fact
        found.is_counted = True
        free.remove(found)
    return None


def by_domain(facts):
    out = collections.defaultdict(list)
    for fact, n in facts:
        if fact["tls"] != "no-session":
            out[fact["domain"], fact["ip"]] += [fact] * n
    return out


def certificate_fault(fact, sessions):
    """None, or how a verdict contradicts the certificate."""
    certs = {s.cert for s in sessions if s.ip == fact["ip"]} - {None}
    if fact["tls"] != "ok" or len(certs) != 1:
        return None
    cert = certs.pop()
    chains, names = CERTIFICATES.get(cert, STRANGE)
    if fact["chain"] not in chains or fact["name"] not in names:
        return f"certificate {cert}: chain={fact['chain']} name={fact['name']}"
    return None


def agrees(rec, facts, counters):
    """None, or how facts and servers differ; records of our ACL."""
    sessions = [Session(s) for s in rec["sessions"]]
    sessions += [e for s in sessions for e in s.earlier()]
    for (domain, ip), mine in by_domain(facts).items():
        extra = pair(mine, [s for s in sessions if s.ip == ip])
        if extra is not None:
            return f"counted, but no server saw: {extra}"
    for fact, _ in facts:
        fault = certificate_fault(fact, sessions)
        if fault:
            return fault
    missing = [s for s in sessions if s.must_count() and not s.is_counted]
    left = sum(counters.get(k, 0) for k in LEFT_OUT)
    if len(missing) > left:
        return f"servers saw, but not counted: {[vars(s) for s in missing]}, while {left} were left out"
    return None


def agrees_plain(rec, facts):
    """The same without records: no domain has more sessions than there were."""
    count = collections.Counter(s["ip"] for s in rec["sessions"])
    for (domain, ip), mine in by_domain(facts).items():
        if len(mine) > count[ip]:
            return f"{domain}: {len(mine)} sessions with {ip}, which saw {count[ip]}"
    return None


def agrees_truth(rec, facts, counters):
    """exim-plain: as many sessions as there were, if an entry tells of each."""
    most = max((len(mine) for mine in by_domain(facts).values()), default=0)
    total = sum(n for fact, n in facts if fact["tls"] != "no-session")
    want = rec["want"]
    if rec["library"] in UNTOLD.get(rec["case"], ()):
        ok = total <= want
    else:
        # a session counts for each of its domains
        ok = total == want or (len(rec["domains"]) > 1 and most <= want <= total)
        ok = ok and not counters.get("bad-line")
    if not ok or counters.get("orphan"):
        return f"{total} sessions, the servers saw {want}: {counters}"
    return None


def load(name):
    path = os.path.join(SRC, "corpus", name + ".jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape") as f:
        return [json.loads(line) for line in f]


def recordings():
    """name, title, lines, check"""
    for name in ("exim-rules", "exim-more"):
        for rec in load(name):
            check = (lambda rec, facts, counters: agrees_plain(rec, facts)) if rec["run"].endswith("no-rules") else agrees
            yield name, f"{rec['run']}/{rec['case']}", rec["log"], rec, check
    for rec in load("exim-plain"):
        for library, logs in rec["logs"].items():
            for selector, lines in logs.items():
                one = {"case": rec["case"], "library": library, "domains": rec["domains"],
                       "want": rec["truth"][library]["countable_sessions"]}
                yield "exim-plain", f"{library}-{selector}/{rec['case']}", lines, one, agrees_truth


def read_expected(name):
    expected = {}
    with open(os.path.join(SRC, "corpus", name + ".expected"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith(" "):
                block = expected.setdefault(line.rstrip("\n"), [])
            else:
                block.append(line.rstrip("\n"))
    return expected


def write_expected(recs, results):
    out = collections.defaultdict(list)
    for i, ((name, title, *_), (facts, counters)) in enumerate(zip(recs, results)):
        out[name] += [f"{i} {title}"] + text(facts, counters)
    for name, lines in out.items():
        with open(os.path.join(SRC, "corpus", name + ".expected"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def main():
    recs = list(recordings())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda rec: replay(rec[2]), recs))
    if "--update" in sys.argv:
        write_expected(recs, results)
    expected = {name: read_expected(name) for name in {rec[0] for rec in recs}}
    failed = 0
    for i, ((name, title, _, rec, check), (facts, counters)) in enumerate(zip(recs, results)):
        faults = []
        want = expected[name].get(f"{i} {title}", ["nothing"])
        got = text(facts, counters)
        if want != got:
            faults.append("not as expected:\n# want\n#" + "\n#".join(want) + "\n# got\n#" + "\n#".join(got))
        differs = check(rec, facts, counters)
        if differs:
            faults.append(differs)
        failed += bool(faults)
        print("not ok" if faults else "ok", i + 1, "-", name, title)
        for fault in faults:
            print("#", fault)
    print(f"1..{len(recs)}")
    sys.exit(1 if failed else 0)


main()
