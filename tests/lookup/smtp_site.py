# SPDX-License-Identifier: BSD-2-Clause
"""Mail servers of all kinds of good and bad ways, for tests of the probe; inside
of a network of its own (tests/system/lab/namespace.py)."""
import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "milter"), os.path.join(TESTS, "system")]
from lab import certs, namespace  # noqa: E402

LIMIT_S = 60
# 9.9.9.n is a public address; ours is the only network there is.
PUBLIC = "9.9.9."
EHLO = b"250-mx.example at your service\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n250 HELP\r\n"


class Now(bytes):
    """An answer after which no line is waited for."""


class Server:
    """A listener at an address. Each connection is one conversation: what it
    says first, then for each line that comes the next answer. An answer that is
    a context begins TLS; None closes; "hang" waits until the end of the test."""

    def __init__(self, address, script, port=25):
        self.address, self.script = address, script
        self.heard, self.names = [], []
        self.ended = threading.Semaphore(0)
        self.released = threading.Event()
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
        with contextlib.suppress(OSError), connection:
            connection.settimeout(LIMIT_S)
            self._talk(connection)
        self.ended.release()

    def _line(self, connection):
        line = b""
        while not line.endswith(b"\n"):
            piece = connection.recv(1)
            if not piece:
                return False
            line += piece
        self.heard.append(line.decode("latin-1").rstrip("\r\n"))
        return True

    def _talk(self, connection):
        for answer in self.script:
            if answer is None:
                return
            if answer == "hang":
                self.released.wait(LIMIT_S)
                return
            if isinstance(answer, ssl.SSLContext):
                answer.sni_callback = lambda _, name, __: self.names.append(name)
                with answer.wrap_socket(connection, server_side=True) as tls:
                    self._line(tls)
                return
            connection.sendall(answer)
            if not isinstance(answer, Now) and not self._line(connection):
                return


def starttls(then):
    """The script of a server with STARTTLS, up to the answer to that."""
    return [b"220 mx.example ESMTP\r\n", EHLO, Now(b"220 go\r\n"), then]


class World:
    """The certificates, and servers at addresses that nobody else has."""

    def __init__(self, folder):
        self.ca = certs.Authority(os.path.join(folder, "ca"), "Lab root")
        self.other = certs.Authority(os.path.join(folder, "other"), "Unknown root")
        self._next = 0

    def address(self):
        self._next += 1
        ip = f"{PUBLIC}{self._next}"
        subprocess.run(["ip", "addr", "add", ip + "/32", "dev", "lo"], check=True,
                       stdin=subprocess.DEVNULL)
        return ip

    def server(self, script, port=25):
        return Server(self.address(), script, port)


def context(pem, version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(pem)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = made.maximum_version = version
    return made


def run(script):
    """main() of a test: runs it again in a network of its own. Returns a status;
    None: this is the inside."""
    if "--inside" in sys.argv[1:]:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return None
    why = namespace.why_not()
    if why is not None and "TELLTLS_MUST_RUN" in os.environ:
        print(f"1..1\nnot ok 1 - {why}")
        return 1
    if why is not None:
        print(f"1..0 # SKIP {why}")
        return 0
    return subprocess.run(namespace.command(os.path.abspath(script), "--inside"),
                          stdin=subprocess.DEVNULL).returncode
