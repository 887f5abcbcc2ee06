#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check.py: every report that our tests make is one that receivers accept.

Reads with tests/check-report: what make_reports writes, what the unit tests
make (they write it where $TESTS_REPORTS says), and the golden files. Then
shows that check-report would have seen the faults that others' reports have.
Speaks TAP. $TESTS_SRC: tests/ of the sources; $TESTS_BIN: the top of the
build.
"""
import concurrent.futures
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

SRC = os.environ.get("TESTS_SRC", "tests")
BIN = os.environ.get("TESTS_BIN", ".")
CHECK = [sys.executable, os.path.join(SRC, "check-report")]
UNIT_TESTS = ("test_report", "test_report_details", "test_report_mail")

number = 0
failed = 0


def tap(good, name, text=""):
    """One test and, if it failed, why."""
    global number, failed
    number += 1
    if not good:
        failed += 1
    print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    if not good:
        for line in text.splitlines()[:20]:
            print("#", line.encode("ascii", "backslashreplace").decode())


def run(command, **env):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, **env})
    return done.returncode, done.stdout.decode("utf-8", "backslashreplace")


def check(path):
    return run(CHECK + [path])


def read(path):
    with open(path, "rb") as f:
        return f.read()


def check_folder(folder, what):
    names = sorted(os.listdir(folder))
    paths = [os.path.join(folder, name) for name in names]
    tap(names, f"{what}: there are reports")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, paths))
    for name, path, (code, text) in zip(names, paths, results):
        tap(code == 0, f"{what}: {name}", text)
        if name.endswith(".json.gz") and os.path.exists(path[:-3]):
            tap(gzip.decompress(read(path)) == read(path[:-3]),
                f"{what}: {name} holds the JSON")


def check_made(folder):
    code, text = run([os.path.join(BIN, "tests/reports/make_reports"), folder])
    tap(code == 0, "make_reports", text)
    check_folder(folder, "made")


def check_unit_tests(folder):
    for name in UNIT_TESTS:
        program = os.path.join(BIN, "tests/unit", name)
        if not os.path.exists(program):
            tap(True, f"{name} # SKIP not built")
            continue
        code, text = run([program], TESTS_REPORTS=folder)
        tap(code == 0, name, text)
    if os.listdir(folder):
        check_folder(folder, "unit test")


# Faults of reports seen in the field, and what finds them.
def drop(*path):
    def change(report):
        for key in path[:-1]:
            report = report[key]
        del report[path[-1]]
    return change


def put(value, *path):
    def change(report):
        for key in path[:-1]:
            report = report[key]
        report[path[-1]] = value
    return change


POLICY = ("policies", 0, "policy")
SUMMARY = ("policies", 0, "summary")
DETAIL = ("policies", 0, "failure-details", 0)
JSON_FAULTS = (
    ("R81", "no contact-info", drop("contact-info")),
    ("R102", "contact-info is null", put(None, "contact-info")),
    ("R84", "contact-info with a scheme", put("mailto:a@example.org", "contact-info")),
    ("R46", "no policies", put([], "policies")),
    ("R82", "a time without zone", put("2026-11-21T00:00:00", "date-range", "start-datetime")),
    ("R83", "the end is the next midnight", put("2026-11-22T00:00:00Z", "date-range", "end-datetime")),
    ("R92", "no policy-domain", drop(*POLICY, "policy-domain")),
    ("R92", "a policy-domain in capitals", put("Example.net", *POLICY, "policy-domain")),
    ("R86", "another policy-type", put("none", *POLICY, "policy-type")),
    ("R91", "a policy-string without policy", put(["x"], *POLICY, "policy-string")),
    ("R87", "a bare policy-string", put("x", *POLICY, "policy-string")),
    ("R94", "one count only", drop(*SUMMARY, "total-failure-session-count")),
    ("R94", "a count in quotes", put("1", *SUMMARY, "total-failure-session-count")),
    ("R94", "a count over 2^53", put(2**53, *SUMMARY, "total-successful-session-count")),
    ("R60", "a result-type of our own", put("other", *DETAIL, "result-type")),
    ("R77", "an sts result without sts", put("sts-policy-invalid", *DETAIL, "result-type")),
    ("R96", "an address not in its canonical form", put("2001:DB8::1", *DETAIL, "receiving-ip")),
    ("R98", "a host name with a final dot", put("mx.example.", *DETAIL, "receiving-mx-hostname")),
    ("R99", "a greeting of two lines", put("a\nb", *DETAIL, "receiving-mx-helo")),
    ("R95", "a detail of no session", put(0, *DETAIL, "failed-session-count")),
    ("R43", "a detail of more sessions than failed", put(10**6, *DETAIL, "failed-session-count")),
    ("R103", "a member of our own", put("x", *DETAIL, "receiving-mx-host-name")),
    ("R71", "an empty reason", put("", *DETAIL, "failure-reason-code")),
)
MAIL_FAULTS = (
    ("R140", "no TLS-Report-Domain", rb"TLS-Report-Domain:.*\r\n", b""),
    ("R141", "no TLS-Report-Submitter", rb"TLS-Report-Submitter:.*\r\n", b""),
    ("R171", "TLS-Required: yes", rb"TLS-Required: No", b"TLS-Required: Yes"),
    ("R148", "two Date:", rb"(Date:.*\r\n)", rb"\1\1"),
    ("R148", "From elsewhere", rb"From: .*\r\n", b"From: a@example.com\r\n"),
    ("R145", "no angle brackets", rb"<(2026[^>]*)>", rb"\1"),
    ("R130", "another report-type", rb"tlsrpt\"", b"feedback-report\""),
    ("R131", "another media type", rb"application/tlsrpt\+gzip", b"application/gzip"),
    ("R120", "no file name", rb";\r\n filename=[^\r]*", b""),
    ("R122", "a file name of another domain", rb"!example\.net!", b"!example.com!"),
    ("R163", "a line feed alone", rb"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n"),
    ("R125", "a bit of the compressed data", rb"(\r\n\r\nH4sI\S{40})\S{4}", rb"\1AAAA"),
)


def check_faults(folder):
    path = os.path.join(folder, "fault")
    golden = os.path.join(SRC, "data/golden/mixed")
    good = read(golden + ".json")
    for rule, name, change in JSON_FAULTS:
        report = json.loads(good)
        change(report)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(report, f)
        code, text = check(path)
        tap(code == 1 and f": {rule}:" in text, f"fault seen: {name}", text)
    good = read(golden + ".eml")
    for rule, name, pattern, new in MAIL_FAULTS:
        bad = re.sub(pattern, new, good, count=1)
        with open(path, "wb") as f:
            f.write(bad)
        code, text = check(path)
        tap(bad != good and code == 1 and f": {rule}:" in text,
            f"fault seen: {name}", text)


def main():
    with tempfile.TemporaryDirectory(prefix="telltls-reports-") as top:
        folders = [os.path.join(top, n) for n in ("made", "unit", "fault")]
        for folder in folders:
            os.mkdir(folder)
        check_made(folders[0])
        check_unit_tests(folders[1])
        check_folder(os.path.join(SRC, "data/golden"), "golden")
        check_faults(folders[2])
    print(f"1..{number}")
    sys.exit(1 if failed else 0)


main()
