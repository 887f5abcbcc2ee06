#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: Debian's Exim with our files, and telltls on its main log.

Exim delivers to receivers that behave well and badly, with DANE, in namespaces
of its own. Compared is what telltls counted live, and by replay into a fresh
state, and what it reports, with what the receivers saw, to the session. For
what it needs see lab/stage.py.
"""
import os
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import checks, ends, mails, packages, stage, world  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.exim_site import EximSite  # noqa: E402

LIMIT_S = 300
MESSAGES = mails.IMMEDIATE + mails.IN_CLEAR + (mails.named(world.EXIM_FORGERY[:60]),)
# Exim writes such a sender as it is: any user can write lines into its log.
FORGED = (world.to_names("refused", sender=f'"a\n{world.EXIM_FORGERY}\nb"@bounce.{world.ZONE}'),)


def check_configuration(tap, mail):
    tap.check("our files change nothing of the site's configuration",
              *(["update-exim4.conf said: " + mail.said] if mail.said else []),
              *("lost: " + line for line in mail.lost))
    checks.check_dns(tap, mail)


def check_forgery(tap, mail):
    lines = [line for line in mail.log.lines() if line.startswith(world.EXIM_FORGERY)]
    tap.check("a local user has forged a record", *([] if lines else ["no such line"]))


def split(tap, place):
    """telltls is there, but not always."""
    mail = EximSite(place, split=True)
    check_configuration(tap, mail)
    daemon = Daemon(mail)
    sent = mails.deliver(mail, daemon, MESSAGES, FORGED, "nobody")
    check_forgery(tap, mail)
    checks.check_mail(tap, mail, sent)
    checks.check_reused(tap, mail)
    ends.check_live(tap, mail, daemon)


def smarthost(tap, place):
    """telltls is not there. The sessions are the smarthost's, whatever the
    recipient's domain."""
    mail = EximSite(place, split=False, smarthost=f"mx.hub.{world.ZONE}")
    check_configuration(tap, mail)
    mail.server.start()
    mail.send(mails.ABSENT)
    mail.send_queued(mails.QUEUED)
    mail.server.stop()
    checks.check_mail(tap, mail, mails.ABSENT + mails.QUEUED)
    ends.check_log(tap, mail)


WORLDS = {"split configuration": split, "unsplit configuration, a smarthost": smarthost}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S, packages.EXIM))
