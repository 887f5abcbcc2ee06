# SPDX-License-Identifier: BSD-2-Clause
"""How fast mail goes in and out, and a stream of it in the background."""
import threading
import time
from typing import NamedTuple

from . import mta, world

MESSAGES = 200
CONNECTIONS = 20


class Pace(NamedTuple):
    title: str
    way: str        # "in" or "out"
    seconds: float  # for MESSAGES; of several runs the best

    @property
    def rate(self):
        return MESSAGES / self.seconds


class Paces:
    def __init__(self):
        self._seconds = {}

    def measure(self, title, site):
        """MESSAGES in over CONNECTIONS, then out in a queue run."""
        message = world.to_names("good")
        start = time.monotonic()
        for _ in range(CONNECTIONS):
            mta.submit(mta.QUEUE_ONLY, [message] * (MESSAGES // CONNECTIONS))
        taken = time.monotonic()
        site.sendmail.wait_idle()
        queued = time.monotonic()
        site.sendmail.run_queue()
        for way, seconds in (("in", taken - start), ("out", time.monotonic() - queued)):
            key = title, way
            self._seconds[key] = min(seconds, self._seconds.get(key, seconds))

    def all(self):
        return [Pace(*key, seconds) for key, seconds in self._seconds.items()]


class Stream(threading.Thread):
    """Hands the messages over again and again, until stop()."""

    def __init__(self, messages):
        super().__init__(daemon=True)
        self._messages = messages
        self._end = threading.Event()
        self._error = None
        self.rounds = 0
        self.start()

    def run(self):
        try:
            while not self._end.is_set():
                mta.submit(mta.BACKGROUND, self._messages)
                self.rounds += 1
        except (OSError, RuntimeError) as e:
            self._error = e

    def stop(self):
        """Returns what was handed over."""
        self._end.set()
        self.join()
        if self._error is not None:
            raise self._error
        return self._messages * self.rounds
