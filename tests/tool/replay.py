#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls replay: from logs to sealed days, with and without looking up
policies. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import CONFIG, PROGRAM, TEMPFAIL, equal, holds  # noqa: E402


BEGIN = ("Nov 20 11:32:34 vm sm-mta[4888]: 6AMBWYfV004886: TLSRPT1^T^i:6AMBWYfV004886"
         "^a:192.0.2.1^q:^h:mx.b.example^d:b.example.^s:s@a.example^r:u@b.example\n")
END = ("Nov 20 11:32:34 vm sm-mta[4888]: 6AMBWYfV004886: TLSRPT1^S^i:6AMBWYfV004886^v:OK"
       "^p:TLSv1.3^c:x^b:256^n:match^a:192.0.2.1^f:AA^o:^q:^k:1^h:mx.b.example"
       "^d:b.example.^s:s@a.example^r:u@b.example^cn:x^ci:CA\n")


def replay_then_look(site):
    """From a log to a table, with a feed of the configuration."""
    log = os.path.join(site.dir, "mail.log")
    site.configure("feeds:\n  - mta: sendmail\n    name: mx1\n")
    with open(log, "w", encoding="ascii") as f:
        f.write(BEGIN + END)
    site.run("replay", "--mta", "sendmail", "--feed", "mx1", "--seal",
             "--until", "2025-11-20", log)
    out = site.run("tally").out
    holds(out, re.search(r"\n2025-11-20  b\.example  mx\.b\.example +"
                         r"192\.0\.2\.1  ok +ok +match +TLSv1\.3 +mx1 +1\n",
                         out))
    out = site.run("status").out
    holds(out, re.search(r"\n2025-11-20  sealed  .* 1 +1 +0 +0\n", out))
    holds(out, "Nothing is wrong." in out)


def seal_with_open(site):
    """Bug: sessions that another feed had open were in no day and no counter."""
    log = os.path.join(site.dir, "one.log")
    with open(log, "w", encoding="ascii") as f:
        f.write(BEGIN + END)
    one = ("replay", "--mta", "sendmail", "--feed", "one", "--until", "2025-11-20", log)
    out = site.run(*one).out
    holds(out, "0 sessions counted, 1 still open" in out)
    two = (*write_log(site, SESSIONS), "--feed", "two", "--seal")

    def of(feed, counter):
        return [o["counters"][counter] for o in site.run("status", "--json", want=1).objects("feed")
                if o["feed"] == feed]

    for is_said in (True, False):  # once: then the days are sealed
        result = site.run(*two)
        equal("said", "feed=one has open sessions" in result.err, is_said)
        equal("unread", (of("one", "unread"), of("two", "unread")), ([1], [0]))
    with open(log, "a", encoding="ascii") as f:
        f.write("Nov 20 20:00:00 vm sm-mta[4888]: late\n")
    holds("closed", "0 still open" in site.run(*one).out)
    equal("late", of("one", "late"), [1])
    equal("unread", of("one", "unread"), [1])


# Sessions by domain and host.
SESSIONS = (("asks.example", "mx.asks.example"), ("asks.example", "mx2.asks.example"),
            ("quiet.example", "mx.quiet.example"), ("broken.example", "mx.broken.example"))
ZONE = """\
_smtp._tls.asks.example. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@asks.example"
asks.example. 300 IN MX 10 mx.asks.example.
mx.asks.example. 300 IN A 192.0.2.1
_smtp._tls.broken.example. 300 IN TXT "v=TLSRPTv1; nonsense"
"""


def write_log(site, sessions, later=()):
    """Of 2025-11-20; what comes later comes so late that all others have
    ended. Returns the arguments of a replay."""
    log = os.path.join(site.dir, "mail.log")
    with open(log, "w", encoding="ascii") as f:
        for i, (domain, mx) in enumerate(sessions + later):
            if i == len(sessions):
                f.write("Nov 20 20:00:00 vm sm-mta[4888]: late\n")
            ids = "Nov 20 %02d:32:%02d vm sm-mta[4888]: 6AMBWYfV0%05d: " \
                "TLSRPT1^%%s^i:6AMBWYfV0%05d" % (
                    11 if i < len(sessions) else 20, i, i, i)
            at = "^q:^h:%s^d:%s.^s:s@a.example^r:u@%s" % (mx, domain, domain)
            f.write(ids % "T" + "^a:192.0.2.1" + at + "\n")
            f.write(ids % "S" + "^v:OK^p:TLSv1.3^c:x^b:256^n:match"
                    "^a:192.0.2.1^f:AA^o:^q:^k:1^h:%s^d:%s.^s:s@a.example"
                    "^r:u@%s^cn:x^ci:CA\n" % (mx, domain, domain))
    return ("replay", "--mta", "sendmail", "--until", "2025-11-20", log)


def local_data(site, more=""):
    zone = os.path.join(site.dir, "zone")
    with open(zone, "w", encoding="ascii") as f:
        f.write(ZONE)
    site.configure("dns:\n  local-data: %s\n%s" % (zone, more), lookup=True)


def policies(site):
    return sorted((o["domain"], o["mx"], o["source"]) for o in
                  site.run("tally", "--json").objects("policy"))


def is_sealed(site):
    return [o["sealed"] > 0
            for o in site.run("status", "--json").objects("day")]


def replay_looks_up(site):
    """Of the domains that ask for reports, each host that had a session."""
    local_data(site)
    late = (("asks.example", "mx3.asks.example"),)
    args = write_log(site, SESSIONS, late)
    out = site.run(*args).out
    holds(out, out.endswith("policies: 3 domains looked up, 1 ask for reports"
                            "\n"))
    want = [("asks.example", "mx.asks.example", "own"),
            ("asks.example", "mx2.asks.example", "own")]
    equal("policies", policies(site), want)
    equal("sealed", is_sealed(site), [False])
    content = [o["content"] for o in
               site.run("tally", "--json").objects("policy")]
    # local data is never secure, and there are no TLSA records in it
    equal("content", content, 2 * [{"tlsa": "none", "sts": "none"}])
    # what is known is not asked again, what came since is
    out = site.run(*args, "--seal").out
    holds(out, "1 sessions counted, 0 still open, all days sealed" in out)
    equal("policies", policies(site),
          want + [("asks.example", "mx3.asks.example", "own")])
    equal("sealed", is_sealed(site), [True])


def replay_without_lookup(site):
    for option, key in (("--no-lookup", ""),
                        (None, "policies:\n  lookup: false\n")):
        shutil.rmtree(site.state, ignore_errors=True)
        local_data(site, key)
        args = write_log(site, SESSIONS) + ("--seal",)
        out = site.run(*args, *([option] if option else [])).out
        holds(out, "policies" not in out)
        equal("policies", policies(site), [])
        equal("sealed", is_sealed(site), [True])
    local_data(site)
    out = site.run(*write_log(site, SESSIONS)).out
    holds("sealed days are left alone: " + out, "policies" not in out)


def replay_local(site):
    """What the site itself decides counts in a replay, too."""
    path = os.path.join(site.dir, "local")
    with open(path, "w", encoding="ascii") as f:
        f.write("dane asks.example\nexclude broken.example\n"
                "smart-host mx.quiet.example asks.example\n")
    local_data(site, "policies:\n  local: %s\n" % path)
    out = site.run(*write_log(site, SESSIONS), "--seal").out
    holds(out, "4 sessions counted" in out)
    tally = site.run("tally", "--json")
    equal("sessions", sorted((o["domain"], o["mx"]) for o in tally.objects("fact")), [
        ("asks.example", "mx.asks.example"), ("asks.example", "mx.quiet.example"),
        ("asks.example", "mx2.asks.example"), ("broken.example", "mx.broken.example")])
    equal("policies", sorted((o["domain"], o["mx"], o["content"].get("dane-demanded"))
                             for o in tally.objects("policy")), [
        ("asks.example", mx, True)
        for mx in ("mx.asks.example", "mx.quiet.example", "mx2.asks.example")])


def silent_resolver():
    """One that never answers, and how it is configured."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(60)
    s.bind(("127.0.0.1", 0))
    return s, 'dns:\n  servers: ["127.0.0.1@%d"]\n' % s.getsockname()[1]


def replay_no_answer(site):
    """Nothing is sealed, so that nothing is lost; the next one goes on."""
    resolver, dns = silent_resolver()
    site.configure(dns + "  timeout: 1s\n", lookup=True)
    args = write_log(site, SESSIONS) + ("--seal",)
    result = site.run(*args, want=TEMPFAIL)
    resolver.close()
    holds(result.out, "4 sessions counted, 0 still open\n" in result.out)
    holds(result.out, "policies: 0 domains looked up, 0 ask for reports, 3 "
          "could not be looked up: their sessions stay unjudged" in result.out)
    holds(result.err, "our resolver answers nothing: what the logs told is "
          "counted, but no day is sealed" in result.err)
    equal("sealed", is_sealed(site), [False])
    local_data(site)
    out = site.run(*args).out
    holds(out, "feed sendmail: 0 lines read, 0 sessions counted, 0 still open"
          ", all days sealed\n" in out)
    equal("policies", len(policies(site)), 2)
    site.configure("dns:\n  local-data: /nonexistent/zone\n", lookup=True)
    shutil.rmtree(site.state)
    err = site.run(*args, want=CONFIG).err
    holds(err, "cannot look anything up: file /nonexistent/zone" in err)


def replay_interrupted(site):
    """By an interrupt while nobody answers."""
    resolver, dns = silent_resolver()
    for number in (signal.SIGINT, signal.SIGTERM):
        shutil.rmtree(site.state, ignore_errors=True)
        site.configure(dns + "  timeout: 10m\n", lookup=True)
        process = subprocess.Popen(
            [PROGRAM, "-c", site.conf, *write_log(site, SESSIONS), "--seal"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        resolver.recv(65536)
        process.send_signal(number)
        out, err = (text.decode() for text in process.communicate(timeout=60))
        equal("exit code: " + err, process.returncode, TEMPFAIL)
        holds(out, "3 could not be looked up" in out)
        holds(err, "interrupted while policies were looked up" in err)
        equal("sealed", is_sealed(site), [False])
        resolver.setblocking(False)
        try:
            while resolver.recv(65536):
                pass
        except BlockingIOError:
            resolver.settimeout(60)
    resolver.close()


TESTS = (replay_then_look, seal_with_open, replay_looks_up, replay_local,
         replay_without_lookup, replay_no_answer, replay_interrupted)


if __name__ == "__main__":
    sys.exit(run.run_all(TESTS, run.Site))
