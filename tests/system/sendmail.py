#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: a real Sendmail with our rules, and telltls on its log.

Debian's Sendmail delivers to receivers that behave well and badly, in
namespaces of its own. telltls then reads its mail.log into a fresh state.
Compared is what telltls counted and reports with what the receivers saw, to
the session. For what it needs see lab/stage.py.
"""
import functools
import os
import sys
import time

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import checks, expect, site, stage, telltls, world  # noqa: E402

LIMIT_S = 170


def check_same_again(tap, replay, log, files):
    before = checks.count_facts(replay.facts())
    replay.replay(log)
    tap.check("the same log again adds nothing",
              *stage.unequal("fact", checks.count_facts(replay.facts()), before))
    differ = []
    for one, other in zip(files, replay.report("reports-again")):
        with open(one, "rb") as a, open(other, "rb") as b:
            if os.path.basename(one) != os.path.basename(other) or a.read() != b.read():
                differ.append(os.path.basename(one))
    tap.check("the same day gives the same bytes", *differ)


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


# The log level decides how much is told of a bad certificate.
WORLDS = {
    "LogLevel 9": functools.partial(run, log_level=9, features=()),
    "LogLevel 12, tls_session_features":
        functools.partial(run, log_level=12, features=("tls_session_features",)),
}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S))
