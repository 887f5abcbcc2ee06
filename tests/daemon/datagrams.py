#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls-milter with sockets for the datagrams of Postfix: alone, and
beside a log; reloads, kills, recorded datagrams. Speaks TAP; $TESTS_BIN is the
top of the build.
"""
import collections
import gzip
import json
import os
import signal
import socket
import stat
import subprocess
import sys

import run
from run import BIN, IS_ROOT, SRC, TOOL, equal, holds, is_gone

READ = os.path.join(BIN, "tests", "corpus", "read_datagrams")
CORPUS = os.path.join(SRC, "corpus", "postfix.jsonl.gz")
RECORDS = ("domain", "mx", "ip", "sending_ip", "helo", "tls", "reason",
           "chain", "name", "dane", "verdict")


def datagram(n, policies=1):
    return json.dumps({"dpv": "1", "d": "d%d.example" % n, "policies": [{
        "policy-type": 2, "policy-domain": "d%d.example" % n,
        "mx-host": ["mx%d.example" % i], "t": 0, "f": 0}
        for i in range(policies)]}).encode()


def lines(n, pid):
    """A delivery of Postfix, as it is logged."""
    peer = "mx%d.example[192.0.2.1]:25" % n
    head = "Nov 22 10:00:00 vm postfix/smtp[%d]: " % pid
    return (head + "Trusted TLS connection established to %s: TLSv1.3 with "
            "cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n" % peer
            + head + "4D0000000%02X: to=<u@d%d.example>, relay=%s, delay=1, "
            "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n" % (
                n, n, peer))


class Site(run.Site):
    def __init__(self):
        super().__init__()
        self.socket_of = {}
        # it makes its sockets as another user
        os.mkdir(self.path("sockets"), 0o755)
        if IS_ROOT:
            os.chown(self.path("sockets"), 65534, -1)

    def socket_path(self, name="s"):
        return self.path("sockets/" + name)

    def feeds(self, *feeds):
        text = "state: %s\nrun: %s\nuser: nobody\nmilter:\n" \
            "  socket: none\npolicies:\n  lookup: false\nfeeds:\n" % (self.state, self.run)
        for name, more in feeds:
            text += "  - mta: postfix\n    name: %s\n" % name
            text += "".join("    %s: %s\n" % item for item in more.items())
        if not feeds:
            text += "  - mta: postfix\n    name: none\n    file: %s\n" % (
                self.path("none.log"))
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)

    def listens(self, name="s"):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            s.connect(self.socket_path(name))
            return True
        except OSError:
            return False
        finally:
            s.close()

    def send(self, texts, name="s"):
        """Waits for room; all of them arrive, or it fails."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self.socket_path(name))
            for text in texts:
                s.send(text)

    def counters(self, feed="out"):
        for o in self.status("feed"):
            if o["feed"] == feed:
                return collections.Counter(o["counters"])
        return collections.Counter()

    def tally(self, kind):
        done = subprocess.run(
            [TOOL, "-c", self.conf, "tally", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=run.LIMIT_S, check=False)
        return [o for o in map(json.loads, done.stdout.splitlines())
                if o["kind"] == kind]

    def receivers(self):
        """All its children: there is no milter."""
        return run.children_of(self.daemon.pid)

    def begin(self, *names):
        self.start()
        for name in names or ("s",):
            self.wait(lambda name=name: self.listens(name))


def can_have_priority():
    code = subprocess.run(
        [sys.executable, "-c", "import resource; resource.setrlimit("
         "resource.RLIMIT_NICE, (30, 30))"], stderr=subprocess.DEVNULL,
        check=False).returncode
    return IS_ROOT and code == 0


# --- one socket ----------------------------------------------------------------------


def alone(site):
    site.feeds(("out", {"socket": site.socket_path(), "keep-invalid": 2}))
    site.begin()
    # its mode comes last
    site.wait(lambda: stat.S_IMODE(os.stat(site.socket_path()).st_mode)
              == 0o660)
    st = os.stat(site.socket_path())
    if can_have_priority():
        equal("priority", os.getpriority(os.PRIO_PROCESS,
                                         site.receivers()[0]), -10)
    equal("mode", (stat.S_ISSOCK(st.st_mode), st.st_mode & 0o777),
          (True, 0o660))
    site.send([datagram(1), datagram(2, 3), b"{", b"[", b"", datagram(1)])
    site.wait(lambda: site.counters()["datagrams"] == 6)
    n = site.counters()
    equal("counted", (n["sessions"], n["bad-datagram"], n["datagram-lost"]),
          (5, 3, 0))
    equal("sessions of facts",
          sorted((o["domain"], o["count"]) for o in site.tally("fact")),
          [("d1.example", 2), ("d2.example", 1), ("d2.example", 1),
           ("d2.example", 1)])
    known = {o["hash"] for o in site.tally("policy")}
    equal("policies", (len(known), {o["policy"] for o in site.tally("fact")}),
          (4, known))
    equal("kept", sorted(os.listdir(site.path("state/invalid"))),
          ["out.0", "out.1"])
    # status
    live = site.status("feed")[0]
    equal("status", [live[name] for name in (
        "feed", "mta", "socket", "file", "followed", "at-end", "failing")],
        ["out", "postfix", site.socket_path(), "", True, True, False])
    text = subprocess.run([TOOL, "-c", site.conf, "status"],
                          stdout=subprocess.PIPE, check=False).stdout.decode()
    holds(text, "out" in text and "none of the protocol" in text)
    # what was sent up to the end counts
    site.send(datagram(n) for n in range(500))
    site.stop()
    equal("counted", site.counters()["sessions"], 505)
    holds("no file", not os.path.exists(site.socket_path()))


def group(site):
    if not IS_ROOT:
        raise run.Skipped("not root")
    site.feeds(("out", {"socket": site.socket_path(), "group": "adm"}))
    site.begin()
    import grp
    site.wait(lambda: os.stat(site.socket_path()).st_gid
              == grp.getgrnam("adm").gr_gid)
    site.stop()


def occupied(site):
    """Somebody else has the socket: that is said, and tried again."""
    site.feeds(("out", {"socket": site.socket_path()}))
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.bind(site.socket_path())
    os.chmod(site.socket_path(), 0o666)
    site.start()
    site.wait(lambda: "Address already in use" in site.said())
    site.wait(lambda: any("nobody receives" in o["text"]
                          for o in site.status("advice")))
    other.close()
    site.wait(lambda: site.receivers() and site.listens())
    site.send([datagram(1)])
    site.wait(lambda: site.counters()["sessions"] == 1)
    site.stop()


# --- both -----------------------------------------------------------------------------


def both(site):
    """Sessions from the log alone, policies from the datagrams."""
    log = site.path("mail.log")
    site.feeds(("out", {"socket": site.socket_path(), "file": log}))
    with open(log, "w", encoding="utf-8") as f:
        f.write("".join(lines(n, 100 + n) for n in range(1, 6)))
    site.begin()
    site.send(datagram(n) for n in range(1, 9))
    site.wait(lambda: site.counters("out.socket")["datagrams"] == 8)
    site.wait(lambda: site.counters()["lines"] == 10)
    equal("status", [(o["feed"], o["socket"], o["file"], o["failing"])
                     for o in site.status("feed")],
          [("out", "", log, False),
           ("out.socket", site.socket_path(), "", False)])
    site.stop()
    equal("of datagrams", site.counters("out.socket")["sessions"], 0)
    equal("facts", sorted((o["domain"], o["count"], o["feed"])
                          for o in site.tally("fact")),
          [("d%d.example" % n, 1, "out") for n in range(1, 6)])
    equal("policies", len({o["domain"] for o in site.tally("policy")}), 8)
    equal("feeds", sorted(o["feed"] for o in site.status("feed")),
          ["out", "out.socket"])


# --- reloads ---------------------------------------------------------------------------


def reloads(site):
    again = "configuration was read again"
    site.feeds()
    site.start()
    site.feeds(("out", {"socket": site.socket_path("a")}))
    site.reload(again)
    site.wait(lambda: site.listens("a"))
    site.send([datagram(n) for n in range(300)], "a")
    # another path: what was sent to the old one counts
    site.feeds(("out", {"socket": site.socket_path("b")}))
    site.reload(again)
    site.wait(lambda: site.listens("b"))
    holds("the old one", not os.path.exists(site.socket_path("a")))
    equal("counted", site.counters()["sessions"], 300)
    site.send([datagram(1)], "b")
    # no other socket: the receiver stays, and nothing is lost
    receivers = site.receivers()
    site.feeds(("out", {"socket": site.socket_path("b"), "keep-invalid": 5}))
    for _ in range(3):
        site.reload(again)
        site.send([datagram(1)], "b")
    equal("receivers", site.receivers(), receivers)
    site.wait(lambda: site.counters()["sessions"] == 304)
    # two of them, then none
    site.feeds(("out", {"socket": site.socket_path("b")}),
               ("more", {"socket": site.socket_path("c")}))
    site.reload(again)
    site.wait(lambda: site.listens("b") and site.listens("c"))
    site.send([datagram(1)], "b")
    site.send([datagram(1), datagram(2)], "c")
    site.feeds()
    site.reload(again)
    equal("counted", (site.counters()["sessions"],
                      site.counters("more")["sessions"]), (305, 2))
    equal("sockets", os.listdir(site.path("sockets")), [])
    equal("receivers", site.receivers(), [])
    site.stop()
    holds(site.said(), "are lost" not in site.said())


# --- kills -----------------------------------------------------------------------------


class Sender:
    """A process that sends as fast as it can, and counts what was taken."""

    def __init__(self, site):
        self.pipe, out = os.pipe()
        self.parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self.flood(site.socket_path(), out)
        os.close(out)

    def flood(self, path, out):
        over = []
        signal.signal(signal.SIGTERM, lambda *_: over.append(1))
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.setblocking(False)
        sent = 0
        texts = [datagram(n) for n in range(50)]
        while not over and os.getppid() == self.parent:
            try:
                s.sendto(texts[sent % 50], path)
                sent += 1
            except OSError:
                pass
        os.write(out, b"%d" % sent)
        os._exit(0)

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        sent = int(os.read(self.pipe, 100))
        os.close(self.pipe)
        return sent


def receiver_killed(site):
    site.feeds(("out", {"socket": site.socket_path()}))
    site.begin()
    sender = Sender(site)
    for _ in range(2):
        before = site.counters()["sessions"]
        site.wait(lambda: site.counters()["sessions"] > before)
        pid = site.receivers()[0]
        os.kill(pid, signal.SIGKILL)
        site.wait(lambda: is_gone(pid) and site.receivers()
                  and site.receivers() != [pid] and site.listens())
    before = site.counters()["sessions"]
    site.wait(lambda: site.counters()["sessions"] > before)
    sent = sender.end()
    site.stop()
    n = site.counters()
    holds("%r of %d" % (n, sent),
          n["datagrams"] + n["datagram-lost"] <= sent)
    equal("sessions", n["sessions"], n["datagrams"])
    equal("of facts", sum(o["count"] for o in site.tally("fact")),
          n["sessions"])
    # what a killed receiver had at hand, and its socket's queue
    batch = 16
    with open("/proc/sys/net/unix/max_dgram_qlen", encoding="utf-8") as f:
        queue = int(f.read()) + 1
    holds("%r of %d" % (n, sent),
          n["datagrams"] + n["datagram-lost"] >= sent - 2 * (batch + queue))


def parent_killed(site):
    site.feeds(("out", {"socket": site.socket_path()}))
    site.begin()
    sender = Sender(site)
    for _ in range(2):
        before = site.counters()["sessions"]
        site.wait(lambda: site.counters()["sessions"] > before)
        receivers = site.receivers()
        site.signal(signal.SIGKILL)
        site.join(-signal.SIGKILL)
        seen = site.counters()["sessions"]
        site.start()
        site.wait(lambda: all(map(is_gone, receivers)))
        site.wait(lambda: site.receivers() and site.listens())
        holds("nothing is forgotten", site.counters()["sessions"] >= seen)
    before = site.counters()["sessions"]
    site.wait(lambda: site.counters()["sessions"] > before)
    sent = sender.end()
    site.stop()
    n = site.counters()
    holds("%r of %d" % (n, sent),
          n["datagrams"] + n["datagram-lost"] <= sent)
    equal("sessions", n["sessions"], n["datagrams"])
    equal("damaged", [o["damaged"] for o in site.status("day")], [0])


# --- recordings ------------------------------------------------------------------------


def key_of(fact):
    return tuple(json.dumps(fact[name], sort_keys=True) for name in RECORDS)


def recorded(site):
    """Sent for real, each gives the facts that its parser reads in it."""
    with gzip.open(CORPUS, "rt", encoding="utf-8") as f:
        raw = [d.encode() for line in f
               for d in json.loads(line)["datagrams"] or []]
    done = subprocess.run([READ], input=b"".join(d + b"\n" for d in raw),
                          stdout=subprocess.PIPE, check=True)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    want = collections.Counter(
        key_of(o) for o in objects if o["kind"] == "fact")
    with_policy = sum(1 for o in objects
                      if o["kind"] == "fact" and o["policy"] is not None)
    site.feeds(("out", {"socket": site.socket_path()}))
    site.begin()
    site.send(raw)
    site.wait(lambda: site.counters()["datagrams"] == len(raw))
    site.stop()
    got = collections.Counter()
    for o in site.tally("fact"):
        got[key_of(o)] += o["count"]
    equal("not counted", list((want - got).items())[:3], [])
    equal("not sent", list((got - want).items())[:3], [])
    known = {o["hash"] for o in site.tally("policy")}
    equal("with a policy", sum(o["count"] for o in site.tally("fact")
                               if o["policy"] in known), with_policy)
    bad = sum(1 for o in objects if o["kind"] == "end" and o["error"])
    n = site.counters()
    equal("bad", n["bad-datagram"] + n["address-literal"], bad)
    equal("lost", n["datagram-lost"], 0)


run.TESTS = (alone, group, occupied, both, reloads, receiver_killed,
             parent_killed, recorded)
run.Site = Site

if __name__ == "__main__":
    sys.exit(run.main())
