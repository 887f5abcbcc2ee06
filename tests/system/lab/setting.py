# SPDX-License-Identifier: BSD-2-Clause
"""The mail world of one test, inside of its namespaces: DNS, the receivers,
and an MTA that a subclass adds.

Leaves in its folder: truth.jsonl (see receiver.py), dns/ (see dns.py), root/
(the MTA's), and its logs.
"""
import collections
import os
import shutil
import subprocess
import time
from typing import NamedTuple

from . import dns, expect, namespace, receiver, world


class Finding(NamedTuple):
    """What an MTA finds of a host that does TLS."""

    is_good: bool  # enough to deliver
    chain: str = "unknown"
    name: str = "unknown"
    dane: str = "unknown"


class Setting:
    """A subclass has what Site has: log (see maillog.py), milter_socket, told,
    is_served(), is_bounced(), key(), and rest()."""

    mta = None        # the feed's
    log = None
    milter_conf = ""  # more lines of that section of telltls.yaml
    groups = {}       # more that the daemon joins, with their numbers

    def __init__(self, place):
        namespace.settle(world.HOST)
        self.place = place
        self.begin = int(time.time())
        self.certificates = world.certificates(place.pki)
        pems = self.certificates.pems
        self.dns = dns.Dns(place.path("dns"), place.dns, world.ZONE,
                           world.zone(self.certificates.tlsa), forged=world.FORGED,
                           absent=world.absent_zones(), authority=world.NAMESERVER,
                           resolver=world.RESOLVER)
        self.truth = receiver.Truth(place.path("truth.jsonl"))
        world.start_receivers(self.truth, pems)
        self._sent, self._tries = [], collections.Counter()

    def install_authority(self, root):
        """Which the MTA is to trust, as Debian has it."""
        authority = self.certificates.authority
        digest = subprocess.run(["openssl", "x509", "-in", authority, "-noout", "-hash"],
                                check=True, capture_output=True, text=True).stdout.strip()
        os.makedirs(root.inside("etc/ssl/certs"))
        for name in (f"{digest}.0", "lab.pem", "ca-certificates.crt"):
            shutil.copy(authority, root.inside("etc/ssl/certs/" + name))

    def note_sent(self, messages, is_queue_run=False):
        """These, and in a queue run all before, were tried once more, unless
        they had been delivered."""
        self._sent += messages
        for message in self._sent if is_queue_run else messages:
            self._tries.update(map(self.hop_of, message.to))

    @staticmethod
    def hop_of(address):
        """The domain that a session with this recipient counts for."""
        return expect.domain_of(address)

    @staticmethod
    def why_in_clear(_):
        """The counter of sessions of a domain without TLS that was offered."""
        return "clear-retry"

    def is_bounced(self, _):
        """Does the MTA refuse to deliver to a host that would take mail?"""
        return False

    def tries(self, domain):
        """How often something was to be delivered there, if it never was."""
        return self._tries[domain]

    def given_up(self):
        """The facts of sessions that no receiver saw, and how many."""
        return {}

    def settle(self):
        """Returns when all that happened is in the log and in the truth."""
        self.truth.drain()
        self.log.drain()
