# SPDX-License-Identifier: BSD-2-Clause
"""The mail world of a test with Postfix, see setting.py."""
import os
import shutil

from . import daemon, maillog, mta, postfix, setting, world
from .setting import Finding

_USABLE = ("match", "anchor", "mismatch")
_UNKNOWN = ("bogus", "lame")
_VERIFIED = {"type": "", "result": "success", "reason": "verified"}
# What we ship, and where it is installed. The first two are lines for main.cf.
_LINES = ("telltls.cf", "telltls-milter.cf")
_SHIPPED = "usr/share/telltls/postfix/"
HEADER_CHECKS = {"header_checks": f"regexp:/{_SHIPPED}telltls_header_checks"}


class PostfixSite(setting.Setting):
    """level: by smtp_tls_policy_maps, for all domains that have none of their
    own in levels. is_traditional: see maillog.py. parameters: of main.cf."""

    mta = "postfix"
    milter_conf = "  group: postfix\n"
    groups = {"postfix": postfix.GROUP}

    def __init__(self, place, level, levels=(), is_traditional=False, **parameters):
        super().__init__(place)
        self._level, self._levels = level, dict(levels)
        self.told = ("ok", "failed", "not-offered", "refused", "declined", "own-report")
        if parameters.keys() >= HEADER_CHECKS.keys():
            self.told += ("tls-required-no",)
        self.server = postfix.Postfix(place.path("root"), place.mta, world.HOST, world.RESOLVER)
        self.milter_socket = self.server.inside(postfix.QUEUE + "/telltls/milter.sock")
        self.install_authority(self.server)
        os.makedirs(self.server.inside("etc/ssl/private"))
        for name in ("certs/ssl-cert-snakeoil.pem", "private/ssl-cert-snakeoil.key"):
            shutil.copy(self.certificates.own, self.server.inside("etc/ssl/" + name))
        self.log = maillog.MailLog(self.server.inside("dev/log"), place.path("mail.log"),
                                  place.path("all-lines"), is_traditional=is_traditional)
        self.server.write_map("tls_policy", "".join(
            f"{domain} {level}\n" for domain, level in (("." + world.ZONE, level), *levels)))
        self._follow_manual()
        self.server.configure(smtp_dns_support_level="dnssec",
                               smtp_tls_policy_maps="hash:/etc/postfix/tls_policy",
                               smtp_starttls_timeout=f"{world.STARTTLS_S}s", **parameters)

    def _follow_manual(self):
        shutil.copytree(os.path.join(os.path.dirname(self.place.src), "etc/postfix"),
                        self.server.inside(_SHIPPED))
        self.server.run("sh", "-c", " ".join(
            ("cat", *(f"/{_SHIPPED}{name}" for name in _LINES), ">>/etc/postfix/main.cf")))
        folder = os.path.dirname(self.milter_socket)
        os.mkdir(folder)
        os.chown(folder, daemon.UID, postfix.GROUP)
        os.chmod(folder, 0o750)

    def send(self, messages):
        """Each is delivered as it comes."""
        mta.submit(mta.BACKGROUND, messages)
        self.server.wait_idle()
        self.note_sent(messages)

    def send_local(self, messages):
        """So does a program of this host."""
        for message in messages:
            self.server.sendmail(message)
        self.server.wait_idle()
        self.note_sent(messages)

    def send_queued(self, messages, ready=lambda: None):
        """They wait for a queue run, which begins when ready() returns and tries
        all again that failed."""
        mta.submit(mta.QUEUE_ONLY, messages)
        self.server.wait_idle()
        ready()
        self.server.run_queue(self.log)
        self.note_sent(messages, True)

    def level(self, domain):
        return self._levels.get(domain, self._level)

    def _find(self, row, domain):
        level, is_chain = self.level(domain), row.cert == "good"
        if level.startswith("dane") and row.tlsa in _USABLE:
            if row.tlsa == "match" or row.tlsa == "anchor" and is_chain and row.match == "match":
                return Finding(True)
            if row.tlsa == "mismatch":
                return Finding(False, dane="mismatch")
            return Finding(False, name="mismatch") if is_chain else Finding(False, row.cert)
        if level == "secure":
            # smtp_tls_secure_cert_match is about the next hop, not its host.
            names = ("." + name.lower() for name in row.names or (row.mx,))
            if is_chain and any(name.endswith("." + domain) for name in names):
                return Finding(True)
            return Finding(False, name="mismatch") if is_chain else Finding(False, row.cert)
        is_unusable = level.startswith("dane") and row.tlsa == "short"
        return Finding(True, "ok" if is_chain else "bad",
                       dane="unusable" if is_unusable else "unknown")

    def _gives_up(self, row, domain):
        """Before it talks to the host; why, in two words of a fact."""
        if self.level(domain).startswith("dane") and row.tlsa in _UNKNOWN:
            return "tlsa-lookup-failed", "lookup-failed"
        if self.level(domain) == "dane-only" and row.tlsa not in _USABLE:
            return "", "required-missing"
        return None

    def _demands(self, row, domain):
        """Must there be TLS?"""
        level = self.level(domain)
        return level not in ("none", "may", "dane") or level == "dane" and row.tlsa in _USABLE

    def why_in_clear(self, domain):
        return "local-policy" if self.level(domain) == "none" else "clear-retry"

    def is_served(self, row):
        domain = row.served[0]
        if self._gives_up(row, domain):
            return False
        if row.starttls == "tls" or row.starttls == "old-tls" and self.level(domain) != "secure":
            return row.takes_mail and self._find(row, domain).is_good
        return row.talks and row.takes_mail and not self._demands(row, domain)

    def is_bounced(self, row):
        return row.starttls.startswith("5") and self._demands(row, row.served[0])

    def key(self, session, row, domain):
        outcome, reason = session["outcome"], row.reason
        found = Finding(True)
        if outcome == "ok":
            found, reason = self._find(row, domain), ""
        elif outcome in ("not-offered", "refused") and not self._demands(row, domain):
            # Postfix logs the same, nothing, where it goes on in clear.
            outcome, reason = "not-offered", "starttls-not-offered-or-refused"
        elif outcome == "refused":
            reason = f"starttls-reply-{row.starttls[:3]}"
        return (domain, session["mx"], session["ip"], outcome, reason, found.chain,
                found.name, session["version"], found.dane)

    def given_up(self):
        facts = {}
        for row in world.RECEIVERS:
            for domain in row.served:
                if why := self._gives_up(row, domain):
                    facts[(domain, row.mx, "", "no-session", why[0], "unknown", "unknown", "",
                           why[1])] = self.tries(domain)
        return facts

    def rest(self, fact):
        verdict = []
        if fact["tls"] == "ok" and {fact["chain"], fact["name"], fact["dane"]} == {"unknown"}:
            verdict = [_VERIFIED]
        return {"level": "", "verdict": verdict, "helo": "", "sending_ip": ""}
