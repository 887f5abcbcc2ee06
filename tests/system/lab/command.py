# SPDX-License-Identifier: BSD-2-Clause
"""A command for a program without rights that runs as root, inside of an MTA's
root: a script that passes what it was given to a socket of the test."""
import json
import os
import socketserver
import subprocess
import threading

_CLIENT = """\
#!/usr/bin/python3 -BIS
import json, socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect({path!r})
    f = s.makefile("rwb")
    f.write(json.dumps(sys.argv[1:]).encode() + b"\\n" + sys.stdin.buffer.read())
    f.flush()
    s.shutdown(socket.SHUT_WR)
    status, said = json.load(f)
sys.stderr.write(said)
sys.exit(status)
"""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        args, text = json.loads(self.rfile.readline()), self.rfile.read()
        p = subprocess.run([*self.server.command, *args], input=text, capture_output=True,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0"})
        said = (p.stdout + p.stderr).decode("utf-8", "replace")
        self.wfile.write(json.dumps([p.returncode, said]).encode())


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def make(path, root, command, uid):
    """Makes the script at path, for that user alone. root: as of root.Root."""
    server = _Server(path + ".socket", _Handler)
    server.command = ["chroot", root.path, *command]
    with open(path, "w", encoding="ascii") as f:
        f.write(_CLIENT.format(path=path + ".socket"))
    for name, mode in ((path, 0o700), (path + ".socket", 0o600)):
        os.chmod(name, mode)
        os.chown(name, uid, uid)
    threading.Thread(target=server.serve_forever, daemon=True).start()
