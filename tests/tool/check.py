#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests "telltls check" with domains, policy hosts and mail servers of a network
of its own. Needs root, iproute2 and openssl; without them it is skipped, and with
TELLTLS_MUST_RUN in the environment it fails.
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "lookup"))
from smtp_site import EHLO, LIMIT_S, World, context, run, starttls  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402

PROGRAM = os.path.join(BIN, "tool", "telltls")
HELLO = b"220 mx.example ESMTP\r\n"
POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 604800\r\n"
BAD, USAGE, UNAVAILABLE, CONFIG = 1, 64, 69, 78
REPORTS = "_smtp._tls.{0}. TXT \"v=TLSRPTv1; rua=mailto:a@{0}\"\n"
STS = "_mta-sts.{0}. TXT \"v=STSv1; id=1;\"\n"


class PolicyHost:
    """Serves one policy at an address of its own."""

    def __init__(self, world, pem, text):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if text else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.address = world.address()
        server = http.server.HTTPServer((self.address, 443), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Site:
    """The zone, and the program."""

    def __init__(self, world, folder):
        self.world, self.folder, self.zone = world, folder, ""
        self.conf = os.path.join(folder, "telltls.yaml")
        self.data = os.path.join(folder, "zone")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(f"dns:\n  local-data: {self.data}\nmta-sts:\n  ca-file: {world.ca.pem}\n")

    def mail(self, domain, host, script, preference=10):
        server = self.world.server(script)
        self.zone += f"{domain}. MX {preference} {host}.\n{host}. A {server.address}\n"
        return server

    def policy(self, domain, pem, **how):
        text = how.get("text", POLICY.format(mode=how.get("mode", "enforce"),
                                             mx=how.get("mx", f"mx.{domain}")))
        host = PolicyHost(self.world, pem, text)
        self.zone += STS.format(domain) + f"mta-sts.{domain}. A {host.address}\n"

    def check(self, domain, *options):
        with open(self.data, "w", encoding="ascii") as f:
            f.write(self.zone)
        return subprocess.run([PROGRAM, "-c", self.conf, "check", *options, domain],
                              capture_output=True, text=True, timeout=LIMIT_S)

    def findings(self, domain, *options):
        """(exit code, {"topic host": "level text (code)"}, the last object)"""
        p = self.check(domain, "--json", *options)
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        found = {}
        for o in lines[:-1]:
            key = (o["topic"] + " " + o["host"]).strip()
            found.setdefault(key, []).append(
                o["level"] + " " + o["text"] + (f" ({o['code']})" if o["code"] else ""))
        return p.returncode, found, lines[-1] if lines else p.stderr


def bad_ones(found):
    return sorted(text for texts in found.values() for text in texts if text.startswith("bad "))


def good(tap, site):
    names = ["mx.good.example", "mta-sts.good.example"]
    pem = site.world.ca.issue("good", names)
    server = site.mail("good.example", "mx.good.example", starttls(context(pem)))
    site.zone += REPORTS.format("good.example")
    site.policy("good.example", pem)
    code, found, last = site.findings("Good.Example.")
    # local data is never signed, so nothing is known of DANE
    tap.equal("good, as far as can be told", (code, bad_ones(found), last["result"]),
              (UNAVAILABLE, [], "unknown"))
    tap.equal("reports", found["tlsrpt"], ["ok reports go to 1 destination"])
    tap.equal("policy", found["mta-sts"], [
        "ok record with id 1", "ok policy of mode enforce, max_age 604800 s; mx mx.good.example"])
    tap.equal("host in the policy", found["mta-sts mx.good.example"],
              ["ok the policy has this host"])
    tap.equal("tls", found["tls mx.good.example"], ["ok TLSv1.3"])
    certificate = found["certificate mx.good.example"][0]
    tap.equal("certificate", (certificate[:26], certificate[-9:] in (" (29 days)", "(29 days)",
                                                                     "(30 days)")),
              ("ok trusted, valid until 20", True))
    tap.equal("no mail was sent", server.heard[1:], ["STARTTLS", "QUIT"])
    heard = len(server.heard)
    code, found, last = site.findings("good.example", "--no-probe")
    tap.equal("no probe", (sorted(found), last["probed"], len(server.heard)),
              (["address mx.good.example", "dnssec", "mta-sts", "mta-sts mx.good.example", "mx",
                "tlsa mx.good.example", "tlsrpt"], False, heard))


def bad(tap, site):
    """What is bad of one thing only."""
    ca, other = site.world.ca, site.world.other
    no_starttls = [HELLO, EHLO.replace(b"STARTTLS", b"XXXXXXXA"), None]
    failure = "bad the handshake fails: connection-closed-during-handshake"
    rows = (
        ("clear", no_starttls, None,
         "bad STARTTLS is not offered (starttls-not-supported starttls-not-offered)"),
        ("refuses", [HELLO, EHLO, b"454 no\r\n", None], None,
         "bad STARTTLS is offered, then refused: starttls-reply-454 "
         "(starttls-not-supported starttls-reply-454)"),
        ("closes", [HELLO, EHLO, None], None,
         failure + " (validation-failure connection-closed-during-handshake)"),
        ("self", starttls(context(ca.issue("s1", ["mx.self.example"], self_signed=True))), {},
         "bad self-signed certificate, valid until DATE "
         "(certificate-not-trusted self-signed)"),
        ("else", starttls(context(ca.issue("s2", ["mx.other.example"]))), {},
         "bad trusted, not for this host but for mx.other.example, valid until DATE "
         "(certificate-host-mismatch)"),
        ("issuer", starttls(context(other.issue("s3", ["mx.issuer.example"]))), {},
         "bad self-signed certificate in certificate chain, valid until DATE "
         "(certificate-not-trusted unknown-issuer)"),
        ("unlisted", starttls(context(ca.issue("s4", ["mx.unlisted.example"]))),
         {"mx": "mail.unlisted.example"},
         "bad the policy does not have this host (validation-failure mta-sts-mx-mismatch)"),
        ("syntax", starttls(context(ca.issue("s5", ["mx.syntax.example"]))), {"text": "nonsense"},
         "bad the policy host serves a text that is no policy (sts-policy-invalid syntax)"),
        ("absent", starttls(context(ca.issue("s6", ["mx.absent.example"]))), {"text": ""},
         "bad the policy cannot be fetched from mta-sts.absent.example: http-404 "
         "(sts-policy-fetch-error)"),
    )
    names = [f"mta-sts.{label}.example" for label, *_ in rows]
    hosts = ca.issue("hosts", names)
    for label, script, policy, want in rows:
        domain = label + ".example"
        site.mail(domain, f"mx.{domain}", script)
        if policy is not None:
            site.policy(domain, hosts, **policy)
        code, found, last = site.findings(domain)
        got = [b.split("valid until ")[0] + "valid until DATE" + b.split(" days)")[1]
               if "valid until" in b else b for b in bad_ones(found)]
        tap.equal(label, (code, got, last["result"]), (BAD, [want], "bad"))
    site.policy("lone.example", ca.issue("lone", ["mta-sts.else.example"]))
    code, found, _ = site.findings("lone.example", "--no-probe")
    tap.equal("the policy host's certificate", (code, found["mta-sts"][-1]),
              (BAD, "bad the certificate of mta-sts.lone.example: certificate-host-mismatch "
               "(sts-webpki-invalid)"))


def records(tap, site):
    site.zone += ('_smtp._tls.caret.example. TXT "v=TLSRPTv1; rua=mailto:a@caret.example; ;x"\n'
                  '_mta-sts.caret.example. TXT "v=STSv1; id=not-so"\n'
                  'null.example. MX 0 .\nwithout.example. MX 10 mx.without.example.\n'
                  'inside.example. MX 10 mx.inside.example.\nmx.inside.example. A 10.0.0.1\n'
                  'far.example. MX 10 mx.far.example.\nmx.far.example. A 8.8.8.8\n')
    p = site.check("caret.example")
    lines = p.stdout.splitlines()
    carets = {lines[i - 1].strip()[:8]: lines[i - 1][line.index("^"):]
              for i, line in enumerate(lines) if line.strip() == "^"}
    tap.equal("carets", (p.returncode, carets), (BAD, {"v=TLSRPT": ";x", "v=STSv1;": "-so"}))
    code, found, _ = site.findings("null.example")
    tap.equal("null MX", found["mx"], ["ok the domain takes no mail (null MX)"])
    code, found, _ = site.findings("nowhere.example")
    tap.equal("no domain", (code, found["mx"]), (BAD, ["bad there is no such domain"]))
    code, found, _ = site.findings("without.example")
    tap.equal("no address", (code, found["address mx.without.example"]), (BAD, ["bad no address"]))
    code, found, _ = site.findings("inside.example")
    tap.equal("private address", (code, found["address mx.inside.example"]),
              (BAD, ["bad no address of the Internet"]))
    code, found, _ = site.findings("far.example")
    tap.equal("no way there", (code, found["address mx.far.example"]),
              (UNAVAILABLE, ["unknown no way leads from here to its addresses"]))


def hosts(tap, site):
    """More than one."""
    pem = site.world.ca.issue("two", ["mx1.two.example", "mx2.two.example"])
    site.mail("two.example", "mx2.two.example", starttls(context(pem)), 10)
    site.mail("two.example", "mx1.two.example", starttls(context(pem)), 20)
    site.zone += f"two.example. MX 5 mx3.two.example.\nmx3.two.example. A {site.world.address()}\n"
    p = site.check("two.example")
    lines = p.stdout.splitlines()
    tap.equal("by preference", [x.split()[0] for x in lines if x.startswith("mx") and "9.9" in x],
              ["mx3.two.example", "mx2.two.example", "mx1.two.example"])
    tap.check("dnssec is said first", *([] if lines[0].startswith("unknown  dnssec") else lines))
    tap.check("no colour", *([x for x in lines if "\033" in x]))
    _, found, _ = site.findings("two.example")
    tap.equal("one that is down", found["tls mx3.two.example"],
              ["warning no connection: connect-refused"])


def usage(tap, site):
    tap.equal("no domain", site.check("[192.0.2.1]").returncode, USAGE)
    tap.equal("two", site.check("a.example", "b.example").returncode, USAGE)
    os.rename(site.data, site.data + ".away")
    with open(site.conf, "a", encoding="ascii") as f:
        f.write("  nonsense: 1\n")
    tap.equal("configuration", site.check("good.example").returncode, CONFIG)


def main():
    status = run(__file__)
    if status is not None:
        return status
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(World(folder), folder)
        for part in (good, bad, records, hosts, usage):
            part(tap, site)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
