#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real journals through a feed into the tally, exactly once.

A reader (read_journal) is killed 200 times at random points while sessions are
written side by side, the journal is rotated, and a day ends. What was counted
is compared with what was written, to the session; and to read all of it once
more adds nothing.

The journals are files that systemd-journal-remote writes, with any time and
any boot, and those of the real journald in namespaces of its own. Where one
cannot be had its tests are skipped; with TELLTLS_MUST_RUN in the environment
(as ./quickstart test has it) they fail. "run.py NAME" runs one test, "run.py
--inside NAME" one that is in namespaces already.
"""
import collections
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from places import Journald, Remote, start, stop_all, until  # noqa: E402
from sessions import SECOND, Line, Mail  # noqa: E402

SRC = os.environ.get("TESTS_SRC", os.path.dirname(HERE))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
READER = os.path.join(BIN, "tests", "journal", "read_journal")
TELLTLS = os.path.join(BIN, "tool", "telltls")
MIDNIGHT = 1709164800 * SECOND  # 2024-02-29
DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
KILLS, KILLS_JOURNALD = 200, 60
BURST = 5000  # far more than the limit, which grows with the free space
STEPS_S = (-900, -9000, 20000)  # that the clock is set by


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

    def _objects(self, command):
        p = subprocess.run([TELLTLS, "-c", "/dev/null", "--state", self.state, command, "--json"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if p.returncode > 1:
            raise Failed(f"telltls {command}: exit {p.returncode}\n{p.stderr}")
        return [json.loads(line) for line in p.stdout.splitlines()]

    def facts(self):
        facts = collections.Counter()
        for o in self._objects("tally"):
            facts[o["day"], o["domain"], o["mx"], o["tls"]] += o["count"]
        return facts

    def counters(self):
        feed = [o for o in self._objects("status") if o["kind"] == "feed"][0]
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


def kills(folder):
    """kill -9, rotation and midnight, while all is being written"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "kills", place.folder)
    mail = Mail(1)
    rnd = random.Random(2)
    per_kill = 40
    us = MIDNIGHT - KILLS * per_kill // 2 * 150000
    for kill in range(KILLS):
        site.start()
        for _ in range(rnd.randrange(2 * per_kill)):
            us += rnd.randrange(1, 300000)
            place.add_line(us, mail.next(us))
            if rnd.random() < 0.2:
                noise(us + 1, place)
            if rnd.random() < 0.1:
                place.push()
        if kill % 17 == 3:
            place.rotate()
        if rnd.random() < 0.8:
            # at work, and not before it began
            site.lines(rnd.random() * 0.2)
        time.sleep(rnd.random() * 0.05)
        site.kill()
    add_rest(place, mail, us)
    place.close()
    equal("days", len({key[0] for key in mail.truth}), 2)
    site.end()
    site.check_again(mail)
    fresh = Site(folder, "fresh", place.folder)
    fresh.end()
    fresh.check(mail)


def boots(folder):
    """several boots, and a clock that is set back within one and by the next"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "boots", place.folder)
    once = Site(folder, "once", place.folder)
    mail = Mail(3)
    us = MIDNIGHT + 40000 * SECOND
    for part in range(12):
        site.start()
        for _ in range(100):
            us += 20000
            place.add_line(us, mail.next(us))
        if part % 3 == 2:
            # what is open so long would be given up
            add_rest(place, mail, us)
        place.close()
        until("all is read", lambda: site.lines(0.1) >= 0 and is_read(site, mail))
        site.kill()
        us += STEPS_S[part % 3] * SECOND
        if part in (1, 4, 7):
            place.reboot()
    add_rest(place, mail, us)
    place.close()
    site.end()
    site.check_again(mail)
    once.end()
    once.check(mail)


def is_read(site, mail):
    """Looked at from outside: what the reader has committed."""
    try:
        return site.counters().get("lines", 0) == mail.lines
    except (Failed, IndexError):
        return False


def vacuum(folder):
    """files are removed: read ones, the last one read, and unread ones"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "vacuum", place.folder)
    mail, lost = Mail(4), Mail(5)
    us = MIDNIGHT + 100 * SECOND

    def write(source, n):
        nonlocal us
        for _ in range(n):
            us += 10000
            place.add_line(us, source.next(us))
        add_rest(place, source, us)

    for _ in range(4):
        write(mail, 200)
        place.rotate()
    # the first files go while a reader follows
    site.start()
    until("all is read", lambda: site.lines(0.1) == mail.lines)
    for path in place.files()[:2]:
        os.unlink(path)
    write(mail, 200)
    place.close()
    until("more is read", lambda: site.lines(0.1) == mail.lines)
    site.kill()
    site.check(mail)
    # what nobody read goes with what was read last
    place.rotate()
    write(lost, 200)
    place.rotate()
    write(mail, 200)
    place.close()
    for path in place.files():
        os.unlink(path)
    site.end()
    site.check_again(mail, gap=1)


def wakes_up(folder):
    """the descriptor alone wakes a reader up, also behind a rotation"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "wait", place.folder)
    mail = Mail(6)
    us = MIDNIGHT
    site.start("wait")
    until("it waits", lambda: site.lines(0.1) == 0)
    for part in range(6):
        for _ in range(10):
            us += 1000
            place.add_line(us, mail.next(us))
        if part % 2 == 0:
            place.push()
        else:
            place.rotate()
        until("it wakes up", lambda: site.lines(0.1) == mail.lines)
    place.close()
    site.kill()


def fields(folder):
    """fields of all kinds, and journald's word that it dropped messages"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "fields", place.folder)
    us = MIDNIGHT + 12 * 3600 * SECOND
    mta = {"SYSLOG_IDENTIFIER": "sm-mta", "_TRANSPORT": "syslog"}
    driver = {"SYSLOG_IDENTIFIER": "systemd-journald", "_TRANSPORT": "driver",
              "MESSAGE_ID": DROPPED}
    for entry in (
            dict(mta, MESSAGE="plain"),
            dict(mta, MESSAGE=b"a\0b\nc\xff"),
            dict(mta, MESSAGE=""),
            dict(mta, SYSLOG_PID="x", _PID="99999999999", _HOSTNAME=b"\n", MESSAGE="x"),
            dict(mta, SYSLOG_IDENTIFIER="sm-mta-2", MESSAGE="x" * 65536),
            dict(mta, MESSAGE="y" * 65537),  # long-line
            dict(mta, MESSAGE=os.urandom(400000)),  # long-line, not to be compressed
            dict(mta, MESSAGE=b"\1" * 20000),  # long-line, written as "#001"
            dict(mta, OTHER="no message"),  # bad-line
            dict(mta, SYSLOG_IDENTIFIER=b"sm-mta-\nx", MESSAGE="x"),  # bad-line
            {"_TRANSPORT": "syslog", "MESSAGE": "no program"},
            {"SYSLOG_IDENTIFIER": "sm", "MESSAGE": "another program"},
            {"SYSLOG_IDENTIFIER": b"\xff" * 3000, "MESSAGE": "another program"},
            dict(driver, MESSAGE="Suppressed 12 messages from sendmail.service", N_DROPPED="12",
                 OBJECT_SYSTEMD_UNIT="sendmail.service"),
            dict(driver, MESSAGE="Suppressed 30 messages from sendmail.service"),
            dict(driver, MESSAGE="Suppressed 99 messages from apache2.service", N_DROPPED="99",
                 OBJECT_SYSTEMD_UNIT="apache2.service"),
            dict(driver, _TRANSPORT="journal", MESSAGE="Suppressed 7 messages from sendmail",
                 N_DROPPED="7")):
        us += 1000
        place.add(us, **entry)
    place.close()
    for _ in range(2):
        site.end()
        equal("counters", site.counters(),
              {"lines": 10, "long-line": 3, "bad-line": 2, "suppressed": 42})


def journald_kills(folder):
    """the real journald: kill -9 of readers, rotation, vacuum, restarts"""
    place = Journald()
    site = Site(folder, "journald", "system")
    mail = Mail(7)
    rnd = random.Random(8)
    for kill in range(KILLS_JOURNALD):
        site.start()
        for _ in range(rnd.randrange(400)):
            place.write(mail.next(time.time_ns() // 1000))
            if rnd.random() < 0.2:
                place.write(Line("cron", 1, "not ours"))
        if kill % 7 == 3:
            place.signal(signal.SIGUSR2)
        if kill % 20 == 11:
            place.stop(kill=kill % 40 == 11)
            place.start()
        if rnd.random() < 0.8:
            site.lines(rnd.random() * 0.2)
        time.sleep(rnd.random() * 0.05)
        site.kill()
    for line in mail.finish(time.time_ns() // 1000):
        place.write(line)
    site.start()
    until("all is read", lambda: site.lines(0.1) >= 0 and is_read(site, mail))
    site.kill()
    if len(place.files()) < 3:
        raise Failed("no rotation: " + " ".join(place.files()))
    site.end()
    site.check_again(mail)
    place.stop()


def journald_flush(folder):
    """the real journald moves its files from /run to /var while we follow"""
    place = Journald(storage="auto")
    site = Site(folder, "flush", "system")
    mail = Mail(9)
    site.start()
    for _ in range(200):
        place.write(mail.next(time.time_ns() // 1000))
    until("all is read", lambda: site.lines(0.1) == mail.lines)
    os.makedirs("/var/log/journal")
    place.signal(signal.SIGUSR1)
    until("it moved", lambda: os.path.exists("/run/systemd/journal/flushed"))
    for _ in range(200):
        place.write(mail.next(time.time_ns() // 1000))
    until("more is read", lambda: site.lines(0.1) == mail.lines)
    for line in mail.finish(time.time_ns() // 1000):
        place.write(line)
    until("all is read", lambda: site.lines(0.1) == mail.lines)
    site.kill()
    site.end()
    site.check_again(mail)
    place.stop()


def journald_suppressed(folder):
    """the real journald drops messages of a service, and says how many"""
    place = Journald(burst=100)
    site = Site(folder, "suppressed", place.folder)
    unit = os.path.join(groups(), "system.slice", f"test{os.getpid()}-sendmail.service")
    had_slice = os.path.isdir(os.path.dirname(unit))
    os.makedirs(unit)
    try:
        writer = os.fork()
        if writer == 0:
            # only what a service writes has a rate limit
            with open(os.path.join(unit, "cgroup.procs"), "w", encoding="utf-8") as f:
                f.write(str(os.getpid()))
            for _ in range(BURST):
                place.write(Line("sm-mta", 1, "hello"))
            time.sleep(2.5)  # the interval of the limit
            place.write(Line("sm-mta", 1, "the last"))
            time.sleep(0.5)  # journald looks up whose it is
            os._exit(0)
        equal("writer", os.waitpid(writer, 0)[1], 0)
    finally:
        until("the group is empty", lambda: _remove(unit))
        if not had_slice:
            _remove(os.path.dirname(unit))
    place.stop()
    for _ in range(2):
        site.end()
        counters = site.counters()
        equal("written", counters["lines"] + counters.get("suppressed", 0), BURST + 1)
        if "suppressed" not in counters:
            raise Failed(f"nothing was dropped: {counters}")


def this_boot(folder):
    """a crash, and a clock that is set back by then: this boot is not missed"""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/log"], check=True)
    with open("/etc/machine-id", encoding="ascii") as f:
        machine = f.read().strip()
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        boot = f.read().strip().replace("-", "")
    os.mkdir("/var/log/journal")
    place = Remote(os.path.join("/var/log/journal", machine))
    site, fresh = Site(folder, "boot", "system"), Site(folder, "fresh", "system")
    mail = Mail(10)
    us = MIDNIGHT + 50000 * SECOND
    for turn in range(6):
        if turn == 3:
            place.boot, place.monotonic = boot, 0
            us -= 7200 * SECOND
        if turn == 5:
            us += 9000 * SECOND
        if place.boot == boot:
            site.start()
        for _ in range(100):
            us += 20000
            place.add_line(us, mail.next(us))
        add_rest(place, mail, us)
        if turn in (0, 2, 4):
            place.rotate()
        else:
            place.close()
        if place.boot != boot:
            site.start()  # what an earlier boot wrote was there before
        until("all is read", lambda: site.lines(0.1) >= 0 and is_read(site, mail))
        site.kill()
        site.check_again(mail)
    fresh.end()
    fresh.check(mail)


def groups():
    """The folder of control groups, by which journald knows units."""
    unified = "/sys/fs/cgroup/unified"
    return unified if os.path.isdir(unified) else "/sys/fs/cgroup"


def _remove(folder):
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True


REMOTE_TESTS = (kills, boots, vacuum, wakes_up, fields)
INSIDE_TESTS = (this_boot, journald_kills, journald_flush, journald_suppressed)


def is_built():
    with tempfile.TemporaryDirectory(prefix="telltls-journal-") as folder:
        p = subprocess.run([READER, "end", os.path.join(folder, "state"), folder],
                           stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return p.returncode != 69


def why_not(test):
    if not is_built():
        return "telltls was built without the journal"
    why = Remote.why_not()
    if why is None and test in INSIDE_TESTS:
        why = Journald.why_not()
    if why is None and test is journald_suppressed and not os.access(groups(), os.W_OK):
        why = "no control group can be made in " + groups()
    return why


def run(test):
    """Runs it in a folder of its own. Returns what is wrong, or None."""
    folder = tempfile.mkdtemp(prefix="telltls-journal-")
    try:
        test(folder)
        return None
    except Exception as error:  # any other is a failed test too
        return str(error) if isinstance(error, Failed) else traceback.format_exc()
    finally:
        stop_all()
        shutil.rmtree(folder)


def run_inside(test):
    p = subprocess.run([*Journald.enter(), sys.executable, __file__, "--inside", test.__name__],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return None if p.returncode == 0 else p.stdout + p.stderr


def main():
    if sys.argv[1:2] == ["--inside"]:
        wrong = run(globals()[sys.argv[2]])
        print(wrong or "ok")
        return 1 if wrong else 0
    tests = [test for test in REMOTE_TESTS + INSIDE_TESTS
             if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        title = f"{number} - {test.__name__}: {' '.join(test.__doc__.split())}"
        why = why_not(test)
        wrong = None
        if why is not None and "TELLTLS_MUST_RUN" in os.environ:
            wrong = why
        elif why is not None:
            print(f"ok {number} # SKIP {test.__name__}: {why}")
            continue
        else:
            wrong = run_inside(test) if test in INSIDE_TESTS else run(test)
        print(("not ok " if wrong else "ok ") + title)
        if wrong:
            failed += 1
            print("\n".join("# " + line for line in wrong.splitlines()))
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
