#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how reports are uploaded (send/uploads.h) to HTTPS servers of all kinds
of good and bad ways, and to Debian's nginx with HTTP/2.

All of it is in a network of its own, whose loopback has public addresses. Needs
root, iproute2, openssl and apt-get; without them it is skipped, and with
TELLTLS_MUST_RUN in the environment it fails.
"""
import gzip
import os
import queue
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from email.utils import formatdate

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from https_site import (Server, answer, closes, context, endless, endless_fields, hangs,  # noqa: E402
                        resets, says, says_once, speaks, too_early)
from smtp_site import LIMIT_S, World, run  # noqa: E402
from milter_site import BIN, Tap  # noqa: E402
from lab import packages  # noqa: E402
import fake_dns  # noqa: E402

PROGRAM = os.path.join(BIN, "tests", "send", "run_upload")
NGINX = ("nginx",)
A = 1  # a type of records
REPORT = gzip.compress(b'{"organization-name":"Example"}' * 40)
NAMES = ["*.up.example"]


class Site:
    """The certificates, servers, names and reports."""

    def __init__(self, folder):
        self.folder, self.world = folder, World(folder)
        self.good = self.world.ca.issue("good", NAMES)
        self.tls = context(self.good)
        self.zone = []
        self.report = self.file("report.gz", REPORT)

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def server(self, host, behave, tls=True, pem=None, port=443):
        s = Server(self.world.address(), behave,
                   context(pem) if pem else self.tls if tls else None, port)
        self.name(host, s.address)
        return s

    def name(self, host, address):
        self.zone.append(f"{host}. {'AAAA' if ':' in address else 'A'} {address}")

    def conf(self, https=(), ca=None, dns=None):
        zone = self.file("zone", "".join(r + "\n" for r in self.zone).encode())
        dns = dns or f"local-data: {zone}"
        lines = [f"ca-file: {ca or self.world.ca.pem}", *https]
        return self.file("telltls.yaml", "".join(
            [f"dns:\n  {dns}\n  timeout: 1s\nhttps:\n"] +
            [f"  {line}\n" for line in lines]).encode())


class Upload:
    """A run_upload."""

    def __init__(self, site, *https, env=None, **how):
        self.site = site
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [PROGRAM, site.conf(https, **how)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, **(env or {})})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("end")

    def send(self, label, url, path=None):
        self.process.stdin.write(f"{label} {url} {path or self.site.report}\n")

    def wait(self):
        self.process.stdin.write("- - -\n")

    def result(self):
        """(label, "END RETRY-AFTER ANSWER") of the next that ends."""
        label, _, rest = self._lines.get(timeout=LIMIT_S).partition(" ")
        return label, rest

    def end(self):
        """The results that were not taken, and what was logged."""
        self.process.stdin.close()
        status = self.process.wait(LIMIT_S)
        log = self.process.stderr.read()
        if status != 0:
            raise AssertionError(f"exit {status}: {log}")
        got = {}
        while (pair := self.result()) != ("end", ""):
            got[pair[0]] = pair[1]
        return got, log


def upload(site, urls, *https, **how):
    """All at once: ({url: result}, log)."""
    u = Upload(site, *https, **how)
    for i, url in enumerate(urls):
        u.send(str(i), url)
    got, log = u.end()
    return {url: got.get(str(i)) for i, url in enumerate(urls)}, log


def answers(tap, site):
    """What a server can say."""
    target = site.server("target.up.example", says(answer()))
    moved = ("Location: https://target.up.example/",)
    soon = formatdate(time.time() + 1800, usegmt=True)
    past = formatdate(time.time() - 1800, usegmt=True)
    rows = (
        ("200", says(answer()), "accepted 0 http 200"),
        ("201", says(answer("201 Created")), "accepted 0 http 201"),
        ("204", says(b"HTTP/1.1 204 No Content\r\n\r\n"), "accepted 0 http 204"),
        ("1xx first", says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer()), "accepted 0 http 200"),
        ("closes without a word", says_once(answer()), "accepted 0 http 200"),
        ("200, and 1 GB", endless, "accepted 0 http 200"),
        ("200, and an endless header",
         says(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 400000), "accepted 0 http 200"),
        ("200, and 1 GB of header", endless_fields, "accepted 0 http 200"),
        ("200, cut off", says_once(answer()[:-3]), "accepted 0 http 200"),
        ("301", says(answer("301 Moved", more=moved)), "refused 0 http 301"),
        ("302", says(answer("302 Found", more=moved)), "retry 0 http 302"),
        ("307", says(answer("307 Temporary", more=moved)), "retry 0 http 307"),
        ("308", says(answer("308 Permanent", more=moved)), "refused 0 http 308"),
        ("400", says(answer("400 Bad Request")), "refused 0 http 400"),
        ("401", says(answer("401 Who", more=['WWW-Authenticate: Basic realm="x"'])),
         "refused 0 http 401"),
        ("404", says(answer("404 Not Found")), "refused 0 http 404"),
        ("413", says(answer("413 Too Large")), "refused 0 http 413"),
        ("408", says(answer("408 Timeout")), "retry 0 http 408"),
        ("425", says(answer("425 Too Early")), "retry 0 http 425"),
        ("429", says(answer("429 Slow Down", more=["Retry-After: 120"])), "retry 120 http 429"),
        ("429, for a year", says(answer("429 Slow Down", more=["Retry-After: 31536000"])),
         "retry 86400 http 429"),
        ("429, more than a number", says(answer("429 Slow Down", more=["Retry-After: 9" * 40])),
         None),
        ("429, nonsense", says(answer("429 Slow Down", more=["Retry-After: -5"])),
         "retry 0 http 429"),
        ("503, until a time", says(answer("503 Busy", more=["Retry-After: " + soon])), None),
        ("503, until a time that was", says(answer("503 Busy", more=["Retry-After: " + past])),
         "retry 0 http 503"),
        ("500", says(answer("500 Oops", body=b"<html>\x1b[31m")), "retry 0 http 500"),
        ("404, and Retry-After", says(answer("404 Not Found", more=["Retry-After: 9"])),
         "refused 0 http 404"),
        ("not HTTP", says(b"220 mail.up.example ESMTP\r\n"), "retry 0 http-malformed"),
        ("nothing", says_once(b""), "retry 0 connection-closed"),
        ("closed at once", closes, "retry 0 connection-closed"),
        ("reset", resets, "retry 0 connection-closed"),
        ("only 103", says_once(b"HTTP/1.1 103 Early Hints\r\n\r\n"), None),
    )
    servers = [site.server(f"a{i}.up.example", behave) for i, (_, behave, _) in enumerate(rows)]
    urls = [f"https://a{i}.up.example/report" for i in range(len(rows))]
    got, log = upload(site, urls)
    for (title, _, want), url in zip(rows, urls):
        if want is not None:
            tap.equal(title, got[url], want)
    late = [got[url].split() for (title, *_), url in zip(rows, urls)
            if title == "503, until a time"]
    tap.check("503, until a time", *[g for g in late if g[0] != "retry" or
                                     not 1700 <= int(g[1]) <= 1800])
    for (title, *_), url in zip(rows, urls):
        if title in ("429, more than a number", "only 103"):
            tap.equal(title, got[url].split()[0], "retry")
    tap.equal("nothing was sent where a redirect points", len(target.requests), 0)
    tap.check("of 1 GB hardly any was read", *[s.sent for (title, *_), s in zip(rows, servers)
                                               if "1 GB" in title and s.sent > 8 << 20])
    tap.equal("no log", log, "")


def request(tap, site):
    """What is sent."""
    server = site.server("req.up.example", says(answer()))
    other = site.server("port.up.example", says(answer()), port=8443)
    big = os.urandom(3 << 20)
    path = site.file("big.gz", big)
    u = Upload(site, env={"HOME": site.folder, "https_proxy": f"http://{other.address}:8443/",
                          "ALL_PROXY": f"http://{other.address}:8443/",
                          "SSL_CERT_FILE": site.world.other.pem})
    site.file(".netrc", b"default login me password secret\n")
    for label, url, body in (
            ("a", "HTTPS://REQ.Up.Example./a/../b/%7e?x=1&y=%26#frag", None),
            ("b", "https://req.up.example", None), ("c", "https://req.up.example:443?q", path),
            ("d", "https://port.up.example:8443/", None),
            ("e", f"https://{server.address}/ip", None),
            ("user", "https://me:secret@req.up.example/", None),
            ("http", "http://req.up.example/", None),
            ("mail", "mailto:a@req.up.example", None), ("file", "file:///etc/passwd", None)):
        u.send(label, url, body)
        u.wait()
    got, _ = u.end()
    tap.equal("accepted", [got[k] for k in "abcd"], ["accepted 0 http 200"] * 4)
    tap.equal("an address, for which there is no certificate", got["e"], "accepted 0 http 200")
    for label in ("user", "http", "mail", "file"):
        tap.equal(f"refused: {label}", got[label], "refused 0 bad-uri")
    tap.equal("lines", [r.line for r in server.requests],
              ["POST /a/../b/%7e?x=1&y=%26 HTTP/1.1", "POST / HTTP/1.1", "POST /?q HTTP/1.1",
               "POST /ip HTTP/1.1"])
    tap.equal("bodies", [r.body == want for r, want in zip(server.requests,
                                                           (REPORT, REPORT, big, REPORT))],
              [True] * 4)
    fields = server.requests[0].fields
    tap.equal("fields", sorted(fields), ["Accept", "Content-Length", "Content-Type", "Host",
                                         "User-Agent"])
    tap.equal("values", (fields["Content-Type"], fields["Host"], fields["Content-Length"]),
              ("application/tlsrpt+gzip", "req.up.example", str(len(REPORT))))
    tap.check("user agent", *([] if re.fullmatch(r"telltls/[0-9.]+", fields["User-Agent"])
                              else [fields["User-Agent"]]))
    tap.equal("host with its port", other.requests[0].fields["Host"], "port.up.example:8443")
    tap.equal("one connection for all", server.connections, 3)  # and one each for the address


def certificates(tap, site):
    issue, other = site.world.ca.issue, site.world.other.issue
    rows = (
        ("expired", issue("x1", ["c0.up.example"], days=(-3, -1)), "certificate-expired"),
        ("another name", issue("x2", ["else.up.example"]), "certificate-host-mismatch"),
        ("self-signed", issue("x3", ["c2.up.example"], self_signed=True), "self-signed"),
        ("unknown issuer", other("x4", ["c3.up.example"]), "unknown-issuer"),
    )
    servers = [site.server(f"c{i}.up.example", says(answer()), pem=pem)
               for i, (_, pem, _) in enumerate(rows)]
    urls = [f"https://c{i}.up.example/" for i in range(len(rows))]
    got, log = upload(site, urls + urls)
    lines = sorted(log.splitlines())
    for (title, _, token), url, server, i in zip(rows, urls, servers, range(len(rows))):
        tap.equal(f"{title}: sent all the same", (got[url], len(server.requests)),
                  ("accepted 0 http 200", 2))
        tap.equal(f"{title}: said once", [x for x in lines if f"host=c{i}.up.example" in x],
                  [f"run: warning: send to a host without a good certificate host=c{i}.up.example "
                   f"port=443 reason={token}"])
    got, log = upload(site, urls, "verify: require")
    for (title, _, token), url, server in zip(rows, urls, servers):
        tap.equal(f"{title}: not when it is required", (got[url], len(server.requests)),
                  (f"retry 0 {token}", 2))
    tap.equal("no log", log, "")
    good = site.server("good.up.example", says(answer()))
    got, _ = upload(site, ["https://good.up.example/"], "verify: require")
    tap.equal("a good one", got["https://good.up.example/"], "accepted 0 http 200")
    plain = site.server("plain.up.example", speaks, tls=False)
    got, _ = upload(site, ["https://plain.up.example/"])
    tap.equal("no TLS", (got["https://plain.up.example/"], len(plain.requests)),
              ("retry 0 tls-handshake-failure", 0))
    u = Upload(site, ca=os.path.join(site.folder, "none.pem"))
    got, _ = u.end()
    tap.equal("no such file", got, {"https.ca-file:": os.path.join(site.folder, "none.pem") +
                                    ": No such file or directory"})
    tap.equal("good", len(good.requests), 1)


def addresses(tap, site):
    ok = says(answer())
    private = Server("127.0.0.9", ok, site.tls)
    server = site.server("public.up.example", ok)
    for name, address in (("p1.up.example", "127.0.0.9"), ("p2.up.example", "10.0.0.1"),
                          ("p3.up.example", "169.254.169.254"), ("p4.up.example", "::1"),
                          ("p5.up.example", "fe80::1"), ("p6.up.example", "0.0.0.0"),
                          ("p7.up.example", "64:ff9b::7f00:9"), ("both.up.example", "127.0.0.9"),
                          ("both.up.example", server.address), ("far.up.example", "8.8.8.8"),
                          ("dead.up.example", site.world.address())):
        site.name(name, address)
    bad = [f"https://p{i}.up.example/" for i in range(1, 8)] + \
        ["https://127.0.0.9/", "https://[::1]/", "https://[::ffff:127.0.0.9]/",
         "https://localhost/", "https://127.0.0.1.up.example/"]
    got, _ = upload(site, bad + ["https://both.up.example/", "https://far.up.example/",
                                 "https://dead.up.example/", "https://none.up.example/"])
    for url in bad[:10]:
        tap.equal(f"not public: {url}", got[url], "retry 0 dns-private-address")
    for url in bad[10:]:
        tap.equal(f"not here: {url}", got[url].split(" ")[0], "retry")
    tap.equal("nobody came", private.connections, 0)
    tap.equal("one of two is public", (got["https://both.up.example/"], len(server.requests)),
              ("accepted 0 http 200", 1))
    tap.equal("no way there", got["https://far.up.example/"], "retry 0 no-route")
    tap.equal("refused", got["https://dead.up.example/"], "retry 0 connect-refused")
    tap.equal("no such host", got["https://none.up.example/"], "retry 0 dns-nxdomain")
    got, _ = upload(site, ["https://p1.up.example/", "https://127.0.0.9/"], "allow-private: true")
    tap.equal("private addresses are allowed", list(got.values()), ["accepted 0 http 200"] * 2)


def rebinding(tap, site):
    """A name that leads to us when it is asked for once more."""
    server = site.server("turns.up.example", says(answer()))
    private = Server("127.0.0.10", says(answer()), site.tls)

    def turns(*addresses):
        left = list(addresses)

        def reply(q):
            if q.type != A:
                return q.reply()
            ip = socket.inet_aton(left.pop(0) if len(left) > 1 else left[0])
            return q.reply(answers=[b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 0, 4) + ip])
        return reply

    dns = fake_dns.FakeDns()
    dns.answers["turns.up.example"] = turns(server.address, private.address)
    dns.answers["back.up.example"] = turns(private.address, server.address)
    dns.answers["mute.up.example"] = fake_dns.silent
    dns.answers["broken.up.example"] = fake_dns.rcode(fake_dns.SERVFAIL)
    u = Upload(site, dns=f'servers: ["127.0.0.1@{dns.port}"]')
    got = []
    for i in range(2):
        for name in ("turns", "back"):
            u.send(f"{name}{i}", f"https://{name}.up.example/")
        u.wait()
    u.send("mute", "https://mute.up.example/")
    u.send("broken", "https://broken.up.example/")
    got, _ = u.end()
    dns.stop()
    tap.equal("public, then not", (got["turns0"], got["turns1"]),
              ("accepted 0 http 200", "retry 0 dns-private-address"))
    tap.equal("not, then public", (got["back0"], got["back1"]),
              ("retry 0 dns-private-address", "accepted 0 http 200"))
    tap.equal("nobody came", private.connections, 0)
    tap.equal("no answer", got["mute"], "retry 0 dns-timeout")
    tap.equal("a broken one", got["broken"], "retry 0 dns-servfail")


def slow(tap, site):
    """A slow host holds up nobody, and itself for no more than its time."""
    ok = says(answer())
    quick = [site.server(f"q{i}.up.example", ok) for i in range(39)]
    late = site.server("late.up.example", hangs())
    u = Upload(site)
    for i in range(8):
        u.send(f"late{i}", "https://late.up.example/")
    for i in range(len(quick)):
        u.send(f"q{i}", f"https://q{i}.up.example/")
    u.wait()
    got = [u.result() for _ in quick]
    tap.equal("39 quick hosts behind a slow one", sorted(got),
              sorted((f"q{i}", "accepted 0 http 200") for i in range(len(quick))))
    tap.equal("few connections to the slow one", late.connections, 4)
    u.process.kill()
    u.process.wait()
    late.released.set()
    body = site.server("body.up.example", hangs(answer()[:-3]))
    head = site.server("head.up.example", hangs(b"HTTP/1.1 200 OK\r\n"))
    mute = site.server("mute.up.example", lambda s, c: s.released.wait(LIMIT_S), tls=False)
    none = site.server("hang.up.example", hangs())
    got, _ = upload(site, ["https://body.up.example/", "https://head.up.example/",
                           "https://mute.up.example/", "https://hang.up.example/"],
                    "timeout: 1s")
    tap.equal("the status is enough", got["https://body.up.example/"], "accepted 0 http 200")
    for host in ("mute", "hang"):
        tap.equal(f"in time: {host}", got[f"https://{host}.up.example/"], "retry 0 timeout")
    tap.equal("a status that is followed by nothing", got["https://head.up.example/"],
              "accepted 0 http 200")
    early = site.server("early.up.example", too_early)
    u = Upload(site, "timeout: 1s")
    u.send("early", "https://early.up.example/", site.file("big.gz", os.urandom(8 << 20)))
    got, _ = u.end()
    tap.equal("a status before the report was read", got["early"],
              "retry 0 http 200 before its end")
    for server in (body, head, mute, none, early):
        server.released.set()


def many(tap, site):
    """A host that many reports go to, and one that is dead."""
    server = site.server("many.up.example", says(answer()))
    site.name("gone.up.example", site.world.address())
    u = Upload(site)
    for i in range(400):
        u.send(f"m{i}", "https://many.up.example/")
        u.send(f"g{i}", "https://gone.up.example/")
    got, _ = u.end()
    tap.equal("400 reports to one host", {got.get(f"m{i}") for i in range(400)},
              {"accepted 0 http 200"})
    tap.equal("400 reports to one that is not there", {got.get(f"g{i}") for i in range(400)},
              {"retry 0 connect-refused"})
    tap.equal("all arrived", len(server.requests), 400)
    busy = site.server("busy.up.example", says(answer("429 Slow", more=["Retry-After: 90"])))
    got, _ = upload(site, [f"https://busy.up.example/{i}" for i in range(50)])
    tap.equal("one that is busy", set(got.values()), {"retry 90 http 429", "put-off 0 http 429"})
    tap.equal("how long, is only of what was tried",
              sum(result.startswith("retry") for result in got.values()), len(busy.requests))
    tap.check("is left alone", *([busy.requests] if len(busy.requests) > 4 else []))
    tap.check("by 4 connections", *([server.connections] if server.connections > 4 else []))


NGINX_CONF = """\
daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ }}
http {{
    log_format lab '$server_protocol $connection $request_length $status $http_content_type';
    access_log {folder}/access.log lab;
    client_body_temp_path {folder}/client;
    client_body_in_file_only on;
    client_max_body_size 20m;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:443 ssl{http2};
        ssl_certificate {pem};
        ssl_certificate_key {pem};
        location / {{ proxy_pass http://127.0.0.1:8080; }}
        location /redirect {{ return 302 https://target.up.example/; }}
    }}
    server {{
        listen 127.0.0.1:8080;
        access_log off;
        location / {{ return 201; }}
    }}
}}
"""


def nginx(tap, site, tree):
    for name, http2 in (("HTTP/2.0", " http2"), ("HTTP/1.1", "")):
        folder = os.path.join(site.folder, "nginx" + http2.strip())
        address = site.world.address()
        host = f"nginx{http2.strip()}.up.example"
        os.mkdir(folder)
        site.name(host, address)
        conf = site.file("nginx.conf", NGINX_CONF.format(
            folder=folder, address=address, http2=http2, pem=site.good).encode())
        libraries = os.path.join(tree, "usr/lib/x86_64-linux-gnu")
        process = subprocess.Popen(
            [os.path.join(tree, "usr/sbin/nginx"), "-p", folder, "-c", conf, "-e",
             os.path.join(folder, "error.log")], stdin=subprocess.DEVNULL,
            env={**os.environ, "LD_LIBRARY_PATH": libraries})
        end = time.monotonic() + LIMIT_S
        while not os.path.exists(os.path.join(folder, "pid")):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError("nginx does not start")
            time.sleep(0.02)
        big = site.file("big.gz", os.urandom(2 << 20))
        u = Upload(site)
        for i in range(20):
            u.send(f"n{i}", f"https://{host}/{i}")
        u.send("n20", f"https://{host}/big", big)
        u.send("302", f"https://{host}/redirect")
        got, log = u.end()
        process.terminate()
        process.wait()
        tap.equal(f"{name}: results", {got.get(f"n{i}") for i in range(21)},
                  {"accepted 0 http 201"})
        tap.equal(f"{name}: redirect", got.get("302"), "retry 0 http 302")
        tap.equal(f"{name}: no log", log, "")
        with open(os.path.join(folder, "access.log"), encoding="ascii") as f:
            rows = [line.split() for line in f]
        tap.equal(f"{name}: requests", len(rows), 22)
        tap.equal(f"{name}: version and type", {(r[0], r[4]) for r in rows},
                  {(name, "application/tlsrpt+gzip")})
        connections = len({r[1] for r in rows})
        tap.check(f"{name}: connections", *([connections] if connections > 4 or
                                            (http2 and connections != 1) else []))
        bodies = []
        for path in os.listdir(os.path.join(folder, "client")):
            with open(os.path.join(folder, "client", path), "rb") as f:
                bodies.append(f.read())
        tap.equal(f"{name}: bodies", (bodies.count(REPORT) >= 20, len(max(bodies, key=len))),
                  (True, 2 << 20))


def main():
    tree = os.environ.get("NGINX_TREE")
    if "--inside" not in sys.argv[1:] and os.geteuid() == 0:
        try:
            os.environ["NGINX_TREE"] = packages.tree(NGINX)
        except packages.Unavailable as why:
            if "TELLTLS_MUST_RUN" in os.environ:
                print(f"1..1\nnot ok 1 - no nginx: {why}")
                return 1
    status = run(__file__)
    if status is not None:
        return status
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(folder)
        for part in (answers, request, certificates, addresses, rebinding, slow, many):
            part(tap, site)
        if tree:
            nginx(tap, site, tree)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
