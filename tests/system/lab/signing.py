# SPDX-License-Identifier: BSD-2-Clause
"""Keys to sign our mails with, and a stranger that verifies the signatures by
what stands in the DNS."""
import base64
import json
import os
import re
import subprocess
import sys

_PYTHON = "/usr/bin/python3"  # whose packages are those of the system
_NAMES = ("rsa", "ed25519")
_OPTIONS = {"rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "ed25519": ("ED25519",)}
_RAW = 32  # octets at the end of an Ed25519 key's DER are the key


def make_keys(folder, gid):
    """For what follows; that group may read them."""
    os.mkdir(folder)
    for name in _NAMES:
        path = os.path.join(folder, name)
        for args in (("genpkey", "-algorithm", *_OPTIONS[name], "-out", path),
                     ("pkey", "-in", path, "-pubout", "-outform", "DER", "-out", path + ".pub")):
            subprocess.run(("openssl", *args), check=True, stdin=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        os.chown(path, 0, gid)
        os.chmod(path, 0o640)


def configuration(folder):
    return "dkim:\n  keys:\n" + "".join(
        f"    - selector: {name}\n      file: {folder}/{name}\n" for name in _NAMES)


def records(folder, domain):
    """Names and texts of TXT records."""
    for name in _NAMES:
        with open(os.path.join(folder, name + ".pub"), "rb") as f:
            key = f.read()
        key = base64.b64encode(key if name == "rsa" else key[-_RAW:]).decode()
        yield f"{name}._domainkey.{domain}", f"v=DKIM1; k={name}; p={key}"


def verify(dns, domain, paths):
    """What is wrong with the signatures of mails in files, as dkimpy says; both
    must be there."""
    keys = {}
    for name in _NAMES:
        name = f"{name}._domainkey.{domain}"
        out = dns.ask_text(name)
        keys[name] = "".join(re.findall(r'"([^"]*)"', out))
    p = subprocess.run([_PYTHON, "-B", os.path.abspath(__file__), json.dumps(keys), *paths],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if p.returncode != 0:
        return [p.stderr]
    return [f"{path}: {good}" for path, good in json.loads(p.stdout).items()
            if good != [True] * len(_NAMES)]


def _main(keys, *paths):
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, os.path.join(top, "reports"))
    from strangers import DkimPy  # pylint: disable=import-outside-toplevel
    who, found = DkimPy(json.loads(keys)), {}
    for path in paths:
        with open(path, "rb") as f:
            found[path] = who.verify(f.read())
    print(json.dumps(found))


if __name__ == "__main__":
    _main(*sys.argv[1:])
