#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests what the mail of a report tells a person of what may lack in it."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from reporter_site import (  # noqa: E402
    DAY1, DAY2, DAY3, GOOD, equal, holds, run_all, seal_line)


def text_of(site, day, domain="a.example"):
    """The text part, its lines joined."""
    mails = [m.decode() for n, m in site.reports(day).items()
             if n.endswith(".eml") and "!%s!" % domain in n]
    equal("mails of " + day, len(mails), 1)
    text = mails[0].split("7bit\r\n\r\n", 1)[1].split("\r\n--telltls-", 1)[0]
    equal("no line over 78", [t for t in text.split("\r\n") if len(t) > 78],
          [])
    return text.replace("\r\n", " ")


def whole(site):
    """What other domains' sessions or harmless counters tell is no loss."""
    site.write_zone({"a.example": GOOD % "a.example"})
    site.tally("fact %s 5 a.example not-offered mx.a.example" % DAY1,
               "drop %s bad-line 3" % DAY1, "drop %s own-report 2" % DAY1,
               "drop %s expired 2" % DAY1, seal_line(DAY1))
    site.run()
    text = text_of(site, DAY1)
    holds("nothing lacks", "lack" not in text and "in none of" not in text)
    for part in ("0 succeeded, 5 failed", "5  mx.a.example: the server did "
                 "not offer STARTTLS", "from Example Sender",
                 "record asks for them: the one at _smtp._tls.a.example",
                 "2026-11-20, 00:00:00 to 23:59:59 UTC",
                 "Questions are welcome at tls-reports@sender.example."):
        holds(part, part in text)


def lacking(site):
    site.write_zone({"a.example": GOOD % "a.example"})
    site.tally("fact %s 5 a.example ok" % DAY1, "drop %s gap 1" % DAY1,
               seal_line(DAY1),
               "fact %s 5 a.example ok" % DAY2, "drop %s unread 1" % DAY2,
               seal_line(DAY2), "fact %s 1 b.example ok" % DAY2)
    site.tally("fact %s 2 a.example ok" % DAY3,
               "fact %s 7 a.example no-session mx.a.example" % DAY3,
               seal_line(DAY3))
    site.run()
    holds("a gap", "may lack here: part of our log was missing. " in
          text_of(site, DAY1))
    holds("not read, and late",
          "may lack here: the day was closed before our log was read; some "
          "were seen when the day was closed. " in text_of(site, DAY2))
    text = text_of(site, DAY3)
    holds("unjudged", "in none of these numbers, because what they came to "
          "is not known: 7. " in text)
    holds("and nothing else", "lack" not in text)


if __name__ == "__main__":
    sys.exit(run_all([whole, lacking]))
