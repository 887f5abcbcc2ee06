# SPDX-License-Identifier: BSD-2-Clause
"""A state in which the sessions of a journal are counted, by read_journal."""
import collections
import json
import os
import select
import subprocess

from places import start

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("TESTS_SRC", os.path.dirname(HERE))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
READER = os.path.join(BIN, "tests", "journal", "read_journal")
TELLTLS = os.path.join(BIN, "tool", "telltls")
# of all tests that kill; fewer would prove nothing
KILLS = max(40, int(os.environ.get("TELLTLS_KILLS", 200)))


class Failed(Exception):
    pass


def equal(what, got, want):
    if got != want:
        raise Failed(f"{what}: got {got!r}, want {want!r}")


class Site:
    """A state directory, its readers, and what they counted."""

    def __init__(self, folder, name, journal):
        self.state = os.path.join(folder, name + ".state")
        self.journal = journal
        self._reader, self._told = None, b""

    def start(self, mode="follow"):
        self._told = b""
        with open(self.state + ".err", "ab") as err:
            self._reader = start([READER, mode, self.state, self.journal], stderr=err,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def _ended(self, code):
        with open(self.state + ".err", encoding="utf-8", errors="replace") as f:
            raise Failed(f"the reader ended: exit {code}\n{f.read()[-2000:]}")

    def lines(self, seconds=0.0):
        """How many lines the reader has read in all, by its latest word."""
        while select.select([self._reader.stdout], [], [], seconds)[0]:
            part = os.read(self._reader.stdout.fileno(), 65536)
            if not part:
                self._ended(self._reader.wait())
            self._told += part
            seconds = 0
        words = self._told.split(b"\n")
        return int(words[-2]) if len(words) > 1 else -1

    def kill(self):
        """After this no reader runs."""
        code = self._reader.poll()
        self._reader.kill()
        self._reader.communicate()
        if code is not None:
            self._ended(code)

    def end(self):
        """Reads what is left; nothing comes any more."""
        p = subprocess.run([READER, "end", self.state, self.journal], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False)
        if p.returncode != 0:
            raise Failed(f"the reader failed: exit {p.returncode}\n{p.stderr}")

    def objects(self, command, *options):
        """What "telltls COMMAND --json" gives."""
        p = subprocess.run([TELLTLS, *(options or ("-c", "/dev/null")), "--state", self.state,
                            command, "--json"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if p.returncode > 1:
            raise Failed(f"telltls {command}: exit {p.returncode}\n{p.stderr}")
        return [json.loads(line) for line in p.stdout.splitlines()]

    def facts(self):
        facts = collections.Counter()
        for o in self.objects("tally"):
            facts[o["day"], o["domain"], o["mx"], o["tls"]] += o["count"]
        return facts

    def counters(self):
        feed = [o for o in self.objects("status") if o["kind"] == "feed"][0]
        return {word: n for word, n in feed["counters"].items() if n > 0}

    def check(self, mail, **more):
        """All that was written, once; more: other counters."""
        facts = self.facts()
        wrong = [f"{key}: got {facts[key]}, want {mail.truth[key]}"
                 for key in sorted(facts.keys() | mail.truth.keys())
                 if facts[key] != mail.truth[key]]
        counters = self.counters()
        want = dict(lines=mail.lines, sessions=sum(mail.truth.values()), **more)
        got = {word: n for word, n in counters.items()
               if word not in ("records", "rules", "rules-bytes")}
        if wrong or got != want:
            raise Failed("\n".join([f"counters: got {got}, want {want}",
                                    f"{len(wrong)} facts are wrong", *wrong[:20]]))

    def check_again(self, mail, **more):
        """To read it all once more adds nothing; nor does a state that reads
        it for the first time find anything else.
        """
        self.check(mail, **more)
        self.end()
        self.check(mail, **more)


def noise(us, place):
    place.add(us, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="kernel", MESSAGE="not ours")


def add_rest(place, mail, us):
    """What open sessions have left to say."""
    for line in mail.finish(us):
        place.add_line(us, line)


def is_read(site, mail):
    """Looked at from outside: what the reader has committed."""
    try:
        return site.counters().get("lines", 0) == mail.lines
    except (Failed, IndexError):
        return False
