# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Sendmail, unpacked into a folder of its own; never installed.

Beside Sendmail's packages come those of its libraries that the host lacks.
The folder is kept for the next run.
"""
import glob
import os
import shutil
import subprocess
import tempfile

CACHE = "/var/cache/telltls-lab"
SENDMAIL = ("sendmail-base", "sendmail-bin", "sendmail-cf")
LIMIT_S = 300


class Unavailable(Exception):
    """Why there is no Sendmail."""


def _run(*args, cwd=None):
    try:
        p = subprocess.run(args, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=LIMIT_S, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise Unavailable(f"no {args[0]} here") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{args[0]} took longer than {LIMIT_S} s") from None
    if p.returncode != 0:
        lines = p.stderr.strip().splitlines() or ["no reason given"]
        raise Unavailable(f"{' '.join(args[:2])}: {lines[-1]}")
    return p.stdout


def _candidate():
    for line in _run("apt-cache", "policy", "sendmail-bin").splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "Candidate" and value != "(none)":
            return value
    return None


def _wanted():
    """Sendmail's packages and what would be installed with them."""
    out = _run("apt-get", "-s", "-q", "install", "--no-install-recommends", "sendmail-bin")
    also = {line.split()[1] for line in out.splitlines() if line.startswith("Inst ")}
    return sorted(also.union(SENDMAIL))


def _unpack(path):
    tmp = tempfile.mkdtemp(prefix="new.", dir=CACHE)
    try:
        os.mkdir(os.path.join(tmp, "debs"))
        tree = os.path.join(tmp, "tree")
        os.mkdir(tree)
        _run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *_wanted(),
             cwd=os.path.join(tmp, "debs"))
        for deb in sorted(glob.glob(os.path.join(tmp, "debs", "*.deb"))):
            _run("dpkg", "-x", deb, tree)
        os.chmod(tree, 0o755)
        try:
            os.rename(tree, path)
        except OSError:  # somebody else was quicker
            if not os.path.isdir(path):
                raise
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def _tree():
    version = _candidate()
    if version is None:
        raise Unavailable("no package sendmail-bin")
    path = os.path.join(CACHE, "sendmail-" + version)
    if not os.path.isdir(path):
        _unpack(path)
    return path


def sendmail_tree():
    """The folder that holds Sendmail's usr/ and etc/. To be read only."""
    os.makedirs(CACHE, 0o755, exist_ok=True)
    try:
        return _tree()
    except Unavailable:  # package lists that are missing or out of date
        _run("apt-get", "-q", "update")
        return _tree()
