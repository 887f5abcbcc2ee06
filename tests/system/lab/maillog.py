# SPDX-License-Identifier: BSD-2-Clause
"""A /dev/log that writes mail.log in syslog's traditional format."""
import os
import re
import socket
import threading
import time

_PRIORITY = re.compile(rb"^<\d+>")
_STAMP = re.compile(rb"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ")


class MailLog:
    """Each datagram is one line, in the order in which they came."""

    def __init__(self, socket_path, log_path, host="mta"):
        self.path = socket_path
        self.log_path = log_path
        self._host = host.encode()
        self._marks = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(socket_path)
        os.chmod(socket_path, 0o666)
        open(log_path, "wb").close()
        threading.Thread(target=self._serve, daemon=True).start()

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
            with open(self.log_path, "ab") as f:
                f.write(text[:16] + self._host + b" " + text[16:] + b"\n")

    def drain(self, limit_s=20):
        """Returns when all that was sent before is in the file."""
        data = b"mark %d" % time.monotonic_ns()
        mark = self._marks[data] = threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(data, self.path)
        if not mark.wait(limit_s):
            raise TimeoutError("mail.log does not keep up")
