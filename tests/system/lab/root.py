# SPDX-License-Identifier: BSD-2-Clause
"""A root for an MTA: its package over the host's programs and libraries."""
import os
import shutil
import subprocess
import time

from . import namespace

_DEVICES = ("null", "zero", "random", "urandom")
_TOPS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Where thousands of files are: documents, of which the tree's are enough, and
# libraries, which ldconfig(8) finds.
_SHARE, _LIBRARIES = "usr/share", "-linux-gnu"
_FILES = {
    "etc/services": "smtp 25/tcp\nsubmission 587/tcp\ndomain 53/tcp\ndomain 53/udp\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
}


class Root:
    """A folder that must not be there yet; tree is the MTA as it was unpacked,
    read-only at /tree. What the tree and the host have in /usr is all there,
    as links. The MTA calls itself host. users: (name, number of user and
    group). folders: mode, owner and group by name."""

    def __init__(self, path, tree, host, nameserver, users, folders):
        self.path = path
        os.makedirs(path)
        for name in _DEVICES:
            namespace.bind("/dev/" + name, self.inside("dev/" + name), read_only=False)
        namespace.bind("/usr", self.inside("host"))
        namespace.bind(tree, self.inside("tree"))
        self._unite("usr", ("tree/usr", "tree", "host"))
        for name in _TOPS:
            if os.path.isdir("/" + name):
                os.symlink("usr/" + name, self.inside(name))
        shutil.copytree("/etc/alternatives", self.inside("etc/alternatives"), symlinks=True)
        self._write_etc(host, nameserver, users)
        for name, (mode, uid, gid) in folders.items():
            os.makedirs(self.inside(name), exist_ok=True)
            os.chmod(self.inside(name), mode)
            os.chown(self.inside(name), uid, gid)
        subprocess.run(["ldconfig", "-X", "-r", path], check=True)

    def _unite(self, name, sources):
        """Of files with one name the first counts."""
        there = [x for x in sources if os.path.lexists(self.inside(x))]
        if name == _SHARE:
            del there[1:]
        elif name.endswith(_LIBRARIES):
            del there[:-1]
        if len(there) == 1 and name != _SHARE or not os.path.isdir(self.inside(there[0])):
            os.symlink("/" + there[0], self.inside(name))
            return
        os.makedirs(self.inside(name))
        for entry in {e for x in there for e in os.listdir(self.inside(x))}:
            # Of the top of the tree only what Debian has in /usr by now.
            fit = [x for x in there if x != "tree" or entry in _TOPS]
            if any(os.path.lexists(self.inside(f"{x}/{entry}")) for x in fit):
                self._unite(f"{name}/{entry}", [f"{x}/{entry}" for x in fit])

    def _write_etc(self, host, nameserver, users):
        for name, text in _FILES.items():
            self.write(name, text)
        users = (("root", 0), ("mail", 8), *users)
        lines = [f"{u}:x:{n}:{n}::/:/bin/sh\n" for u, n in (*users, ("nobody", 65534))]
        self.write("etc/passwd", "".join(lines))
        lines = [f"{group}:x:{n}:\n" for group, n in (*users, ("nogroup", 65534))]
        self.write("etc/group", "".join(lines))
        self.write("etc/hosts", f"127.0.0.1 localhost\n127.0.0.1 {host}\n")
        # A MTA that does DANE must be told that the resolver may be trusted.
        self.write("etc/resolv.conf", f"nameserver {nameserver}\noptions trust-ad\n")
        folders = [f"/{top}/{name}" for top in ("usr/lib", "tree/usr/lib", "tree/lib")
                   if os.path.isdir(self.inside(top))
                   for name in sorted(os.listdir(self.inside(top))) if name.endswith(_LIBRARIES)]
        self.write("etc/ld.so.conf", "\n".join(folders) + "\n")

    def inside(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
        with open(self.inside(name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *args, limit_s=60, text="", user="root"):
        """Runs a program inside, with that text as its input; returns its
        output."""
        p = subprocess.run(["chroot", "--userspec=" + user, self.path, *args], input=text,
                           capture_output=True, text=True, errors="replace", timeout=limit_s,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0"})
        if p.returncode != 0:
            raise RuntimeError(f"{args}: exit {p.returncode}: {p.stdout}{p.stderr}")
        return p.stdout + p.stderr


def wait(condition, text, limit_s=30):
    """Until the condition holds; text: what is wrong if it never does."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(text)
        time.sleep(0.05)
