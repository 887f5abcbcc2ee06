# SPDX-License-Identifier: BSD-2-Clause
"""A small disk that can be full."""
import contextlib
import os

from . import namespace

SIZE_B = 8 << 20


class Disk:
    """A new folder of a user's with no room in it, until free()."""

    def __init__(self, folder, uid):
        namespace.small_disk(folder, SIZE_B)
        os.chown(folder, uid, uid)
        self._filler = os.path.join(folder, "filler")
        self.fill()

    def fill(self):
        with contextlib.suppress(OSError), open(self._filler, "wb", 0) as f:
            while True:
                f.write(bytes(4096))

    def free(self):
        os.remove(self._filler)
