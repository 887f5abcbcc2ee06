#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests how telltls-milter looks up policies: what its network child answers,
and that counting never waits for it.

nsd has a signed zone; a relay before it says what was asked, holds answers
back. Policy hosts answer HTTPS. All in a network of its own.
Needs root, iproute2, openssl, and Debian's packages of nsd and ldns, unpacked
and not installed; without them it is skipped, and with TELLTLS_MUST_RUN in the
environment it fails. Speaks TAP; $TESTS_BIN is the top of the build.
"""
import contextlib
import glob
import gzip
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TESTS, "milter"), os.path.join(TESTS, "system")]
import run  # noqa: E402
from lab import certs, namespace, packages  # noqa: E402
from milter_client import Client  # noqa: E402
from run import BIN, LIMIT_S, TOOL, Failed, equal, holds  # noqa: E402

REPORTER = os.path.join(BIN, "reporter", "telltls-report")
ZONE = "lab.test"
DNS_PORT, NSD_PORT, CLOSED_PORT = 5300, 5301, 5302
POLICY_HOST = "127.0.0.2"
DIGEST = "AB" * 32
PLAIN = 40  # domains that ask for reports and have nothing else
STS = ("sts", "kept", "fails")
# host: (status, what is else in its answer), then what is found
BROKEN = {
    "missing": (404, {}, "fetch-error", "http-404"),
    "moved": (301, {"more": b"Location: https://mta-sts.sts.lab.test/\r\n"}, "fetch-error",
              "http-301"),
    "html": (200, {"kind": b"text/html"}, "fetch-error", None),
    "syntax": (200, {"body": b"version: STSv1\nmode: strict\n"}, "policy-invalid", "syntax"),
    "large": (200, {"body": b"x" * 65537}, "fetch-error", "too-large"),
    "stranger": (200, {}, "webpki-invalid", None),  # not in the certificate
}
TYPES = {"fetch-error": "sts-policy-fetch-error", "policy-invalid": "sts-policy-invalid",
         "webpki-invalid": "sts-webpki-invalid"}
TEXT = "version: STSv1\r\nmode: enforce\r\nmx: *.%s.lab.test\r\nmax_age: 604800\r\n"


def full(name):
    return name + "." + ZONE


def zone_text():
    def asks(name):
        return ('_smtp._tls.%s. 600 IN TXT "v=TLSRPTv1; rua=mailto:a@%s"\n'
                "%s. 600 IN MX 10 mx.%s.\nmx.%s. 600 IN A 192.0.2.1\n" %
                ((full(name),) * 5))

    text = ("{0}. 600 IN SOA ns.{0}. root.{0}. 1 600 600 600 400\n"
            "{0}. 600 IN NS ns.{0}.\nns.{0}. 600 IN A 127.0.0.1\n").format(ZONE)
    text += "%s. 600 IN MX 10 mx.%s.\n" % (full("quiet"), full("quiet"))
    text += asks("dane") + "_25._tcp.mx.%s. 600 IN TLSA 3 1 1 %s\n" % (full("dane"), DIGEST)
    for name in (*STS, *BROKEN):
        text += asks(name) + '_mta-sts.%s. 600 IN TXT "v=STSv1; id=a1;"\n' % full(name)
        text += "mta-sts.%s. 600 IN A %s\n" % (full(name), POLICY_HOST)
    return text + "".join(asks("d%d" % i) for i in range(PLAIN))


class Nsd:
    def __init__(self, tree, folder, text):
        tops = [os.path.join(tree, top) for top in ("usr/lib", "lib")]
        self.env = {**os.environ, "LD_LIBRARY_PATH": ":".join(
            os.path.join(top, name) for top in tops if os.path.isdir(top)
            for name in sorted(os.listdir(top)) if name.endswith("-linux-gnu"))}
        self.tree, self.folder = tree, folder
        key = self.call("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", ZONE)
        self.anchor = os.path.join(folder, key + ".key")
        with open(os.path.join(folder, "zone"), "w", encoding="ascii") as f:
            f.write(text)
        self.call("ldns-signzone", "-f", "signed", "zone", key)
        with open(os.path.join(folder, "nsd.conf"), "w", encoding="ascii") as f:
            f.write("server:\n ip-address: 127.0.0.1@%d\n username: \"\"\n zonesdir: %s\n"
                    " database: \"\"\n pidfile: \"\"\n xfrdfile: %s/xfrd\n xfrdir: %s\n"
                    " zonelistfile: %s/list\n server-count: 1\nremote-control:\n"
                    " control-enable: no\nzone:\n name: %s\n zonefile: signed\n" %
                    (NSD_PORT, folder, folder, folder, folder, ZONE))
        with open(os.path.join(folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(tree, "usr/sbin/nsd"), "-d", "-c", os.path.join(folder, "nsd.conf")],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def call(self, name, *args):
        return subprocess.run([os.path.join(self.tree, "usr/bin", name), *args], cwd=self.folder,
                              env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, check=True).stdout.strip()


class Relay:
    """What the daemon takes for its resolver. names: what was asked, in lower
    case. hold keeps answers back until it is cleared."""

    def __init__(self, port):
        self.names = []
        self.hold = False
        self._held = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(4096)
            name, at = [], 12
            while question[at]:
                name.append(question[at + 1:at + 1 + question[at]].decode("latin-1"))
                at += question[at] + 1
            self.names.append(".".join(name).lower())
            threading.Thread(target=self._ask, args=(question, client), daemon=True).start()

    def _ask(self, question, client):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(LIMIT_S)
            answer = b""
            while not answer:  # it may not be there yet
                with contextlib.suppress(ConnectionRefusedError):
                    s.sendto(question, ("127.0.0.1", NSD_PORT))
                    answer = s.recv(65535)
                if not answer:
                    time.sleep(0.01)
        # as a resolver says it: not AA, but RA
        answer = answer[:2] + bytes([answer[2] & ~4, answer[3] | 0x80]) + answer[4:]
        with self._lock:
            self._held.append((answer, client))
        self.release()

    def release(self):
        with self._lock:
            while self._held and not self.hold:
                self._socket.sendto(*self._held.pop())

    def go_on(self):
        self.hold = False
        self.release()


class PolicyHosts:
    """All of them at one address. answers: of a host, if it is not to be good."""

    def __init__(self, pem):
        self.requests, self.answers = [], {}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((POLICY_HOST, 443))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(LIMIT_S)
            with self._context.wrap_socket(connection, server_side=True) as tls:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += tls.recv(4096)
                host = data.lower().split(b"host: mta-sts.")[1].split(b".")[0].decode()
                self.requests.append(host)
                status, say = self.answers.get(host, (200, {}))
                body = say.get("body", (TEXT % host).encode())
                tls.sendall(b"HTTP/1.1 %d X\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" %
                            (status, say.get("more", b""), say.get("kind", b"text/plain"),
                             len(body), body))
                with contextlib.suppress(OSError):
                    tls.unwrap()


class World:
    def __init__(self, tree, folder):
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "nsd"))
        self.nsd = Nsd(tree, os.path.join(folder, "nsd"), zone_text())
        self.anchor = os.path.join(folder, "anchor")
        shutil.copy(self.nsd.anchor, self.anchor)
        ca = certs.Authority(os.path.join(folder, "ca"), "Lab root")
        self.roots = os.path.join(folder, "roots.pem")
        shutil.copy(ca.pem, self.roots)
        for path in (self.anchor, self.roots):
            os.chmod(path, 0o644)
        self.relay = Relay(DNS_PORT)
        self.hosts = PolicyHosts(ca.issue("hosts", [
            "mta-sts." + full(name) for name in (*STS, *BROKEN) if name != "stranger"]))
        self._plain = iter(range(PLAIN))

    def domain(self):
        """One that nobody was asked about."""
        return "d%d" % next(self._plain)


def filters_of(pid):
    """How many filters of system calls a process has."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return [int(line.split()[1]) for line in f if line.startswith("Seccomp_filters:")]


class Site(run.Site):
    def __init__(self, world):
        self.world = world
        super().__init__()

    def configure(self, logs, milter="none", more="", lookup="true", port=DNS_PORT,
                  timeout="1s"):
        """Overrides: with the servers of our own network."""
        super().configure(logs, milter=milter, lookup=lookup,
                          more="dns:\n  servers: [127.0.0.1@%d]\n"
                          "  trust-anchor: %s\n  timeout: %s\nmta-sts:\n"
                          "  ca-file: %s\n  allow-private: true\norganization: Lab\n"
                          "contact: a@lab.test\n"
                          "dkim:\n  elsewhere: true\n%s" % (
                              port, self.world.anchor, timeout, self.world.roots, more))

    def session(self, name, mx=None, n=1, chain="OK", ip="192.0.2.1"):
        """Logs n sessions with a host of a domain."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = []
        for _ in range(n):
            self.sessions += 1
            i = self.sessions
            host = mx or "mx." + full(name)
            lines.append(
                "%s vm sm-mta[%d]: STARTTLS=client, relay=%s., version=TLSv1.3, verify=%s, "
                "cipher=C, bits=256/256\n%s vm sm-mta[%d]: 6AMBWYfV%06d: to=<u@%s>, "
                "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30080, relay=%s. "
                "[%s], dsn=2.0.0, stat=Sent (ok)\n" % (
                    now, i, host, chain, now, i, i, full(name), host, ip))
        with open(self.log, "a", encoding="utf-8") as f:
            f.write("".join(lines))

    def tally(self, kind, name):
        done = subprocess.run(
            [TOOL, "-c", self.conf, "--state", self.state, "tally", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=LIMIT_S, check=False)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        return [o for o in objects if o.get("kind") == kind and o.get("domain") == full(name)]

    def policies(self, name):
        """Their contents (doc/policies.md), with hash and host."""
        return [{**p["content"], "hash": p["hash"], "host": p["mx"]}
                for p in self.tally("policy", name)]

    def counted_of(self, name):
        return sum(o["count"] for o in self.tally("fact", name))

    def know(self, name):
        """A session, and its policy stands in the day."""
        self.session(name)
        self.wait(lambda: self.policies(name))
        return self.policies(name)

    def daemon_of(self):
        return self.status("daemon")[0]

    def child(self, name):
        """The pid of a child; 0: there is none."""
        for pid in run.children_of(self.daemon.pid):
            with contextlib.suppress(OSError):
                with open("/proc/%d/comm" % pid, encoding="ascii") as f:
                    if not run.is_gone(pid) and f.read().strip() == "telltls-" + name:
                        return pid
        return 0

    def network(self):
        return self.child("network")


# --- what is found ------------------------------------------------------------------------


def found(site):
    """Facts get the policy of their host, and it stands in the day."""
    site.start()
    site.session("quiet", n=2)
    sts, = site.know("sts")
    dane, = site.know("dane")
    equal("sts", (sts["host"], sts["mx"], sts["tlsa"], sts["sts"]),
          ("mx." + full("sts"), "secure", "none", "found"))
    equal("dane", (dane["tlsa"], dane["tlsa-records"], dane["sts"]),
          ("usable", ["3 1 1 " + DIGEST], "none"))
    for name, policy in (("sts", sts), ("dane", dane)):
        site.session(name, n=3)
        site.wait(lambda: site.counted_of(name) == 4)
        equal(name, sorted((o["policy"], o["count"]) for o in site.tally("fact", name)),
              [("", 1), (policy["hash"], 3)])
        equal(name, site.policies(name), [policy])
    equal("quiet", [(o["policy"], o["count"]) for o in site.tally("fact", "quiet")], [("", 2)])
    equal("quiet", site.policies("quiet"), [])
    holds("of quiet no more is asked", not any(
        n.endswith("mx." + full("quiet")) for n in site.world.relay.names))
    daemon = site.daemon_of()
    equal("status", [daemon["network"], daemon["network-running"], daemon["network-starts"],
                     daemon["dns-health"], daemon["questions"]],
          [True, True, 1, "validating", 0])
    holds("known: %r" % daemon, daemon["policies"] >= 2)
    done = subprocess.run([TOOL, "-c", site.conf, "status"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=LIMIT_S, check=False)
    holds(done.stdout, "DNSSEC works (validating)" in done.stdout)
    site.stop()


def waits(site):
    """A fact that comes before the answer counts at once."""
    relay, name = site.world.relay, site.world.domain()
    site.start()
    site.wait(lambda: site.daemon_of()["dns-health"] == "validating")
    relay.hold = True
    site.session(name)
    site.wait(lambda: "_smtp._tls." + full(name) in relay.names)
    site.wait(lambda: site.counted_of(name) == 1)
    equal("no policy yet", site.policies(name), [])
    holds("a question waits", site.daemon_of()["questions"] > 0)
    relay.go_on()
    site.wait(lambda: site.policies(name))
    site.stop()


def restarted(site):
    """What the daemon was asked in its last life, it asks for in the next."""
    relay, name = site.world.relay, site.world.domain()
    relay.hold = True
    site.start()
    site.session(name)
    site.wait(lambda: site.counted_of(name) == 1 and site.network())
    site.signal(signal.SIGKILL)
    site.join(-signal.SIGKILL)
    relay.go_on()
    site.start()
    site.wait(lambda: site.policies(name))
    equal("counted once", site.counted_of(name), 1)
    site.stop()


# --- the child's troubles -------------------------------------------------------------------


def killed(site):
    relay, name = site.world.relay, site.world.domain()
    site.start()
    site.wait(lambda: site.daemon_of()["dns-health"] == "validating")
    relay.hold = True
    site.session(name)
    site.wait(lambda: "_smtp._tls." + full(name) in relay.names)
    before = site.network()
    os.kill(before, signal.SIGKILL)
    site.session(name)
    relay.go_on()
    site.wait(lambda: site.policies(name))
    site.wait(lambda: site.counted_of(name) == 2)
    daemon = site.daemon_of()
    equal("status", (daemon["network-running"], daemon["network-starts"]), (True, 2))
    holds("another child", site.network() not in (0, before))
    holds(site.said(), "child died child=network signal=9" in site.said())
    site.stop()


def hangs(site):
    """A child that does nothing holds up nothing."""
    name = site.world.domain()
    site.start()
    site.wait(site.network)
    pid = site.network()
    os.kill(pid, signal.SIGSTOP)
    for i in range(20):
        site.session("n%d" % i, n=200)
    site.session(name)
    site.wait(lambda: site.counted() == (4001, 8002))
    equal("no policy", site.policies(name), [])
    done = subprocess.run([TOOL, "-c", site.conf, "status"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=LIMIT_S, check=False)
    holds("questions wait", b"questions wait" in done.stdout)
    os.kill(pid, signal.SIGCONT)
    site.wait(lambda: site.policies(name))
    equal("the same child", site.network(), pid)
    # and one that hangs does not keep the daemon from ending
    os.kill(pid, signal.SIGSTOP)
    site.stop()
    holds("it is gone", run.is_gone(pid))


def dns_down(site):
    """Sessions count; other servers, told by SIGHUP, have the answers."""
    name = site.world.domain()
    site.configure(["mail.log"], port=CLOSED_PORT)
    site.start()
    site.session(name)
    site.wait(lambda: site.counted_of(name) == 1)
    site.wait(lambda: site.daemon_of()["dns-health"] == "unreachable")
    holds("advice", any(a["wrong"] and "the resolver answers nothing" in a["text"]
                        for a in site.status("advice")))
    site.wait(lambda: site.daemon_of()["questions"] == 0)
    equal("no policy", site.policies(name), [])
    before = site.network()
    site.configure(["mail.log"])
    site.reload("configuration was read again")
    site.wait(lambda: site.policies(name))
    holds("by another child", site.network() not in (0, before))
    equal("health", site.daemon_of()["dns-health"], "validating")
    child = site.network()
    site.reload("configuration was read again")
    equal("nothing has changed", site.network(), child)
    site.stop()


def switched_off(site):
    name = site.world.domain()
    site.start()
    site.session(name)
    site.wait(lambda: site.policies(name))
    site.configure(["mail.log"], lookup="false")
    site.reload("configuration was read again")
    site.wait(lambda: run.children_of(site.daemon.pid) == [])
    site.configure(["mail.log"])
    site.reload("configuration was read again")
    site.wait(site.network)
    site.stop()
    site.configure(["mail.log"], lookup="false")
    relay, name = site.world.relay, site.world.domain()
    before = len(relay.names)
    site.start()
    site.session(name)
    site.wait(lambda: site.counted_of(name) == 1)
    equal("children", run.children_of(site.daemon.pid), [])
    daemon = site.daemon_of()
    equal("status", (daemon["network"], daemon["network-running"]), (False, False))
    equal("asked", len(relay.names), before)
    site.configure(["mail.log"])
    site.reload("configuration was read again")
    if daemon["sandboxed"]:
        holds(site.said(), "key=policies.lookup needs a new start" in site.said())
        site.stop()
        site.start()
    site.wait(lambda: site.policies(name))  # of the session before, too
    site.stop()


# --- the milter, and MTA-STS -----------------------------------------------------------------


def hinted(site):
    """A message comes in: policies are there before it goes out."""
    path = site.path("run/milter.sock")
    site.configure(["mail.log"], milter="unix:" + path)
    name = site.world.domain()
    site.start()
    site.wait(lambda: run.serves(path))
    with Client(path) as client:
        client.negotiate().message("6AMBWYfV000001", rcpts=("<u@%s>" % full(name),))
        client.quit()
    site.wait(lambda: "_25._tcp.mx." + full(name) in site.world.relay.names)
    site.wait(lambda: site.daemon_of()["policies"] > 0)
    site.session(name)
    site.wait(lambda: site.counted_of(name) == 1)
    policy, = site.policies(name)
    equal("the first has it", [o["policy"] for o in site.tally("fact", name)], [policy["hash"]])
    if site.daemon_of()["sandboxed"]:
        # only the child that needs the network has kept it
        few, many = filters_of(site.network()), filters_of(site.child("milter"))
        equal("filters of the milter", many, [n + 1 for n in few])
    site.stop()


def age_cache(site):
    """As if all policies had been fetched an hour ago, and were due."""
    path, = glob.glob(site.path("state/policy/*.sqlite"))
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE policy SET fetched = fetched - 3600, refresh = fetched - 1800")
        db.commit()


def kept(site):
    """A policy outlives the daemon; while it cannot be fetched anew it holds,
    and each failure is an event of the report."""
    hosts = site.world.hosts
    site.start()
    for name in ("kept", "fails"):
        equal(name, [p["sts"] for p in site.know(name)], ["found"])
    site.stop()
    before = list(hosts.requests)
    site.start()
    site.session("kept")
    site.wait(lambda: site.counted_of("kept") == 2 and site.daemon_of()["questions"] == 0)
    equal("from the cache", [p["sts"] for p in site.policies("kept")], ["found"])
    equal("not fetched again", hosts.requests, before)
    site.stop()
    age_cache(site)
    hosts.answers["fails"] = (404, {})
    site.start()
    site.session("fails")
    site.wait(lambda: [p for p in site.policies("fails") if "failed-at" in p])
    site.session("fails", chain="FAIL")
    site.wait(lambda: site.counted_of("fails") == 3 and site.daemon_of()["questions"] == 0)
    event, = [p for p in site.policies("fails") if "failed-at" in p]
    equal("event", (event["failed"], event["sts-reason"], event["sts-text"]),
          ("fetch-error", "http-404+cached-policy-used", TEXT % "fails"))
    site.wait(lambda: hosts.requests.count("kept") == 2)  # by itself
    site.stop()
    element, = reports(site)["fails"]
    equal("policy", (element["policy"]["policy-type"], element["policy"]["mx-host"],
                     element["policy"]["policy-string"]),
          ("sts", ["*." + full("fails")], (TEXT % "fails").splitlines()))
    # of those with verify=OK the log does not tell whose name was there
    equal("counts", element["summary"], {"total-successful-session-count": 0,
                                         "total-failure-session-count": 2})
    holds(element, ("sts-policy-fetch-error", "http-404+cached-policy-used", 1) in [
        (d["result-type"], d.get("failure-reason-code"), d["failed-session-count"])
        for d in element["failure-details"]])


def broken(site):
    """Each policy that cannot be had is told of in the report."""
    hosts = site.world.hosts
    before = hosts.requests.count("sts")
    site.start()
    site.know("sts")  # so it is not us
    for name, (status, say, _, _) in BROKEN.items():
        hosts.answers[name] = (status, say)
        site.session(name, n=2)
    site.wait(lambda: all(site.policies(name) for name in BROKEN))
    found = {name: site.policies(name)[0] for name in BROKEN}
    site.stop()
    made = reports(site)
    for name, (_, _, sts, reason) in BROKEN.items():
        equal(name, found[name]["sts"], sts)
        reason = reason or found[name]["sts-reason"]
        equal(name, found[name]["sts-reason"], reason)
        element, = made[name]
        detail, = element["failure-details"]
        equal(name, (element["policy"]["policy-type"], element["policy"]["policy-domain"],
                     element["summary"]["total-failure-session-count"], detail["result-type"],
                     detail["failure-reason-code"], detail["failed-session-count"]),
              ("sts", full(name), 2, TYPES[sts], reason, 2))
    equal("no redirect was followed", hosts.requests.count("sts"), before + 1)


def reports(site):
    """Seals all days and makes the reports: the policies of each, by the first
    label of its domain."""
    open(site.path("empty.log"), "w", encoding="ascii").close()
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
    subprocess.run([TOOL, "-c", site.conf, "replay", "--mta", "sendmail", "--feed", "other",
                    "--seal", "--until", tomorrow, site.path("empty.log")],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=True)
    done = subprocess.run([REPORTER, "-c", site.conf, "--dry-run", site.path("reports")],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    holds(done.stderr, done.returncode == 0)
    made = {}
    for path in glob.glob(site.path("reports/*.json.gz")):
        with gzip.open(path) as f:
            made[os.path.basename(path).split("!")[1].split(".")[0]] = json.load(f)["policies"]
    return made


TESTS = (found, waits, restarted, killed, hangs, dns_down, switched_off, hinted, kept, broken)


def inside(tree, names, tests, make_world, make_site):
    failed = 0
    namespace.settle("lab")
    wanted = [t for t in tests if not names or t.__name__ in names]
    print("1..%d" % len(wanted))
    with tempfile.TemporaryDirectory(prefix="telltls-policies-") as folder:
        world = make_world(tree, folder)
        for number, test in enumerate(wanted, 1):
            site = make_site(world)
            begin = time.monotonic()
            try:
                test(site)
                print("ok %d - %s" % (number, test.__name__))
            except Exception as error:  # any other is a failed test too
                failed += 1
                text = str(error) if isinstance(error, Failed) else traceback.format_exc()
                print("not ok %d - %s" % (number, test.__name__))
                print("\n".join("# " + line for line in text.splitlines()))
                if site.daemon is not None:
                    print("# " + site.said().replace("\n", "\n# "))
            finally:
                world.relay.go_on()
                site.remove()
            print("# %.1f s" % (time.monotonic() - begin))
            sys.stdout.flush()
    return 1 if failed else 0


def main(script=__file__, tests=TESTS, make_world=World, make_site=Site):
    if "--inside" in sys.argv[1:2]:
        return inside(sys.argv[2], sys.argv[3:], tests, make_world, make_site)
    why, tree = namespace.why_not(), None
    try:
        tree = packages.tree(packages.DNS)
    except (packages.Unavailable, OSError) as e:
        why = why or "no packages: %s" % e
    if why is not None and "TELLTLS_MUST_RUN" in os.environ:
        print("1..1\nnot ok 1 - " + why)
        return 1
    if why is not None:
        print("1..0 # SKIP " + why)
        return 0
    return subprocess.run(namespace.command(os.path.abspath(script), "--inside", tree,
                                            *sys.argv[1:]),
                          stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
