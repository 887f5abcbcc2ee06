# SPDX-License-Identifier: BSD-2-Clause
"""telltls-milter beside the MTA of a site, with a user of its own."""
import os
import signal
import socket
import subprocess
import time

from . import namespace, telltls

USER, UID = "telltls", 800
LIMIT_S = 40
_CONF = """\
run: {run}
user: {user}
{groups}milter:
  socket: unix:{socket}
{milter}{more}feeds:
  - mta: {mta}
    file: {log}
"""


def _groups(more):
    return f"groups: [{', '.join(['adm', 'systemd-journal', *more])}]\n" if more else ""


class Daemon(telltls.Telltls):
    """Its state is what is counted live. Everything that it says goes to one
    file, path("log"), however often it is started. more: lines of its
    configuration."""

    def __init__(self, site, name="live", more=""):
        self.socket = site.milter_socket
        run = os.path.dirname(self.socket)
        super().__init__(site, name, _CONF.format(run=run, user=USER, socket=self.socket,
                                                  groups=_groups(site.groups),
                                                  milter=site.milter_conf, mta=site.mta,
                                                  more=more, log=site.log.path))
        namespace.add_user(self.path("users"), USER, UID, site.groups)
        self._process = None

    def start(self):
        """Returns when it follows the log and its milter answers."""
        with open(self.path("log"), "ab") as log:
            self._process = subprocess.Popen(
                [os.path.join(self.site.place.bin, "milter/telltls-milter"), "-f", "-c", self.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait(self._milter_listens, "its milter does not answer")

    @property
    def pid(self):
        return self._process.pid

    def children(self):
        return [pid for pid, parent, _ in namespace.processes() if parent == self.pid]

    def milter_pid(self):
        """Of the child that talks to the MTA; None where there is none."""
        listening = self._milter_inode()
        for pid in self.children():
            try:
                folder = f"/proc/{pid}/fd"
                links = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
            except OSError:  # it has just gone
                continue
            if listening is not None and f"socket:[{listening}]" in links:
                return pid
        return None

    def _milter_inode(self):
        with open("/proc/net/unix", encoding="utf-8") as f:
            for line in f:
                words = line.split()
                if words[-1] == self.socket and words[3] == "00010000":  # it listens
                    return words[6]
        return None

    def _milter_listens(self):
        # what was made for its owner alone is given away a moment later
        return self.milter_pid() is not None and os.stat(self.socket).st_mode & 0o070 != 0

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        """Returns its exit status."""
        self.signal(signal.SIGTERM)
        return self._process.wait(LIMIT_S)

    def kill(self):
        """Nothing of it is left: its milter ends by itself."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        self.wait(lambda: namespace.count_processes("telltls-milter") == 0,
                  "its children do not end")

    def signal_all(self, number):
        self.signal(number)
        for pid in self.children():
            os.kill(pid, number)

    def kill_all(self):
        """Leaves the milter's socket, with nobody behind it."""
        self.signal_all(signal.SIGSTOP)
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)
        self.kill()

    def kill_milter(self):
        """Returns when the daemon has started another."""
        old = self.milter_pid()
        os.kill(old, signal.SIGKILL)
        self.wait(lambda: self.milter_pid() not in (None, old), "it starts no other milter")

    def has_read(self):
        """Has it counted all that is in the log?"""
        return self.counters().get("lines", 0) >= self.site.log.n_lines

    def wait_read(self):
        self.wait(self.has_read, "it does not read its log")

    def wait(self, condition, text, limit_s=LIMIT_S):
        """Until the condition holds; text: what is wrong if it never does."""
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"telltls-milter: {text}\n{self.log_text()[-4000:]}")
            time.sleep(0.05)

    def log_text(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def occupy_milter(self, n):
        """Connects so often to the milter's socket; returns the connections
        that were taken, or wait to be."""
        taken = []
        for _ in range(n):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            if s.connect_ex(self.socket) == 0:
                taken.append(s)
            else:
                s.close()
        return taken
