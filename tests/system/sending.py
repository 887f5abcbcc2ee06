#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""System test: the whole path, from sessions to reports that have arrived.

Sendmail, Exim and Postfix, each in namespaces of its own, deliver mail on one
day. The day is sealed, and its reports go out: by mail, through the same MTA,
to receivers that keep it, and by HTTPS to nginx and to servers that behave
badly. A stranger verifies the signatures, and another reads from what arrived
the counts that the receivers saw. What brought reports is no part of the next
day. For what it needs see lab/stage.py.
"""
import email
import email.policy
import functools
import gzip
import json
import os
import sys
import time
from collections import Counter
from typing import NamedTuple

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import (checks, command, ends, expect, packages, signing, site, stage,  # noqa: E402
                 targets, world)
from lab.daemon import Daemon, UID  # noqa: E402
from lab.exim_site import EximSite  # noqa: E402
from lab.postfix_site import PostfixSite  # noqa: E402
from lab.telltls import Telltls  # noqa: E402

LIMIT_S = 200
ZONE = world.ZONE
SENDER = expect.domain_of(world.REPORTER)
DELIMITER = "+"
LOST = f"mailto:nobody@reject.{ZONE}"


def _rua(*names):
    """A name without "@" is one of nginx's paths, or a server of targets.py."""
    return ",".join(f"mailto:{x}.{ZONE}" if "@" in x else
                    targets.BY_NAME[x].url if x in targets.BY_NAME else
                    f"https://{targets.GOOD}/tls/{x}" for x in names)


# Who is delivered to and wants reports, and where these go: also to hosts without
# TLS, with TLS that is no good, and to one that does not want them.
RUA = {
    "good": _rua("tls@good", "good"),
    "tls12": _rua("tls@tls12"),
    "notls": _rua("tls@notls", "notls"),
    "expired": _rua("tls@expired", "nobody@reject", "closes", "untrusted"),
    "wrongname": _rua("tls@wrongname"),
    "dane": _rua("tls@dane"),
    "dane-mismatch": _rua("tls@dane"),
    "alert": _rua("alert@good", *(x for x in targets.BY_NAME if x not in ("closes", "untrusted"))),
}
OTHERS = ("bounce", "reject")
ROWS = tuple(row._replace(rua=RUA.get(row.name, ""), keeps=True) for row in world.RECEIVERS
             if row.name in (*RUA, *OTHERS))
FIRST = (world.to_names("good"),)  # the MTA shows how much it logs
MESSAGES = (*map(world.to_names, RUA), *map(world.to_names, ("good", "good", "notls", "alert")),
            world.to_names("good", "tls12", "expired"),
            world.to_names("good", tls_required_no=True))
LATER = (world.to_names("good"), world.to_names("tls12"))  # on the next day
world.use(ROWS, targets.zone(True), (), OTHERS)
_MORE = """\
recipient-delimiter: "{delimiter}"
mail:
  via: {via}
  command: {command}
  server: 127.0.0.1:25
https:
  verify: require
  ca-file: {roots}
  timeout: 8s
"""


class Arrived(NamedTuple):
    """A report, as a stranger reads it."""

    to: str        # as a record names it
    sender: str    # of its envelope; "" by HTTPS
    domain: str    # it is about
    data: bytes    # the mail, or ""
    body: bytes    # as it was compressed

    @property
    def report(self):
        return json.loads(gzip.decompress(self.body))


def _of_mail(to, sender, data):
    mail = email.message_from_bytes(data, policy=email.policy.default)
    body, = (part.get_content() for part in mail.walk()
             if part.get_content_type() == "application/tlsrpt+gzip")
    return Arrived("mailto:" + to, sender, mail["TLS-Report-Domain"], data, body)


def _of_post(url, body):
    report = json.loads(gzip.decompress(body))
    domain, = {policy["policy"]["policy-domain"] for policy in report["policies"]}
    return Arrived(url, "", domain, b"", body)


class Run:
    """One site: its MTA, telltls, and who takes reports."""

    def __init__(self, place, mail, server, *sendmail_command):
        self.place, self.mail, self.server = place, mail, server
        self.keys = place.path("keys")
        signing.make_keys(self.keys, UID)
        self._records = "".join(f"{name}. 60 IN TXT {world.txt(text)}\n"
                                for name, text in signing.records(self.keys, SENDER))
        self.publish(True)
        self.targets = targets.Targets(place.path("web"), place.web, place.pki)
        self.command = place.path("sendmail")
        command.make(self.command, server, sendmail_command, UID)
        self.daemon = Daemon(mail, more=self.configuration("sendmail"))
        self.messages = ()
        self.first = self.plain = None  # what was seen on the first day; by the log alone

    def publish(self, is_first):
        self.mail.dns.change(world.zone(self.mail.certificates.tlsa,
                                        targets.zone(is_first) + self._records))

    def configuration(self, via):
        return signing.configuration(self.keys) + _MORE.format(
            delimiter=DELIMITER, via=via, command=self.command,
            roots=targets.roots(self.place.pki))

    def settle(self):
        self.server.wait_idle()
        self.mail.settle()

    def deliver(self, messages):
        self.mail.send_queued(messages)
        self.messages += messages
        self.settle()

    def day_one(self):
        self.daemon.start()
        self.server.start()
        self.deliver(FIRST)
        self.deliver(MESSAGES)
        self.daemon.wait_read()
        self.first = expect.seen(self.mail, int(time.time()), expect.NOTABLE)
        self.plain = expect.seen(self.mail, self.first.end)

    # --- what is sent ---

    def mails(self):
        return [_of_mail(to, message["from"], message["text"].encode("utf-8", "surrogateescape"))
                for session in self.mail.truth.read() for message in session["sent"]
                if expect.is_own(message["from"]) and message["taken"] for to in message["taken"]]

    def arrived(self):
        """All that has arrived, with tries by HTTPS whatever was said to them."""
        return self.mails() + [_of_post(url, body) for url, _, body in self.targets.requests()]

    @staticmethod
    def items(telltls):
        """What the outbox says of destinations, by (domain, destination)."""
        found = {}
        for name in RUA:
            out = telltls.run("tool/telltls", "outbox", "--json", "--domain", f"{name}.{ZONE}")
            for item in map(json.loads, out.splitlines()):
                if item["kind"] == "item":
                    found[item["domain"], item["destination"]] = item
        return found

    def send(self, telltls, good=(0,)):
        telltls.run("reporter/telltls-report", "--verbose", "--now", good=good)
        self.settle()


# --- checks ---------------------------------------------------------------------


def _destinations(one, counted):
    """(domain, destination) of all reports about these sessions."""
    return {(domain, to) for domain in expect.reports(one.mail, counted)
            for to in RUA[domain.partition(".")[0]].split(",")}


def _state_of(to, is_first):
    """(state, answer) that must stand in the outbox; "" for any answer."""
    for bad in targets.BAD:
        if to == bad.url:
            return (bad.state, bad.said) if is_first else (bad.end, "")
    if to == LOST and not is_first:
        return "bounced", ""
    return "sent", "http 201" if to.startswith("https:") else ""


def check_outbox(tap, one, is_first):
    items = one.items(one.daemon)
    want = {key: _state_of(key[1], is_first) for key in _destinations(one, one.first.counted)}
    got = {key: (item["state"], item["answer"] if want.get(key, ("", ""))[1] else "")
           for key, item in items.items()}
    tap.check(f"the outbox knows what became of {len(want)} destinations, "
              f"{'at first' if is_first else 'in the end'}",
              *stage.unequal("destination", got, want))
    return items


def check_enabled(tap, one):
    """Nothing leaves before."""
    one.send(one.daemon)
    tap.check("nothing leaves before telltls enable", *one.arrived(),
              *(item for item in one.items(one.daemon).values() if item["tries"]))
    out = one.daemon.run("tool/telltls", "enable", "--yes")
    tap.check("telltls enable shows what will go where", *(
        text for text in ("mailto:tls@good", "To destinations", "Sending is enabled")
        if text not in out))


def check_first(tap, one):
    """The first try, while servers are bad."""
    one.send(one.daemon)
    items = check_outbox(tap, one, True)
    busy = next((item for (_, to), item in items.items()
                 if to == targets.BY_NAME["busy"].url), None)
    tap.check("Retry-After is honoured", *([] if busy and targets.RETRY_AFTER_S <= _wait(
        busy) <= targets.RETRY_AFTER_S + 60 else [busy]))
    huge = one.targets.servers["huge"].sent
    tap.check("of an answer of 1 GB hardly any is read", *([huge] if huge > 16 << 20 else []))


def _wait(item):
    """From the last try to the next, in seconds."""
    return item["next-try"] - item["last-try"]


def check_second(tap, one):
    """Servers are good now, a mail has come back, and names lead elsewhere."""
    one.daemon.wait_read()
    bounces = os.path.join(one.daemon.state, "outbox", "bounces")
    one.daemon.wait(lambda: os.path.exists(bounces), "it does not see that a report came back")
    one.targets.mend()
    one.publish(False)
    one.send(one.daemon)
    check_outbox(tap, one, False)
    tap.check("each server got what it was to get, and nothing else did",
              *stage.unequal("server", {name: len(server.requests) for name, server in
                                        one.targets.servers.items()},
                             {bad.name: bad.requests for bad in targets.BAD}),
              *(["the loopback was connected to"] if one.targets.servers["inside"].connections
                else []))


def check_first_day(tap, one):
    """All that has arrived so far. What was tried twice by HTTPS is the same."""
    arrived = Counter(one.arrived())
    tries = {bad.url: bad.requests for bad in targets.BAD}
    want = {(domain, to): tries.get(to, 1) for domain, to in _destinations(one, one.first.counted)
            if to != LOST and tries.get(to, 1)}
    tap.check(f"{len(want)} reports have arrived, each once, or at a new try with the same bytes",
              *stage.unequal("destination", {(x.domain, x.to): n for x, n in arrived.items()},
                             want),
              *([] if len(arrived) == len(want) else ["not the same bytes"]))
    tap.check("what comes by HTTPS is said to be a report", *(
        kind for _, kind, _ in one.targets.requests() if kind != "application/tlsrpt+gzip"))
    check_read(tap, one, one.daemon, one.first.counted, list(arrived))


def check_read(tap, one, telltls, counted, arrived):
    """What strangers make of it."""
    tap.check("each report is the same for all of its destinations", *(
        x.to for x in arrived
        if x.report != next(y for y in arrived if x.domain == y.domain).report))
    tap.check(f"in them stand the {sum(counted.values())} sessions that the receivers saw",
              *stage.unequal("domain", checks.report_results(
                  {x.domain: x.report for x in arrived}.items()),
                  expect.reports(one.mail, counted)))
    files = _write(one.place.path("arrived." + telltls.name), arrived)
    checks.check_files(tap, telltls, files)
    mails = [path for path in files if path.endswith(".eml")]
    tap.check(f"{len(mails)} mails have two good signatures",
              *([] if mails else ["no mails"]), *signing.verify(one.mail.dns, SENDER, mails))
    senders = Counter(x.sender for x in arrived if x.data)
    begin = world.REPORTER.partition("@")[0] + DELIMITER
    tap.check("each mail has an envelope sender of its own",
              *(x for x, n in senders.items() if n != 1 or not x.startswith(begin)))


def _write(folder, arrived):
    os.mkdir(folder)
    files = []
    for i, one in enumerate(arrived):
        files.append(os.path.join(folder, f"{i}.{'eml' if one.data else 'json.gz'}"))
        with open(files[-1], "wb") as f:
            f.write(one.data or one.body)
    return files


def check_next_day(tap, one, n_lines):
    """What is in the log behind so many lines, as a day of its own: reports were
    brought, and there was some other mail."""
    one.deliver(LATER)
    end = int(time.time())
    seen = expect.seen(one.mail, end)
    own = seen.left_out["own-report"] - one.plain.left_out["own-report"]
    seen = expect.Seen(seen.counted - one.plain.counted, seen.left_out - one.plain.left_out, end)
    tap.check("reports were brought in sessions", *([] if own > 0 else [seen]))
    with open(one.place.path("later.log"), "w", encoding="utf-8", errors="surrogateescape") as f:
        with open(one.mail.log.path, encoding="utf-8", errors="surrogateescape") as log:
            f.writelines(log.readlines()[n_lines:])
    later = Telltls(one.mail, "later", one.configuration("smtp"))
    later.replay(one.place.path("later.log"))
    checks.check_facts(tap, one.mail, later, seen, "on the next day")
    got = later.counters()
    tap.check(f"{own} sessions that brought reports are left out", *stage.unequal(
        "counter", {k: got.get(k, 0) for k in seen.left_out}, seen.left_out))
    before = len(one.mails()), one.targets.requests()
    later.run("tool/telltls", "enable", "--yes")
    one.send(later)
    mails = one.mails()[before[0]:]
    posts = Counter(one.targets.requests()) - Counter(before[1])
    arrived = mails + [_of_post(url, body) for url, _, body in posts.elements()]
    # Servers are good by now.
    away = {bad.url for bad in targets.BAD if bad.end == "waiting"}
    want = {(domain, to) for domain, to in _destinations(one, seen.counted) if to not in away}
    tap.check(f"{len(want)} reports of the next day have arrived, handed over by SMTP",
              *stage.unequal("destination", Counter((x.domain, x.to) for x in arrived),
                             dict.fromkeys(want, 1)))
    check_read(tap, one, later, seen.counted, arrived)


def check_first_state(tap, one):
    """What the daemon made of it all, whose day was sealed before reports went
    out: too late is what is none of them."""
    one.mail.settle()
    one.daemon.replay(one.mail.log.path)
    seen = expect.seen(one.mail, int(time.time()), expect.NOTABLE)
    checks.check_facts(tap, one.mail, one.daemon, one.first, "and no other, in the end")
    got = one.daemon.counters()
    want = {"sessions": seen.n_counted, "late": seen.n_counted - one.first.n_counted,
            **seen.left_out}
    tap.check("what brought reports is left out, and not too late",
              *stage.unequal("counter", {k: got.get(k, 0) for k in want}, want))


def run(tap, place, site_of):
    one = Run(place, *site_of(place))
    one.day_one()
    checks.check_mail(tap, one.mail, one.messages)
    n_lines = one.mail.log.n_lines
    ends.check_stop(tap, one.daemon)
    one.daemon.replay(one.mail.log.path)
    checks.check_facts(tap, one.mail, one.daemon, one.first)
    checks.check_sealed(tap, one.daemon)
    one.daemon.start()
    check_enabled(tap, one)
    check_first(tap, one)
    check_second(tap, one)
    check_first_day(tap, one)
    check_next_day(tap, one, n_lines)
    one.daemon.wait_read()
    ends.check_stop(tap, one.daemon)
    one.server.stop()
    check_first_state(tap, one)


def sendmail(place):
    mail = site.Site(place, milter=site.PATIENT_MILTER)
    return mail, mail.sendmail, "/usr/libexec/sendmail/sendmail", "-C/etc/mail/sendmail.cf"


def exim(place):
    mail = EximSite(place, split=True)
    return mail, mail.server, "/usr/sbin/sendmail"


def postfix(place):
    mail = PostfixSite(place, "dane")
    return mail, mail.server, "/usr/sbin/sendmail"


WORLDS = {
    "Sendmail": functools.partial(run, site_of=sendmail),
    "Exim": functools.partial(run, site_of=exim),
    "Postfix": functools.partial(run, site_of=postfix),
}
MTAS = {"Sendmail": packages.SENDMAIL, "Exim": packages.EXIM, "Postfix": packages.POSTFIX}


def make_certificates(folder):
    world.make_certificates(folder)
    targets.make_certificates(folder)


if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S, MTAS, packages.WEB, make_certificates))
