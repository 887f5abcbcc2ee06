# SPDX-License-Identifier: BSD-2-Clause
"""Policy hosts of MTA-STS (RFC 8461) on Debian's nginx, good and bad, each at an
address of its own, which looks like one of the Internet."""
import os
import subprocess
from typing import NamedTuple

from . import packages, root

PATH = "/.well-known/mta-sts.txt"
_CONF = """\
daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error.log info;
worker_processes 1;
events {{ }}
http {{
    log_format lab '$server_name,$status,$request_method,$request_uri,$ssl_server_name';
    access_log {folder}/access.log lab;
    server_names_hash_bucket_size 128;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}}}
"""
_SERVER = """\
    server {{
        listen {address}:443{ssl};
        server_name {name};
        ssl_certificate {pem};
        ssl_certificate_key {pem};
        root {folder}/{name};
        default_type "{kind}";
{more}    }}
"""


class Host(NamedTuple):
    """name: of the policy host. more: lines of nginx.conf."""

    name: str
    address: str
    pem: str
    text: str
    kind: str = "text/plain"  # "": it does not tell
    more: str = ""
    has_tls: bool = True


class Web:
    """nginx as it was unpacked, in a folder that must not be there yet."""

    def __init__(self, folder, tree):
        self._folder, self._tree = folder, tree
        self._process = None
        os.mkdir(folder)
        subprocess.run(["ip", "route", "add", "local", "9.9.9.0/24", "dev", "lo"], check=True)

    def serve(self, hosts):
        """These, and no others any more."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        for host in hosts:
            path = os.path.join(self._folder, host.name) + PATH
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii", newline="") as f:
                f.write(host.text)
        conf = os.path.join(self._folder, "nginx.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(_CONF.format(folder=self._folder, servers="".join(
                _SERVER.format(folder=self._folder, ssl=" ssl" if host.has_tls else "",
                               **host._asdict()) for host in hosts)))
        with open(os.path.join(self._folder, "output"), "ab") as out:
            self._process = subprocess.Popen(
                [os.path.join(self._tree, "usr/sbin/nginx"), "-p", self._folder, "-c", conf,
                 "-e", os.path.join(self._folder, "error.log")],
                env=packages.environment(self._tree), stdin=subprocess.DEVNULL, stdout=out,
                stderr=out)
        root.wait(self._listens, "nginx: does not start")

    def _listens(self):
        if self._process.poll() is not None:
            with open(os.path.join(self._folder, "output"), encoding="utf-8",
                      errors="replace") as f:
                raise RuntimeError("nginx: " + f.read().strip())
        return os.path.exists(os.path.join(self._folder, "pid"))

    def requests(self):
        """Of each: host, status, method, path, SNI."""
        with open(os.path.join(self._folder, "access.log"), encoding="ascii") as f:
            return [line.rstrip("\n").split(",") for line in f]
