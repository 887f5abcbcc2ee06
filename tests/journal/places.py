# SPDX-License-Identifier: BSD-2-Clause
"""Journals: one that systemd-journal-remote writes from what we tell it, with
any time and any boot; and one of the real journald, in namespaces of its own.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import time

import inside

REMOTE = "/lib/systemd/systemd-journal-remote"
JOURNALD = "/lib/systemd/systemd-journald"
BOOTS = ["%032x" % n for n in range(1, 10)]
LIMIT_S = 60


_started = []


def start(args, **more):
    """A process that stop_all() ends."""
    _started.append(subprocess.Popen(args, **more))
    return _started[-1]


def stop_all():
    """What a test that failed left running."""
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()
    _started.clear()


def until(what, condition):
    """Waits for something that must come to pass."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("never came to pass: " + what)
        time.sleep(0.01)


def field(name, value):
    """A field in the export format; bytes that are no text have a length."""
    if isinstance(value, str):
        value = value.encode()
    name = name.encode()
    if b"\n" in value or b"\0" in value or any(c < 32 for c in value):
        return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name + b"=" + value + b"\n"


class Remote:
    """A folder with journal files, which a group may read; the last of them is
    being written.
    """

    def __init__(self, folder, group=None):
        os.mkdir(folder)
        if group is not None:
            shutil.chown(folder, group=group)
            os.chmod(folder, 0o2750)
        self.folder, self._n, self._writer = folder, 0, None
        self.boot, self.monotonic = BOOTS[0], 0

    @staticmethod
    def why_not():
        if not os.path.exists(REMOTE):
            return "not installed: systemd-journal-remote"
        return None

    def _path(self):
        return os.path.join(self.folder, "remote.journal")

    def add(self, us, **fields):
        """Appends an entry; journald's time is us."""
        if self._writer is None:
            self._writer = start(
                [REMOTE, "--output=" + self._path(), "--split-mode=none", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.monotonic += 1000
        text = (f"__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={self.monotonic}\n"
                f"_BOOT_ID={self.boot}\n").encode()
        text += b"".join(field(name, value) for name, value in fields.items())
        self._writer.stdin.write(text + b"\n")

    def add_line(self, us, line, **more):
        self.add(us, _TRANSPORT="syslog", PRIORITY="6", SYSLOG_FACILITY="2",
                 SYSLOG_IDENTIFIER=line.ident, SYSLOG_PID=str(line.pid), _PID=str(line.pid),
                 _HOSTNAME="vm", MESSAGE=line.message, **more)

    def push(self):
        """Hands over what was added."""
        self._writer.stdin.flush()

    def close(self):
        """All that was added is in the file."""
        if self._writer is not None:
            _, err = self._writer.communicate()
            if self._writer.returncode != 0:
                raise RuntimeError("journal-remote: " + err.decode())
            self._writer = None

    def rotate(self):
        """The file gets another name, as journald does it."""
        self.close()
        self._n += 1
        os.rename(self._path(), os.path.join(self.folder, f"remote@{self._n:04d}.journal"))

    def reboot(self):
        self.boot = BOOTS[BOOTS.index(self.boot) + 1]
        self.monotonic = 0

    def files(self):
        """The oldest first."""
        return sorted(glob.glob(os.path.join(self.folder, "remote@*.journal")))


class Journald:
    """The real one. Only for a process that is in namespaces of its own
    (inside.py): it uses /run, and /var/log of the mount namespace.
    """
    RUN, FOLDER = "/run/systemd/journal", "/run/log/journal"
    CONF = """\
[Journal]
Storage=%s
ReadKMsg=no
Audit=no
ForwardToSyslog=no
RateLimitIntervalSec=2s
RateLimitBurst=%d
RuntimeMaxUse=64M
RuntimeMaxFileSize=%s
SystemMaxFileSize=%s
"""

    @staticmethod
    def why_not():
        if not os.path.exists(JOURNALD):
            return "not installed: " + JOURNALD
        return inside.why_not()

    def __init__(self, storage="volatile", burst=0, file_size="1M", group=None):
        for folder in ("/run", "/var/log"):
            inside.mount("tmpfs", folder)
        os.makedirs(self.RUN)
        if group is not None:
            # as systemd-tmpfiles makes it
            os.makedirs(self.FOLDER)
            shutil.chown(self.FOLDER, group=group)
            os.chmod(self.FOLDER, 0o2755)
        os.makedirs("/run/systemd/journald.conf.d")
        with open("/run/systemd/journald.conf.d/test.conf", "w", encoding="utf-8") as f:
            f.write(self.CONF % (storage, burst, file_size, file_size))
        self.folder = self.FOLDER
        self._process = self._socket = None
        self.start()

    def start(self):
        # a file that an earlier one made would be taken for its word
        for name in ("dev-log", "socket", "stdout", "io.systemd.journal"):
            if os.path.exists(os.path.join(self.RUN, name)):
                os.unlink(os.path.join(self.RUN, name))
        self._process = start([JOURNALD], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        until("journald", self._connect)

    def _connect(self):
        try:
            self._socket.connect(os.path.join(self.RUN, "dev-log"))
        except OSError:
            return False
        return True

    def sync(self):
        """All that was written is in the journal."""
        word = os.path.join(self.RUN, "synced")
        if os.path.exists(word):
            os.unlink(word)
        self._process.send_signal(signal.SIGRTMIN + 1)
        until("sync", lambda: os.path.exists(word))

    def stop(self, kill=False):
        self.sync()  # what is in its socket would be lost
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait()
        self._socket.close()

    def signal(self, number):
        self._process.send_signal(number)

    def write(self, line):
        """As syslog(3) does."""
        self._socket.send(
            f"<22>Feb 29 12:00:00 {line.ident}[{line.pid}]: {line.message}".encode())

    def files(self):
        return sorted(glob.glob(self.folder + "/*/*.journal"))
