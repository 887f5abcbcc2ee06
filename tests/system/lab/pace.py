# SPDX-License-Identifier: BSD-2-Clause
"""How fast mail goes in and out, and a stream of it in the background."""
import threading
import time

from . import mta, world

MESSAGES = 200
CONNECTIONS = 20


class Rates:
    """Messages a second by what was measured; of several runs the best."""

    def __init__(self):
        self._rates = {}

    def measure(self, title, site):
        """MESSAGES in over CONNECTIONS, then out in a queue run."""
        message = world.Message((f"user@good.{world.ZONE}",))
        start = time.monotonic()
        for _ in range(CONNECTIONS):
            mta.submit(mta.QUEUE_ONLY, [message] * (MESSAGES // CONNECTIONS))
        taken = time.monotonic()
        site.sendmail.wait_idle()
        queued = time.monotonic()
        site.sendmail.run_queue()
        for key, seconds in (("in", taken - start), ("out", time.monotonic() - queued)):
            best = self._rates.setdefault((title, key), 0)
            self._rates[title, key] = max(best, MESSAGES / seconds)

    def ratios(self, other):
        """(title, "in" or "out", rate, its ratio to that of other)"""
        for (title, key), rate in self._rates.items():
            yield title, key, rate, rate / self._rates[other, key]


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
