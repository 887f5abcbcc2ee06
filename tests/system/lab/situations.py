# SPDX-License-Identifier: BSD-2-Clause
"""Recipient domains for tests/system/policies.py, each with what it publishes,
its MX host, and what telltls must say of a session with it.

A domain has one state, or two: what it was BEFORE, and what it is later the same
day. want is "ELEMENT RESULT [TOKEN]", or that by the MTA's name where they do
not tell the same, with "" for the others. ELEMENT: of which kind the policy is
in the report,

none    no-policy-found
sts     with the text of the state's policy, and its patterns
failed  of MTA-STS, with no text
broken  of MTA-STS, with the text, which is no policy
tlsa    with the records
absent  of DANE, with none

"" as a whole: too little is known to say anything (doc/results.md).
"""
import os
from typing import NamedTuple

from . import certs, web, world

ZONE = world.ZONE
RECORD = '"v=STSv1; id=1;"'
CHANGED = '"v=STSv1; id=2;"'
JOINED = '"v=STSv" "1; id=1;"'
ALIAS = f"_mta-sts.first.{ZONE}."  # of another domain's record
LARGEST = 64 * 1024


def text(*patterns, mode="enforce", end="\r\n", age=604800, more=()):
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {x}" for x in patterns),
             f"max_age: {age}", *more]
    return "".join(line + end for line in lines)


def _of(mta, want):
    return want.get(mta, want.get("")) if isinstance(want, dict) else want


def _split(want):
    """(ELEMENT, RESULT, TOKEN), or None."""
    return tuple((want + "  ").split(" ")[:3]) if want else None


class State(NamedTuple):
    want: object
    policy: str = ""          # what its host serves; "": there is none
    records: tuple = (RECORD,)  # at _mta-sts: texts, or ALIAS
    address: str = "web"      # web, alias (of that), none (no such name), nobody, or one
    cert: str = "good"        # a name of make_certificates()
    kind: str = "text/plain"  # of what it serves
    more: str = ""            # lines of its nginx.conf
    has_tls: bool = True
    event: str = ""           # "RESULT TOKEN" of a refresh that failed

    @property
    def is_fetched(self):
        """Is there a request that its host gets to see?"""
        return (self.address in ("web", "alias") and self.has_tls and self.policy != ""
                and self.cert in ("good", "star") and self.records != (RECORD, CHANGED)
                and self.records[:1] in [(x,) for x in (RECORD, CHANGED, JOINED, ALIAS)])


class Situation(NamedTuple):
    row: world.Row
    state: State
    before: State = None  # None: it was so all day
    level: str = "dane"   # that Postfix is told
    asks: bool = True     # for reports
    second: tuple = ()    # another MX host: a row, and want
    all: object = None    # as want, but a list, where all policies count

    @property
    def name(self):
        return self.row.name

    @property
    def domain(self):
        return f"{self.name}.{ZONE}"

    @property
    def rows(self):
        return (self.row, *self.second[:1])

    def at(self, is_before):
        return self.before if is_before and self.before else self.state

    def wanted(self, is_before, mta):
        """Of each row (ELEMENT, RESULT, TOKEN), or None."""
        wants = (self.at(is_before).want, *self.second[1:])
        return [(row, _split(_of(mta, want))) for row, want in zip(self.rows, wants)]

    def wanted_all(self, mta):
        """The same of the only row, several, where all policies count."""
        return [_split(want) for want in _of(mta, self.all) or ()]


# --- which there are ------------------------------------------------------------


def _mx(name):
    return f"mx.{name}.{ZONE}"


def _plain(name, want, *, level="dane", **row):
    return Situation(world.Row(name, **row), State(want, records=()), level=level)


def _sts(name, want="sts success", *, patterns=(), level="secure", policy="", state=None, **row):
    """A policy that can be had."""
    policy = policy or text(*(patterns or [_mx(name)]))
    return Situation(world.Row(name, **row), State(want, policy, **(state or {})), level=level)


def _failed(name, want, **state):
    """One that cannot. The MX host does all that there is to ask."""
    state = {"policy": text(_mx(name)), **state}
    return Situation(world.Row(name), State(want, **state))


def _fetch(name, token, **state):
    return _failed(name, "failed sts-policy-fetch-error " + token, **state)


def _webpki(name, token):
    return _failed(name, "failed sts-webpki-invalid " + token, cert=name)


def _syntax(name, policy):
    return _failed(name, "broken sts-policy-invalid syntax", policy=policy)


def _kept(name, *, event="", want="sts success", level="secure", mode="enforce", **state):
    """A good policy, which later can no longer be had, and stays in force."""
    before = State(want, text(_mx(name), mode=mode))
    event = event and event + "+cached-policy-used"
    return Situation(world.Row(name), before._replace(event=event, **state), before, level)


def _changed(name, want, level, mode):
    """Another policy on the same day."""
    before = State("sts success", text(_mx(name)))
    return Situation(world.Row(name), State(want, text(_mx(name), mode=mode, age=86400),
                                            (CHANGED,)), before, level)


def _two(name, wants, level, **row):
    """With two MX hosts, both in the policy."""
    domains, second = (f"{name}.{ZONE}",), f"mx2.{name}.{ZONE}"
    return Situation(world.Row(name, domains=domains, **row),
                     State(wants[0], text(_mx(name), second)), level=level,
                     second=(world.Row(name + "2", second, domains, 20), wants[1]))


def _dane(name, want, tlsa, **row):
    return Situation(world.Row(name, tlsa=tlsa, **row), State(want, records=()))


_ALERT = "tls-remote-alert-80-internal-error"
_CLOSED = "connection-closed-during-handshake"
_OLD = "tls-local-alert-80-internal-error"
_NO_MATCH = "tlsa validation-failure dane-no-match"
_NOT_FOUND = {"more": "return 404;"}
GOOD, SLOW = "first", "fslow"
DEMANDED = "dane-demanded"  # by our own site
QUIET = "quiet"             # asks for no report

SITUATIONS = (
    # Policies that hold, however they are published and written.
    _sts(GOOD),
    _sts("testing", policy=text(_mx("testing"), mode="testing")),
    _sts("wildcard", patterns=[f"*.wildcard.{ZONE}"], names=(f"*.wildcard.{ZONE}",)),
    _sts("several", patterns=["mx.elsewhere.test", _mx("several").upper()]),
    _sts("endings", policy=text(_mx("endings"), end="\n")),
    _sts("unknown", policy=text(_mx("unknown"), more=["mode: none", "max_age: 1", "x-y: z"])),
    _sts("ages", policy=text(_mx("ages"), age=9999999999)),
    _sts("ageless", policy=text(_mx("ageless"), age=0)),
    _sts("charset", state={"kind": "text/plain; charset=utf-8"}),
    _sts("joined", state={"records": (JOINED, '"v=spf1 -all"')}),
    _sts("star", state={"cert": "star"}),
    _sts("alias", state={"records": (ALIAS,), "address": "alias"}),
    Situation(world.Row("nothing"), State("none success", text(mode="none"))),
    # What goes wrong with the MX host of such a domain.
    _sts("expired", "sts certificate-expired", cert="expired"),
    _sts("early", "sts certificate-not-trusted not-yet-valid", cert="not-yet-valid"),
    _sts("self", "sts certificate-not-trusted self-signed", cert="self-signed"),
    _sts("untrusted", "sts certificate-not-trusted unknown-issuer", cert="untrusted"),
    _sts("name", "sts certificate-host-mismatch", names=("mx.elsewhere.test",), match="mismatch"),
    _sts("tested", "sts certificate-expired", policy=text(_mx("tested"), mode="testing"),
         cert="expired"),
    _sts("other", "sts validation-failure mta-sts-mx-mismatch", patterns=["mx.elsewhere.test"]),
    _sts("deep", "sts validation-failure mta-sts-mx-mismatch", patterns=[f"*.{ZONE}"]),
    _sts("notls", "sts starttls-not-supported starttls-not-offered", starttls="absent",
         reason="starttls-not-offered"),
    _sts("tls454", {"sendmail": "sts starttls-not-supported starttls-reply-4xx",
                    "exim": "sts starttls-not-supported starttls-refused",
                    "postfix": "sts starttls-not-supported starttls-reply-454"},
         starttls="454 4.7.0", reason="starttls-reply-4xx"),
    _sts("alert", "sts validation-failure " + _ALERT, starttls="alert", reason=_ALERT),
    _sts("closed", "sts validation-failure " + _CLOSED, starttls="close", reason=_CLOSED),
    _sts("babble", "sts validation-failure not-tls", starttls="plain", reason="not-tls"),
    _sts("old", {"sendmail": "sts validation-failure " + _OLD,
                 "": "sts validation-failure tls-version-too-old"},
         level="may", starttls="old-tls", reason=_OLD),
    # Policies that cannot be had.
    _fetch("fgone", "http-404", **_NOT_FOUND),
    _fetch("foops", "http-500", more="return 500;"),
    _fetch("fmoved", "http-301", more=f"return 301 https://mta-sts.{GOOD}.{ZONE}{web.PATH};"),
    _fetch("fhtml", "media-type", kind="text/html"),
    _fetch("fkind", "media-type", kind=""),
    _fetch("flarge", "too-large", policy=text(_mx("flarge"), more=["x: " + "y" * LARGEST])),
    _fetch(SLOW, "timeout", more="limit_rate 1;", policy=text(_mx(SLOW), more=["x: " + "y" * 200])),
    _fetch("frefused", "connect-refused", address="nobody"),
    _fetch("fnohost", "dns-nxdomain", address="none"),
    _fetch("fprivate", "dns-private-address", address="10.0.0.1"),
    _fetch("fplain", "tls-handshake-failure", has_tls=False),
    _webpki("wexpired", "certificate-expired"),
    _webpki("wname", "certificate-host-mismatch"),
    _webpki("wself", "self-signed"),
    _webpki("wuntrusted", "unknown-issuer"),
    _syntax("smode", text(_mx("smode"), mode="strict")),
    _syntax("sversion", text(_mx("sversion")).replace("STSv1", "STSv2")),
    _syntax("shosts", text()),
    _syntax("sage", text(_mx("sage"), age="1d")),
    _syntax("spage", "<html>\r\n<title>mta-sts</title>\r\n"),
    # Records that are none, and nothing cached.
    _failed("rsyntax", "none success", records=('"v=STSv1; id=1-2;"',)),
    _failed("rseveral", "none success", records=(RECORD, CHANGED)),
    # Policies that were had before.
    _kept("kgone", event="sts-policy-fetch-error http-404", **_NOT_FOUND),
    _kept("kexpired", event="sts-webpki-invalid certificate-expired", cert="kexpired"),
    _kept("ksyntax", event="sts-policy-invalid syntax", more="return 200 'x';"),
    _kept("krecord", event="sts-policy-fetch-error record-syntax", records=('"v=STSv1; id=;"',)),
    _kept("kseveral", event="sts-policy-fetch-error several-records", records=(RECORD, CHANGED)),
    _kept("kvanished", records=()),
    _kept("knone", want="none success", mode="none", level="may", **_NOT_FOUND),
    _changed("cmode", "sts success", "secure", "testing"),
    _changed("cnone", "none success", "secure", "none"),
    # TLSA records.
    _dane("dane", {"": "tlsa success", "sendmail": ""}, "match", cert="self-signed"),
    _dane("dane-anchor", {"": "tlsa success", "sendmail": ""}, "anchor"),
    _dane("dane-anchor-expired", "tlsa certificate-expired", "anchor", cert="expired"),
    _dane("dane-anchor-name", "tlsa certificate-host-mismatch", "anchor",
          names=("mx.elsewhere.test",), match="mismatch"),
    _dane("dane-mismatch", {"": _NO_MATCH, "sendmail": ""}, "mismatch"),
    _dane("dane-pkix", "tlsa tlsa-invalid all-tlsa-unusable", "pkix"),
    _dane("dane-short", "tlsa tlsa-invalid all-tlsa-unusable", "short"),
    _dane("dane-bogus", "absent dnssec-invalid tlsa-bogus", "bogus"),
    _dane("dane-lame", "absent dnssec-invalid tlsa-lookup-failed", "lame"),
    _dane("dane-notls", "tlsa starttls-not-supported starttls-not-offered", "match",
          starttls="absent", reason="starttls-not-offered"),
    _dane("dane-alert", "tlsa validation-failure " + _ALERT, "match", starttls="alert",
          reason=_ALERT),
    _plain(DEMANDED, "absent dane-required", level="dane-only"),
    # They go before MTA-STS.
    Situation(world.Row("both", tlsa="match"),
              State({"exim": "tlsa success"}, text(_mx("both"))),
              all={"sendmail": ["sts success"], "exim": ["tlsa success"]}),
    Situation(world.Row("both-wrong", tlsa="mismatch"),
              State({"": _NO_MATCH, "sendmail": ""}, text(_mx("both-wrong"))),
              all={"": [_NO_MATCH], "sendmail": ["sts success"]}),
    # Each MX host is judged by what there is for it.
    _two("two", ("sts validation-failure " + _ALERT, "sts success"), "secure", starttls="alert",
         reason=_ALERT),
    _two("mixed", ({"": _NO_MATCH, "sendmail": ""}, {"exim": "sts success"}), "dane",
         tlsa="mismatch"),
    # Nothing at all.
    _plain("plain", "none success"),
    _plain("bounce", "none success"),  # takes what cannot be delivered
    _plain("plain-self", "none success", cert="self-signed"),
    _plain("plain-notls",
           {"postfix": "none starttls-not-supported starttls-not-offered-or-refused",
            "": "none starttls-not-supported starttls-not-offered"}, starttls="absent",
           reason="starttls-not-offered"),
    _plain("plain-alert", "none validation-failure " + _ALERT, starttls="alert", reason=_ALERT),
    Situation(world.Row(QUIET), State("", text(_mx(QUIET))), asks=False),
)
BY_NAME = {s.name: s for s in SITUATIONS}
RESULTS = {"starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
           "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
           "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"}


# --- where they are published ---------------------------------------------------


def _address(s):
    return f"9.9.9.{10 + SITUATIONS.index(s)}"


def zone(is_before):
    """Lines of the zone."""
    lines = []
    for s in SITUATIONS:
        state, host = s.at(is_before), f"mta-sts.{s.domain}."
        lines += [f"_mta-sts.{s.domain}. 60 IN {'CNAME' if x == ALIAS else 'TXT'} {x}"
                  for x in state.records]
        if state.policy and state.address == "alias":
            lines.append(f"{host} 60 IN CNAME policies.{s.domain}.")
            host = f"policies.{s.domain}."
        if state.policy and state.address != "none":
            address = {"web": _address(s), "alias": _address(s), "nobody": "9.9.9.250"}
            lines.append(f"{host} 60 IN A {address.get(state.address, state.address)}")
    return "\n".join(lines) + "\n"


def use():
    """The receivers are those of SITUATIONS."""
    wrong = world.TLSA["bogus"].split()[-1]
    world.use(tuple(row for s in SITUATIONS for row in s.rows), zone(True), ((wrong, wrong[::-1]),),
              tuple(s.name for s in SITUATIONS if not s.asks))


def policy_hosts(folder, is_before):
    """folder: of make_certificates()."""
    for s in SITUATIONS:
        state = s.at(is_before)
        if state.policy and state.address in ("web", "alias"):
            yield web.Host(f"mta-sts.{s.domain}", _address(s), _pem(folder, state.cert),
                           state.policy, state.kind, state.more and f"        {state.more}\n",
                           state.has_tls)


def roots(folder):
    """What telltls is to trust: a file of make_certificates()."""
    return os.path.join(folder, "roots.pem")


def _pem(folder, cert):
    return os.path.join(folder, "strangers" if cert == "wuntrusted" else "hosts", cert + ".pem")


def make_certificates(folder):
    """Those of world.py, and of the policy hosts, which have roots of their own."""
    world.make_certificates(folder)
    known = certs.Authority(os.path.join(folder, "hosts"), "Policy Hosts Root CA")
    unknown = certs.Authority(os.path.join(folder, "strangers"), "Unknown Hosts Root CA")

    def name(of):
        return f"mta-sts.{of}.{ZONE}"

    known.issue("good", [name(s.name) for s in SITUATIONS])
    known.issue("star", [f"*.star.{ZONE}"])
    known.issue("wname", [f"wname.{ZONE}", name("elsewhere")], cn=name("wname"))
    known.issue("wself", [name("wself")], self_signed=True)
    for expired in ("wexpired", "kexpired"):
        known.issue(expired, [name(expired)], days=(-30, -2))
    unknown.issue("wuntrusted", [name("wuntrusted")])
    with open(roots(folder), "w", encoding="ascii") as out:
        for pem in (known.pem, world.certificates(folder).authority):
            with open(pem, encoding="ascii") as f:
                out.write(f.read())
