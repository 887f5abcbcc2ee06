# SPDX-License-Identifier: BSD-2-Clause
"""The end of a test: the MTA has stopped. All that telltls has counted and
reports is compared with what the receivers saw."""
import time

from . import checks, expect
from .telltls import Telltls


def _check_counts(tap, site, telltls, seen, when):
    checks.check_facts(tap, site, telltls, seen, when)
    # A session is left out for sure when nothing more can come in it.
    checks.check_counters(tap, site, telltls, seen, when)


def _check_reports(tap, telltls, seen):
    checks.check_sealed(tap, telltls)
    checks.check_reports(tap, telltls, seen.counted)


def check_live(tap, site, daemon, logs=None):
    """What the daemon counted, live and after the seal, and what a fresh state
    has. logs: where there is more than one, the oldest first."""
    site.settle()
    seen = expect.seen(site, int(time.time()), expect.NOTABLE)
    daemon.wait_read()
    checks.check_facts(tap, site, daemon, seen, "live")
    check_stop(tap, daemon)
    daemon.replay(*(logs or [site.log.path]))
    _check_counts(tap, site, daemon, seen, "after the seal")
    _check_reports(tap, daemon, seen)
    _check_fresh(tap, site, seen.end)


def check_stop(tap, daemon):
    status = daemon.stop()
    tap.check("SIGTERM ends the daemon", *([f"exit {status}"] if status != 0 else []))


def _check_fresh(tap, site, end):
    """By the log alone."""
    seen = expect.seen(site, end)
    replay = Telltls(site)
    replay.replay(site.log.whole)
    _check_counts(tap, site, replay, seen, "in a fresh state")
    return replay, seen


def check_log(tap, site):
    """Where there was no daemon."""
    site.settle()
    _check_reports(tap, *_check_fresh(tap, site, int(time.time())))
