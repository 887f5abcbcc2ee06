#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how mails are handed to the site's MTA (send/mailer.h): by SMTP to
servers of all kinds of good and bad ways, and by sendmail commands that are as
bad. Needs openssl."""
import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, name) for name in ("send", "milter", "system")]
from lab import certs  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402
from smtp_sink import CLOSE, HANG, LIMIT_S, Sink  # noqa: E402

PROGRAM = os.path.join(BIN, "tests", "send", "run_mail")
FROM, TO = "reports+abc@sender.example", "tlsrpt@receiver.example"
MAIL = (b"From: reports@sender.example\r\nSubject: Report\r\n\r\n.\r\n..\r\n.text\r\n"
        b"a line\r\n" + b"x" * 990 + b"\r\n.\r\n\r\nend\r\n")


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.ca = certs.Authority(os.path.join(folder, "ca"), "Lab root")
        self.pem = self.ca.issue("good", ["localhost"])
        self.mail = self.file("mail", MAIL)

    def file(self, name, data, mode=0o600):
        path = os.path.join(self.folder, name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def tls(self, pem=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem or self.pem)
        return context

    def run(self, lines, *keys, env=None, before=None):
        """(the results in order, the mailer's log)"""
        conf = self.file("telltls.yaml", "".join(
            ["mail:\n"] + [f"  {key}\n" for key in keys]).encode())
        p = subprocess.run([PROGRAM, conf], input="".join(lines), capture_output=True, text=True,
                           timeout=LIMIT_S, env={**os.environ, **(env or {})}, preexec_fn=before)
        if p.returncode != 0 or p.stderr:
            raise AssertionError(f"exit {p.returncode}: {p.stderr}")
        return [line.partition(" ")[2] if line.startswith("- ") else line
                for line in p.stdout.splitlines()]

    def line(self, to=TO, path=None, sender=FROM):
        return f"- {sender} {to} {path or self.mail}\n"

    def smtp(self, sink, *keys, lines=None, **how):
        return self.run(lines or [self.line()], "via: smtp", f"server: localhost:{sink.port}",
                        *keys, **how)


def octets(tap, site):
    """What goes in comes out."""
    sink = Sink()
    texts = [MAIL, b"A: b\r\n\r\n", b"A: b\r\n\r\n.\r\n", b".\r\n", b"A: b\r\n\r\nx\r\n\r\n\r\n",
             b"A: b\r\n\r\n" + b"." * 998 + b"\r\n",
             b"A: b\r\n\r\n" + b"".join(b"." * (i % 7) + b"%d\r\n" % i for i in range(60000))]
    paths = [site.file(f"text{i}", text) for i, text in enumerate(texts)]
    got = site.smtp(sink, lines=[site.line(path=path) for path in paths])
    tap.equal("accepted", set(got), {"accepted 0 250 2.0.0 queued as 4711"})
    for i, text in enumerate(texts):
        tap.equal(f"octets of mail {i}", sink.mails[i].data == text, True)
    first = sink.mails[0]
    tap.equal("envelope", (first.sender, first.to),
              (f"FROM:<{FROM}> SIZE={len(MAIL)}", [f"TO:<{TO}>"]))
    tap.equal("one connection, and its end", (sink.connections, sink.heard[-1]), (1, "QUIT"))
    for title, text in (("bare LF", b"A: b\n\nx\n"), ("bare CR", b"A: b\r\n\r\nx\ry\r\n"),
                        ("8 bit", b"A: b\r\n\r\n\xc3\xa4\r\n"), ("NUL", b"A: b\r\n\r\n\0\r\n"),
                        ("no end", b"A: b\r\n\r\nx"), ("nothing", b"")):
        got = site.smtp(sink, lines=[site.line(path=site.file("bad", text))])
        tap.equal(f"no mail: {title}", got, ["ours 0 bad-message"])
    tap.equal("was not connected to", sink.connections, 1)


def addresses(tap, site):
    sink = Sink()
    good = ["a@b.example", '"x,y"@b.example', '"a@b"@c.example', "-oQ/tmp@b.example",
            "a'$`id`|x@b.example"]
    got = site.smtp(sink, lines=[site.line(to=to) for to in good])
    tap.equal("good ones", set(got), {"accepted 0 250 2.0.0 queued as 4711"})
    tap.equal("as they are", [m.to for m in sink.mails], [[f"TO:<{to}>"] for to in good])
    bad = ["a", "a@", "@b.example", "<a@b.example>", "a@b.example,c@d.example", "a@b.example>",
           "a\x01@b.example", "a@b.example\x7f", "a@[127.0.0.1]", "a\xe4@b.example",
           "a@B.example", "a\t@b.example"]
    got = site.smtp(sink, lines=[site.line(to=to) for to in bad])
    tap.equal("bad ones", got, ["refused 0 bad-address"] * len(bad))
    got = site.smtp(sink, lines=[site.line(sender="a>@b.example")])
    tap.equal("a bad sender", got, ["ours 0 bad-sender"])
    tap.equal("nobody else was written to", len(sink.mails), len(good))


def replies(tap, site):
    rows = (
        ("no such user", {"RCPT": "550 5.1.1 No such user"}, "refused 0 550 5.1.1 No such user"),
        ("of many lines", {"RCPT": "550-5.1.1 No\r\n550 5.1.1 such user"},
         "refused 0 550 5.1.1 such user"),
        ("greylisting", {"RCPT": "450 4.7.1 Later"}, "retry 0 450 4.7.1 Later"),
        ("not relayed", {"RCPT": "554 5.7.1 <x@y>: Relay access denied"},
         "ours 0 rcpt to: 554 5.7.1 <x@y>: Relay access denied"),
        ("closing", {"RCPT": "421 4.3.2 Shutting down"},
         "ours 0 rcpt to: 421 4.3.2 Shutting down"),
        ("hostile text", {"RCPT": "550 \x1b[31m\xc3\xa4"}, "refused 0 550 ?[31m"),
        ("hello 554", {"HELLO": "554 go away"}, "ours 0 connect: 554 go away"),
        ("hello 421", {"HELLO": "421 busy"}, "ours 0 connect: 421 busy"),
        ("EHLO 550", {"EHLO": "550 no", "HELO": "550 no"}, "ours 0 connect: 550 no"),
        ("MAIL 452", {"MAIL": "452 4.3.1 full"}, "ours 0 mail from: 452 4.3.1 full"),
        ("MAIL 550", {"MAIL": "550 5.7.1 no"}, "ours 0 mail from: 550 5.7.1 no"),
        ("DATA 451", {"DATA": "451 4.3.0 later"}, "ours 0 data: 451 4.3.0 later"),
        ("DATA 554", {"DATA": "554 5.5.1 no"}, "ours 0 data: 554 5.5.1 no"),
        ("text 451", {"TEXT": "451 4.3.0 later"}, "ours 0 text: 451 4.3.0 later"),
        ("text 554", {"TEXT": "554 5.7.1 spam"}, "this 0 text: 554 5.7.1 spam"),
        ("text 552", {"TEXT": "552 5.3.4 large"}, "this 0 text: 552 5.3.4 large"),
        ("MAIL 552", {"MAIL": "552 5.3.4 large"}, "this 0 mail from: 552 5.3.4 large"),
        ("lost at once", {"HELLO": CLOSE}, "ours 0 connect: connection-closed"),
        ("lost at EHLO", {"EHLO": CLOSE}, "ours 0 connect: connection-closed"),
        ("lost at MAIL", {"MAIL": CLOSE}, "ours 0 mail from: connection-closed"),
        ("lost at RCPT", {"RCPT": CLOSE}, "ours 0 rcpt to: connection-closed"),
        ("lost at DATA", {"DATA": CLOSE}, "ours 0 data: connection-closed"),
        ("lost after the text", {"TEXT": CLOSE}, "ours 0 text: connection-closed"),
    )
    for title, answers, want in rows:
        sink = Sink(answers)
        got = site.smtp(sink)
        tap.equal(title, got, [want])
        tap.equal(f"{title}: no mail", len(sink.mails), 0)
    for title, answers, want in (
            ("hangs at once", {"HELLO": HANG}, "ours 0 connect: timeout"),
            ("no SMTP", {"HELLO": "HTTP/1.1 400 Bad Request"}, "ours 0 connect: timeout"),
            ("hangs at RCPT", {"RCPT": HANG}, "ours 0 rcpt to: timeout"),
            ("hangs after the text", {"TEXT": HANG}, "ours 0 text: timeout"),
            ("hangs at QUIT", {"QUIT": HANG}, "accepted 0 250 2.0.0 queued as 4711")):
        sink = Sink(answers)
        tap.equal(title, site.smtp(sink, "timeout: 1s"), [want])
        sink.released.set()
    sink = Sink()
    sink.close()
    tap.equal("nobody there", site.smtp(sink), ["ours 0 connect: connect-refused"])


def connections(tap, site):
    lines = [site.line(to=f"t{i}@receiver.example") for i in range(100)]
    ok = "accepted 0 250 2.0.0 queued as 4711"
    sink = Sink()
    tap.equal("100 mails", set(site.smtp(sink, lines=lines)), {ok})
    tap.equal("by one connection", (sink.connections, len(sink.mails)), (1, 100))
    sink = Sink({"RCPT": [None, "550 5.1.1 no", None, "450 4.2.1 later"]})
    got = site.smtp(sink, lines=lines[:6])
    tap.equal("refusals between others", got,
              [ok, "refused 0 550 5.1.1 no", ok, "retry 0 450 4.2.1 later", ok, ok])
    tap.equal("each goes to its own", [m.to for m in sink.mails],
              [[f"TO:<t{i}@receiver.example>"] for i in (0, 2, 4, 5)])
    sink = Sink({"TEXT": [None, "554 5.7.1 spam", None]})
    tap.equal("not taken between others", site.smtp(sink, lines=lines[:3]),
              [ok, "this 0 text: 554 5.7.1 spam", ok])
    sink = Sink({"MAIL": [None, CLOSE, None, "421 4.4.2 idle"]})
    tap.equal("an old connection is lost", site.smtp(sink, lines=lines[:4]), [ok] * 4)
    tap.equal("and made again", (sink.connections, len(sink.mails)), (3, 4))
    sink = Sink({"MAIL": [None, CLOSE, CLOSE]})
    tap.equal("a new one is lost, too", site.smtp(sink, lines=lines[:3]),
              [ok, "ours 0 mail from: connection-closed", ok])
    sink = Sink({"TEXT": [None, CLOSE]})
    tap.equal("lost after the text", site.smtp(sink, lines=lines[:2]),
              [ok, "ours 0 text: connection-closed"])
    tap.equal("which is not sent twice", (sink.connections, len(sink.mails)), (1, 1))
    proxy = Sink()
    sink = Sink()
    url = f"http://127.0.0.1:{proxy.port}/"
    site.file(".netrc", b"default login me password secret\n")
    got = site.smtp(sink, env={"ALL_PROXY": url, "all_proxy": url, "smtp_proxy": url,
                               "HOME": site.folder})
    tap.equal("no proxy", (got, proxy.connections), ([ok], 0))


def security(tap, site):
    ok = "accepted 0 250 2.0.0 queued as 4711"
    other = certs.Authority(os.path.join(site.folder, "other"), "Unknown root")
    bad = other.issue("bad", ["localhost"])
    named = site.ca.issue("named", ["mx.example"])
    roots = f"ca-file: {site.ca.pem}"
    none, good = (lambda: Sink()), (lambda: Sink(tls=site.tls()))
    rows = (
        ("may, none", none, ("tls: may",), ok),
        ("may, offered", good, ("tls: may",), ok),
        ("may, any certificate", lambda: Sink(tls=site.tls(bad)), ("tls: may",), ok),
        ("may, not now", lambda: Sink({"STARTTLS": "454 4.7.0 not now"}, tls=site.tls()),
         ("tls: may",), ok),
        ("none, offered", good, ("tls: none",), ok),
        ("require, none", none, ("tls: require", roots), "ours 0 connect: no STARTTLS"),
        ("require, not now", lambda: Sink({"STARTTLS": "454 4.7.0 not now"}, tls=site.tls()),
         ("tls: require", roots), "ours 0 connect: 454 4.7.0 not now"),
        ("require", good, ("tls: require", roots), ok),
        ("require, unknown issuer", lambda: Sink(tls=site.tls(bad)), ("tls: require", roots),
         "ours 0 connect: unknown-issuer"),
        ("require, another name", lambda: Sink(tls=site.tls(named)), ("tls: require", roots),
         "ours 0 connect: certificate-host-mismatch"),
        ("wrapped", lambda: Sink(tls=site.tls(), wrapped=True), ("tls: wrapped", roots), ok),
        ("wrapped, unknown issuer", lambda: Sink(tls=site.tls(bad), wrapped=True),
         ("tls: wrapped", roots), "ours 0 connect: unknown-issuer"),
        ("wrapped, no TLS there", none, ("tls: wrapped", roots, "timeout: 1s"), None),
        ("no such roots", good, ("tls: require", f"ca-file: {site.folder}/none"),
         "ours 0 connect: mail.ca-file cannot be read"),
    )
    for title, make, keys, want in rows:
        sink = make()
        got = site.smtp(sink, *keys)
        if want is not None:
            tap.equal(title, got, [want])
        else:
            tap.equal(title, got[0].split(": ")[0], "ours 0 connect")
        said = sum(x == "STARTTLS" for x in sink.heard)
        tap.equal(f"{title}: STARTTLS", said,
                  int(sink.tls is not None and not sink.wrapped and keys[0] != "tls: none" and
                      "none" not in title))


def logins(tap, site):
    ok = "accepted 0 250 2.0.0 queued as 4711"
    secret = site.file("secret", b"s3cret word\n")
    login = ("me", "s3cret word")
    keys = ("user: me", f"password-file: {secret}")
    sink = Sink(login=login)
    tap.equal("login", site.smtp(sink, *keys), [ok])
    sink = Sink(login=login, tls=site.tls())
    tap.equal("login over TLS", site.smtp(sink, "tls: require", f"ca-file: {site.ca.pem}", *keys),
              [ok])
    tap.equal("no login", site.smtp(sink, "tls: may"),
              ["ours 0 mail from: 530 5.7.0 Authentication required"])
    wrong = site.file("wrong", b"secret")
    tap.equal("wrong password", site.smtp(sink, "user: me", f"password-file: {wrong}"),
              ["ours 0 connect: 535 5.7.8 not you"])
    link = os.path.join(site.folder, "link")
    os.symlink(secret, link)
    for title, path, want in (
            ("open to all", site.file("open", b"x", 0o604), "open to everybody"),
            ("written by its group", site.file("group", b"x", 0o660), "its group may change it"),
            ("no file", site.folder, "no regular file"), ("a link", link, "a symbolic link"),
            ("none", site.folder + "/none", "No such file or directory"),
            ("empty", site.file("empty", b"\n"), "no password in it"),
            ("two lines", site.file("two", b"a\nb\n"), "more than one line"),
            ("long", site.file("long", b"x" * 1024), "too long")):
        got = site.smtp(sink, "user: me", f"password-file: {path}")
        tap.check(f"password file: {title}", *([] if len(got) == 1 and got[0].startswith(
            f"mail.password-file: {path}: {want}") else got or ["nothing"]))
    together = ["mail.user and mail.password-file go together"]
    tap.equal("a user alone", site.smtp(sink, "user: me"), together)
    tap.equal("a password alone", site.smtp(sink, f"password-file: {secret}"), together)
    tap.equal("a password in clear", site.run(
        [site.line()], "via: smtp", "server: mx.example:587", "tls: may", *keys),
              ["mail.tls: a password goes to mx.example:587 only with require or wrapped"])


def script(site, text):
    return site.file("command", ("#!/bin/sh\n" + text).encode(), 0o700)


def ends(pid):
    """Does a process that was killed end? It need not be at once."""
    for _ in range(600):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                if ") Z " in f.read():
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def commands(tap, site):
    """Sendmail commands."""
    out = os.path.join(site.folder, "out")
    env = shutil.which("env") or "/usr/bin/env"

    def send(text, *keys, path=None, **how):
        return site.run([site.line(path=path, **how)], "via: sendmail",
                        f"command: {script(site, text)}", *keys)[0]

    got = send(f'printf "%s\\n" "$@" >{out}; {env} | sort >>{out}; ls /proc/self/fd >>{out}\n'
               f"cat >{out}.mail\n")
    tap.equal("accepted", got, "accepted 0 exit 0")
    with open(out, encoding="ascii") as f:
        lines = f.read().splitlines()
    tap.equal("arguments", lines[:6], ["-oi", "-f", FROM, "--", TO, "LC_ALL=C"])
    shell = ("_=", "PWD=")  # its own
    tap.equal("environment", [x for x in lines[5:] if "=" in x and not x.startswith(shell)],
              ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    tap.equal("descriptors", [x for x in lines[6:] if x.isdigit()], ["0", "1", "2", "3"])
    with open(out + ".mail", "rb") as f:
        tap.equal("octets", f.read() == MAIL.replace(b"\r\n", b"\n"), True)
    tap.equal("no shell", send('[ $# = 5 ] && cat >/dev/null\n', to="a'$`id`|x@b.example"),
              "accepted 0 exit 0")
    for status, want in ((65, "refused 0 exit 65"), (67, "refused 0 exit 67"),
                         (68, "refused 0 exit 68"), (75, "retry 0 exit 75"), (1, "ours 0 exit 1"),
                         (64, "ours 0 exit 64"), (69, "ours 0 exit 69"), (71, "ours 0 exit 71"),
                         (77, "ours 0 exit 77"), (127, "ours 0 exit 127")):
        tap.equal(f"exit {status}", send(f"cat >/dev/null; exit {status}\n"), want)
    tap.equal("what it says",
              send("cat >/dev/null; echo 'no such \033user' >&2; echo more; exit 67"),
              "refused 0 exit 67: no such ?user")
    tap.equal("a signal", send("kill -9 $$\n"), "ours 0 signal 9")
    big = site.file("big", b"A: b\r\n\r\n" + b"x" * 70 + b"\r\n" * 500000)
    tap.equal("reads nothing", send("exit 0\n", path=big), "ours 0 not all of the mail was read")
    tap.equal("reads nothing, and says why", send("echo full; exit 75\n", path=big),
              "retry 0 exit 75: full")
    tap.equal("says a lot",
              send("cat >/dev/null; head -c 3000000 /dev/zero | tr '\\0' x; exit 1\n"),
              "ours 0 exit 1: " + "x" * 247)
    tap.equal("leaves something behind", send("cat >/dev/null; sleep 50 & exit 0\n"),
              "accepted 0 exit 0")
    marks = [os.path.join(site.folder, f"mark{i}") for i in range(2)]
    for title, text in (("hangs", "sleep 60 & wait\n"),
                        ("hangs, reads", "cat >/dev/null; sleep 60\n")):
        tap.equal(title, send(text, "timeout: 1s", path=big), "ours 0 timeout")
    tap.equal("will not end", send(
        f"trap '' TERM; (trap '' TERM; sleep 60 & echo $! >{marks[0]}; wait; sleep 60) & "
        f"sleep 60; sleep 60\n", "timeout: 1s"), "ours 0 timeout")
    with open(marks[0], encoding="ascii") as f:
        pid = int(f.read())
    tap.equal("nor does what it started go on", ends(pid), True)
    command = script(site, "cat >/dev/null; exit 75\n")
    tap.equal("SIGCHLD was ignored", site.run(
        [site.line()], f"command: {command}",
        before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)), ["retry 0 exit 75"])
    tap.equal("no such command", site.run([site.line()], "command: " + site.folder + "/none"),
              [f"ours 0 {site.folder}/none: No such file or directory"])
    tap.equal("no program", site.run([site.line()], "command: " + site.folder),
              [f"ours 0 {site.folder}: Permission denied"])
    tap.equal("an option for an address", [send("cat >/dev/null\n", to="-bs@b.example"),
                                           send("cat >/dev/null\n", sender="-bs@b.example")],
              ["refused 0 address begins with '-'", "ours 0 address begins with '-'"])


def main():
    if shutil.which("openssl") is None:
        print("1..0 # SKIP not installed: openssl")
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder)
        for part in (octets, addresses, replies, connections, security, logins, commands):
            part(tap, site)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
