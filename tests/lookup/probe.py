#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests what a probe sees of mail servers of all kinds (lookup/probe.h).

All of it is in a network of its own, whose loopback has public addresses. Needs
root, iproute2 and openssl; without them it is skipped, and with TELLTLS_MUST_RUN
in the environment it fails.
"""
import os
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from smtp_site import EHLO, LIMIT_S, Now, World, certs, context, run, starttls  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402

PROGRAM = os.path.join(BIN, "tests", "lookup", "run_probe")
SHORT_MS = "700"  # for what runs into the time limit
HELLO = b"220 mx.example ESMTP\r\n"
FIELDS = ("end", "tls", "token", "version", "chain", "name", "dane", "dane-chain", "dane-name",
          "helo", "names", "days")


def probe(lines, *options):
    """What is printed of each label: (fields, verdicts); a word if it is one."""
    p = subprocess.run([PROGRAM, *options], input="".join(lines), capture_output=True, text=True,
                       timeout=LIMIT_S)
    if p.returncode != 0:
        raise AssertionError(f"exit {p.returncode}: {p.stderr}")
    got = {}
    for line in p.stdout.splitlines():
        label, *words = line.split(" ")
        got[label] = (dict(zip(FIELDS, words)), words[len(FIELDS):]) if len(words) > 1 else words[0]
    return got


def record(usage, selector, digest):
    return f"{usage}_{selector}_1_{digest}"


def refusals(tap, world):
    """Those with which TLS does not come up."""
    good = context(world.ca.issue("mx", ["mx.example"]))
    failed = "sts:failure:validation-failure:"
    rows = (
        ("no STARTTLS", [HELLO, EHLO.replace(b"STARTTLS", b"XXXXXXXA"), None],
         "tls not-offered starttls-not-offered",
         "sts:failure:starttls-not-supported:starttls-not-offered"),
        ("no EHLO", [HELLO, b"502 what\r\n", None], "tls not-offered starttls-not-offered",
         "sts:failure:starttls-not-supported:starttls-not-offered"),
        ("454", [HELLO, EHLO, b"454 not now\r\n", None], "tls refused starttls-reply-454",
         "sts:failure:starttls-not-supported:starttls-reply-454"),
        ("502", [HELLO, EHLO, b"502 no\r\n", None], "tls refused starttls-reply-502",
         "sts:failure:starttls-not-supported:starttls-reply-502"),
        ("closes at STARTTLS", [HELLO, EHLO, None],
         "tls failed connection-closed-during-handshake",
         failed + "connection-closed-during-handshake"),
        ("closes after 220", starttls(None),
         "tls failed connection-closed-during-handshake",
         failed + "connection-closed-during-handshake"),
        ("no TLS after 220", starttls(b"500 what is this?\r\n"),
         "tls failed not-tls", failed + "not-tls"),
        ("text behind 220", [HELLO, EHLO, b"220 go\r\n250 injected\r\n", None],
         "tls failed not-tls", failed + "not-tls"),
        ("hangs in the handshake", starttls("hang"),
         "tls failed timeout-during-handshake", failed + "timeout-during-handshake"),
        ("an alert", starttls(only_anonymous(good)),
         "tls failed tls-remote-alert-40-handshake-failure",
         failed + "tls-remote-alert-40-handshake-failure"),
        ("554", [b"554 go away\r\n", None], "no-smtp ok smtp-reply-554", None),
        ("421 to EHLO", [HELLO, b"421 too many\r\n", None], "no-smtp ok smtp-reply-421", None),
        ("550 to EHLO", [HELLO, b"550 you are listed\r\n", None], "no-smtp ok smtp-reply-550",
         None),
        ("closes at once", [None], "no-smtp ok connection-closed", None),
        ("hangs at once", ["hang"], "no-smtp ok timeout", None),
        ("hangs in EHLO", [HELLO, Now(b"250-mx.example"), "hang"], "no-smtp ok timeout", None),
        ("garbage", [b"\x00\xff\r\n", None], "no-smtp ok smtp-malformed", None),
        ("an endless line", [Now(b"220 " + b"x" * 40000), "hang"], "no-smtp ok smtp-malformed",
         None),
        ("an endless answer", [HELLO, b"250-x\r\n" * 4000, None], "no-smtp ok smtp-malformed",
         None),
        ("talks before it is asked", [HELLO + EHLO, None], "no-smtp ok smtp-malformed", None),
    )
    servers = [world.server(script) for _, script, _, _ in rows]
    # all at once: one that hangs holds up no other
    got = probe([f"{i} mx.example {s.address} -\n" for i, s in enumerate(servers)], "-t", SHORT_MS,
                "-c", world.ca.pem)
    for i, (title, _, want, verdict) in enumerate(rows):
        fields, verdicts = got[str(i)]
        tap.equal(title, " ".join(list(fields.values())[:3]), want)
        tap.equal(f"{title}: verdict", verdicts, [verdict] if verdict else [])
    for server in servers:
        server.released.set()
    tap.equal("what was said", servers[0].heard[:2], ["EHLO probe.example", "QUIT"])


def only_anonymous(good):
    """A server that has no cipher in common with anybody."""
    good.set_ciphers("PSK-AES128-CBC-SHA256")
    good.minimum_version = good.maximum_version = ssl.TLSVersion.TLSv1_2
    return good


def certificates(tap, world):
    """Those that have certificates, good and bad; MX mx.d.example."""
    issue = world.ca.issue
    success = "sts:success"
    mismatch = "sts:failure:certificate-host-mismatch:-"
    rows = (
        ("good", issue("c1", ["mx.d.example", "mail.example"]), None, "TLSv1.3 ok match", success),
        ("TLS 1.2", issue("c2", ["mx.d.example"]), ssl.TLSVersion.TLSv1_2, "TLSv1.2 ok match",
         success),
        ("TLS 1.0", issue("c3", ["mx.d.example"]), ssl.TLSVersion.TLSv1, "TLSv1 ok match",
         "sts:failure:validation-failure:tls-version-too-old"),
        ("wildcard", issue("c4", ["*.d.example"]), None, "TLSv1.3 ok match", success),
        ("expired", issue("c5", ["mx.d.example"], days=(-3, -1)), None, "TLSv1.3 expired match",
         "sts:failure:certificate-expired:-"),
        ("not yet valid", issue("c6", ["mx.d.example"], days=(1, 3)), None,
         "TLSv1.3 not-yet-valid match", "sts:failure:certificate-not-trusted:not-yet-valid"),
        ("self-signed", issue("c7", ["mx.d.example"], self_signed=True), None,
         "TLSv1.3 self-signed match", "sts:failure:certificate-not-trusted:self-signed"),
        ("unknown issuer", world.other.issue("c8", ["mx.d.example"]), None,
         "TLSv1.3 untrusted match", "sts:failure:certificate-not-trusted:unknown-issuer"),
        ("another name", issue("c9", ["mx.else.example"]), None, "TLSv1.3 ok mismatch", mismatch),
        ("the name of the domain", issue("c10", ["domain.example"]), None, "TLSv1.3 ok mismatch",
         mismatch),
        ("only as common name", issue("c11", ["else.example"], cn="mx.d.example"), None,
         "TLSv1.3 ok mismatch", mismatch),
        ("a wildcard for a part", issue("c12", ["m*.d.example"]), None, "TLSv1.3 ok mismatch",
         mismatch),
    )
    servers = [world.server(starttls(context(pem, version))) for _, pem, version, _, _ in rows]
    lines = [f"{i} mx.d.example {s.address} -\n" for i, s in enumerate(servers)]
    got = probe(lines, "-c", world.ca.pem)
    for i, (title, _, _, want, verdict) in enumerate(rows):
        fields, verdicts = got[str(i)]
        tap.equal(title, " ".join(fields[k] for k in ("version", "chain", "name")), want)
        tap.equal(f"{title}: verdict", (fields["dane"], *verdicts), ("none", verdict))
    first = got["0"][0]
    tap.equal("names", first["names"], "mx.d.example,mail.example")
    tap.equal("name of the server", first["helo"], "mx.example")
    tap.equal("days left", first["days"] in ("29", "30"), True)
    tap.equal("days over", got["4"][0]["days"], "-1")
    servers[0].ended.acquire(timeout=LIMIT_S)
    tap.equal("what was said", servers[0].heard, ["EHLO probe.example", "STARTTLS", "QUIT"])
    tap.equal("SNI", servers[0].names, ["mx.d.example"])
    none = os.path.join(world.ca.folder, "none.pem")
    fields, verdicts = probe(lines[:1], "-c", none)["0"]
    tap.equal("without roots nothing is known", (fields["chain"], verdicts),
              ("unknown", ["sts:unknown"]))
    one = probe(lines, "-c", world.ca.pem, "-j", "1")
    tap.equal("one after the other", {k: v[1] for k, v in one.items()},
              {k: v[1] for k, v in got.items()})


def records(tap, world):
    """TLSA records; the base domain is mx.example."""
    issue = world.ca.issue
    good = issue("d1", ["mx.example"])
    alone = issue("d2", ["else.example"], self_signed=True)
    renamed = issue("d3", ["else.example"])
    old = issue("d4", ["mx.example"], days=(-3, -1))
    leaf, root = certs.chain(good)
    key, other = certs.digest_of_key(leaf), "ab" * 32
    success = "tlsa:success"
    no_match = "tlsa:failure:validation-failure:dane-no-match"

    def of(pem):
        return certs.digest_of_key(certs.chain(pem)[0])

    ta = record(2, 0, certs.digest(root))
    rows = (
        ("3 1 1", good, [record(3, 1, key)], "match", success),
        ("3 0 1", good, [record(3, 0, certs.digest(leaf))], "match", success),
        ("3 1 1 of another", good, [record(3, 1, other)], "mismatch", no_match),
        ("one of two", good, [record(3, 1, other), record(3, 1, key)], "match", success),
        ("3 1 1, self-signed, another name", alone, [record(3, 1, of(alone))], "match", success),
        ("3 1 1, expired", old, [record(3, 1, of(old))], "match", success),
        ("2 0 1", good, [ta], "match", success),
        ("2 1 1", good, [record(2, 1, certs.digest_of_key(root))], "match", success),
        ("2 0 1 of another", good, [record(2, 0, other)], "mismatch", None),
        ("2 0 1, another name", renamed, [ta], "mismatch",
         "tlsa:failure:certificate-host-mismatch:-"),
        ("2 0 1, expired", old, [ta], "mismatch", "tlsa:failure:certificate-expired:-"),
        ("1 1 1", good, [record(1, 1, key)], "unusable", None),
        ("3 1 1, broken", good, [record(3, 1, key[:-2])], "unusable", None),
    )
    servers = [world.server(starttls(context(pem))) for _, pem, *_ in rows]
    got = probe([f"{i} mx.example {s.address} mx.example {','.join(r[2])}\n"
                 for i, (s, r) in enumerate(zip(servers, rows))], "-c", world.ca.pem)
    for i, (title, _, _, want, verdict) in enumerate(rows):
        fields, verdicts = got[str(i)]
        tap.equal(title, fields["dane"], want)
        if verdict is not None:
            tap.equal(f"{title}: verdict", verdicts[1], verdict)
    tap.equal("a mismatch is a failure", got["8"][1][1].split(":")[:2], ["tlsa", "failure"])
    tap.equal("both kinds at once: self-signed, and DANE", got["4"][1],
              ["sts:failure:certificate-not-trusted:self-signed:certificate-host-mismatch:-",
               success])
    alias = world.server(starttls(context(renamed)))
    fields, verdicts = probe([f"0 mx.example {alias.address} else.example {ta}\n"], "-c",
                             world.ca.pem)["0"]
    tap.equal("2 0 1, the name is the base domain", (fields["dane"], verdicts[1], alias.names),
              ("match", success, ["else.example"]))


def addresses(tap, world):
    server = world.server([HELLO, EHLO, None])
    refused = world.address()
    lines = ["private mx.example 127.0.0.1 -\n", "mapped mx.example ::ffff:10.0.0.1 -\n",
             f"refused mx.example {refused} -\n", "far mx.example 8.8.8.8 -\n",
             f"here mx.example {server.address} -\n"]
    got = probe(lines)
    tap.equal("not public", (got["private"], got["mapped"]), ("not-public", "not-public"))
    tap.equal("refused", (got["refused"][0]["end"], got["refused"][0]["token"]),
              ("no-connection", "connect-refused"))
    tap.equal("no way there", got["far"][0]["token"], "connect-unreachable")
    tap.equal("one that is there", got["here"][0]["end"], "tls")
    tap.equal("private addresses are allowed", probe(lines[:1], "-p")["private"][0]["token"],
              "connect-refused")


def main():
    status = run(__file__)
    if status is not None:
        return status
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        for part in (refusals, certificates, records, addresses):
            part(tap, world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
