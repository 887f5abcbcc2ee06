# SPDX-License-Identifier: BSD-2-Clause
"""Certificates, good and bad, made by openssl(1) when the test runs."""
import base64
import hashlib
import os
import ssl
import subprocess
import time

DAY_S = 86400
_CONFIG = """\
[ca]
default_ca = lab
[lab]
dir = {dir}
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
unique_subject = no
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
preserve = yes
string_mask = utf8only
[any]
commonName = optional
organizationName = optional
[req]
distinguished_name = dn
prompt = no
string_mask = utf8only
utf8 = yes
[dn]
{subject}
[leaf]
basicConstraints = CA:FALSE
subjectAltName = @names
[names]
{names}
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*args):
    p = subprocess.run(("openssl",) + args, stdin=subprocess.DEVNULL, capture_output=True,
                       text=True)
    if p.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {p.stderr.strip()}")


def _quote(text):
    """As a value of openssl's configuration."""
    quoted = "".join("\\" + c if c in "\\\"'#$" else c for c in text)
    return quoted.replace("\n", "\\n")


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = folder
        self.pem = os.path.join(folder, "ca.pem")
        self._key = os.path.join(folder, "ca.key")
        os.makedirs(folder)
        open(os.path.join(folder, "index.txt"), "w").close()
        config = self._config("ca", f"O = Lab\nCN = {name}", ["none.invalid"])
        _openssl("req", "-x509", *_KEY, "-days", "30", "-config", config, "-extensions", "root",
                 "-keyout", self._key, "-out", self.pem)

    def _config(self, label, subject, names):
        path = os.path.join(self.folder, label + ".cnf")
        lines = "\n".join(f"DNS.{i} = {_quote(n)}" for i, n in enumerate(names))
        with open(path, "w", encoding="utf-8") as f:
            f.write(_CONFIG.format(dir=self.folder, subject=subject, names=lines))
        return path

    def issue(self, label, names, cn=None, days=None, self_signed=False):
        """A file with key and chain for these names, valid for 30 days, or from
        today + days[0] until today + days[1]."""
        config = self._config(label, "CN = " + _quote(cn or names[0]), names)
        key, request, cert, both = (os.path.join(self.folder, label + x)
                                    for x in (".key", ".csr", ".crt", ".pem"))
        if days is None:
            by = () if self_signed else ("-CA", self.pem, "-CAkey", self._key)
            _openssl("req", "-x509", *_KEY, "-days", "30", "-config", config, "-extensions",
                     "leaf", "-keyout", key, "-out", cert, *by)
        else:  # which is slower
            start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + d * DAY_S))
                          for d in days)
            _openssl("req", "-new", *_KEY, "-config", config, "-keyout", key, "-out", request)
            _openssl("ca", "-batch", "-config", config, "-extensions", "leaf", "-in", request,
                     "-out", cert, "-startdate", start, "-enddate", end, "-notext")
        with open(both, "w", encoding="ascii") as out:
            for path in (key, cert) if self_signed else (key, cert, self.pem):
                with open(path, encoding="ascii") as f:
                    out.write(f.read())
        return both


def chain(pem):
    """The certificates in a file, the host's own first."""
    with open(pem, encoding="ascii") as f:
        return ["-----BEGIN CERT" + part for part in f.read().split("-----BEGIN CERT")[1:]]


def digest(certificate):
    """SHA-256, as in a TLSA record."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def digest_of_key(certificate):
    p = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=certificate, text=True,
                       capture_output=True, check=True)
    key = base64.b64decode("".join(p.stdout.splitlines()[1:-1]))
    return hashlib.sha256(key).hexdigest()
