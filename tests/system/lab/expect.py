# SPDX-License-Identifier: BSD-2-Clause
"""What telltls must have counted, worked out from what the receivers saw."""
import collections
from typing import NamedTuple

from . import world

# What a log without verifymsg= (LogLevel below 12) says of a bad chain.
VERIFYMSG_LEVEL = 12
# What a milter sees of a message.
NOTABLE = ("own-report", "tls-required-no")
KEY = ("domain", "mx", "ip", "tls", "reason", "chain", "name", "version")
RESULT = {"not-offered": "starttls-not-supported", "refused": "starttls-not-supported",
          "failed": "validation-failure", "ok": "success"}


def domain_of(address):
    return address.rpartition("@")[2].lower()


def hop_of(address):
    """Whom a session with this recipient counts for."""
    return world.RELAYED.get(domain_of(address), domain_of(address)).strip("[]")


def _left_out(message, domain):
    """Which counter a message belongs to, or None if it makes a fact."""
    if domain[-1].isdigit():
        return "address-literal"
    if message["from"] == world.REPORTER:
        return "own-report"
    return "tls-required-no" if message["tls_required_no"] else None


def _domains(session, row):
    """Each domain that the session was for, and what it is left out for. A
    receiver that came to see no message knows for whom it is there."""
    kinds = collections.defaultdict(set)
    for message in session["sent"]:
        for domain in map(hop_of, message["to"]):
            kinds[domain].add(_left_out(message, domain))
    if row.left_out or not kinds:
        return {row.served[0]: row.left_out or None}
    return {d: None if None in kind else min(kind) for d, kind in kinds.items()}


def _key(session, row, domain, site):
    chain = name = "unknown"
    if session["outcome"] == "ok":
        name, chain = row.match if site.rules else "unknown", "ok"
        if row.cert != "good":
            chain = row.cert if site.log_level >= VERIFYMSG_LEVEL else "bad"
    return (domain, session["mx"], session["ip"], session["outcome"], row.reason, chain, name,
            session["version"])


class Seen(NamedTuple):
    counted: collections.Counter   # sessions by KEY
    left_out: collections.Counter  # sessions by the name of the counter
    end: int                       # nothing was later

    @property
    def n_counted(self):
        return sum(self.counted.values())


def seen(site, end, noted=()):
    """What telltls must have counted of what the receivers saw. noted: the
    counters of messages that it knows by its milter, since a plain log tells
    nothing of them."""
    result = Seen(collections.Counter(), collections.Counter(), end)
    rows = world.addresses()
    outcomes = ("ok", "failed") if not site.rules else ("ok", "failed", "not-offered", "refused")
    for session in site.truth.read():
        row = rows[session["ip"]]
        if session["outcome"] not in outcomes:
            continue
        for domain, counter in _domains(session, row).items():
            if counter in (NOTABLE if not site.rules else ()) and counter not in noted:
                counter = None
            if counter is not None:
                result.left_out[counter] += 1
            else:
                result.counted[_key(session, row, domain, site)] += 1
    return result


def reports(counted):
    """Sessions by domain and result, for the domains that ask for reports."""
    totals = collections.defaultdict(collections.Counter)
    for key, n in counted.items():
        fact = dict(zip(KEY, key))
        if fact["domain"] in world.asking_domains():
            totals[fact["domain"]][RESULT[fact["tls"]]] += n
    return {domain: dict(results) for domain, results in totals.items()}


def deliveries(messages):
    """How often each recipient's receiver must have taken one of messages."""
    served = {d for row in world.RECEIVERS if row.takes_mail for d in row.served}
    wanted = collections.Counter()
    for message in messages:
        for to in message.to:
            if hop_of(to) in served or domain_of(to).startswith("["):
                wanted[to.lower()] += 1
            elif domain_of(to) in world.REJECTING:
                wanted[message.sender] += 1
    return wanted


def taken(truth):
    return collections.Counter(to.lower() for session in truth for message in session["sent"]
                               for to in message["taken"])


def gaps(truth, log):
    """What the run was to show and did not: without it the rest proves less."""
    ok = [s for s in truth if s["outcome"] == "ok"]

    def both(*names):
        wanted = {f"{name}.{world.ZONE}" for name in names}
        return lambda s: wanted <= {domain_of(to) for m in s["sent"] for to in m["to"]}

    def several(name):
        return lambda s: both(name)(s) and len(s["sent"]) > 1

    wanted = {
        "a session with several messages": any(map(several("good"), ok)),
        "a session in clear with several messages": any(map(several("notls"), truth)),
        "one message for two domains on one host":
            any(len({domain_of(to) for to in m["to"]}) > 1 for s in ok for m in s["sent"]),
        "two messages for two domains in one session":
            any(both("shared1", "shared2")(s) and len(s["sent"]) > 1 for s in ok),
        "one message for two domains with one next hop":
            any(both("relayed1", "relayed2")(s) for s in ok),
        "a session with and without TLS-Required: No":
            any(len({m["tls_required_no"] for m in s["sent"]}) > 1 for s in ok),
        "a host that failed and was tried again":
            sum(s["mx"] == f"mx.closed.{world.ZONE}" for s in truth) > 1,
        "a recipient refused at first":
            any(m["to"] and not m["taken"] for s in ok if both("later")(s) for m in s["sent"]),
        "a bounce":
            any(m["from"] == "" and m["taken"] == [world.SENDER] for s in ok for m in s["sent"]),
        "two hosts of one domain, one after the other":
            {s["mx"] for s in ok} >= {f"mx.soft1.{world.ZONE}", f"mx.soft2.{world.ZONE}"},
        "a busy host": any(s["outcome"] == "no-session" for s in truth),
        "a record that was cut in two": any("[1]: TLSRPT1^S" in line for line in log),
    }
    return [text for text, is_there in wanted.items() if not is_there]
