#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests "telltls check" with domains in a signed zone, and mail servers with
TLSA records. The DNS is that of tests/lookup/run.py, in a network of its own.
Skipped where it cannot be had; with TELLTLS_MUST_RUN in the environment that is a
failure.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "lookup"))
import run as dns_site  # noqa: E402
import smtp_site  # noqa: E402
from smtp_site import LIMIT_S, certs, context, starttls  # noqa: E402
from lab import packages  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402

PROGRAM = os.path.join(BIN, "tool", "telltls")
ZONE = "lab.test"
TREE = "TELLTLS_DNS_TREE"  # for the inside


class Site:
    def __init__(self, world):
        self.world = world
        self.zones = {zone: dns_site.SOA.format(zone) for zone in (ZONE, "plain.test")}

    def mail(self, domain, pem, records, zone=ZONE):
        """A domain that asks for reports, with a host and its TLSA records."""
        server = self.world.server(starttls(context(pem)))
        self.zones[zone] += (
            f"_smtp._tls.{domain}. 500 {dns_site.RECORD}\n{domain}. 500 IN MX 10 mx.{domain}.\n"
            f"mx.{domain}. 500 IN A {server.address}\n" +
            "".join(dns_site.tlsa(f"mx.{domain}", record) for record in records))
        return server

    def issue(self, domain, **how):
        return self.world.ca.issue(domain, [f"mx.{domain}"], **how)


def check(conf, domain):
    """(exit code, result, [of the host: "topic level"], codes)"""
    p = subprocess.run([PROGRAM, "-c", conf, "check", "--json", domain], capture_output=True,
                       text=True, timeout=LIMIT_S)
    found = [json.loads(line) for line in p.stdout.splitlines()]
    if p.stderr or not found:
        raise AssertionError(p.stderr or "nothing")
    return (p.returncode, found[-1]["result"],
            " ".join(f"{o['topic']}={o['level']}" for o in found[:-1] if o["address"]),
            [o["code"] for o in found[:-1] if o["code"]])


def inside(tap, folder):
    site = Site(smtp_site.World(folder))
    good = site.issue("good.lab.test")
    alone = site.issue("alone.lab.test", self_signed=True)
    wrong = site.issue("wrong.lab.test")
    anchor = certs.digest(certs.chain(good)[1])
    ee = {pem: "3 1 1 " + certs.digest_of_key(certs.chain(pem)[0]) for pem in (good, alone)}
    named = site.mail("good.lab.test", good, [ee[good]])
    rows = (
        ("good.lab.test", 0, "good", "tls=ok certificate=ok dane=ok", []),
        ("alone.lab.test", 0, "good", "tls=ok certificate=ok dane=ok", []),
        ("anchor.lab.test", 0, "good", "tls=ok certificate=ok dane=ok", []),
        ("wrong.lab.test", 1, "bad", "tls=ok certificate=ok dane=bad",
         ["validation-failure dane-no-match"]),
        ("unusable.lab.test", 1, "bad", "tls=ok certificate=ok",
         ["tlsa-invalid all-tlsa-unusable"]),
        ("dead.lab.test", 1, "bad", "tls=ok certificate=warning",
         ["dnssec-invalid tlsa-lookup-failed"]),
        ("forged.lab.test", 1, "bad", "", []),
        ("plain.test", 0, "good", "tls=ok certificate=warning", []),
        ("literal.lab.test", 1, "bad", "", []),
        ("null.lab.test", 0, "good", "", []),
        ("nowhere.lab.test", 1, "bad", "", []),
    )
    site.mail("alone.lab.test", alone, [ee[alone]])
    site.mail("anchor.lab.test", site.issue("anchor.lab.test"), ["2 0 1 " + anchor])
    site.mail("wrong.lab.test", wrong, [ee[good]])
    site.mail("unusable.lab.test", site.issue("unusable.lab.test"), ["1 1 1 " + anchor])
    site.mail("dead.lab.test", good, [])
    forged = site.mail("forged.lab.test", good, [])
    site.mail("plain.test", site.issue("plain.test", self_signed=True), [], "plain.test")
    site.zones[ZONE] += dns_site.alias("_25._tcp.mx.dead.lab.test", "t.broken.test")
    site.zones[ZONE] += "literal.lab.test. 500 IN MX 10 192.0.2.1.\nnull.lab.test. 500 IN MX 0 .\n"
    servers = dns_site.Servers(os.environ[TREE], folder, site.zones,
                               ((forged.address + "\n", "9.9.9.250\n"),))
    try:
        conf = os.path.join(folder, "telltls.yaml")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"dns:\n  servers: [127.0.0.1@{servers.ports['unbound']}]\n"
                    f"  trust-anchor: {servers.keys[ZONE]}\n"
                    f"mta-sts:\n  ca-file: {site.world.ca.pem}\n")
        for domain, *want in rows:
            tap.equal(domain, list(check(conf, domain)), want)
        tap.equal("SNI is the base domain", named.names, ["mx.good.lab.test"])
    finally:
        servers.stop()


def main():
    try:
        if TREE not in os.environ:
            os.environ[TREE] = packages.tree(packages.DNS)
    except (packages.Unavailable, OSError) as e:
        if "TELLTLS_MUST_RUN" in os.environ:
            print(f"Bail out! no packages: {e}")
            return 1
        print(f"1..0 # SKIP no packages: {e}")
        return 0
    status = smtp_site.run(__file__)
    if status is not None:
        return status
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        inside(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
