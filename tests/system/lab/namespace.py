# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces of our own: mounts, processes, network, host name.

What is started by command() is process 1 inside, so when it ends the kernel
ends all that it started; its mounts are gone, too. The network is a loopback
and nothing else.
"""
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

_UNSHARE = ("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child",
            "--mount-proc", "--propagation", "unchanged", sys.executable, "-B",
            os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
                os.path.abspath(__file__)))), "private.py"))
NET, CLIENT = "198.51.100.", "192.0.2.25"  # RFC 5737
_PROGRAMS = ("chroot", "ip", "ldconfig", "m4", "openssl", "unshare")
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 32, 4096, 16384
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def why_not():
    """None, or why there can be no mail world."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        return "not installed: " + ", ".join(missing)
    p = subprocess.run([*_UNSHARE, "true"], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True)
    if p.returncode != 0:
        return "no namespaces: " + (p.stderr.strip().splitlines() or ["unshare failed"])[-1]
    return None


def command(*args):
    """The command line that runs Python with these arguments inside."""
    return [*_UNSHARE, sys.executable, *args]


def settle(host):
    """Inside: names the host and brings the loopback up. All of the network
    NET is there, but as addresses of others: an MTA would not send to its own.
    Our own address is CLIENT."""
    socket.sethostname(host)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = b"lo".ljust(16, b"\0")
        answer = fcntl.ioctl(s, _SIOCGIFFLAGS, name + bytes(16))
        flags = struct.unpack_from("h", answer, 16)[0] | _IFF_UP
        fcntl.ioctl(s, _SIOCSIFFLAGS, name + struct.pack("h", flags) + bytes(14))
    for args in (("address", "add", CLIENT + "/32", "dev", "lo"),
                 ("route", "add", "local", NET + "0/24", "dev", "lo", "src", CLIENT)):
        subprocess.run(("ip", *args), check=True)
    # Of a connection that Exim passes on in clear the log tells its port only: one that is in use
    # again may look like the one of before (doc/exim.md). The more there are, the rarer.
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as f:
        f.write("10000 65535")


def _mount(source, target, kind, flags, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source, os.fsencode(target), kind, ctypes.c_ulong(flags), data) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source} on {target}")


def bind(source, target, read_only=True):
    """Inside: shows a file or folder of the host at target as well."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "ab").close()
    _mount(os.fsencode(source), target, None, _MS_BIND | _MS_REC)
    if read_only:
        _mount(None, target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)


def small_disk(folder, size_b):
    """Inside: a new folder with room for so much."""
    os.makedirs(folder)
    _mount(b"lab", folder, b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=0755,size=%d" % size_b)


def add_user(folder, name, uid, groups):
    """Inside: makes a user and a group of that name, and the groups by number;
    needs an empty folder."""
    os.makedirs(folder)
    for path, entries in (
            ("/etc/passwd", [f"{name}:x:{uid}:{uid}::/:/bin/false"]),
            ("/etc/group", [f"{group}:x:{n}:" for group, n in {name: uid, **groups}.items()])):
        copy = os.path.join(folder, os.path.basename(path))
        shutil.copy(path, copy)
        with open(copy, "a", encoding="utf-8") as f:
            f.write("\n".join(entries) + "\n")
        bind(copy, path)


def processes():
    """Inside: (process, its parent, name) of all that run."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                head, _, tail = f.read().rpartition(") ")
        except OSError:
            continue
        state, parent = tail.split()[:2]
        if state != "Z":
            yield int(pid), int(parent), head.partition("(")[2]


def count_processes(name):
    return sum(name == other for _, _, other in processes())


def remove(folder):
    """Removes a folder in which command() has worked, unless something is
    still mounted there."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        mounts = [line.split()[4] for line in f]
    if not any(path.startswith(folder + "/") for path in mounts):
        shutil.rmtree(folder)
