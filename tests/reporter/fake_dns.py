# SPDX-License-Identifier: BSD-2-Clause
"""A DNS server on the loopback that answers as badly as it is told to.

One thread, UDP and TCP on one port. What a name is answered with is one of
the functions below, put into FakeDns.answers; other names do not exist, and
the root has its name server.
"""
import select
import socket
import struct
import threading

TXT, CNAME, NS = 16, 5, 2
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5


def wire(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def record(name, rtype, rdata):
    """name may be None: that of the question."""
    owner = b"\xc0\x0c" if name is None else wire(name)
    return owner + struct.pack(">HHIH", rtype, 1, 60, len(rdata)) + rdata


def strings(text, size=255):
    """Character-strings of at most size octets."""
    pieces = [text[i:i + size] for i in range(0, len(text), size)] or [b""]
    return b"".join(bytes([len(p)]) + p for p in pieces)


class Query:
    def __init__(self, data, is_tcp):
        self.id, self.is_tcp = data[:2], is_tcp
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]])
            at += data[at] + 1
        self.name = b".".join(labels).decode("ascii").lower()
        self.type = struct.unpack(">H", data[at + 1:at + 3])[0]
        self.question = data[12:at + 5]

    def reply(self, rcode=0, answers=(), truncated=False):
        flags = 0x8180 | rcode | (0x0200 if truncated else 0)
        counts = struct.pack(">HHHHH", flags, 1, len(answers), 0, 0)
        return self.id + counts + self.question + b"".join(answers)


# --- answers: functions of a query that return a message, or None ---

def rdata(*rdatas):
    """TXT records of this RDATA; over TCP where UDP cannot hold them."""
    def answer(q):
        if q.type != TXT:
            return q.reply()
        message = q.reply(answers=[record(None, TXT, r) for r in rdatas])
        if not q.is_tcp and len(message) > 512:
            return q.reply(truncated=True)
        return message
    return answer


def txt(*texts, size=255):
    return rdata(*[strings(t.encode("latin-1"), size) for t in texts])


def rcode(code):
    return lambda q: q.reply(code)


def nodata(q):
    return q.reply()


def silent(q):
    return None


def garbage(q):
    return q.id + b"\x81\x80\xff\xff\xff\xff\xff"


def truncated(q):
    """On TCP, where nothing may be cut, no answer at all."""
    return None if q.is_tcp else q.reply(truncated=True)


def alias(target):
    """A CNAME; its target is asked for on its own."""
    return lambda q: q.reply(answers=[record(None, CNAME, wire(target))])


class FakeDns(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.answers = {}
        self.asked = []       # (name, type), as they came
        self.held = set()     # names that wait until release()
        self._waiting = []    # (query, sender)
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        while True:           # a port that is free for both
            self._tcp = socket.socket()
            self._tcp.bind(("127.0.0.1", 0))
            self.port = self._tcp.getsockname()[1]
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self._udp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self._tcp.close()
                self._udp.close()
        self._tcp.listen(16)
        self.start()

    def stop(self):
        self._wake.close()
        self.join()
        self._udp.close()
        self._tcp.close()

    def release(self):
        with self._lock:
            self.held.clear()
            waiting, self._waiting = self._waiting, []
        for query, sender in waiting:
            self._answer(query, sender)

    def n_held(self):
        """How many different names wait."""
        with self._lock:
            return len({query.name for query, _ in self._waiting})

    def _answer(self, query, sender):
        if query.name == "":
            message = query.reply(
                answers=[record("", NS, wire("a.root-servers.net"))])
        else:
            with self._lock:
                answer = self.answers.get(query.name, rcode(NXDOMAIN))
            message = answer(query)
        if message is not None:
            sender(message)

    def _take(self, data, sender, is_tcp):
        query = Query(data, is_tcp)
        with self._lock:
            self.asked.append((query.name, query.type))
            if query.name in self.held:
                self._waiting.append((query, sender))
                return
        self._answer(query, sender)

    def _serve_udp(self):
        data, peer = self._udp.recvfrom(65535)
        self._take(data, lambda m: self._udp.sendto(m, peer), False)

    def _serve_tcp(self):
        connection, _ = self._tcp.accept()
        threading.Thread(
            target=self._serve_stream, args=(connection,), daemon=True).start()

    def _serve_stream(self, connection):
        """Resolvers ask again and again over one connection (RFC 7766)."""
        def send(m):
            connection.sendall(struct.pack(">H", len(m)) + m)

        try:
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(10)
                head = stream.read(2)
                while len(head) == 2:
                    data = stream.read(struct.unpack(">H", head)[0])
                    self._take(data, send, True)
                    head = stream.read(2)
        except OSError:
            pass  # the resolver went away

    def run(self):
        while True:
            ready, _, _ = select.select(
                [self._woken, self._udp, self._tcp], [], [])
            if self._woken in ready:
                return
            try:
                if self._udp in ready:
                    self._serve_udp()
                if self._tcp in ready:
                    self._serve_tcp()
            except OSError:
                pass          # the peer went away
