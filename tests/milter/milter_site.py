# SPDX-License-Identifier: BSD-2-Clause
"""A milter that runs (run_filter.c), its notes, and TAP."""
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("TESTS_SRC", os.path.dirname(HERE))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
PROGRAM = os.path.join(BIN, "tests", "milter", "run_filter")
# The same with ThreadSanitizer, in builds that have no other sanitizer.
TSAN_PROGRAM = PROGRAM + "_tsan"
LIMIT_S = 120


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def check(self, title, *faults):
        """One test: it is passed if there are no faults."""
        self.number += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.number} - {title}")
        for fault in faults:
            print("# " + str(fault).replace("\n", "\n# "))
        sys.stdout.flush()

    def equal(self, title, got, want):
        self.check(title, *([] if got == want else [f"got {got!r}, want {want!r}"]))

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def address_of(text):
    """What socket.connect() takes for the text of a socket."""
    kind, _, rest = text.partition(":")
    if kind == "unix":
        return rest
    port, _, host = rest.partition("@")
    return host.strip("[]"), int(port)


def answers(address):
    family = socket.AF_UNIX if isinstance(address, str) else \
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        return s.connect_ex(address) == 0


class Filter:
    """One run_filter. Its log is in .log when it has ended."""

    def __init__(self, text, *options, program=(PROGRAM,), env=None):
        self.text = text
        self.address = address_of(text)
        self.process = subprocess.Popen([*program, *options, text], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        self._lines = queue.Queue()
        self._log = []
        self._threads = [threading.Thread(target=self._read, daemon=True),
                         threading.Thread(target=self._read_log, daemon=True)]
        for thread in self._threads:
            thread.start()
        self.child = self._line()["child"]
        self.status = None

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _read_log(self):
        self._log.extend(self.process.stderr)

    @property
    def log(self):
        return "".join(self._log)

    def _line(self):
        line = self._lines.get(timeout=LIMIT_S)
        if line is None:
            raise AssertionError("run_filter has ended: " + self.log)
        return line

    def ready(self):
        """Returns when it can be connected to."""
        end = time.monotonic() + LIMIT_S
        while not answers(self.address):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("run_filter does not listen: " + self.log)
            time.sleep(0.01)
        return self

    def note(self):
        """The next note."""
        line = self._line()
        if "qid" not in line:
            raise AssertionError(f"not a note: {line}")
        return line

    def notes(self, n):
        return [self.note() for _ in range(n)]

    def rest(self):
        """All that comes until it ends. The status is kept."""
        notes = []
        while (line := self._lines.get(timeout=LIMIT_S)) is not None:
            if "exit" in line:
                self.status = line["exit"]
            else:
                notes.append(line)
        self.process.wait(LIMIT_S)
        for thread in self._threads:
            thread.join()
        return notes

    def signal(self, number):
        os.kill(self.process.pid, number)

    def signal_child(self, number):
        os.kill(self.child, number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.rest()

    def kill(self):
        """For good, whatever it does."""
        for pid in (self.child, self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
