"""Loading a user's Keras model without running what it brings along.

A .keras file is a zip of a description and weights, and Keras builds whatever the description
names: Python functions, classes of other packages, files to read. So nothing is handed to Keras
before it has been looked at here: the archive, every entry of the description against a list of
known layers, and the weight file. What Keras then opens is a fresh archive of these parts alone.
"""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.description import check_description
from tinyforge.training.model import Model
from tinyforge.training.runtime import keras, quiet
from tinyforge.training.weights import check_weights

# What a .keras file holds, and how large each part may be, unpacked.
_PARTS = {
    "metadata.json": 1 << 20,
    "config.json": 16 << 20,
    "model.weights.h5": 512 << 20,
}
_RATIO = 1000  # how much smaller than its content a compressed part may be: deflate's limit is 1032

_FIX_FILE = "save the model again with model.save('model.keras')"
_FIX_TRUST = "if you made this file yourself, or trust who did: --trust-model"


def load_keras(path: Path, *, trust: bool = False) -> Model:
    """The Keras 3 model in a .keras file, not compiled.

    trust: load it as Keras does, which may run code from the file; only then are .h5 files taken.
    Raises ForgeError for anything but a sound file of known layers.
    """
    if not path.is_file():
        raise ForgeError("no such file", where=str(path), fix="check the path to the .keras file")
    if trust:
        return _loaded(path, str(path), safe=False)
    if path.suffix in (".h5", ".hdf5"):
        raise ForgeError(
            "a .h5 model can run any code while it is loaded",
            where=str(path),
            fix=f"{_FIX_FILE}, which can be checked; or, {_FIX_TRUST}",
        )
    parts = _parts(path)
    description = _json(parts["config.json"], f"{path}, config.json")
    check_description(description, str(path))
    check_weights(parts["model.weights.h5"], f"{path}, model.weights.h5")
    description.pop("compile_config", None)  # losses and metrics are not needed
    parts["config.json"] = json.dumps(description).encode()
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        clean = Path(folder) / "model.keras"
        with zipfile.ZipFile(clean, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return _loaded(clean, str(path), safe=True)


def _loaded(file: Path, where: str, *, safe: bool) -> Model:
    try:
        with quiet():
            return keras().saving.load_model(file, compile=False, safe_mode=safe)
    except ForgeError:
        raise
    except Exception as error:  # Keras raises whatever the part that fails happens to raise
        raise ForgeError(
            f"Keras cannot load this model: {_reason(error)}",
            where=where,
            fix=f"{_FIX_FILE} and a current Keras 3; and load it there once to see that it works",
        ) from error


def _reason(error: Exception) -> str:
    """The innermost of the messages that Keras wraps into each other, one line of it."""
    lines = str(error).rsplit("Exception encountered: ", 1)[-1].strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _parts(path: Path) -> dict[str, bytes]:
    """The three parts of the archive, unpacked in memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, path)
            return {entry.filename: _unpacked(archive, entry, path) for entry in entries}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ForgeError(
            f"this is not a readable .keras file: {error}", where=str(path), fix=_FIX_FILE
        ) from error


def _check_entries(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Exactly the known parts, each once, each a plain file of sensible size."""
    names = [entry.filename for entry in entries]
    for entry in entries:
        where = f"{path}, entry {entry.filename!r}"
        if entry.filename not in _PARTS:
            raise ForgeError(
                "a .keras file of known layers holds no such entry",
                where=where,
                fix=f"{_FIX_FILE}; or, {_FIX_TRUST}",
            )
        if names.count(entry.filename) > 1:
            raise ForgeError("the entry is there twice", where=where, fix=_FIX_FILE)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ForgeError("the entry is a link, not a file", where=where, fix=_FIX_FILE)
        packed = max(entry.compress_size, 1)
        if entry.file_size > _PARTS[entry.filename] or entry.file_size > packed * _RATIO:
            raise ForgeError(
                f"the entry unpacks {entry.compress_size} bytes to {entry.file_size}",
                where=where,
                fix=_FIX_FILE,
            )
    missing = sorted(_PARTS.keys() - set(names))
    if missing:
        raise ForgeError(f"{' and '.join(missing)} is missing", where=str(path), fix=_FIX_FILE)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bytes:
    """The entry's content, and not a byte more than it announced."""
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise ForgeError(
            f"the entry unpacks to {len(content)} bytes, not {entry.file_size}",
            where=f"{path}, entry {entry.filename!r}",
            fix=_FIX_FILE,
        )
    return content


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ForgeError(f"this is not JSON: {error}", where=where, fix=_FIX_FILE) from error
    if not isinstance(value, dict):
        raise ForgeError("this does not describe a model", where=where, fix=_FIX_FILE)
    return value
