# SPDX-License-Identifier: BSD-2-Clause
"""What reports are sent to in the tests of telltls-report: an MTA and a web
server on loopback, which keep all they are given, and refuse what they are
told to.
"""
import os
import socket
import socketserver
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler

PATIENCE_S = 60


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler, address="127.0.0.1"):
        super().__init__((address, 0), handler)
        self.port = self.server_address[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that dies is what the tests are about."""

    def stop(self):
        self.shutdown()
        self.server_close()


class Mail:
    def __init__(self, sender, to, data):
        self.sender, self.to, self.data = sender, to, data


class SmtpHandler(socketserver.StreamRequestHandler):
    timeout = PATIENCE_S

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def read_data(self):
        lines = []
        while True:
            line = self.rfile.readline()
            if not line:
                return None
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def handle(self):
        self.server.n_connections += 1
        self.say(self.server.greeting)
        sender = to = ""
        while True:
            line = self.rfile.readline()
            if not line:
                return
            text = line.decode("latin-1").strip()
            verb = text[:4].upper()
            answer = "250 2.0.0 done"
            if verb == "MAIL":
                sender = text[text.index("<") + 1:text.index(">")]
                answer = self.server.mail_answer
            elif verb == "RCPT":
                to = text[text.index("<") + 1:text.rindex(">")]
                answer = self.server.answers.get(to, answer)
                self.server.asked.append(to)
            elif verb == "DATA":
                self.say("354 go on")
                data = self.read_data()
                if data is None:
                    return
                answer = self.server.data_answers.get(to, answer)
                if answer.startswith("2"):
                    self.server.keep(Mail(sender, to, data))
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            self.say(answer)


class SmtpSink(Server):
    """answers: recipient -> what is said to its RCPT; data_answers: to the
    end of its mail."""

    def __init__(self):
        self.greeting = "220 sink.example ESMTP"
        self.mail_answer = "250 2.1.0 ok"
        self.answers = {}
        self.data_answers = {}
        self.asked = []
        self.mails = []
        self.on_mail = None   # is called before a mail is answered
        self.n_connections = 0
        super().__init__(SmtpHandler)

    def keep(self, mail):
        with self.lock:
            self.mails.append(mail)
            on_mail = self.on_mail
        if on_mail is not None:
            on_mail()

    def clear(self):
        with self.lock:
            self.mails = []
            self.asked = []
            self.n_connections = 0


class Post:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body


class HttpsHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S

    def setup(self):
        # in the thread of the connection: a handshake may take its time
        self.request = self.server.context.wrap_socket(
            self.request, server_side=True)
        super().setup()

    def log_message(self, format, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            status, headers = self.server.answers.get(self.path, (200, {}))
            self.server.posts.append(Post(self.path, dict(self.headers), body))
            on_post = self.server.on_post
        if on_post is not None:
            on_post(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


class HttpsSink(Server):
    """answers: path -> (status, headers). It has a certificate of its own."""

    def __init__(self, folder):
        self.ca = os.path.join(folder, "ca.pem")
        key = os.path.join(folder, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=sink", "-addext",
             "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key,
             "-out", self.ca], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca, key)
        self.answers = {}
        self.posts = []
        self.on_post = None
        super().__init__(HttpsHandler)

    def url(self, path):
        return "https://127.0.0.1:%d%s" % (self.port, path)

    def clear(self):
        with self.lock:
            self.posts = []


def closed_port():
    """A port that nobody listens at."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
