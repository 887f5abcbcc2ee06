# SPDX-License-Identifier: BSD-2-Clause
"""SMTP receivers, one for each address, that behave as the test wants.

What each of them saw of each connection goes to the truth file, one JSON
object a line:

ip, mx    the receiver
outcome   how the connection went: "ok" (TLS came up), "not-offered",
          "refused" (STARTTLS answered 4xx or 5xx), "failed", "declined"
          (STARTTLS was offered, and mail came without), or "no-session" (it
          ended before anything could be said of TLS)
version   of TLS, "" without
helo      what the client called itself
sent      for each message that was tried: from, to (all that were named),
          taken (those it was accepted for), tls_required_no; and text, what
          was taken, where the receiver keeps that
"""
import json
import socket
import ssl
import struct
import threading

IDLE_S = 60
_ALERT_INTERNAL_ERROR = bytes.fromhex("15030300020250")


class _Gone(Exception):
    """The client closed the connection, or we do."""


class _Connection:
    def __init__(self, receiver, sock, truth):
        self.receiver = receiver
        self.sock = sock
        self.truth = truth
        self.seen = {"ip": receiver.ip, "mx": receiver.mx, "outcome": "no-session", "version": "",
                     "helo": "", "sent": []}
        self.before = []
        self.data = b""
        self.message = None
        self.good = []

    def line(self):
        while b"\n" not in self.data:
            more = self.sock.recv(65536)
            if not more:
                raise _Gone
            # Else Sendmail waits 40 ms for our ACK before it sends on.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            self.data += more
        line, _, self.data = self.data.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "surrogateescape")

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def serve(self):
        self.say(self.receiver.greeting)
        if self.receiver.greeting.startswith("4"):
            raise _Gone
        while True:
            word, _, rest = self.line().partition(" ")
            handler = getattr(self, "do_" + word.lower(), None)
            if handler is None:
                self.say("500 5.5.1 unknown command")
            else:
                handler(rest)

    def do_ehlo(self, name):
        self.seen["helo"] = name
        offered = [self.receiver.mx, "ENHANCEDSTATUSCODES", "8BITMIME"]
        if self.seen["outcome"] == "no-session":
            self.seen["outcome"] = "not-offered"
        if self.receiver.starttls != "absent" and self.seen["outcome"] == "not-offered":
            offered.append("STARTTLS")
        self.say("\r\n".join([f"250-{text}" for text in offered[:-1]] + [f"250 {offered[-1]}"]))

    do_helo = do_ehlo

    def do_starttls(self, _):
        how = self.receiver.starttls
        if self.seen["outcome"] == "declined":  # Exim tries again, before the next message
            self.before.append(self.seen)
            self.seen = {**self.seen, "sent": []}
        if how[0].isdigit():
            self.seen["outcome"] = "refused"
            self.say(how + " TLS not available")
            return
        self.seen["outcome"] = "failed"
        if how == "close":
            raise _Gone
        self.say("220 2.0.0 ready for TLS")
        if self.receiver.context is not None:
            self.sock = self.receiver.context.wrap_socket(self.sock, server_side=True)
            self.data = b""
            self.seen.update(outcome="ok", version=self.sock.version())
            return
        self.sock.recv(65536)
        if how == "plain":
            self.say("500 5.5.1 what is this?")
        elif how == "alert":
            self.sock.sendall(_ALERT_INTERNAL_ERROR)
        elif how == "hang":
            self.sock.settimeout(self.receiver.patience_s)
            while self.sock.recv(65536):
                pass
        else:  # "reset"
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Gone

    def do_mail(self, rest):
        if self.seen["outcome"] == "not-offered" and self.receiver.starttls != "absent":
            self.seen["outcome"] = "declined"
        sender = rest.partition("<")[2].partition(">")[0]
        self.message = {"from": sender, "to": [], "taken": [], "tls_required_no": False}
        self.good = []
        self.seen["sent"].append(self.message)
        self.say("250 2.1.0 ok")

    def do_rcpt(self, rest):
        to = rest.partition("<")[2].rpartition(">")[0]
        reply = self.receiver.rcpt_reply()
        self.message["to"].append(to)
        if reply.startswith("2"):
            self.good.append(to)
        self.say(reply)

    def do_data(self, _):
        if not self.good:
            self.say("554 5.5.1 no recipients")
            return
        self.say("354 go ahead")
        in_header, lines = True, []
        while (line := self.line()) != ".":
            if self.receiver.keeps:
                lines.append(line[1:] if line.startswith(".") else line)
            in_header = in_header and line != ""
            if in_header and line.lower().replace(" ", "") == "tls-required:no":
                self.message["tls_required_no"] = True
        reply = self.receiver.data_reply()
        if reply.startswith("2"):
            self.message["taken"] = self.good
            if self.receiver.keeps:
                self.message["text"] = "".join(line + "\r\n" for line in lines)
        self.say(reply)

    def do_rset(self, _):
        self.say("250 2.0.0 ok")

    do_noop = do_rset

    def do_quit(self, _):
        self.say("221 2.0.0 bye")
        raise _Gone

    def run(self):
        self.sock.settimeout(IDLE_S)
        try:
            self.serve()
        except (_Gone, OSError):  # ssl.SSLError is one
            pass
        finally:
            self.sock.close()
            self.truth.add(*self.before, self.seen)


class Receiver:
    """One MX host. what has: mx (its name), greeting (or None), says (the text
    of replies), refuse_first (recipients answered 451; with refuse_data, whole
    messages), reject (all recipients answered 550), keeps (the text of messages,
    for the truth file), version (of TLS, or None
    for any), and starttls: "tls", "old-tls" (1.1), "absent", a reply like "454
    4.7.0", "close" (at once), or, where the handshake should be, "reset",
    "plain", "alert" or "hang" (for patience_s)."""

    def __init__(self, ip, what, pem=None, patience_s=10):
        self.ip, self.mx, self.keeps = ip, what.mx, what.keeps
        self.starttls = what.starttls
        self.says = what.says
        self.greeting = what.greeting or f"220 {what.mx} ESMTP {what.says}"
        self.patience_s = patience_s
        self.context = None
        self._reject = what.reject
        self._refuse = what.refuse_first
        self._refuse_data = what.refuse_data
        if pem is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pem)
            version = what.version
            if what.starttls == "old-tls":  # off by default
                self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
                version = ssl.TLSVersion.TLSv1_1
            if version is not None:
                self.context.minimum_version = self.context.maximum_version = version

    def rcpt_reply(self):
        if self._reject:
            return "550 5.1.1 " + self.says
        return "250 2.1.5 " + self.says if self._refuse_data else self._reply()

    def data_reply(self):
        return self._reply() if self._refuse_data else "250 2.0.0 " + self.says

    def _reply(self):
        if self._refuse > 0:
            self._refuse -= 1
            return "451 4.3.0 " + self.says
        return "250 2.0.0 " + self.says

    def start(self, truth):
        server = socket.create_server((self.ip, 25), backlog=64)

        def accept():
            while True:
                sock, _ = server.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                truth.begin()
                threading.Thread(target=_Connection(self, sock, truth).run, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()


class Truth:
    """The truth file, and how many connections are open."""

    def __init__(self, path):
        self.path = path
        self._open = 0
        self._changed = threading.Condition()
        open(path, "w", encoding="utf-8").close()

    def begin(self):
        with self._changed:
            self._open += 1

    def add(self, *seen):
        """What was seen of one connection."""
        with self._changed:
            with open(self.path, "a", encoding="utf-8") as f:
                f.writelines(json.dumps(x) + "\n" for x in seen)
            self._open -= 1
            self._changed.notify_all()

    def drain(self, limit_s=IDLE_S):
        """Returns when no connection is open."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._open == 0, limit_s):
                raise TimeoutError(f"{self._open} connections are still open")

    def read(self):
        with open(self.path, encoding="utf-8") as f:
            return [json.loads(line) for line in f]
