# SPDX-License-Identifier: BSD-2-Clause
"""The mail world of one test, inside of its namespaces: a Sendmail, DNS, and
the receivers.

Leaves in its folder: mail.log (see maillog.py), truth.jsonl (see receiver.py),
dns/ (see dns.py), root/ (Sendmail's).
"""
import os
import shutil
import subprocess
import time

from . import certs, dns, maillog, mta, namespace, receiver, world

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = f"include(`/{mta.TELLTLS_M4}')dnl\n"
# As we tell postmasters to write it.
MILTER = ("INPUT_MAIL_FILTER(`telltls', "
          "`S=unix:/run/telltls/milter.sock, F=, T=C:1s;S:1s;R:1s;E:5s')dnl\n")
# Where it matters what the milter saw, and the machine may be slow.
PATIENT_MILTER = MILTER.replace("C:1s;S:1s;R:1s;E:5s", "C:1m;S:1m;R:1m;E:5m")
MILTER_SOCKET = "run/telltls/milter.sock"  # in Sendmail's root
DEBIAN_MC = "include(`/usr/share/sendmail/cf/debian/sendmail.mc')dnl\n"


class Site:
    def __init__(self, place, log_level=9, features=(), rules=RULES, milter=""):
        namespace.settle(world.HOST)
        self.place, self.log_level, self.rules = place, log_level, rules
        self.begin = int(time.time())
        self.dns = dns.Dns(place.path("dns"), place.dns, world.ZONE, world.zone(), world.FORGED,
                           world.NAMESERVER, world.RESOLVER)
        self.sendmail = mta.Sendmail(place.path("root"), place.sendmail, world.HOST,
                                     world.RESOLVER)
        with open(os.path.join(os.path.dirname(place.src), "etc/sendmail/telltls.m4"),
                  encoding="utf-8") as f:
            self.sendmail.write(mta.TELLTLS_M4, f.read())
        self.log = maillog.MailLog(self.sendmail.inside("dev/log"), place.path("mail.log"),
                                  place.path("all-lines"))
        self.truth = receiver.Truth(place.path("truth.jsonl"))
        self._install_certificates(world.start_receivers(place.folder, self.truth))
        self.said = self.make_cf("sendmail", rules, milter, features)
        self.sendmail.write_map("access", world.access_map())
        self.sendmail.write_map("mailertable", world.mailertable())

    def _install_certificates(self, trusted):
        """What Debian's starttls.m4 expects."""
        sendmail = self.sendmail
        digest = subprocess.run(["openssl", "x509", "-in", trusted, "-noout", "-hash"],
                                check=True, capture_output=True, text=True).stdout.strip()
        os.makedirs(sendmail.inside("etc/ssl/certs"))
        shutil.copy(trusted, sendmail.inside(f"etc/ssl/certs/{digest}.0"))
        os.makedirs(sendmail.inside("etc/mail/tls"), exist_ok=True)
        own = certs.Authority(self.place.path("own"), "Own Root CA").issue("mta", [world.HOST])
        for name in ("sendmail-server.crt", "sendmail-client.crt", "sendmail-common.key"):
            shutil.copy(own, sendmail.inside("etc/mail/tls/" + name))
            os.chmod(sendmail.inside("etc/mail/tls/" + name), 0o600)

    def make_cf(self, name, rules, milter, features=()):
        """Makes etc/mail/NAME.cf; returns what m4 said."""
        with open(os.path.join(HERE, "sendmail.mc"), encoding="utf-8") as f:
            mc = f.read()
        for key, value in (("HOST", world.HOST), ("LOG_LEVEL", str(self.log_level)),
                           ("STARTTLS_S", str(world.STARTTLS_S)), ("MILTER", milter),
                           ("RULES", rules),
                           ("FEATURES", "".join(f"FEATURE(`{x}')dnl\n" for x in features))):
            mc = mc.replace(f"@{key}@", value)
        return self.sendmail.make_cf(mc, name)[1]

    def try_debian_mc(self):
        """Our file behind Debian's own sendmail.mc: what m4 says, and which of
        the site's lines are no longer there, or no longer in that order."""
        before, said_before = self.sendmail.make_cf(DEBIAN_MC, "before")
        after, said = self.sendmail.make_cf(DEBIAN_MC + RULES, "after")
        rest = iter(line for line in after.splitlines() if not line.startswith("#"))
        lost = [line for line in before.splitlines()
                if not line.startswith("#") and line not in rest]
        return said.replace(said_before, ""), lost

    def deliver(self, immediate, queued=()):
        """All of it, each once as it comes and, with what failed, once more in
        a queue run."""
        mta.submit(mta.BACKGROUND, immediate)
        self.sendmail.wait_idle()
        mta.submit(mta.QUEUE_ONLY, queued)
        self.sendmail.wait_idle()
        self.sendmail.run_queue()
        self.sendmail.wait_idle()

    def settle(self):
        """Returns when all that happened is in the log and in the truth."""
        self.truth.drain()
        self.log.drain()
