# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces in which a test may mount what it likes, and have a journald."""
import os
import shutil
import subprocess
import sys
import uuid

PRIVATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "private.py")
MACHINE_ID = "/etc/machine-id"
GROUPS = "/sys/fs/cgroup"


def command(*args):
    """The command that runs a command inside."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation", "unchanged", sys.executable, "-B", PRIVATE, *args]


def why_not():
    if os.geteuid() != 0:
        return "namespaces need root"
    if shutil.which("unshare") is None:
        return "not installed: unshare"
    p = subprocess.run(command("true"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       check=False)
    return None if p.returncode == 0 else "no namespaces: " + p.stderr.strip()


def mount(kind, path):
    subprocess.run(["mount", "-t", kind, kind, path], check=True)


def machine_id():
    """That of the host, or ""."""
    try:
        with open(MACHINE_ID, encoding="ascii") as f:
            text = f.read().strip()
    except FileNotFoundError:
        return ""
    return text if len(text) == 32 else ""


def _invent_machine_id():
    """In a copy of /etc: there may be no file to mount another over."""
    copy = "/run/etc"
    os.mkdir(copy)
    mount("tmpfs", copy)
    shutil.copytree("/etc", copy, symlinks=True, dirs_exist_ok=True)
    path = os.path.join(copy, os.path.basename(MACHINE_ID))
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="ascii") as f:
        f.write(uuid.uuid4().hex + "\n")
    subprocess.run(["mount", "--move", copy, "/etc"], check=True)


def settle():
    """Inside: what a system has and a bare root folder has not."""
    mount("tmpfs", "/run")
    if not machine_id():
        _invent_machine_id()
    # journald ends without
    if not os.path.isdir("/sys/fs"):
        mount("sysfs", "/sys")
    if not os.listdir(GROUPS):
        mount("cgroup2", GROUPS)


def groups():
    """The folder of control groups, by which journald knows units."""
    unified = GROUPS + "/unified"
    return unified if os.path.isdir(unified) else GROUPS


def remove(folder):
    """Removes it if nothing is in it; False: it could not."""
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
