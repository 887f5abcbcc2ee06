#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays recordings of real Sendmails and compares with what the servers saw.

Each recording holds the log lines of one case and the sessions that the
receiving servers counted. It is replayed by the real telltls into a fresh
state. Two checks a recording, which do not know of each other:

- the facts and the counters of what was left out are those written down in
  sendmail-rules.expected or sendmail-plain.expected (tests/corpus/sendmail.py
  --update writes them anew; read the difference before you keep it);
- for recordings with our rules, the facts agree with the servers: for each
  session and each of its recipients' domains there is one count, with the TLS
  outcome, version and address that the server saw, or one left out.
"""
import collections, concurrent.futures, gzip, json, os, subprocess, sys, tempfile

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
TELLTLS = os.path.join(BIN, "tool", "telltls")
LEFT_OUT = ("own-report", "tls-required-no", "address-literal", "local-policy", "clear-retry")
SHOWN = ("domain", "mx", "ip", "sending_ip", "tls", "reason", "chain", "name", "dane", "version")
# A server that saw no recipient does not know whom the session was for.
DOMAIN_OF = {"multi-mx1": "multi.lab.test", "hsclose": "hsclose.lab.test", "hsalert": "hsalert.lab.test",
             "nocipher": "nocipher.lab.test"}


def load(name):
    with gzip.open(os.path.join(SRC, "corpus", name + ".jsonl.gz"), "rt", encoding="utf-8", errors="surrogateescape") as f:
        return [json.loads(line) for line in f]


def run(*args):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if p.returncode not in (0,):
        raise RuntimeError(f"{args[1:]} exit {p.returncode}: {p.stderr}")
    return p.stdout


def replay(rec):
    """The facts (with counts) and the drop counters of a recording."""
    with tempfile.TemporaryDirectory(prefix="telltls-corpus-") as d:
        log, state, conf = (os.path.join(d, x) for x in ("mail.log", "state", "conf.yaml"))
        with open(log, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write("".join(line + "\n" for line in rec["log"]))
        with open(conf, "w", encoding="utf-8") as f:
            f.write("policies:\n  lookup: false\n")
        run(TELLTLS, "-c", conf, "--state", state, "replay", "--mta", "sendmail", "--seal", "--until", "2026-11-22", log)
        facts = []
        for line in run(TELLTLS, "-c", conf, "--state", state, "tally", "--json").splitlines():
            o = json.loads(line)
            if o["kind"] == "fact":
                facts.append((tuple(str(o[k]) for k in SHOWN), o["count"]))
        status = run(TELLTLS, "-c", conf, "--state", state, "status", "--json")
    counters = collections.Counter()
    for o in map(json.loads, status.splitlines()):
        if o["kind"] == "feed":
            counters.update({k: v for k, v in o["counters"].items() if v})
    for k in ("lines", "records", "sessions", "rules", "rules-bytes"):
        counters.pop(k, None)
    return sorted(facts), dict(sorted(counters.items()))


def text(facts, counters):
    out = ["  " + " ".join(f"{k}={v}" for k, v in zip(SHOWN, key) if v not in ("", "unknown")) + f" count={n}" for key, n in facts]
    return out + [f"  {k}: {v}" for k, v in counters.items()]


def server_view(rec):
    """What the servers saw: (domain, ip, tls, version) -> sessions."""
    want = collections.Counter()
    for s in rec["sessions"]:
        events = s["events"]
        starttls = events.count("STARTTLS")
        if s["tls"]:
            outcomes = [("ok", s["tls"])]
        elif starttls and s["mode"] in ("tls454", "tls502"):
            outcomes = [("refused", "")]
        elif starttls:
            # in clear first, then STARTTLS again on the same connection: a clear retry and an attempt
            outcomes = [("failed", "")] * starttls + ([("clear", "")] if "DATA ok" in events else [])
        else:
            outcomes = [("clear" if s["mode"] not in ("notls",) else "not-offered", "")]
        domains = sorted({r.strip("<>").rpartition("@")[2] for r in s["rcpts"]}) or [DOMAIN_OF[s["name"]]]
        for tls, version in outcomes:
            for d in domains:
                want[("literal" if d.startswith("[") else d.lower(), tls, version)] += 1
    return want


def agrees(rec, facts, counters):
    """None, or how facts and servers differ."""
    want = server_view(rec)
    got = collections.Counter()
    at = [SHOWN.index(k) for k in ("domain", "tls", "version")]
    for key, n in facts:
        got[tuple(key[i] for i in at)] += n
    extra = got - want
    missing = want - got
    left = sum(counters.get(k, 0) for k in LEFT_OUT)
    if extra:
        return f"counted, but no server saw: {dict(extra)}"
    if sum(missing.values()) != left:
        return f"servers saw, but not counted: {dict(missing)}, while {left} were left out"
    return None


def title(rec):
    return f"{rec['run']}/{rec['case']}"


def main():
    update = "--update" in sys.argv
    plan = 0
    failed = 0
    for name, with_rules in (("sendmail-rules", True), ("sendmail-plain", False)):
        recs = load(name)
        path = os.path.join(SRC, "corpus", name + ".expected")
        expected = {}
        if not update:
            with open(path) as f:
                for line in f:
                    if not line.startswith(" "):
                        block = expected.setdefault(line.rstrip("\n"), [])
                    else:
                        block.append(line.rstrip("\n"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(replay, recs))
        if update:
            with open(path, "w") as f:
                for i, (rec, (facts, counters)) in enumerate(zip(recs, results)):
                    f.write("\n".join([f"{i} {title(rec)}"] + text(facts, counters)) + "\n")
        for i, (rec, (facts, counters)) in enumerate(zip(recs, results)):
            faults = []
            if not update and expected.get(f"{i} {title(rec)}") != text(facts, counters):
                faults.append("not as expected:\n# want\n#" + "\n#".join(expected.get(f"{i} {title(rec)}", ["nothing"])) +
                              "\n# got\n#" + "\n#".join(text(facts, counters)))
            differs = agrees(rec, facts, counters) if with_rules else None
            if differs:
                faults.append(differs)
            plan += 1
            failed += bool(faults)
            print(("not ok" if faults else "ok"), plan, "-", name, title(rec))
            for f in faults:
                print("#", f)
    print(f"1..{plan}")
    sys.exit(1 if failed else 0)


main()
