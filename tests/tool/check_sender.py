#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests "telltls check --sender" with keys, a zone and mail servers of a network of its
own. Needs root, iproute2 and openssl; without them it is skipped, and with
TELLTLS_MUST_RUN in the environment it fails.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "lookup"))
from smtp_site import EHLO, LIMIT_S, World, run  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402

PROGRAM = os.path.join(BIN, "tool", "telltls")
MAKE_TALLY = os.path.join(BIN, "tests", "reporter", "make_tally")
BAD, USAGE, UNAVAILABLE = 1, 64, 69
DOMAIN = "sender.example"
TOKEN = "0123456789abcdef" * 2
OURS = "9.9.9.200"
HELLO = b"220 mx.sender.example ESMTP\r\n"
OK = b"250 ok\r\n"
TAKES = [HELLO, EHLO, OK, OK, OK, b"221 bye\r\n"]
SPF, DMARC = f'{DOMAIN}. TXT "v=spf1 ip4:9.9.9.192/28 -all"\n', \
    f'_dmarc.{DOMAIN}. TXT "v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}"\n'


class Site:
    """The keys, the zone, and the program."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        self.conf, self.data, self.state = (os.path.join(folder, n)
                                            for n in ("telltls.yaml", "zone", "state"))
        self.keys = {}
        for name, args in (("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                           ("short", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
                           ("ed", ["ED25519"])):
            self.keys[name] = os.path.join(folder, name)
            subprocess.run(["openssl", "genpkey", "-algorithm", *args, "-out", self.keys[name]],
                           check=True, stderr=subprocess.DEVNULL)
            os.chmod(self.keys[name], 0o600)
        subprocess.run([MAKE_TALLY, self.state], check=True, text=True, input=(
            f"fact 2026-11-20 1 a.example ok mx.a.example 9.9.9.1 {OURS}\n"
            "fact 2026-11-20 1 a.example ok mx.a.example 9.9.9.1 192.168.1.1\n"))
        self.mx = None
        self.answers(TAKES)

    def answers(self, script):
        """A mail server that talks like this."""
        self.server = self.world.server(script)
        self.mx = f"{DOMAIN}. MX 10 mx.{DOMAIN}.\nmx.{DOMAIN}. A {self.server.address}\n"

    def write(self, zone, keys=("rsa", "ed"), more=""):
        dkim = "dkim:\n  keys:\n" + "".join(
            f"    - selector: {k}1\n      file: {self.keys[k]}\n" for k in keys)
        if not keys:
            dkim = "dkim:\n  elsewhere: true\n"
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(f"organization: Sender\ncontact: tls@{DOMAIN}\nstate: {self.state}\n"
                    f"dns:\n  local-data: {self.data}\n{dkim}{more}")
        with open(self.data, "w", encoding="ascii") as f:
            f.write(zone)

    def check(self, *options):
        return subprocess.run([PROGRAM, "-c", self.conf, "check", "--sender", *options],
                              capture_output=True, text=True, timeout=LIMIT_S)

    def findings(self, *options):
        """(exit code, {topic: ["level text"]}, the result)"""
        p = self.check("--json", *options)
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        found = {}
        for o in lines[:-1]:
            found.setdefault(o["topic"], []).append(o["level"] + " " + o["text"])
        return p.returncode, found, lines[-1]["result"] if lines else p.stderr

    def publish(self):
        """What it says that is to be published."""
        _, found, _ = self.findings("--no-probe")
        return "".join(t.split("publish: ", 1)[1] + "\n"
                       for t in found.get("dkim", []) if "publish: " in t)


def bad_ones(found):
    return [t for texts in found.values() for t in texts if t.startswith("bad ")]


def good(tap, site):
    site.write(site.mx)
    code, found, result = site.findings("--no-probe")
    tap.equal("nothing published", (code, result, bad_ones(found)[0]),
              (BAD, "bad", "bad rsa1 is not published"))
    tap.equal("an SPF record is proposed", found["spf"],
              [f'warning no record: publish: {DOMAIN}. TXT "v=spf1 ip4:{OURS} ~all", with '
               "whatever else sends mail"])
    tap.equal("a DMARC record is proposed", found["dmarc"],
              [f'warning no record: publish, to begin with: _dmarc.{DOMAIN}. TXT '
               '"v=DMARC1; p=none"'])
    records = site.publish()
    tap.equal("a record for each key", records.count(f"._domainkey.{DOMAIN}. TXT "), 2)
    tap.check("strings are short enough",
              *(s for s in re.findall(r'"([^"]*)"', records) if len(s) > 255))
    site.write(site.mx + records + SPF + DMARC,
               more="feeds:\n  - mta: postfix\n  - mta: exim\n")
    code, found, result = site.findings()
    tap.equal("as it said: good", (code, result, bad_ones(found)), (0, "good", []))
    tap.equal("keys", [t.split(", and")[0] for t in found["dkim"]],
              ["ok rsa1 is published", "ok ed1 is published"])
    tap.equal("spf", found["spf"], [f"ok covers {OURS}, which sends"])
    tap.equal("dmarc", found["dmarc"][0][:43], f"ok record of {DOMAIN}, policy reject; Fr"[:43])
    tap.equal("bounces", found["bounces"], [
        f"ok {DOMAIN} takes mail at mx.{DOMAIN}", f"ok tls@{DOMAIN} is taken",
        f'ok tls+{TOKEN}@{DOMAIN} is taken: with recipient-delimiter: "+" a bounce tells which '
        "report came back"])
    tap.equal("what the server heard", site.server.heard[1:], [
        "MAIL FROM:<>", f"RCPT TO:<tls@{DOMAIN}>",
        f"RCPT TO:<tls+{TOKEN}@{DOMAIN}>", "QUIT"])
    tap.equal("advice for the MTAs", [t.split()[1] for t in found["tls-required"]],
              ["Postfix", "Exim"])
    text = site.check().stdout
    tap.check("text", *([] if text.endswith(f"{DOMAIN}: good\n") else [text]))
    return records


def records(tap, site, good_ones):
    """One thing of the zone is wrong, or strange."""
    ours = dict(line.split(" TXT ") for line in good_ones.splitlines())
    ed = ours[f"ed1._domainkey.{DOMAIN}."].strip('"')
    rest = site.mx + good_ones + SPF + DMARC
    other = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    p = ed.split("p=")[1]
    rows = (
        ("another key", ed, ed.replace(p, other), BAD,
         f"bad ed1: the record is of another key than {site.keys['ed']}"),
        ("revoked", ed, ed.replace(p, ""), BAD, "bad ed1: the record says that the key is revoked"),
        ("broken", ed, "v=DKIM1", BAD, "bad ed1: the record is broken"),
        ("another type", "k=ed25519", "k=rsa", BAD,
         f"bad ed1: the record is of another key than {site.keys['ed']}"),
        ("sha1", "k=ed25519", "k=ed25519; h=sha1", BAD,
         "bad ed1: the record forbids sha256: remove h= from it"),
        ("other services", "k=ed25519", "k=ed25519; s=foo", BAD,
         "bad ed1 is for other services: remove s= from the record"),
        ("tlsrpt alone", "k=ed25519", "k=ed25519; s=tlsrpt", 0, "warning ed1 has s=tlsrpt alone"),
        ("email alone", "k=ed25519", "k=ed25519; s=email", 0,
         "warning ed1 has s= without tlsrpt"),
        ("both", "k=ed25519", "k=ed25519; s=tlsrpt:email", 0,
         "warning ed1 has a list of services"),
        ("all", "k=ed25519", "k=ed25519; s=*", 0, "ok ed1 is published"),
        ("tried out", "k=ed25519", "k=ed25519; t=y:s", 0, "warning ed1 is published"),
        ("blanks", p, p[:9] + " " + p[9:], 0, "ok ed1 is published"),
        ("spf: no", "ip4:9.9.9.192/28", "ip4:9.9.9.192/29", BAD,
         f"bad says that {OURS}, which sends, may not: add ip4:{OURS}"),
        ("spf: soft", "ip4:9.9.9.192/28 -all", "~all", 0, f"warning does not cover {OURS}"),
        ("spf: mx", "ip4:9.9.9.192/28", "mx/24", 0, f"ok covers {OURS}, which sends"),
        ("spf: a of a host", SPF, SPF.replace("ip4:9.9.9.192/28", "a:out.example") +
         f"out.example. A {OURS}\n", 0, f"ok covers {OURS}, which sends"),
        ("spf: mx of another", SPF, SPF.replace("ip4:9.9.9.192/28", "mx:b.example") +
         f"b.example. MX 5 out.example.\nout.example. A {OURS}\n", 0,
         f"ok covers {OURS}, which sends"),
        ("spf: a without address", "ip4:9.9.9.192/28", "a:none.example", BAD,
         f"bad says that {OURS}, which sends, may not"),
        ("spf: include", "ip4:9.9.9.192/28", "include:a.example", 0,
         f"warning whether it covers {OURS}, which sends, depends on include:a.example"),
        ("spf: broken", "ip4:", "ip5:", BAD, "bad the record counts as broken"),
        ("spf: two", DMARC, DMARC + SPF.replace("28", "27"), BAD, "bad 2 records, expected one"),
        ("dmarc: no policy", "p=reject", "np=reject", BAD,
         f"bad the record of {DOMAIN} has no policy (p=)"),
        ("null MX", site.mx, f"{DOMAIN}. MX 0 .\n", BAD, f"bad {DOMAIN} takes no mail (null MX)"),
        ("no MX", site.mx, f"{DOMAIN}. A 9.9.9.1\n", 0, f"warning {DOMAIN} has no MX record"),
        ("no server", site.mx, "", BAD, f"bad {DOMAIN} has no mail server"),
    )
    for name, old, new, code, want in rows:
        assert old in rest, (name, old)
        site.write(rest.replace(old, new))
        got, found, _ = site.findings("--no-probe")
        texts = [t for ts in found.values() for t in ts]
        tap.check(name, *([] if got == code and any(t.startswith(want) for t in texts) else
                          [f"exit {got}, want {code} and {want!r} in", *texts]))


def keys(tap, site, good_ones):
    rest = site.mx + good_ones + SPF + DMARC
    site.write(rest, keys=("ed",))
    code, found, _ = site.findings("--no-probe")
    tap.equal("no RSA key", (code, found["dkim"][1]),
              (0, "warning no RSA key: many receivers know no Ed25519"))
    site.write(rest, keys=("short",))
    _, found, _ = site.findings("--no-probe")
    tap.equal("a short key", found["dkim"][-1], "warning short1 has 1024 bits: some receivers "
              "want 2048")
    site.write(rest, keys=())
    code, found, _ = site.findings("--no-probe")
    tap.equal("elsewhere", (code, found["dkim"][0][:35]),
              (0, "warning mails are signed elsewhere,"))
    os.chmod(site.keys["ed"], 0o644)
    site.write(rest)
    code, found, _ = site.findings("--no-probe")
    want = f"bad dkim.keys: {site.keys['ed']}: open to everybody: chmod 0640"
    tap.equal("open to all", (code, found["dkim"][0][:len(want)]), (BAD, want))
    os.chmod(site.keys["ed"], 0o600)


def mailboxes(tap, site, good_ones):
    no = b"550 5.1.1 no such user\r\n"
    rows = (
        ("refused", [HELLO, EHLO, OK, no, no, OK], BAD,
         f"bad tls@{DOMAIN} is refused: 550 5.1.1 no such user"),
        ("no delimiter", [HELLO, EHLO, OK, OK, no, OK], 0, f"ok tls@{DOMAIN} is taken"),
        ("a delimiter", [HELLO, EHLO, OK, OK, OK, OK], 0, f"ok tls-{TOKEN}@{DOMAIN} is taken",
         'recipient-delimiter: "-"\n'),
        ("none at the MTA", [HELLO, EHLO, OK, OK, no, OK], BAD,
         f"bad tls-{TOKEN}@{DOMAIN} is refused: 550", 'recipient-delimiter: "-"\n'),
        ("later", [HELLO, EHLO, OK, b"451 later\r\n", OK, OK], UNAVAILABLE,
         f"unknown it could not be found out whether tls@{DOMAIN} is taken: 451 later"),
        ("does not want us", [b"554 go away\r\n", OK], UNAVAILABLE,
         f"unknown it could not be found out whether tls@{DOMAIN} is taken: 554 go away"),
        ("closes", [HELLO, EHLO, None], UNAVAILABLE,
         f"unknown it could not be found out whether tls@{DOMAIN} is taken: "),
        ("nonsense", [b"hello\r\n", None], UNAVAILABLE,
         f"unknown it could not be found out whether tls@{DOMAIN} is taken: "),
    )
    for name, script, code, want, *more in rows:
        site.answers(script)
        site.write(site.mx + good_ones + SPF + DMARC, more="".join(more))
        got, found, _ = site.findings()
        tap.check("bounces: " + name, *(
            [] if got == code and any(t.startswith(want) for t in found["bounces"]) else
            [f"exit {got}, want {code} and {want!r} in", *found["bounces"]]))


def configuration(tap, site):
    site.write("", more="from: tls@other.example\n")
    code, found, _ = site.findings()
    tap.equal("two domains", (code, len(found), found["identity"][0].split(": ", 1)[1][:7]),
              (BAD, 1, "from is"))
    with open(site.conf, "w", encoding="ascii") as f:
        f.write("organization: X\n")
    code, found, _ = site.findings()
    tap.equal("no contact", (code, list(found)), (BAD, ["identity"]))
    p = subprocess.run([PROGRAM, "-c", site.conf, "check", "--sender", "a.example"],
                       capture_output=True, text=True)
    tap.equal("a domain beside it", p.returncode, USAGE)
    p = subprocess.run([PROGRAM, "-c", site.conf, "check"], capture_output=True, text=True)
    tap.equal("neither", p.returncode, USAGE)


def main():
    status = run(__file__)
    if status is not None:
        return status
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(World(folder), folder)
        good_ones = good(tap, site)
        for part in (records, keys, mailboxes):
            part(tap, site, good_ones)
        configuration(tap, site)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
