#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kills telltls-report at each step of making, sending and removing reports.
The next run ends the work: each destination gets each report once, or twice
with the same bytes where the run died between sending and writing it down.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import reporter_site  # noqa: E402
from post import (  # noqa: E402
    DAY, HOUR, KEEP, SCENE, Post, by_destination, enable, items)
from reporter_site import (  # noqa: E402
    DAY1, begin_of, equal, holds, run_all, wait_for)

# Where what was just given away is given away once more.
MAY_DOUBLE = ("mail-begun", "mail-ended", "upload-begun", "upload-ended",
              "item-marked")


# Of a run that makes, sends and removes reports; a step that nobody comes to
# any more would be tested no more.
STEPS = {"outbox-opened", "file-written", "items-added", "report-marked",
         "files-synced", "file-named", "files-in-place", "batch-committed",
         "day-finished", "item-suppressed", "file-read", "mail-begun",
         "mail-ended", "item-marked", "item-committed", "upload-begun",
         "upload-ended", "file-removed", "day-removed"}


def steps_of(site, *args):
    path = site.dir + "/steps"
    site.run(*args, script=("--steps", path))
    with open(path, encoding="ascii") as f:
        return f.read().split()


def deaths_of(steps):
    """The first and the last time of each step."""
    for name in dict.fromkeys(steps):
        for at in sorted({1, steps.count(name)}):
            yield name, at


def check_doubles(what, name, got, want):
    equal(what + ": destinations", sorted(got), sorted(want))
    doubles = 0
    for to, bodies in got.items():
        equal("%s: %s: one content" % (what, to), set(bodies), {want[to]})
        doubles += len(bodies) - 1
    # uploads are under way side by side
    most = 2 if name.startswith("upload") or name == "item-marked" else 1
    holds("%s: %d doubles" % (what, doubles),
          doubles <= (most if name in MAY_DOUBLE else 0))


def dies(site, post, args, prepared, want):
    """Dies at each step of a run, then lets another one end the work."""
    number = 0
    names = set()
    site.state = prepared + ".steps"
    shutil.copytree(prepared, site.state)
    site.place()
    steps = steps_of(site, *args)
    for name, at in deaths_of(steps):
        number += 1
        names.add(name)
        what = "killed at %s %d" % (name, at)
        post.clear()
        site.state = "%s.%d" % (prepared, number)
        shutil.copytree(prepared, site.state)
        site.place()
        site.run(*args, want=-9, script=("--die", name, str(at)))
        # what was not begun has to be asked for once more
        site.run(*args if name in ("outbox-opened", "items-again") else
                 [a for a in args if a != "--resend"])
        check_doubles(what, name, post.received(), want)
        equal(what + ": nothing waits", items(site, where="state = 'waiting'"),
              [])
        equal(what + ": no third time",
              "ended sending" in site.run("--now").err, False)
        shutil.rmtree(site.state)
    shutil.rmtree(prepared + ".steps")
    return names


def deaths(site):
    """Killed at each step of making, sending and removing."""
    with Post(site) as post:
        post.scene()
        site.set_outbox("suppress", "x@c.example", "2026-12-31")
        site.now = begin_of(DAY1) + DAY + KEEP + HOUR
        dry = site.dir + "/dry"
        site.run("--dry-run", dry)
        want = by_destination(site.reports(top=dry))
        del want["x@c.example"]
        names = dies(site, post, ["--now"], site.state, want)
        holds("steps: %r" % sorted(names), names >= STEPS)


def deaths_again(site):
    """Killed while reports are sent once more."""
    with Post(site) as post:
        post.scene()
        site.run("--now")
        want = {d: b[0] for d, b in post.received().items()}
        names = dies(site, post, ["--resend", "--day", DAY1], site.state,
                     want)
        holds("steps: %r" % sorted(names), "items-again" in names)


def killed_by_the_mta(site):
    """Killed while the MTA has the mail and has not said so."""
    with Post(site) as post:
        post.scene()
        started = []
        post.smtp.on_mail = lambda: (wait_for("the start", lambda: started),
                                     started[0][0].kill())
        started.append(site.start())
        equal("killed", site.end(started[0]).code, -9)
        post.smtp.on_mail = None
        wait_for("the mail", lambda: len(post.smtp.mails) == 1)
        twice = post.smtp.mails[0].to
        site.run()
        got = post.received()
        equal("copies", {d: len(b) for d, b in got.items()},
              {d: 2 if d == twice else 1 for d in SCENE})
        equal("the same bytes", len(set(got[twice])), 1)


def full_disk(site):
    """Where nothing can be written down, nothing is sent, over and over."""
    with Post(site) as post:
        post.scene(enabled=None)
        site.run()
        enable(site, DAY1)
        program = reporter_site.RUN_REPORT
        full = os.path.join(site.dir, "full")
        site.write(full, "#!/bin/sh\ntrap '' XFSZ\nulimit -f 0\n"
                         "exec %s \"$@\"\n" % program)
        os.chmod(full, 0o755)
        reporter_site.RUN_REPORT = full
        try:
            for _ in range(2):
                site.run(want=74)
        finally:
            reporter_site.RUN_REPORT = program
        equal("full", post.received(), {})
        site.run()
        equal("copies", {d: len(b) for d, b in post.received().items()},
              {d: 1 for d in SCENE})


if __name__ == "__main__":
    sys.exit(run_all([deaths, deaths_again, killed_by_the_mta, full_disk]))
