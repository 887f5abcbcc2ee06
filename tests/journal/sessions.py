# SPDX-License-Identifier: BSD-2-Clause
"""What a busy Sendmail with our rules logs: sessions that run side by side, a
line of one, a line of another, and what they come to, to the session.
"""
import collections
import random
import time

SECOND = 1000000
OPEN = 20  # sessions side by side

_Q = "%(q)s: TLSRPT1^%(kind)s^i:%(q)s"
_D = "^q:%(k)s^h:%(mx)s^d:%(domain)s.^s:s@mta.example^r:u@%(domain)s"
_STEPS = {
    "ok": (
        "T",
        "STARTTLS=client, relay=%(mx)s., version=TLSv1.3, verify=OK, "
        "cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
        "S:OK",
        "R:OK",
        "%(q)s: to=<u@%(domain)s>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30080, "
        "relay=%(mx)s. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
    ),
    "not-offered": (
        "S:NONE",
        "R:NONE",
        "%(q)s: to=<u@%(domain)s>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30080, "
        "relay=%(mx)s. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
    ),
    "failed": (
        "T",
        "STARTTLS=client, error: connect failed=-1, reason=unknown, SSL_error=5, errno=104, "
        "retry=-1",
        "S:SOFTWARE",
        "ruleset=tls_server, arg1=SOFTWARE, relay=%(mx)s, reject=454 4.7.0 TLS handshake failed.",
        "%(q)s: to=<u@%(domain)s>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30080, "
        "relay=%(mx)s. [192.0.2.1], dsn=4.7.0, stat=Deferred: 454 4.7.0 TLS handshake failed.",
    ),
}

Line = collections.namedtuple("Line", "ident pid message")


def day_of(us):
    return time.strftime("%Y-%m-%d", time.gmtime(us // SECOND))


def _record(step, names):
    kind, _, verify = step.partition(":")
    head = _Q % dict(names, kind=kind)
    version = "TLSv1.3" if verify == "OK" else ""
    if kind == "T":
        return head + "^a:192.0.2.1" + _D % dict(names, k="")
    if kind == "R":
        return head + f"^v:{verify}^p:{version}^a:192.0.2.1" + _D % dict(names, k="")
    return (head + f"^v:{verify}^p:{version}^c:^b:^n:match^a:192.0.2.1^f:^o:" +
            _D % dict(names, k="^k:1") + "^cn:^ci:")


class Mail:
    """Lines one by one. truth: (day, domain, mx, tls) -> sessions; lines: how
    many lines are ours. Both tell of what was given out so far; finish() gives
    what is left of the open sessions.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.truth = collections.Counter()
        self.lines = 0
        self._open = []
        self._n = 0

    def _begin(self):
        self._n += 1
        tls = self.random.choice(("ok", "ok", "ok", "not-offered", "failed"))
        domain = f"d{self.random.randrange(60)}.example"
        names = {"q": f"6AMB{self._n:010d}", "domain": domain, "mx": "mx." + domain}
        self._open.append((1000 + self._n % 30000, tls, names, list(_STEPS[tls])))

    def next(self, us):
        """The next line, at this time."""
        if len(self._open) < OPEN:
            self._begin()
        return self._step(us)

    def _step(self, us):
        session = self.random.choice(self._open)
        pid, tls, names, steps = session
        step = steps.pop(0)
        if not steps:
            self._open.remove(session)
        self.lines += 1
        if step[0] == "S" and step[:2] == "S:":
            self.truth[day_of(us), names["domain"], names["mx"], tls] += 1
        message = _record(step, names) if step[:2] in ("T", "S:", "R:") else step % names
        return Line("sm-mta", pid, message)

    def finish(self, us):
        while self._open:
            yield self._step(us)
