#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kills telltls-milter -9 again and again while two logs are written, rotated
and truncated under it, over a midnight; then everything must have been
counted exactly once. Every third time it has its children, too: a milter, and
one that looks up policies.

	kills.py [--kills N] [--seed S] [--keep]

N (or $TELLTLS_KILLS, by default 200; "make check-kills" takes 1000) kills are
shared by two lives of a site. In one no day is over yet, so each session must
be in the facts. In the other all days are over long ago: the daemon seals each
as soon as it has read it or stands at the end of the logs, and what comes later
is counted as late, which must add up. S (or $TELLTLS_SEED) makes the same logs,
the same rotations and the same choices again; when exactly a kill strikes is up
to the machine. --keep leaves the site for a look.

The truth is made up with the log (maillog.py); a "telltls replay" of the
whole log, without any interruption, must give it too.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import maillog  # noqa: E402
import tallyfile  # noqa: E402
from rotation import RotatedLog  # noqa: E402
from run import children_of  # noqa: E402

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
DAEMON = os.path.join(BIN, "milter", "telltls-milter")
TOOL = os.path.join(BIN, "tool", "telltls")
LIMIT_S = 120       # what takes longer hangs
DAY_S = maillog.DAY_S
SEAL_AFTER_S = 600  # of the end of a day
EVENINGS = 20       # of the life over seals
FEEDS = ("a", "b")
CHILDREN_EVERY = 3  # of how many lives of the daemon one has children
CONF = """\
organization: Example
contact: %(own)s
state: %(dir)s/state
run: %(dir)s/run
user: nobody
dns:
  local-data: %(dir)s/zone
milter:
  socket: %(socket)s
policies:
  lookup: %(lookup)s
feeds:
""" + "".join("""\
  - mta: sendmail
    name: %s
    file: %%(dir)s/log/%s.log
""" % (name, name) for name in FEEDS)
RECORD = '_smtp._tls.%s. 600 IN TXT "v=TLSRPTv1; rua=mailto:tls@%s"\n'
# What the daemon may say while it is killed: all else is a fault. The last one
# is for days that are over since long.
QUIET = ("telltls-milter: info: ",
         "telltls-milter: warning: DNSSEC cannot be relied on ",
         "telltls-milter: warning: day is sealed before")


class Failed(Exception):
    pass


def wait_for(what, condition, limit_s=LIMIT_S):
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise Failed("waited in vain for " + what)
        time.sleep(0.001)


def evenings_before_seal(now):
    """
    Around a midnight that no day is sealed after while we run. No line may be
    a day ahead of the clock, so the last one is few minutes past it.
    """
    midnight = now - now % DAY_S
    if now - midnight >= SEAL_AFTER_S - 2 * 60:
        midnight += DAY_S
    return [(midnight - 600, midnight + 400)]


def evenings_to_seal(now):
    """Around the last midnights: all days but the last are over."""
    last = now - 3600
    last -= last % DAY_S
    return [(last - n * DAY_S - 300, last - n * DAY_S + 300)
            for n in range(EVENINGS - 1, -1, -1)]


class Site:
    """A daemon, two logs that it follows, and a thread that writes them."""

    def __init__(self, seed, evenings, processes):
        self.dir = tempfile.mkdtemp(prefix="telltls-kills-")
        os.chmod(self.dir, 0o755)
        self.state = self.path("state")
        self.is_past = evenings[-1][1] < time.time()
        os.mkdir(self.path("log"), 0o755)
        self.rng = random.Random("kills %s" % seed)
        self.logs = {}
        for name, zone_min, copy_share in (("a", 0, 0.2), ("b", 330, 0.9)):
            log = maillog.Log("%s %s" % (name, seed), "vm" + name, zone_min,
                              evenings, processes)
            self.logs[name] = RotatedLog(
                self.path("log/%s.log" % name), log,
                random.Random("writer %s %s" % (name, seed)), copy_share)
            self.logs[name].has_begun = \
                lambda name=name: self.position(name) > 0
        with open(self.path("zone"), "w", encoding="ascii") as f:
            f.writelines(RECORD % (domain, domain) for log in
                         self.logs.values() for domain in log.log.domains)
        self.configure(False)
        self.pace = random.Random("pace %s" % seed)
        with open(self.path("daemon.log"), "wb"):
            pass
        self.daemon = None
        self.said = b""   # by the daemon that runs, or ran last
        self.seen = collections.Counter()
        self.ends = threading.Event()
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.writer_error = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def configure(self, has_children):
        """For the daemon that is started next: does it look up policies, and
        is it a milter?"""
        with open(self.path("telltls.yaml"), "w", encoding="utf-8") as f:
            f.write(CONF % {
                "dir": self.dir, "own": maillog.OWN_SENDER,
                "lookup": "true" if has_children else "false",
                "socket": "unix:%s/run/milter.sock" % self.dir
                          if has_children else "none"})

    def stop(self):
        self.ends.set()
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
        if self.writer.ident is not None:
            self.writer.join()

    # --- the writer ---------------------------------------------------------

    def write(self):
        try:
            turns = [log.run() for log in self.logs.values()]
            while not self.ends.is_set():
                for turn in turns:
                    next(turn)
                time.sleep(self.pace.uniform(0, 0.006))
        except Exception:
            self.writer_error = traceback.format_exc()

    def let_write(self, share):
        for log in self.logs.values():
            log.allowed = int(share * len(log.log.text)) + 1

    def pause(self, is_paused):
        """Nothing more is written for now, and all lines are whole."""
        for log in self.logs.values():
            log.is_idle = False
            log.is_paused = is_paused
        wait_for("a pause", lambda: self.writer_error or not is_paused or all(
            log.is_idle for log in self.logs.values()))

    def rotate_unseen(self, n):
        """Rotations, while nobody looks."""
        for log in self.logs.values():
            log.wanted = n if log.may_rotate() else 0
        wait_for("the rotations", lambda: self.writer_error or all(
            log.wanted == 0 or log.is_complete for log in self.logs.values()))
        self.seen["rotations unseen"] += 1

    # --- the daemon ---------------------------------------------------------

    def start(self):
        self.said = b""
        # the children of the one before may still write
        os.truncate(self.path("daemon.log"), 0)
        with open(self.path("daemon.log"), "ab") as f:
            self.daemon = subprocess.Popen(
                [DAEMON, "-f", "-c", self.path("telltls.yaml")],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=f)

    def look(self):
        """What it has said by now."""
        with open(self.path("daemon.log"), "rb") as f:
            self.said = f.read()
        return self.said

    def is_started(self):
        if self.daemon.poll() is not None:
            raise Failed("the daemon ended: " + self.look().decode())
        return b": started " in self.look()

    def end(self, sig):
        if sig == signal.SIGTERM:  # earlier it has no say in how it ends
            wait_for("the start", self.is_started)
        if sig == signal.SIGKILL and children_of(self.daemon.pid):
            self.seen["children at a kill"] += 1
        self.daemon.send_signal(sig)
        code = self.daemon.wait(LIMIT_S)
        self.daemon = None
        for line in self.look().decode("latin-1").splitlines():
            if not line.startswith(QUIET):
                raise Failed("the daemon said: " + self.said.decode("latin-1"))
        if code != (-signal.SIGKILL if sig == signal.SIGKILL else 0):
            raise Failed("the daemon ended with %d: %s" % (code, self.said))

    def position(self, feed):
        return tallyfile.position(self.state, feed)

    def positions(self):
        return [self.position(name) for name in FEEDS]

    def is_all_read(self):
        return self.positions() == [log.written for log in self.logs.values()]

    # --- what was counted ---------------------------------------------------

    def tool(self, *args, state=None):
        done = subprocess.run(
            [TOOL, "-c", self.path("telltls.yaml"), "--state",
             state or self.state, *args], capture_output=True, check=False,
            timeout=LIMIT_S, encoding="latin-1", stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed("%s: exit code %d: %s%s" % (
                args, done.returncode, done.stdout, done.stderr))
        return done.stdout

    def facts(self, state=None):
        """Sessions by feed, day and fact."""
        out = collections.defaultdict(collections.Counter)
        for line in self.tool("tally", "--json", state=state).splitlines():
            o = json.loads(line)
            if o["kind"] != "fact":
                continue
            day = maillog.day_of(o["first"])
            if maillog.day_of(o["last"]) != day:
                raise Failed("of two days: " + line)
            key = maillog.Fact(*(o[k] for k in maillog.Fact._fields))
            out[o["feed"], day][key] += o["count"]
        return out

    def counters(self, state=None):
        out = {}
        for f in tallyfile.files(state or self.state):
            for name in FEEDS:
                out[name, f.day] = f.counters(name)
        return out


# --- comparisons -------------------------------------------------------------

def differ(what, got, want, faults):
    if got != want:
        faults.append("%s: too much: %s; missing: %s" % (
            what, dict((got - want).most_common(5)),
            dict((want - got).most_common(5))))


def compare(site, facts, counters):
    """Facts and counters of each feed and day, with the truth."""
    faults = []
    for name in FEEDS:
        log = site.logs[name].log
        for day in log.counters:
            what = "feed %s, %s" % (name, time.strftime(
                "%Y-%m-%d", time.gmtime(day)))
            got = counters.get((name, day), collections.Counter())
            late, _ = got.pop("late", 0), got.pop("unread", 0)
            site.seen["late"] += late
            differ(what, got, log.counters[day], faults)
            # the first ones count: what came behind the seal is late
            told = log.facts[day]
            differ(what + ", %d late" % late, facts[name, day],
                   collections.Counter(told[:len(told) - late]), faults)
    unknown = set(facts) - {(name, day) for name in FEEDS
                            for day in site.logs[name].log.counters}
    if unknown:
        faults.append("nobody logged: %s" % unknown)
    if faults:
        raise Failed("%d faults, the first:\n%s" % (
            len(faults), "\n".join(faults[:6])))


def check_not_too_much(site):
    """At no time is anything counted that was not logged (once)."""
    facts = site.facts() if tallyfile.names(site.state) else {}
    faults = []
    for (name, day), got in facts.items():
        extra = got - collections.Counter(site.logs[name].log.facts[day])
        if extra:
            faults.append("feed %s, day %d: too much: %s" % (name, day, extra))
    if faults:
        raise Failed("\n".join(faults))


# --- one life ----------------------------------------------------------------

class Killer:
    """Starts the daemon and kills it, in all states that it may be in."""

    def __init__(self, site, kills):
        self.site, self.rng = site, site.rng
        self.unseen = 5 / kills  # rotations while the daemon is away
        self.stopped = 3 / kills  # or stopped
        self.early = 5 / kills if site.is_past else 0  # seals, see below
        self.start_s = 0.01  # how long a start takes
        self.catch_up_s = 0.05

    def measure(self):
        site = self.site
        begin = time.monotonic()
        site.start()
        wait_for("the start", site.is_started)
        self.start_s = time.monotonic() - begin
        site.end(signal.SIGTERM)

    def during_start(self, before):
        time.sleep(self.rng.uniform(0, 1.5 * self.start_s))

    def during_catch_up(self, before):
        time.sleep(self.start_s + self.rng.uniform(0, 1.5 * self.catch_up_s))

    def during_reading(self, before):
        """Soon after something was committed."""
        begin = time.monotonic()
        end = begin + 0.15
        while self.site.positions() == before and time.monotonic() < end:
            time.sleep(0.0002)
        took = time.monotonic() - begin - self.start_s
        self.catch_up_s += (max(took, 0.01) - self.catch_up_s) / 8
        time.sleep(self.rng.uniform(0, 0.02))

    def at_end(self, before):
        """When the logs are at their ends a seal comes next."""
        end = time.monotonic() + 0.15
        while not self.site.is_all_read() and time.monotonic() < end:
            time.sleep(0.0002)
        time.sleep(self.rng.uniform(0, 0.01))

    def while_it_follows(self, before):
        time.sleep(self.rng.uniform(0.05, 0.4))

    WAYS = ((during_start, 4), (during_catch_up, 7), (during_reading, 5),
            (at_end, 3), (while_it_follows, 2))

    def disturb(self):
        """Sometimes more happens to the daemon before it is killed."""
        site, what = self.site, self.rng.random()
        if what < 0.08:
            wait_for("the start", site.is_started)
            for _ in range(self.rng.randint(1, 3)):
                time.sleep(self.rng.uniform(0, 0.05))
                site.daemon.send_signal(signal.SIGHUP)
            site.seen["SIGHUP"] += 1
        elif what < 0.08 + self.stopped:
            wait_for("the start", site.is_started)
            site.daemon.send_signal(signal.SIGSTOP)
            site.rotate_unseen(self.rng.randint(1, 3))
            site.daemon.send_signal(signal.SIGCONT)
            site.seen["SIGSTOP"] += 1

    def seal_early(self):
        """
        Where the logs stand still, a day is sealed at the daemon's next look,
        which it takes at its start: all that comes later is late.
        """
        site = self.site
        site.pause(True)
        for _ in range(2):
            site.start()
            wait_for("the end of the logs", site.is_all_read)
            time.sleep(self.rng.uniform(0, self.catch_up_s))
            site.end(signal.SIGKILL)
        site.pause(False)
        site.seen["pauses of the logs"] += 1

    def kill(self):
        site = self.site
        if self.rng.random() < self.early:
            self.seal_early()
        if self.rng.random() < self.unseen:
            site.rotate_unseen(self.rng.randint(1, 4))
        before = site.positions()
        site.start()
        self.disturb()
        ways, weights = zip(*self.WAYS)
        self.rng.choices(ways, weights)[0](self, before)
        if self.rng.random() < 0.05:
            wait_for("the start", site.is_started)
            site.end(signal.SIGTERM)
            site.seen["SIGTERM"] += 1
            site.start()
            time.sleep(self.rng.uniform(0, 2 * self.start_s))
        site.end(signal.SIGKILL)
        self.note(before)

    def note(self, before):
        site = self.site
        files = tallyfile.files(site.state)
        seen = {
            "kills": True,
            "before the start was over": b": started " not in site.said,
            "in a commit": any(f.is_armed for f in files),
            "after a seal": b"day is sealed" in site.said,
            "after a commit": site.positions() != before,
        }
        site.seen.update(k for k, is_true in seen.items() if is_true)


def live(site, kills):
    killer = Killer(site, kills)
    killer.measure()
    site.writer.start()
    for n in range(kills):
        # some are left for the end, when nobody writes any more
        site.let_write((n + 1) / (0.95 * kills))
        site.configure(n % CHILDREN_EVERY == 0)
        killer.kill()
        if site.writer_error:
            raise Failed(site.writer_error)
        if n % 20 == 19:
            check_not_too_much(site)
    if not site.seen["children at a kill"]:
        raise Failed("no child was there at any kill")
    site.let_write(1)
    site.start()
    wait_for("the writer", lambda: site.writer_error or all(
        log.is_complete for log in site.logs.values()))
    wait_for("the end of the logs: %s of %s" % (site.positions(), [
        log.written for log in site.logs.values()]), site.is_all_read)
    if site.is_past:
        # a look at the start seals what is over
        site.end(signal.SIGTERM)
        site.start()
        wait_for("seals", lambda: all(
            f.sealed for f in tallyfile.files(site.state)[:-2]))


def check_truth(site):
    compare(site, site.facts(), site.counters())


def check_replay(site):
    """One uninterrupted reading of all of it gives the same."""
    state = site.path("other")
    for name in FEEDS:
        whole = site.path(name + ".whole")
        with open(whole, "wb") as f:
            f.write(site.logs[name].log.text)
        site.tool("replay", "--mta", "sendmail", "--feed", name, whole,
                  state=state)
    compare(site, site.facts(state), site.counters(state))


def check_nothing_is_added(site):
    """The logs again, by the running daemon, and then by the tool itself."""
    before = site.facts(), site.counters(), site.positions()
    for is_running in (True, False):
        if not is_running:
            site.end(signal.SIGTERM)
        for name in FEEDS:
            out = site.tool("replay", "--mta", "sendmail", "--feed", name,
                            *site.logs[name].all_files())
            if "feed %s: 0 lines read, 0 sessions counted" % name not in out:
                raise Failed("replay: " + out)
        after = site.facts(), site.counters(), site.positions()
        if after != before:
            raise Failed("changed: %r to %r" % (before[1:], after[1:]))


def show(site):
    seen = dict(sorted(site.seen.items()))
    for name, log in site.logs.items():
        print("# feed %s: %d lines, %d sessions, rotations: %s" % (
            name, len(log.log.lines), sum(
                map(len, log.log.facts.values())),
            ", ".join("%d %s" % (n, k) for k, n in log.done.items())))
    print("# " + ", ".join("%s: %d" % item for item in seen.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int,
                        default=int(os.environ.get("TELLTLS_KILLS", 200)))
    parser.add_argument("--seed", default=os.environ.get(
        "TELLTLS_SEED", str(random.SystemRandom().randrange(1000000))))
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    # a longer life has a log to match
    size = max(1, args.kills / 200) ** 0.5
    lives = (("before the seal", evenings_before_seal, int(3000 * size)),
             ("over seals", evenings_to_seal, int(3000 * size / EVENINGS)))
    steps = (("lives", lambda site: live(site, args.kills // 2)),
             ("facts and counters are the truth", check_truth),
             ("an uninterrupted replay gives the same", check_replay),
             ("replaying the logs adds nothing", check_nothing_is_added))
    print("1..%d" % (len(lives) * len(steps)))
    print("# seed %s, %d kills" % (args.seed, args.kills))
    number, failed = 0, 0
    for life, evenings, processes in lives:
        begin = time.monotonic()
        site = Site("%s %s" % (args.seed, life), evenings(int(time.time())),
                    processes)
        is_good = True
        for name, step in steps:
            number += 1
            error = "not tried"
            if is_good:
                try:
                    step(site)
                    error = None
                except Exception as e:  # any other is a failed test too
                    error = str(e) if isinstance(e, Failed) \
                        else traceback.format_exc()
            is_good = is_good and error is None
            failed += error is not None
            print("%s %d - %s: %s" % ("not ok" if error else "ok", number,
                                      life, name))
            if error:
                print("\n".join("# " + line for line in error.splitlines()))
            sys.stdout.flush()
        show(site)
        print("# %s: %.1f s, seed %s" % (life, time.monotonic() - begin,
                                         args.seed))
        site.stop()
        if args.keep:
            print("# kept in " + site.dir)
        else:
            shutil.rmtree(site.dir)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
