#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: Debian's Postfix 3.7, and telltls on its mail log.

Postfix delivers to receivers that behave well and badly, at the levels may,
dane and secure, in namespaces of its own. Compared is what telltls counted
live, and by replay into a fresh state, and what it reports, with what the
receivers saw, to the session. For what it needs see lab/stage.py.
"""
import functools
import os
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import checks, ends, mails, packages, stage, world  # noqa: E402
from lab.daemon import Daemon  # noqa: E402
from lab.postfix_site import HEADER_CHECKS, PostfixSite  # noqa: E402

LIMIT_S = 300
MESSAGES = mails.IMMEDIATE + (mails.named(world.POSTFIX_FORGERY.partition(", delay")[0]),)
# By sendmail(1): the milter sees these, too.
LOCAL = (
    world.to_names("good"),
    world.to_names("good", tls_required_no=True),
    world.to_names("later", tls_required_no=True),
    world.to_names("good", sender=world.REPORTER),
)


def live(tap, place, messages, **parameters):
    """telltls is there, but not always."""
    mail = PostfixSite(place, **parameters)
    checks.check_dns(tap, mail)
    daemon = Daemon(mail)
    sent = mails.deliver(mail, daemon, messages, LOCAL)
    checks.check_mail(tap, mail, sent)
    ends.check_live(tap, mail, daemon)


def reused(tap, place):
    """Connections are kept for a while, those with TLS by tlsproxy(8). telltls
    is not there, though main.cf says so."""
    mail = PostfixSite(place, "may", smtp_tls_connection_reuse="yes",
                       smtp_connection_cache_destinations="static:all",
                       smtp_connection_cache_time_limit="60s")
    mail.server.start()
    for message in mails.FIRST + REUSING:  # one after the other
        mail.send((message,))
    mail.send_queued(mails.QUEUED)
    mail.server.stop()
    checks.check_mail(tap, mail, mails.FIRST + REUSING + mails.QUEUED)
    checks.check_reused(tap, mail)
    ends.check_log(tap, mail)


REUSING = (
    world.to_names("good"), world.to_names("good", tls_required_no=True),
    world.to_names("good", sender=world.REPORTER),
    world.to_names("selfsigned"), world.to_names("selfsigned"),
    world.to_names("shared1"), world.to_names("shared2"), world.to_names("shared2"),
    world.to_names("notls"), world.to_names("notls"), world.to_names("alert"),
)
# Levels of some domains.
LEVELS = ((f"smart.{world.ZONE}", "dane-only"), (f"mx.hub.{world.ZONE}", "encrypt"),
          (f"tls454.{world.ZONE}", "encrypt"), (f"dane-name.{world.ZONE}", "dane-only"),
          (f"case.{world.ZONE}", "none"))
WORLDS = {
    "level may": functools.partial(live, messages=MESSAGES + mails.IN_CLEAR, level="may"),
    "level dane": functools.partial(live, messages=MESSAGES + mails.IN_CLEAR, level="dane",
                                    levels=LEVELS, **HEADER_CHECKS),
    "level secure": functools.partial(live, messages=MESSAGES, level="secure",
                                      is_traditional=True, enable_long_queue_ids="yes"),
    "connections are reused": reused,
}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S, packages.POSTFIX))
