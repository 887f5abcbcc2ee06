# SPDX-License-Identifier: BSD-2-Clause
"""HTTPS servers of all kinds of good and bad ways that take reports, for tests;
inside of a network of its own (tests/system/lab/namespace.py)."""
import contextlib
import os
import socket
import ssl
import struct
import sys
import threading

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, name) for name in ("lookup", "milter", "reporter", "system")]
from smtp_site import LIMIT_S  # noqa: E402


def context(pem):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    return made


def answer(status="200 OK", body=b"thanks\n", more=()):
    head = [f"HTTP/1.1 {status}", *more, f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.line, self.body = lines[0], body
        self.fields = dict(line.split(": ", 1) for line in lines[1:] if line)


class Server:
    """A listener at an address. Its connections go to behave(self, connection)
    in a thread of their own, after TLS if it has a context."""

    def __init__(self, address, behave, tls=None, port=443):
        self.address, self.behave, self.tls = address, behave, tls
        self.requests = []
        self.connections = self.running = self.most = 0
        self.released = threading.Event()
        self.lock = threading.Lock()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.connections += 1
            self.running += 1
            self.most = max(self.most, self.running)
        with contextlib.suppress(OSError), connection:
            connection.settimeout(LIMIT_S)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.behave(self, connection)
        with self.lock:
            self.running -= 1

    def request(self, connection):
        """The next one; None: there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        request = Request(head, body)
        length = int(request.fields.get("Content-Length", 0))
        while len(request.body) < length:
            piece = connection.recv(65536)
            if not piece:
                return None
            request.body += piece
        self.requests.append(request)
        return request


def says(data):
    """The same to each request of a connection."""
    def behave(server, connection):
        while server.request(connection) is not None:
            connection.sendall(data)
    return behave


def says_once(data):
    """Closes the connection behind it, as it did not say."""
    def behave(server, connection):
        server.request(connection)
        connection.sendall(data)
    return behave


def hangs(first=b""):
    """Sends the first bytes and no more."""
    def behave(server, connection):
        server.request(connection)
        connection.sendall(first)
        server.released.wait(LIMIT_S)
    return behave


def too_early(server, connection):
    """Says that it has all before it has read any of it."""
    connection.recv(1000)
    connection.sendall(answer())
    server.released.wait(LIMIT_S)


def resets(server, connection):
    server.request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def endless(server, connection):
    """A text of 1 GB, of which it counts what went out."""
    server.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    server.sent = 0
    piece = b"x" * 65536
    while server.sent < 1000000000:
        connection.sendall(piece)
        server.sent += len(piece)


def endless_fields(server, connection):
    """A header of 1 GB, in fields of common length."""
    server.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    server.sent = 0
    piece = b"X-Field: %s\r\n" % (b"x" * 1000) * 64
    while server.sent < 1000000000:
        connection.sendall(piece)
        server.sent += len(piece)


def closes(_, connection):
    connection.close()


def speaks(_, connection):
    """HTTP without TLS."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
