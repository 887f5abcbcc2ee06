#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: telltls-milter beside a real Sendmail, on its log as it grows.

The daemon is disturbed in all ways that an operator, a disk or a signal can:
what it counts stays what the receivers saw, to the session, and mail goes on.
For what it needs see lab/stage.py.
"""
import glob
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import checks, ends, mta, site, stage, world  # noqa: E402
from lab.daemon import Daemon, UID  # noqa: E402
from lab.disk import Disk  # noqa: E402
from lab.pace import Stream  # noqa: E402

LIMIT_S = 300
# All but those that take their time.
QUICK = tuple(m for m in world.IMMEDIATE if not any("@hang." in to for to in m.to))


def check_end(tap, mail, daemon, messages):
    """Ends the deliveries; what was counted live, and after the seal, and in a
    fresh state; the reports."""
    mail.sendmail.stop()
    checks.check_mail(tap, mail, messages)
    # mail.log.6 and so on are older, the highest number first.
    logs = sorted(glob.glob(mail.log.path + ".*"), reverse=True)
    ends.check_live(tap, mail, daemon, [*logs, mail.log.path])


def undisturbed(tap, place):
    mail = site.Site(place, milter=site.MILTER)
    daemon = Daemon(mail)
    daemon.start()
    mail.sendmail.start()
    mail.deliver(world.IMMEDIATE, world.QUEUED)
    check_end(tap, mail, daemon, world.IMMEDIATE + world.QUEUED)


def disturb(tap, mail, daemon):
    """All that may happen to the daemon while mail flows: each step begins in
    the middle of what is logged."""
    log = mail.log
    path = f"{log.path}.{{}}".format

    log.wait_lines(300)
    daemon.kill()
    log.wait_lines(300)
    daemon.start()
    log.wait_lines(100)
    daemon.kill_milter()
    log.wait_lines(100)
    log.rename(path("6"))
    log.wait_lines(30)
    log.open()
    log.wait_lines(100)
    daemon.signal(signal.SIGSTOP)
    log.wait_lines(100)
    log.rename(path("5"))
    log.open()
    log.wait_lines(100)
    daemon.signal(signal.SIGCONT)
    log.wait_lines(100)
    # Rotated twice while nobody looks, and compressed.
    daemon.kill()
    for number in ("4", "3"):
        log.wait_lines(100)
        log.rename(path(number))
        log.open()
    subprocess.run(["gzip", path("4")], check=True)
    log.wait_lines(100)
    daemon.start()
    log.copy_and_truncate(path("2"), daemon.wait_read)
    log.wait_lines(100)
    daemon.signal(signal.SIGHUP)
    log.wait_lines(100)
    ends.check_stop(tap, daemon)
    log.wait_lines(100)
    log.rename(path("1"))
    log.open()
    daemon.start()
    daemon.kill()
    daemon.start()


def disturbed(tap, place):
    mail = site.Site(place, log_level=12, milter=site.MILTER)
    daemon = Daemon(mail)
    daemon.start()
    mail.sendmail.start()
    stream = Stream(QUICK)
    disturb(tap, mail, daemon)
    sent = stream.stop()
    mail.sendmail.wait_idle()
    mail.sendmail.run_queue()
    check_end(tap, mail, daemon, sent)


# Without our rules the log tells neither of TLS-Required nor of the sender: the
# milter does, also for a delivery that comes after a new start of the daemon.
NOTED = (
    *(world.to_names(name) for name in ("good", "tls12", "selfsigned", "alert", "notls")),
    world.to_names("later", "good"),
    *(world.to_names(name, tls_required_no=True)
      for name in ("good", "expired", "notls", "reset-no", "later-data")),
    *(world.to_names(name, sender=world.REPORTER) for name in ("good", "reset-own")),
)


def noted(tap, place):
    mail = site.Site(place, rules="", milter=site.PATIENT_MILTER)
    daemon = Daemon(mail)
    daemon.start()
    mail.sendmail.start()
    mta.submit(mta.BACKGROUND, NOTED)
    mail.sendmail.wait_idle()
    mail.settle()
    daemon.wait_read()  # and before that, what the milter noted
    daemon.kill()
    daemon.start()
    mail.sendmail.run_queue()
    check_end(tap, mail, daemon, NOTED)


def disk_full(tap, place):
    mail = site.Site(place, milter=site.MILTER)
    daemon = Daemon(mail)
    disk = Disk(daemon.state, UID)
    daemon.start()
    mail.sendmail.start()
    mta.submit(mta.BACKGROUND, QUICK)
    mail.sendmail.wait_idle()
    daemon.wait(lambda: "No space left" in daemon.wrong(), "it does not say that the disk is full")
    disk.free()
    daemon.wait_read()
    # Now there is a file of the day, and it may grow.
    disk.fill()
    mta.submit(mta.QUEUE_ONLY, world.QUEUED)
    daemon.kill()
    mail.sendmail.run_queue()
    daemon.start()
    disk.free()
    check_end(tap, mail, daemon, QUICK + world.QUEUED)


WORLDS = {
    "the daemon runs": undisturbed,
    "the daemon is disturbed": disturbed,
    "a plain log": noted,
    "the disk is full": disk_full,
}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S))
