"""A project's files onto the disk: the whole of them or nothing, and never over anybody's work.

The new folder is built beside the target and takes its place in one step. What the user added is
carried over. Where he edited a file of ours, the run stops before anything is proved or written,
unless he says that it shall be overwritten: what was proved is what lies there. Two runs at once
each leave a whole project; the later one stays.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tinyforge import interrupts
from tinyforge.errors import ForgeError
from tinyforge.project.exchange import exchange
from tinyforge.project.layout import compiled_sources
from tinyforge.project.target import checked_target

# Bears witness that a folder is ours: without it nothing in a folder is ever replaced.
MARKER = ".tinyforge.json"
_FORMAT = 1

_FIXES = {
    errno.ENOSPC: "free space on the disk",
    errno.EDQUOT: "free space on the disk",
    errno.EROFS: "choose a folder on a writable disk with --output",
    errno.EACCES: "choose a folder that you may write to with --output",
    errno.EPERM: "choose a folder that you may write to with --output",
    errno.ENOTEMPTY: "another run wrote the folder meanwhile: run again",
}


class _Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """format: of this file. files: SHA-256 in hex of each file as we wrote it, by path."""

    format: int
    files: dict[str, str]


@dataclass(frozen=True)
class _Carried:
    """What the new folder takes over from the old one, paths relative to it.

    files: the user's own, and generated ones that do not change.
    folders: the empty ones.
    """

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()


Files = Mapping[str, str | bytes]


def write(files: Files, target: Path, *, overwrite: bool = False) -> Path:
    """Makes the folder target hold exactly these files, beside whatever the user added to it.

    files: text or bytes by relative path with forward slashes. overwrite: also over generated files
    that were edited. Returns the folder's absolute path. ForgeError, with the disk as it was: a
    target that must not be written to (see checked_target, or a folder that is not ours), generated
    files that were edited, any I/O error.
    """
    contents = _encoded(files)
    try:
        folder = checked_target(target)
        carried = _take_stock(folder, contents, overwrite)
        made = _make_parents(folder.parent)
        try:
            _replace(folder, contents, carried)
        except BaseException:
            for parent in made:
                parent.rmdir()
            raise
    except OSError as error:
        raise _explained(error, target) from error
    return folder


def require_ours(target: Path) -> None:
    """ForgeError, before any work, for a target that write() would not take whatever the files."""
    folder = checked_target(target)
    if folder.exists():
        _require_ours(folder)
    beside = next(parent for parent in folder.parents if parent.exists())
    if not beside.is_dir() or not os.access(beside, os.W_OK):
        raise ForgeError(
            "nothing can be written there", where=str(beside),
            fix="choose another folder with --output",
        )  # fmt: skip


def _require_ours(folder: Path) -> None:
    """ForgeError unless the folder is empty or has our marker."""
    if not folder.is_dir():
        raise ForgeError("the target is not a folder", where=str(folder), fix="choose another name")
    if any(folder.iterdir()):
        _read_marker(folder)


def check(files: Files, target: Path, *, overwrite: bool = False) -> None:
    """ForgeError where write() would refuse the target as it is; writes nothing."""
    try:
        _take_stock(checked_target(target), _encoded(files), overwrite)
    except OSError as error:
        raise _explained(error, target) from error


def edited_files(folder: Path) -> tuple[str, ...] | None:
    """Paths, relative to a project's folder, of generated files that are not as they were written,
    or are missing. None where the folder has no marker that says so."""
    if not (folder / MARKER).exists():
        return None
    written = _read_marker(folder).files
    return tuple(key for key in sorted(written) if _digest(folder / key) != written[key])


def added_sources(folder: Path) -> tuple[str, ...]:
    """Paths, relative to a project's folder, of sources that are compiled with it and that we did
    not write; none where the folder has no marker that says so."""
    if not (folder / MARKER).exists():
        return ()
    written = _read_marker(folder).files
    found = (path.relative_to(folder).as_posix() for path in compiled_sources(folder))
    return tuple(sorted(key for key in found if key not in written))


def _encoded(files: Files) -> dict[str, bytes]:
    return {
        path: content.encode("utf-8") if isinstance(content, str) else content
        for path, content in files.items()
    }


def _take_stock(folder: Path, contents: Mapping[str, bytes], overwrite: bool) -> _Carried:
    """What to keep of the folder as it is. ForgeError when it is not ours, or was edited and must
    not be overwritten."""
    if not folder.exists():
        return _Carried()
    _require_ours(folder)
    if not any(folder.iterdir()):
        return _Carried()
    marker = _read_marker(folder)
    keep, folders, edited = [], [], []
    for directory, names, file_names in os.walk(folder, onerror=_raise):
        here = Path(directory).relative_to(folder)
        if not names and not file_names:
            folders.append(here)
        links = [name for name in names if (folder / here / name).is_symlink()]
        for path in (here / name for name in (*file_names, *links)):
            key = path.as_posix()
            if key == MARKER:
                continue
            if _is_kept(key, folder / path, contents, marker):
                keep.append(path)
            elif _digest(folder / path) != marker.files.get(key):
                edited.append(key)
    if edited and not overwrite:
        raise ForgeError(
            f"generated files were edited: {', '.join(sorted(edited))}",
            where=str(folder),
            fix="rename them to keep them (files of your own stay), give --overwrite to replace "
            "them, or choose another folder with --output",
        )
    return _Carried(tuple(keep), tuple(folders))


def _is_kept(key: str, path: Path, contents: Mapping[str, bytes], marker: _Marker) -> bool:
    """Whether a file stays as it is: the user's own, or one that holds what is generated."""
    if key not in contents:
        return key not in marker.files
    return _sha256(contents[key]) == _digest(path)


def _read_marker(folder: Path) -> _Marker:
    try:
        marker = msgspec.json.decode((folder / MARKER).read_bytes(), type=_Marker)
    except FileNotFoundError as error:
        raise ForgeError(
            "the folder is not empty and was not written by tinyforge",
            where=str(folder),
            fix="choose another folder with --output",
        ) from error
    except msgspec.DecodeError as error:
        raise ForgeError(
            f"{MARKER} is damaged: {error}",
            where=str(folder),
            fix="choose another folder with --output",
        ) from error
    if marker.format != _FORMAT:
        raise ForgeError(
            f"{MARKER} has format {marker.format}, this tinyforge knows {_FORMAT}",
            where=str(folder),
            fix="choose another folder with --output",
        )
    return marker


def _make_parents(parent: Path) -> list[Path]:
    """Creates missing parents; returns them, innermost first."""
    missing = [p for p in (parent, *parent.parents) if not p.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    return missing


def _replace(folder: Path, contents: Mapping[str, bytes], carried: _Carried) -> None:
    """Builds the new folder beside the old one and exchanges them."""
    stage = folder.parent / f".{folder.name[:100]}.{secrets.token_hex(8)}"
    stage.mkdir()
    try:
        _fill(stage, folder, contents, carried)
        with interrupts.writing(folder):
            if folder.exists():
                exchange(stage, folder)
            else:
                stage.rename(folder)
    finally:
        # The unfinished new folder, or the old one, whose files live on through their links. The
        # outcome is settled by now: what cannot be removed stays as a hidden folder, no error.
        shutil.rmtree(stage, ignore_errors=True)


def _fill(stage: Path, old: Path, contents: Mapping[str, bytes], carried: _Carried) -> None:
    for path in carried.folders:
        (stage / path).mkdir(parents=True, exist_ok=True)
    for path in carried.files:
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        _link(old / path, stage / path)
    unchanged = {path.as_posix() for path in carried.files}
    for key, data in contents.items():
        if key not in unchanged:
            path = stage / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    files = {key: _sha256(data) for key, data in sorted(contents.items())}
    marker = msgspec.json.format(msgspec.json.encode(_Marker(_FORMAT, files)), indent=2) + b"\n"
    before = old / MARKER
    if before.is_file() and before.read_bytes() == marker:
        _link(before, stage / MARKER)
    else:
        (stage / MARKER).write_bytes(marker)


def _link(source: Path, copy: Path) -> None:
    """The same file under a second name, so that its bytes, mode and mtime stay as they are."""
    try:
        os.link(source, copy, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        shutil.copy2(source, copy, follow_symlinks=False)


def _raise(error: OSError) -> None:
    """A folder that cannot be listed must not count as empty: its files would be lost."""
    raise error


def _digest(path: Path) -> str:
    """SHA-256 of a file of ours; a link that took its place has none, nor what is no file."""
    return "" if path.is_symlink() or not path.is_file() else _sha256(path.read_bytes())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _explained(error: OSError, target: Path) -> ForgeError:
    fix = _FIXES.get(error.errno or 0, "check the disk, or choose another folder with --output")
    return ForgeError(
        f"the project could not be written: {error.strerror or error}",
        where=str(error.filename or target),
        fix=fix,
    )
