# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Sendmail in a root of its own; and how mail is handed to an MTA."""
import os
import shutil
import smtplib

from . import namespace
from .root import Root, wait

ADDRESS = "127.0.0.1"
BACKGROUND, QUEUE_ONLY = 25, 2525  # ports of the daemon; the second only queues
TELLTLS_M4 = "usr/share/telltls/sendmail/telltls.m4"  # as the README says

_SENDMAIL = "/usr/libexec/sendmail/sendmail"
_USERS = (("smmta", 110), ("smmsp", 111))
_FILES = {
    "etc/mail/aliases": "postmaster: root\nmailer-daemon: root\n",
    "etc/mail/local-host-names": "",
    "etc/mail/m4/dialup.m4": "",
    "etc/mail/m4/provider.m4": "",
}
_FOLDERS = {  # mode, owner, group
    "tmp": (0o1777, 0, 0),
    "var/tmp": (0o1777, 0, 0),
    "var/spool/mqueue": (0o750, 110, 111),
    "var/lib/sendmail": (0o755, 110, 111),
    "var/run/sendmail/mta": (0o755, 110, 111),
}


class Sendmail(Root):
    def __init__(self, path, tree, host, nameserver):
        super().__init__(path, tree, host, nameserver, _USERS, _FOLDERS)
        self._cf = None
        shutil.copytree(os.path.join(tree, "etc/mail"), self.inside("etc/mail"))
        for name, text in _FILES.items():
            self.write(name, text)

    def make_cf(self, mc, name="sendmail"):
        """Makes etc/mail/NAME.cf of the text of a .mc file, as its Makefile
        does. Returns the .cf and what m4 had to say."""
        self.write(f"etc/mail/{name}.mc", mc)
        said = self.run("sh", "-c", f"cd /etc/mail && m4 {name}.mc >{name}.cf")
        with open(self.inside(f"etc/mail/{name}.cf"), encoding="utf-8") as f:
            return f.read(), said

    def write_map(self, name, text):
        """Makes etc/mail/NAME.db; there must be a sendmail.cf already."""
        self.write("etc/mail/" + name, text)
        self.run("sh", "-c", f"cd /etc/mail && /usr/libexec/sendmail/makemap hash {name} <{name}")

    def start(self, cf="sendmail"):
        """With a .cf that make_cf() has made."""
        self._cf = f"-C/etc/mail/{cf}.cf"
        self.run(_SENDMAIL, self._cf, "-bi")
        self.run(_SENDMAIL, self._cf, "-L", "sm-mta", "-bd")
        wait(lambda: answers(BACKGROUND) and answers(QUEUE_ONLY), "Sendmail: no answer")

    def stop(self):
        with open(self.inside("var/run/sendmail/mta/sendmail.pid"), encoding="ascii") as f:
            os.kill(int(f.readline()), 15)
        wait(lambda: namespace.count_processes("sendmail") == 0, "Sendmail: does not stop")

    def run_queue(self):
        """One process delivers all that is queued."""
        self.run(_SENDMAIL, self._cf, "-L", "sm-mta-runq", "-qf", limit_s=120)

    def wait_idle(self, limit_s=120):
        """Returns when all deliveries have ended, well or not."""
        wait(lambda: namespace.count_processes("sendmail") <= 1, "Sendmail: still delivers",
             limit_s)

    def queued(self):
        names = os.listdir(self.inside("var/spool/mqueue"))
        return sorted(name[2:] for name in names if name[:2] in ("qf", "hf", "Qf"))


def answers(port):
    try:
        with smtplib.SMTP(ADDRESS, port, timeout=10) as smtp:
            return smtp.noop()[0] == 250
    except OSError:
        return False


def session(port):
    """A connection; to be closed by "with"."""
    smtp = smtplib.SMTP(ADDRESS, port, local_hostname="client.lab.test", timeout=60)
    smtp.ehlo()
    return smtp


def commands(message):
    """All that is said for a message, as it is: smtplib would mend addresses.
    It has sender, to and text()."""
    return [f"MAIL FROM:<{message.sender}>", *(f"RCPT TO:<{to}>" for to in message.to), "DATA",
            message.text() + "."]


def say(smtp, command):
    smtp.send(command + "\r\n")
    code, reply = smtp.getreply()
    if code != (354 if command == "DATA" else 250):
        raise RuntimeError(f"{command}: {code} {reply.decode()}")


def submit(port, messages):
    """Hands messages over, all in one connection."""
    with session(port) as smtp:
        for message in messages:
            for command in commands(message):
                say(smtp, command)
