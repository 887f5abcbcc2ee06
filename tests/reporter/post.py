# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of sending share: a site whose reports go to sinks of ours."""
import os

from reporter_site import DAY1, begin_of, seal_line
from sinks import HttpsSink, SmtpSink

DAY, HOUR, MINUTE = 86400, 3600, 60
SPREAD = 4 * HOUR
ALL_DUE = begin_of(DAY1) + DAY + SPREAD      # of the first day
KEEP = 2 * DAY                               # after the end of a day


class Post:
    """A site whose reports go to sinks of ours."""

    def __init__(self, site, https=True):
        self.site = site
        self.smtp = SmtpSink()
        self.https = HttpsSink(site.dir) if https else None
        self.n_written = 0
        self.configure()
        site.now = ALL_DUE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.write_received()
        self.smtp.stop()
        if self.https:
            self.https.stop()

    def configure(self, port=None, more=""):
        self.site.configure(more=(
            'recipient-delimiter: "+"\n'
            "mail:\n  via: smtp\n  server: 127.0.0.1:%d\n  tls: none\n"
            "  timeout: 30s\n" % (port or self.smtp.port)) + (
            "https:\n  allow-private: true\n  verify: require\n"
            "  ca-file: %s\n  timeout: 30s\n" % self.https.ca
            if self.https else "") + more)

    def write_received(self):
        """For check-report, which sees all that arrived."""
        folder = os.path.join(self.site.dir, "received")
        os.makedirs(folder, exist_ok=True)
        for end, items in (("eml", self.smtp.mails), ("json.gz", [
                p for p in (self.https.posts if self.https else [])])):
            for item in items:
                self.n_written += 1
                with open("%s/%d.%s" % (folder, self.n_written, end),
                          "wb") as f:
                    f.write(item.data if end == "eml" else item.body)

    def clear(self):
        self.write_received()
        self.smtp.clear()
        if self.https:
            self.https.clear()

    def mails_to(self, address):
        return [m for m in self.smtp.mails if m.to == address]

    def posts_to(self, path):
        return [p for p in self.https.posts if p.path == path]

    def scene(self, enabled=DAY1):
        """Two domains: three destinations by mail, two by HTTPS."""
        self.site.tally("fact %s 3 a.example ok mx.a.example" % DAY1,
                        "fact %s 1 b.example refused mx.b.example" % DAY1,
                        seal_line(DAY1))
        self.site.write_zone({
            "a.example": "v=TLSRPTv1; rua=mailto:tls@a.example,"
                         "mailto:x@c.example," + self.https.url("/a"),
            "b.example": "v=TLSRPTv1; rua=" + self.https.url("/b") +
                         ",mailto:tls@b.example"})
        if enabled:
            enable(self.site, enabled)

    def received(self):
        """destination -> what arrived there"""
        got = {}
        for m in self.smtp.mails:
            got.setdefault(m.to, []).append(m.data)
        for p in self.https.posts:
            got.setdefault(p.path, []).append(p.body)
        return got


# What leaves of Post.scene(), and in which files.
FILES = {"/a": "a.example .json.gz", "/b": "b.example .json.gz",
         "tls@a.example": "a.example .0.eml", "x@c.example": "a.example .1.eml",
         "tls@b.example": "b.example .1.eml"}
SCENE = sorted(FILES)


def enable(site, day):
    site.set_outbox("enable", day)


def items(site, columns="target, state", where="1"):
    return site.sql("SELECT %s FROM outbox WHERE %s ORDER BY id" %
                    (columns, where))


def sent(result):
    return result.counts(ENDED)


def sent(result):
    """The counts of what was sent."""
    return result.counts("ended sending")


def by_destination(files):
    """Files of the scene's reports: destination -> bytes."""
    found = {}
    for name, data in files.items():
        domain = name.split("!")[1]
        for to, file in FILES.items():
            of, end = file.split()
            if domain == of and name.endswith(end):
                found[to] = data
    return found
