"""What a saved Keras model holds: a description, weights, and the Keras that wrote it.

Nothing here hands anything to Keras. A .keras file is a zip of three parts, a .h5 file keeps the
description in an attribute; either is copied with a description that was looked at and changed.
"""

from __future__ import annotations

import io
import json
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.description import FIX_TRUST
from tinyforge.training.runtime import module
from tinyforge.training.weights import check_weights

FIX_FILE = "save the model again with model.save('model.keras')"

_CONFIG, WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
# What a .keras file holds, and how large each part may be, unpacked.
_PARTS = {_METADATA: 1 << 20, _CONFIG: 16 << 20, WEIGHTS: 512 << 20}
_RATIO = 1000  # how much smaller than its content a compressed part may be: deflate's limit is 1032
_TFLITE = b"TFL3"  # behind the first four bytes
_HDF5 = b"\x89HDF\r\n\x1a\n"
_H5_CONFIG = "model_config"
_H5_COMPILED = "training_config"


@dataclass(frozen=True)
class KerasFile:
    """description: as Keras wrote it. version: of Keras, its first number. content: the file's
    parts by name; of a .h5 file the one part "model.h5"."""

    description: dict[str, Any]
    version: int
    content: dict[str, bytes]

    def write(self, folder: Path, description: dict[str, Any]) -> Path:
        """The model with another description, not compiled, as a file for Keras to load."""
        description = {k: v for k, v in description.items() if k != "compile_config"}
        if _CONFIG not in self.content:
            path = folder / "model.h5"
            path.write_bytes(self.content["model.h5"])
            with module("h5py").File(path, "r+") as file:
                file.attrs[_H5_CONFIG] = json.dumps(description)
                file.attrs.pop(_H5_COMPILED, None)
            return path
        path = folder / "model.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in self.content.items():
                changed = json.dumps(description).encode() if name == _CONFIG else content
                archive.writestr(name, changed)
        return path


def read_keras(path: Path, *, trust: bool) -> KerasFile:
    """A .keras or .h5 file, told apart by its content.

    trust: take whatever else the file holds along. ForgeError for what is no sound model.
    """
    with path.open("rb") as stream:
        start = stream.read(len(_HDF5))
    if start[4:] == _TFLITE:
        raise ForgeError(
            "this is a .tflite file, which is past Keras",
            where=str(path),
            fix=f"tinyforge build {path}",
        )
    return _h5(path, trust=trust) if start == _HDF5 else _archive(path, trust=trust)


def _h5(path: Path, *, trust: bool) -> KerasFile:
    content = path.read_bytes()
    if not trust:
        check_weights(content, str(path))
    h5py = module("h5py")
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            config, version = file.attrs.get(_H5_CONFIG), file.attrs.get("keras_version", "2")
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ForgeError(
            f"this is not a readable .h5 file: {error}", where=str(path), fix=FIX_FILE
        ) from error
    if config is None:
        raise ForgeError(
            "the file holds weights alone, no model",
            where=str(path),
            fix="build the model in Python, model.load_weights() from this file, then "
            "model.save('model.keras')",
        )
    description = _json(config, f"{path}, {_H5_CONFIG}")
    return KerasFile(description, _major(version), {"model.h5": content})


def _archive(path: Path, *, trust: bool) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if not trust:
                _check_entries(entries, path)
            content = {entry.filename: _unpacked(archive, entry, path) for entry in entries}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ForgeError(
            f"this is not a readable .keras file: {error}", where=str(path), fix=FIX_FILE
        ) from error
    missing = sorted(_PARTS.keys() - content.keys())
    if missing:
        raise ForgeError(f"{' and '.join(missing)} is missing", where=str(path), fix=FIX_FILE)
    if not trust:
        check_weights(content[WEIGHTS], f"{path}, {WEIGHTS}")
    metadata = _json(content[_METADATA], f"{path}, {_METADATA}")
    description = _json(content[_CONFIG], f"{path}, {_CONFIG}")
    return KerasFile(description, _major(metadata.get("keras_version")), content)


def _major(version: Any) -> int:
    """2 or 3; what does not say is taken for the current one."""
    if isinstance(version, bytes):
        version = version.decode("ascii", "replace")
    return 2 if isinstance(version, str) and version.split(".")[0] in ("1", "2") else 3


def _check_entries(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Exactly the known parts, each once, each a plain file of sensible size."""
    names = [entry.filename for entry in entries]
    for entry in entries:
        where = f"{path}, entry {entry.filename!r}"
        if entry.filename not in _PARTS:
            raise ForgeError(
                "a .keras file of known layers holds no such entry",
                where=where,
                fix=f"{FIX_FILE}; or, {FIX_TRUST}",
            )
        if names.count(entry.filename) > 1:
            raise ForgeError("the entry is there twice", where=where, fix=FIX_FILE)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ForgeError("the entry is a link, not a file", where=where, fix=FIX_FILE)
        packed = max(entry.compress_size, 1)
        if entry.file_size > _PARTS[entry.filename] or entry.file_size > packed * _RATIO:
            raise ForgeError(
                f"the entry unpacks {entry.compress_size} bytes to {entry.file_size}",
                where=where,
                fix=FIX_FILE,
            )


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bytes:
    """The entry's content, and not a byte more than it announced."""
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise ForgeError(
            f"the entry unpacks to {len(content)} bytes, not {entry.file_size}",
            where=f"{path}, entry {entry.filename!r}",
            fix=FIX_FILE,
        )
    return content


def _json(content: bytes | str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise ForgeError(f"this is not JSON: {error}", where=where, fix=FIX_FILE) from error
    if not isinstance(value, dict):
        raise ForgeError("this does not describe a model", where=where, fix=FIX_FILE)
    return value
