# SPDX-License-Identifier: BSD-2-Clause
"""A log daemon and logrotate: writes a log, and rotates it while others read.

What follow.h asks of the writer is kept here, and nothing else; each such
limit is named where it is kept.
"""
import bisect
import gzip
import os
import shutil

COPY_PIECES = 3
FOLLOW_FILES = 64
ROTATE_SHARE = 0.005  # of the pieces that are written


class RotatedLog:
    """
    A log file that is being written. run() is a generator, so that one thread
    writes several of them by turns: it yields where it may be left for a
    while, and does what it is asked for in between.
    """

    def __init__(self, path, log, rng, copy_share):
        self.path, self.log, self.rng = path, log, rng
        self.copy_share = copy_share  # of the rotations that copy
        self.written = 0  # bytes of the log, rotated ones included
        self.start = 0    # which of them the file of the name begins with
        self.files = []   # rotated: suffixes, "" or ".gz"; the newest first
        self.allowed = 0  # how far to write by now
        self.is_paused = False  # nothing is to be written
        self.is_idle = False    # nothing is, and the last line is whole
        self.wanted = 0   # rotations to do at once: the reader is away
        self.done = {"rename": 0, "copytruncate": 0, "gzip": 0}
        self.has_begun = lambda: False  # is the reader anywhere in it?
        self.fd = self.create()

    def create(self):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                       0o644)

    def name(self, number):
        return "%s.%d%s" % (self.path, number, self.files[number - 1])

    def all_files(self):
        """The oldest first."""
        return [self.name(n) for n in range(len(self.files), 0, -1)] + \
            [self.path]

    @property
    def is_complete(self):
        return self.written == len(self.log.text)

    def may_rotate(self):
        """
        Limits: a new reader begins with the file of the name, whatever there
        was before, so nothing is rotated until it has begun; and it looks at
        the newest FOLLOW_FILES, so what an open session began with must be in
        one of them.
        """
        return len(self.files) < FOLLOW_FILES - 1 and self.has_begun()

    def append(self, n):
        """Up to n bytes, wherever in a line that ends."""
        part = self.log.text[self.written:self.written + n]
        if part:
            os.write(self.fd, part)
            self.written += len(part)

    def end_line(self):
        ends = self.log.ends_at
        if self.written:
            end = ends[bisect.bisect_left(ends, self.written)]
            self.append(end - self.written)

    def end_file(self, path):
        """
        The time of a file's last change is that of its last line, as it
        would be if the log were written as fast as its times go.
        """
        t = self.log.time_at(self.written)
        os.utime(path, (t, t))

    def run(self):
        while not self.is_complete:
            if self.wanted:
                self.rotate_unseen()
            elif self.is_paused:
                self.end_line()
                self.is_idle = True
                yield
            elif self.written >= self.allowed:
                yield
            elif self.rng.random() < ROTATE_SHARE and self.may_rotate() \
                    and self.written > self.start:
                yield from self.rotate()
            else:
                self.append(self.rng.choice((1, 50, 500, 5000, 30000)))
                yield
        os.close(self.fd)
        while True:
            self.is_idle = True
            yield

    def rotate_unseen(self):
        """Several rotations, of which the reader sees but the result."""
        while self.wanted:
            for _ in range(self.rng.randint(1, 3)):
                self.append(self.rng.randint(1, 20000))
            self.end_line()
            for _ in self.rotate() if self.may_rotate() else ():
                pass
            self.wanted -= 1

    def rotate(self):
        if self.rng.random() < self.copy_share:
            yield from self.copytruncate()
        else:
            yield from self.rename()

    def shift(self, suffix=""):
        """logrotate does all of it before it touches the log itself."""
        for n in range(len(self.files), 0, -1):
            os.rename(self.name(n), "%s.%d%s" % (self.path, n + 1,
                                                 self.files[n - 1]))
        # No file is ever removed: what an open session began with must stay.
        self.files.insert(0, suffix)

    def compress(self):
        """The newest of the rotated files, as "delaycompress" does."""
        old = self.path + ".1"
        with open(old, "rb") as f:
            data = gzip.compress(f.read(), 1)
        with open(old + ".gz", "wb") as f:
            for at in range(0, len(data), len(data) // COPY_PIECES + 1):
                f.write(data[at:at + len(data) // COPY_PIECES + 1])
                f.flush()
                yield
        shutil.copystat(old, old + ".gz")
        os.unlink(old)
        self.files[0] = ".gz"
        self.done["gzip"] += 1

    def rename(self):
        if self.files and self.files[0] == "" and self.rng.random() < 0.5:
            yield from self.compress()
        self.shift()
        os.rename(self.path, self.path + ".1")
        yield
        new = self.create()
        # The log daemon has the old file open until it is told. Limits: it
        # does not pause for FOLLOW_GRACE_S there, and tears no line apart.
        for _ in range(self.rng.randint(0, 4)):
            self.append(self.rng.choice((1, 300, 3000)))
            yield
        self.end_line()
        os.close(self.fd)
        self.end_file(self.path + ".1")
        self.fd, self.start = new, self.written
        self.done["rename"] += 1

    def copytruncate(self):
        self.end_line()
        # Limit: what is written between the copy and the cut is lost, so the
        # writer pauses; at the end of a line, or the line would be torn.
        self.shift()
        with open(self.path, "rb") as old, open(self.path + ".1", "wb") as new:
            size = os.fstat(old.fileno()).st_size
            for _ in range(COPY_PIECES):
                new.write(old.read(size // COPY_PIECES + 1))
                new.flush()
                yield
        self.end_file(self.path + ".1")
        os.ftruncate(self.fd, 0)
        self.start = self.written
        self.done["copytruncate"] += 1
