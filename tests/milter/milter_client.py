# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, as far as tests need it."""
import socket
import struct

# Steps that a milter may ask not to be sent, or not to be waited for.
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT = 0x1, 0x2, 0x4, 0x8
NO_BODY, NO_HEADERS, NO_EOH, NR_HEADER = 0x10, 0x20, 0x40, 0x80
NO_UNKNOWN, NO_DATA, NR_MAIL, NR_RCPT = 0x100, 0x200, 0x4000, 0x8000
ALL_STEPS = 0x1fffff  # of protocol 6 (Sendmail 8.14 and later)
OLD_STEPS = 0x7f      # of protocol 2
ALL_ACTIONS = 0x1ff
OLD_ACTIONS = 0x3f
STAGES = {0: "connect", 1: "helo", 2: "mail", 3: "rcpt", 4: "data", 5: "end", 6: "eoh"}


class Gone(Exception):
    """The milter closed the connection."""


class Client:
    """One connection. address: what socket.connect() takes."""

    def __init__(self, address, timeout_s=60):
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.connect(address)
        self.socket.settimeout(timeout_s)
        self.steps = self.actions = self.version = None
        self.macros = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, command, data=b""):
        self.raw(struct.pack(">I", len(data) + 1) + command + data)

    def raw(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.socket.recv(n - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone
            data += more
        return data

    def reply(self):
        """The next answer: its letter and the rest."""
        n = struct.unpack(">I", self._exactly(4))[0]
        data = self._exactly(n)
        return data[:1], data[1:]

    def has_reply(self, wait_s=0):
        self.socket.settimeout(wait_s)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except (BlockingIOError, socket.timeout):
            return False
        finally:
            self.socket.settimeout(60)

    def negotiate(self, version=6, actions=ALL_ACTIONS, steps=ALL_STEPS):
        self.send(b"O", struct.pack(">III", version, actions, steps))
        letter, data = self.reply()
        if letter != b"O":
            raise AssertionError(f"negotiation: {letter}")
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])
        data = data[12:]
        while data:
            stage = struct.unpack(">I", data[:4])[0]
            names, _, data = data[4:].partition(b"\0")
            self.macros[STAGES[stage]] = names.decode()
        return self

    def waits(self, bit):
        """Has the milter to answer a step?"""
        return not self.steps & bit

    def step(self, command, data, bit):
        """A step of a message, and its answer where there is one."""
        self.send(command, data)
        return self.reply()[0] if self.waits(bit) else b"c"

    def mail(self, *args):
        data = b"".join(bytes_of(a) + b"\0" for a in args)
        return self.step(b"M", data, NR_MAIL)

    def rcpt(self, *args):
        data = b"".join(bytes_of(a) + b"\0" for a in args)
        return self.step(b"R", data, NR_RCPT)

    def header(self, name, value):
        return self.step(b"L", bytes_of(name) + b"\0" + bytes_of(value) + b"\0", NR_HEADER)

    def macro(self, stage, **values):
        data = b"".join(k.encode() + b"\0" + bytes_of(v) + b"\0" for k, v in values.items())
        self.send(b"D", stage + data)

    def end(self, qid=None):
        """The end of a message. Returns the letter of the answer."""
        if qid is not None:
            self.macro(b"E", i=qid)
        self.send(b"E")
        return self.reply()[0]

    def message(self, qid, sender="<s@s.example>", rcpts=("<u@a.example>",), headers=()):
        self.mail(sender)
        for rcpt in rcpts:
            self.rcpt(rcpt)
        for name, value in headers:
            self.header(name, value)
        return self.end(qid)

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
        self.socket.close()


def bytes_of(text):
    return text if isinstance(text, bytes) else text.encode()
