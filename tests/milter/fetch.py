#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how MTA-STS policies are fetched (lookup/fetch.h) from HTTPS servers of
all kinds of good and bad ways.

All of it is in a network of its own, whose loopback has public addresses: the
servers are at 443 as on the Internet, and nothing else can be reached. Needs
root, iproute2 and openssl; without them it is skipped, and with TELLTLS_MUST_RUN
in the environment it fails.
"""
import contextlib
import os
import queue
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
from lab import certs, namespace  # noqa: E402
from milter_site import BIN, LIMIT_S, Tap  # noqa: E402

PROGRAM = os.path.join(BIN, "tests", "milter", "run_fetch")
# 9.9.9.n is a public address; ours is the only network there is.
PUBLIC, PUBLIC_V6 = "9.9.9.", "2a00:1450::"
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
LARGEST = 64 * 1024
SHORT_MS = "600"  # for what runs into the time limit


def wait_for(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("no end: " + what)
        time.sleep(0.01)


def answer(status="200 OK", kind="text/plain", body=POLICY, more=()):
    head = [f"HTTP/1.1 {status}", *more, f"Content-Length: {len(body)}"]
    if kind is not None:
        head.append(f"Content-Type: {kind}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Server:
    """One listener at an address. Its connections go to behave(self, connection)
    in a thread of their own, after TLS if it has a context."""

    def __init__(self, address, behave, context=None, port=443):
        self.address, self.behave, self.context = address, behave, context
        self.names, self.requests = [], []
        self.released = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        if context is not None:
            context.sni_callback = lambda _, name, __: self.names.append(name)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(LIMIT_S)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.behave(self, connection)

    def request(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(4096)
            if not piece:
                break
            data += piece
        self.requests.append(data.decode("latin-1"))


def says(data):
    def behave(server, connection):
        server.request(connection)
        connection.sendall(data)
        with contextlib.suppress(OSError):
            connection.unwrap()
    return behave


def hangs(first=b""):
    """Sends the first bytes and no more; without any, it answers nothing."""
    def behave(server, connection):
        server.request(connection)
        connection.sendall(first)
        server.released.wait(LIMIT_S)
    return behave


def trickles(server, connection):
    """One byte of a long answer at a time: never quiet, and never done."""
    server.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not server.released.wait(0.02):
        connection.sendall(b"#")


def resets(server, connection):
    server.request(connection)
    connection.sendall(answer()[:-10])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())  # without the end that TLS has


def closes(_, connection):
    connection.close()


def no_tls(_, connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def releases(data):
    """Answers when it is released."""
    def behave(server, connection):
        server.request(connection)
        server.released.wait(LIMIT_S)
        connection.sendall(data)
    return behave


class World:
    """The certificates, and servers at addresses that nobody else has."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = certs.Authority(os.path.join(folder, "ca"), "Lab root")
        self.other = certs.Authority(os.path.join(folder, "other"), "Unknown root")
        self._next = 0
        self._good = None

    def without_names(self, label, cn):
        """A certificate of the good root that has a common name and no other."""
        key, request, cert, both = (os.path.join(self.folder, label + x)
                                    for x in (".key", ".csr", ".crt", ".pem"))
        for args in (("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-subj", "/CN=" + cn, "-keyout", key, "-out", request),
                     ("x509", "-req", "-in", request, "-CA", self.ca.pem, "-CAkey",
                      os.path.join(self.ca.folder, "ca.key"), "-CAcreateserial", "-days", "30",
                      "-out", cert)):
            subprocess.run(("openssl",) + args, check=True, stdin=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        with open(both, "wb") as out:
            for path in (key, cert):
                with open(path, "rb") as f:
                    out.write(f.read())
        return both

    def context(self, pem, change=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(pem)
        if change is not None:
            change(context)
        return context

    def good(self):
        """A certificate for all policy hosts that have no faults."""
        if self._good is None:
            self._good = self.ca.issue("good", [f"mta-sts.{d}" for d in GOOD_NAMES])
        return self._good

    def address(self, v6=False):
        self._next += 1
        ip = f"{PUBLIC_V6}{self._next:x}" if v6 else f"{PUBLIC}{self._next}"
        subprocess.run(["ip", "addr", "add", ip + ("/128" if v6 else "/32"), "dev", "lo"] +
                       (["nodad"] if v6 else []), check=True, stdin=subprocess.DEVNULL)
        return ip

    def server(self, behave, pem=None, change=None, tls=True, v6=False):
        context = self.context(pem or self.good(), change) if tls else None
        return Server(self.address(v6), behave, context)


class Fetch:
    """A run_fetch. It was good an hour ago, unless said otherwise."""

    def __init__(self, world, *options, good_at=None, ca=None, env=None):
        good_at = time.time() - 3600 if good_at is None else good_at
        self.process = subprocess.Popen(
            [PROGRAM, "-c", ca or world.ca.pem, "-g", str(int(good_at)), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            bufsize=1, env={**os.environ, **(env or {})})
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def ask(self, domain, *addresses):
        self.process.stdin.write(f"{domain} {','.join(addresses)}\n")

    def result(self):
        """(domain, "KIND TOKEN BYTES") of the next that is done."""
        domain, _, rest = (self._lines.get(timeout=LIMIT_S) or "end").partition(" ")
        return domain, rest

    def get(self, domain, *addresses):
        self.ask(domain, *addresses)
        return self.result()[1]

    def end(self):
        """What is wrong with how it ended."""
        self.process.stdin.close()
        status = self.process.wait(LIMIT_S)
        self.log = self.process.stderr.read()
        return [] if status == 0 else [f"exit {status}", self.log]


GOOD = f"found - {len(POLICY)}"
GOOD_NAMES = ["good.example", "v6.example", "two.example", "dead.example", "slow.example",
              "quick.example", "moves.example", "proxy.example", "answer.example",
              "witness.example", "old.example", *(f"h{i}.example" for i in range(50))]


def hosts(tap, world):
    """What a policy host can be."""
    def issue(label, names, **how):
        return (how.pop("by", None) or world.ca).issue(label, names, **how)

    def only_tls11(context):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    def only_tls12(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    def bad(label, names=None, **how):
        return {"pem": issue(label, names or [f"mta-sts.{label}.example"], **how)}

    long_line = b"X: " + b"x" * 200000
    ok = says(answer())
    rows = (
        ("good", ok, {}, GOOD),
        ("a parameter of the type", says(answer(kind="Text/Plain ; charset=utf-8")), {}, GOOD),
        ("TLS 1.2", ok, {"change": only_tls12}, GOOD),
        ("chunks", says(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: "
                        b"chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(POLICY), POLICY)), {}, GOOD),
        ("IPv6", ok, {"v6": True}, GOOD),
        ("wildcard", ok, bad("w1", ["*.w1.example"]), GOOD),
        ("the largest", says(answer(body=b"#" * LARGEST)), {}, f"found - {LARGEST}"),
        ("404", says(answer("404 Not Found")), {}, "fetch-error http-404 0"),
        ("404 with too much text", says(answer("404 Not Found", body=b"x" * 2 * LARGEST)), {},
         "fetch-error http-404 0"),
        ("500", says(answer("500 Oops")), {}, "fetch-error http-500 0"),
        ("204", says(b"HTTP/1.1 204 No Content\r\n\r\n"), {}, "fetch-error http-204 0"),
        ("302", says(answer("302 Found", more=["Location: https://mta-sts.good.example/"])), {},
         "fetch-error http-302 0"),
        ("301 to itself", says(answer("301 Moved", more=[
            "Location: /.well-known/mta-sts.txt"])), {}, "fetch-error http-301 0"),
        ("401", says(answer("401 Who", more=['WWW-Authenticate: Basic realm="x"'])), {},
         "fetch-error http-401 0"),
        ("another type", says(answer(kind="text/html")), {}, "fetch-error media-type 0"),
        ("no type", says(answer(kind=None)), {}, "fetch-error media-type 0"),
        ("almost the type", says(answer(kind="text/plainer")), {}, "fetch-error media-type 0"),
        ("too large", says(answer(body=b"#" * (LARGEST + 1))), {}, "fetch-error too-large 0"),
        ("endless", says(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" +
                         b"#" * 4 * LARGEST), {}, "fetch-error too-large 0"),
        ("not HTTP", says(b"220 mail.example ESMTP\r\n"), {}, "fetch-error http-malformed 0"),
        ("a header without end", says(b"HTTP/1.1 200 OK\r\n" + long_line), {},
         "fetch-error http-malformed 0"),
        ("nothing", says(b""), {}, "fetch-error connection-closed 0"),
        ("cut off", resets, {}, "fetch-error connection-closed 0"),
        ("closed at once", closes, {"tls": False}, "fetch-error tls-handshake-failure 0"),
        ("plain HTTP", no_tls, {"tls": False}, "fetch-error tls-handshake-failure 0"),
        ("TLS 1.1", ok, {"change": only_tls11}, "fetch-error tls-handshake-failure 0"),
        ("expired", ok, bad("c1", days=(-3, -1)), "webpki-invalid certificate-expired 0"),
        ("not yet valid", ok, bad("c2", days=(1, 3)), "webpki-invalid not-yet-valid 0"),
        ("another name", ok, bad("c3", ["mta-sts.else.example"]),
         "webpki-invalid certificate-host-mismatch 0"),
        ("the name of the domain", ok, bad("c4", ["c4.example"]),
         "webpki-invalid certificate-host-mismatch 0"),
        ("the name as common name", ok, bad("c5", ["else.example"], cn="mta-sts.c5.example"),
         "webpki-invalid certificate-host-mismatch 0"),
        ("and no other name", ok, {"pem": world.without_names("c10", "mta-sts.c10.example")},
         "webpki-invalid certificate-host-mismatch 0"),
        ("a wildcard for too much", ok, bad("c6", ["*.example"]),
         "webpki-invalid certificate-host-mismatch 0"),
        ("a wildcard for a part", ok, bad("c7", ["mta*.c7.example"]),
         "webpki-invalid certificate-host-mismatch 0"),
        ("self-signed", ok, bad("c8", self_signed=True), "webpki-invalid self-signed 0"),
        ("unknown issuer", ok, bad("c9", by=world.other), "webpki-invalid unknown-issuer 0"),
    )
    servers = [world.server(behave, **how) for _, behave, how, _ in rows]
    labels = [os.path.basename(how["pem"])[:-4] if "pem" in how else f"h{i}"
              for i, (_, _, how, _) in enumerate(rows)]
    f = Fetch(world)
    got = {}
    many = [(label, server) for (*_, want), label, server in zip(rows, labels, servers)
            if not want.startswith("webpki")]
    for label, server in many:
        f.ask(f"{label}.example", server.address)
    for _ in many:
        domain, result = f.result()
        got[domain] = result
    # of many certificates that are bad one after the other all would be doubted
    for label, server in zip(labels, servers):
        if f"{label}.example" not in got:
            got[f"{label}.example"] = f.get(f"{label}.example", server.address)
            f.get(f"{labels[0]}.example", servers[0].address)
    for (title, _, _, want), label in zip(rows, labels):
        tap.equal(title, got.get(f"{label}.example"), want)
    first = servers[0]
    head = first.requests[0].split("\r\n")
    tap.equal("the request", head[0], "GET /.well-known/mta-sts.txt HTTP/1.1")
    tap.equal("its fields", sorted(h.split(":")[0] for h in head[1:] if h),
              ["Accept", "Host", "User-Agent"])
    tap.equal("its host, in HTTP and in TLS", ([h for h in head if h.startswith("Host:")],
                                               set(first.names)),
              ([f"Host: mta-sts.{labels[0]}.example"], {f"mta-sts.{labels[0]}.example"}))
    tap.equal("no request for redirects or passwords", sum(len(s.requests) for s in servers[7:14]),
              7)
    tap.check("ends well", *f.end())


def addresses(tap, world):
    ok = says(answer())
    server, second = world.server(ok), world.server(ok)
    private = Server("127.0.0.9", ok, world.context(world.good()))
    f = Fetch(world)
    tap.equal("good", f.get("good.example", server.address), GOOD)
    for ip in ("127.0.0.9", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "fd00::1",
               "::ffff:127.0.0.9", "224.0.0.1", "0.0.0.0", "64:ff9b::7f00:9"):
        tap.equal(f"not public: {ip}", f.get("h1.example", ip),
                  "fetch-error dns-private-address 0")
    tap.equal("nobody was there", len(private.requests), 0)
    tap.equal("one of two is public", f.get("h2.example", "127.0.0.9", server.address), GOOD)
    tap.equal("a second address, no way to the first",
              f.get("two.example", "8.8.8.8", second.address), GOOD)
    dead = world.address()
    tap.equal("refused", f.get("dead.example", dead), "fetch-error connect-refused 0")
    tap.equal("refused, then another", f.get("h3.example", dead, second.address), GOOD)
    tap.equal("no way there", f.get("h4.example", "8.8.8.8"), "unknown no-route 0")
    for token in ("fetch-error dns-nxdomain", "fetch-error dns-timeout", "unknown dns-error"):
        tap.equal(token, f.get("h5.example", "=" + token.split()[1]), token + " 0")
    # the same host at another place: no address and no connection is kept
    before = len(second.requests)
    tap.equal("a host moves: before", f.get("moves.example", server.address), GOOD)
    tap.equal("a host moves: after", f.get("moves.example", second.address), GOOD)
    tap.equal("a host moves: was asked there", len(second.requests) - before, 1)
    tap.equal("a host moves to where nobody is", f.get("moves.example", dead),
              "fetch-error connect-refused 0")
    tap.check("ends well", *f.end())
    f = Fetch(world, "-p")
    tap.equal("private addresses are allowed", f.get("good.example", "127.0.0.9"), GOOD)
    tap.check("ends well", *f.end())


def proxies(tap, world):
    """The environment of the daemon is not what decides."""
    server = world.server(says(answer()))
    proxy = Server(world.address(), says(b""), port=3128)
    url = f"http://{proxy.address}:3128/"
    home = os.path.join(world.folder, "home")
    os.mkdir(home)
    with open(os.path.join(home, ".netrc"), "w", encoding="ascii") as out:
        out.write("default login me password secret\n")
    f = Fetch(world, env={"https_proxy": url, "HTTPS_PROXY": url, "ALL_PROXY": url, "HOME": home,
                          "SSL_CERT_FILE": world.other.pem})
    tap.equal("no proxy", f.get("proxy.example", server.address), GOOD)
    tap.equal("no proxy was asked", len(proxy.requests), 0)
    tap.check("no password", *([r for r in server.requests if "Authorization" in r]))
    tap.check("ends well", *f.end())


def slow(tap, world):
    """A slow host holds up nobody, and itself for no more than its time."""
    kinds = {"h10": hangs(), "h11": hangs(answer()[:30]), "h12": hangs(answer()[:-5]),
             "h13": trickles}
    servers = {label: world.server(behave) for label, behave in kinds.items()}
    mute = socket.socket()
    mute_ip = world.address()
    mute.bind((mute_ip, 443))
    mute.listen(4)
    f = Fetch(world, "-t", SHORT_MS)
    for label, server in servers.items():
        f.ask(f"{label}.example", server.address)
    f.ask("h14.example", mute_ip)
    got = dict(f.result() for _ in range(len(servers) + 1))
    for label in (*servers, "h14"):
        tap.equal(f"in time: {label}", got[f"{label}.example"], "fetch-error timeout 0")
    tap.check("ends well", *f.end())
    for server in servers.values():
        server.released.set()

    late, quick = world.server(releases(answer())), world.server(says(answer()))
    f = Fetch(world)
    names = [f"h{i}.example" for i in range(8)]
    for name in names:
        f.ask(name, late.address)
    f.ask("quick.example", quick.address)
    tap.equal("a quick host behind slow ones", f.result(), ("quick.example", GOOD))
    wait_for(lambda: len(late.requests) >= 2, "the slow host is asked")
    tap.equal("two at once to an address", len(late.requests), 2)
    late.released.set()
    tap.equal("and then the slow ones", sorted(f.result() for _ in names),
              [(name, GOOD) for name in names])
    tap.check("ends well", *f.end())


def ours(tap, world):
    """What may be our own fault is held against nobody."""
    server = world.server(says(answer()))
    strange = world.server(says(answer()), pem=world.other.issue("o", [
        f"mta-sts.h{i}.example" for i in range(20)]))
    dead = world.address()
    f = Fetch(world, good_at=0)
    tap.equal("nobody was reached yet", f.get("dead.example", dead), "unknown connect-refused 0")
    tap.equal("nor did DNS do better", f.get("h2.example", "=dns-timeout"),
              "unknown dns-timeout 0")
    tap.equal("but an answer is an answer", f.get("h2.example", "=dns-nxdomain"),
              "fetch-error dns-nxdomain 0")
    tap.equal("nobody was trusted yet", f.get("h1.example", strange.address),
              "unknown unknown-issuer 0")
    tap.equal("but reached", f.get("dead.example", dead), "fetch-error connect-refused 0")
    tap.equal("another is good", f.get("witness.example", server.address), GOOD)
    for i in range(4):
        tap.equal(f"then it is theirs: {i}", f.get(f"h{i}.example", strange.address),
                  "webpki-invalid unknown-issuer 0")
    tap.equal("so many cannot be wrong", f.get("h9.example", strange.address),
              "unknown unknown-issuer 0")
    tap.equal("another is good again", f.get("witness.example", server.address), GOOD)
    tap.equal("theirs again", f.get("h9.example", strange.address),
              "webpki-invalid unknown-issuer 0")
    tap.check("ends well", *f.end())
    f = Fetch(world, good_at=time.time() - 2 * 86400)
    tap.equal("too long ago", f.get("dead.example", dead), "unknown connect-refused 0")
    tap.check("ends well", *f.end())

    f = Fetch(world)
    tap.equal("descriptors: enough", f.get("good.example", server.address), GOOD)
    pid = f.process.pid
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, limit[1]))
    tap.equal("descriptors: none left", f.get("good.example", server.address),
              "unknown no-socket 0")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
    tap.equal("descriptors: enough again", f.get("good.example", server.address), GOOD)
    tap.check("ends well", *f.end())

    roots = os.path.join(world.folder, "roots.pem")
    f = Fetch(world, ca=roots)
    tap.equal("no roots", f.get("good.example", server.address), "unknown no-root-certificates 0")
    open(roots, "w", encoding="ascii").close()
    tap.equal("no root in the file", f.get("good.example", server.address),
              "unknown no-root-certificates 0")
    shutil.copy(world.ca.pem, roots + ".new")
    os.rename(roots + ".new", roots)
    tap.equal("roots come", f.get("good.example", server.address), GOOD)
    os.remove(roots)
    tap.equal("roots go: those that were read stay", f.get("good.example", server.address), GOOD)
    shutil.copy(world.other.pem, roots)
    tap.equal("other roots", f.get("good.example", server.address),
              "webpki-invalid unknown-issuer 0")
    tap.check("ends well", *f.end())
    tap.equal("the log tells of each change once", f.log.count("root certificates file="), 4)


def inside():
    namespace.settle("lab")
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="telltls-fetch-") as folder:
        world = World(folder)
        for part in (hosts, addresses, proxies, slow, ours):
            part(tap, world)
    return tap.end()


def main():
    if "--inside" in sys.argv[1:]:
        return inside()
    why = namespace.why_not() or (None if shutil.which("ip") else "not installed: ip")
    if why is not None and "TELLTLS_MUST_RUN" in os.environ:
        print(f"1..1\nnot ok 1 - {why}")
        return 1
    if why is not None:
        print(f"1..0 # SKIP {why}")
        return 0
    return subprocess.run(namespace.command(os.path.abspath(__file__), "--inside"),
                          stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
