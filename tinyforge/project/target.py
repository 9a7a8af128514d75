"""Which folder a project may be written to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.resources import folder as resource_folder

_MAX_NAME_BYTES = 200  # file systems take 255; the staging folder's name is longer than this one
# Names that Windows keeps for devices, alone or before a dot.
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")


def checked_target(target: Path) -> Path:
    """The absolute path of a folder that a project may take.

    ForgeError: the root, home or current folder or one that contains them, a folder of tinyforge
    itself, a symbolic link at the target or anywhere above it, a name that some system reserves.
    """
    _check_name(Path(os.path.abspath(target)).name, str(target))  # noqa: PTH100 - must not resolve
    folder = Path(os.path.abspath(target))  # noqa: PTH100
    for part in (folder, *folder.parents):
        if part.is_symlink():
            raise ForgeError(
                f"{part} is a symbolic link; projects are not written through links",
                where=str(target),
                fix=f"give the real path: {folder.resolve()}",
            )
    for what, kept in _precious():
        if kept == folder or folder in kept.parents:
            raise ForgeError(
                f"the target is or contains {what} ({kept})",
                where=str(target),
                fix="name a folder of its own for the project",
            )
    for own in _own_folders():
        if own in folder.parents:
            raise ForgeError(
                f"the target lies inside tinyforge itself ({own})",
                where=str(target),
                fix="choose a folder elsewhere with --output",
            )
    return folder


def _check_name(name: str, where: str) -> None:
    problem = ""
    if not name:
        problem = "the target is the root folder"
    elif len(os.fsencode(name)) > _MAX_NAME_BYTES:
        problem = f"the folder's name is longer than {_MAX_NAME_BYTES} bytes"
    elif any(ord(c) < 32 or ord(c) == 127 for c in name):
        problem = "the folder's name holds control characters"
    elif name.endswith((".", " ")) or _DEVICE.match(name):
        problem = f"the folder's name {name!r} is reserved on Windows"
    if problem:
        raise ForgeError(problem, where=repr(where), fix="name a folder of its own for the project")


def _precious() -> list[tuple[str, Path]]:
    """Folders that neither a project nor anything around them may replace."""
    return [
        ("the current folder", Path.cwd()),
        ("your home folder", Path(os.path.expanduser("~")).resolve()),  # noqa: PTH111 - never raises
        *(("tinyforge itself", own) for own in _own_folders()),
    ]


def _own_folders() -> list[Path]:
    package = Path(__file__).resolve().parents[1]
    return [package, resource_folder("firmware").resolve(), resource_folder("templates").resolve()]
