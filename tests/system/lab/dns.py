# SPDX-License-Identifier: BSD-2-Clause
"""A small authoritative DNS server for one zone file.

The file has one record a line, all names absolute, no directives: another
server can take its place with the same file, or sign it. Nothing is signed
here.
"""
import ipaddress
import re
import socket
import socketserver
import struct
import threading

<<<<<<< HEAD
A, NS, CNAME, SOA, MX, TXT, AAAA, ANY = 1, 2, 5, 6, 15, 16, 28, 255
TYPES = {"A": A, "NS": NS, "CNAME": CNAME, "SOA": SOA, "MX": MX, "TXT": TXT, "AAAA": AAAA}
UDP_MAX = 512
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
=======
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
>>>>>>> 547f197 (tests: the log of the system test can rotate)


def _name(text):
    labels = [x for x in text.rstrip(".").split(".") if x]
    return b"".join(bytes([len(x)]) + x.encode() for x in labels) + b"\0"


def _rdata(rtype, words):
    if rtype == A:
        return socket.inet_aton(words[0])
    if rtype == AAAA:
        return ipaddress.IPv6Address(words[0]).packed
    if rtype == MX:
        return struct.pack("!H", int(words[0])) + _name(words[1])
    if rtype == TXT:
        return b"".join(bytes([len(w)]) + w.encode() for w in words)
    if rtype == SOA:
        return _name(words[0]) + _name(words[1]) + struct.pack("!5I", *map(int, words[2:7]))
    return _name(words[0])


class Zone:
    def __init__(self, text):
        self.records = {}
        self.apex = self.soa = None
        for line in text.splitlines():
            if line.strip() and not line.startswith(";"):
                self._add([a or b for a, b in _TOKEN.findall(line)])
        self.names = set()  # with those that only have names below
        for name in self.records:
            while name and name != self.apex:
                self.names.add(name)
                name = name.partition(".")[2]
        self.names.add(self.apex)

    def _add(self, words):
        name, ttl, rtype = words[0].rstrip(".").lower(), int(words[1]), TYPES[words[3]]
        record = (name, ttl, rtype, _rdata(rtype, words[4:]), words[4])
        self.records.setdefault(name, []).append(record)
        if rtype == SOA:
            self.apex, self.soa = name, record

    def lookup(self, name, rtype):
        """(return code, answers, authority)"""
        answers = []
        for _ in range(8):
            if name != self.apex and not name.endswith("." + self.apex):
                return (5 if not answers else 0), answers, []
            here = self.records.get(name, [])
            found = [r for r in here if rtype in (r[2], ANY)]
            alias = [r for r in here if r[2] == CNAME]
            answers += found or alias
            if found or not alias:
                break
            name = alias[0][4].rstrip(".").lower()
        if found:
            return 0, answers, []
        return (0 if name in self.names else 3), answers, [self.soa]

    def answer(self, query, limit=65535):
        ident, flags, count = struct.unpack_from("!3H", query)
        pos, labels = 12, []
        while query[pos]:
            labels.append(query[pos + 1:pos + 1 + query[pos]].decode("ascii", "replace"))
            pos += 1 + query[pos]
        pos += 5
        rtype = struct.unpack_from("!H", query, pos - 4)[0]
        if count != 1 or flags & 0xf800:
            return struct.pack("!6H", ident, 0x8004, 0, 0, 0, 0)
        code, answers, authority = self.lookup(".".join(labels).lower(), rtype)
        body = b"".join(_name(n) + struct.pack("!HHIH", t, 1, ttl, len(data)) + data
                        for n, ttl, t, data, _ in answers + authority)
        head = (ident, 0x8480 | flags & 0x0100 | code, 1, len(answers), len(authority), 0)
        if 12 + pos - 12 + len(body) > limit:
            head, body = (ident, 0x8680 | flags & 0x0100, 1, 0, 0, 0), b""
        return struct.pack("!6H", *head) + query[12:pos] + body


class Server:
    """Answers on UDP and TCP until the program ends."""

    def __init__(self, zone, address, port=53):
        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                sock.sendto(zone.answer(data, UDP_MAX), self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                while len(head := self.rfile.read(2)) == 2:
                    reply = zone.answer(self.rfile.read(struct.unpack("!H", head)[0]))
                    self.wfile.write(struct.pack("!H", len(reply)) + reply)

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        for server in (socketserver.UDPServer((address, port), Udp),
                       TcpServer((address, port), Tcp)):
            threading.Thread(target=server.serve_forever, daemon=True).start()
