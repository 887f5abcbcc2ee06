# SPDX-License-Identifier: BSD-2-Clause
"""The programs of telltls, as they were built."""
import glob
import json
import os
import subprocess

from . import world

_CONF = """\
organization: Lab
contact: {reporter}
state: {state}
dns:
  servers: [{resolver}]
  trust-anchor: {anchor}
"""


class Telltls:
    """With a state of its own; more is appended to its configuration. It has
    its files in the site's folder, with names that begin with name. said: what
    was logged by the program that ran last."""

    def __init__(self, site, name="replay", more=""):
        self.site, self.name, self.said = site, name, ""
        self.state = self.path("state")
        self.conf = self.path("yaml")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(_CONF.format(reporter=world.REPORTER, state=self.state,
                                 resolver=site.dns.resolver, anchor=site.dns.anchor) + more)

    def path(self, what):
        return self.site.place.path(f"{self.name}.{what}")

    def run(self, program, *args, good=(0,)):
        p = subprocess.run([os.path.join(self.site.place.bin, program), "-c", self.conf, *args],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                           env={**os.environ, "TZ": "UTC0", "LC_ALL": "C"})
        self.said = p.stderr
        if p.returncode not in good:
            raise RuntimeError(f"{program} {args[0]}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return p.stdout

    def replay(self, *logs):
        """The oldest first; seals."""
        self.run("tool/telltls", "replay", "--mta", self.site.mta, "--seal", *logs)

    def _tally(self, kind):
        out = self.run("tool/telltls", "tally", "--json")
        return [x for x in map(json.loads, out.splitlines()) if x["kind"] == kind]

    def facts(self):
        return self._tally("fact")

    def policies(self):
        return self._tally("policy")

    def status(self):
        """All is well, or something is wrong: both are to be told."""
        out = self.run("tool/telltls", "status", "--json", good=(0, 1))
        return [json.loads(line) for line in out.splitlines()]

    def counters(self):
        """Of the feed; none before it was counted."""
        return next((x["counters"] for x in self.status() if x["kind"] == "feed"), {})

    def wrong(self):
        """What an operator must do something about."""
        return "\n".join(x["text"] for x in self.status() if x["kind"] == "advice" and x["wrong"])

    def report(self, name="reports", state=None):
        """Makes the reports, of another state if it is given; returns their
        files."""
        folder = self.path(name)
        self.run("reporter/telltls-report", "--state", state or self.state, "--dry-run", folder)
        return sorted(glob.glob(os.path.join(folder, "*")))
