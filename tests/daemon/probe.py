#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how telltls-milter probes MX hosts: which, how often, and what becomes
of it in the tally and in reports.

nsd has a signed zone, policy hosts answer HTTPS, mail servers have certificates
of all kinds; all in a network of its own, whose loopback has public addresses.
Needs what policies.py needs. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import glob
import gzip
import json
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lookup")]
import policies  # noqa: E402
from policies import DNS_PORT, POLICY_HOST, REPORTER, ZONE, full  # noqa: E402
from run import LIMIT_S, TOOL, equal, holds  # noqa: E402
from smtp_site import EHLO, Server, certs, context, starttls  # noqa: E402

ON = "probe: policy-domains\n"
HELLO = b"220 mx.example ESMTP\r\n"
# domain: its MX host's certificate; all have an MTA-STS policy
STS = {"good": {}, "expired": {"days": (-3, -1)}, "renamed": {"names": ["else.lab.test"]},
       "stranger": {"other": True}, "off": {}, "again": {}, "clear": None, "silent": None,
       "replayed": {}}
DANE = {"match": {}, "nomatch": {}}  # and TLSA records
PLAIN = ("plain", "w0", "w1", "w2")


def mx_of(name):
    return "mx." + full(name)


class World(policies.World):
    """Each domain's MX host has an address of its own."""

    def __init__(self, tree, folder):
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "nsd"))
        ca = certs.Authority(os.path.join(folder, "ca"), "Lab root")
        other = certs.Authority(os.path.join(folder, "other"), "Unknown root")
        self.pem, self.server, self.ip = {}, {}, {}
        for name, how in {**STS, **DANE}.items():
            if how is not None:
                self.pem[name] = (other if how.get("other") else ca).issue(
                    name, how.get("names", [mx_of(name)]), days=how.get("days"))
        for number, name in enumerate((*STS, *DANE, *PLAIN), 1):
            self.ip[name] = "9.9.9.%d" % number
            subprocess.run(["ip", "addr", "add", self.ip[name] + "/32", "dev", "lo"], check=True)
            script = starttls(context(self.pem[name])) if name in self.pem else \
                [HELLO, EHLO.replace(b"STARTTLS", b"XXXXXXXA"), None]
            if name != "silent":
                self.server[name] = Server(self.ip[name], script)
        self.nsd = policies.Nsd(tree, os.path.join(folder, "nsd"), self.zone_text())
        self.anchor = os.path.join(folder, "anchor")
        shutil.copy(self.nsd.anchor, self.anchor)
        self.roots = os.path.join(folder, "roots.pem")
        shutil.copy(ca.pem, self.roots)
        for path in (self.anchor, self.roots):
            os.chmod(path, 0o644)
        self.relay = policies.Relay(DNS_PORT)
        self.hosts = policies.PolicyHosts(
            ca.issue("hosts", ["mta-sts." + full(name) for name in STS]))

    def zone_text(self):
        text = ("{0}. 600 IN SOA ns.{0}. root.{0}. 1 600 600 600 400\n"
                "{0}. 600 IN NS ns.{0}.\nns.{0}. 600 IN A 127.0.0.1\n").format(ZONE)
        for name, ip in self.ip.items():
            text += ('_smtp._tls.{0}. 600 IN TXT "v=TLSRPTv1; rua=mailto:a@{0}"\n'
                     "{0}. 600 IN MX 10 mx.{0}.\nmx.{0}. 600 IN A {1}\n").format(full(name), ip)
        for name in STS:
            text += '_mta-sts.%s. 600 IN TXT "v=STSv1; id=a1;"\n' % full(name)
            text += "mta-sts.%s. 600 IN A %s\n" % (full(name), POLICY_HOST)
        for name in DANE:
            key = certs.digest_of_key(certs.chain(self.pem[name])[0])
            text += "_25._tcp.%s. 600 IN TLSA 3 1 1 %s\n" % (
                mx_of(name), key if name == "match" else "AB" * 32)
        return text


class Site(policies.Site):
    def open(self, more=ON, has_private=True):
        self.configure(["mail.log"], more=more)
        if not has_private:
            with open(self.conf, encoding="utf-8") as f:
                text = f.read()
            with open(self.conf, "w", encoding="utf-8") as f:
                f.write(text.replace("allow-private: true", "allow-private: false"))
        self.start()

    def to(self, name, **how):
        self.session(name, ip=how.pop("ip", self.world.ip[name]), **how)

    def probes(self, name):
        return [p["content"] for p in self.tally("probe", name)]

    def probe(self, name):
        """A session, and what the probe saw."""
        self.to(name)
        self.wait(lambda: self.probes(name))
        seen, = self.probes(name)
        return seen

    def heard(self, name):
        return self.world.server[name].heard


def reports(site):
    """The one element of each report, by the first label of its domain, and
    the files."""
    made = policies.reports(site)
    files = {}
    for path in glob.glob(site.path("reports/*.json.gz")):
        with gzip.open(path) as f:
            files[os.path.basename(path)] = f.read()
    return made, files


def shown(element):
    """type, successes, failures, "result token" of each failure."""
    return (element["policy"]["policy-type"],
            element["summary"]["total-successful-session-count"],
            element["summary"]["total-failure-session-count"],
            [" ".join((d["result-type"], d.get("failure-reason-code", "-")))
             for d in element.get("failure-details", [])])


def settled(site):
    """What the log leaves open, the probe settles."""
    site.open()
    good = site.probe("good")
    equal("address", good["ip"], site.world.ip["good"])
    holds("time", abs(good["probed-at"] - time.time()) < LIMIT_S)
    equal("good", (good["chain"], good["name"], "dane" in good), ("ok", "match", False))
    equal("what was said", site.heard("good"), ["EHLO lab", "STARTTLS", "QUIT"])
    equal("SNI", site.world.server["good"].names, [mx_of("good")])
    equal("expired", site.probe("expired")["chain"], "expired")
    equal("renamed", site.probe("renamed")["name"], "mismatch")
    stranger = site.probe("stranger")
    equal("stranger", (stranger["chain"], stranger["chain-reason"]),
          ("untrusted", "unknown-issuer"))
    match = site.probe("match")
    equal("match", (match["dane"], match["tlsa-base"], len(match["tlsa-records"])),
          ("match", mx_of("match"), 1))
    equal("nomatch", site.probe("nomatch")["dane"], "mismatch")
    site.to("good", n=3)
    site.to("plain")
    # of these the log tells it, and no probe is needed: it was refused
    site.wait(lambda: site.counted_of("good") == 4 and site.counted_of("plain") == 1)
    daemon = site.daemon_of()
    equal("status", (daemon["probe"], daemon["probes-seen"], daemon["probes-unseen"],
                     daemon["probes-open"], daemon["probes-dropped"]), (True, 6, 0, 0, 0))
    equal("none to plain", site.heard("plain"), [])
    equal("one to good", site.heard("good").count("QUIT"), 1)
    site.stop()
    made, files = reports(site)
    equal("good", [shown(e) for e in made["good"]], [("sts", 4, 0, [])])
    # verify=OK: the MTA trusts what our roots do not, and that stands
    equal("expired", [shown(e) for e in made["expired"]], [("sts", 1, 0, [])])
    equal("renamed", [shown(e) for e in made["renamed"]],
          [("sts", 0, 1, ["certificate-host-mismatch probed"])])
    equal("match", [shown(e) for e in made["match"]], [("tlsa", 1, 0, [])])
    equal("nomatch", [shown(e) for e in made["nomatch"]],
          [("tlsa", 0, 1, ["validation-failure dane-no-match+probed"])])
    explain = subprocess.run(
        [TOOL, "-c", site.conf, "explain", full("renamed"), "--json"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT_S, check=False)
    fact = json.loads(explain.stdout)["facts"][0]
    equal("explained", (fact["verdicts"][0]["probed"], fact["probed_at"] > 0), (True, True))
    shutil.rmtree(site.path("reports"))
    equal("the same bytes", reports(site)[1], files)


def untold(site):
    """The log does not even tell whether the chain was good."""
    site.open()
    for name in ("expired", "stranger"):
        site.to(name, chain="NOT")
        site.wait(lambda: site.probes(name))
    site.stop()
    made, _ = reports(site)
    equal("expired", [shown(e) for e in made["expired"]],
          [("sts", 0, 1, ["certificate-expired probed"])])
    equal("stranger", [shown(e) for e in made["stranger"]],
          [("sts", 0, 1, ["certificate-not-trusted unknown-issuer+probed"])])


def switched_off(site):
    """By default none is made; then status tells what would settle it."""
    site.open(more="")
    site.to("off", n=5)
    site.wait(lambda: site.policies("off") and site.counted_of("off") == 5 and
              site.daemon_of()["questions"] == 0)
    daemon = site.daemon_of()
    equal("status", (daemon["probe"], daemon["probes-open"]), (False, 0))
    site.configure(["mail.log"], more=ON)
    site.reload("configuration was read again")
    site.to("off")
    site.wait(lambda: site.probes("off"))
    site.configure(["mail.log"])
    site.reload("configuration was read again")
    equal("off again", site.daemon_of()["probe"], False)
    site.to("again")
    site.wait(lambda: site.policies("again") and site.counted_of("again") == 1)
    site.stop()
    equal("nobody came", site.heard("again"), [])
    policies.reports(site)
    subprocess.run([REPORTER, "-c", site.conf], stdin=subprocess.DEVNULL, capture_output=True,
                   timeout=LIMIT_S, check=False)
    texts = [a["text"] for a in site.status("advice")]
    holds(texts, any(t.endswith("probe: policy-domains") for t in texts))
    holds(texts, any("telltls.m4" in t and t.startswith("to settle") for t in texts))


def once(site):
    """No address is probed again within six hours, not even by the next daemon."""
    site.open()
    site.probe("again")
    site.to("again", n=20)
    site.wait(lambda: site.counted_of("again") == 21)
    site.stop()
    site.start()
    site.to("again", n=4)
    site.wait(lambda: site.counted_of("again") == 25 and site.daemon_of()["questions"] == 0)
    site.wait(lambda: site.daemon_of()["probes-open"] == 0)
    equal("once", (len(site.probes("again")), site.heard("again").count("QUIT")), (1, 1))
    equal("status", site.daemon_of()["probes-seen"], 0)
    site.stop()


def unseen(site):
    """A probe that comes to nothing settles nothing, and holds up nothing."""
    site.open()
    for name in ("clear", "silent"):
        site.to(name)
    site.wait(lambda: site.daemon_of()["probes-unseen"] == 2)
    equal("none", [site.probes(name) for name in ("clear", "silent")], [[], []])
    site.to("silent", n=3)
    site.wait(lambda: site.counted_of("silent") == 4)
    equal("not again", site.daemon_of()["probes-open"], 0)
    site.stop()
    made, _ = reports(site)
    equal("in no report", [name in made for name in ("clear", "silent")], [False, False])


def private(site):
    """What is no address of the Internet is not connected to, unless allowed."""
    server = Server("127.0.0.3", starttls(context(site.world.pem["match"])))
    site.open(has_private=False)
    site.to("match", ip="127.0.0.3")
    site.wait(lambda: site.daemon_of()["probes-unseen"] == 1)
    equal("refused", (server.heard, site.probes("match")), ([], []))
    site.stop()
    site.open()
    site.to("match", ip="127.0.0.3")
    site.wait(lambda: site.probes("match"))
    equal("allowed", site.probes("match")[0]["ip"], "127.0.0.3")
    site.stop()


def replayed(site):
    """For the sake of what is replayed nothing is probed."""
    site.to("replayed", n=2)
    log = site.path("old.log")
    os.rename(site.log, log)
    open(site.log, "w", encoding="ascii").close()
    site.open()
    for _ in range(2):  # by itself, then by the daemon
        done = subprocess.run([TOOL, "-c", site.conf, "--state", site.state, "replay", "--mta",
                               "sendmail", "--feed", "old", log], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        holds(done.stderr, done.returncode == 0)
    equal("counted", site.counted_of("replayed"), 2)
    site.wait(lambda: site.daemon_of()["questions"] == 0)
    equal("no probe", (site.daemon_of()["probes-open"], site.heard("replayed")), (0, []))
    site.stop()


def busy(site):
    """Servers that hang hold up neither other probes nor lookups; ten are
    probed at a time."""
    hung = [Server("127.0.1.%d" % i, [HELLO, "hang"]) for i in range(1, 13)]
    site.open()
    for server in hung[:5]:
        site.to("good", ip=server.address)
    site.wait(lambda: site.daemon_of()["probes-open"] == 5)
    site.probe("match")
    for server in hung[5:]:
        site.to("good", ip=server.address)
    site.wait(lambda: site.daemon_of()["probes-open"] == 12 and
              sum(len(server.heard) for server in hung) == 10)
    site.know("w0")
    equal("at a time", [server.heard for server in hung].count(["EHLO lab"]), 10)
    for server in hung:
        server.released.set()
    site.wait(lambda: site.daemon_of()["probes-open"] == 0)
    equal("at last", [server.heard for server in hung], 12 * [["EHLO lab"]])
    equal("unseen", site.daemon_of()["probes-unseen"], 12)
    site.stop()


TESTS = (settled, untold, switched_off, once, unseen, private, replayed, busy)

if __name__ == "__main__":
    sys.exit(policies.main(__file__, TESTS, World, Site))
