# SPDX-License-Identifier: BSD-2-Clause
"""The messages of the tests with Exim and Postfix, as those of world.py."""
import signal

from . import world

to_names, ZONE = world.to_names, world.ZONE

# Before all others: the MTA shows how much it logs.
FIRST = (to_names("good"),)
IMMEDIATE = (
    *world.to_rows(world.RECEIVERS),
    to_names("refused"),
    to_names("forged-mx"),
    to_names("second"),
    to_names("shared1", "shared2"),
    to_names("shared3", "shared2", "shared1"),
    to_names("dane", "dane-multi"),
    to_names("good", f"other@good.{ZONE}", "notls", "wild", "wrongname", "shared3", "reset",
             "later", "dane"),
    to_names("user@GOOD.Lab.Test"),
    # Left out of the counts.
    to_names("good", tls_required_no=True),
    to_names("reset-no", tls_required_no=True),
    to_names("later-data", tls_required_no=True),
    to_names("good", sender=world.REPORTER),
    to_names("dane", sender=world.REPORTER),
    to_names("reset-own", sender=world.REPORTER),
    # What strangers choose must not end up in other fields.
    to_names("good", sender=""),
    *(to_names("good", message_id=text) for text in (world.EXIM_FORGERY, world.POSTFIX_FORGERY)),
)


def named(local_part):
    """What Exim takes as a local part is not what Postfix takes."""
    return to_names(f'"{local_part}"@good.{ZONE}', sender=f'"{local_part}"@bounce.{ZONE}')


# Only where the host, which offers no TLS, comes to see it.
IN_CLEAR = (to_names("notls", tls_required_no=True),)
QUEUED = world.QUEUED
# While telltls hangs, and is absent.
ABSENT = (to_names("good"), to_names("shared1", "shared2"), to_names("selfsigned"),
          to_names("notls"), to_names("dane"), to_names("dane-mismatch"))


def deliver(mail, daemon, messages, local, *more):
    """While telltls runs, hangs, runs, is absent as a kill leaves it, and runs
    again. mail has its MTA as server, and sends as EximSite does; local and
    more: what send_local() is to be told. Returns what was sent."""
    daemon.start()
    mail.server.start()
    mail.send(FIRST)
    mail.send(messages)
    mail.send_local(local, *more)
    daemon.signal_all(signal.SIGSTOP)
    mail.send(ABSENT)
    daemon.signal_all(signal.SIGCONT)
    daemon.kill_all()
    mail.send(ABSENT)
    daemon.start()
    mail.send_queued(QUEUED)
    mail.server.stop()
    return FIRST + messages + local + ABSENT + ABSENT + QUEUED
