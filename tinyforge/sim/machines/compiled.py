"""The emulator's hooks, in C because a callback into Python costs ten times the emulation itself:
compiled once for each version of their sources, and kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from tinyforge.sim.cache import cache_folder
from tinyforge.sim.toolchains.host import shared_library

_FOLDER = Path(__file__).resolve().parent.parent
_SOURCES = [_FOLDER / f"{name}.c" for name in ("block_counter", "memory_system", "replay")]


@cache
def library() -> ctypes.CDLL:
    """The compiled hooks. ForgeError without a compiler for this computer."""
    files = (*_SOURCES, *sorted(_FOLDER.glob("*.h")))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    path = cache_folder("lib") / f"hooks-{digest}.so"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            built = Path(folder) / path.name
            shared_library(_SOURCES, include=[_FOLDER], optimize="-O2", output=built)
            os.replace(built, path)  # noqa: PTH105 - atomic where another process builds it too
    return ctypes.CDLL(str(path))
