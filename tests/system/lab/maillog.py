# SPDX-License-Identifier: BSD-2-Clause
"""A /dev/log that writes mail.log in syslog's traditional format, and rotates
it as logrotate does. The file can be read by root and the group adm."""
import grp
import os
import re
import shutil
import socket
import threading
import time

_PRIORITY = re.compile(rb"^<\d+>")
_STAMP = re.compile(rb"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ")


class MailLog:
    """Each datagram is one line, in the order in which they came. Beside path,
    path.whole has all lines in one file, whatever becomes of the other."""

    def __init__(self, socket_path, path, host="mta"):
        self.path, self.whole = path, path + ".whole"
        self.n_lines = 0
        self._socket_path = socket_path
        self._host = host.encode()
        self._marks = {}
        self._lock = threading.Lock()  # of what follows
        self._files = [open(self.whole, "ab", 0)]
        self.open()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(socket_path)
        os.chmod(socket_path, 0o666)
        threading.Thread(target=self._serve, daemon=True).start()

    def open(self):
        """Goes on in a file of that name, as a syslog daemon does on SIGHUP."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        os.fchown(fd, 0, grp.getgrnam("adm").gr_gid)
        with self._lock:
            for old in self._files[1:]:
                old.close()
            self._files[1:] = [os.fdopen(fd, "ab", 0)]

    def rename(self, to):
        """Lines still go to the old file, until open()."""
        os.rename(self.path, to)

    def copy_and_truncate(self, to):
        """In a moment without new lines: those would be lost."""
        with self._lock:
            shutil.copy2(self.path, to)
            os.truncate(self.path, 0)

    def _serve(self):
        while True:
            data = self._socket.recv(65536)
            mark = self._marks.pop(data, None)
            if mark is not None:
                mark.set()
                continue
            text = _PRIORITY.sub(b"", data).rstrip(b"\0\n")
            if not _STAMP.match(text):
                text = time.strftime("%b %e %H:%M:%S ", time.gmtime()).encode() + text
            line = text[:16] + self._host + b" " + text[16:] + b"\n"
            with self._lock:
                for f in self._files:
                    f.write(line)
                self.n_lines += 1

    def drain(self, limit_s=20):
        """Returns when all that was sent before is in the file."""
        data = b"mark %d" % time.monotonic_ns()
        mark = self._marks[data] = threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(data, self._socket_path)
        if not mark.wait(limit_s):
            raise TimeoutError("mail.log does not keep up")

    def lines(self):
        with open(self.whole, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
