# SPDX-License-Identifier: BSD-2-Clause
"""How fast mail goes in and out, and a stream of it in the background."""
import threading
import time

from . import mta, world

MESSAGES = 200
CONNECTIONS = 20
WAYS = ("in", "out")


def rate(seconds):
    return MESSAGES / seconds


def measure(sendmail, cf):
    """Seconds by way: MESSAGES in over CONNECTIONS, then out in a queue run of
    a Sendmail that is started for it, with that .cf."""
    message = world.to_names("good")
    sendmail.start(cf)
    start = time.monotonic()
    for _ in range(CONNECTIONS):
        mta.submit(mta.QUEUE_ONLY, [message] * (MESSAGES // CONNECTIONS))
    taken = time.monotonic()
    sendmail.wait_idle()
    queued = time.monotonic()
    sendmail.run_queue()
    sent = time.monotonic()
    sendmail.stop()
    return {"in": taken - start, "out": sent - queued}


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
