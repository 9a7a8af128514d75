"""Objects that were compiled before: the same compiler, flags and texts give the same object.

Most sources of a firmware stay as they are from one build to the next. The key of an object covers
the compiler, by the size and time of its file; all flags; and the texts of the source and of every
header that it names, wherever that was found. Headers that are in none of the folders are the
compiler's own. What a key could not cover is compiled each time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.sim.cache import cache_folder

_MOST_BYTES = 256 << 20  # in the folder; more is forgotten, what was not used for longest first
_INCLUDE = re.compile(
    rb"(?:^[ \t]*#[ \t]*include|__has_include)[ \t(]*(?:[\"<]([^\">\n]+)[\">])?", re.MULTILINE
)
# The place of the file, the time of day, other files.
_NOT_COVERED = (b"__FILE__", b"__DATE__", b"__TIME__", b"include_next", b".incbin", b"#embed")
_ENVIRONMENT = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")  # folders of headers, for gcc


def object_of(
    flags: Sequence[str],
    source: Path,
    include: Sequence[Path],
    target: Path,
    compile: Callable[[], object],
) -> None:
    """Writes the target, as compile() would, or by it. flags: the compiler first."""
    folder, key = _folder(), _key(flags, source, include)
    if folder is None or key is None:
        compile()
        return
    known = folder / key
    try:
        target.write_bytes(known.read_bytes())
    except FileNotFoundError:
        compile()
        _keep(target, known)
    else:
        with suppress(OSError):
            os.utime(known)


def _keep(compiled: Path, known: Path) -> None:
    """Whole or not at all; a full disk is no reason to fail."""
    unfinished = known.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    with suppress(OSError):
        shutil.copyfile(compiled, unfinished)
        unfinished.replace(known)


@cache
def _folder() -> Path | None:
    """Where they lie; None where there can be no such folder."""
    try:
        folder = cache_folder("objects")
        files = sorted((file.stat().st_mtime, file) for file in folder.iterdir())
    except (ForgeError, OSError):
        return None
    total = 0
    for _, file in reversed(files):
        with suppress(OSError):
            total += file.stat().st_size
            if total > _MOST_BYTES:
                file.unlink()
    return folder


def _key(flags: Sequence[str], source: Path, include: Sequence[Path]) -> str | None:
    """None where it could not cover what the object depends on."""
    if "-g" in flags or any(name in os.environ for name in _ENVIRONMENT):
        return None
    try:
        compiler = Path(shutil.which(flags[0]) or flags[0]).stat()
        texts = _texts(source, (*include, *_last_folders(flags)))
    except OSError:
        return None
    if texts is None:
        return None
    digest = hashlib.sha256()
    said = (compiler.st_size, compiler.st_mtime_ns, *flags, source.name)
    for part in (*(str(word).encode() for word in said), *texts):
        digest.update(b"%d " % len(part) + part)
    return digest.hexdigest()


def _last_folders(flags: Sequence[str]) -> list[Path]:
    """Those of headers that are ours and come after the compiler's own."""
    return [Path(value) for flag, value in pairwise(flags) if flag == "-idirafter"]


def _texts(source: Path, include: Sequence[Path]) -> list[bytes] | None:
    """Of the source and of all that it includes, at any depth, under any condition."""
    files, texts = [source], []
    for file in files:
        text = file.read_bytes()
        names = _INCLUDE.findall(text)
        if any(word in text for word in _NOT_COVERED) or not all(names):
            return None
        texts.append(text)
        for name in names:
            places = (folder / name.decode() for folder in (file.parent, *include))
            found = next((place for place in places if place.is_file()), None)
            if found is not None and found not in files:
                files.append(found)
    return texts
