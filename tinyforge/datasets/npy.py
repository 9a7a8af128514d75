"""NumPy files from outside: .npy and .npz, read without trusting a byte of them.

Nothing is unpickled, and no memory is taken before the file has been seen to be that large.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError

_MAX_BYTES = 2 << 30  # of one array
_MAX_HEADER = 10_000  # bytes; an honest header has about 100
_KINDS = "biufUS"  # bool, integers, floats, text
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

# What NumPy raises for a header that is none: it parses it as Python.
HEADER_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    SyntaxError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
)

Array = npt.NDArray[Any]


def require_file(path: Path) -> None:
    """Raises ForgeError unless path is a regular file (not a pipe, which would block)."""
    if not path.is_file():
        raise ForgeError("no such file", where=str(path), fix="check the path")


def read_npy(path: Path) -> Array:
    """The array of a .npy file. Raises ForgeError for anything odd."""
    require_file(path)
    try:
        with path.open("rb") as stream:
            return _array(stream, path.stat().st_size, str(path))
    except OSError as error:
        raise _unreadable(path, error) from error


def read_npz(path: Path) -> dict[str, Array]:
    """All arrays of a .npz file by name. Raises ForgeError for anything odd."""
    require_file(path)
    arrays: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                where = f"{path}, array {entry.filename!r}"
                name = entry.filename.removesuffix(".npy")
                if name in arrays:
                    raise ForgeError("the array is there twice", where=where, fix=_FIX)
                with archive.open(entry) as stream:
                    arrays[name] = _array(stream, entry.file_size, where)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise _unreadable(path, error) from error
    return arrays


def npz(arrays: Mapping[str, Array]) -> bytes:
    """A .npz file of these arrays: the same arrays, the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.lib.format.write_array(one, array, allow_pickle=False)
            archive.writestr(_entry(f"{name}.npy"), one.getvalue())
    return content.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """As if written when zip files begin, not now."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


_FIX = "write the file with numpy.save or numpy.savez, with arrays of numbers only"


def _unreadable(path: Path, error: Exception) -> ForgeError:
    return ForgeError(f"this is not a readable NumPy file: {error}", where=str(path), fix=_FIX)


def _array(stream: IO[bytes], size: int, where: str) -> Array:
    """One array from a stream that claims to be size bytes long."""
    try:
        version = np.lib.format.read_magic(stream)
        reader = _READERS[version]
        shape, fortran, dtype = reader(stream, max_header_size=_MAX_HEADER)
    except HEADER_ERRORS as error:
        raise ForgeError(f"this is not a NumPy array: {error}", where=where, fix=_FIX) from error
    if dtype.kind not in _KINDS or dtype.hasobject:
        raise ForgeError(f"arrays of dtype {dtype} are not read", where=where, fix=_FIX)
    if any(length < 0 for length in shape):
        raise ForgeError(f"an array cannot have shape {shape}", where=where, fix=_FIX)
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > min(_MAX_BYTES, size):
        raise ForgeError(
            f"an array of shape {shape} takes {wanted} bytes, the file has {size} of at most "
            f"{_MAX_BYTES}",
            where=where,
            fix="give the whole file, or a smaller selection",
        )
    data = stream.read(wanted)
    if len(data) != wanted:
        raise ForgeError(f"the array is cut off after {len(data)} bytes", where=where, fix=_FIX)
    array = np.frombuffer(data, dtype, math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")
