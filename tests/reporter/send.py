#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how telltls-report sends: what leaves and when, what becomes of it, and
what is kept. That nothing is lost when it dies is in deaths.py.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from post import (  # noqa: E402
    ALL_DUE, DAY, HOUR, KEEP, MINUTE, SCENE, SPREAD, Post, by_destination,
    enable, items, sent)
from reporter_site import (  # noqa: E402
    DAY1, DAY2, DAY3, GOOD, RUN_REPORT, begin_of, equal, holds, on_terminal,
    run_all, seal_line)
from sinks import closed_port  # noqa: E402


def all_sent(site):
    with Post(site) as post:
        post.scene()
        result = site.run()
        counts = sent(result)
        for key, want in (("sent", 5), ("waiting", 0), ("retries", 0),
                          ("bounced", 0), ("refused", 0), ("given-up", 0),
                          ("suppressed", 0)):
            equal(key, counts[key], want)
        equal("destinations", sorted(post.received()), SCENE)
        equal("bytes", {to: b[0] for to, b in post.received().items()},
              by_destination(site.reports(DAY1)))
        equal("Content-Type", {p.headers["Content-Type"]
                               for p in post.https.posts},
              {"application/tlsrpt+gzip"})
        tokens = dict(items(site, "target, token"))
        for m in post.smtp.mails:
            equal("envelope sender", m.sender,
                  "tls-reports+%s@sender.example" % tokens[m.to])
        equal("connections", post.smtp.n_connections, 1)
        equal("states", {s for _, s in items(site)}, {"sent"})
        holds("answers", all(a for a, in items(site, "answer")))
        post.clear()
        result = site.run()
        equal("second run", (post.received(), "ended" in result.err),
              ({}, False))


def not_enabled(site):
    """Promise 6; what was made before is sent from the day that is named."""
    with Post(site) as post:
        post.scene(enabled=None)
        for _ in range(2):
            err = site.run("--now").err
            equal("told once", err.count("is not enabled"), 1)
            holds("how many", "waiting=5" in err)
        holds("resend", "not enabled" in
              site.run("--resend", "--day", DAY1, want=69).err)
        site.tally("fact %s 1 a.example ok mx.a.example" % DAY2,
                   seal_line(DAY2))
        site.now += DAY
        site.run()
        equal("nothing left", post.received(), {})
        equal("states", {s for _, s in items(site)}, {"waiting"})
        enable(site, DAY2)
        site.run()
        equal("destinations", sorted(post.received()),
              ["/a", "tls@a.example", "x@c.example"])
        equal("first day", {s for _, s in items(
            site, where="day = %d" % begin_of(DAY1))}, {"given-up"})
        site.run("--resend", "--day", DAY1, want=66)
        site.set_outbox("disable")
        site.tally("fact %s 1 b.example ok mx.b.example" % DAY3,
                   seal_line(DAY3))
        site.now += DAY
        post.clear()
        site.run("--now")
        equal("disabled", post.received(), {})


def disabled_meanwhile(site):
    """Who disables sending need not wait for the end of a run."""
    with Post(site) as post:
        post.scene()
        post.smtp.on_mail = lambda: site.set_outbox("disable")
        result = site.run()
        equal("destinations", len(post.received()), 1)
        holds("told", result.err.count("it was disabled") == 1)
        equal("states", sorted(s for _, s in items(site)),
              ["sent"] + 4 * ["waiting"])
        post.smtp.on_mail = None
        enable(site, DAY1)
        site.run()
        equal("the rest", sorted(post.received()), SCENE)


def spread(site):
    """R111: over four hours, each at its own time; --now does not wait."""
    with Post(site) as post:
        n = 12
        site.tally("many %s %d" % (DAY1, n), seal_line(DAY1))
        domains = ["d%07d.example" % i for i in range(n)]
        site.write_zone({d: GOOD % d for d in domains})
        enable(site, DAY1)
        site.now = begin_of(DAY1) + DAY + 15 * MINUTE
        site.run("--day", DAY1)
        due = {d: t - begin_of(DAY1) - DAY
               for d, t in items(site, "domain, next_try", "tries = 0")}
        holds("offsets", all(0 <= t < SPREAD for t in due.values()))
        holds("are spread", len(set(due.values())) > n / 2)
        shutil.copytree(site.state, site.dir + "/kept")
        late = {}
        while site.now < ALL_DUE + 30 * MINUTE:
            post.clear()
            site.run()
            for m in post.smtp.mails:
                late[m.to.split("@")[1]] = site.now
            site.now += 30 * MINUTE
        for d, t in due.items():
            at = late[d] - begin_of(DAY1) - DAY
            holds("%s at its time" % d, t <= at < t + 30 * MINUTE)
        site.state = site.dir + "/kept"
        site.place()
        site.now = begin_of(DAY1) + DAY + 15 * MINUTE
        post.clear()
        site.run("--domain", domains[0], "--now")
        equal("--domain", [m.to for m in post.smtp.mails],
              ["tls@" + domains[0]])
        post.clear()
        left = len(items(site, where="state = 'waiting'"))
        site.run("--now")
        equal("--now", len(post.smtp.mails), left)


def retries(site):
    """R182: later and later, for 24 hours; the same bytes each time."""
    with Post(site) as post:
        post.scene()
        post.smtp.answers["tls@a.example"] = "450 4.2.0 come back"
        post.https.answers["/a"] = (503, {})
        begin = site.now
        times = {"tls@a.example": [], "/a": []}
        while site.now < begin + 26 * HOUR:
            post.clear()
            result = site.run()
            for to, seen in (("tls@a.example", post.smtp.asked),
                             ("/a", [p.path for p in post.https.posts])):
                if to in seen:
                    times[to].append(site.now - begin)
            waits = items(site, "next_try", "state = 'waiting'")
            if not waits:
                break
            site.now = min(t for t, in waits)
        for to, at in times.items():
            gaps = [b - a for a, b in zip(at, at[1:])]
            holds("%s: later and later: %r" % (to, at),
                  gaps == sorted(gaps[:-1]) + gaps[-1:] and
                  gaps[0] >= 15 * MINUTE)
            holds("%s: for a day: %r" % (to, at),
                  12 * HOUR < at[-1] <= DAY)
        equal("states", sorted(items(site)), [
            (post.https.url("/a"), "given-up"),
            (post.https.url("/b"), "sent"), ("tls@a.example", "given-up"),
            ("tls@b.example", "sent"), ("x@c.example", "sent")])
        equal("given up", sent(result)["given-up"], 2)
        holds("the log tells", "gave up report" in result.err and
              "come back" in result.err)
        equal("answer", items(site, "answer", "target = 'tls@a.example'"),
              [("450 4.2.0 come back",)])


def mended(site):
    """What failed is sent later, with the bytes of the first try."""
    with Post(site) as post:
        post.scene()
        post.smtp.answers["tls@a.example"] = "450 4.2.0 come back"
        post.https.answers["/a"] = (429, {"Retry-After": "7200"})
        counts = sent(site.run())
        equal("first run", (counts["sent"], counts["retries"],
                            counts["waiting"]), (3, 2, 2))
        first = post.posts_to("/a")[0].body
        post.clear()
        post.smtp.answers.clear()
        post.https.answers.clear()
        site.now += 15 * MINUTE - 1
        site.run()
        equal("too early", post.received(), {})
        site.now += 1
        site.run()
        equal("mail only", sorted(post.received()), ["tls@a.example"])
        site.now += 105 * MINUTE - 1
        post.clear()
        site.run()
        equal("Retry-After", post.received(), {})
        site.now += 1
        equal("sent", sent(site.run())["sent"], 1)
        equal("body", [p.body for p in post.posts_to("/a")], [first])
        equal("tries", items(site, "DISTINCT tries", "target LIKE '%/a'"),
              [(2,)])


def neighbours(site):
    """Many may share a host: Retry-After is about what was tried, and no try of
    what was not."""
    n = 20
    at_once = 4
    with Post(site) as post:
        domains = ["n%02d.example" % i for i in range(n)]
        site.tally(*["fact %s 1 %s ok mx.%s" % (DAY1, d, d)
                     for d in domains], seal_line(DAY1))
        site.write_zone({d: "v=TLSRPTv1; rua=" + post.https.url("/" + d)
                         for d in domains})
        enable(site, DAY1)
        # once tried already: a day from now would be too late for each
        post.https.answers = {"/" + d: (503, {}) for d in domains}
        equal("tried", sent(site.run())["retries"], n)
        site.now += 15 * MINUTE
        post.clear()
        post.https.answers = {"/" + d: (429, {"Retry-After": "86400"})
                              for d in domains}
        result = site.run()
        counts = sent(result)
        given_up = counts["given-up"]
        holds("given up is what was tried: %s" % counts,
              1 <= given_up <= at_once and given_up == len(post.received()))
        equal("the others wait", counts["put-off"], n - given_up)
        holds("it is told", "wants no more for now" in result.err)
        equal("no try of theirs", items(
            site, "DISTINCT tries, answer", "state = 'waiting'"),
              [(1, "http 503")])
        post.https.answers.clear()
        equal("the next run", sent(site.run())["sent"], n - given_up)


def refused(site):
    """A refusal is final; R177, R179, R179a."""
    table = ((404, "given-up", "refused"), (410, "given-up", "refused"),
             (400, "given-up", "refused"),
             (201, "sent", "sent"), (204, "sent", "sent"),
             (500, "waiting", "retries"), (302, "waiting", "retries"),
             (408, "waiting", "retries"))
    with Post(site) as post:
        post.scene()
        post.smtp.answers["tls@a.example"] = "550 5.1.1 no such user"
        domains = {"r%d.example" % status: status for status, _, _ in table}
        site.tally(*["fact %s 1 %s ok mx.%s" % (DAY1, d, d)
                     for d in domains])
        site.tally(*["fact %s 1 %s ok mx.%s" % (DAY2, d, d)
                     for d in domains], seal_line(DAY2))
        site.write_zone({d: "v=TLSRPTv1; rua=" + post.https.url("/" + d)
                         for d in domains} | {"a.example": GOOD % "a.example"})
        for d, status in domains.items():
            post.https.answers["/" + d] = (
                status, {"Location": post.https.url("/elsewhere")})
        site.now += DAY
        result = site.run()
        counts = sent(result)
        for d, (status, state, key) in zip(domains, table):
            equal("state after %d" % status, items(
                site, "state", "domain = '%s'" % d), [(state,)])
        for key in ("sent", "retries"):
            equal(key, counts[key], sum(k == key for _, _, k in table))
        equal("refused", counts["refused"],
              1 + sum(k == "refused" for _, _, k in table))
        equal("answer", items(site, "state, answer",
                              "target = 'tls@a.example'"),
              [("given-up", "550 5.1.1 no such user")])
        holds("the log tells", "report was refused" in result.err)
        equal("redirects", post.posts_to("/elsewhere"), [])
        # none of these is tried again but what waits
        post.clear()
        site.now += HOUR
        site.run()
        equal("asked again", sorted(p.path for p in post.https.posts),
              ["/r302.example", "/r408.example", "/r500.example"])
        equal("no mail", post.smtp.asked, [])


def our_fault(site):
    """Our MTA is away or refuses us: no try is counted, uploads leave."""
    with Post(site) as post:
        n = 6
        site.tally("many %s %d" % (DAY1, n), seal_line(DAY1))
        domains = ["d%07d.example" % i for i in range(n)]
        site.write_zone({d: GOOD % d + "," + post.https.url("/" + d)
                         for d in domains})
        enable(site, DAY1)
        post.configure(port=closed_port())
        result = site.run(want=75)
        holds("error", "fault on our side" in result.err)
        equal("uploads", len(post.https.posts), n)
        equal("tries", set(items(site, "tries, state",
                                 "kind = 'mailto'")), {(0, "waiting")})
        post.configure()
        for answer in ("451 4.3.0 not now", "550 5.7.1 not you"):
            post.smtp.mail_answer = answer
            site.now += HOUR
            result = site.run(want=75)
            holds("the answer", answer in result.err)
            holds("the rest is left", "left all other mails" in result.err)
        post.smtp.mail_answer = "250 2.1.0 ok"
        equal("told", result.err.count("fault on our side"), 1)
        # two days later it is back: nothing was given up
        site.now += 2 * DAY
        equal("sent", sent(site.run())["sent"], n)
        equal("mails", len(post.smtp.mails), n)


def many_mails(site, n):
    """Domains with a mail each, which are tried in this order."""
    site.tally("many %s %d" % (DAY1, n), seal_line(DAY1))
    domains = ["d%07d.example" % i for i in range(n)]
    site.write_zone({d: GOOD % d for d in domains})
    enable(site, DAY1)
    return ["tls@" + d for d in domains]


NOT_RELAYED = "554 5.7.1 Relay access denied"


def never_taken(site):
    """What our MTA never takes does not keep it from the others."""
    with Post(site, https=False) as post:
        to = many_mails(site, 12)
        bad = to[:7]
        post.smtp.data_answers = {a: "554 5.3.4 too large" for a in bad}
        result = site.run(want=75)
        equal("asked", post.smtp.asked, to)
        equal("sent", sorted(m.to for m in post.smtp.mails), to[7:])
        equal("told once", result.err.count("error: our MTA does not take"),
              1)
        holds("what it says", "554 5.3.4 too large" in result.err)
        equal("the rest is not left", "left all other" in result.err, False)
        equal("not taken", set(items(
            site, "state, tries, target IN (%s), next_try - %d" % (
                ",".join("'%s'" % a for a in bad), site.now),
            "state != 'sent'")), {("waiting", 0, 1, HOUR)})
        post.clear()
        site.now += HOUR - 1
        site.run()
        equal("too early", post.smtp.asked, [])
        site.now += 1
        post.smtp.data_answers.popitem()
        site.run(want=75)
        equal("again", (post.smtp.asked, [m.to for m in post.smtp.mails]),
              (bad, bad[-1:]))


def never_taken_between(site):
    """It is no sign that our MTA takes anything, either."""
    with Post(site, https=False) as post:
        to = many_mails(site, 6)
        post.smtp.answers = {a: NOT_RELAYED for a in to[:5:2]}
        post.smtp.data_answers = {a: "554 5.3.4 too large" for a in to[1:5:2]}
        result = site.run(want=75)
        equal("asked", post.smtp.asked, to[:5])
        holds("the rest is left", "left all other mails" in result.err)


def put_back(site):
    """What a fault of ours put back comes after what was not tried yet."""
    with Post(site, https=False) as post:
        to = many_mails(site, 6)
        post.smtp.answers = {a: NOT_RELAYED for a in to[:3]}
        site.run(want=75)
        equal("sent", len(post.smtp.mails), 0)
        site.now += 2 * HOUR
        post.clear()
        site.run(want=75)
        equal("order", post.smtp.asked, to[3:] + to[:3])
        equal("sent", len(post.smtp.mails), 3)


def suppressed(site):
    with Post(site) as post:
        post.scene()
        site.set_outbox("suppress", "tls@a.example", "2026-12-31")
        # for another domain, and for the one that has it
        site.set_outbox("suppress", "x@c.example", "2026-12-31", "b.example")
        site.set_outbox("suppress", "tls@b.example", "2026-12-31",
                        "b.example")
        result = site.run()
        equal("suppressed", sent(result)["suppressed"], 2)
        equal("destinations", sorted(post.received()),
              [d for d in SCENE
               if d not in ("tls@a.example", "tls@b.example")])
        equal("state", items(site, "target", "state = 'suppressed'"),
              [("tls@a.example",), ("tls@b.example",)])
        site.set_outbox("lift", "tls@a.example")
        post.clear()
        site.run()
        equal("nothing", post.received(), {})
        site.run("--resend", "--domain", "a.example")
        equal("lifted, again", sorted(post.received()),
              ["/a", "tls@a.example", "x@c.example"])


def resend(site):
    with Post(site) as post:
        post.scene()
        site.tally("fact %s 1 a.example ok mx.a.example" % DAY2,
                   seal_line(DAY2))
        site.run("--resend", "--day", DAY1, want=66)
        site.now += DAY
        post.smtp.answers["x@c.example"] = "550 5.1.1 no such user"
        site.run()
        first = post.received()
        equal("all", len(first), 4)
        post.smtp.answers.clear()
        for args, want in (
                (["--day", DAY1], {d: 1 for d in SCENE}),
                (["--domain", "a.example"], {
                    "/a": 2, "tls@a.example": 2, "x@c.example": 2}),
                (["--domain", "A.EXAMPLE.", "--day", DAY2], {
                    "/a": 1, "tls@a.example": 1, "x@c.example": 1})):
            post.clear()
            site.run("--resend", *args)
            got = post.received()
            equal(repr(args), {d: len(b) for d, b in got.items()}, want)
            for d, bodies in got.items():
                holds("%r: the bytes of before" % d,
                      set(bodies) <= set(first.get(d, bodies)))
        equal("tries", set(items(site, "state, tries")), {("sent", 1)})
        # a try that fails is one of a new day of tries
        post.smtp.answers["x@c.example"] = "450 4.2.0 come back"
        site.now += 12 * HOUR
        site.run("--resend", "--day", DAY1)
        equal("waits", items(site, "state, tries",
                             "target = 'x@c.example' AND day = %d" %
                             begin_of(DAY1)), [("waiting", 1)])
        site.run("--resend", "--domain", "nobody.example", want=66)
        # without files there is nothing to send
        for name in site.reports(DAY2):
            os.remove(os.path.join(site.outbox, DAY2, name))
        holds("gone", "no files" in
              site.run("--resend", "--day", DAY2, want=66).err)


def terminal(site):
    """A person sees how far it is, and what came of it."""
    with Post(site) as post:
        post.scene()
        shown = on_terminal([RUN_REPORT, "--at", str(site.now), "--", "-c",
                             site.conf, "--state", site.state])
        holds("progress: " + shown, "sending: 5/5" in shown)
        holds("log: " + shown, "ended sending sent=5 waiting=0 " in shown)


def lost_file(site):
    """A file that is gone ends its item, and is no secret."""
    with Post(site) as post:
        post.scene()
        site.now = begin_of(DAY1) + DAY + 1
        site.run()
        for name in site.reports(DAY1):
            if "!a.example!" in name:
                os.remove(os.path.join(site.outbox, DAY1, name))
        site.now = ALL_DUE
        result = site.run(want=66)
        holds("error", "cannot read the file of a report" in result.err)
        equal("b", sorted(d for d in post.received() if "b" in d),
              ["/b", "tls@b.example"])
        equal("waiting", items(site, where="state = 'waiting'"), [])
        equal("next run", "ended" in site.run().err, False)


def unreadable_files(site):
    """They wait for who mends that, and do not fill the log meanwhile."""
    with Post(site, https=False) as post:
        n = 12
        site.tally("many %s %d" % (DAY1, n), seal_line(DAY1))
        site.write_zone({"d%07d.example" % i: GOOD % "a.example"
                         for i in range(n)})
        site.run()
        enable(site, DAY1)
        folder = os.path.join(site.outbox, DAY1)
        for name in os.listdir(folder):
            if name.endswith(".eml"):
                path = os.path.join(folder, name)
                os.rename(path, path + ".moved")
                os.symlink(path + ".moved", path)
        err = site.run(want=66).err
        holds("few lines", err.count("cannot read the file") <= 3)
        equal("states", {s for _, s in items(site)}, {"waiting"})
        for name in os.listdir(folder):
            if name.endswith(".moved"):
                path = os.path.join(folder, name)
                os.rename(path, path[:-len(".moved")])
        site.run("--now")
        equal("mails", len(post.smtp.mails), n)


def many_to_one(site):
    """A host gets so many in one run, and the rest in the next."""
    cap = 1000
    with Post(site, https=False) as post:
        n = cap + 5
        site.tally("many %s %d" % (DAY1, n), seal_line(DAY1))
        site.write_zone({"d%07d.example" % i: GOOD % "vendor.example"
                         for i in range(n)})
        enable(site, DAY1)
        counts = sent(site.run())
        equal("first run", (counts["sent"], counts["waiting"],
                            counts["put-off"]), (cap, 5, 5))
        equal("next run", sent(site.run())["sent"], 5)
        equal("each once", len({m.data for m in post.smtp.mails}), n)
        # check-report has seen enough of these
        post.smtp.mails = post.smtp.mails[:3]
        shutil.rmtree(os.path.join(site.outbox, DAY1))


def two_at_once(site):
    with Post(site) as post:
        post.scene()

        def second():
            post.smtp.on_mail = None
            result.append(site.run())

        result = []
        post.smtp.on_mail = second
        equal("first", sent(site.run())["sent"], 5)
        holds("second", "another run" in result[0].err)
        equal("each once", {d: len(b) for d, b in post.received().items()},
              {d: 1 for d in SCENE})


def making_fails(site):
    """What was made before leaves, whatever cannot be made now."""
    with Post(site) as post:
        post.scene()
        site.now = begin_of(DAY1) + DAY + 1
        site.run()
        site.tally("fact %s 1 a.example ok mx.a.example" % DAY2,
                   "fact %s 1 b.example ok mx.b.example" % DAY2,
                   seal_line(DAY2))
        site.write(os.path.join(site.outbox, DAY2), "a file")
        site.now = ALL_DUE + DAY
        equal("sent", sent(site.run(want=73))["sent"], 5)
        equal("items of the other day", items(
            site, where="day = %d" % begin_of(DAY2)), [])
        os.remove(os.path.join(site.outbox, DAY2))
        equal("then", sent(site.run())["sent"], 5)


def tidy(site):
    """R197: files stay as long as they may be needed, and no longer."""
    with Post(site) as post:
        post.scene()
        end = begin_of(DAY1) + DAY
        post.smtp.answers["tls@a.example"] = "450 4.2.0 come back"
        folder = os.path.join(site.outbox, DAY1)
        site.now = end + 30 * HOUR      # the first try is late
        site.run()
        site.write(folder + "/notes.txt", "of the operator")
        site.now = end + KEEP + HOUR
        post.smtp.mail_answer = "451 4.3.0 not now"
        site.run(want=75)
        equal("something waits", len(site.reports(DAY1)), 5)
        post.smtp.mail_answer = "250 2.1.0 ok"
        post.smtp.answers.clear()
        site.run("--now")
        equal("nothing waits", site.files(folder),
              {"notes.txt": b"of the operator"})
        os.remove(folder + "/notes.txt")
        site.run()
        equal("folder", os.path.exists(folder), False)
        equal("items are known", len(items(site)), 5)
        site.tally("fact %s 1 b.example ok mx.b.example" % DAY2,
                   seal_line(DAY2))
        site.now = end + 32 * DAY
        site.run()
        equal("are forgotten", len(items(
            site, where="day = %d" % begin_of(DAY1))), 0)


def waits_too_long(site):
    """Nobody enables sending: reports do not pile up for ever."""
    with Post(site) as post:
        post.scene(enabled=None)
        site.run()
        site.now = begin_of(DAY1) + 31 * DAY - 1
        site.run()
        equal("files", len(site.reports(DAY1)), 5)
        site.now += DAY + 1
        holds("says so", "waited for too long day=%s destinations=5" % DAY1
              in site.run().err)
        equal("folder", os.path.exists(os.path.join(site.outbox, DAY1)),
              False)
        equal("items", items(site), [])
        equal("nothing left", post.received(), {})


if __name__ == "__main__":
    sys.exit(run_all([
        all_sent, not_enabled, disabled_meanwhile, spread,
        retries, mended, neighbours, refused, our_fault, never_taken,
        never_taken_between, put_back, suppressed, resend, terminal, lost_file,
        unreadable_files, many_to_one, two_at_once, making_fails, tidy,
        waits_too_long]))
