#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests the milter with a real Postfix in its chroot, set up as telltls.yaml(5)
says: what is noted of messages, whom the socket lets in, and that mail is taken
whatever becomes of the milter.

Debian's Postfix is unpacked and not installed. For what else it needs see
tests/system/lab/stage.py.
"""
import os
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.path.insert(0, HERE)
from lab import maillog, namespace, packages, stage  # noqa: E402
from milter_site import PROGRAM, Filter  # noqa: E402

LIMIT_S = 300
TREE = "TELLTLS_LAB_POSTFIX"  # in the environment: Postfix as it was unpacked
HOST = "mta.lab.test"
OWN = "tlsrpt@us.example"
MANY = 300  # messages whose notes nobody reads
TELLTLS, POSTFIX, POSTDROP = 800, 120, 121
QUEUE = "var/spool/postfix"
SOCKET = QUEUE + "/telltls/milter.sock"
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                  f"postfix:x:{POSTFIX}:{POSTFIX}::/var/spool/postfix:/bin/false\n"
                  "nobody:x:65534:65534::/:/bin/false\n",
    "etc/group": f"root:x:0:\npostfix:x:{POSTFIX}:\npostdrop:x:{POSTDROP}:\nnogroup:x:65534:\n",
    "etc/services": "smtp 25/tcp\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
    "etc/hosts": f"127.0.0.1 localhost {HOST}\n",
}
_MAIN_CF = f"""\
compatibility_level = 3.6
command_directory = /tree/usr/sbin
daemon_directory = /tree/usr/lib/postfix/sbin
shlib_directory = /tree/usr/lib/postfix
data_directory = /var/lib/postfix
queue_directory = /{QUEUE}
meta_directory = /etc/postfix
sendmail_path = /tree/usr/sbin/sendmail
newaliases_path = /tree/usr/bin/newaliases
mailq_path = /tree/usr/bin/mailq
setgid_group = postdrop
mail_owner = postfix
myhostname = {HOST}
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_transport = smtp
defer_transports = smtp
"""


def milter_lines(src):
    """What the manual tells postmasters to write."""
    path = os.path.join(os.path.dirname(src), "man", "telltls.yaml.5")
    with open(path, encoding="utf-8") as f:
        blocks = re.findall(r"\.Bd -literal.*?\n(.*?)\.Ed\n", f.read(), re.S)
    return next(block for block in blocks if block.startswith("smtpd_milters"))


class Postfix:
    """In a root of its own, with the chroot of Debian's master.cf."""

    def __init__(self, root, tree):
        self.root = root
        os.makedirs(root)
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            host = "/" + name
            if os.path.isdir("/usr" + host):
                namespace.bind("/usr" + host, self.inside("usr" + host))
            if os.path.islink(host):
                os.symlink(os.readlink(host), self.inside(name))
            elif os.path.isdir(host):
                namespace.bind(host, self.inside(name))
        for name in ("null", "zero", "random", "urandom"):
            namespace.bind("/dev/" + name, self.inside("dev/" + name), read_only=False)
        namespace.bind(tree, self.inside("tree"))
        shutil.copytree(os.path.join(tree, "etc/postfix"), self.inside("etc/postfix"))
        shutil.copy(os.path.join(tree, "usr/share/postfix/master.cf.dist"),
                    self.inside("etc/postfix/master.cf"))
        for name, text in _FILES.items():
            self._write(name, text)
        os.makedirs(self.inside(QUEUE + "/dev"))
        os.makedirs(self.inside("var/lib/postfix"))
        os.chown(self.inside("var/lib/postfix"), POSTFIX, POSTFIX)
        os.makedirs(self.inside("tmp"))
        os.chmod(self.inside("tmp"), 0o1777)
        self._write("etc/ld.so.conf", "".join(f"{x}\n" for x in self._library_folders()))
        subprocess.run(["ldconfig", "-X", "-r", root], check=True)

    def _library_folders(self):
        yield "/tree/usr/lib/postfix"
        for top in ("usr/lib", "lib", "tree/usr/lib", "tree/lib"):
            path = self.inside(top)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                if name.endswith("-linux-gnu"):
                    yield f"/{top}/{name}"

    def inside(self, name):
        return os.path.join(self.root, name)

    def _write(self, name, text):
        with open(self.inside(name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *args, text=None):
        p = subprocess.run(["chroot", self.root, *args], input=text or "", capture_output=True,
                           text=True, timeout=60,
                           env={"PATH": "/tree/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin"})
        if p.returncode != 0:
            raise RuntimeError(f"{args}: exit {p.returncode}: {p.stdout}{p.stderr}")

    def start(self, more):
        """With more lines in main.cf."""
        self._write("etc/postfix/main.cf", _MAIN_CF + more)
        self.run("/tree/usr/sbin/postfix", "start")
        end = time.monotonic() + 60
        while True:
            try:
                with smtplib.SMTP("127.0.0.1", 25, timeout=10) as smtp:
                    smtp.noop()
                    return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        self.run("/tree/usr/sbin/postfix", "stop")


def session():
    smtp = smtplib.SMTP("127.0.0.1", 25, local_hostname="client.lab.test", timeout=60)
    smtp.ehlo()
    return smtp


def command(smtp, text):
    code, reply = smtp.docmd(text)
    if code != 250:
        raise RuntimeError(f"{text}: {code} {reply.decode()}")


def send(smtp, to=("u@a.example",), sender="s@s.example", fields=""):
    """Returns the queue id that Postfix says."""
    command(smtp, f"MAIL FROM:<{sender}>")
    for address in to:
        command(smtp, f"RCPT TO:<{address}>")
    code, reply = smtp.data(f"From: <s@s.example>\r\n{fields}\r\nHello.\r\n")
    if code != 250:
        raise RuntimeError(f"DATA: {code} {reply.decode()}")
    return reply.decode().rpartition(" ")[2]


NO = "TLS-Required: No\r\n"
MESSAGES = (  # what, and TLS-Required: No, ours, domains
    ("a message", {}, (False, False, "a.example")),
    ("TLS-Required: No", {"fields": NO}, (True, False, "a.example")),
    ("two fields", {"fields": NO + NO}, (False, False, "a.example")),
    ("our report", {"sender": OWN, "fields": NO}, (True, True, "a.example")),
    ("a bounce", {"sender": ""}, (False, False, "a.example")),
    ("three domains", {"to": ("u@a.example", "v@B.Example", "w@c.example", "x@a.example")},
     (False, False, "a.example b.example c.example")),
)


def equal(tap, title, got, want):
    tap.check(title, *([] if got == want else [f"got {got!r}, want {want!r}"]))


def summary(note):
    return note["qid"], note["no"], note["own"], note["domains"]


def check_notes(tap, postfix, f):
    for title, what, want in MESSAGES:
        with session() as smtp:
            qid = send(smtp, **what)
        equal(tap, f"{title}: noted", summary(f.note()), (qid, *want))
    with session() as smtp:
        ids = [send(smtp, **what) for _, what, _ in MESSAGES]
        command(smtp, "MAIL FROM:<s@s.example>")
        command(smtp, "RCPT TO:<u@z.example>")
        command(smtp, "RSET")
        ids.append(send(smtp))
    equal(tap, "all on one connection, and RSET", [summary(f.note()) for _ in ids],
          [(qid, *want) for qid, want in zip(ids, [w for _, _, w in MESSAGES] +
                                             [MESSAGES[0][2]])])
    postfix.run("/tree/usr/sbin/sendmail", "-f", "s@s.example", "u@a.example",
                text=f"Subject: x\n{NO}\nHello.\n".replace("\r", ""))
    equal(tap, "a message of a local user", summary(f.note())[1:], (True, False, "a.example"))


def check_hung_parent(tap, f):
    f.signal(signal.SIGSTOP)
    ids = []
    with session() as smtp:
        ids += [send(smtp) for _ in range(MANY)]
    tap.check("parent hung: all mail is taken")
    f.signal(signal.SIGCONT)
    got = [f.note()]
    while len(got) + sum(n["dropped"] for n in got) < len(ids):
        with session() as smtp:
            ids.append(send(smtp))
        while got[-1]["qid"] != ids[-1]:
            got.append(f.note())
    equal(tap, "parent hung: each message is told or counted",
          len(got) + sum(n["dropped"] for n in got), len(ids))


def check_dying(tap, postfix, f):
    with session() as smtp:
        send(smtp)
        f.signal_child(signal.SIGSTOP)
        for _ in range(3):
            send(smtp)
    with session() as smtp:
        send(smtp)
    tap.check("child hung: all mail is taken")
    f.signal_child(signal.SIGCONT)
    with session() as smtp:
        send(smtp)
        f.signal_child(signal.SIGKILL)
        f.rest()
        for _ in range(3):
            send(smtp)
    tap.check("child killed in the middle of a connection: all mail is taken")
    with session() as smtp:
        send(smtp)
    os.unlink(postfix.inside(SOCKET))
    with session() as smtp:
        send(smtp)
    tap.check("milter absent: all mail is taken")


def check_rights(tap, place, postfix):
    """The milter as a user of its own, who is in Postfix' group."""
    program = place.path("run_filter")  # the build may lie where he may not go
    shutil.copy(PROGRAM, program)
    folder = os.path.dirname(postfix.inside(SOCKET))
    os.makedirs(folder)
    os.chown(folder, TELLTLS, POSTFIX)
    os.chmod(folder, 0o750)
    become = ("setpriv", f"--reuid={TELLTLS}", f"--regid={TELLTLS}", f"--groups={POSTFIX}", program)
    for group, is_noted in ((("-g", str(POSTFIX)), True), ((), False)):
        f = Filter("unix:" + postfix.inside(SOCKET), *group, "-o", OWN, program=become)
        try:
            f.ready()
            with session() as smtp:
                send(smtp)
            told = [note for note in f.stop() if not note["report"]]
        finally:
            f.kill()
        equal(tap, f"{'with' if group else 'without'} the group: the message is noted",
              len(told), int(is_noted))
    return Filter("unix:" + postfix.inside(SOCKET), "-g", str(POSTFIX), "-o", OWN,
                  program=become).ready()


def run(tap, place):
    namespace.settle(HOST)
    postfix = Postfix(place.path("root"), os.environ[TREE])
    shipped = milter_lines(place.src)
    maillog.MailLog(postfix.inside("dev/log"), place.path("mail.log"), place.path("all-lines"))
    maillog.MailLog(postfix.inside(QUEUE + "/dev/log"), place.path("chroot.log"),
                    place.path("all-chroot-lines"))
    # the machine may be slow: patience, where it matters what the milter saw
    postfix.start(shipped.replace("=1s", "=60s"))
    with session() as smtp:
        send(smtp)
    tap.check("there was never a milter: mail is taken")
    f = check_rights(tap, place, postfix)
    try:
        check_notes(tap, postfix, f)
        check_hung_parent(tap, f)
        postfix.stop()
        postfix.start(shipped)
        check_dying(tap, postfix, f)
    finally:
        f.kill()
    postfix.stop()


def main():
    if sys.argv[1:2] != ["--inside"] and namespace.why_not() is None:
        try:
            os.environ[TREE] = packages.tree(("postfix",))
        except packages.Unavailable as e:
            if "TELLTLS_MUST_RUN" in os.environ:
                print(f"Bail out! no packages: {e}")
                return 1
            print(f"1..0 # SKIP no packages: {e}")
            return 0
    return stage.main(__file__, {"Postfix": run}, LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
