#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how a running telltls-milter learns that reports came back: from its
logs, and from "telltls bounce", which an alias runs. Speaks TAP; $TESTS_BIN is
the top of the build.
"""
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run  # noqa: E402
from run import LIMIT_S, OK, TEMPFAIL, TOOL, USAGE, equal, holds  # noqa: E402

MAILS = os.path.join(run.SRC, "fuzz", "corpus", "bounce_message")
TOKEN = "0123456789abcdef0123456789abcdef"   # of these mails
OTHER = "ffffffffffffffffffffffffffffff02"
MORE = 'contact: rpt@us.example\nrecipient-delimiter: "+"\n'
NOBODY = pwd.getpwnam("nobody").pw_uid


def mail(name):
    with open(os.path.join(MAILS, name), "rb") as f:
        return f.read()


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Site(run.Site):
    """One whose reports have envelope senders of their own."""

    def __init__(self):
        super().__init__()
        self.socket = os.path.join(self.run, "bounce")
        self.bounces = os.path.join(self.state, "outbox", "bounces")
        self.append(1)
        self.configure(["mail.log"], more=MORE)

    def ready(self):
        self.start()
        self.wait(lambda: os.path.exists(self.socket))

    def told(self):
        """Tokens and codes that wait for telltls-report."""
        try:
            with open(self.bounces, encoding="ascii") as f:
                return [tuple(line.split()[1:]) for line in f]
        except FileNotFoundError:
            return []

    def bounce(self, *args, text=b"", want=OK, env=None, conf=None,
               user=None):
        """Runs the command as an alias does."""
        # who is not root may not get to where it was built
        tool = TOOL if user is None else shutil.copy(TOOL, self.path("tool"))
        done = subprocess.run(
            [tool, "-c", conf or self.conf, "bounce", *args], input=text,
            capture_output=True, timeout=LIMIT_S, check=False, user=user,
            env=dict({"PATH": os.environ["PATH"]}, **(env or {})))
        if done.returncode != want:
            raise run.Failed("%r: exit code: got %d, want %d\n%s" % (
                args, done.returncode, want, done.stderr.decode()))
        return done.stderr.decode()

    def log_failure(self, qid, token, dsn="5.1.1"):
        with open(self.log, "a", encoding="utf-8") as f:
            f.write("%s vm sm-mta[7]: %s: from=<rpt+%s@us.example>, size=1, "
                    "class=0, nrcpts=1\n" % (stamp(), qid, token))
        self.fail(qid, dsn)

    def fail(self, qid, dsn="5.1.1"):
        with open(self.log, "a", encoding="utf-8") as f:
            f.write("%s vm sm-mta[8]: %s: to=<t@d.example>, delay=00:00:01, "
                    "xdelay=00:00:01, mailer=esmtp, pri=1, "
                    "relay=mx.d.example. [192.0.2.1], dsn=%s, stat=x\n" %
                    (stamp(), qid, dsn))


def of_the_log(site):
    site.ready()
    site.log_failure("6AMBWYfV100001", TOKEN)
    site.log_failure("6AMBWYfV100002", OTHER, "4.2.0")
    site.log_failure("6AMBWYfV100003", OTHER, "2.0.0")
    site.log_failure("6AMBWYfV100004", OTHER, "5.7.1")
    site.wait(lambda: len(site.told()) == 2)
    equal("told", site.told(), [(TOKEN, "5.1.1"), (OTHER, "5.7.1")])
    equal("mode", os.stat(site.bounces).st_mode & 0o137, 0)
    site.stop()
    # what was read is not read again
    site.ready()
    site.append(1)
    site.wait(lambda: site.counted()[0] == 2)
    equal("told", len(site.told()), 2)


def across_restarts(site):
    """Days pass between the line of the sender and that of the failure: by
    then there was a reload, and another daemon."""
    site.ready()
    for number, token in enumerate((TOKEN, OTHER)):
        with open(site.log, "a", encoding="utf-8") as f:
            f.write("%s vm sm-mta[7]: 6AMBWYfV10000%d: from=<rpt+%s@"
                    "us.example>, size=1\n" % (stamp(), number, token))
    site.append(1)
    site.wait(lambda: site.counted()[0] == 2)
    site.reload("configuration was read again")
    site.fail("6AMBWYfV100000")
    site.wait(site.told)
    site.stop()
    site.ready()
    site.fail("6AMBWYfV100001", "5.7.1")
    site.wait(lambda: len(site.told()) == 2)
    equal("told", site.told(), [(TOKEN, "5.1.1"), (OTHER, "5.7.1")])


def plain_log(site):
    """Without rules and milter, too, sessions of reports do not count; the
    lines of a delivery do not tell whose it is."""
    site.ready()
    with open(site.log, "a", encoding="utf-8") as f:
        f.write("".join("%s vm sm-mta[7]: 6AMBWYfV%06d: from=<%s@us.example>, "
                        "size=1\n" % (stamp(), i, sender) for i, sender in (
                            (2, "rpt+" + TOKEN), (3, "u"), (4, "rpt"))))
    site.wait(lambda: site.counted()[1] == 5)
    site.stop()
    site.ready()
    site.append(3)
    site.wait(lambda: site.counted()[1] == 11)
    # what is left out is told once the sessions are over
    equal("sessions", site.counted()[0], 2)


def of_replay(site):
    """Logs that are replayed tell nothing: they may be old."""
    site.ready()
    site.log, log = site.path("other.log"), site.log
    site.log_failure("6AMBWYfV100001", TOKEN)
    for args in ([], ["--feed", "other"]):
        subprocess.run([TOOL, "-c", site.conf, "replay", "--mta", "sendmail",
                        *args, site.log], check=False, timeout=LIMIT_S,
                       capture_output=True)
    site.log = log
    site.log_failure("6AMBWYfV100005", OTHER)
    site.wait(site.told)
    equal("told", site.told(), [(OTHER, "5.1.1")])


def of_mails(site):
    site.ready()
    for name in ("sendmail", "postfix", "exim", "delayed", "plain",
                 "hostile"):
        equal("said", site.bounce(text=mail(name)), "")
    site.bounce(text=b"")
    site.wait(lambda: len(site.told()) >= 3)
    site.stop()
    equal("told", site.told(), [(TOKEN, "5.1.1"), (TOKEN, "5.1.1"),
                                (TOKEN, "5.0.0")])
    holds("the socket is gone", not os.path.exists(site.socket))


def of_addresses(site):
    """The recipient, as the MTA may tell it."""
    site.ready()
    text = mail("sendmail").replace(TOKEN.encode(), b"x")
    address = "rpt+%s@us.example" % OTHER
    site.bounce(text=text)
    site.bounce("--recipient", "rpt@us.example", text=text)
    for args, env in (
            (["--recipient", address], {}),
            (["--recipient", "rpt+" + OTHER], {}),
            ([], {"RECIPIENT": address}),
            ([], {"ORIGINAL_RECIPIENT": address, "RECIPIENT": "x@y"}),
            ([], {"EXTENSION": OTHER.upper(), "USER": "rpt"}),
            ([], {"LOCAL_PART": "rpt", "LOCAL_PART_SUFFIX": "+" + OTHER})):
        site.bounce(*args, text=text, env=env)
    site.stop()
    equal("told", site.told(), 6 * [(OTHER, "5.1.1")])


def long_mail(site):
    """Read to its end, so that the MTA can write it."""
    site.ready()
    site.bounce(text=mail("postfix") + 1000000 * b"x\n")
    site.stop()
    equal("told", site.told(), [(TOKEN, "5.1.1")])


def no_daemon(site):
    """The MTA tries again, but only where there is something to tell."""
    os.makedirs(site.run)
    holds("says why", "telltls-milter" in site.bounce(
        text=mail("sendmail"), want=TEMPFAIL))
    site.bounce(text=mail("plain"))
    site.bounce("--run", site.path("none"), text=mail("exim"), want=TEMPFAIL)
    site.bounce("--run", "x" * 200, text=mail("exim"), want=TEMPFAIL)
    site.bounce("operand", want=USAGE)


def no_configuration(site):
    """Who runs the alias may not be allowed to read it."""
    site.ready()
    site.bounce("--run", site.run, text=mail("sendmail"),
                conf=site.path("none.yaml"))
    with open(site.path("bad.yaml"), "w", encoding="utf-8") as f:
        f.write("colour: red\n")
    site.bounce("--run", site.run, text=mail("sendmail"),
                conf=site.path("bad.yaml"))
    if run.IS_ROOT:
        os.chmod(site.conf, 0o600)
        site.bounce("--run", site.run, text=mail("sendmail"), user=NOBODY)
    site.stop()
    equal("told", set(site.told()), {(TOKEN, "5.1.1")})
    equal("number", len(site.told()), 3 if run.IS_ROOT else 2)


def strangers(site):
    """Whoever sends what he likes holds up nobody, and fills no disk."""
    site.ready()
    # its mode comes last
    site.wait(lambda: stat.S_IMODE(os.stat(site.socket).st_mode) == 0o666)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.settimeout(LIMIT_S)
    packet = ("bounce %s 5.1.1" % OTHER).encode()
    for junk in (b"", b"bounce", b"bounce x 5.1.1", 100 * packet, packet + b"x",
                 packet[:-6], b"\xff" * 70, b"kind ask-status\n"):
        s.sendto(junk, site.socket)
    for _ in range(150):
        s.sendto(packet, site.socket)
    # the log is read all the same
    site.append(1)
    site.wait(lambda: site.counted()[0] == 2 and len(site.told()) == 150)
    with open(site.bounces, "ab") as f:
        f.write((1 << 19) * b"x")
    size = os.path.getsize(site.bounces)
    s.sendto(packet, site.socket)
    site.wait(lambda: "cannot keep that reports came back" in site.said())
    site.log_failure("6AMBWYfV100001", TOKEN)
    site.wait(lambda: os.path.getsize(site.bounces) > size)
    s.close()


def by_configuration(site):
    """No delimiter, no socket; a reload makes it and takes it away."""
    site.configure(["mail.log"])
    site.start()
    site.configure(["mail.log"], more=MORE)
    site.reload("configuration was read again")
    site.wait(lambda: os.path.exists(site.socket))
    site.log_failure("6AMBWYfV100001", TOKEN)
    site.wait(site.told)
    site.configure(["mail.log"])
    site.reload("configuration was read again")
    site.wait(lambda: not os.path.exists(site.socket))
    site.signal(signal.SIGKILL)
    site.daemon.wait()


def left_behind(site):
    """The socket of a daemon that was killed is replaced."""
    site.ready()
    site.signal(signal.SIGKILL)
    site.daemon.wait()
    holds("it is there", os.path.exists(site.socket))
    before = os.stat(site.socket).st_ctime_ns
    site.start()
    site.wait(lambda: os.path.exists(site.socket) and
              os.stat(site.socket).st_ctime_ns != before)
    site.bounce(text=mail("exim"))
    site.wait(site.told)


if __name__ == "__main__":
    run.TESTS = (of_the_log, across_restarts, plain_log, of_replay, of_mails,
                 of_addresses, long_mail, no_daemon, no_configuration,
                 strangers, by_configuration, left_behind)
    run.Site = Site
    sys.exit(run.main())
