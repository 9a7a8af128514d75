"""How one build differs from the one before it, and what the patch between the two takes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.ota.image import Image
from tinyforge.packages import OTA, pip_install

CODE = "code"
_LEVEL = 9  # of zlib


@dataclass(frozen=True)
class Part:
    """old, new: bytes, 0 where it is not there. changed: those that are others, wherever the part
    lies now, and those by which it is longer or shorter."""

    name: str
    old: int
    new: int
    changed: int


@dataclass(frozen=True)
class Difference:
    """Of two images. Field names are the keys of `--json`.

    parts: of firmware its code and each table, of a model the constants of each layer; the largest
    first. old, new: bytes of the whole. changed: bytes of it that are others where they lie.
    patch: bytes of the patch that makes the new one of the old, compressed (bsdiff, bzip2).
    compressed: of the new one alone (zlib).
    """

    kind: str
    parts: tuple[Part, ...]
    old: int
    new: int
    changed: int
    patch: int
    compressed: int


def difference(old: Image, new: Image) -> Difference:
    """ForgeError where the two are not of one kind, or nothing is installed that makes patches."""
    if old.kind != new.kind:
        raise ForgeError(
            f"one is {old.kind}, the other {new.kind}",
            fix="give two projects or ELF files, or two .tflite files",
        )
    names = dict.fromkeys([*old.parts, *new.parts])
    parts = [_part(name, old, new) for name in names]
    functions = [part for part in parts if part.name.endswith("()")]
    tables = [part for part in parts if not part.name.endswith("()")]
    if functions:
        tables.append(
            Part(
                CODE,
                sum(part.old for part in functions),
                sum(part.new for part in functions),
                sum(part.changed for part in functions),
            )
        )
    return Difference(
        new.kind,
        tuple(sorted(tables, key=lambda part: (-max(part.old, part.new), part.name))),
        len(old.whole),
        len(new.whole),
        _changed(old.whole, new.whole),
        len(_patch(old.whole, new.whole)),
        len(zlib.compress(new.whole, _LEVEL)),
    )


def _part(name: str, old: Image, new: Image) -> Part:
    before, after = old.parts.get(name, b""), new.parts.get(name, b"")
    return Part(name, len(before), len(after), _changed(before, after))


def _changed(old: bytes, new: bytes) -> int:
    count = min(len(old), len(new))
    one, other = np.frombuffer(old[:count], np.uint8), np.frombuffer(new[:count], np.uint8)
    return int(np.count_nonzero(one != other)) + abs(len(old) - len(new))


def _patch(old: bytes, new: bytes) -> bytes:
    try:
        import bsdiff4
    except ImportError as error:
        raise ForgeError(
            f"patches need the Python package bsdiff4: {error}", fix=pip_install(*OTA)
        ) from error
    return bytes(bsdiff4.diff(old, new))
