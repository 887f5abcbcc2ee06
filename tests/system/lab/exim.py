# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Exim in a root of its own, with Debian's configuration."""
import os
import shutil
import signal
import subprocess

from . import mta, namespace
from .root import Root, wait

LOG = "var/log/exim4/mainlog"
USER, UID, ADM = "Debian-exim", 120, 4
_USERS = (("adm", ADM), ("uucp", 10), (USER, UID))
_EXIM = "/usr/sbin/exim4"
_FOLDERS = {  # mode, owner, group
    "tmp": (0o1777, 0, 0),
    "var/log/exim4": (0o2750, UID, ADM),
    "var/spool/exim4": (0o750, UID, UID),
    "var/lib/exim4": (0o755, 0, 0),
    "run/exim4": (0o750, UID, UID),
    "var/mail": (0o2775, 0, 8),
}
# What the package asks an administrator for.
_DEBCONF = """\
dc_eximconfig_configtype='{kind}'
dc_other_hostnames='{host}'
dc_local_interfaces='127.0.0.1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost='{smarthost}'
CFILEMODE='644'
dc_use_split_config='{split}'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""


class Exim(Root):
    """split: which of Debian's two ways to configure it. smarthost: where all
    mail goes, or ""."""

    def __init__(self, path, tree, host, nameserver, *, split, smarthost):
        super().__init__(path, tree, host, nameserver, _USERS, _FOLDERS)
        shutil.copytree(os.path.join(tree, "etc/exim4"), self.inside("etc/exim4"))
        shutil.copy(os.path.join(tree, "etc/email-addresses"), self.inside("etc"))
        self.write("etc/mailname", host + "\n")
        self.write("etc/aliases", "postmaster: root\nmailer-daemon: postmaster\n")
        self.write("etc/exim4/update-exim4.conf.conf", _DEBCONF.format(
            host=host, split=str(split).lower(), smarthost=smarthost,
            kind="smarthost" if smarthost else "internet"))
        self._daemons = []

    def start(self):
        """Two daemons, of which the second only queues."""
        for args in ((), ("-odq", "-oX", f"127.0.0.1.{mta.QUEUE_ONLY}", "-oP", "/run/exim4/q.pid")):
            self._daemons.append(subprocess.Popen(
                ["chroot", self.path, _EXIM, "-bdf", *args], stdin=subprocess.DEVNULL,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0"}))
        wait(lambda: mta.answers(mta.BACKGROUND) and mta.answers(mta.QUEUE_ONLY),
             "Exim: no answer")
        self.wait_idle()

    def stop(self):
        for daemon in self._daemons:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
        self._daemons = []

    def sendmail(self, message, user):
        """Hands a message over as a local program does."""
        self.run("sendmail", "-i", "-f", message.sender, "--", *message.to, text=message.text(),
                 user=user)

    def run_queue(self):
        """One process delivers all that is queued, one host's messages together."""
        self.run(_EXIM, "-qqff", limit_s=120)

    def wait_idle(self, limit_s=120):
        """Returns when all deliveries have ended, well or not."""
        # What came by the command "sendmail" is delivered by a process of that name.
        wait(lambda: sum(map(namespace.count_processes, ("exim4", "sendmail"))) <= len(
            self._daemons), "Exim: still delivers", limit_s)

    def queued(self):
        return self.run(_EXIM, "-bpc").strip()
