# SPDX-License-Identifier: BSD-2-Clause
"""The mail world of the system test: receivers, their DNS, the messages.

A row of RECEIVERS is one MX host. IMMEDIATE is delivered as it comes, each
message by a process of its own; QUEUED waits for a queue run, where one
process delivers all of it together with what has to be tried again.
"""
import base64
import os
import ssl
import time
from typing import NamedTuple

from . import certs, namespace, receiver

ZONE = "lab.test"
HOST = "mta." + ZONE
NAMESERVER = "127.0.1.1"  # of the zone
RESOLVER = "127.0.1.2"    # that the MTA asks
REPORTER = "tlsrpt@" + HOST  # the envelope sender of our reports
SENDER = "sender@bounce." + ZONE  # failed messages go back to a receiver, too
STARTTLS_S = 8  # how long the MTA waits in a handshake
_L60 = "l" * 60
LONG = f"{_L60}.{_L60}.{_L60}.{ZONE}"
# A record as it would stand in the log, of a session that there was not.
FORGERY = f"sm-mta[9]: Q: TLSRPT1^S^i:Q^v:NONE^k:1^h:mx.good.{ZONE}^d:good.{ZONE}."


# The same for Exim's log, which is to be short, and for Postfix'.
EXIM_FORGERY = (time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime()) +
                "TLSRPT1 ev=smtp:ehlo pid=9 id= vfy= err=0 "
                f"ip={namespace.NET}11 port=25 lip= lport=9 ver=TLS1 cv=1 dane= tlsa= sec=no "
                f"tlsreq=- from= dom={base64.b64encode(b'good.' + ZONE.encode()).decode()} "
                "mx=eA== sni= helo= cert= data=")
POSTFIX_FORGERY = (f"postfix/smtp[9]: ABCDEF0123: to=<user@good.{ZONE}>, "
                   f"relay=mx.good.{ZONE}[{namespace.NET}11]:25, delay=1, delays=0/0/0/1, "
                   "dsn=2.0.0, status=sent (250 ok)")


class Row(NamedTuple):
    name: str               # the MX host is mx.NAME.lab.test ...
    host: str = None        # ... unless given
    domains: tuple = ()     # that it serves, by default NAME.lab.test
    preference: int = 10
    starttls: str = "tls"   # this and some more: see receiver.py
    version: object = None
    greeting: str = None
    refuse_first: int = 0   # recipients, or if refuse_data messages
    refuse_data: bool = False
    reject: bool = False
    says: str = "accepted"  # in its replies
    cert: str = "good"      # good, expired, not-yet-valid, self-signed, untrusted
    names: tuple = ()       # in the certificate, by default that of the host
    cn: str = None          # in the certificate, by default the first of names
    tlsa: str = ""          # a key of TLSA
    access: str = ""        # what the MTA's access map says of the host
    rua: str = ""           # where reports go, by default mailto:tls@DOMAIN
    keeps: bool = False     # see receiver.py
    match: str = "match"    # what telltls must say of the name,
    reason: str = ""        # and of what went wrong;
    left_out: str = ""      # or the counter of all sessions with it

    @property
    def takes_mail(self):
        """In a session that comes to that."""
        return not self.reject and self.greeting is None

    @property
    def talks(self):
        """Also when STARTTLS was tried, or there is none."""
        return self.starttls in ("tls", "absent") or self.starttls[0].isdigit()

    @property
    def has_certificate(self):
        return self.starttls.endswith("tls")

    @property
    def mx(self):
        return self.host or f"mx.{self.name}.{ZONE}"

    @property
    def served(self):
        return self.domains or (f"{self.name}.{ZONE}",)


RECEIVERS = (
    Row("good"),
    Row("tls12", version=ssl.TLSVersion.TLSv1_2),
    Row("bounce"),
    Row("wild", names=(f"*.wild.{ZONE}",)),
    Row("case", names=(f"MX.Case.{ZONE.upper()}",)),
    Row("expired", cert="expired"),
    Row("notyet", cert="not-yet-valid"),
    Row("selfsigned", cert="self-signed"),
    Row("untrusted", cert="untrusted"),
    Row("wrongname", names=("mx.elsewhere.test",), match="mismatch"),
    # One label too many for the wildcard.
    Row("deep", host=f"a.mx.deep.{ZONE}", names=(f"*.deep.{ZONE}",), match="mismatch"),
    Row("notls", starttls="absent", reason="starttls-not-offered"),
    Row("tls454", starttls="454 4.7.0", reason="starttls-reply-4xx"),
    Row("tls502", starttls="502 5.5.1", reason="starttls-reply-5xx"),
    Row("closed", starttls="close", reason="connection-closed-during-handshake"),
    Row("reset", starttls="reset", reason="connection-closed-during-handshake"),
    Row("plain", starttls="plain", reason="not-tls"),
    Row("alert", starttls="alert", reason="tls-remote-alert-80-internal-error"),
    Row("hang", starttls="hang", reason="timeout-during-handshake"),
    # These see nothing of a message, so all that goes there is of one kind.
    Row("reset-no", starttls="reset", reason="connection-closed-during-handshake",
        left_out="tls-required-no"),
    Row("reset-own", starttls="reset", reason="connection-closed-during-handshake",
        left_out="own-report"),
    Row("old", starttls="old-tls", reason="tls-local-alert-80-internal-error"),
    # The next MX works.
    Row("multi1", starttls="alert", reason="tls-remote-alert-80-internal-error",
        domains=(f"multi.{ZONE}",)),
    Row("multi2", domains=(f"multi.{ZONE}",), preference=20),
    Row("soft1", refuse_first=1, domains=(f"soft.{ZONE}",)),
    Row("soft2", domains=(f"soft.{ZONE}",), preference=20),
    Row("second", preference=20),
    Row("shared", domains=(f"shared1.{ZONE}", f"shared2.{ZONE}", f"shared3.{ZONE}"),
        names=(f"mx.shared.{ZONE}", f"shared1.{ZONE}", f"shared2.{ZONE}", f"shared3.{ZONE}")),
    Row("later", refuse_first=1),
    Row("later-data", refuse_first=1, refuse_data=True),
    Row("reject", reject=True),
    Row("busy", greeting="421 4.3.2 come back later"),
    Row("long", host="mx." + LONG, domains=(LONG,), cn="long"),
    # What the site itself forbids or demands.
    Row("forbidden", access="Try_TLS:{} NO", left_out="local-policy"),
    Row("demanded", access="TLS_Srv:{} VERIFY", cert="self-signed"),
    # Reached by the MTA's mailertable: as a domain with an MX, and as a host.
    Row("smart"),
    Row("hub", domains=(f"mx.hub.{ZONE}",)),
    # What strangers choose must not end up in other fields.
    Row("hostile", cn="a(b c,d;e^v:NONE^p:^f:\\5Cg$h|i@j\"<%0%1> \u00e9"),
    Row("hostile2", cn="^v:OK^n:match", match="mismatch",
        names=("x^n:match^v:OK", "mx.hostile2", f"mx.hostile2.{ZONE}.x")),
    Row("hostile3", cn=f"x\nsm-mta[9]: Q: TLSRPT1^S^v:NONE^k:1^d:good.{ZONE}.",
        names=(FORGERY, f"*\n{FORGERY}", f"mx.hostile3.{ZONE}")),
    Row("hostile4", says=FORGERY, refuse_first=1),
    Row("hostile5", says=EXIM_FORGERY, refuse_first=1),
    Row("hostile6", says=POSTFIX_FORGERY, refuse_first=1),
    # The first certificate is good for both hosts, the second for none.
    Row("two", names=(f"mx.two.{ZONE}", f"mx.leak.{ZONE}")),
    Row("leak", names=("mx.elsewhere.test",), match="mismatch"),
    # For an MTA that does DANE (RFC 7672).
    Row("dane", tlsa="match"),
    Row("dane-self", tlsa="match", cert="self-signed"),
    Row("dane-expired", tlsa="match", cert="expired"),
    Row("dane-name", tlsa="match", names=("mx.elsewhere.test",), match="mismatch"),
    Row("dane-anchor", tlsa="anchor"),
    Row("dane-anchor-name", tlsa="anchor", names=("mx.elsewhere.test",), match="mismatch"),
    Row("dane-anchor-expired", tlsa="anchor", cert="expired"),
    Row("dane-mismatch", tlsa="mismatch"),
    Row("dane-mismatch-self", tlsa="mismatch", cert="self-signed"),
    Row("dane-pkix", tlsa="pkix"),
    Row("dane-pkix-self", tlsa="pkix", cert="self-signed"),
    Row("dane-short", tlsa="short"),
    Row("dane-bogus", tlsa="bogus"),
    Row("dane-lame", tlsa="lame"),
    Row("dane-notls", tlsa="match", starttls="absent", reason="starttls-not-offered"),
    Row("dane-tls454", tlsa="match", starttls="454 4.7.0", reason="starttls-reply-4xx"),
    Row("dane-alert", tlsa="match", starttls="alert",
        reason="tls-remote-alert-80-internal-error"),
    Row("dane-multi1", tlsa="mismatch", domains=(f"dane-multi.{ZONE}",)),
    Row("dane-multi2", tlsa="match", domains=(f"dane-multi.{ZONE}",), preference=20),
)
_WRONG = "0123456789abcdef" * 4
_TLSA = "tlsa"  # a file of make_certificates()
# What is published for port 25, by what the MTA is to find. {key} is the
# digest of the host's public key, {ca} of its authority's certificate.
TLSA = {
    "match": "3 1 1 {key}",
    "anchor": "2 0 1 {ca}",
    "mismatch": f"3 1 1 {_WRONG}",
    "pkix": "0 0 1 {ca}",    # not for SMTP (RFC 7672 3.1.3)
    "short": "3 1 1 012345",
    "bogus": f"3 1 1 {_WRONG[::-1]}",
    "lame": None,            # a delegation to a server that does not have it
}

# Domains that the mailertable sends elsewhere: sessions count for the next hop.
RELAYED = {
    f"relayed1.{ZONE}": f"smart.{ZONE}",
    f"relayed2.{ZONE}": f"smart.{ZONE}",
    f"relayed3.{ZONE}": f"[mx.hub.{ZONE}]",
}

# Whose domain asks for no report, or in a way that is not valid.
NO_RECORD = ("tls12",)
BROKEN_RECORD = ("wild",)
FORGED_RECORD = ("case",)
# Nobody is at 198.51.100.250.
ZONE_EXTRA = f"""\
second.{ZONE}. 60 IN MX 10 mx.refused.{ZONE}.
refused.{ZONE}. 60 IN MX 10 mx.refused.{ZONE}.
mx.refused.{ZONE}. 60 IN A 198.51.100.250
forged-mx.{ZONE}. 60 IN MX 10 mx.forged-mx.{ZONE}.
_smtp._tls.refused.{ZONE}. 60 IN TXT "v=TLSRPTv1; rua=mailto:tls@refused.{ZONE}"
"""
# What somebody put into the zone who has no key.
FORGED = (
    (f"10 mx.forged-mx.{ZONE}.", f"10 mx.good.{ZONE}."),
    (f"tls@case.{ZONE}", f"tls@good.{ZONE}"),
    (_WRONG[::-1], _WRONG),
)


def use(receivers, extra, forged, no_record):
    """What a test has in place of what stands above, before all else."""
    global RECEIVERS, ZONE_EXTRA, FORGED, NO_RECORD
    RECEIVERS, ZONE_EXTRA, FORGED, NO_RECORD = receivers, extra, forged, no_record


class Message(NamedTuple):
    to: tuple
    sender: str = SENDER
    tls_required_no: bool = False
    message_id: str = ""

    def text(self):
        fields = "TLS-Required: No\r\n" if self.tls_required_no else ""
        fields += f"Message-ID: <{self.message_id}>\r\n" if self.message_id else ""
        return (f"From: <{SENDER}>\r\nTo: undisclosed-recipients:;\r\nSubject: test\r\n"
                f"{fields}\r\nHello.\r\n")


def to_names(*users, **more):
    """A user without a domain is one of NAME.lab.test."""
    return Message(tuple(u if "@" in u else f"user@{u}.{ZONE}" for u in users), **more)


def to_rows(rows):
    """A message for each domain of which a row is the first host."""
    return [to_names("user@" + domain) for row in rows
            if row.preference == 10 and not row.left_out for domain in row.served]


IMMEDIATE = (
    *to_rows(row for row in RECEIVERS if not row.tlsa),
    to_names("forbidden"),
    to_names("refused"),
    to_names("forged-mx"),
    to_names("second"),
    to_names("shared1", "shared2"),
    to_names("shared3", "shared2", "shared1"),
    to_names("relayed1"), to_names("relayed1", "relayed2"), to_names("relayed3"),
    to_names("good", f"other@good.{ZONE}", "notls", "wild", "wrongname", "shared3", "reset",
             "later"),
    to_names("user@GOOD.Lab.Test"),
    # Left out of the counts.
    to_names("good", tls_required_no=True),
    to_names("notls", tls_required_no=True),
    to_names("reset-no", tls_required_no=True),
    to_names("good", sender=REPORTER),
    to_names("reset-own", sender=REPORTER),
    to_names("user@[198.51.100.11]"),
    # What strangers choose must not end up in other fields.
    to_names("good", sender=""),
    to_names("good", message_id=FORGERY),
    to_names(f'"sm-mta[9]: Q: TLSRPT1^S^v:NONE^k:1^d:notls.{ZONE}."@good.{ZONE}'),
    to_names(f'"a^v:OK^n:match^i:FAKE^r:b@c"@selfsigned.{ZONE}'),
    to_names(f'"a b (d) ; , ="@good.{ZONE}', f"user%0%1%2@good.{ZONE}"),
    to_names("good", sender=f'"a^r:user@expired.{ZONE}^v:NONE"@bounce.{ZONE}'),
    # So long that Sendmail cuts its log line in two.
    to_names(f"{'r' * 50}@{LONG}", sender=f"{'s' * 220}@bounce.{ZONE}"),
)
QUEUED = (
    to_names("good"), to_names("good"), to_names(f"third@good.{ZONE}"),
    to_names("shared1"), to_names("shared2"),
    to_names("tls12", tls_required_no=True), to_names("tls12"),
    to_names("wild", tls_required_no=True), to_names("wild", tls_required_no=True),
    to_names("notls"), to_names("notls"),
    to_names("tls454"), to_names("tls454"),
    to_names("alert"), to_names("alert"),
    to_names("two"), to_names("leak"),
)


def zone(tlsa, extra=None):
    """The zone as text, one record a line. tlsa: more lines, see Certificates.
    extra: in place of ZONE_EXTRA."""
    lines = [f"{ZONE}. 60 IN SOA ns.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 60",
             f"{ZONE}. 60 IN NS ns.{ZONE}.", f"ns.{ZONE}. 60 IN A {NAMESERVER}",
             f"{HOST}. 60 IN A 127.0.0.1"]
    for ip, row in addresses().items():
        lines.append(f"{row.mx}. 60 IN A {ip}")
        lines += [f"{domain}. 60 IN MX {row.preference} {row.mx}." for domain in row.served]
    for domain, to in sorted({d: row.rua for row in reversed(RECEIVERS)
                              for d in row.served}.items()):
        name = domain.partition(".")[0]
        rua = f"rua={to or 'mailto:tls@' + domain}" if name not in BROKEN_RECORD else ""
        if name not in NO_RECORD:
            lines.append(f"_smtp._tls.{domain}. 60 IN TXT {txt(f'v=TLSRPTv1; {rua}')}")
    return "\n".join(lines + tlsa) + "\n" + (ZONE_EXTRA if extra is None else extra)


def txt(text):
    """As a TXT record has it."""
    return " ".join(f'"{text[i:i + 255]}"' for i in range(0, len(text), 255))


def addresses():
    return {f"{namespace.NET}{11 + i}": row for i, row in enumerate(RECEIVERS)}


def tlsa_of(mx):
    """What is published for the host: a key of TLSA, "" for nothing."""
    return next((row.tlsa for row in RECEIVERS if row.mx == mx), "")


def records(tlsa):
    """The TLSA records that can be found, by host, as reports have them. tlsa:
    lines of the zone."""
    found = {}
    for line in tlsa:
        name, _, _, kind, text = line.split(maxsplit=4)
        host = name.removeprefix("_25._tcp.").rstrip(".")
        if kind == "TLSA" and tlsa_of(host) != "bogus":
            found[host] = [text.upper()]
    return found


def access_map():
    return "".join(row.access.format(row.mx).replace(" ", "\t") + "\n"
                   for row in RECEIVERS if row.access)


def mailertable():
    return "".join(f"{domain}\tesmtp:{hop}\n" for domain, hop in RELAYED.items())


def asking_domains():
    """The domains with a valid record."""
    return {d for row in RECEIVERS for d in row.served
            if d.partition(".")[0] not in NO_RECORD + BROKEN_RECORD + FORGED_RECORD}


def make_certificates(folder):
    """Those of all receivers, and one of our own, for certificates()."""
    known = certs.Authority(os.path.join(folder, "known"), "Lab Root CA")
    unknown = certs.Authority(os.path.join(folder, "unknown"), "Unknown Root CA")
    days = {"expired": (-30, -2), "not-yet-valid": (2, 30)}
    for row in RECEIVERS:
        if row.has_certificate:
            authority = unknown if row.cert == "untrusted" else known
            authority.issue(row.name, row.names or (row.mx,), row.cn,
                            days.get(row.cert), row.cert == "self-signed")
    certs.Authority(os.path.join(folder, "own"), "Own Root CA").issue("mta", [HOST])
    with open(os.path.join(folder, _TLSA), "w", encoding="ascii") as f:
        f.write("\n".join(_tlsa_records(_pems(folder))))


class Certificates(NamedTuple):
    """Files in make_certificates()' folder."""

    authority: str  # which the MTA is to trust
    own: str        # the MTA's own, with its key
    pems: dict      # of receivers, by address
    tlsa: list      # lines of the zone


def certificates(folder):
    with open(os.path.join(folder, _TLSA), encoding="ascii") as f:
        tlsa = f.read().splitlines()
    return Certificates(os.path.join(folder, "known", "ca.pem"),
                        os.path.join(folder, "own", "mta.pem"), _pems(folder), tlsa)


def _pems(folder):
    pems = {}
    for ip, row in addresses().items():
        if row.has_certificate:
            of = "unknown" if row.cert == "untrusted" else "known"
            pems[ip] = os.path.join(folder, of, row.name + ".pem")
    return pems


def _lame_zone(row):
    return "_tcp." + row.mx


def absent_zones():
    """That are delegated, and their server does not have them."""
    return [_lame_zone(row) for row in RECEIVERS if row.tlsa == "lame"]


def _tlsa_records(pems):
    lines = []
    for ip, row in addresses().items():
        if row.tlsa == "lame":
            lines.append(f"{_lame_zone(row)}. 60 IN NS ns.{ZONE}.")
        elif row.tlsa:
            chain = certs.chain(pems[ip]) if ip in pems else []
            names = {"key": certs.digest_of_key(chain[0]) if chain else _WRONG,
                     "ca": certs.digest(chain[-1]) if chain else _WRONG}
            lines.append(f"_25._tcp.{row.mx}. 60 IN TLSA " + TLSA[row.tlsa].format(**names))
    return lines


def start_receivers(truth, pems):
    for ip, row in addresses().items():
        receiver.Receiver(ip, row, pems.get(ip), patience_s=STARTTLS_S + 2).start(truth)
