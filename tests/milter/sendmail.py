#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the milter with a real Sendmail, without the daemon: what is noted of
messages, that their sessions are left out of a plain log however Sendmail
sends them on, and that mail is taken whatever becomes of the milter.

For what it needs see tests/system/lab/stage.py.
"""
import collections
import json
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.path.insert(0, HERE)
from lab import mta, namespace, site as lab_site, stage, world  # noqa: E402
from milter_site import Filter  # noqa: E402

LIMIT_S = 300
M4 = "usr/share/telltls/sendmail/telltls-milter.m4"  # as the file's head says
SPLIT = "QUEUE_GROUP(`mqueue', `P=/var/spool/mqueue, R=1, r=2')dnl\n"
MANY = 300  # messages whose notes nobody reads
OWN = world.REPORTER
ZONE = world.ZONE
NOTHING = (False, False)


class Site(lab_site.Site):
    """Sendmail writes a plain log: what is to be left out tells the milter
    alone. It is patient, as the machine may be slow."""

    def __init__(self, place, more=""):
        super().__init__(place, rules=more, milter=lab_site.PATIENT_MILTER)
        self.socket = self.sendmail.inside(lab_site.MILTER_SOCKET)
        os.makedirs(os.path.dirname(self.socket))
        os.mkdir(place.path("state"))
        self.filter = None

    def start_filter(self):
        self.filter = Filter("unix:" + self.socket, "-o", OWN, "-s",
                             self.place.path("state")).ready()
        return self.filter

    def lines(self, since=0):
        self.log.drain()
        with open(self.log.path, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()[since:]


def equal(tap, title, got, want):
    tap.check(title, *([] if got == want else [f"got {got!r}, want {want!r}"]))


def send(smtp, message):
    """Returns the queue id that Sendmail says."""
    for command in mta.commands(message)[:-1]:
        mta.say(smtp, command)
    smtp.send(message.text() + ".\r\n")
    code, reply = smtp.getreply()
    if code != 250:
        raise RuntimeError(f"{code} {reply.decode()}")
    return re.match(r"2\.0\.0 (\w+) ", reply.decode()).group(1)


def send_each(messages, port=mta.QUEUE_ONLY):
    """Each on a connection of its own."""
    ids = []
    for message in messages:
        with mta.session(port) as smtp:
            ids.append(send(smtp, message))
    return ids


def envelope(smtp, message):
    for command in mta.commands(message)[:-2]:
        mta.say(smtp, command)


def to(*users, **more):
    """A user without a domain is one of NAME.lab.test."""
    return world.Message(tuple(u if "@" in u else f"user@{u}.{ZONE}" for u in users), **more)


def check_file(tap, mail):
    """The file that we ship, behind Debian's own configuration."""
    path = os.path.join(os.path.dirname(mail.place.src), "etc/sendmail/telltls-milter.m4")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    mail.sendmail.write(M4, text)
    before, said_before = mail.sendmail.make_cf(lab_site.DEBIAN_MC, "before")
    after, said = mail.sendmail.make_cf(lab_site.DEBIAN_MC + f"include(`/{M4}')dnl\n", "after")
    equal(tap, "m4 has nothing to say", said.replace(said_before, ""), "")
    rest = iter(line for line in after.splitlines() if not line.startswith("#"))
    tap.check("behind Debian's sendmail.mc our file takes nothing of the site's away",
              *(line for line in before.splitlines()
                if not line.startswith("#") and line not in rest))
    added = collections.Counter(after.splitlines()) - collections.Counter(before.splitlines())
    equal(tap, "and it adds one filter", [x for x in added if x[:1] == "X" or "Filters" in x],
          ["O InputMailFilters=telltls",
           "Xtelltls, S=unix:/run/telltls/milter.sock, F=, T=C:1s;S:1s;R:1s;E:5s"])
    equal(tap, "it is the line of the other tests", text.splitlines()[-1] + "\n",
          lab_site.MILTER)


MESSAGES = (  # what, and TLS-Required: No, ours, domains
    ("a message", to("good"), (*NOTHING, "good")),
    ("TLS-Required: No", to("good", tls_required_no=True), (True, False, "good")),
    ("our report", to("good", sender=OWN), (False, True, "good")),
    ("our report, with both", to("good", sender=OWN, tls_required_no=True), (True, True, "good")),
    ("our report, extended", to("good", sender=OWN.replace("@", "+a.b=1@")),
     (False, True, "good")),
    ("a bounce", to("good", sender=""), (*NOTHING, "good")),
    ("two recipients of one domain", to("good", f"other@good.{ZONE}"), (*NOTHING, "good")),
    ("three domains", to("good", "notls", "wild"), (*NOTHING, "good notls wild")),
    ("in capitals", to("user@GOOD.Lab.Test"), (*NOTHING, "good")),
    ("a quoted address", to(f'"a@b c"@good.{ZONE}'), (*NOTHING, "good")),
    ("an address literal", to("user@[127.0.1.11]"), (*NOTHING, "")),
    ("a local user", world.Message(("postmaster",)), (*NOTHING, "")),
)


def summary(note):
    domains = " ".join(d.removesuffix("." + ZONE) for d in note["domains"].split())
    return note["no"], note["own"], domains


def check_notes(tap, mail):
    f = mail.start_filter()
    for title, message, want in MESSAGES:
        ids = send_each([message])
        note = f.note()
        equal(tap, f"{title}: noted", (note["qid"], *summary(note)), (*ids, *want))
    with mta.session(mta.QUEUE_ONLY) as smtp:
        ids = [send(smtp, message) for _, message, _ in MESSAGES]
    notes = f.notes(len(ids))
    equal(tap, "all on one connection: ids", [n["qid"] for n in notes], ids)
    equal(tap, "all on one connection: the rest", [summary(n) for n in notes],
          [want for _, _, want in MESSAGES])
    logged = {m.group(1) for line in mail.lines() if (m := re.search(r"\]: (\w+): from=", line))}
    tap.check("the ids are those of the log", *({n["qid"] for n in notes} - logged))

    ours = to("wild", sender=OWN)
    with mta.session(mta.QUEUE_ONLY) as smtp:
        envelope(smtp, ours)
        mta.say(smtp, "RSET")
        envelope(smtp, ours)
        mta.say(smtp, "DATA")
        smtp.send("TLS-Required: No\r\n\r\n" + "x" * 70 + "\r\n")
        smtp.sock.close()  # in the middle of it
        smtp.sock = None
    with mta.session(mta.QUEUE_ONLY) as smtp:
        envelope(smtp, ours)
        mta.say(smtp, "RSET")
        mta.say(smtp, "RSET")
        qid = send(smtp, to("good"))
    note = f.note()
    equal(tap, "RSET, and a connection lost in DATA, leave no trace",
          (note["qid"], *summary(note)), (qid, *NOTHING, "good"))

    many = to(*(f"user{i}@d{i}.{ZONE}" for i in range(100)), *(f"u{i}@good.{ZONE}"
                                                              for i in range(5)))
    ids = send_each([many])
    note = f.note()
    equal(tap, "more domains than are told",
          (note["qid"], len(note["domains"].split()), note["more"]), (*ids, 100, 5))


def queue_file(mail, qid):
    """Header fields and body as they wait in the queue, without what tells
    this message from that one."""
    folder = mail.sendmail.inside("var/spool/mqueue")
    with open(os.path.join(folder, "qf" + qid), encoding="utf-8", errors="replace") as f:
        fields = [line for line in f if line.startswith(("H", "S", "R")) and
                  not line.startswith(("H??Received", "H?M?", "H?D?"))]
    with open(os.path.join(folder, "df" + qid), "rb") as f:
        return fields, f.read()


def check_unchanged(tap, mail):
    messages = (to("good"), to("good", tls_required_no=True), to("good", sender=OWN))
    with_milter = send_each(messages)
    mail.filter.notes(len(messages))
    mail.filter.stop()
    without = send_each(messages)
    equal(tap, "what waits in the queue is the same with and without a milter",
          [queue_file(mail, qid) for qid in with_milter],
          [queue_file(mail, qid) for qid in without])


def notes(tap, place):
    mail = Site(place)
    try:
        check_file(tap, mail)
        mail.sendmail.start()
        send_each([to("good")])
        tap.check("there was never a milter: mail is taken")
        check_notes(tap, mail)
        check_unchanged(tap, mail)
        mail.sendmail.stop()
    finally:
        mail.filter.kill()


def expected(truth):
    """What a plain log tells of these connections: sessions a domain, and what
    is left out."""
    sessions, left_out = collections.Counter(), collections.Counter()
    for seen in truth:
        if seen["outcome"] != "ok":
            continue
        why = {}
        for sent in seen["sent"]:
            cause = "own-report" if sent["from"] == OWN else \
                "tls-required-no" if sent["tls_required_no"] else None
            for domain in {address.rpartition("@")[2].lower() for address in sent["to"]}:
                if domain not in why or cause is None:
                    why[domain] = cause
        for domain, cause in why.items():
            if cause is None:
                sessions[domain] += 1
            else:
                left_out[cause] += 1
    return dict(sessions), dict(left_out)


def counted(mail):
    """What telltls makes of the log."""
    def telltls(*args):
        p = subprocess.run([os.path.join(mail.place.bin, "tool/telltls"), "-c",
                            mail.place.path("telltls.yaml"), "--state", mail.place.path("state"),
                            *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=120)
        if p.returncode not in (0, 1):  # 1: something is wrong with the state
            raise RuntimeError(f"telltls {args[0]}: {p.stdout}{p.stderr}")
        return p.stdout

    mail.settle()
    with open(mail.place.path("telltls.yaml"), "w", encoding="ascii") as f:
        f.write(f"run: {mail.place.folder}\npolicies:\n  lookup: false\n")
    telltls("replay", "--mta", "sendmail", "--seal", mail.log.path)
    sessions = collections.Counter()
    for line in telltls("tally", "--json").splitlines():
        fact = json.loads(line)
        if fact["kind"] == "fact":
            sessions[fact["domain"]] += fact["count"]
    status = [json.loads(line) for line in telltls("status", "--json").splitlines()]
    counters = next(x["counters"] for x in status if x["kind"] == "feed")
    return dict(sessions), {k: n for k, n in counters.items()
                            if k in ("own-report", "tls-required-no") and n}


def sent_on(tap, place):
    """Envelopes that are split, and messages that share a connection."""
    mail = Site(place, SPLIT)
    mail.sendmail.start()
    mail.start_filter()
    try:
        send_each((
            to("good"), to("wild", tls_required_no=True), to("good", sender=OWN),
            to("good", "wild", tls_required_no=True), to("wrongname"),
            to(*(f"u{i}@{name}.{ZONE}" for i in range(3) for name in ("good", "wild", "tls12")),
               tls_required_no=True),
            to(*(f"u{i}@{name}.{ZONE}" for i in range(2) for name in ("good", "wild", "tls12"))),
        ), mta.BACKGROUND)
        mail.sendmail.wait_idle()
        mail.filter.stop()
        mail.start_filter()
        # one connection a host for all of these
        with mta.session(mta.QUEUE_ONLY) as smtp:
            for message in (to("case", tls_required_no=True), to("case"),
                            to("selfsigned", tls_required_no=True),
                            to("selfsigned", tls_required_no=True)):
                send(smtp, message)
        mail.filter.stop()
    finally:
        mail.filter.kill()
    mail.sendmail.wait_idle()
    mail.sendmail.run_queue()
    mail.sendmail.stop()
    mail.settle()
    truth = mail.truth.read()
    sessions, left_out = expected(truth)
    splits = [line for line in mail.lines() if ": split: " in line]
    shared = [x for x in truth if len(x["sent"]) > 1]
    tap.check("the run shows what it is for",
              *(x for x in ("own-report", "tls-required-no") if not left_out.get(x)),
              *([] if any("ids=" in x for x in splits) else ["no split"]),
              *([] if len(shared) > 1 else ["no connection is shared"]))
    got = counted(mail)
    equal(tap, "sessions of noted messages are left out", got[0], sessions)
    equal(tap, "and counted as such", got[1], left_out)


def check_hung_parent(tap, mail):
    message = to("good", tls_required_no=True)
    f = mail.start_filter()
    f.signal(signal.SIGSTOP)
    ids = []
    for _ in range(10):
        with mta.session(mta.QUEUE_ONLY) as smtp:
            ids += [send(smtp, message) for _ in range(MANY // 10)]
    tap.check("parent hung: all mail is taken")
    f.signal(signal.SIGCONT)
    got = [f.note()]
    while len(got) + sum(n["dropped"] for n in got) < len(ids):
        # what was dropped is told with a later note
        ids += send_each([message])
        while got[-1]["qid"] != ids[-1]:
            got.append(f.note())
    equal(tap, "parent hung: each message is told or counted",
          len(got) + sum(n["dropped"] for n in got), len(ids))
    f.stop()


def check_dying(tap, mail):
    message = to("good")
    f = mail.start_filter()
    with mta.session(mta.QUEUE_ONLY) as smtp:
        send(smtp, message)
        f.signal_child(signal.SIGSTOP)
        for _ in range(3):
            send(smtp, message)
        f.signal_child(signal.SIGCONT)
        send(smtp, message)
    tap.check("child hung in the middle of a connection: all mail is taken")
    with mta.session(mta.QUEUE_ONLY) as smtp:
        send(smtp, message)
        f.signal_child(signal.SIGKILL)
        f.rest()
        for _ in range(3):
            send(smtp, message)
    tap.check("child killed in the middle of a connection: all mail is taken")
    send_each([message, message])
    tap.check("child gone, its socket left: all mail is taken")
    f = mail.start_filter()
    with mta.session(mta.QUEUE_ONLY) as smtp:
        envelope(smtp, message)
        f.signal(signal.SIGKILL)
        mta.say(smtp, "RSET")
        for _ in range(3):
            send(smtp, message)
    send_each([message, message])
    tap.check("parent killed: all mail is taken")
    f.kill()


def check_folders(tap, mail):
    """Which folders Sendmail finds safe: man page and m4 file say it."""
    f = mail.start_filter()
    folder = os.path.dirname(mail.socket)
    for mode, owner, is_safe in ((0o755, (0, 0), True), (0o750, (110, 111), True),
                                 (0o755, (1234, 1234), True), (0o750, (1234, 1234), True),
                                 (0o775, (1234, 1234), False), (0o770, (0, 0), False),
                                 (0o777, (0, 0), False)):
        os.chown(folder, *owner)
        os.chmod(folder, mode)
        before = len(mail.lines())
        send_each([to("good")])
        said = any("unsafe" in line for line in mail.lines(before))
        equal(tap, f"a folder of mode {mode:o}, owner {owner[0]}: Sendmail takes the socket",
              not said, is_safe)
    os.chown(folder, 0, 0)
    os.chmod(folder, 0o755)
    f.stop()


def starts(mail):
    """Does Sendmail start? None, or what it says instead."""
    try:
        mail.sendmail.start("shipped")
    except RuntimeError as e:
        return str(e)
    mail.sendmail.stop()
    return None


def check_start(tap, mail):
    """What Sendmail wants to find when it starts."""
    folder = os.path.dirname(mail.socket)
    for mode, is_safe in ((0o755, True), (0o750, True), (0o775, False), (0o777, False)):
        os.chmod(folder, mode)
        equal(tap, f"a folder of mode {mode:o}, no socket: Sendmail starts",
              starts(mail) is None, is_safe)
    os.chmod(folder, 0o755)
    f = mail.start_filter()
    equal(tap, "the milter runs: Sendmail starts", starts(mail), None)
    f.signal_child(signal.SIGKILL)
    f.rest()
    equal(tap, "a socket that nobody listens on: Sendmail starts", starts(mail), None)
    os.unlink(mail.socket)
    os.rmdir(folder)
    equal(tap, "no folder: Sendmail starts", starts(mail), None)
    os.mkdir(folder, 0o755)


def trouble(tap, place):
    mail = Site(place)
    mail.make_cf("shipped", "", lab_site.MILTER)
    try:
        mail.sendmail.start()
        check_hung_parent(tap, mail)
        check_folders(tap, mail)
        mail.sendmail.stop()
        check_start(tap, mail)
        mail.sendmail.start("shipped")
        check_dying(tap, mail)
        mail.sendmail.wait_idle()
        mail.sendmail.stop()
        equal(tap, "no process of Sendmail is left behind",
              namespace.count_processes("sendmail"), 0)
    finally:
        mail.filter.kill()


WORLDS = {"notes": notes, "sent on": sent_on, "trouble": trouble}

if __name__ == "__main__":
    sys.exit(stage.main(__file__, WORLDS, LIMIT_S))
