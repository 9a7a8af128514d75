"""Single files that a command writes: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tinyforge import interrupts
from tinyforge.errors import ForgeError


def require_writable(path: Path) -> None:
    """ForgeError, before any work, where write_files() could not write this file."""
    if path.is_symlink() or path.is_dir():
        raise ForgeError(
            "will not write over a folder or through a symbolic link",
            where=str(path),
            fix="choose another name with --output",
        )
    if not path.parent.is_dir():
        raise ForgeError(
            "the folder to write to is not there",
            where=str(path.parent),
            fix="make it, or choose another place with --output",
        )
    if not os.access(path.parent, os.W_OK):
        raise ForgeError(
            "the folder cannot be written to",
            where=str(path.parent),
            fix="choose another place with --output",
        )


def write_files(contents: Mapping[Path, str | bytes], *, asked_for: bool = True) -> None:
    """Writes each file beside its place, then moves all of them there.

    asked_for: whether it is what the user wants of the command, who is told of it if the command is
    interrupted behind it. ForgeError, with every file as it was, when one cannot be written: a
    missing folder, a folder or a symbolic link of that name, a full disk.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            require_writable(path)
            staged[path] = _stage(path, content)
        with interrupts.writing(*(staged if asked_for else ())):
            for path, temporary in staged.items():
                temporary.replace(path)
    except OSError as error:
        raise ForgeError(
            f"cannot write: {error.strerror}",
            where=str(error.filename or next(iter(contents))),
            fix="choose another place with --output",
        ) from error
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)


def _stage(path: Path, content: str | bytes) -> Path:
    """The content in a temporary file in the same folder. It is gone again on failure."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
