#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests telltls-report as it is run: command line, days, outbox and ledger.
What its resolver may answer is in lookups.py.
"""
import glob
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fake_dns import FakeDns, txt  # noqa: E402
from reporter_site import (  # noqa: E402
    PROGRAM, DAY1, DAY2, DAY3, GOOD, begin_of, equal, holds, on_terminal,
    run_all, seal_line, wait_for)


def good(*domains):
    return {d: GOOD % d for d in domains}


def command_line(site):
    equal("help", "Usage:" in site.run("--help").out, True)
    holds("help says what is needed",
          "telltls enable" in site.run("--help").out)
    holds("version", site.run("--version").out.startswith("telltls-report "))
    for args in (["--what"], ["--day"], ["--day", "2026-13-01"],
                 ["--day", "yesterday"], ["--domain", "a..b"],
                 ["--domain", "[192.0.2.1]"], ["--dry-run", ""],
                 ["--state", ""], ["operand"], ["--resend"],
                 ["--resend", "--day", DAY1, "--dry-run", "x"],
                 ["--resend", "--release", DAY1],
                 ["--now", "--dry-run", "x"]):
        result = site.run(*args, want=64)
        holds("%r: a message" % args, "telltls-report" in result.err)
        equal("%r: nothing on stdout" % args, result.out, "")


def configuration(site):
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1))
    holds("no file", "/nonexistent" in
          site.run(conf="/nonexistent", want=78).err)
    for text, wanted in (("organization: X\n", "contact"),
                         ("contact: a@b.example\n", "organization"),
                         ("organization: X\ncontact: a@b.example\n", "dkim"),
                         ("what: this\n", ":1:"),
                         ("organization: X\ncontact: a@b.example\n"
                          "from: a@c.example\n", "from")):
        site.write(site.conf, text)
        holds(text + "is told", wanted in site.run(want=78).err)
    site.configure(dns="  local-data: /nonexistent/zone\n")
    holds("zone", "/nonexistent/zone" in site.run(want=78).err)
    site.write(site.zone, "a.example IN A 192.0.2.1\nnonsense here\n")
    site.configure()
    holds("line of the zone", ":2: " in site.run(want=78).err)


def nothing_to_do(site):
    site.run()
    equal("no state is made", os.path.exists(site.state), False)
    site.run("--dry-run", site.dir + "/dry")
    site.run("--day", DAY1, want=66)
    site.tally("fact %s 1 a.example ok" % DAY1)
    site.write_zone(good("a.example"))
    site.run()
    equal("a day that is not sealed", site.days(), [])
    equal("reports", glob.glob(site.outbox + "/*/*"), [])
    holds("says so", "not sealed" in site.run("--day", DAY1, want=66).err)
    holds("says so", "not sealed" in
          site.run("--day", DAY1, "--dry-run", site.dir + "/dry",
                   want=66).err)
    holds("no such day", "no tally" in site.run("--day", DAY2, want=66).err)


def backlog(site):
    """PEERS: several days share a range and an id; a lost day."""
    site.tally("fact %s 3 a.example ok mx.a.example" % DAY1,
               "fact %s 2 a.example refused mx.a.example" % DAY1,
               "fact %s 1 b.example ok" % DAY1, seal_line(DAY1),
               "fact %s 5 a.example ok mx.a.example" % DAY2, seal_line(DAY2),
               "fact %s 7 a.example ok" % DAY3)
    site.write_zone(good("a.example"))
    result = site.run()
    counts = result.counts()
    for key, want in (("domains", 3), ("records", 2), ("reports", 2),
                      ("mails", 2), ("uploads", 0), ("retries", 0)):
        equal(key, counts[key], want)
    holds("says that nothing is sent",
          "sending is not enabled (telltls enable) waiting=2" in result.err)
    ids = set()
    for day, successes, failures in ((DAY1, 3, 2), (DAY2, 5, 0)):
        bodies = site.bodies(day)
        equal("domains of " + day, list(bodies), ["a.example"])
        body = bodies["a.example"]
        equal("range", body["date-range"],
              {"start-datetime": day + "T00:00:00Z",
               "end-datetime": day + "T23:59:59Z"})
        equal("summary", body["policies"][0]["summary"],
              {"total-successful-session-count": successes,
               "total-failure-session-count": failures})
        ids.add(body["report-id"])
    equal("ids", len(ids), 2)
    equal("days", site.days(), [begin_of(DAY1), begin_of(DAY2)])
    for path in glob.glob(site.outbox + "/**", recursive=True):
        equal("mode of " + path, os.stat(path).st_mode & 0o777,
              0o750 if os.path.isdir(path) else 0o640)
    # R112: run twice
    before = site.stamps()
    equal("second run", "domains=" in site.run().err, False)
    equal("second run", site.stamps(), before)
    holds("says so", "reported before" in site.run("--day", DAY1).err)
    # R113: what comes later does not open the day again
    made = site.reports(DAY1)
    site.tally("fact %s 9 a.example ok mx.a.example" % DAY1)
    site.run()
    equal("late facts", site.reports(DAY1), made)
    # day three, sealed at last
    site.tally(seal_line(DAY3))
    site.run()
    equal("third day", list(site.bodies(DAY3)), ["a.example"])
    holds("nothing of no record is kept (R27)",
          ("b.example",) not in site.rows("domain"))


def mails_of(files):
    """Of a dry run, which writes the bodies, too."""
    return {n: b for n, b in files.items() if n.endswith(".eml")}


def dry_run(site):
    site.tally("fact %s 3 a.example ok" % DAY1,
               "fact %s 1 b.example not-offered" % DAY1, seal_line(DAY1),
               "fact %s 5 a.example ok" % DAY2, seal_line(DAY2))
    site.write_zone(good("a.example", "b.example"))
    dry = site.dir + "/dry"
    before = site.stamps()
    site.run("--dry-run", dry)
    equal("state", site.stamps(), before)
    made = site.reports(top=dry)
    equal("files", len(made), 6)
    site.run()
    equal("the same as in the outbox, and bodies", mails_of(made),
          {**site.reports(DAY1), **site.reports(DAY2)})
    before = site.stamps()
    site.run("--dry-run", dry)
    equal("again, with a ledger: state", site.stamps(), before)
    equal("again: files", site.reports(top=dry), made)
    site.run("--dry-run", dry + "1", "--day", DAY1, "--domain", "A.Example.")
    equal("limited", site.reports(top=dry + "1"),
          {n: b for n, b in made.items()
           if "!a.example!%d!" % begin_of(DAY1) in n})
    site.write(dry + "2", "a file")
    site.run("--dry-run", dry + "2", want=73)
    site.run("--dry-run", dry + "3/4", want=73)


def limits(site):
    """--day and --domain make what they name, and leave the rest open."""
    site.tally("fact %s 3 a.example ok" % DAY1,
               "fact %s 1 b.example ok" % DAY1, seal_line(DAY1),
               "fact %s 5 a.example ok" % DAY2, seal_line(DAY2))
    site.write_zone(good("a.example", "b.example"))
    site.run("--domain", "B.EXAMPLE")
    equal("b", list(site.bodies(DAY1)), ["b.example"])
    equal("days", site.days(), [])
    site.run("--day", DAY2)
    equal("days", site.days(), [begin_of(DAY2)])
    equal("first day", list(site.bodies(DAY1)), ["b.example"])
    site.run()
    equal("days", site.days(), [begin_of(DAY1), begin_of(DAY2)])
    equal("first day", sorted(site.bodies(DAY1)), ["a.example", "b.example"])


def destinations(site):
    """R149: one mail for each address; one body for all."""
    site.tally("fact %s 1 a.example ok" % DAY1,
               "fact %s 1 b.example ok" % DAY1, seal_line(DAY1))
    site.write_zone({
        "a.example": "v=TLSRPTv1; rua=https://a.example/x,"
                     "mailto:a@a.example?subject=x,tel:1,"
                     "mailto:b%2Cc@a.example",
        "b.example": "v=TLSRPTv1; rua=https://b.example/x"})
    counts = site.run().counts()
    equal("mails, uploads", (counts["mails"], counts["uploads"]), (2, 2))
    made = site.reports(DAY1)
    ends = sorted(n.split("!")[1] + n[n.rindex("!") + 17:] for n in made)
    equal("names", ends, ["a.example.1.eml", "a.example.2.eml",
                          "a.example.json.gz", "b.example.json.gz"])
    tos = sorted(line for n, b in made.items() if n.endswith(".eml")
                 for line in b.split(b"\r\n") if line.startswith(b"To:"))
    equal("To", tos, [b'To: "b,c"@a.example', b"To: a@a.example"])


def left_out(site):
    long1 = ".".join(["l" * 60] * 3 + ["m" * 51, "example"])  # 242 octets
    long2 = "x" + long1
    site.tally("limit 1000", "fact %s 1 keep.example ok" % DAY1,
               "fact %s 1 excluded.example ok" % DAY1,
               "fact %s 1 excluded1.example ok" % DAY1,
               "fact %s 4 none.example no-session" % DAY1,
               "fact %s 1 %s ok" % (DAY1, long1),
               "fact %s 1 %s ok" % (DAY1, long2), seal_line(DAY1))
    site.write_zone(good("keep.example", "excluded.example",
                         "excluded1.example"))
    with open(site.zone, "a", encoding="ascii") as f:
        f.write('_smtp._tls.%s IN TXT "%s"\n' % (long1, GOOD % "a.example"))
    site.configure(report="  exclude: [b.example, excluded.example]\n")
    counts = site.run().counts()
    equal("excluded", counts["excluded"], 1)
    equal("reports", sorted(site.bodies(DAY1)),
          ["excluded1.example", "keep.example", long1])
    holds("short names of files",
          all(len(n) < 256 for n in site.reports(DAY1)))
    equal("rows", [d for d, in site.rows("domain")],
          ["excluded1.example", "keep.example", long1])
    equal("days", site.days(), [begin_of(DAY1)])


def our_address(site):
    """R194: our own address can be left out."""
    site.tally("fact %s 1 a.example refused mx.a.example 192.0.2.1 "
               "198.51.100.7" % DAY1, seal_line(DAY1))
    site.write_zone(good("a.example"))
    for report, want in (("", "198.51.100.7"),
                         ("  sending-mta-ip: false\n", None)):
        site.configure(report=report)
        dry = site.dir + "/dry" + str(want)
        site.run("--dry-run", dry)
        detail = site.bodies(top=dry)["a.example"]["policies"][0][
            "failure-details"][0]
        equal("receiving-ip", detail["receiving-ip"], "192.0.2.1")
        equal("sending-mta-ip", detail.get("sending-mta-ip"), want)


def full_tally(site):
    """Sessions whose domain the tally could not keep are said, not hidden."""
    site.tally("limit 1000", "many %s 1200" % DAY1, seal_line(DAY1))
    result = site.run()
    counts = result.counts()
    holds("nameless", counts["nameless"] > 0)
    equal("all", counts["nameless"] + counts["domains"], 1200)
    holds("warning", "tally was full" in result.err)


def damaged_tally(site):
    site.tally("many %s 1000" % DAY1, "fact %s 1 zz.example ok" % DAY1,
               seal_line(DAY1), "fact %s 1 zz.example ok" % DAY2,
               seal_line(DAY2), "fact %s 1 zz.example ok" % DAY3,
               seal_line(DAY3))
    site.write_zone(good("zz.example"))
    path = site.state + "/tally/" + DAY1
    with open(path, "r+b") as f:
        data = f.read()
        f.seek(data.index(b"d0000500.example"))
        f.write(b"d0000500/example")
    os.truncate(site.state + "/tally/" + DAY2, 100)
    result = site.run(want=65)
    counts = result.counts()
    equal("damaged", counts["damaged"], 1)
    equal("domains", counts["domains"], 1001)
    holds("warning", "damaged facts" in result.err)
    holds("error", "/tally/" + DAY2 in result.err)
    equal("days", site.days(), [begin_of(DAY1), begin_of(DAY3)])
    # a file under the name of another day
    os.rename(site.state + "/tally/" + DAY3, site.state + "/tally/" + DAY2)
    site.run(want=65)
    equal("days", site.days(), [begin_of(DAY1), begin_of(DAY3)])


def cannot_write(site):
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1))
    site.write_zone(good("a.example"))
    site.write(site.state + "/outbox", "a file")
    site.run(want=73)
    os.remove(site.state + "/outbox")
    os.mkdir(site.state + "/outbox")
    site.write(site.outbox + "/" + DAY1, "a file")
    site.run(want=73)
    equal("rows", site.rows(), [])
    os.remove(site.outbox + "/" + DAY1)
    ledger = site.files(site.outbox)["ledger.sqlite"]
    for text, wanted in (("garbage " * 1000, "ledger"),
                         (ledger.decode("latin-1")[:5000], "ledger")):
        site.write(site.ledger, text)
        holds("error", wanted in site.run(want=74).err)
    with open(site.ledger, "wb") as f:
        f.write(ledger)
    site.sql("PRAGMA user_version = 9")
    holds("version", "version" in site.run(want=74).err)
    os.remove(site.ledger)
    site.run()
    equal("reports", list(site.bodies(DAY1)), ["a.example"])


def started_by_root(site):
    """What root's run makes, the next one of the state's owner can change."""
    if os.geteuid() != 0:
        return
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1))
    site.write_zone(good("a.example"))
    os.chmod(site.dir, 0o755)
    for path in [site.state, *glob.glob(site.state + "/**", recursive=True)]:
        os.chown(path, 65534, 65534)
    equal("reports", site.run().counts()["reports"], 1)
    made = [site.outbox, *glob.glob(site.outbox + "/**", recursive=True)]
    holds("files: %s" % made, len(made) > 4)
    for path in made:
        equal("owner of " + path, os.stat(path).st_uid, 65534)


def log_and_terminal(site):
    """A person sees progress and the log; cron sees nothing."""
    site.tally("many %s 5" % DAY1, seal_line(DAY1))
    command = [PROGRAM, "-c", site.conf, "--state", site.state]
    shown = on_terminal(command)
    holds("progress", DAY1 + ": 5/5" in shown)
    holds("log", "info: ended run" in shown and "domains=5" in shown)
    os.remove(site.ledger)
    p = subprocess.run(command, stderr=subprocess.PIPE,
                       stdout=subprocess.PIPE, check=True)
    equal("without a terminal", (p.stdout, p.stderr), (b"", b""))
    equal("days", site.days(), [begin_of(DAY1)])


def two_at_once(site):
    site.tally("fact %s 1 a.example ok" % DAY1, seal_line(DAY1))
    server = FakeDns()
    try:
        name = "_smtp._tls.a.example"
        server.answers[name] = txt(GOOD % "a.example")
        server.held = {name}
        site.ask(server, timeout="60s")
        first = site.start()
        wait_for("the question", lambda: server.n_held() == 1)
        result = site.run()
        holds("says so", "another run" in result.err)
        equal("domains", "domains=" in result.err, False)
        # a dry run needs no lock
        server.release()
        equal("first", site.end(first).code, 0)
    finally:
        server.stop()
    equal("reports", list(site.bodies(DAY1)), ["a.example"])


def killed(site):
    """A run killed between two batches: the next one completes it."""
    domains = ["d%07d.example" % i for i in range(600)]
    site.tally("many %s 600" % DAY1, seal_line(DAY1))
    server = FakeDns()
    try:
        names = {d: "_smtp._tls." + d for d in domains}
        for d, name in names.items():
            server.answers[name] = txt(GOOD % d)
        site.ask(server, timeout="60s", more="  parallel: 50\n")
        site.run("--dry-run", site.dir + "/dry")
        want = mails_of(site.reports(top=site.dir + "/dry"))
        equal("files", len(want), 600)
        server.held = {names[d] for d in domains[400:]}
        run = site.start()
        # 400 answers: one batch is in place, some of the next are written
        wait_for("the last questions", lambda: server.n_held() == 50)
        wait_for("the files", lambda: len(glob.glob(
            site.outbox + "/*/.tmp.*")) == 400 - 256)
        run[0].kill()
        equal("killed", site.end(run).code, -9)
        server.release()
    finally:
        server.stop()
    first = site.reports(DAY1)
    equal("files of one batch", len(first), 256)
    equal("their rows", len(site.rows()), 256)
    site.write_zone(good(*domains))
    site.configure()
    counts = site.run().counts()
    equal("reports of the second run", counts["reports"], 600 - 256)
    equal("files", site.reports(DAY1), want)
    equal("days", site.days(), [begin_of(DAY1)])


def killed_before_the_ledger(site):
    """Files that the ledger does not know go, and come back the same; if the
    record is gone by then, they do not (R26)."""
    site.tally(*["fact %s 1 %s.example ok" % (DAY1, d) for d in "abc"],
               seal_line(DAY1))
    site.write_zone({"a.example": GOOD % "a.example",
                     "b.example": GOOD % "b.example" + ",mailto:x@b.example",
                     "c.example": GOOD % "c.example"})
    site.run()
    made = site.reports(DAY1)
    equal("files", len(made), 4)
    site.sql("DELETE FROM report WHERE domain != 'a.example'")
    site.sql("DELETE FROM day")
    site.write(site.outbox + "/" + DAY1 + "/.tmp.1.0", "half a fi")
    site.write(site.outbox + "/" + DAY1 + "/notes.txt", "of the operator")
    stamp = {n: os.stat(site.outbox + "/" + DAY1 + "/" + n).st_ino
             for n in made if "!a.example!" in n}
    site.write_zone(good("b.example"))
    site.run()
    now = site.files(site.outbox + "/" + DAY1)
    equal("a stranger's file", now.pop("notes.txt"), b"of the operator")
    equal("files", now, {n: b for n, b in made.items() if "!c.example!"
                         not in n and not n.endswith(".1.eml")})
    equal("a is not touched", {n: os.stat(site.outbox + "/" + DAY1 + "/" +
                                          n).st_ino for n in stamp}, stamp)


if __name__ == "__main__":
    sys.exit(run_all([
        command_line, configuration, nothing_to_do, backlog, dry_run, limits,
        destinations, left_out, our_address, full_tally, damaged_tally,
        cannot_write, started_by_root, log_and_terminal, two_at_once, killed,
        killed_before_the_ledger]))
