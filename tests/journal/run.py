#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real journals through a feed into the tally, exactly once.

A reader (read_journal) is killed at random points while sessions are written
side by side, the journal is rotated, and a day ends. What was counted is
compared with what was written, to the session; and to read all of it once
more adds nothing. Of $TELLTLS_KILLS kills, by default 200, three quarters are
here; daemon.py has the others.

The journals are files that systemd-journal-remote writes, with any time and
any boot, and those of the real journald in namespaces of its own. For what
cannot be had, and for arguments, see tap.py.
"""
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inside  # noqa: E402
import tap  # noqa: E402
from counted import KILLS, Failed, Site, add_rest, equal, is_read, noise  # noqa: E402
from places import Journald, Remote, until  # noqa: E402
from sessions import SECOND, Line, Mail  # noqa: E402

MIDNIGHT = 1709164800 * SECOND  # 2024-02-29
DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
KILLS_REMOTE, KILLS_JOURNALD = KILLS // 2, KILLS // 4
BURST = 5000  # far more than the limit, which grows with the free space
STEPS_S = (-900, -9000, 20000)  # that the clock is set by


def kills(folder):
    """kill -9, rotation and midnight, while all is being written"""
    place = Remote(os.path.join(folder, "journal"))
    site = Site(folder, "kills", place.folder)
    mail = Mail(1)
    rnd = random.Random(2)
    per_kill = 40
    us = MIDNIGHT - KILLS_REMOTE * per_kill // 2 * 150000
    for kill in range(KILLS_REMOTE):
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
    if not os.access(inside.groups(), os.W_OK):
        raise tap.Unavailable("no control group can be made in " + inside.groups())
    place = Journald(burst=100)
    site = Site(folder, "suppressed", place.folder)
    unit = os.path.join(inside.groups(), "system.slice", f"test{os.getpid()}-sendmail.service")
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
        until("the group is empty", lambda: inside.remove(unit))
        if not had_slice:
            inside.remove(os.path.dirname(unit))
    place.stop()
    for _ in range(2):
        site.end()
        counters = site.counters()
        equal("written", counters["lines"] + counters.get("suppressed", 0), BURST + 1)
        if "suppressed" not in counters:
            raise Failed(f"nothing was dropped: {counters}")


def this_boot(folder):
    """a crash, and a clock that is set back by then: this boot is not missed"""
    inside.mount("tmpfs", "/var/log")
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        boot = f.read().strip().replace("-", "")
    os.mkdir("/var/log/journal")
    place = Remote(os.path.join("/var/log/journal", inside.machine_id()))
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


REMOTE_TESTS = (kills, boots, vacuum, wakes_up, fields)
INSIDE_TESTS = (this_boot, journald_kills, journald_flush, journald_suppressed)


if __name__ == "__main__":
    sys.exit(tap.main(REMOTE_TESTS, INSIDE_TESTS))
