#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""signatures.py: strangers take our DKIM signatures, and only of what we
signed.

Mails of many shapes, and all that make_reports makes, are signed by
sign_mails with an RSA and an Ed25519 key, and verified by libopendkim and
dkimpy (strangers.py). Each of them must refuse what was changed. Then the same
with what telltls-report writes, and what it does without a key. Speaks TAP.
$TESTS_SRC: tests/ of the sources; $TESTS_BIN: the top of the build.
"""
import os
import random
import re
import subprocess
import sys
import tempfile

SRC = os.environ.get("TESTS_SRC", "tests")
BIN = os.environ.get("TESTS_BIN", ".")
SYSTEM = "/usr/bin/python3"
sys.path[:0] = [os.path.join(SRC, "reports"), os.path.join(SRC, "reporter")]

import reporter_site  # noqa: E402
import strangers      # noqa: E402
from reporter_site import Failed, equal, holds  # noqa: E402

# Packages of the system are packages of its python.
if strangers.dkim is None and os.access(SYSTEM, os.X_OK) and "AGAIN" not in os.environ:
    os.execve(SYSTEM, [SYSTEM, *sys.argv], {**os.environ, "AGAIN": "1"})

DOMAIN = "sender.example"
SIGN = os.path.join(BIN, "tests", "reports", "sign_mails")
MAKE = os.path.join(BIN, "tests", "reports", "make_reports")
HEAD = (b"From: tls-reports@sender.example\r\nTo: tls@example.net\r\n"
        b"Subject: Report Domain: example.net\r\n Submitter: sender.example\r\n"
        b" Report-ID: <20261121.1@sender.example>\r\n"
        b"Date: Sun, 22 Nov 2026 00:15:00 +0000\r\n"
        b"Message-ID: <20261121.1.0@sender.example>\r\n"
        b"TLS-Report-Domain: example.net\r\nTLS-Report-Submitter: sender.example\r\n"
        b"TLS-Required: No\r\nAuto-Submitted: auto-generated\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n")
SHAPES = {
    "plain": HEAD + b"\r\nhello\r\n",
    "no-body": HEAD + b"\r\n",
    "empty-lines": HEAD + b"\r\n\r\n\r\n",
    "blanks": HEAD + b"\r\n a \t b  \r\n\t\r\n  \r\nc \r\n \r\n\r\n",
    "dots": HEAD + b"\r\n.\r\n..\r\n.a\r\n",
    "long-lines": HEAD + b"\r\n" + (b"x" * 990 + b"\r\n") * 50,
    "minimal": b"From: a@sender.example\r\n\r\nx\r\n",
    "odd-headers": b"X-A: \t b\r\n\tc  \r\nfrom:a@sender.example\r\nSUBJECT:  x \t y\r\n"
                   b"To: a@b.example,\r\n  c@d.example\r\nDate:\r\n\r\nx\r\n",
    "empty-subject": b"From: a@sender.example\r\nSubject:\r\n\r\nx\r\n",
    "many-headers": HEAD + b"X-Many: y\r\n" * 200 + b"\r\nx\r\n",
}

number = 0
failed = 0


def tap(name, test, *args):
    global number, failed
    number += 1
    try:
        test(*args)
        print(f"ok {number} - {name}", flush=True)
    except (Failed, OSError, subprocess.SubprocessError) as e:
        failed += 1
        print(f"not ok {number} - {name}", flush=True)
        for line in str(e).splitlines():
            print("#", line)


def make_keys(folder, bits=2048):
    for name, args in (("rsa", ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]),
                       ("ed25519", ["ED25519"])):
        path = os.path.join(folder, name)
        subprocess.run(["openssl", "genpkey", "-algorithm", *args, "-out", path],
                       check=True, stderr=subprocess.DEVNULL)
        os.chmod(path, 0o600)
    return (f"dkim:\n  keys:\n    - selector: r2026\n      file: {folder}/rsa\n"
            f"    - selector: e2026\n      file: {folder}/ed25519\n")


class Signed:
    """Mails that sign_mails has signed: {name: bytes}, and who verifies."""

    def __init__(self, folder):
        conf, mails, out = (os.path.join(folder, n) for n in ("conf", "in", "out"))
        os.mkdir(mails)
        os.mkdir(out)
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"contact: tls-reports@{DOMAIN}\n" + make_keys(folder))
        for name, text in SHAPES.items():
            with open(os.path.join(mails, name), "wb") as f:
                f.write(text)
        subprocess.run([MAKE, mails], check=True)
        names = [n for n in sorted(os.listdir(mails)) if not n.endswith((".json", ".gz"))]
        done = subprocess.run([SIGN, conf, out, *(os.path.join(mails, n) for n in names)],
                              check=True, stdout=subprocess.PIPE, text=True)
        self.records = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        self.mails = {n: open(os.path.join(out, n), "rb").read() for n in names}
        self.plain = {n: open(os.path.join(mails, n), "rb").read() for n in names}


def is_refused(who, mail, why):
    holds("refused: " + why, not any(who.verify(mail)))


def verified(who, signed):
    want = [True, who.ed25519]
    for name, mail in signed.mails.items():
        equal(name, who.verify(mail), want)
        holds(name + " is as it was", mail.endswith(signed.plain[name]))


def known_tags(signed):
    """The parts of the signatures that no verifier looks at."""
    for name, mail in signed.mails.items():
        head = mail[:len(mail) - len(signed.plain[name])].decode("ascii")
        holds(name + ": two signatures", head.count("DKIM-Signature: ") == 2)
        holds(name + ": lines", all(len(line) <= 78 for line in head.split("\r\n")))
        for one in head.split("DKIM-Signature: ")[1:]:
            tags = dict(t.split("=", 1) for t in re.sub(r"\s", "", one).split(";"))
            equal(name, sorted(tags), ["a", "b", "bh", "c", "d", "h", "s", "v"])
            equal(name, (tags["d"], tags["c"]), (DOMAIN, "relaxed/relaxed"))
            names = tags["h"].lower().split(":")
            for twice in ("from", "subject", "tls-report-domain", "tls-report-submitter"):
                equal(name + ": " + twice, names.count(twice), 2)


def changed_octets(who, signed):
    mail = signed.mails["plain"]
    body = mail.index(b"\r\n\r\n") + 4
    begin = len(mail) - len(signed.plain["plain"])
    rng = random.Random(1)
    places = list(range(body, len(mail) - 2))
    for field in (b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ",
                  b"TLS-Report-Domain: ", b"TLS-Report-Submitter: ", b"TLS-Required: ",
                  b"Auto-Submitted: ", b"MIME-Version: ", b"Content-Type: "):
        at = mail.index(b"\r\n" + field, begin - 2) + 2 + len(field)
        places += [at, at + 1]
    places += [mail.index(b"bh=") + 3 + rng.randrange(40)]
    for at in places:
        other = b"A" if mail[at:at + 1] != b"A" else b"B"
        bad = mail[:at] + other + mail[at + 1:]
        if at < begin:
            equal("octet %d" % at, who.verify(bad)[0], False)
        else:
            is_refused(who, bad, "octet %d" % at)


def added(who, signed):
    mail = signed.mails["plain"]
    for field in (b"From: b@evil.example", b"Subject: other",
                  b"TLS-Report-Domain: evil.example",
                  b"TLS-Report-Submitter: evil.example"):
        is_refused(who, field + b"\r\n" + mail, repr(field) + " before it")
        end = mail.index(b"\r\n\r\n") + 2
        is_refused(who, mail[:end] + field + b"\r\n" + mail[end:], repr(field) + " behind it")
    is_refused(who, mail + b"more\r\n", "a line more")
    equal("a header of the way", who.verify(b"Received: from a by b\r\n" + mail),
          [True, who.ed25519])
    equal("empty lines at the end", who.verify(mail + b"\r\n\r\n"), [True, who.ed25519])


def other_key(who, signed):
    who_else = type(who)(dict(zip(signed.records, reversed(signed.records.values()))))
    is_refused(who_else, signed.mails["plain"], "the keys are swapped")
    is_refused(type(who)({}), signed.mails["plain"], "no key")


class Site(reporter_site.Site):
    """Signs, unless it is told what else."""

    def configure(self, dns=None, report="", keys=None):
        super().configure(dns, report)
        text = open(self.conf, encoding="ascii").read()
        self.write(self.conf, text.replace("dkim:\n  elsewhere: true\n",
                                           make_keys(self.dir) if keys is None else keys))

    def fill(self):
        day = reporter_site.DAY1
        self.write_zone({"a.example": reporter_site.GOOD % "a.example" + ",mailto:b@b.example"})
        self.tally("fact %s 3 a.example ok" % day, reporter_site.seal_line(day))

    def mails(self, folder):
        return {n: open(os.path.join(root, n), "rb").read()
                for root, _, names in os.walk(folder) for n in names if n.endswith(".eml")}


def reporter(site, signed):
    site.fill()
    site.run("--dry-run", site.dir + "/dry")
    site.run()
    made = site.mails(site.outbox)
    equal("mails", len(made), 2)
    equal("those of the dry run are the same", site.mails(site.dir + "/dry"), made)
    done = subprocess.run([SIGN, site.conf, site.dir], check=True, stdout=subprocess.PIPE,
                          text=True)
    records = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    for name, who in strangers.strangers(records).items():
        for mail in made.values():
            equal(name, who.verify(mail), [True, who.ed25519])


def no_key(site, signed):
    site.fill()
    site.configure(keys="")
    err = site.run(want=78).err
    holds("it says what to configure: " + err, "dkim.keys" in err and "elsewhere" in err)
    equal("nothing is made", os.path.exists(site.outbox), False)
    err = site.run("--dry-run", site.dir + "/dry").err
    holds("a warning: " + err, "without a DKIM signature" in err)
    equal("mails", len(site.mails(site.dir + "/dry")), 2)
    site.configure(keys="dkim:\n  elsewhere: true\n")
    site.run()
    for mail in site.mails(site.outbox).values():
        holds("not signed", mail.startswith(b"Date: "))


def bad_key(site, signed):
    site.fill()
    os.chmod(site.dir + "/rsa", 0o644)
    err = site.run(want=78).err
    holds("it says what to do: " + err, "/rsa: open to everybody: chmod 0640" in err)
    equal("nothing is made", os.path.exists(site.outbox), False)
    err = site.run("--dry-run", site.dir + "/dry").err
    holds("a warning: " + err, "warning: " in err and "open to everybody" in err)
    equal("mails", len(site.mails(site.dir + "/dry")), 2)


def short_key(site, signed):
    site.fill()
    site.configure(keys=make_keys(site.dir, 1024))
    err = site.run().err
    holds("a warning: " + err, "short" in err and "bits=1024" in err)
    equal("mails", len(site.mails(site.outbox)), 2)


def on_site(test, signed):
    site = Site()
    try:
        test(site, signed)
    finally:
        site.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="telltls-signatures-") as folder:
        signed = Signed(folder)
        tap("the signatures' own text", known_tags, signed)
        for name in ("opendkim", "dkimpy"):
            who = strangers.strangers(signed.records).get(name)
            for test in (verified, changed_octets, added, other_key):
                if who is None:
                    tap(f"{name}: {test.__name__} # SKIP not installed", lambda: None)
                else:
                    tap(f"{name}: {test.__name__}", test, who, signed)
        for test in (reporter, no_key, bad_key, short_key):
            tap("telltls-report: " + test.__name__, on_site, test, signed)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
