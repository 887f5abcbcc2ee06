# SPDX-License-Identifier: BSD-2-Clause
"""Looks into the tally files of a state while, and after, somebody writes to
them: doc/tally-format.md. Only what the daemon's tests need.
"""
import calendar
import collections
import os
import struct
import time

FEEDS_AT, FEED_SIZE, REDO_AT, FRONT = 20480, 1024, 53248, 106496
VALUE = (1 << 48) - 1  # of a word
N_FEEDS, SEALED = 4, 5  # words of the front
# In the order of their numbers: common/counter.h.
COUNTERS = (
    "lines records sessions bad-line long-line bad-time bad-record own-report "
    "tls-required-no address-literal submission local-policy clear-retry "
    "orphan unclear bad-domain evicted expired overflow late gap other-port "
    "unread rules rules-bytes").split()


class TallyFile:
    """The front of one day's file as it is now."""

    def __init__(self, state, name):
        with open(os.path.join(state, "tally", name), "rb") as f:
            self.front = f.read(FRONT)
        self.day = calendar.timegm(time.strptime(name, "%Y-%m-%d"))
        self.sealed = self.word(SEALED)
        self.is_armed = struct.unpack_from("<Q", self.front, REDO_AT)[0] & 1
        self.feeds = {}
        for n in range(self.word(N_FEEDS)):
            at = FEEDS_AT + n * FEED_SIZE
            name = self.front[at + 464:at + 528].split(b"\0")[0].decode()
            self.feeds[name] = at

    def word(self, number):
        return VALUE & struct.unpack_from(
            "<Q", self.front, 256 + 8 * number)[0]

    def position(self, feed):
        """How far the feed was read, as this file knows it."""
        at = self.feeds.get(feed)
        return struct.unpack_from("<Q", self.front, at + 48)[0] if at else 0

    def counters(self, feed):
        at = self.feeds.get(feed)
        values = struct.unpack_from("<48Q", self.front, at + 80) if at else ()
        out = collections.Counter()
        for number, value in enumerate(values):
            if value:
                out[COUNTERS[number] if number < len(COUNTERS)
                    else "counter %d" % number] = value
        return out


def names(state):
    try:
        found = os.listdir(os.path.join(state, "tally"))
    except FileNotFoundError:
        found = []
    return sorted(n for n in found if len(n) == 10 and n.count("-") == 2)


def files(state):
    return [TallyFile(state, name) for name in names(state)]


def position(state, feed):
    return max((f.position(feed) for f in files(state)), default=0)
