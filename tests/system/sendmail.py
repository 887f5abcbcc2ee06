#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The system test: a real Sendmail with our rules, and telltls on its log.

Debian's Sendmail delivers to receivers that behave well and badly, in
namespaces of its own (lab/run.py). telltls then reads its mail.log into a
fresh state. Compared is what telltls counted and reports with what the
receivers saw, to the session.

Needs root and Debian's packages of Sendmail, which are unpacked and not
installed. Where they cannot be had the test is skipped; with --must-run, or
with TELLTLS_MUST_RUN in the environment (as ./quickstart test has it), it
fails. $TESTS_BIN is the top of the build, $TESTS_SRC the folder tests/.
"""
import contextlib
import glob
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import expect, namespace, packages, world  # noqa: E402

SRC = os.environ.get("TESTS_SRC", os.path.dirname(HERE))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
M4 = os.path.join(os.path.dirname(SRC), "etc", "sendmail", "telltls.m4")
LIMIT_S = 170
# The log level decides how much is told of a bad certificate.
RUNS = {
    "LogLevel 9": (9, ()),
    "LogLevel 12, tls_session_features": (12, ("tls_session_features",)),
}
# Members of a fact that are always the same here.
CONSTANT = {"dane": "unknown", "level": "", "verdict": [], "helo": "", "feed": "sendmail",
            "policy": ""}
# Counters that tell how much was logged, not what of.
SIZES = ("records", "rules", "rules-bytes")
CONF = """\
organization: Lab
contact: {reporter}
state: {folder}/state
dns:
  local-data: {folder}/zone
"""


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def check(self, title, *faults):
        """One test: it is passed if there are no faults."""
        self.number += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.number} - {title}")
        for fault in faults:
            print("# " + str(fault).replace("\n", "\n# "))
        sys.stdout.flush()

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def unequal(what, got, want):
    """The differences of two dicts, as texts."""
    return [f"{what} {key}: got {got.get(key, 0)}, want {want.get(key, 0)}"
            for key in sorted(got.keys() | want.keys(), key=str)
            if got.get(key, 0) != want.get(key, 0)]


class Run:
    """One run of the mail world, and telltls on what it left."""

    def __init__(self, folder, tree, log_level, features):
        self.folder, self.log_level = folder, log_level
        os.mkdir(folder)
        more = [x for feature in features for x in ("--feature", feature)]
        with open(self.path("output"), "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                namespace.command("-B", "-m", "lab.run", "--folder", folder, "--tree", tree, "--m4",
                                  M4, "--log-level", str(log_level), *more),
                cwd=HERE, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        with open(self.path("telltls.yaml"), "w", encoding="utf-8") as f:
            f.write(CONF.format(reporter=world.REPORTER, folder=folder))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def wait(self):
        """None, or why the run has no result."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.process.wait(LIMIT_S) == 0:
                self._load()
                return None
        self.stop()
        with open(self.path("output"), encoding="utf-8", errors="replace") as f:
            return f"exit {self.process.returncode}\n{f.read().strip()}"

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _load(self):
        with open(self.path("run.json"), encoding="utf-8") as f:
            self.result = json.load(f)
        with open(self.path("truth.jsonl"), encoding="utf-8") as f:
            self.truth = [json.loads(line) for line in f]
        with open(self.path("mail.log"), encoding="utf-8", errors="replace") as f:
            self.log = f.read().splitlines()

    def program(self, name, *args):
        p = subprocess.run([os.path.join(BIN, name), "-c", self.path("telltls.yaml"), *args],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                           env={**os.environ, "TZ": "UTC0", "LC_ALL": "C"})
        if p.returncode != 0:
            raise RuntimeError(f"{name} {args[0]}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return p.stdout

    def json_lines(self, command):
        out = self.program("tool/telltls", command, "--json")
        return [json.loads(line) for line in out.splitlines()]

    def replay(self):
        self.program("tool/telltls", "replay", "--mta", "sendmail", "--seal", self.path("mail.log"))

    def report(self, name):
        self.program("reporter/telltls-report", "--dry-run", self.path(name))
        return sorted(glob.glob(self.path(name, "*")))


def strange(run, fact):
    """What is wrong with the members of a fact that are no part of its key."""
    for key, value in CONSTANT.items():
        if fact[key] != value:
            yield f"{fact['domain']}: {key} is {fact[key]!r}, want {value!r}"
    if fact["sending_ip"] not in ("", "127.0.0.1"):
        yield f"{fact['domain']}: sending_ip {fact['sending_ip']}"
    if not run.result["begin"] <= fact["first"] <= fact["last"] <= run.result["end"]:
        yield f"{fact['domain']}: seen from {fact['first']} to {fact['last']}"


def count_facts(facts):
    counts = {}
    for fact in facts:
        key = tuple(fact[k] for k in expect.KEY)
        counts[key] = counts.get(key, 0) + fact["count"]
    return counts


def check_mail(tap, run, title):
    tap.check(f"{title}: behind Debian's sendmail.mc our file changes nothing of the site's",
              *(["m4 said: " + run.result["m4"]] if run.result["m4"] else []),
              *("lost: " + line for line in run.result["changed"]))
    tap.check(f"{title}: each message was delivered, once",
              *unequal("recipient", expect.taken(run.truth), expect.deliveries()))
    tap.check(f"{title}: the run shows what it is for",
              *("missing: " + text for text in expect.gaps(run.truth, run.log)))


def check_facts(tap, run, title):
    counted, left_out = expect.facts(run.truth, run.log_level)
    run.replay()
    facts = [x for x in run.json_lines("tally") if x["kind"] == "fact"]
    tap.check(f"{title}: {sum(counted.values())} sessions are counted as the receivers saw them",
              *unequal("fact", count_facts(facts), counted))
    tap.check(f"{title}: the rest of each fact", *(s for fact in facts for s in strange(run, fact)))

    status = run.json_lines("status")
    counters = {x["kind"]: x for x in status}["feed"]["counters"]
    want = {"lines": len(run.log), "sessions": sum(counted.values()), **left_out}
    tap.check(f"{title}: {sum(left_out.values())} sessions are left out, and nothing else",
              *unequal("counter", {k: n for k, n in counters.items() if k not in SIZES}, want))
    tap.check(f"{title}: all days are sealed",
              *(x for x in status if x["kind"] == "day" and (not x["sealed"] or x["damaged"])))
    run.replay()
    again = [x for x in run.json_lines("tally") if x["kind"] == "fact"]
    tap.check(f"{title}: the same log again adds nothing",
              *unequal("fact", count_facts(again), count_facts(facts)))
    return counted


def report_results(files):
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


def check_reports(tap, run, title, counted):
    files = run.report("reports")
    want = expect.reports(counted)
    tap.check(f"{title}: reports for {len(want)} domains say what the receivers saw",
              *unequal("domain", report_results(files), want))
    mails = {os.path.basename(path).split("!")[1] for path in files if path.endswith(".eml")}
    tap.check(f"{title}: each of these domains has a mail",
              *unequal("domain", dict.fromkeys(mails, 1), dict.fromkeys(want, 1)))
    p = subprocess.run([sys.executable, os.path.join(SRC, "check-report"), "--submitter",
                        expect.domain_of(world.REPORTER), *files], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True)
    tap.check(f"{title}: the judge of reports finds no fault",
              *([p.stdout + p.stderr] if p.returncode != 0 or not files else []))
    differ = []
    for one, other in zip(files, run.report("reports-again")):
        with open(one, "rb") as a, open(other, "rb") as b:
            if os.path.basename(one) != os.path.basename(other) or a.read() != b.read():
                differ.append(os.path.basename(one))
    tap.check(f"{title}: the same day gives the same bytes", *differ)


<<<<<<< HEAD
def check_run(tap, run, title):
    failure = run.wait()
    if failure is not None:
        tap.check(f"{title}: Sendmail and the receivers", failure)
        return
    check_mail(tap, run, title)
    try:
        check_reports(tap, run, title, check_facts(tap, run, title))
    except (RuntimeError, OSError, subprocess.TimeoutExpired, KeyError, ValueError) as e:
        tap.check(f"{title}: telltls and telltls-report", f"{type(e).__name__}: {e}")
=======
def run(tap, place, log_level, features):
    mail = site.Site(place, log_level, features)
    checks.check_dns(tap, mail)
    said, lost = mail.try_debian_mc()
    said += mail.said
    tap.check("behind Debian's sendmail.mc our file changes nothing of the site's",
              *(["m4 said: " + said] if said else []), *("lost: " + line for line in lost))
    mail.sendmail.start()
    mail.deliver(world.IMMEDIATE, world.QUEUED)
    mail.sendmail.stop()
    mail.settle()
    end = int(time.time())
    checks.check_mail(tap, mail, world.IMMEDIATE + world.QUEUED)
    truth = mail.truth.read()
    tap.check("the run shows what it is for",
              *("missing: " + text for text in expect.gaps(truth, mail.log.lines())))

    replay = telltls.Telltls(mail)
    replay.replay(mail.log.path)
    seen = expect.seen(mail, end)
    checks.check_facts(tap, mail, replay, seen)
    checks.check_counters(tap, mail, replay, seen)
    checks.check_sealed(tap, replay)
    files = checks.check_reports(tap, replay, seen.counted)
    check_same_again(tap, replay, mail.log.path, files)
>>>>>>> 547f197 (tests: the log of the system test can rotate)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    why, tree = namespace.why_not(), None
    if why is None:
        try:
            tree = packages.sendmail_tree()
        except packages.Unavailable as e:
            why = f"no Sendmail: {e}"
    if why is not None and ("--must-run" in sys.argv[1:] or "TELLTLS_MUST_RUN" in os.environ):
        print(f"Bail out! {why}")
        return 1
    if why is not None:
        print(f"1..0 # SKIP {why}")
        return 0

    tap = Tap()
    folder = tempfile.mkdtemp(prefix="telltls-system.", dir="/tmp")
    runs = {}
    try:
        for i, (title, how) in enumerate(RUNS.items()):
            runs[title] = Run(os.path.join(folder, str(i)), tree, *how)
        for title, run in runs.items():
            check_run(tap, run, title)
    finally:
        for run in runs.values():
            run.stop()
    if tap.failed:
        print(f"# what there is to look at: {folder}")
    else:
        namespace.remove(folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
