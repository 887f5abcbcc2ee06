# SPDX-License-Identifier: BSD-2-Clause
"""The mail world of a test with Sendmail, see setting.py."""
import os
import shutil

from . import expect, maillog, mta, namespace, setting, world

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = f"include(`/{mta.TELLTLS_M4}')dnl\n"
# As we tell postmasters to write it.
MILTER = ("INPUT_MAIL_FILTER(`telltls', "
          "`S=unix:/run/telltls/milter.sock, F=, T=C:1s;S:1s;R:1s;E:5s')dnl\n")
# Where it matters what the milter saw, and the machine may be slow.
PATIENT_MILTER = MILTER.replace("C:1s;S:1s;R:1s;E:5s", "C:1m;S:1m;R:1m;E:5m")
MILTER_SOCKET = "run/telltls/milter.sock"  # in Sendmail's root
DEBIAN_MC = "include(`/usr/share/sendmail/cf/debian/sendmail.mc')dnl\n"


# What a log without verifymsg= (LogLevel below 12) says of a bad chain.
VERIFYMSG_LEVEL = 12


class Site(setting.Setting):
    mta = "sendmail"

    def __init__(self, place, log_level=9, features=(), rules=RULES, milter=""):
        super().__init__(place)
        self.log_level, self.rules = log_level, rules
        self.sendmail = mta.Sendmail(place.path("root"), place.mta, world.HOST,
                                     world.RESOLVER)
        with open(os.path.join(os.path.dirname(place.src), "etc/sendmail/telltls.m4"),
                  encoding="utf-8") as f:
            self.sendmail.write(mta.TELLTLS_M4, f.read())
        self.milter_socket = self.sendmail.inside(MILTER_SOCKET)
        self.log = maillog.MailLog(self.sendmail.inside("dev/log"), place.path("mail.log"),
                                  place.path("all-lines"))
        self._install_certificates()
        self.said = self.make_cf("sendmail", rules, milter, features)
        self.sendmail.write_map("access", world.access_map())
        self.sendmail.write_map("mailertable", world.mailertable())

    @property
    def told(self):
        """Of sessions and messages, as receiver.py and expect.py call it."""
        by_rules = ("not-offered", "refused", "declined", *expect.NOTABLE)
        return ("ok", "failed") + (by_rules if self.rules else ())

    @staticmethod
    def hop_of(address):
        domain = expect.domain_of(address)
        return world.RELAYED.get(domain, domain).strip("[]")

    @staticmethod
    def why_in_clear(_):
        return "local-policy"

    @staticmethod
    def is_served(row):
        return row.takes_mail and row.talks and not row.access.startswith("TLS_Srv")

    def key(self, session, row, domain):
        """Of the fact that telltls must make of it, see expect.KEY."""
        chain = name = "unknown"
        if session["outcome"] == "ok":
            name, chain = row.match if self.rules else "unknown", "ok"
            if row.cert != "good":
                chain = row.cert if self.log_level >= VERIFYMSG_LEVEL else "bad"
        return (domain, session["mx"], session["ip"], session["outcome"], row.reason, chain, name,
                session["version"], "unknown")

    def rest(self, fact):
        """What else stands in a fact. In a queue run Sendmail does not tell its
        rules the address."""
        told = ("", namespace.CLIENT) if self.rules else ("",)
        return {"level": "", "verdict": [], "helo": "",
                "sending_ip": fact["sending_ip"] if fact["sending_ip"] in told else told}

    def _install_certificates(self):
        """What Debian's starttls.m4 expects."""
        sendmail = self.sendmail
        self.install_authority(sendmail)
        os.makedirs(sendmail.inside("etc/mail/tls"), exist_ok=True)
        for name in ("sendmail-server.crt", "sendmail-client.crt", "sendmail-common.key"):
            shutil.copy(self.certificates.own, sendmail.inside("etc/mail/tls/" + name))
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
        self.send_queued(queued)

    def send_queued(self, messages, ready=lambda: None):
        """They wait for a queue run, which begins when ready() returns."""
        mta.submit(mta.QUEUE_ONLY, messages)
        self.sendmail.wait_idle()
        ready()
        self.sendmail.run_queue()
        self.sendmail.wait_idle()
