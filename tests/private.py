# SPDX-License-Identifier: BSD-2-Clause
"""Runs a command whose mounts nobody else sees, in the mount namespace that
"unshare --mount --propagation unchanged" has made:

	private.py COMMAND [ARGUMENT...]

"unshare --propagation private" fails in a chroot whose / is no mount point:
then the mount that it lies in can only be reached from the namespace's root.
"""
import ctypes
import errno
import os
import sys

_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x20000, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def _check(what, rc):
    if rc != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _make_private():
    _check("mount", _libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))


def main():
    try:
        _make_private()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        root, cwd = os.open("/", os.O_PATH), os.open(".", os.O_PATH)
        namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        # also to enter one's own leads to its root
        _check("setns", _libc.setns(namespace, _CLONE_NEWNS))
        _make_private()
        os.fchdir(root)
        os.chroot(".")
        os.fchdir(cwd)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
