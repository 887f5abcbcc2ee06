# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Postfix in a root of its own, with Debian's configuration."""
import os
import shutil

from . import mta
from .root import Root, wait

QUEUE = "var/spool/postfix"  # also Debian's chroot of most daemons
GROUP = _POSTFIX = 125
_POSTDROP = 126
_USERS = (("postfix", _POSTFIX), ("postdrop", _POSTDROP))
# As the package's postinst makes them; Postfix itself makes the rest.
_FOLDERS = {
    "tmp": (0o1777, 0, 0),
    "var/lib/postfix": (0o755, _POSTFIX, _POSTFIX),
    f"{QUEUE}/private": (0o700, _POSTFIX, 0),
    f"{QUEUE}/pid": (0o755, 0, 0),
    f"{QUEUE}/public": (0o2710, _POSTFIX, _POSTDROP),
    f"{QUEUE}/maildrop": (0o1730, _POSTFIX, _POSTDROP),
    "var/mail": (0o2775, 0, 8),
}


_SERVICES = (
    # Debian has it as a comment.
    "tlsproxy unix - - y - 0 tlsproxy",
    f"{mta.ADDRESS}:{mta.QUEUE_ONLY} inet n - y - - smtpd -o smtpd_client_restrictions=static:HOLD",
)


class Postfix(Root):
    def __init__(self, path, tree, host, nameserver):
        super().__init__(path, tree, host, nameserver, _USERS, _FOLDERS)
        shutil.copytree(os.path.join(tree, "etc/postfix"), self.inside("etc/postfix"))
        shutil.copytree(os.path.join(tree, "var/spool/postfix"), self.inside(QUEUE),
                        dirs_exist_ok=True)
        for name, sources in {"main.cf": ("main.cf.debian", "main.cf.tls"),
                              "master.cf": ("master.cf.dist",),
                              "dynamicmaps.cf": ()}.items():
            text = ""
            for source in sources:
                with open(os.path.join(tree, "usr/share/postfix", source), encoding="utf-8") as f:
                    text += f.read()
            self.write("etc/postfix/" + name, text)
        self.write("etc/mailname", host + "\n")
        self.write("etc/aliases", "postmaster: root\n")
        self.configure(myhostname=host, myorigin="/etc/mailname", mydestination="$myhostname",
                       alias_maps="hash:/etc/aliases", alias_database="hash:/etc/aliases",
                       mynetworks="127.0.0.0/8", inet_interfaces="loopback-only",
                       inet_protocols="ipv4", smtpd_relay_restrictions="permit_mynetworks reject")
        self.run("newaliases")
        for service in _SERVICES:
            self.run("postconf", "-Me", "/".join(service.split()[:2]) + "=" + service)

    def configure(self, **parameters):
        self.run("postconf", "-e", *(f"{key}={value}" for key, value in parameters.items()))

    def write_map(self, name, text):
        """Makes etc/postfix/NAME.db."""
        self.write("etc/postfix/" + name, text)
        self.run("postmap", "hash:/etc/postfix/" + name)

    def start(self):
        """As Debian's init script does."""
        self.run("/usr/lib/postfix/configure-instance.sh", "-")
        self.run("postfix", "start")
        wait(lambda: mta.answers(mta.BACKGROUND) and mta.answers(mta.QUEUE_ONLY),
             "Postfix: no answer")

    def stop(self):
        self.run("postfix", "stop")

    def sendmail(self, message):
        """Hands a message over as a local program does."""
        self.run("sendmail", "-i", "-f", message.sender, "--", *message.to, text=message.text())

    def _files(self, *queues):
        for queue in queues:
            for _, _, names in os.walk(self.inside(f"{QUEUE}/{queue}")):
                yield from names

    def queued(self):
        return sorted(self._files("deferred"))

    def is_idle(self):
        return not any(self._files("maildrop", "incoming", "active"))

    def wait_idle(self, limit_s=120):
        """Returns when all deliveries have ended, well or not."""
        # A message that moves on may be missed once.
        wait(lambda: self.is_idle() and self.is_idle(), "Postfix: still delivers", limit_s)

    def run_queue(self, log):
        """Tries all again that is queued, or on hold."""
        self.run("postsuper", "-H", "ALL")
        wanted, before = set(self.queued()), len(log.lines())

        def begun():
            log.drain()
            active = {line.split("]: ")[1].partition(":")[0] for line in log.lines()[before:]
                      if line.endswith("(queue active)")}
            return wanted <= active

        self.run("postqueue", "-f")
        wait(begun, "Postfix: does not try again what is queued")
        self.wait_idle()
