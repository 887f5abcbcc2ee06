#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays recordings of real Postfixes and compares with what the servers saw.

Each recording holds the log lines of one case, the datagrams that Postfix sent
beside them, and the sessions that the receiving servers saw. The log is
replayed by the real telltls. Checks that do not know of each other:

- the facts and the counters of the log are those written down in
  postfix.expected (tests/corpus/postfix.py --update writes them anew; read the
  difference before you keep it);
- at loglevel 1 they agree with the servers: one count for each session that
  came to EHLO, with the address, the TLS outcome and the version that the
  server saw, and the fault of its certificate where Postfix asks for a good one;
- a log of hundreds of messages at once gives what their logs give one by one;
- each datagram gives what the recording's receiver read in it, its own record
  and policy;
- the log knows of each session that a datagram tells of, so that with both, the
  log's count stands.
"""
import collections, gzip, json, os, subprocess, sys, tempfile

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
TELLTLS = os.path.join(BIN, "tool", "telltls")
READ_DATAGRAMS = os.path.join(BIN, "tests", "corpus", "read_datagrams")
EXPECTED = os.path.join(SRC, "corpus", "postfix.expected")
SHOWN = ("domain", "mx", "ip", "tls", "reason", "chain", "name", "dane", "level", "version", "verdict")
FEEDS = 30  # of one state
# What a server that saw a certificate's fault must find in the fact.
FAULT = {("sts", "certificate-expired"): ("chain", "expired"), ("sts", "certificate-host-mismatch"): ("name", "mismatch"),
         ("sts", "certificate-not-trusted"): ("chain", "self-signed", "untrusted", "bad"),
         ("tlsa", "certificate-not-trusted"): ("dane", "mismatch"), ("tlsa", "certificate-host-mismatch"): ("name", "mismatch"),
         ("no-policy-found", "certificate-expired"): ("chain", "expired"),
         ("no-policy-found", "certificate-host-mismatch"): ("name", "mismatch"),
         ("no-policy-found", "certificate-not-trusted"): ("chain", "self-signed", "untrusted", "bad")}


def load():
    with gzip.open(os.path.join(SRC, "corpus", "postfix.jsonl.gz"), "rt", encoding="utf-8", errors="surrogateescape") as f:
        return [json.loads(line) for line in f]


def run(*args, stdin=subprocess.DEVNULL):
    p = subprocess.run(args, stdin=stdin, capture_output=True, text=True, encoding="utf-8", errors="surrogateescape")
    if p.returncode != 0:
        raise RuntimeError(f"{args[1:]} exit {p.returncode}: {p.stderr}")
    return p.stdout


def replay(recs):
    """Of each recording, the facts (with counts) and the counters of the log."""
    facts = [collections.Counter() for _ in recs]
    counters = [{} for _ in recs]
    with tempfile.TemporaryDirectory(prefix="telltls-corpus-") as d:
        log, conf = os.path.join(d, "mail.log"), os.path.join(d, "conf.yaml")
        with open(conf, "w", encoding="utf-8") as f:
            f.write("policies:\n  lookup: false\n")
        for first in range(0, len(recs), FEEDS):
            telltls = (TELLTLS, "-c", conf, "--state", os.path.join(d, f"state{first}"))
            for i, rec in enumerate(recs[first:first + FEEDS], first):
                with open(log, "w", encoding="utf-8", errors="surrogateescape") as f:
                    f.write("".join(line + "\n" for line in rec["log"]))
                run(*telltls, "replay", "--mta", "postfix", "--feed", f"r{i}", "--until", "2026-11-22", log)
            for o in map(json.loads, run(*telltls, "tally", "--json").splitlines()):
                if o["kind"] == "fact":
                    shown = dict(o, verdict=" ".join("/".join(x[k] for k in ("type", "result", "reason")) for x in o["verdict"]))
                    facts[int(o["feed"][1:])][tuple(shown[k] for k in SHOWN)] += o["count"]
            for o in map(json.loads, run(*telltls, "status", "--json").splitlines()):
                if o["kind"] == "feed" and o["feed"].startswith("r"):
                    counters[int(o["feed"][1:])] = {k: v for k, v in sorted(o["counters"].items())
                                                    if v and k not in ("lines", "records", "sessions")}
    return list(zip(facts, counters))


def text(facts, counters):
    out = ["  " + " ".join(f"{k}={v}" for k, v in zip(SHOWN, key) if v not in ("", "unknown")) + f" count={n}"
           for key, n in sorted(facts.items())]
    return out + [f"  {k}: {v}" for k, v in counters.items()]


def fields(key):
    return dict(zip(SHOWN, key))


def server_view(rec):
    """What the servers saw: (ip, tls, version) -> sessions; and how many did not see what it was."""
    want = collections.Counter()
    unseen = 0
    for s in rec["sessions"]:
        if s["starttls_offered"] is None:
            unseen += 1
        elif s["server"] not in ("554 banner", "421 to EHLO"):
            tls = "ok" if s["tls"] else "not-offered" if not s["starttls_offered"] else \
                "refused" if "answered" in s["server"] else "failed"
            want[(s["ip"], tls, s["tls"] or "")] += 1
    return want, unseen


def agrees(rec, facts):
    """None, or how facts and servers differ."""
    want, unseen = server_view(rec)
    got = collections.Counter()
    for key, n in facts.items():
        f = fields(key)
        got[(f["ip"], f["tls"], f["version"])] += n
    if rec["version"] == "3.7":
        # where TLS is not needed, its log is the same whether it was refused or not offered
        for ip, tls, version in list(want - got):
            if tls == "refused" and (got - want)[(ip, "not-offered", "")]:
                want[(ip, "not-offered", "")] += want.pop((ip, tls, version))
    extra, missing = got - want, want - got
    if missing or any(tls not in ("no-session", "failed") for _, tls, _ in extra) or sum(extra.values()) > unseen:
        return f"counted, but no server saw: {dict(extra)}; servers saw, but not counted: {dict(missing)}"
    for s in rec["sessions"]:
        rule = FAULT.get((s["expected"]["policy_type"], s["expected"]["result_type"]))
        # with half of DANE, what the server calls a mismatch is none to Postfix
        if rule and s["tls"] and not rec["domain"].startswith("halfdane"):
            values = {fields(key)[rule[0]] for key in facts if fields(key)["ip"] == s["ip"]}
            if not values & set(rule[1:]):
                return f"{s['expected']['result_type']}, but {rule[0]} is {values}"
    return None


def one_by_one(recs, results, mixed):
    """None, or how a log of all domains, three messages each, differs from the single logs."""
    want = {}
    got = collections.defaultdict(collections.Counter)

    def comparable(key):
        f = fields(key)
        # a single log without any TLS does not tell whether TLS is logged
        return tuple(v.replace("tls-not-logged", "starttls-not-offered-or-refused") for v in f.values())

    for rec, (facts, _) in zip(recs, results):
        if rec["kind"] == "matrix" and (rec["version"], rec["level"], rec["loglevel"]) == (mixed["version"], "dane", "1"):
            total = want.setdefault(rec["domain"], collections.Counter())
            for key, n in facts.items():
                total[comparable(key)] += 3 * n
    for rec, (facts, _) in zip(recs, results):
        if rec is mixed:
            for key, n in facts.items():
                got[fields(key)["domain"]][comparable(key)] += n
    for domain, total in want.items():
        if got[domain] != total:
            return f"{domain}: got {dict(got[domain])}, want {dict(total)}"
    return None if len(want) > 50 else "no single logs"


def read_datagrams(recs):
    """Of each recording, a list of (facts, end) of its datagrams."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as f:
        f.write("".join(d + "\n" for rec in recs for d in rec["datagrams"] or []))
        f.seek(0)
        lines = map(json.loads, run(READ_DATAGRAMS, stdin=f).splitlines())
        out = []
        for rec in recs:
            mine = []
            for _ in rec["datagrams"] or []:
                facts = []
                for o in lines:
                    if o["kind"] == "end":
                        break
                    facts.append(o)
                mine.append((facts, o))
            out.append(mine)
    return out


def check_datagram(raw, facts, end):
    """None, or what of a datagram was read wrongly. Python reads it, too."""
    d = json.loads(raw)
    if end["error"] or end["record"] != d["pr"] or len(facts) != len(d["policies"]):
        return f"error, record or number of facts: {end}, {len(facts)}"
    for f, p in zip(facts, d["policies"]):
        kind = {1: "tlsa", 2: "sts", 9: "no-policy-found"}[p["policy-type"]]
        policy = {"policy-type": kind, "policy-domain": p.get("policy-domain", d["d"]).lower()}
        policy.update({k: p[k] for k in ("policy-string", "mx-host") if k in p})
        details = p.get("failure-details", [])
        first = details[0] if details else {}
        want = {"domain": d["d"].lower(), "mx": first.get("n", ""), "ip": first.get("r", ""), "sending_ip": first.get("s", ""),
                "helo": first.get("h", "")[4:].split("\r\n")[0].split(" ")[0], "policy": None if kind == "no-policy-found" else policy}
        got = {k: f[k] for k in want}
        if got != want:
            return f"got {got}, want {want}"
    return None


def check_reported(rec, datagrams):
    """None, or how the facts of a recording's datagrams differ from what its receiver noted."""
    got = []
    for facts, _ in datagrams:
        for f in facts:
            result = f["verdict"][-1]
            failed = result["result"] != "success"
            got.append((result["type"], failed, result["result"] if failed else None, result["reason"] or None, f["mx"] or None,
                        f["ip"] or None))
    want = [(r["policy_type"], bool(r["f"]), r["result"], r["reason"], r["mx"], r["ip"]) for r in rec["reported"] or []]
    return None if got == want else f"got {got}, want {want}"


def check_both(rec, facts, datagrams):
    """None, or a datagram whose session the log does not know: domain and how far TLS came."""
    log = collections.Counter()
    told = collections.Counter()
    for key, n in facts.items():
        log[(fields(key)["domain"], fields(key)["tls"])] += n
    for one, _ in datagrams:
        for f in one:
            told[(f["domain"], f["tls"])] += 1
    return None if not told - log else f"log {dict(log)}, datagrams {dict(told)}"


def title(i, rec):
    return f"{i} {rec['version']}/{rec['level']}/{rec['loglevel']}/{rec['case']}"


def faults_of(recs, results, datagrams, i):
    rec, (facts, _) = recs[i], results[i]
    found = []
    if rec["kind"] == "matrix" and rec["loglevel"] == "1":
        found.append(agrees(rec, facts))
    if rec["loglevel"] != "0":
        found.append(check_both(rec, facts, datagrams[i]))
    if rec["case"].startswith("mixed"):
        found.append(one_by_one(recs, results, rec))
    for raw, (given, end) in zip(rec["datagrams"] or [], datagrams[i]):
        found.append(check_datagram(raw, given, end))
    if rec["kind"] == "matrix":
        found.append(check_reported(rec, datagrams[i]))
    return [f for f in found if f]


def main():
    recs = load()
    results = replay(recs)
    datagrams = read_datagrams(recs)
    expected = {}
    if "--update" in sys.argv:
        with open(EXPECTED, "w") as f:
            for i, rec in enumerate(recs):
                f.write("\n".join([title(i, rec)] + text(*results[i])) + "\n")
    with open(EXPECTED) as f:
        for line in f.read().splitlines():
            if not line.startswith(" "):
                block = expected.setdefault(line, [])
            else:
                block.append(line)
    failed = 0
    for i, rec in enumerate(recs):
        faults = faults_of(recs, results, datagrams, i)
        want, got = expected.get(title(i, rec)), text(*results[i])
        if want != got:
            faults.append("not as expected:\n# want\n#" + "\n#".join(want or ["nothing"]) + "\n# got\n#" + "\n#".join(got))
        failed += bool(faults)
        print("not ok" if faults else "ok", i + 1, "-", title(i, rec))
        for f in faults:
            print("#", f)
    print(f"1..{len(recs)}")
    sys.exit(1 if failed else 0)


main()
