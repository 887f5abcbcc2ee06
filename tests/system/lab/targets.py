# SPDX-License-Identifier: BSD-2-Clause
"""What takes reports by HTTPS: a good nginx, and servers that behave badly."""
import http.server
import os
import sys
import threading
from typing import NamedTuple

from . import certs, web, world

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "send"))
import https_site  # noqa: E402
from https_site import answer, says  # noqa: E402

ZONE = world.ZONE
GOOD = f"reports.{ZONE}"  # nginx
_GOOD_ADDRESS, _LOOPBACK = "9.9.9.10", "127.0.0.1"
_PRIVATE = "dns-private-address"
_KEEPER = 8080
RETRY_AFTER_S = 7200
_NGINX = f"""\
        location /tls/ {{
            proxy_pass http://127.0.0.1:{_KEEPER};
        }}
"""


class Bad(NamedTuple):
    """A server. state, said: of its report in the outbox after the first try, and
    the answer; end: the state after the second, when the server is good.
    requests: how many it gets to see, with bodies."""

    name: str
    behave: object
    state: str
    said: str
    end: str
    requests: int
    cert: str = "good"
    address: str = ""  # by default one of its own

    @property
    def host(self):
        return f"{self.name}.{ZONE}"

    @property
    def url(self):
        return f"https://{self.host}/tls/{self.name}"


def _of(status, *more):
    return says(answer(status, more=more))


BAD = (
    Bad("slow", https_site.hangs(), "waiting", "timeout", "sent", 2),
    Bad("moved", _of("302 Found", f"Location: https://{GOOD}/tls/moved"), "waiting", "http 302",
        "sent", 2),
    Bad("none", _of("404 Not Found"), "given-up", "http 404", "given-up", 1),
    Bad("busy", _of("429 Slow Down", f"Retry-After: {RETRY_AFTER_S}"), "waiting", "http 429",
        "sent", 2),
    Bad("oops", _of("500 Oops"), "waiting", "http 500", "sent", 2),
    Bad("closes", https_site.closes, "waiting", "connection-closed", "sent", 1),
    Bad("untrusted", _of("200 OK"), "waiting", "unknown-issuer", "waiting", 0, cert="untrusted"),
    Bad("huge", https_site.endless, "sent", "http 200", "sent", 1),
    # These names lead to the loopback: for ever, at first, and later.
    Bad("inside", _of("200 OK"), "waiting", _PRIVATE, "waiting", 0, address=_LOOPBACK),
    Bad("before", _of("200 OK"), "waiting", _PRIVATE, "sent", 1),
    Bad("after", _of("500 Oops"), "waiting", "http 500", "waiting", 1),
)
BY_NAME = {bad.name: bad for bad in BAD}


def _own_address(bad):
    return bad.address or f"9.9.9.{20 + BAD.index(bad)}"


def zone(is_first):
    """Lines of it, at the first try or later."""
    lines = [f"{GOOD}. 60 IN A {_GOOD_ADDRESS}"]
    for bad in BAD:
        is_inside = bad.name == ("before" if is_first else "after")
        address = _LOOPBACK if is_inside else _own_address(bad)
        lines.append(f"{bad.host}. 60 IN A {address}")
    return "\n".join(lines) + "\n"


def make_certificates(folder):
    """For Targets."""
    known = certs.Authority(os.path.join(folder, "targets"), "Targets Root CA")
    known.issue("good", [GOOD, *(bad.host for bad in BAD)])
    unknown = certs.Authority(os.path.join(folder, "other"), "Other Root CA")
    unknown.issue("untrusted", [bad.host for bad in BAD])


def roots(folder):
    return os.path.join(folder, "targets", "ca.pem")


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, self.headers["Content-Type"], body))
        self.send_response(201)
        self.end_headers()


class Targets:
    """All of them, from now on. web: as it was unpacked. posts: what came to
    nginx."""

    def __init__(self, folder, tree, pki):
        pems = {"good": os.path.join(pki, "targets", "good.pem"),
                "untrusted": os.path.join(pki, "other", "untrusted.pem")}
        self._keeper = http.server.ThreadingHTTPServer(("127.0.0.1", _KEEPER), _Handler)
        self._keeper.posts = self.posts = []
        threading.Thread(target=self._keeper.serve_forever, daemon=True).start()
        web.Web(folder, tree).serve([web.Host(GOOD, _GOOD_ADDRESS, pems["good"], "", more=_NGINX)])
        self.servers = {bad.name: https_site.Server(_own_address(bad), bad.behave,
                                                    https_site.context(pems[bad.cert]))
                        for bad in BAD}

    def mend(self):
        """They all say 200."""
        for server in self.servers.values():
            server.behave = says(answer())

    def requests(self):
        """(URL, type, body) of all that came, whatever was said to it."""
        return [(f"https://{GOOD}{path}", *rest) for path, *rest in self.posts] + [
            (bad.url, request.fields["Content-Type"], request.body)
            for bad in BAD for request in self.servers[bad.name].requests]
