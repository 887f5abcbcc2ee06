#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two sites that report to each other for three simulated days (R50, R51): the
sessions that carried reports are in their logs, as each MTA writes them, and
the number of mails stays what it is. Speaks TAP; $TESTS_BIN is the top of the
build.
"""
import base64
import email
import glob
import gzip
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import reporter_site  # noqa: E402
from reporter_site import PROGRAM, Failed, equal, holds, run_all  # noqa: E402

TOOL = os.path.join(reporter_site.BIN, "tool", "telltls")
DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")
QUIET = "2026-11-23"            # nobody writes a mail but the reporters
ORDINARY = 5                    # mails a day from one site to the other
LIMIT_S = 60
ADDRESS = {"a.example": "192.0.2.1", "b.example": "192.0.2.2"}


class Sendmail:
    """With our rules."""

    @staticmethod
    def mail(n, day, sender, rcpt):
        domain = rcpt.split("@")[1]
        qid, mx, ip = "6AMBWYfV%06d" % n, "mx." + domain, ADDRESS[domain]
        tail = "^h:%s^d:%s.^s:%s^r:%s" % (mx, domain, sender, rcpt)
        tls = "^v:OK^p:TLSv1.3"
        return ["%sT10:%02d:%02dZ mta sm-mta[%d]: %s\n" % (
            day, n // 60 % 60, n % 60, n + 1, text) for text in (
                "%s: from=<%s>, size=80, class=0, nrcpts=1, "
                "msgid=<%d@mta>, proto=ESMTP, daemon=MTA-v4, relay=localhost "
                "[127.0.0.1]" % (qid, sender, n),
                "%s: TLSRPT1^T^i:%s^a:%s^q:%s" % (qid, qid, ip, tail),
                "STARTTLS=client, relay=%s., version=TLSv1.3, verify=OK, "
                "cipher=TLS_AES_256_GCM_SHA384, bits=256/256" % mx,
                "%s: TLSRPT1^S^i:%s%s^c:TLS_AES_256_GCM_SHA384^b:256^n:match"
                "^a:%s^f:C8:30^o:^q:^k:1%s^cn:%s^ci:CA" % (
                    qid, qid, tls, ip, tail, mx),
                "%s: TLSRPT1^R^i:%s%s^a:%s^q:%s" % (qid, qid, tls, ip, tail),
                "%s: to=<%s>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, "
                "pri=30080, relay=%s. [%s], dsn=2.0.0, stat=Sent (ok)" % (
                    qid, rcpt, mx, ip))]


class Postfix:
    @staticmethod
    def mail(n, day, sender, rcpt):
        domain = rcpt.split("@")[1]
        qid = "4D%09X" % n
        peer = "mx.%s[%s]:25" % (domain, ADDRESS[domain])
        return ["%sT10:%02d:%02dZ mta postfix/%s[%d]: %s\n" % (
            day, n // 60 % 60, n % 60, service, n + 1, text)
            for service, text in (
                ("cleanup", "%s: message-id=<%d@mta>" % (qid, n)),
                ("qmgr", "%s: from=<%s>, size=400, nrcpt=1 (queue active)" %
                 (qid, sender)),
                ("smtp", "Verified TLS connection established to %s: TLSv1.3 "
                 "with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)" % peer),
                ("smtp", "%s: to=<%s>, relay=%s, delay=0.07, "
                 "delays=0.03/0.03/0.02/0, dsn=2.0.0, status=sent (250 2.0.0 "
                 "ok)" % (qid, rcpt, peer)),
                ("qmgr", "%s: removed" % qid))]


class Exim:
    """With our ACL."""

    @staticmethod
    def mail(n, day, sender, rcpt):
        def coded(text):
            return base64.b64encode(text.encode()).decode()

        domain = rcpt.split("@")[1]
        qid, mx, ip = "1xWa5b-%06d-AA" % n, "mx." + domain, ADDRESS[domain]
        record = ("TLSRPT1 ev=%%s pid=%d id=%s vfy= err=0 ip=%s port=25 "
                  "lip=%%s lport=%%d ver=TLS1.3 cv=%%d dane=no tlsa=0 sec=no "
                  "tlsreq=- from=%s dom=%s mx=%s sni= helo=%%s cert= data=" % (
                      n + 1, qid, ip, coded(sender), coded(domain),
                      coded(mx)))
        return ["%s 10:%02d:%02d %s %s\n" % (
            day, n // 60 % 60, n % 60, qid, text) for text in (
                "<= %s U=telltls P=local S=386" % sender,
                record % ("smtp:ehlo", "192.0.2.25", 30000 + n, 1, coded(mx)),
                "=> %s R=dnslookup T=remote_smtp H=%s [%s] X=TLS1.3:ECDHE__"
                "AES_256_GCM:256 CV=yes C=\"250 2.0.0 ok\"" % (rcpt, mx, ip),
                record % ("msg:delivery", "", -1, 0, ""),
                "Completed")]


class Mailer:
    """One of the two sites."""

    def __init__(self, folder, mta, domain, delimiter, configured):
        self.mta, self.domain, self.delimiter = mta, domain, delimiter
        self.dir = os.path.join(folder, domain)
        self.name = mta.__name__.lower()
        self.n = 0                  # mails so far
        self.reports = []           # that leave next: recipients
        os.makedirs(self.dir)
        self.conf = os.path.join(self.dir, "telltls.yaml")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("organization: Example\ncontact: tlsrpt@%s\n"
                    "envelope-from: tls-bounces@%s\n"
                    "recipient-delimiter: \"%s\"\nstate: %s\n"
                    "dns:\n  local-data: %s\n" % (
                        domain, domain, configured,
                        os.path.join(self.dir, "state"),
                        os.path.join(folder, "zone")))

    def mail(self, day, sender, rcpt):
        self.n += 1
        return "".join(self.mta.mail(self.n, day, sender, rcpt))

    def run(self, *args):
        done = subprocess.run(args, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT_S,
                              check=False, env=dict(os.environ, TZ="UTC0"))
        if done.returncode != 0:
            raise Failed("%r: exit code %d\n%s" % (
                args, done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def live(self, day, ordinary, rcpt):
        """A day: yesterday's reports leave, and people write mails."""
        text = ""
        for to in self.reports:
            token = os.urandom(16).hex()
            text += self.mail(day, "tls-bounces%s%s@%s" % (
                self.delimiter, token, self.domain), to)
        for i in range(ordinary):
            text += self.mail(day, "u%d@%s" % (i, self.domain), rcpt)
        log = os.path.join(self.dir, day + ".log")
        with open(log, "w", encoding="ascii") as f:
            f.write(text)
        self.run(TOOL, "-c", self.conf, "replay", "--mta", self.name,
                 "--seal", log)

    def report(self, day):
        """Makes the day's reports. Returns the sessions that they tell of."""
        out = os.path.join(self.dir, "out." + day)
        os.makedirs(out)
        self.run(PROGRAM, "-c", self.conf, "--dry-run", out, "--day", day)
        self.reports = []
        sessions = 0
        for name in glob.glob(out + "/*.eml"):
            with open(name, encoding="latin-1") as f:
                self.reports.append(email.message_from_file(f)["To"])
        for name in glob.glob(out + "/*.json.gz"):
            with gzip.open(name) as f:
                for e in json.load(f)["policies"]:
                    sessions += e["summary"]["total-successful-session-count"]
                    sessions += e["summary"]["total-failure-session-count"]
        return sessions

    def own_reports(self):
        """Sessions so far that were left out since they carried reports."""
        done = subprocess.run([TOOL, "-c", self.conf, "status", "--json"],
                              capture_output=True, timeout=LIMIT_S,
                              check=False)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        return sum(o["counters"]["own-report"] for o in objects
                   if o["kind"] == "feed")


class Site(reporter_site.Site):
    """Its reports have two submitters."""

    def check_reports(self):
        number = 0
        for domain in ADDRESS:
            paths = [p for p in glob.glob("%s/*/%s/*/*" % (self.dir, domain))
                     if p.endswith((".eml", ".json.gz"))]
            number += len(paths)
            done = subprocess.run(
                [sys.executable, reporter_site.CHECK_REPORT, "--submitter",
                 domain, *paths], text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            equal("check-report: " + done.stdout, done.returncode, 0)
        return number


class Sites:
    def __init__(self, site, mtas, delimiter, configured=None):
        folder = os.path.join(site.dir, "-".join(
            m.__name__ for m in mtas) + str(ord(delimiter)))
        os.makedirs(folder)
        with open(os.path.join(folder, "zone"), "w", encoding="ascii") as f:
            for domain, address in ADDRESS.items():
                f.write('_smtp._tls.%s. 300 IN TXT "v=TLSRPTv1; '
                        'rua=mailto:rua@%s"\n%s. 300 IN MX 10 mx.%s.\n'
                        'mx.%s. 300 IN A %s\n' % (
                            domain, domain, domain, domain, domain, address))
        self.all = [Mailer(folder, mta, domain, delimiter,
                           configured or delimiter)
                    for mta, domain in zip(mtas, ADDRESS)]

    def live(self, day, ordinary):
        """Returns what left each site, and the sessions of its reports."""
        sent = [len(m.reports) for m in self.all]
        for m, other in zip(self.all, reversed(self.all)):
            m.live(day, ordinary, "x@" + other.domain)
        return sent, [m.report(day) for m in self.all]


def three_days(site, mtas, delimiter):
    sites = Sites(site, mtas, delimiter)
    for number, day in enumerate(DAYS):
        what = "%s of %s and %s" % ((day,) + tuple(m.name for m in sites.all))
        sent, sessions = sites.live(day, ORDINARY)
        equal(what + ": reports that left", sent, 2 * [int(number > 0)])
        equal(what + ": sessions", sessions, 2 * [ORDINARY])
        equal(what + ": left out", [m.own_reports() for m in sites.all],
              2 * [number])
    # the last reports leave, and then there is silence
    sent, sessions = sites.live(QUIET, 0)
    equal("quiet: reports that left", sent, [1, 1])
    equal("quiet: sessions", sessions, [0, 0])
    equal("quiet: reports made", [m.reports for m in sites.all], [[], []])


def sendmail_and_postfix(site):
    three_days(site, (Sendmail, Postfix), "+")


def postfix_and_exim(site):
    three_days(site, (Postfix, Exim), "-")


def exim_and_sendmail(site):
    three_days(site, (Exim, Sendmail), "=")


def not_recognised(site):
    """Where the senders are not those of the configuration, the sites go on
    for ever: so the tests above do see it."""
    for mtas in ((Sendmail, Postfix), (Exim, Exim)):
        sites = Sites(site, mtas, "-", configured="_")
        sites.live(DAYS[0], ORDINARY)
        equal("sessions", sites.live(DAYS[1], ORDINARY)[1],
              2 * [ORDINARY + 1])
        equal("sessions of reports", sites.live(QUIET, 0)[1], [1, 1])
        holds("they go on", all(len(m.reports) == 1 for m in sites.all))


if __name__ == "__main__":
    reporter_site.Site = Site
    sys.exit(run_all([sendmail_and_postfix, postfix_and_exim,
                      exim_and_sendmail, not_recognised]))
