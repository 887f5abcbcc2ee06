#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests what starts the programs: the units for systemd, as systemd reads
them, and the init script, with a daemon that it starts and stops.

The init script needs root and namespaces of its own, for /etc and /run are
others there. What cannot run is skipped; with TELLTLS_MUST_RUN in the
environment it fails. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
import run  # noqa: E402
from lab import namespace  # noqa: E402
from run import BIN, DAEMON, LIMIT_S, SRC, Failed, Skipped, equal, holds  # noqa: E402

BUILT = os.path.join(BIN, "etc")
SHIPPED = os.path.join(SRC, "..", "etc")
PROGRAMS = {"telltls-milter": DAEMON,
            "telltls-report": os.path.join(BIN, "reporter", "telltls-report")}
INSIDE = "--inside"
NOT_RUNNING = 3  # as start-stop-daemon and the LSB have it
# Of /etc what a program that gives up root may read.
ETC = ("group", "ld.so.cache", "nsswitch.conf", "passwd")


def cannot(why):
    raise (Failed if "TELLTLS_MUST_RUN" in os.environ else Skipped)(why)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def with_programs(text):
    """The programs are not where they will be: those of the build instead."""
    text, n = re.subn(r"/\S+/(telltls-\w+)(?= |$)", lambda m: PROGRAMS[m[1]], text, count=1,
                      flags=re.M)
    equal("programs named", n, 1)
    holds("nothing to be filled in: " + text, not re.search(r"@\w+@", text))
    return text


# --- systemd -------------------------------------------------------------------------


def verify(folder, *units):
    """What systemd has to say of them."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(os.path.join(folder, u) for u in units)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode()


def systemd_units(folder):
    if shutil.which("systemd-analyze") is None:
        cannot("no systemd-analyze")
    services = "telltls-milter.service", "telltls-report.service"
    units = [*services, "telltls-report.timer"]
    for name in services:
        text = re.sub("^#.*\n", "", read(BUILT, "systemd", name), flags=re.M)
        write(os.path.join(folder, name), with_programs(text))
    shutil.copy(os.path.join(SHIPPED, "systemd", units[2]), folder)
    equal("as shipped", verify(folder, *units), (0, ""))
    more = os.path.join(folder, services[1] + ".d")
    os.mkdir(more)
    shutil.copy(os.path.join(SHIPPED, "systemd", "telltls-report-smtp.conf"), more)
    equal("where mails leave by SMTP", verify(folder, *units), (0, ""))
    # it would have told
    for name in (*units, os.path.join(more, "telltls-report-smtp.conf")):
        path = os.path.join(folder, name)
        right = read(path)
        write(path, right + "\n[Unit]\nNonsense=1\n")
        _, said = verify(folder, *units)
        holds(said, os.path.basename(name) in said and "Nonsense" in said)
        write(path, right)


# --- the init script -----------------------------------------------------------------


class Init:
    """The script in a system that has its files."""

    def __init__(self, site):
        self.site = site
        self.script = site.path("telltls-milter")
        write(self.script, with_programs(read(BUILT, "init", "telltls-milter")))
        os.chmod(self.script, 0o755)
        for name in ("etc", "run"):
            os.mkdir(site.path(name))
        for name in ETC:
            if os.path.exists(os.path.join("/etc", name)):
                shutil.copy(os.path.join("/etc", name), site.path("etc"))
        site.conf, site.run = site.path("etc/telltls.yaml"), "/run/telltls"
        site.configure(["mail.log"])
        site.append(1)
        namespace.bind(site.path("etc"), "/etc")
        namespace.bind(site.path("run"), "/run", read_only=False)

    def call(self, *args, want=0):
        done = subprocess.run([self.script, *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT_S, check=False)
        if done.returncode != want:
            raise Failed("%s: exit code: got %d, want %d: %s" % (
                " ".join(args), done.returncode, want, done.stdout.decode()))

    def pid(self):
        """Of the daemon, which runs."""
        self.call("status")
        pid = int(read(self.site.run, "telltls-milter.pid"))
        holds("it runs", not run.is_gone(pid))
        return pid

    def wait_counted(self, feed, sessions):
        """status lists what is configured: that a log is followed is seen by
        what is counted."""
        end = time.monotonic() + LIMIT_S / 2
        while self.site.counted(feed)[0] != sessions:
            if time.monotonic() > end:
                raise Failed("feed %s: got %r, want %d sessions" % (
                    feed, self.site.counted(feed), sessions))
            time.sleep(0.01)


def stays_as_it_is(init, action, pid):
    """A configuration with a fault ends nothing."""
    init.site.configure(["mail.log"], more="nonsense: 1\n")
    init.call(action, want=run.CONFIG)
    equal(action + " with a fault", init.pid(), pid)


def init_inside(site):
    init = Init(site)
    init.call(want=2)
    init.call("nonsense", want=2)
    init.call("status", want=NOT_RUNNING)
    init.call("stop")
    init.call("start")
    pid = init.pid()
    init.call("start")
    equal("started twice", init.pid(), pid)
    init.wait_counted("mail", 1)

    for action in ("reload", "force-reload"):
        stays_as_it_is(init, action, pid)
        site.append(1, site.path(action + ".log"))
        site.configure(["mail.log", action + ".log"])
        init.call(action)
        init.wait_counted(action, 1)
        equal(action, init.pid(), pid)

    stays_as_it_is(init, "restart", pid)
    site.configure(["mail.log"])
    init.call("restart")
    holds("another", init.pid() != pid)
    holds("the one before has ended", run.is_gone(pid))
    site.append(1)
    init.wait_counted("mail", 2)

    pid = init.pid()
    init.call("stop")
    holds("stopped", run.is_gone(pid))
    equal("left", os.listdir(site.run), [])
    init.call("status", want=NOT_RUNNING)


def init_script(_):
    if shutil.which("start-stop-daemon") is None:
        cannot("no start-stop-daemon")
    why = namespace.why_not()
    if why is not None:
        cannot(why)
    done = subprocess.run(
        namespace.command("-B", os.path.abspath(__file__), INSIDE), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise Failed(done.stdout.decode())


def inside():
    site = run.Site()
    try:
        init_inside(site)
    finally:
        site.remove()


TESTS = (systemd_units, init_script)


def main():
    failed = 0
    print("1..%d" % len(TESTS))
    for number, test in enumerate(TESTS, 1):
        folder = tempfile.mkdtemp(prefix="telltls-units-")
        try:
            test(folder)
            print("ok %d - %s" % (number, test.__name__))
        except Skipped as why:
            print("ok %d - %s # SKIP %s" % (number, test.__name__, why))
        except Exception as error:  # any other is a failed test too
            failed += 1
            text = str(error) if isinstance(error, Failed) else traceback.format_exc()
            print("not ok %d - %s" % (number, test.__name__))
            print("\n".join("# " + line for line in text.splitlines()))
        finally:
            shutil.rmtree(folder)
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(inside() if sys.argv[1:] == [INSIDE] else main())
