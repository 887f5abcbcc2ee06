# SPDX-License-Identifier: BSD-2-Clause
"""The main() of a script whose tests are functions of a folder. Where one
cannot be had it is skipped; with TELLTLS_MUST_RUN in the environment (as
./quickstart test has it) it fails. "SCRIPT NAME" runs one test, "SCRIPT
--inside NAME" one that is in namespaces already.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

import inside
from places import Journald, Remote, stop_all
from counted import READER, Failed

EX_SKIP = 77  # as automake has it


class Unavailable(Exception):
    """It turned out that the test cannot be had here."""


def _is_built():
    with tempfile.TemporaryDirectory(prefix="telltls-journal-") as folder:
        p = subprocess.run([READER, "end", os.path.join(folder, "state"), folder],
                           stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return p.returncode != 69


def _why_not(is_inside):
    if not _is_built():
        return "telltls was built without the journal"
    why = Remote.why_not()
    return Journald.why_not() if why is None and is_inside else why


def _run(test):
    """Runs it in a folder of its own. Returns what is wrong, or None."""
    folder = tempfile.mkdtemp(prefix="telltls-journal-")
    try:
        test(folder)
        return None
    except Unavailable:
        raise
    except Exception as error:  # any other is a failed test too
        return str(error) if isinstance(error, Failed) else traceback.format_exc()
    finally:
        stop_all()
        shutil.rmtree(folder)


def _run_inside(test):
    p = subprocess.run(inside.command(sys.executable, sys.argv[0], "--inside", test.__name__),
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if p.returncode == EX_SKIP:
        raise Unavailable(p.stdout.strip())
    return None if p.returncode == 0 else p.stdout + p.stderr


def _inside(test):
    inside.settle()
    try:
        wrong = _run(test)
    except Unavailable as why:
        print(why)
        return EX_SKIP
    print(wrong or "ok")
    return 1 if wrong else 0


def _try(test, is_inside):
    """Returns why it cannot be had, and what is wrong."""
    why = _why_not(is_inside)
    if why is not None:
        return why, None
    try:
        return None, _run_inside(test) if is_inside else _run(test)
    except Unavailable as e:
        return str(e), None


def main(tests, inside_tests):
    """Returns the exit status."""
    if sys.argv[1:2] == ["--inside"]:
        return _inside({test.__name__: test for test in inside_tests}[sys.argv[2]])
    tests = [test for test in tests + inside_tests
             if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        why, wrong = _try(test, test in inside_tests)
        if why is not None and "TELLTLS_MUST_RUN" not in os.environ:
            print(f"ok {number} # SKIP {test.__name__}: {why}")
            continue
        wrong = why or wrong
        title = f"{number} - {test.__name__}: {' '.join(test.__doc__.split())}"
        print(("not ok " if wrong else "ok ") + title)
        if wrong:
            failed += 1
            print("\n".join("# " + line for line in wrong.splitlines()))
        sys.stdout.flush()
    return 1 if failed else 0
