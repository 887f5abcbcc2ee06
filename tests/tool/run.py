#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls as it is run: command line, configuration, tally, damage, and
that its manual page tells of all options.
"""
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

SRC = os.environ.get("TESTS_SRC", os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("TESTS_BIN", os.path.dirname(SRC))
PROGRAM = os.path.join(BIN, "tool", "telltls")
FILL_TALLY = os.path.join(BIN, "tests", "tool", "fill_tally")
MANUAL = os.path.join(SRC, "..", "man", "telltls.1")

COMMANDS = ("bounce", "check", "disable", "enable", "explain", "metrics",
            "outbox", "replay", "rules", "status", "suppress", "tally")
DAY = "2026-11-22"
USAGE, DATAERR, NOINPUT, IOERR, TEMPFAIL, CONFIG = 64, 65, 66, 74, 75, 78

# The members that other programs rely on, in their order.
FACT = ("kind day domain mx ip sending_ip tls reason chain name dane level "
        "verdict version helo feed policy count first last").split()
POLICY = "kind day hash domain mx since source content".split()


class Failed(Exception):
    pass


def equal(what, got, want):
    if got != want:
        raise Failed("%s: got %r, want %r" % (what, got, want))


def holds(what, value):
    if not value:
        raise Failed("does not hold: " + what)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        return self.out.splitlines()

    def objects(self, kind=None):
        objects = [json.loads(line) for line in self.lines()]
        return [o for o in objects if kind in (None, o["kind"])]


class Site:
    """A state directory and a configuration of one test."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="telltls-tool-")
        self.state = os.path.join(self.dir, "state")
        self.conf = os.path.join(self.dir, "telltls.yaml")
        self.configure("")

    def remove(self):
        shutil.rmtree(self.dir)

    def configure(self, text, lookup=False):
        """By default no name is looked up, in whatever network this runs."""
        more = "" if lookup else "policies:\n  lookup: false\n"
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("state: %s\n%s%s" % (self.state, text, more))

    def fill(self, scene):
        subprocess.run([FILL_TALLY, self.state, scene], check=True)

    def day_file(self, day=DAY):
        return os.path.join(self.state, "tally", day)

    def raw(self, *args, want=0, **more):
        """Runs the program with these arguments alone."""
        program = PROGRAM
        if "user" in more:
            # he may not get to where it was built, in root's own folder say
            program = shutil.copy(PROGRAM, self.dir)
        done = subprocess.run(
            [program, *args], stdin=subprocess.DEVNULL,
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE, timeout=60, check=False, **more)
        result = Result(done.returncode,
                        (done.stdout or b"").decode(), done.stderr.decode())
        if result.code != want:
            raise Failed("%s: exit code: got %d, want %d\n%s%s" % (
                " ".join(args), result.code, want, result.out, result.err))
        return result

    def run(self, *args, **more):
        return self.raw("-c", self.conf, *args, **more)

    def on_terminal(self, *args, **env):
        """The output as a terminal would get it."""
        master, slave = pty.openpty()
        try:
            subprocess.run(
                [PROGRAM, "-c", self.conf, *args], stdin=subprocess.DEVNULL,
                stdout=slave, stderr=subprocess.PIPE, timeout=60, check=True,
                env=dict(os.environ, **dict({"TERM": "xterm"}, **env)))
        finally:
            os.close(slave)
        out = b""
        while True:  # it hands out its text in parts
            try:
                part = os.read(master, 65536)
            except OSError:  # EIO: the other side is closed
                part = b""
            if not part:
                break
            out += part
        os.close(master)
        return out.decode()


def help_of_all(site):
    for args in (["--help"], ["-h"], ["help"], ["--state", "x", "--help"]):
        result = site.raw(*args)
        holds("%r: usage" % args, result.out.startswith("Usage: telltls "))
        for command in COMMANDS:
            holds(command, "\n  %s " % command in result.out)
    holds("version", re.fullmatch(r"telltls \d\S*\n",
                                  site.raw("--version").out))


def help_of_command(site):
    for command in COMMANDS:
        for args in ([command, "--help"], ["help", command], [command, "-h"],
                     ["--state", "x", command, "--help"]):
            result = site.raw(*args)
            holds("%r" % args,
                  re.match(r"Usage: telltls %s\s" % command, result.out))


def usage_errors(site):
    for args, wanted in (
            ([], "Usage:"), (["nonsense"], "unknown command nonsense"),
            (["tallly"], "did you mean tally?"), (["stauts"], "status?"),
            (["help", "repaly"], "replay?"), ([""], "unknown command"),
            (["x\x1b[31m"], "x\\x1b[31m"),
            (["--nonsense"], "unknown option --nonsense"),
            (["-x", "tally"], "unknown option -x"),
            (["tally", "-x"], "unknown option -x"),
            (["tally", "--seal"], "unknown option --seal"),
            (["tally", "--day"], "--day needs a value"),
            (["-c"], "-c needs a value"),
            (["tally", "--json=yes"], "takes no value"),
            (["tally", "operand"], "operand"),
            (["status", "operand"], "operand"),
            (["tally", "--day", "yesterday"], "--day yesterday"),
            (["tally", "--day", "2026-11-31"], "--day 2026-11-31"),
            (["tally", "--domain", "a..b"], "--domain a..b"),
            (["tally", "--domain", "[192.0.2.1]"], "--domain"),
            (["tally", "--domain", "\x1b"], "\\x1b"),
            (["replay", "log"], "--mta"),
            (["explain"], "DOMAIN"), (["explain", "a..b"], "a..b"),
            (["replay", "--mta", "sendmail"], "LOG")):
        result = site.raw(*args, want=USAGE)
        holds("%r: %r in %s" % (args, wanted, result.err),
              wanted in result.err)
        equal("%r: output" % args, result.out, "")
    err = site.raw("nonsense", want=USAGE).err
    for command in COMMANDS:
        holds("the list has " + command, "\n  %s " % command in err)


def places_of_options(site):
    site.fill("many")
    want = site.raw("--state", site.state, "tally").out
    holds("something", "a.example" in want)
    for args in (["tally", "--state", site.state],
                 ["tally", "--state=" + site.state],
                 ["-c", site.conf, "tally"], ["tally", "-c", site.conf],
                 ["tally", "-c" + site.conf],
                 ["--state", "/nonexistent", "tally", "--state", site.state]):
        equal("%r" % args, site.raw(*args).out, want)


def configuration(site):
    for args in (["tally"], ["status"], ["replay", "--mta", "sendmail", "x"]):
        err = site.raw("-c", "/nonexistent/t.yaml", *args, want=CONFIG).err
        holds("no file", "/nonexistent/t.yaml: No such file" in err)
    site.configure("contat: a@b.example\ntally:\n  facts: many\n")
    err = site.run("status", want=CONFIG).err.splitlines()
    equal("two faults", len(err), 2)
    holds(err[0], err[0].endswith(
        "telltls.yaml:2: unknown key contat, expected contact?"))
    holds(err[1], ":4: tally.facts: " in err[1])
    # help needs no configuration
    site.run("status", "--help")
    site.configure("")
    holds("state of the file", site.state in
          site.run("tally", want=NOINPUT).err)


def no_state(site):
    err = site.run("tally", want=NOINPUT).err
    holds(err, "nothing was counted yet" in err)
    site.run("tally", "--json", want=NOINPUT)
    site.run("tally", "--day", DAY, want=NOINPUT)
    out = site.run("status").out
    holds(out, "no tally yet" in out and "telltls replay --mta" in out)
    equal("advice", [o["wrong"] for o in
                     site.run("status", "--json").objects("advice")], [False])
    equal("nothing was made", os.path.exists(site.state), False)
    os.makedirs(os.path.join(site.state, "tally"))
    site.run("tally", want=NOINPUT)
    site.run("status")


def tally_text(site):
    site.fill("many")
    out = site.run("tally").out
    equal("table", out.split("\n\n"), [
        "day         domain     mx             tls          version  feed    "
        "  sessions\n" + "\n".join(
            "%s  a.example  mx2.b.example  not-offered  TLSv1.2  sendmail   "
            "      2\n"
            "%s  b.example  mx2.b.example  ok           TLSv1.2  sendmail   "
            "     11\n"
            "%s  b.example  mx1.b.example  ok           TLSv1.2  sendmail   "
            "      1" % (day, day, day)
            for day in (DAY, "2026-11-23", "2026-11-24")),
        "day         state   domains  facts  sessions  with TLS\n"
        "2026-11-22  sealed        2      3        14        12\n"
        "2026-11-23  open          2      3        14        12\n"
        "2026-11-24  open          2      3        14        12\n"])
    out = site.run("tally", "--day", "2026-11-23", "--domain",
                   "A.Example.").out
    equal("one", out,
          "day         domain     mx             tls          version  feed  "
          "    sessions\n"
          "2026-11-23  a.example  mx2.b.example  not-offered  TLSv1.2  "
          "sendmail         2\n\n"
          "day         state  domains  facts  sessions  with TLS\n"
          "2026-11-23  open         1      1         2         0\n")
    out = site.run("tally", "--domain", "nobody.example", "--day", DAY).out
    equal("none", out,
          "day         state   domains  facts  sessions  with TLS\n"
          "2026-11-22  sealed        0      0         0         0\n")
    site.run("tally", "--day", "2026-11-20", want=NOINPUT)


def tally_json(site):
    site.fill("full")
    result = site.run("tally", "--json")
    facts = {o["domain"]: o for o in result.objects("fact")}
    policies = {o["domain"]: o for o in result.objects("policy")}
    for o in facts.values():
        equal("members", list(o), FACT)
    for o in policies.values():
        equal("members", list(o), POLICY)
    full = facts["full.example"]
    equal("hash", full.pop("policy"), policies["full.example"]["hash"])
    equal("full", full, {
        "kind": "fact", "day": DAY, "domain": "full.example",
        "mx": "mx.full.example", "ip": "2001:db8::1",
        "sending_ip": "192.0.2.1", "tls": "ok", "reason": "dane-no-match",
        "chain": "self-signed", "name": "mismatch", "dane": "mismatch",
        "level": "dane", "version": "TLSv1.3", "helo": '"evil\\',
        "verdict": [{"type": "tlsa", "result": "\u2028\x7f"}],
        "feed": "mx1", "count": 3, "first": 1795305610, "last": 1795305612})
    none = facts["none.example"]
    equal("none", [none[m] for m in ("mx", "ip", "reason", "verdict",
                                     "policy", "chain", "count")],
          ["", "", "", [], "", "unknown", 1])
    equal("own", (policies["full.example"]["source"],
                  policies["full.example"]["content"]),
          ("own", {"mx": "secure", "tlsa": "usable",
                   "tlsa-base": "mx.full.example",
                   "tlsa-records": ["3 1 1 aa"], "sts": "fetch-error",
                   "sts-reason": "http-404"}))
    equal("mta", (policies["other.example"]["source"],
                  policies["other.example"]["content"]),
          ("mta", "no JSON \x1b \ufffd"))
    holds("no raw control character",
          not re.search("[\x00-\x09\x0b-\x1f\x7f\u2028]", result.out))
    kinds = [o["kind"] for o in site.run(
        "tally", "--json", "--domain", "full.example").objects()]
    equal("filter", kinds, ["fact", "policy", "policy"])


def policies_text(site):
    """What recipients had published, between facts and totals."""
    site.fill("full")
    tables = site.run("tally").out.split("\n\n")
    equal("tables", len(tables), 3)
    equal("policies", [re.split("  +", row)
                       for row in tables[1].splitlines()], [
        ["day", "domain", "mx", "since", "source", "mx records", "tlsa",
         "records", "tlsa base", "mta-sts", "reason"],
        [DAY, "full.example", "2026-11-22T00:00:00Z", "own", "secure",
         "usable", "1", "mx.full.example", "fetch-error", "http-404"],
        [DAY, "full.example", "2026-11-22T01:00:00Z", "own", "insecure",
         "none", "mode testing"],
        [DAY, "other.example", "mx.other.example", "2026-11-22T00:00:01Z",
         "mta", "cannot be read"]])
    out = site.run("tally", "--domain", "other.example").out
    equal("without facts", out.split("\n\n")[0].splitlines()[0].split(),
          ["day", "domain", "mx", "since", "source", "reason"])


def many_days_json(site):
    site.fill("many")
    days = [o["day"] for o in site.run("tally", "--json").objects()]
    equal("days", days, sorted(days))
    equal("facts", len(days), 9)


def colour(site):
    site.fill("many")
    holds("colour", "\x1b[31m" in site.on_terminal("tally"))
    holds("NO_COLOR", "\x1b" not in site.on_terminal("tally", NO_COLOR="1"))
    holds("NO_COLOR=", "\x1b" in site.on_terminal("tally", NO_COLOR=""))
    holds("dumb", "\x1b" not in site.on_terminal("tally", TERM="dumb"))
    holds("no terminal", "\x1b" not in site.run("tally").out)


def damage(site):
    """Whatever byte is wrong: what can be read is shown, the rest is told."""
    site.fill("many")
    path = site.day_file("2026-11-23")
    with open(path, "rb") as f:
        good = f.read()
    at = good.index(b"mx2.b.example")
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(b"X")
    result = site.run("tally", want=DATAERR)
    holds("the other days", result.out.count("b.example") >= 6)
    holds(result.err, "2026-11-23 is damaged: left out" in result.err)
    result = site.run("tally", "--json", want=DATAERR)
    holds("lines", 6 <= len(result.objects("fact")) < 9)
    result = site.run("status", want=1)
    holds(result.out, "!! 2026-11-23 is damaged" in result.out)
    day = site.run("status", "--json", want=1).objects("day")[1]
    holds("counted", day["damaged"] > 0)


def damaged_policy(site):
    """A policy that is damaged is left out, and told of."""
    site.fill("full")
    with open(site.day_file(), "r+b") as f:
        f.seek(f.read().index(b"3 1 1 aa"))
        f.write(b"4")
    for args in ((), ("--json",)):
        result = site.run("tally", *args, want=DATAERR)
        holds(result.err, "is damaged: left out" in result.err)
        holds(result.out, "full.example" in result.out)
    holds("no policy", "4 1 1 aa" not in result.out)


def unreadable(site):
    site.fill("many")
    for text in (b"", b"no tally" * 8192, b"\0" * 65536):
        with open(site.day_file("2026-11-23"), "wb") as f:
            f.write(text)
        result = site.run("tally", want=DATAERR)
        holds(result.err, "cannot read %s: " % site.day_file("2026-11-23")
              in result.err)
        equal("said once", len(result.err.splitlines()), 1)
        holds("other days", "2026-11-24  b.example" in result.out)
        site.run("tally", "--json", want=DATAERR)
        site.run("tally", "--day", "2026-11-23", want=DATAERR)
        site.run("tally", "--day", "2026-11-24")
        out = site.run("status", want=1).out
        holds(out, "2026-11-23  unreadable" in out)
        holds(out, "!! 2026-11-23 cannot be read: " in out)


def output_error(site):
    site.fill("many")
    for args in (["tally"], ["tally", "--json"], ["status"], ["--help"]):
        with open("/dev/full", "wb") as full:
            err = site.run(*args, stdout=full, want=IOERR).err
        holds(err, "cannot write the output: No space left" in err)


def nothing_is_written(site):
    """A reader takes no lock and changes nothing."""
    site.fill("many")

    def snapshot():
        return [(root, files, [os.stat(os.path.join(root, f)).st_mtime_ns
                               for f in files])
                for root, _, files in os.walk(site.state)]

    before = snapshot()
    site.run("tally")
    site.run("tally", "--json")
    site.run("status")
    equal("state", snapshot(), before)


def manual(site):
    """The page has a section for each command, with exactly its options."""
    with open(MANUAL, encoding="utf-8") as f:
        text = f.read()
    sections = dict(re.findall(r"^\.Ss (\w+)\n(.*?)(?=^\.S[sh] )", text,
                               re.M | re.S))
    equal("commands", sorted(sections), sorted(COMMANDS))
    for command in COMMANDS:
        shown = set(re.findall(r"^  --([\w-]+)", site.raw(command, "--help").out,
                               re.M)) - {"state", "help"}
        told = set(re.findall(r"^\.It Fl -([\w-]+)", sections[command], re.M))
        equal(command, told, shown)
    site.fill("full")
    counters = site.run("status", "--json", want=1).objects("feed")[0][
        "counters"]
    told = re.findall(r"^\.It Cm ([a-z-]+)$", sections["status"], re.M)
    equal("counters", ["lines", "records", "sessions"] + told, list(counters))
    told = re.findall(r"^\.It Cm ([a-z_ ,]+)$", sections["tally"], re.M)
    equal("members", re.findall(r"\w+", " ".join(told)), sorted(
        FACT[1:], key=re.findall(r"\w+", " ".join(told)).index))


TESTS = (help_of_all, help_of_command, usage_errors, places_of_options,
         configuration, no_state, tally_text, tally_json, policies_text,
         many_days_json, colour, damage, damaged_policy, unreadable,
         output_error, nothing_is_written, manual)


def run_all(tests, make_site):
    failed = 0
    print("1..%d" % len(tests))
    for number, test in enumerate(tests, 1):
        site = make_site()
        try:
            test(site)
            print("ok %d - %s" % (number, test.__name__))
        except Exception as error:  # any other is a failed test too
            failed += 1
            text = str(error) if isinstance(error, Failed) \
                else traceback.format_exc()
            print("not ok %d - %s" % (number, test.__name__))
            print("\n".join("# " + line for line in text.splitlines()))
        finally:
            site.remove()
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_all(TESTS, Site))
