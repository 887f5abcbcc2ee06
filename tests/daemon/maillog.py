# SPDX-License-Identifier: BSD-2-Clause
"""Writes the log of a busy Sendmail, and knows what it holds.

A site's evening or several of them: many delivering processes at a time, with
the records of our rules, plain lines, lines of other programs and lines that
are none. What must be counted is noted here line by line as the lines are
made up, from what doc/sendmail.md tells; no program of ours is asked.
"""
import bisect
import collections
import datetime
import heapq
import itertools
import random

DAY_S = 86400
IDLE_S, WAIT_S = 600, 4500  # how long a process may be silent: mta lines
IPV4 = "198.51.%d.%d"
QID = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
OWN_SENDER = "tlsrpt@sender.example"
REASONS = (  # of a handshake that failed: what is logged before the record
    ("SSL_error=5, errno=104, retry=-1", "connection-closed-during-handshake"),
    ("SSL_error=2, errno=11, retry=0", "timeout-during-handshake"),
    (None, "tls-handshake-failure"))
CHAINS = (  # of a certificate that was refused: verifymsg=
    (None, "bad"), ("certificate has expired", "expired"),
    ("self-signed certificate", "self-signed"),
    ("unable to get local issuer certificate", "untrusted"))
FOREIGN = (
    "dovecot[%d]: imap-login: Login: user=<u>, method=PLAIN, rip=192.0.2.7",
    "sm-mta[%d]: STARTTLS=server, relay=a.example [192.0.2.1], "
    "version=TLSv1.3, verify=NO, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
    "sshd[%d]: Received disconnect from 192.0.2.9 port 4222:11: bye",
    "sm-mta[%d]: NOQUEUE: connect from a.example [192.0.2.1]",
    "milter-x[%d]: \xfcml\xe4ut of another program, and a long way behind it "
    "what looks like a record: TLSRPT1^S^i:6AM")
BAD = ("", "not a log line", "   at Mail.send(Mail.java:42)", "\xff\xfe\x00")


def day_of(t):
    return t - t % DAY_S


class Fact(collections.namedtuple(
        "Fact", "domain mx ip sending_ip tls reason chain name dane version")):
    """The members of "telltls tally --json" that tell sessions apart."""


# What a line, or the time that passes, makes count: a fact or a counter.
Effect = collections.namedtuple("Effect", "t fact counter n")


def fact(t, **members):
    known = dict(dict.fromkeys(Fact._fields, ""), chain="unknown",
                 name="unknown", dane="unknown")
    return Effect(t, Fact(**dict(known, **members)), None, 1)


def counter(t, name, n=1):
    return Effect(t, None, name, n)


class Process:
    """One delivering process: its lines, with what each makes count."""

    def __init__(self, log, t):
        self.log, self.rng, self.t = log, log.rng, t
        self.pid = log.next_pid()
        self.lines = []  # time, text, effects
        self.at_end = []  # effects when it is over
        self.limit_s = IDLE_S

    def second(self):
        return self.t // 1000000

    def wait(self, least, most):
        self.t += int(self.rng.uniform(least, most) * 1000000)

    def say(self, text, *effects):
        effects = list(effects)
        if "TLSRPT1^X" not in text:
            effects.append(counter(self.second(), "records"))
        if "TLSRPT1^" in text[:64]:
            effects += [counter(self.second(), "rules"),
                        counter(self.second(), "rules-bytes", len(text))]
        self.lines.append((self.t, "sm-mta[%d]: %s" % (self.pid, text),
                           effects))
        self.wait(0, 0.3)

    def record(self, qid, kind, *pairs, effects=()):
        self.say("%s: TLSRPT1^%s^i:%s%s" % (qid, kind, qid, "".join(
            "^%s:%s" % pair for pair in pairs)), *effects)


class Delivery:
    """A message on its way to one host, told by records."""

    def __init__(self, process, sender=None, required=""):
        self.p, self.rng = process, process.rng
        self.domain = self.rng.choice(process.log.domains)
        self.number = self.rng.randint(1, 2)
        self.sender = sender or "user%d@sender.example" % self.rng.randint(
            1, 50)
        self.required = required
        self.qid = process.log.next_qid()
        self.new_host()

    def new_host(self):
        self.host = "mx%d.%s" % (self.number, self.domain)
        self.ip = self.p.log.ip_of(self.host)
        self.origin = self.rng.choice(("", "192.0.2.25"))
        self.number += 1

    def tail(self, rcpt):
        return (("h", self.host), ("d", self.domain + "."),
                ("s", self.sender), ("r", rcpt))

    def try_tls(self):
        self.p.record(self.qid, "T", ("a", self.ip), ("q", self.required),
                      *self.tail("user@" + self.domain))

    def server(self, verify, version="", name="nomatch", effects=()):
        """The record of the outcome; returns the session's time."""
        t = self.p.second()
        self.p.record(
            self.qid, "S", ("v", verify), ("p", version),
            ("c", version and "TLS_AES_256_GCM_SHA384"),
            ("b", version and "256"), ("n", name), ("a", self.ip),
            ("f", version and "C8:30:05:69:3E:2D:56:31"), ("o", self.origin),
            ("q", self.required), ("k", "1"),
            *self.tail("user@" + self.domain),
            ("cn", version and self.host), ("ci", version and "Some+20CA"),
            effects=effects)
        self.verify, self.version = verify, version
        return t

    def rcpt(self, domain, effects):
        self.p.record(self.qid, "R", ("v", self.verify), ("p", self.version),
                      ("a", self.ip), ("q", self.required),
                      *self.tail("user@" + domain), effects=effects)

    def to(self, *domains, stat="Sent (ok)", dsn="2.0.0", effects=()):
        self.p.say("%s: to=%s, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, "
                   "pri=30080, relay=%s. [%s], dsn=%s, stat=%s" % (
                       self.qid, ",".join("<user@%s>" % d for d in domains),
                       self.host, self.ip, dsn, stat), *effects)

    def base(self, t, domain=None, **more):
        return fact(t, domain=domain or self.domain, mx=self.host, ip=self.ip,
                    sending_ip=self.origin, **more)


def hint_of_failure(p):
    shown, reason = p.rng.choice(REASONS)
    if shown is not None:
        p.say("STARTTLS=client, error: connect failed=-1, reason=unknown, "
              + shown)
    return reason


def hint_of_chain(p, verify):
    if verify == "OK":
        return "ok"
    shown, chain = p.rng.choice(CHAINS)
    if shown is not None:
        p.say("STARTTLS=client, cert-subject=/CN=x, cert-issuer=/CN=x, "
              "verifymsg=" + shown)
    return chain


def secure(p, d):
    """A session with TLS; returns what makes a fact of it for a domain."""
    d.try_tls()
    verify = p.rng.choice(("OK", "OK", "OK", "FAIL"))
    version = p.rng.choice(("TLSv1.3", "TLSv1.2"))
    name = p.rng.choice(("match", "match", "nomatch"))
    p.say("STARTTLS=client, relay=%s., version=%s, verify=%s, "
          "cipher=TLS_AES_256_GCM_SHA384, bits=256/256" %
          (d.host, version, verify))
    chain = hint_of_chain(p, verify)
    t = d.server(verify, version, name)
    members = {"mx": d.host, "ip": d.ip, "sending_ip": d.origin, "tls": "ok",
               "chain": chain, "version": version,
               "name": "match" if name == "match" else "mismatch"}
    return lambda domain: fact(t, domain=domain, **members)


def with_tls(p):
    """Some recipients, in domains with the same hosts; then the end."""
    d = Delivery(p)
    make = secure(p, d)
    others = p.rng.sample(p.log.domains, p.rng.choice((0, 0, 0, 1, 3)))
    held = []
    for domain in [x for x in others if x != d.domain] + [d.domain]:
        held.append(make(domain))
        # which domain is the next hop's is known when it comes by
        is_direct = domain == d.domain
        d.rcpt(domain, held if is_direct else ())
        held = [] if is_direct else held
    p.wait(0, p.rng.choice((1, 5, 60, 300)))
    d.to(*reversed(others), d.domain)


def queue_run(p):
    """A connection that is used again, for minutes."""
    first = Delivery(p)
    make = secure(p, first)
    first.rcpt(first.domain, [make(first.domain)])
    first.to(first.domain)
    told = {first.domain}
    for _ in range(p.rng.randint(2, 12)):
        p.wait(1, 60)
        d = Delivery(p)
        d.host, d.ip, d.origin = first.host, first.ip, first.origin
        d.verify, d.version = first.verify, first.version
        d.rcpt(d.domain, [] if d.domain in told else [make(d.domain)])
        told.add(d.domain)
        d.to(d.domain)


def fallback(p):
    """The first host fails, the second takes it: two sessions."""
    d = Delivery(p)
    d.try_tls()
    reason = hint_of_failure(p)
    t = d.server("SOFTWARE")
    failed = d.base(t, tls="failed", reason=reason)
    p.say("ruleset=tls_server, arg1=SOFTWARE, relay=%s, "
          "reject=454 4.7.0 TLS handshake failed." % d.host)
    d.new_host()
    p.wait(0, 30)
    make = secure(p, d)
    d.rcpt(d.domain, [make(d.domain), failed])
    d.to(d.domain)


def failure(p):
    d = Delivery(p)
    d.try_tls()
    verify = p.rng.choice(("SOFTWARE", "FAILURE"))
    reason = hint_of_failure(p)
    if verify == "FAILURE":
        reason = "connection-closed-during-handshake"
    t = d.server(verify)
    p.wait(0, 5)
    d.to(d.domain, dsn="4.7.0", stat="Deferred: 454 4.7.0 TLS failed.",
         effects=[d.base(t, tls="failed", reason=reason)])


def abandoned(p):
    """The process ends without a word: its next hop is all that is known."""
    d = Delivery(p)
    d.try_tls()
    reason = hint_of_failure(p)
    t = d.server("SOFTWARE")
    p.limit_s = WAIT_S
    p.at_end = [counter(t, "expired"),
                d.base(t, tls="failed", reason=reason)]


def in_clear(p):
    d = Delivery(p)
    tls, reason, verify = p.rng.choice((
        ("not-offered", "starttls-not-offered", "NONE"),
        ("refused", "starttls-reply-4xx", "TEMP"),
        ("refused", "starttls-reply-5xx", "NONE")))
    if tls == "refused":
        d.try_tls()
    t = d.server(verify)
    d.rcpt(d.domain, [d.base(t, tls=tls, reason=reason)])
    d.to(d.domain)


def left_out(p):
    """Sessions that do not count: counted as such when they are over."""
    name, sender, required = p.rng.choice((
        ("own-report", OWN_SENDER, ""), ("tls-required-no", None, "no")))
    d = Delivery(p, sender, required)
    d.try_tls()
    t = d.server("OK", "TLSv1.3", "match")
    d.rcpt(d.domain, ())
    d.to(d.domain)
    p.at_end = [counter(t, name)]


def clear_retry(p):
    d = Delivery(p)
    d.server("CLEAR", effects=[counter(p.second(), "clear-retry")])
    d.to(d.domain)


def faults(p):
    qid = p.log.next_qid()
    if p.rng.random() < 0.5:
        p.say("%s: TLSRPT1^X^i:%s^v:OK" % (qid, qid),
              counter(p.second(), "bad-record"))
    else:
        d = Delivery(p)
        d.verify, d.version = "OK", "TLSv1.3"
        d.rcpt(d.domain, [counter(p.second(), "orphan")])


def plain(p):
    """A process without our rules."""
    d = Delivery(p)
    d.origin = ""
    verify = p.rng.choice(("OK", "FAIL"))
    t = p.second()
    p.say("STARTTLS=client, relay=%s., version=TLSv1.3, verify=%s, "
          "cipher=TLS_AES_256_GCM_SHA384, bits=256/256" % (d.host, verify))
    chain = hint_of_chain(p, verify)
    p.wait(0, p.rng.choice((1, 60, 400)))
    d.to(d.domain, effects=[d.base(
        t, tls="ok", chain=chain, version="TLSv1.3")])


def plain_failure(p):
    d = Delivery(p)
    d.origin = ""
    reason = hint_of_failure(p)
    t = p.second()
    p.say("ruleset=tls_server, arg1=SOFTWARE, relay=%s, "
          "reject=454 4.7.0 TLS handshake failed." % d.host)
    d.to(d.domain, dsn="4.7.0", stat="Deferred: 454 4.7.0 TLS failed.",
         effects=[fact(t, domain=d.domain, mx=d.host, ip=d.ip, tls="failed",
                       reason=reason)])


KINDS = ((with_tls, 12), (queue_run, 2), (fallback, 2), (failure, 2),
         (abandoned, 1), (in_clear, 3), (left_out, 1), (clear_retry, 1),
         (faults, 1), (plain, 3), (plain_failure, 1))


class Log:
    """
    The log as it will be: text; and by the day, facts: the sessions in the
    order in which they count, and counters: what must be counted beside them,
    while all else is 0. evenings: first and last second of each.
    """

    def __init__(self, seed, host, zone_min, evenings, processes):
        self.rng = random.Random(seed)
        self.host = host
        self.zone = datetime.timezone(datetime.timedelta(minutes=zone_min))
        self.domains = ["d%d.example" % n for n in range(150)]
        self.pid = self.rng.randint(1000, 3000000)
        self.qids = self.rng.randint(0, len(QID) ** 5)
        self.ends = []  # heap: when a process is over, and what that counts
        self.effects = []
        self.lines = []
        self.seconds = []  # of each line
        for first, last in evenings[:-1]:
            self.write(self.make_up(first, last, processes))
        # the last one breaks off: many sessions are open then
        first, last = evenings[-1]
        self.write([line for line in self.make_up(first, last, processes)
                    if line[0] < last * 1000000])
        self.add_up()
        self.text = b"".join(self.lines)
        self.ends_at = list(itertools.accumulate(map(len, self.lines)))

    def next_pid(self):
        self.pid += self.rng.randint(1, 3)
        return self.pid

    def next_qid(self):
        self.qids += 1
        n, out = self.qids, ""
        for _ in range(6):
            n, digit = divmod(n, len(QID))
            out += QID[digit]
        return "6AM" + out + "%05d" % (self.pid % 100000)

    @staticmethod
    def ip_of(host):
        n = sum(ord(c) * (i + 1) for i, c in enumerate(host))
        return IPV4 % (n // 250 % 250, n % 250 + 1)

    def make_up(self, first, last, processes):
        """Lines with their times, their process and effects, in order."""
        kinds, weights = zip(*KINDS)
        lines = []
        for _ in range(processes):
            p = Process(self, self.rng.randrange(
                first * 1000000, last * 1000000))
            self.rng.choices(kinds, weights)[0](p)
            lines += [(*line, p if line is p.lines[-1] else None)
                      for line in p.lines]
        for _ in range(processes):
            t = self.rng.randrange(first * 1000000, last * 1000000)
            if self.rng.random() < 0.1:
                lines.append((t, None, (), None))
            else:
                lines.append((t, self.rng.choice(FOREIGN) %
                              self.rng.randint(1, 30000), (), None))
        lines.sort(key=lambda line: line[0])
        return lines

    def stamp(self, t):
        at = datetime.datetime.fromtimestamp(t // 1000000, self.zone)
        return at.replace(microsecond=t % 1000000).isoformat(
            timespec="microseconds")

    def write(self, lines):
        before = lines[0][0] // 1000000
        for t, text, effects, ended in lines:
            second = t // 1000000
            if text is None:  # counted where the log was before it
                if not self.lines:
                    continue
                second = before
                text = self.rng.choice(BAD)
                self.effects.append(counter(before, "bad-line"))
            else:
                if text.startswith("sm-mta"):
                    self.expire(second)
                text = "%s %s %s" % (self.stamp(t), self.host, text)
            self.effects += effects
            self.effects.append(counter(second, "lines"))
            before = second
            self.seconds.append(second)
            self.lines.append(text.encode("latin-1") + b"\n")
            if ended is not None and ended.at_end:
                heapq.heappush(self.ends, (second + ended.limit_s, ended.pid,
                                           ended.at_end))

    def expire(self, second):
        while self.ends and self.ends[0][0] < second:
            self.effects += heapq.heappop(self.ends)[2]

    def time_at(self, offset):
        """The time of the line that holds the byte before an offset."""
        return self.seconds[bisect.bisect_left(self.ends_at, offset)]

    def add_up(self):
        """The effects of each day, in the order in which they count."""
        self.facts = collections.defaultdict(list)
        self.counters = collections.defaultdict(collections.Counter)
        for e in self.effects:
            day = day_of(e.t)
            if e.fact is not None:
                self.facts[day].append(e.fact)
            self.counters[day][e.counter or "sessions"] += e.n
