"""Exchanges two folders in one step, where the system can."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def exchange(a: Path, b: Path) -> None:
    """Afterwards each folder is where the other was. OSError when it cannot be, nothing moved.

    Atomic on Linux and macOS. Elsewhere, and on file systems that cannot, it takes three renames:
    a process killed between them leaves b's former content beside b, whole, under a's name + "~".
    """
    if not _exchanged_at_once(a, b):
        _exchange_in_steps(a, b)


def _exchanged_at_once(a: Path, b: Path) -> bool:
    """False where the system or the file system does not know how."""
    if sys.platform not in ("linux", "darwin"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    name = "renameat2" if sys.platform == "linux" else "renamex_np"
    function = getattr(libc, name, None)
    if function is None:
        return False
    paths = os.fsencode(a), os.fsencode(b)
    if name == "renameat2":
        failed = function(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE)
    else:
        failed = function(*paths, _EXCHANGE)
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(b))


def _exchange_in_steps(a: Path, b: Path) -> None:
    aside = a.with_name(a.name + "~")
    b.rename(aside)
    try:
        a.rename(b)
    except OSError:
        aside.rename(b)
        raise
    aside.rename(a)
