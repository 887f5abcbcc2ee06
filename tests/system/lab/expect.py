# SPDX-License-Identifier: BSD-2-Clause
"""What telltls must have counted, worked out from what the receivers saw."""
import collections
from typing import NamedTuple

from . import world

# What a milter sees of a message.
NOTABLE = ("own-report", "tls-required-no")
KEY = ("domain", "mx", "ip", "tls", "reason", "chain", "name", "version", "dane")
# What doc/results.md makes of a session, whatever was published; of what the MTA
# says of DANE; and of the TLSA records (world.TLSA), where it says nothing.
_OF_TLS = {"not-offered": "starttls-not-supported", "refused": "starttls-not-supported",
           "failed": "validation-failure"}
_OF_DANE = {"mismatch": "validation-failure", "unusable": "tlsa-invalid",
            "lookup-failed": "dnssec-invalid", "required-missing": "dane-required"}
_OF_TLSA = {"pkix": "tlsa-invalid", "short": "tlsa-invalid", "bogus": "dnssec-invalid",
            "lame": "dnssec-invalid"}
# Under records of usage 2 these count whoever looked.
_OF_ANCHOR = {("chain", "expired"): "certificate-expired",
              ("name", "mismatch"): "certificate-host-mismatch"}


def domain_of(address):
    return address.rpartition("@")[2].lower()


def is_own(sender):
    """Is it an envelope sender of our reports?"""
    local, _, domain = sender.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == world.REPORTER


def _left_out(message, domain):
    """Which counter a message belongs to, or None if it makes a fact."""
    if domain[-1].isdigit():
        return "address-literal"
    if is_own(message["from"]):
        return "own-report"
    return "tls-required-no" if message["tls_required_no"] else None


def _domains(site, session, row):
    """Each domain that the session was for, and what it is left out for. A
    receiver that came to see no message knows for whom it is there."""
    kinds = collections.defaultdict(set)
    for message in session["sent"]:
        for domain in map(site.hop_of, message["to"]):
            kinds[domain].add(_left_out(message, domain))
    if row.left_out or not kinds:
        return {row.served[0]: row.left_out or None}
    return {d: None if None in kind else min(kind) for d, kind in kinds.items()}


class Seen(NamedTuple):
    counted: collections.Counter   # sessions by KEY
    left_out: collections.Counter  # sessions by the name of the counter
    end: int                       # nothing was later

    @property
    def n_counted(self):
        return sum(self.counted.values())


def seen(site, end, noted=()):
    """What telltls must have counted of what the receivers saw, and of what the
    MTA gave up before (see setting.py). noted: the counters of messages that it
    knows by its milter, where the log tells nothing of them."""
    result = Seen(collections.Counter(site.given_up()), collections.Counter(), end)
    rows = world.addresses()
    for session in site.truth.read():
        row = rows[session["ip"]]
        if session["outcome"] not in site.told:
            continue
        for domain, counter in _domains(site, session, row).items():
            if session["outcome"] == "declined":
                counter = site.why_in_clear(domain)
            elif counter in NOTABLE and counter not in site.told + noted:
                counter = None
            if counter is not None:
                result.left_out[counter] += 1
            else:
                result.counted[site.key(session, row, domain)] += 1
    return result


def _of_tlsa(site, fact, tlsa):
    """The result of a session with TLS, or without any, under these records."""
    told = _OF_DANE.get(fact["dane"]) or _OF_TLSA.get(tlsa)
    if told is None and tlsa == "anchor":
        told = next((_OF_ANCHOR[x] for x in _OF_ANCHOR if fact[x[0]] == x[1]), None)
    if told is not None:
        return told
    is_good = fact["dane"] == "match" or any(
        x["result"] == "success" for x in site.rest(fact)["verdict"])
    return "success" if is_good else None


def _judge(site, fact):
    """The policy's type, its domain, and the result; None: nothing can be said
    of it."""
    tlsa = world.tlsa_of(fact["mx"])
    kind = "tlsa" if tlsa or fact["dane"] in _OF_DANE else "no-policy-found"
    result = _OF_TLS.get(fact["tls"])
    if result is None:
        result = _of_tlsa(site, fact, tlsa) if kind == "tlsa" else "success"
    return kind, fact["mx"] if kind == "tlsa" else fact["domain"], result


def reports(site, counted):
    """Sessions by domain and (policy's type, its domain, result), for the
    domains that ask for reports."""
    totals = collections.defaultdict(collections.Counter)
    for key, n in counted.items():
        fact = {"helo": "", "sending_ip": "", **dict(zip(KEY, key))}
        judged = _judge(site, fact)
        if n and fact["domain"] in world.asking_domains() and judged[-1] is not None:
            totals[fact["domain"]][judged] += n
    return {domain: dict(results) for domain, results in totals.items()}


def deliveries(site, messages):
    """How often each recipient's receiver must have taken one of messages."""
    served = {d for row in world.RECEIVERS if site.is_served(row) for d in row.served}
    bounced = {d for row in world.RECEIVERS if row.reject or site.is_bounced(row)
               for d in row.served}
    wanted = collections.Counter()
    for message in messages:
        for to in message.to:
            if site.hop_of(to) in served or domain_of(to).startswith("["):
                wanted[to.lower()] += 1
            elif site.hop_of(to) in bounced:
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
