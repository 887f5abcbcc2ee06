# SPDX-License-Identifier: BSD-2-Clause
"""python3 -m lab.run: one run of the mail world, inside of its namespaces.

Leaves in the folder: mail.log, truth.jsonl (see receiver.py), zone, and
run.json with "begin", "end" (Unix seconds), "m4" (what m4 said of our file),
"changed" (lines of Debian's own sendmail.cf that our file took away).
"""
import argparse
import json
import os
import shutil
import subprocess
import time

from . import certs, dns, maillog, mta, namespace, receiver, world

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = f"include(`/{mta.TELLTLS_M4}')dnl\n"
DEBIAN_MC = "include(`/usr/share/sendmail/cf/debian/sendmail.mc')dnl\n"


def install_certificates(sendmail, folder, trusted):
    """What Debian's starttls.m4 expects."""
    digest = subprocess.run(["openssl", "x509", "-in", trusted, "-noout", "-hash"], check=True,
                            capture_output=True, text=True).stdout.strip()
    os.makedirs(sendmail.inside("etc/ssl/certs"))
    shutil.copy(trusted, sendmail.inside(f"etc/ssl/certs/{digest}.0"))
    os.makedirs(sendmail.inside("etc/mail/tls"), exist_ok=True)
    own = certs.Authority(os.path.join(folder, "own"), "Own Root CA").issue("mta", [world.HOST])
    for name in ("sendmail-server.crt", "sendmail-client.crt", "sendmail-common.key"):
        shutil.copy(own, sendmail.inside("etc/mail/tls/" + name))
        os.chmod(sendmail.inside("etc/mail/tls/" + name), 0o600)


def try_debian_mc(sendmail):
    """Our file behind Debian's own sendmail.mc: what m4 says, and which of
    the site's lines are no longer there, or no longer in that order."""
    before, said_before = sendmail.make_cf(DEBIAN_MC, "before")
    after, said = sendmail.make_cf(DEBIAN_MC + INCLUDE, "after")
    rest = iter(line for line in after.splitlines() if not line.startswith("#"))
    lost = [line for line in before.splitlines()
            if not line.startswith("#") and line not in rest]
    return said.replace(said_before, ""), lost


def make_cf(sendmail, log_level, features):
    with open(os.path.join(HERE, "sendmail.mc"), encoding="utf-8") as f:
        mc = f.read()
    for key, value in (("HOST", world.HOST), ("LOG_LEVEL", str(log_level)),
                       ("STARTTLS_S", str(world.STARTTLS_S)),
                       ("FEATURES", "".join(f"FEATURE(`{x}')dnl\n" for x in features))):
        mc = mc.replace(f"@{key}@", value)
    return sendmail.make_cf(mc)[1]


def deliver(sendmail):
    sendmail.write_map("access", world.access_map())
    sendmail.write_map("mailertable", world.mailertable())
    sendmail.start()
    mta.submit(mta.BACKGROUND, world.IMMEDIATE)
    sendmail.wait_idle()
    mta.submit(mta.QUEUE_ONLY, world.QUEUED)
    sendmail.wait_idle()
    sendmail.run_queue()
    sendmail.wait_idle()
    sendmail.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--tree", required=True)
    parser.add_argument("--m4", required=True)
    parser.add_argument("--log-level", type=int, default=9)
    parser.add_argument("--feature", action="append", default=[])
    args = parser.parse_args()

    namespace.settle(world.HOST)
    path = lambda name: os.path.join(args.folder, name)
    sendmail = mta.Sendmail(path("root"), args.tree, world.HOST, world.NAMESERVER)
    with open(args.m4, encoding="utf-8") as f:
        sendmail.write(mta.TELLTLS_M4, f.read())
    with open(path("zone"), "w", encoding="utf-8") as f:
        f.write(world.zone())
    dns.Server(dns.Zone(world.zone()), world.NAMESERVER)
    log = maillog.MailLog(sendmail.inside("dev/log"), path("mail.log"))
    truth = receiver.Truth(path("truth.jsonl"))
    install_certificates(sendmail, args.folder, world.start_receivers(args.folder, truth))

    said, changed = try_debian_mc(sendmail)
    said += make_cf(sendmail, args.log_level, args.feature)
    result = {"m4": said, "changed": changed, "begin": int(time.time())}
    deliver(sendmail)
    truth.drain()
    log.drain()
    result["end"] = int(time.time())
    with open(path("run.json"), "w", encoding="utf-8") as f:
        json.dump(result, f)


if __name__ == "__main__":
    main()
