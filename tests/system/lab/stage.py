# SPDX-License-Identifier: BSD-2-Clause
"""What a system test is made of: worlds, each a process in namespaces of its
own, all at the same time; and TAP of what they found.

A test's script calls main() with its worlds. The script is started again for
each of them, inside, and calls the world's function with a Tap and a Place.

Needs root and Debian's packages of the MTA, nsd and unbound, which are
unpacked and not installed. Where they cannot be had the test is skipped; with
--must-run, or with TELLTLS_MUST_RUN in the environment (as ./quickstart test
has it), it fails. Titles of worlds as arguments: only these.
"""
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from . import namespace, packages, world


class Place(NamedTuple):
    folder: str  # the world's own
    mta: str     # the MTA and the DNS servers as they were unpacked
    dns: str
    web: str     # the same of the web server, if there is one, else ""
    pki: str     # see world.make_certificates()
    src: str     # $TESTS_SRC, the folder tests/ of the sources
    bin: str     # $TESTS_BIN, the top of the build

    def path(self, *names):
        return os.path.join(self.folder, *names)


class Tap:
    """Inside: the test lines, without numbers."""

    def check(self, title, *faults):
        """One test: it is passed if there are no faults."""
        print(f"{'not ok' if faults else 'ok'} - {title}")
        for fault in faults:
            print("# " + str(fault).replace("\n", "\n# "))
        sys.stdout.flush()

    @staticmethod
    def note(text):
        """A line that is of interest if all is well, too: quickstart shows
        it."""
        print("# note: " + text, flush=True)


def unequal(what, got, want):
    """The differences of two dicts, as texts."""
    return [f"{what} {key}: got {got.get(key, 0)}, want {want.get(key, 0)}"
            for key in sorted(got.keys() | want.keys(), key=str)
            if got.get(key, 0) != want.get(key, 0)]


class _World:
    def __init__(self, script, title, place):
        self.title, self._folder = title, place.folder
        os.mkdir(place.folder)
        with open(place.path("tap"), "wb") as tap, open(place.path("output"), "wb") as output:
            self._process = subprocess.Popen(
                namespace.command("-B", script, "--inside", title, *place),
                stdin=subprocess.DEVNULL, stdout=tap, stderr=output)

    def _text(self, name):
        path = os.path.join(self._folder, name)
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait(self, limit_s):
        """Its lines; one more where it did not come to its end."""
        why = f"took longer than {limit_s} s"
        with contextlib.suppress(subprocess.TimeoutExpired):
            why = f"exit {self._process.wait(limit_s)}"
        self.stop()
        lines = self._text("tap").splitlines()
        if why != "exit 0":
            said = "\n".join([why, *self._text("output").splitlines()[-60:]])
            lines += ["not ok - comes to its end", "# " + said.replace("\n", "\n# ")]
        return lines

    def stop(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _print(number, failed, one, limit_s):
    for line in one.wait(limit_s):
        status, dash, title = line.partition(" - ")
        if dash and status in ("ok", "not ok"):
            number += 1
            failed += status != "ok"
            line = f"{status} {number} - {one.title}: {title}"
        print(line)
    sys.stdout.flush()
    return number, failed


def _trees(worlds, mta, web):
    """(why not, [MTA, DNS, web] by the title of a world)"""
    why = namespace.why_not()
    if why is not None:
        return why, None
    of = {title: mta[title] if isinstance(mta, dict) else mta for title in worlds}
    mtas = list(dict.fromkeys(of.values()))
    try:
        dns_tree, *found = packages.trees(packages.DNS, *mtas, *([web] if web else []))
        return None, {title: [found[mtas.index(of[title])], dns_tree, found[-1] if web else ""]
                      for title in worlds}
    except packages.Unavailable as e:
        return f"no packages: {e}", None


def _run(script, worlds, limit_s, trees, prepare):
    src = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(script)))
    top = os.environ.get("TESTS_BIN", os.path.dirname(src))
    folder = tempfile.mkdtemp(prefix="telltls-system.", dir="/tmp")
    os.chmod(folder, 0o755)  # telltls-milter has a user of its own
    pki = os.path.join(folder, "pki")
    prepare(pki)
    number = failed = 0
    running = []
    try:
        for i, title in enumerate(worlds):
            place = Place(os.path.join(folder, str(i)), *trees[title], pki, src, top)
            running.append(_World(script, title, place))
        for one in running:
            number, failed = _print(number, failed, one, limit_s)
    finally:
        for one in running:
            one.stop()
    print(f"1..{number}")
    if failed or not number:
        print(f"# what there is to look at: {folder}")
        return 1
    namespace.remove(folder)
    return 0


def main(script, worlds, limit_s, mta=packages.SENDMAIL, web=None,
         prepare=world.make_certificates):
    """worlds: functions by title. limit_s: for each of them. mta: its packages,
    or a dict of such by title; web: those of a web server. prepare: fills the
    folder Place.pki. Returns the exit status."""
    start = time.monotonic()
    script = os.path.abspath(script)
    if sys.argv[1:2] == ["--inside"]:
        worlds[sys.argv[2]](Tap(), Place(*sys.argv[3:]))
        print(f"# {sys.argv[2]}: {time.monotonic() - start:.0f} s", flush=True)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    names = [x for x in sys.argv[1:] if not x.startswith("-")]
    worlds = {title: f for title, f in worlds.items() if not names or title in names}
    why, trees = _trees(worlds, mta, web)
    if why is None:
        status = _run(script, worlds, limit_s, trees, prepare)
        Tap.note(f"{os.path.join(*script.split(os.sep)[-2:])}: {time.monotonic() - start:.0f} s")
        return status
    if "--must-run" in sys.argv[1:] or "TELLTLS_MUST_RUN" in os.environ:
        print(f"Bail out! {why}")
        return 1
    print(f"1..0 # SKIP {why}")
    return 0
