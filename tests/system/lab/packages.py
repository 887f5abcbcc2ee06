# SPDX-License-Identifier: BSD-2-Clause
"""Debian's MTAs, DNS and web servers, unpacked into folders of their own; never
installed.

Beside the packages come those of their libraries that the host lacks. The
folders are kept for the next run.
"""
import contextlib
import fcntl
import glob
import os
import shutil
import subprocess
import tempfile

CACHE = "/var/cache/telltls-lab"
# The version of the first stands for all.
SENDMAIL = ("sendmail-bin", "sendmail-base", "sendmail-cf")
EXIM = ("exim4-daemon-heavy", "exim4-base", "exim4-config")
POSTFIX = ("postfix",)
DNS = ("unbound", "nsd", "ldnsutils")
WEB = ("nginx",)
LIMIT_S = 300


class Unavailable(Exception):
    """Why there are no packages."""


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


def _candidates(names):
    """The version of each package that would be installed."""
    found, name = {}, None
    for line in _run("apt-cache", "policy", *names).splitlines():  # which takes its time
        key, _, value = line.strip().partition(": ")
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif key == "Candidate" and value != "(none)":
            found[name] = value
    for name in names:
        if name not in found:
            raise Unavailable("no package " + name)
    return found


def _unpack(packages, path):
    """The packages and what would be installed with them."""
    out = _run("apt-get", "-s", "-q", "install", "--no-install-recommends", *packages)
    also = {line.split()[1] for line in out.splitlines() if line.startswith("Inst ")}
    tmp = tempfile.mkdtemp(prefix="new.", dir=CACHE)
    try:
        os.mkdir(os.path.join(tmp, "debs"))
        tree = os.path.join(tmp, "tree")
        os.mkdir(tree)
        _run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
             *sorted(also.union(packages)), cwd=os.path.join(tmp, "debs"))
        for deb in sorted(glob.glob(os.path.join(tmp, "debs", "*.deb"))):
            _run("dpkg", "-x", deb, tree)
        os.chmod(tree, 0o755)
        os.rename(tree, path)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def _trees(lists):
    versions = _candidates([packages[0] for packages in lists])
    paths = []
    for packages in lists:
        path = os.path.join(CACHE, f"{packages[0]}-{versions[packages[0]]}")
        if not os.path.isdir(path):
            _unpack(packages, path)
        paths.append(path)
    return paths


def environment(path):
    """For programs of a tree: where their libraries are."""
    tops = [os.path.join(path, top) for top in ("usr/lib", "lib")]
    found = [os.path.join(top, name) for top in tops if os.path.isdir(top)
             for name in sorted(os.listdir(top)) if name.endswith("-linux-gnu")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(found)}


@contextlib.contextmanager
def _alone():
    """Tests run at the same time, and so would apt-get."""
    os.makedirs(CACHE, 0o755, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def trees(*lists):
    """For each list of packages the folder that holds their usr/ and etc/. To be
    read only."""
    with _alone():
        try:
            return _trees(lists)
        except Unavailable:  # package lists that are missing or out of date
            _run("apt-get", "-q", "update")
            return _trees(lists)


def tree(packages):
    return trees(packages)[0]
