#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the milter as an MTA sees it, without one: steps and answers, what is
noted of messages, hostile input, and what happens when its parent is hung or
gone.
"""
import os
import signal
import socket
import stat
import struct
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from milter_client import (  # noqa: E402
    ALL_ACTIONS, ALL_STEPS, NO_BODY, NO_CONNECT, NO_DATA, NO_EOH, NO_HEADERS, NO_HELO, NO_MAIL,
    NO_RCPT, NO_UNKNOWN, NR_HEADER, NR_MAIL, NR_RCPT, OLD_ACTIONS, OLD_STEPS, Client, Gone)
from milter_site import Filter, LIMIT_S, TSAN_PROGRAM, Tap  # noqa: E402

OWN = "tlsrpt@us.example"
NO = ("TLS-Required", "No")


def wait_for(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("no end: " + what)
        time.sleep(0.01)


def is_gone(pid):
    """A process that ended, with or without anybody who asked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(") ")[2][0] in "ZX"
    except OSError:
        return True


def summary(note):
    """A note without what is the same in all of these."""
    return (note["qid"], ("no " if note["no"] else "") + ("own " if note["own"] else "") +
            note["domains"], note["more"])


def negotiation(tap, f):
    with Client(f.address).negotiate() as c:
        tap.equal("no actions", c.actions, 0)
        tap.equal("the steps of today's MTAs: three, and no waiting", c.steps,
                  NO_CONNECT | NO_HELO | NO_BODY | NO_EOH | NO_UNKNOWN | NO_DATA | NR_MAIL |
                  NR_RCPT | NR_HEADER)
        tap.equal("macros", {k: v for k, v in c.macros.items() if v},
                  {"mail": "i", "end": "i"})
        tap.equal("a list of none where there is nothing to say",
                  sorted(k for k, v in c.macros.items() if not v),
                  ["connect", "data", "eoh", "helo", "rcpt"])
    with Client(f.address).negotiate(2, OLD_ACTIONS, OLD_STEPS) as c:
        tap.equal("an old MTA: no actions", c.actions, 0)
        tap.equal("an old MTA: steps", c.steps, NO_CONNECT | NO_HELO | NO_BODY | NO_EOH)
        tap.equal("an old MTA: version", c.version, 2)
        for i in range(2):
            c.macro(b"M", i=f"OLD{i}")
            tap.equal("an old MTA: answers",
                      (c.mail("<s@s.example>"), c.rcpt("<u@a.example>"), c.header(*NO), c.end()),
                      (b"c", b"c", b"c", b"c"))
            tap.equal("an old MTA: note", summary(f.note()), (f"OLD{i}", "no a.example", 0))
    with Client(f.address).negotiate(6, 0, ALL_STEPS) as c:
        tap.equal("an MTA that lets do nothing", c.message("Q1"), b"c")
        tap.equal("an MTA that lets do nothing: note", summary(f.note()), ("Q1", "a.example", 0))


def messages(tap, f):
    rows = (
        ("one", {}, "a.example"),
        ("three domains", {"rcpts": ("<u@a.example>", "<u@b.example>", "<v@A.EXAMPLE>",
                                     "<w@c.example.>")}, "a.example b.example c.example"),
        ("TLS-Required: No", {"headers": [("Subject", "x"), NO]}, "no a.example"),
        ("in small letters", {"headers": [("tls-required", " no")]}, "no a.example"),
        ("Yes", {"headers": [("TLS-Required", "Yes")]}, "a.example"),
        ("two fields", {"headers": [NO, NO]}, "a.example"),
        ("our report", {"sender": f"<{OWN}>"}, "own a.example"),
        ("our report, extended", {"sender": "<tlsrpt+x1@us.example>", "headers": [NO]},
         "no own a.example"),
        ("bounce", {"sender": "<>"}, "a.example"),
        ("no domain at all", {"rcpts": ("<root>", "<u@[192.0.2.1]>")}, ""),
        ("IDN", {"rcpts": ("<u@münchen.example>".encode(),)}, "xn--mnchen-3ya.example"),
    )
    with Client(f.address).negotiate() as c:
        for title, what, want in rows:
            tap.equal(f"{title}: answer", c.message("6AMBWYfV000001", **what), b"c")
            tap.equal(f"{title}: note", summary(f.note()), ("6AMBWYfV000001", want, 0))
        c.mail("<s@s.example>", "REQUIRETLS")
        c.rcpt("<u@a.example>")
        c.header(*NO)
        c.end("Q2")
        tap.equal("REQUIRETLS", summary(f.note()), ("Q2", "a.example", 0))
        before = int(time.time())
        c.message("Q3")
        tap.check("the time of the end", *(
            [] if before <= f.note()["t"] <= time.time() + 1 else ["another time"]))


def resets(tap, f):
    with Client(f.address).negotiate() as c:
        c.mail(f"<{OWN}>")
        c.rcpt("<u@a.example>")
        c.header(*NO)
        c.abort()
        tap.equal("RSET", c.message("Q1", rcpts=("<u@b.example>",)), b"c")
        tap.equal("RSET: nothing is left of it", summary(f.note()), ("Q1", "b.example", 0))
        c.mail(f"<{OWN}>")
        c.rcpt("<u@a.example>")
        c.message("Q2", rcpts=("<u@c.example>",))
        tap.equal("a new message without RSET", summary(f.note()), ("Q2", "c.example", 0))
        for _ in range(3):
            c.abort()
        c.message("Q3")
        tap.equal("RSET without a message", summary(f.note()), ("Q3", "a.example", 0))
        # another SMTP connection over the same one of ours
        c.send(b"K")
        c.message("Q4")
        tap.equal("QUIT, and a new connection follows", summary(f.note()), ("Q4", "a.example", 0))
        c.quit()
    for ending in (lambda c: c.quit(), lambda c: c.socket.close(), lambda c: c.raw(b"\0\0\0")):
        with Client(f.address).negotiate() as c:
            c.mail("<s@s.example>")
            c.rcpt("<u@a.example>")
            c.header(*NO)
            ending(c)
    with Client(f.address).negotiate() as c:
        c.message("Q5")
    tap.equal("connections that ended in a message leave no note", summary(f.note()),
              ("Q5", "a.example", 0))


def no_waiting(tap, f):
    with Client(f.address).negotiate() as c:
        c.mail("<s@s.example>")
        c.rcpt("<u@a.example>")
        c.header(*NO)
        c.end("Q1")
        f.note()
        tap.equal("one answer a message: that to its end", c.has_reply(), False)


def hostile_ids(tap, f):
    rows = (
        ("as long as can be", b"x" * 64, "x" * 64),
        ("too long", b"x" * 65, ""),
        ("very long", b"x" * 60000, ""),
        ("empty", b"", ""),
        ("blanks", b"a b", ""),
        ("line ends", b"a\r\nb", ""),
        ("8 bits", b"\xff\xfe", ""),
        ("quotes", b"\"\\'", "\"\\'"),
    )
    with Client(f.address).negotiate() as c:
        for title, qid, want in rows:
            c.message(qid)
            tap.equal(f"id: {title}", f.note()["qid"], want)
        c.message(None)
        tap.equal("id: none", f.note()["qid"], "")


def hostile_steps(tap, f):
    with Client(f.address).negotiate() as c:
        c.mail("<s@s.example>")
        for i in range(10000):
            c.rcpt(f"<u{i}@d{i % 5000}.example>")
        for i in range(2000):
            c.header(f"X-{i}", "y" * 100)
        tap.equal("10000 recipients: answer", c.end("Q1"), b"c")
        note = f.note()
        tap.equal("10000 recipients: domains", len(note["domains"].split()), 100)
        tap.equal("10000 recipients: the others are counted", note["more"], 9900)
        headers = [("", ""), ("TLS-Required", ""), ("\0", "\0"), ("TLS-Required", "No" * 30000),
                   ("TLS-Required\0No", "x"), (b"\xff" * 100, b"\xfe" * 60000), (":", ":")]
        c.mail("<" + "s" * 60000 + "@s.example>")
        c.rcpt(b"<u@" + "ü".encode() * 500 + b">")
        c.rcpt("<" + "u" * 60000 + "@a.example>")
        c.rcpt("", "", "NOTIFY=\xff")
        c.rcpt("<\"@\\\"@\"@b.example>")
        c.rcpt("<u@c.example\0@d.example>")
        try:
            for name, value in headers:
                c.header(name, value)
            c.end("Q2")
            tap.equal("odd headers", summary(f.note()), ("Q2", "a.example b.example", 0))
        except Gone:
            tap.check("odd headers: the connection is closed, and no more")
    raw = (
        ("no end of a string", b"M", b"<s@s.example>"),
        ("nothing", b"M", b""),
        ("an empty string", b"M", b"\0"),
        ("RCPT before MAIL", b"R", b"<u@a.example>\0"),
        ("a header before MAIL", b"L", b"TLS-Required\0No\0"),
        ("half a header", b"L", b"TLS-Required\0"),
        ("a header without ends", b"L", b"TLS-Required"),
        ("end before MAIL", b"E", b""),
        ("a body", b"B", b"x" * 65000),
        ("an unknown command", b"U", b"XYZZY\0"),
        ("no such command", b"z", b"x"),
        ("a macro of no step", b"D", b"?i\0x\0"),
        ("a macro without a value", b"D", b"Mi\0"),
        ("half a macro", b"D", b"Mi"),
        ("an empty macro", b"D", b""),
        ("another negotiation", b"O", struct.pack(">III", 6, ALL_ACTIONS, ALL_STEPS)),
        ("half a negotiation", b"O", b"\0\0"),
        ("a connection of no family", b"C", b"host\0?"),
        ("a connection", b"C", b"host\x004\0\x19192.0.2.1\0"),
    )
    for title, command, data in raw:
        for negotiate in (True, False):
            with Client(f.address) as c:
                if negotiate:
                    c.negotiate()
                try:
                    c.send(command, data)
                    c.send(b"Q")
                    c.socket.shutdown(socket.SHUT_WR)
                    while True:
                        c.reply()
                except (Gone, OSError):
                    pass
        tap.equal(f"hostile: {title}", is_gone(f.child), False)
    for title, data in (("a length of 4 GiB", b"\xff" * 8), ("a length of 0", b"\0" * 64),
                        ("half a length", b"\0\0"), ("noise", os.urandom(65536)),
                        ("half a packet", struct.pack(">I", 100) + b"M<s@s")):
        with Client(f.address) as c:
            try:
                c.raw(data)
                c.socket.shutdown(socket.SHUT_WR)
                while True:
                    c.reply()
            except (Gone, OSError, MemoryError):
                pass
        tap.equal(f"hostile: {title}", is_gone(f.child), False)
    with Client(f.address).negotiate() as c:
        c.message("LAST")
    while (note := f.note())["qid"] != "LAST":
        pass
    tap.equal("hostile: a good message behind all that", summary(note), ("LAST", "a.example", 0))


def versions(tap, f):
    for version, want in ((0, False), (1, False), (2, True), (6, True), (7, True),
                          (0x7fffffff, True)):
        with Client(f.address) as c:
            try:
                c.negotiate(version)
                got = True
            except Gone:
                got = False
        tap.equal(f"version {version}", got, want)
    for steps in (0, NO_MAIL, NO_HEADERS | NO_RCPT, ALL_STEPS | 0x70000000, 0xffffffff):
        with Client(f.address) as c:
            try:
                c.negotiate(6, ALL_ACTIONS, steps)
                c.message("S1")
                f.note()
            except Gone:
                pass
        tap.equal(f"steps {steps:#x}", is_gone(f.child), False)


def parallel(tap, f, connections=200, count=5):
    """Many at a time, all of them in the middle of a message at once."""
    barrier = threading.Barrier(connections)
    wrong = []

    def work(i):
        try:
            with Client(f.address).negotiate() as c:
                c.mail("<s@s.example>")
                barrier.wait(LIMIT_S)
                c.abort()
                for k in range(count):
                    c.mail("<s@s.example>")
                    c.rcpt(f"<u@d{i}.example>")
                    if i % 2:
                        c.header(*NO)
                    if c.end(f"P{i}x{k}") != b"c":
                        wrong.append(f"answer {i}")
        except Exception as e:  # whatever it is, it is a fault
            wrong.append(f"{i}: {type(e).__name__} {e}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.check(f"{connections} connections at once: answers", *wrong[:5])
    want = {(f"P{i}x{k}", ("no " if i % 2 else "") + f"d{i}.example", 0)
            for i in range(connections) for k in range(count)}
    got, dropped = [], 0
    while len(got) + dropped < len(want):
        note = f.note()
        got.append(summary(note))
        dropped += note["dropped"]
    tap.equal("each message is told once", len(set(got)), len(got))
    tap.check("nothing else is told", *sorted(set(got) - want)[:5])


def more_than_fits():
    """So many notes are more than a channel takes that nobody reads."""
    with open("/proc/sys/net/core/wmem_max", encoding="ascii") as file:
        room = 2 * min(int(file.read()), 1 << 20)
    return room // 700 + 200


def hung_parent(tap, folder):
    """Its parent takes nothing: the MTA waits for nothing."""
    f = Filter(f"unix:{folder}/hung", "-o", OWN).ready()
    sent = more_than_fits()
    try:
        f.signal(signal.SIGSTOP)
        wrong = 0
        with Client(f.address, 20).negotiate() as c:
            for i in range(sent):
                wrong += c.message(f"H{i}", headers=[NO]) != b"c"
            tap.equal("parent hung: all messages are answered", wrong, 0)
            f.signal(signal.SIGCONT)
            notes = []
            # what was dropped is told with the next note that goes
            while not notes or notes[-1]["qid"] != "LAST":
                if not notes:
                    notes.append(f.note())
                c.message("LAST")
                while notes[-1]["qid"] != "LAST":
                    notes.append(f.note())
        told = sum(note["qid"].startswith("H") for note in notes)
        dropped = sum(note["dropped"] for note in notes)
        tap.check("parent hung: notes were dropped", *([] if dropped else ["none"]))
        tap.equal("parent hung: each message is told or counted", told + dropped, sent)
        print(f"# the channel took {told} notes")

        # once more, and then nothing comes any more but the child's end
        f.signal(signal.SIGSTOP)
        with Client(f.address, 20).negotiate() as c:
            for i in range(sent):
                c.message(f"I{i}")
        f.signal(signal.SIGCONT)
        notes = [f.note()]
        while sum(note["qid"].startswith("I") for note in notes) < told:
            notes.append(f.note())
        f.signal_child(signal.SIGTERM)
        notes += f.rest()
        tap.equal("the child ends: each message is told or counted",
                  sum(note["qid"].startswith("I") for note in notes) +
                  sum(note["dropped"] for note in notes), sent)
        tap.equal("the child ends: what it dropped is its last word", notes[-1]["report"], True)
        tap.equal("the child ends: status", f.status, 0)
    finally:
        f.kill()


def dead_parent(tap, folder):
    path = f"{folder}/dead"
    f = Filter("unix:" + path).ready()
    try:
        with Client(f.address).negotiate() as c:
            c.message("Q1")
            c.mail("<s@s.example>")
            f.signal(signal.SIGKILL)
            wait_for(lambda: is_gone(f.child), "the child of a dead parent")
        tap.check("parent killed: the child ends")
        tap.equal("parent killed: its socket is removed", os.path.exists(path), False)
    finally:
        f.kill()


def signals(tap, folder):
    for number, want in ((signal.SIGTERM, 0), (signal.SIGINT, 0)):
        path = f"{folder}/signals"
        f = Filter("unix:" + path).ready()
        try:
            with Client(f.address).negotiate() as c:
                for _ in range(3):
                    f.signal_child(signal.SIGHUP)
                    c.message("Q1")
                    f.note()
                tap.equal("SIGHUP is ignored", is_gone(f.child), False)
                c.mail("<s@s.example>")
                # an open connection is no reason to stay
                f.signal_child(number)
                f.rest()
            tap.equal(f"{number.name}: status", f.status, want)
            tap.equal(f"{number.name}: its socket is removed", os.path.exists(path), False)
        finally:
            f.kill()
    f = Filter(f"unix:{folder}/signals").ready()
    f.signal_child(signal.SIGKILL)
    f.rest()
    tap.equal("SIGKILL leaves the socket", os.path.exists(f.address), True)
    f = Filter(f"unix:{folder}/signals").ready()
    tap.check("a new one takes its place")
    f.stop()


def refuses(tap, title, text, message):
    f = Filter(text)
    try:
        f.rest()
        tap.check(title, *([] if f.status != 0 and message in f.log else
                           [f"status {f.status}, log {f.log}"]))
    finally:
        f.kill()


def sockets(tap, folder):
    path = f"{folder}/s"
    for mode in ("0660", "0600", "0666"):
        f = Filter("unix:" + path, "-m", mode).ready()
        tap.equal(f"mode {mode}", oct(stat.S_IMODE(os.stat(path).st_mode)), oct(int(mode, 8)))
        tap.equal("group", os.stat(path).st_gid, os.getegid())
        refuses(tap, "a second one does not take its place", "unix:" + path, "in use")
        with Client(f.address).negotiate() as c:
            tap.equal("the first one is well", c.message("Q1"), b"c")
        f.stop()
    if os.geteuid() == 0:
        f = Filter("unix:" + path, "-g", "65534").ready()
        tap.equal("another group", os.stat(path).st_gid, 65534)
        f.stop()
    with open(path, "w", encoding="utf-8") as file:
        file.write("x")
    refuses(tap, "a file that is no socket", "unix:" + path, "ocket")
    with open(path, encoding="utf-8") as file:
        tap.equal("it is as it was", file.read(), "x")
    refuses(tap, "no such folder", f"unix:{folder}/none/s", "No such file")
    refuses(tap, "a path that is too long", f"unix:{folder}/" + "x" * 108, "too long")
    for family, text, host in ((socket.AF_INET, "inet:{}@127.0.0.1", "127.0.0.1"),
                               (socket.AF_INET, "inet:{}@localhost", "127.0.0.1"),
                               (socket.AF_INET6, "inet6:{}@[::1]", "::1")):
        with socket.socket(family) as s:
            try:
                s.bind((host, 0))
            except OSError:
                print(f"# no {host} here")
                continue
            text = text.format(s.getsockname()[1])
        f = Filter(text)
        f.address = (host, f.address[1])
        f.ready()
        with Client(f.address).negotiate() as c:
            tap.equal(text.split(":")[0] + ": answer", c.message("Q1"), b"c")
        f.stop()
        tap.equal(text.split(":")[0] + ": status", f.status, 0)


def is_ours(report):
    """Is a report of ThreadSanitizer about an access of ours? libmilter has
    races of its own when it ends."""
    for stack in report.split("\n\n"):
        for line in stack.splitlines():
            if "libmilter.so" in line:
                break
            if line.strip().startswith("#") and "/milter/" in line:
                return True
    return "data race" not in report


def threads(tap, folder):
    """Once more with ThreadSanitizer."""
    if not os.path.exists(TSAN_PROGRAM):
        print("# not built: ThreadSanitizer")
        return
    options = f"log_path={folder}/tsan halt_on_error=0 exitcode=0"
    try:
        f = Filter(f"unix:{folder}/threads", "-o", OWN, program=(TSAN_PROGRAM,),
                   env={"TSAN_OPTIONS": options})
    except AssertionError as e:
        # where the kernel puts programs is not to its liking
        print(f"# ThreadSanitizer does not run here: {e}")
        return
    try:
        f.ready()
        for part in (messages, resets, hostile_ids, parallel):
            part(tap, f)
        f.signal(signal.SIGSTOP)
        with Client(f.address).negotiate() as c:
            for i in range(500):
                c.message(f"T{i}")
        f.signal(signal.SIGCONT)
        f.stop()
        tap.equal("ThreadSanitizer: the child's status", f.status, 0)
    finally:
        f.kill()
    found = []
    for name in os.listdir(folder):
        if name.startswith("tsan."):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                found += file.read().split("==================\n")
    tap.check("ThreadSanitizer finds nothing",
              *(report for report in found if report.strip() and is_ours(report)))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="telltls-milter.", dir="/tmp") as folder:
        f = Filter(f"unix:{folder}/milter", "-o", OWN).ready()
        try:
            for part in (negotiation, messages, resets, no_waiting, hostile_ids, hostile_steps,
                         versions, parallel):
                part(tap, f)
            f.stop()
            tap.equal("one child did all that", f.status, 0)
        finally:
            f.kill()
        for part in (hung_parent, dead_parent, signals, sockets, threads):
            part(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
