# SPDX-License-Identifier: BSD-2-Clause
"""Two strangers that verify DKIM signatures: libopendkim and dkimpy. Both are
told the keys; nothing is asked of the DNS.
"""
import ctypes
import tempfile

try:
    import dkim
except ImportError:
    dkim = None

_OPENDKIM = "libopendkim.so.11"
_SETOPT, _QUERYMETHOD, _QUERYINFO = 1, 6, 7   # of its dkim.h
_ED25519 = 11
_BY_FILE, _PASSED, _MATCH = 1, 4, 0


class OpenDkim:
    """libopendkim, as opendkim and others use it. ed25519: does it know it?"""

    def __init__(self, keys):
        """keys: {"selector._domainkey.domain": "v=DKIM1; ..."}"""
        self.lib = ctypes.CDLL(_OPENDKIM)
        for name, args in (("dkim_init", 2), ("dkim_verify", 4), ("dkim_header", 3),
                           ("dkim_options", 5), ("dkim_libfeature", 2), ("dkim_eoh", 1),
                           ("dkim_body", 3), ("dkim_eom", 2), ("dkim_getsiglist", 3),
                           ("dkim_sig_getflags", 1), ("dkim_sig_getbh", 1), ("dkim_free", 1),
                           ("dkim_sig_process", 2)):
            getattr(self.lib, name).argtypes = [ctypes.c_void_p] * args
        for name in ("dkim_init", "dkim_verify"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.dkim_libfeature.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        self.lib.dkim_options.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
                                          ctypes.c_void_p, ctypes.c_size_t]
        for name in ("dkim_header", "dkim_body"):
            getattr(self.lib, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                                ctypes.c_size_t]
        self.handle = self.lib.dkim_init(None, None)
        self.file = tempfile.NamedTemporaryFile("w", prefix="telltls-keys-")
        self.file.write("".join(f"{k} {v}\n" for k, v in keys.items()))
        self.file.flush()
        self._set(_QUERYMETHOD, ctypes.c_int(_BY_FILE))
        self._set(_QUERYINFO, ctypes.create_string_buffer(self.file.name.encode()))
        self.ed25519 = bool(self.lib.dkim_libfeature(self.handle, _ED25519))

    def _set(self, option, value):
        rc = self.lib.dkim_options(self.handle, _SETOPT, option, ctypes.byref(value),
                                   ctypes.sizeof(value))
        assert rc == 0, (option, rc)

    def verify(self, message):
        """For each signature, from the first on: is it good?"""
        status = ctypes.c_int(0)
        d = self.lib.dkim_verify(self.handle, b"test", None, ctypes.byref(status))
        assert d and status.value == 0
        try:
            head, _, body = message.partition(b"\r\n\r\n")
            for field in _fields(head):
                if self.lib.dkim_header(d, field, len(field)) != 0:
                    return []
            if self.lib.dkim_eoh(d) != 0:
                return []
            self.lib.dkim_body(d, body, len(body))
            self.lib.dkim_eom(d, None)
            return self._results(d)
        finally:
            self.lib.dkim_free(d)

    def _results(self, d):
        sigs = ctypes.POINTER(ctypes.c_void_p)()
        n = ctypes.c_int(0)
        if self.lib.dkim_getsiglist(d, ctypes.byref(sigs), ctypes.byref(n)) != 0:
            return []
        good = []
        for i in range(n.value):
            self.lib.dkim_sig_process(d, sigs[i])
            good.append(bool(self.lib.dkim_sig_getflags(sigs[i]) & _PASSED) and
                        self.lib.dkim_sig_getbh(sigs[i]) == _MATCH)
        return good


def _fields(head):
    """Header fields without their last line end, as the library wants them."""
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields


class DkimPy:
    ed25519 = True

    def __init__(self, keys):
        self.keys = {k.encode(): v.encode() for k, v in keys.items()}

    def _ask(self, name, timeout=5):
        return self.keys.get(name.rstrip(b"."))

    def verify(self, message):
        try:
            head = message.partition(b"\r\n\r\n")[0]
            n = sum(f[:15].lower() == b"dkim-signature:" for f in _fields(head))
            return [self._one(message, i) for i in range(n)]
        except dkim.DKIMException:
            return []

    def _one(self, message, i):
        try:
            return dkim.DKIM(message).verify(idx=i, dnsfunc=self._ask)
        except (dkim.DKIMException, ValueError, KeyError):
            return False


def strangers(keys):
    """Those that are installed: {name: verifier}."""
    found = {}
    if dkim is not None:
        found["dkimpy"] = DkimPy(keys)
    try:
        found["opendkim"] = OpenDkim(keys)
    except OSError:
        pass
    return found
