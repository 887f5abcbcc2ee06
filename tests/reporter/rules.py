#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the rules for destinations: what telltls-report makes of them, and
what "telltls rules test" tells of them.
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from reporter_site import (  # noqa: E402
    BIN, DAY1, begin_of, equal, holds, run_all, seal_line)

TELLTLS = os.path.join(BIN, "tool", "telltls")
TWO = "v=TLSRPTv1; rua=mailto:tls@%s,https://up.example/%s"
RULES = """# who gets what
allow   b.example
deny    mailto:*@c.example
deny    https://*
replace d.example mailto:d@sender.example

add     .example mailto:copy@sender.example  # all of them
"""


def use(site, text):
    path = os.path.join(site.dir, "rules")
    site.write(path, text)
    site.configure(report="  rules: %s\n" % path)
    return path


def mails(site, domain):
    """Who a report goes to, by its mails."""
    return sorted(line[4:] for name, mail in site.reports(DAY1).items()
                  if name.endswith(".eml") and "!%s!" % domain in name
                  for line in mail.decode().split("\r\n")
                  if line.startswith("To: "))


def test_rules(site, *args, want=0):
    done = subprocess.run([TELLTLS, "-c", site.conf, "rules", *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    equal("%r: %r" % (args, done.stderr), done.returncode, want)
    return done.stdout.decode(), done.stderr.decode()


def reports(site):
    domains = ["a.example", "b.example", "c.example", "d.example"]
    site.write_zone({d: TWO % (d, d[0]) for d in domains})
    site.tally(*("fact %s 3 %s ok" % (DAY1, d) for d in domains),
               seal_line(DAY1))
    use(site, RULES)
    counts = site.run().counts()
    copy = "copy@sender.example"
    equal("a", mails(site, "a.example"), [copy, "tls@a.example"])
    equal("b", mails(site, "b.example"), [copy, "tls@b.example"])
    equal("c", mails(site, "c.example"), [copy])
    equal("d", mails(site, "d.example"), [copy, "d@sender.example"])
    equal("reports", counts["reports"], 4)
    equal("uploads: that of b", counts["uploads"], 1)
    equal("denied", counts["denied"], 5)


def nothing_left(site):
    site.write_zone({"a.example": TWO % ("a.example", "a")})
    site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
    use(site, "deny *\n")
    counts = site.run("--day", DAY1, "--domain", "a.example").counts()
    equal("reports", counts["reports"], 0)
    equal("files", site.reports(DAY1), {})
    equal("ledger", site.rows("domain, state, what"), [
        ("a.example", "none", "the rules leave no destination")])
    site.run()
    equal("the day is done", site.days(), [begin_of(DAY1)])
    # what the rules say is of now
    site.run("--dry-run", site.dir + "/dry")
    equal("dry run", os.path.exists(site.dir + "/dry"), False)
    use(site, "")
    site.run("--dry-run", site.dir + "/dry")
    equal("without rules", len(site.reports(top=site.dir + "/dry")), 2)


def faults(site):
    """Nothing is sent anywhere by rules that are half understood."""
    site.write_zone({"a.example": TWO % ("a.example", "a")})
    site.tally("fact %s 3 a.example ok" % DAY1, seal_line(DAY1))
    path = use(site, "allow a.example\ndney *\nadd *\n")
    for said in (site.run(want=78).err,
                 test_rules(site, "test", "a.example", want=78)[1]):
        holds("line 2", path + ":2: expected allow, deny" in said)
        holds("line 3", path + ":3: expected destinations" in said)
    equal("nothing was made", os.path.exists(site.outbox), False)
    os.remove(path)
    holds("no file", path in site.run(want=78).err)
    holds("no file", path in
          test_rules(site, "test", "a.example", want=78)[1])


def shown(site):
    path = use(site, RULES)
    site.write_zone({"x.example": TWO % ("c.example", "x"),
                     "b.example": TWO % ("b.example", "b"),
                     "broken.example": "v=TLSRPTv1; rua"})
    equal("x", test_rules(site, "test", "X.Example.")[0],
          "rules: " + path + "\n"
          "\n"
          "mailto:tls@c.example\n"
          "    line 3: deny\n"
          "https://up.example/x\n"
          "    line 4: deny\n"
          "x.example\n"
          "    line 7: add\n"
          "        mailto:copy@sender.example\n"
          "\n"
          "Reports go to:\n"
          "    mailto:copy@sender.example\n")
    out = test_rules(site, "test", "d.example", "--record",
                     "v=TLSRPTv1; rua=mailto:a@d.example")[0]
    holds("replaced", "mailto:a@d.example\n    line 5: replace\n"
          "        mailto:d@sender.example\n" in out)
    use(site, "deny mailto:*\n")
    out = test_rules(site, "test", "d.example", "--record",
                     "v=TLSRPTv1; rua=mailto:a@d.example")[0]
    holds("none left", out.endswith("No destination is left: no report is "
                                    "made.\n"))
    site.configure(report="  exclude: [b.example]\n")
    out = test_rules(site, "test", "b.example")[0]
    holds("no rules", out.startswith("rules: none (report.rules in "))
    holds("allowed", "mailto:tls@b.example\n    no line is for it: allow\n"
          in out)
    holds("excluded", "The configuration excludes this domain" in out)


def refused(site):
    site.write_zone({"broken.example": "v=TLSRPTv1; rua"})
    for args, code, wanted in (
            (["test"], 64, "needs test DOMAIN"),
            (["tset", "a.example"], 64, "expected rules test DOMAIN"),
            (["test", "a..b"], 64, "expected a domain"),
            (["test", "none.example"], 66, "no record"),
            (["test", "broken.example"], 65, "syntax"),
            (["test", "a.example", "--record", "v=spf1 -all"], 65, "none"),
            (["test", "a.example", "--record", "v=TLSRPTv1; rua=ftp://x/"],
             65, "no-rua")):
        err = test_rules(site, *args, want=code)[1]
        holds("%r: %r" % (args, err), wanted in err)


if __name__ == "__main__":
    sys.exit(run_all([reports, nothing_left, faults, shown, refused]))
