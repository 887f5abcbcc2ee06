#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is looked up in signed zones, as real servers serve them.

nsd has the zones, unbound asks it and validates nothing, as many a resolver;
both are Debian's, unpacked and not installed (tests/system/lab/packages.py).
All on the loopback. Skipped where they cannot be had; with TELLTLS_MUST_RUN in
the environment that is a failure.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
sys.path.insert(0, os.path.join(SRC, "system"))
from lab import packages  # noqa: E402

PROGRAM = os.path.join(BIN, "tests", "lookup", "run_lookup")
LIMIT_S = 60
DIGEST = "ab" * 32  # as ldns writes it; telltls writes capitals
RECORD = 'IN TXT "v=TLSRPTv1; rua=mailto:a@b.example"'
SOA = "{0}. 600 IN SOA ns.{0}. root.{0}. 1 600 600 600 400\n{0}. 600 IN NS ns.{0}.\n" \
      "ns.{0}. 600 IN A 127.0.0.1\n"


def domain(name, mx=None, host=True):
    """A domain that asks for reports."""
    mx = mx or f"mx.{name}."
    text = f"_smtp._tls.{name}. 500 {RECORD}\n{name}. 500 IN MX 10 {mx}\n"
    return text + (f"{mx} 500 IN A 192.0.2.1\n" if host else "")


def tlsa(name, records=f"3 1 1 {DIGEST}"):
    return f"_25._tcp.{name}. 500 IN TLSA {records}\n"


def alias(name, target):
    return f"{name}. 500 IN CNAME {target}.\n"


def signed_zone():
    z = "lab.test"
    return SOA.format(z) + "".join((
        domain("good." + z), tlsa("mx.good." + z),
        f'_mta-sts.good.{z}. 500 IN TXT "v=STSv1; id=abc1;"\n',
        domain("unusable." + z), tlsa("mx.unusable." + z, f"1 1 1 {DIGEST}"),
        domain("none." + z),
        domain("forged." + z), tlsa("mx.forged." + z, f"3 1 1 {DIGEST[:-2]}ff"),
        domain("forged-mx." + z),
        # nsd refuses what is under broken.test
        domain("dead." + z), alias("_25._tcp.mx.dead." + z, "t.broken.test"),
        domain("tail." + z), alias("_25._tcp.mx.tail." + z, "t.plain.test"),
        # an alias, of which the target or the name itself has the records
        domain("alias." + z, host=False), alias("mx.alias." + z, "mx.good." + z),
        domain("alias2." + z, host=False), alias("mx.alias2." + z, "mx.none." + z),
        tlsa("mx.alias2." + z),
        # one that leads out of the signed zone, and one that comes from outside
        domain("out." + z, host=False), alias("mx.out." + z, "mx.plain.test"),
        tlsa("mx.out." + z),
        domain("outside." + z, mx="in.plain.test.", host=False),
        # three links, all secure
        domain("chain." + z, host=False), alias("mx.chain." + z, "b.chain." + z),
        alias("b.chain." + z, "mx.good." + z),
        # RFC 7505; no MX; an address
        domain("null." + z, mx=".", host=False),
        f"_smtp._tls.implicit.{z}. 500 {RECORD}\n" f"implicit.{z}. 500 IN A 192.0.2.1\n",
        tlsa("implicit." + z),
        domain("literal." + z, mx="192.0.2.1.", host=False),
        domain("many." + z), *(tlsa("mx.many." + z, f"3 {i} 1 {DIGEST}") for i in (1, 0)),
    ))


ZONES = {
    "lab.test": signed_zone(),
    "plain.test": SOA.format("plain.test") + domain("plain.test") + tlsa("mx.plain.test") +
    tlsa("t.plain.test") + f"t.plain.test. 500 IN TLSA 3 1 1 {DIGEST}\n" +
    alias("in.plain.test", "mx.good.lab.test"),
    # zones of which the health is told
    "late.test": SOA.format("late.test") + domain("late.test") + tlsa("mx.late.test"),
    "early.test": SOA.format("early.test") + domain("early.test") + tlsa("mx.early.test"),
    "bare.test": SOA.format("bare.test") + domain("bare.test") + tlsa("mx.bare.test"),
    "other.test": SOA.format("other.test") + domain("other.test") + tlsa("mx.other.test"),
}
UNSIGNED = ("plain.test", "bare.test")
DATES = {"late.test": ("-i", "20200101", "-e", "20200201"),
         "early.test": ("-i", "20900101", "-e", "20900201")}
# What somebody put into a zone who has no key.
FORGED = ((f"3 1 1 {DIGEST[:-2]}ff", f"3 1 1 {DIGEST[:-2]}00"),
          ("10 mx.forged-mx.lab.test.", "10 mx.good.lab.test."))

_311 = "3 1 1 " + DIGEST.upper()
# (domain, host): (MX, TLSA, base domain, records)
HOSTS = {
    ("good", "mx.good"): ("secure", "usable", "mx.good", _311),
    ("unusable", "mx.unusable"): ("secure", "unusable", "mx.unusable", "1 1 1 " + DIGEST.upper()),
    ("none", "mx.none"): ("secure", "none", "", ""),
    ("none", "mx.nowhere"): ("secure", "none", "", ""),
    ("none", "mx.good"): ("secure", "usable", "mx.good", _311),
    ("forged", "mx.forged"): ("secure", "bogus", "mx.forged", ""),
    ("forged-mx", "mx.good"): ("bogus", "unknown", "", ""),
    ("dead", "mx.dead"): ("secure", "failed", "mx.dead", ""),
    ("tail", "mx.tail"): ("secure", "none", "", ""),
    ("alias", "mx.alias"): ("secure", "usable", "mx.good", _311),
    ("alias2", "mx.alias2"): ("secure", "usable", "mx.alias2", _311),
    ("out", "mx.out"): ("secure", "usable", "mx.out", _311),
    ("outside", "in.plain.test."): ("secure", "none", "", ""),
    ("chain", "mx.chain"): ("secure", "usable", "mx.good", _311),
    ("implicit", "implicit"): ("secure", "usable", "implicit", _311),
    ("literal", "192.0.2.1."): ("secure", "none", "", ""),
    ("many", "mx.many"): ("secure", "usable", "mx.many", f"3 0 1 {DIGEST.upper()},{_311}"),
    ("plain.test.", "mx.plain.test."): ("insecure", "none", "", ""),
}
# domain: (does it ask, MX, first host, id of MTA-STS)
DOMAINS = {
    "good": ("asks", "secure", "mx.good", "abc1"),
    "null": ("asks", "none", "", ""),
    "implicit": ("asks", "secure", "implicit", ""),
    "literal": ("asks", "secure", "", ""),
    "forged-mx": ("asks", "bogus", "", ""),
    "nowhere": ("not", "unknown", "", ""),
    "plain.test.": ("asks", "insecure", "mx.plain.test.", ""),
    "x.broken.test.": ("unknown", "unknown", "", ""),
}
# anchor of: health; what its own domain's MX and TLSA are taken for
HEALTH = {
    "late.test": ("clock-wrong", "unknown", "unknown"),
    "early.test": ("clock-wrong", "unknown", "unknown"),
    "bare.test": ("stripped", "unknown", "unknown"),
    "other.test": ("anchor-wrong", "unknown", "unknown"),
}

NSD = """\
server:
    ip-address: 127.0.0.1@{nsd}
    username: ""
    zonesdir: {folder}
    database: ""
    pidfile: ""
    xfrdfile: {folder}/xfrd
    xfrdir: {folder}
    zonelistfile: {folder}/zonelist
    server-count: 1
remote-control:
    control-enable: no
"""
UNBOUND = """\
server:
    interface: 127.0.0.1@{unbound}
    do-ip6: no
    username: ""
    chroot: ""
    directory: {folder}
    pidfile: ""
    use-syslog: no
    logfile: ""
    module-config: iterator
    do-not-query-localhost: no
    local-zone: . static
    local-zone: test. nodefault
remote-control:
    control-enable: no
"""


def free_port():
    with socket.socket() as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        s.bind(("127.0.0.1", 0))
        u.bind(s.getsockname())
        return s.getsockname()[1]


class Servers:
    def __init__(self, tree, folder, zones=None, forged=FORGED):
        zones = ZONES if zones is None else zones
        self.tree, self.folder, self.forged = tree, folder, forged
        self.ports = {name: free_port() for name in ("nsd", "unbound")}
        self.processes = []
        tops = [os.path.join(tree, top) for top in ("usr/lib", "lib")]
        self.env = {**os.environ, "LD_LIBRARY_PATH": ":".join(
            os.path.join(top, name) for top in tops if os.path.isdir(top)
            for name in sorted(os.listdir(top)) if name.endswith("-linux-gnu"))}
        self.keys = {zone: self.sign(zone, text) for zone, text in zones.items()}
        names = {**self.ports, "folder": folder}
        self.start("nsd", NSD.format(**names) + "".join(
            f"zone:\n    name: {zone}\n    zonefile: {zone}.signed\n" for zone in zones))
        places = {**{zone: self.ports["nsd"] for zone in zones}, "broken.test": self.ports["nsd"]}
        self.start("unbound", UNBOUND.format(**names) + "".join(
            f"stub-zone:\n    name: {zone}\n    stub-addr: 127.0.0.1@{port}\n"
            for zone, port in places.items()) + "".join(
                f"server:\n    local-zone: {zone} transparent\n" for zone in places))

    def run(self, name, *args):
        p = subprocess.run([os.path.join(self.tree, "usr/bin", name), *args], cwd=self.folder,
                           env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=LIMIT_S)
        if p.returncode != 0:
            raise RuntimeError(f"{name}: exit {p.returncode}: {p.stdout}{p.stderr}")
        return p.stdout.strip()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as f:
            f.write(text)

    def sign(self, zone, text):
        """Returns the file with the zone's trust anchor."""
        key = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone)
        if zone in UNSIGNED:
            self.write(zone + ".signed", text)
        else:
            self.write(zone, text)
            self.run("ldns-signzone", *DATES.get(zone, ()), "-f", zone + ".signed", zone, key)
        if zone == "other.test":
            key = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone)
        if zone == "lab.test":
            with open(os.path.join(self.folder, zone + ".signed"), encoding="ascii") as f:
                text = f.read()
            for before, after in self.forged:
                if before not in text:
                    raise RuntimeError("not in the zone: " + before)
                text = text.replace(before, after)
            self.write(zone + ".signed", text)
        return os.path.join(self.folder, key + ".key")

    def start(self, name, config):
        self.write(name + ".conf", config)
        log = open(os.path.join(self.folder, name + ".log"), "wb")
        with log:
            process = subprocess.Popen(
                [os.path.join(self.tree, "usr/sbin", name), "-d", "-c",
                 os.path.join(self.folder, name + ".conf")],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        end = time.monotonic() + LIMIT_S
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.ports[name])) == 0:
                    return
            if process.poll() is not None or time.monotonic() > end:
                with open(log.name, encoding="utf-8", errors="replace") as f:
                    raise RuntimeError(f"{name}: {f.read().strip()}")
            time.sleep(0.02)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


def full(name):
    """Names in the tables are of lab.test unless they end in a dot."""
    if name.endswith("."):
        return name[:-1]
    return name + ".lab.test" if name else ""


def look_up(servers, zone, lines):
    """(health, results)"""
    p = subprocess.run([PROGRAM, f"127.0.0.1@{servers.ports['unbound']}", servers.keys[zone]],
                       input="".join(line + "\n" for line in lines), capture_output=True,
                       text=True, timeout=LIMIT_S)
    if p.returncode != 0:
        raise RuntimeError(f"run_lookup: exit {p.returncode}: {p.stderr}")
    first, *rest = [json.loads(line) for line in p.stdout.splitlines()]
    return first["health"], {(r["domain"], r.get("host")): r for r in rest}


class Tap:
    n = failed = 0

    def equal(self, title, got, want):
        self.n += 1
        self.failed += got != want
        print(f"{'ok' if got == want else 'not ok'} {self.n} - {title}")
        if got != want:
            print(f"# got {got!r}, want {want!r}")


def compare(tap, servers):
    lines = [f"{full(d)} {full(h)}" for d, h in HOSTS] + [full(d) for d in DOMAINS]
    health, results = look_up(servers, "lab.test", lines)
    tap.equal("health", health, "validating")
    tap.equal("each is answered once", len(results), len(lines))
    for (name, host), (mx, tlsa_state, base, records) in HOSTS.items():
        r = results[full(name), full(host)]
        tap.equal(f"{name} {host}", (r["mx"], r["tlsa"], r["base"], r["records"]),
                  (mx, tlsa_state, full(base), records))
    for name, (asks, mx, first, sts) in DOMAINS.items():
        r = results[full(name), None]
        tap.equal(name, (r["asks"], r["mx"], r["first"], r["sts"]),
                  (asks, mx, full(first), sts))
    fresh = results["good.lab.test", None]["fresh"]
    tap.equal("as long as the TTL says", 440 <= fresh <= 500, True)
    fresh = results["nowhere.lab.test", None]["fresh"]
    tap.equal("none, as long as the SOA says", 340 <= fresh <= 400, True)


def compare_health(tap, servers):
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda z: look_up(servers, z, [f"{z} mx.{z}"]), HEALTH)
    for (zone, want), (health, results) in zip(HEALTH.items(), found):
        r = results[zone, "mx." + zone]
        tap.equal("health with " + zone, (health, r["mx"], r["tlsa"]), want)


def main():
    try:
        tree = packages.tree(packages.DNS)
    except (packages.Unavailable, OSError) as e:
        if "TELLTLS_MUST_RUN" in os.environ:
            print(f"Bail out! no packages: {e}")
            return 1
        print(f"1..0 # SKIP no packages: {e}")
        return 0
    tap = Tap()
    folder = tempfile.mkdtemp(prefix="telltls-lookup-")
    servers = None
    try:
        servers = Servers(tree, folder)
        compare(tap, servers)
        compare_health(tap, servers)
    finally:
        if servers is not None:
            servers.stop()
        shutil.rmtree(folder, ignore_errors=True)  # nsd may still be at it
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
