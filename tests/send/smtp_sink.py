# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP server on the loopback that keeps what it is given, octet for octet,
and answers as badly as it is told to."""
import base64
import contextlib
import socket
import threading

LIMIT_S = 60
CLOSE, HANG = object(), object()


class Mail:
    def __init__(self, sender):
        self.sender, self.to, self.data = sender, [], None


class Sink:
    """answers: what is said to a verb, or to "HELLO" (the connection) and
    "TEXT" (the mail's end): a text, a list of texts, one for each time and then
    the usual one; CLOSE or HANG."""

    def __init__(self, answers=None, tls=None, wrapped=False, login=None):
        self.answers = {k: list(v) if isinstance(v, list) else v
                        for k, v in (answers or {}).items()}
        self.tls, self.wrapped, self.login = tls, wrapped, login
        self.mails, self.heard, self.names = [], [], []
        self.connections = 0
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self._take(self._listener.accept()[0])

    def _take(self, connection):
        self.connections += 1
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self):
        """Nobody is there any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection):
        with contextlib.suppress(OSError, EOFError), connection:
            connection.settimeout(LIMIT_S)
            _Conversation(self, connection).run()

    def answer(self, verb, usual):
        told = self.answers.get(verb)
        if isinstance(told, list):
            told = told.pop(0) if told else None
        return usual if told is None else told


class _Conversation:
    def __init__(self, sink, connection):
        self.sink, self.connection = sink, connection
        self.is_tls = False
        self.is_known = sink.login is None
        self.mail = None
        if sink.wrapped:
            self._wrap()
        self.file = self.connection.makefile("rb")

    def _wrap(self):
        self.sink.tls.sni_callback = lambda _, name, __: self.sink.names.append(name)
        self.connection = self.sink.tls.wrap_socket(self.connection, server_side=True)
        self.is_tls = True

    def say(self, verb, usual):
        """Was it the usual answer, or one like it?"""
        text = self.sink.answer(verb, usual)
        if text is CLOSE:
            # the file holds the descriptor, too
            self.connection.shutdown(socket.SHUT_RDWR)
            raise EOFError
        if text is HANG:
            self.sink.released.wait(LIMIT_S)
            raise EOFError
        self.connection.sendall(text.encode() + b"\r\n")
        return text[0] == usual[0]

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        return line

    def run(self):
        self.say("HELLO", "220 sink.example ESMTP")
        while True:
            line = self.line().decode("latin-1").rstrip("\r\n")
            self.sink.heard.append(line)
            verb, _, rest = line.partition(" ")
            if not self.command(verb.upper(), rest):
                return

    def extensions(self):
        lines = ["sink.example", "SIZE 10000000", "8BITMIME"]
        if self.sink.tls is not None and not self.is_tls:
            lines.append("STARTTLS")
        if self.sink.login is not None:
            lines.append("AUTH PLAIN")
        lines.append("HELP")
        return "\r\n".join(["250-" + x for x in lines[:-1]] + ["250 " + lines[-1]])

    def command(self, verb, rest):
        if verb == "EHLO":
            self.say(verb, self.extensions())
        elif verb == "STARTTLS":
            if self.say(verb, "220 go"):
                self._wrap()
                self.file = self.connection.makefile("rb")
        elif verb == "AUTH":
            self.connection.sendall(b"334 \r\n")
            word = base64.b64decode(self.line()).decode().split("\0")
            self.is_known = word[1:] == list(self.sink.login)
            self.say(verb, "235 2.7.0 welcome" if self.is_known else "535 5.7.8 not you")
        elif verb == "MAIL" and not self.is_known:
            self.say(verb, "530 5.7.0 Authentication required")
        elif verb == "MAIL":
            if self.say(verb, "250 2.1.0 ok"):
                self.mail = Mail(rest)
        elif verb == "RCPT":
            if self.say(verb, "250 2.1.5 ok"):
                self.mail.to.append(rest)
        elif verb == "DATA":
            if self.say(verb, "354 go on"):
                self.text()
        elif verb == "QUIT":
            self.say(verb, "221 2.0.0 bye")
            return False
        else:
            self.say(verb, "250 2.0.0 ok")
        return True

    def text(self):
        data = b""
        while (line := self.line()) != b".\r\n":
            data += line[1:] if line.startswith(b".") else line
        if self.say("TEXT", "250 2.0.0 queued as 4711"):
            self.mail.data = data
            self.sink.mails.append(self.mail)
