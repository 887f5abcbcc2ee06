# SPDX-License-Identifier: BSD-2-Clause
"""A /dev/log that writes mail.log, and rotates it as logrotate does. The file can
be read by root and the group adm."""
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
    """Each datagram is one line, in the order in which they came. The file
    whole has all of them, whatever becomes of the one at path. The format is
    syslog's traditional one, or that of Debian 12."""

    _ADM = grp.getgrnam("adm").gr_gid

    def __init__(self, socket_path, path, whole, host="mta", is_traditional=True):
        self.path, self.whole = path, whole
        self.n_lines = 0
        self._socket_path = socket_path
        self._host = host.encode()
        self._is_traditional = is_traditional
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
        new = self.whole + ".new"
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        os.fchown(fd, 0, self._ADM)
        os.rename(new, self.path)
        with self._lock:
            for old in self._files[1:]:
                old.close()
            self._files[1:] = [os.fdopen(fd, "ab", 0)]

    def rename(self, to):
        """Lines still go to the old file, until open()."""
        os.rename(self.path, to)

    def copy_and_truncate(self, to, wait):
        """No new line comes while wait(), which returns when all that is there
        has been read: else the rest would be lost."""
        with self._lock:
            wait()
            shutil.copy2(self.path, to)
            os.chown(to, 0, self._ADM)
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
            line = self._stamp(text[:16]) + self._host + b" " + text[16:] + b"\n"
            with self._lock:
                for f in self._files:
                    f.write(line)
                self.n_lines += 1

    def _stamp(self, text):
        if self._is_traditional:
            return text
        now = time.time_ns() // 1000
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1000000))
        return b"%s.%06d+00:00 " % (stamp.encode(), now % 1000000)

    def drain(self, limit_s=20):
        """Returns when all that was sent before is in the file."""
        data = b"mark %d" % time.monotonic_ns()
        mark = self._marks[data] = threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(data, self._socket_path)
        if not mark.wait(limit_s):
            raise TimeoutError("mail.log does not keep up")

    def wait_lines(self, n, limit_s=60):
        """Returns when n more lines have come."""
        wanted, end = self.n_lines + n, time.monotonic() + limit_s
        while self.n_lines < wanted:
            if time.monotonic() > end:
                raise TimeoutError("mail.log does not grow")
            time.sleep(0.005)

    def lines(self):
        with open(self.whole, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
