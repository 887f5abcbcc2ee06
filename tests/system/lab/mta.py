# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Sendmail in a root of its own (see namespace.py, packages.py)."""
import os
import shutil
import smtplib
import subprocess
import time

from . import namespace

ADDRESS = "127.0.0.1"
BACKGROUND, QUEUE_ONLY = 25, 2525  # ports of the daemon; the second only queues
TELLTLS_M4 = "usr/share/telltls/sendmail/telltls.m4"  # as the README says

_SENDMAIL = "/usr/libexec/sendmail/sendmail"
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                  "mail:x:8:8:mail:/var/mail:/bin/false\n"
                  "smmta:x:110:110::/var/lib/sendmail:/bin/false\n"
                  "smmsp:x:111:111::/var/lib/sendmail:/bin/false\n"
                  "nobody:x:65534:65534::/:/bin/false\n",
    "etc/group": "root:x:0:\nmail:x:8:\nsmmta:x:110:\nsmmsp:x:111:\nnogroup:x:65534:\n",
    "etc/services": "smtp 25/tcp\nsubmission 587/tcp\ndomain 53/tcp\ndomain 53/udp\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
    "etc/mail/aliases": "postmaster: root\nmailer-daemon: root\n",
    "etc/mail/local-host-names": "",
    "etc/mail/m4/dialup.m4": "",
    "etc/mail/m4/provider.m4": "",
}
_FOLDERS = {  # mode, owner, group
    "tmp": (0o1777, 0, 0),
    "var/tmp": (0o1777, 0, 0),
    "var/spool/mqueue": (0o750, 110, 111),
    "var/lib/sendmail": (0o755, 110, 111),
    "var/run/sendmail/mta": (0o755, 110, 111),
}


class Sendmail:
    """Its root is a folder that must not be there yet; tree is Sendmail as it
    was unpacked. It calls itself host."""

    def __init__(self, root, tree, host, nameserver):
        self.root = root
        self._cf = None
        os.makedirs(root)
        self._mount(tree)
        shutil.copytree(os.path.join(tree, "etc/mail"), self.inside("etc/mail"))
        for name, text in _FILES.items():
            self.write(name, text)
        for name, (mode, uid, gid) in _FOLDERS.items():
            os.makedirs(self.inside(name), exist_ok=True)
            os.chmod(self.inside(name), mode)
            os.chown(self.inside(name), uid, gid)
        self.write("etc/hosts", f"127.0.0.1 localhost\n127.0.0.1 {host}\n")
        self.write("etc/resolv.conf", f"nameserver {nameserver}\n")
        self.write("etc/ld.so.conf", "\n".join(self._library_folders()) + "\n")
        subprocess.run(["ldconfig", "-X", "-r", root], check=True)

    def _mount(self, tree):
        """The host's programs and libraries, and the tree's, read-only."""
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            host = "/" + name
            if os.path.isdir("/usr" + host):
                namespace.bind("/usr" + host, self.inside("usr/" + name))
            if os.path.islink(host):
                os.symlink(os.readlink(host), self.inside(name))
            elif os.path.isdir(host):
                namespace.bind(host, self.inside(name))
        for name in ("null", "zero", "random", "urandom"):
            namespace.bind("/dev/" + name, self.inside("dev/" + name), read_only=False)
        namespace.bind(tree, self.inside("tree"))
        os.makedirs(self.inside("usr/share"))
        os.symlink("/tree/usr/libexec", self.inside("usr/libexec"))
        os.symlink("/tree/usr/share/sendmail", self.inside("usr/share/sendmail"))

    def _library_folders(self):
        for top in ("usr/lib", "lib", "tree/usr/lib", "tree/lib"):
            path = self.inside(top)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                if name.endswith("-linux-gnu"):
                    yield f"/{top}/{name}"

    def inside(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
        with open(self.inside(name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *args, limit_s=60):
        """Runs a program inside, as root; returns its output."""
        p = subprocess.run(["chroot", self.root, *args], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, errors="replace", timeout=limit_s,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0"})
        if p.returncode != 0:
            raise RuntimeError(f"{args}: exit {p.returncode}: {p.stdout}{p.stderr}")
        return p.stdout + p.stderr

    def make_cf(self, mc, name="sendmail"):
        """Makes etc/mail/NAME.cf of the text of a .mc file, as its Makefile
        does. Returns the .cf and what m4 had to say."""
        self.write(f"etc/mail/{name}.mc", mc)
        said = self.run("sh", "-c", f"cd /etc/mail && m4 {name}.mc >{name}.cf")
        with open(self.inside(f"etc/mail/{name}.cf"), encoding="utf-8") as f:
            return f.read(), said

    def write_map(self, name, text):
        """Makes etc/mail/NAME.db; there must be a sendmail.cf already."""
        self.write("etc/mail/" + name, text)
        self.run("sh", "-c", f"cd /etc/mail && /usr/libexec/sendmail/makemap hash {name} <{name}")

    def start(self, cf="sendmail"):
        """With a .cf that make_cf() has made."""
        self._cf = f"-C/etc/mail/{cf}.cf"
        self.run(_SENDMAIL, self._cf, "-bi")
        self.run(_SENDMAIL, self._cf, "-L", "sm-mta", "-bd")
        self._wait(lambda: self._answers(BACKGROUND) and self._answers(QUEUE_ONLY), "no answer")

    def stop(self):
        with open(self.inside("var/run/sendmail/mta/sendmail.pid"), encoding="ascii") as f:
            os.kill(int(f.readline()), 15)
        self._wait(lambda: namespace.count_processes("sendmail") == 0, "does not stop")

    def run_queue(self):
        """One process delivers all that is queued."""
        self.run(_SENDMAIL, self._cf, "-L", "sm-mta-runq", "-qf", limit_s=120)

    def wait_idle(self, limit_s=120):
        """Returns when all deliveries have ended, well or not."""
        self._wait(lambda: namespace.count_processes("sendmail") <= 1, "still delivers", limit_s)

    def queued(self):
        names = os.listdir(self.inside("var/spool/mqueue"))
        return sorted(name[2:] for name in names if name[:2] in ("qf", "hf", "Qf"))

    @staticmethod
    def _wait(condition, text, limit_s=30):
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("Sendmail: " + text)
            time.sleep(0.05)

    @staticmethod
    def _answers(port):
        try:
            with smtplib.SMTP(ADDRESS, port, timeout=10) as smtp:
                return smtp.noop()[0] == 250
        except OSError:
            return False


def session(port):
    """A connection; to be closed by "with"."""
    smtp = smtplib.SMTP(ADDRESS, port, local_hostname="client.lab.test", timeout=60)
    smtp.ehlo()
    return smtp


def commands(message):
    """All that is said for a message, as it is: smtplib would mend addresses.
    It has sender, to and text()."""
    return [f"MAIL FROM:<{message.sender}>", *(f"RCPT TO:<{to}>" for to in message.to), "DATA",
            message.text() + "."]


def say(smtp, command):
    smtp.send(command + "\r\n")
    code, reply = smtp.getreply()
    if code != (354 if command == "DATA" else 250):
        raise RuntimeError(f"{command}: {code} {reply.decode()}")


def submit(port, messages):
    """Hands messages over, all in one connection."""
    with session(port) as smtp:
        for message in messages:
            for command in commands(message):
                say(smtp, command)
