# SPDX-License-Identifier: BSD-2-Clause
"""DNS as a site has it: a signed zone on nsd, and unbound before it, which
validates. All on the loopback; no other name exists."""
import os
import random
import socket
import struct
import subprocess
import time

from . import packages

MX = 15
_NSD = """\
server:
    ip-address: {authority}
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
zone:
    name: {zone}
    zonefile: signed
"""
_ABSENT = """\
zone:
    name: {zone}
    zonefile: absent
"""
# unbound itself knows that "test" is no zone of the Internet.
_UNBOUND = """\
server:
    interface: {resolver}
    do-ip6: no
    username: ""
    chroot: ""
    directory: {folder}
    pidfile: ""
    use-syslog: no
    logfile: ""
    do-not-query-localhost: no
    trust-anchor-file: {anchor}
    local-zone: . static
    local-zone: {zone} transparent
remote-control:
    control-enable: no
stub-zone:
    name: {zone}
    stub-addr: {authority}
"""


class Dns:
    """Serves the zone, a text with one record a line, until the program ends
    or change()s it.
    forged are pairs of texts: what is replaced in it after it was signed, and
    by what. absent are zones that its server ought to have. anchor is the file
    with its trust anchor."""

    def __init__(self, folder, tree, zone, text, *, forged, absent, authority, resolver):
        os.mkdir(folder)
        self.folder, self.tree, self.zone = folder, tree, zone
        self.resolver = resolver
        self._authority, self._forged, self._absent = authority, forged, absent
        self._keys = [self._run("ldns-keygen", "-a", "ECDSAP256SHA256", *more, self.zone)
                      for more in (["-k"], [])]
        self.anchor = os.path.join(self.folder, self._keys[0] + ".key")
        self._processes = []
        self.change(text)

    def change(self, text):
        """From now on this is the zone; nobody remembers another."""
        for process in self._processes:
            process.terminate()
            process.wait()
        self._sign(text)
        names = {"folder": self.folder, "zone": self.zone, "anchor": self.anchor,
                 "authority": self._authority, "resolver": self.resolver}
        more = "".join(_ABSENT.format(zone=name) for name in self._absent)
        self._processes = [self._serve("nsd", _NSD.format(**names) + more, self._authority),
                           self._serve("unbound", _UNBOUND.format(**names), self.resolver)]

    def _run(self, name, *args):
        p = subprocess.run([os.path.join(self.tree, "usr/bin", name), *args], cwd=self.folder,
                           env=packages.environment(self.tree), stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=60)
        if p.returncode != 0:
            raise RuntimeError(f"{name}: exit {p.returncode}: {p.stdout}{p.stderr}")
        return p.stdout.strip()

    def _sign(self, text):
        path = os.path.join(self.folder, "zone")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        self._run("ldns-signzone", "-f", "signed", "zone", *self._keys)
        with open(os.path.join(self.folder, "signed"), "r+", encoding="ascii") as f:
            signed = f.read()
            for before, after in self._forged:
                if before not in signed:
                    raise RuntimeError(f"not in the zone: {before}")
                signed = signed.replace(before, after)
            f.seek(0)
            f.truncate()
            f.write(signed)

    def _serve(self, name, config, address):
        path = os.path.join(self.folder, name + ".conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(config)
        with open(os.path.join(self.folder, name + ".log"), "ab") as log:
            process = subprocess.Popen(
                [os.path.join(self.tree, "usr/sbin", name), "-d", "-c", path],
                env=packages.environment(self.tree), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        end = time.monotonic() + 30
        while ask(address, self.zone, MX)[0] is None:
            if process.poll() is not None or time.monotonic() > end:
                with open(log.name, encoding="utf-8", errors="replace") as f:
                    raise RuntimeError(f"{name}: {f.read().strip()}")
            time.sleep(0.05)
        return process

    def ask_text(self, name):
        """The lines of an answer with TXT records, as drill(1) prints them."""
        out = self._run("drill", name, "TXT", "@" + self.resolver)
        return "\n".join(line for line in out.splitlines()
                         if "\tTXT\t" in line and not line.startswith(";"))

    def validate(self, name, rtype):
        """(return code, is it secure), as the resolver says."""
        return ask(self.resolver, name, rtype)


def ask(server, name, rtype, limit_s=5):
    """(return code, is the AD flag set); (None, False) without an answer."""
    ident = random.randrange(1 << 16)
    wire = b"".join(bytes([len(x)]) + x.encode() for x in name.rstrip(".").split("."))
    # recursion desired, AD: we understand it (RFC 6840 5.7)
    query = struct.pack("!6H", ident, 0x0120, 1, 0, 0, 0) + wire + struct.pack("!BHH", 0, rtype, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(limit_s)
        try:
            s.connect((server, 53))
            s.send(query)
            answer = s.recv(65536)
        except OSError:
            return None, False
    if struct.unpack_from("!H", answer)[0] != ident:
        return None, False
    flags = struct.unpack_from("!H", answer, 2)[0]
    return flags & 15, bool(flags & 0x20)
