"""Sizes of C and C++ structures under an ABI, from the kinds of their fields.

A layout is a string of field codes in the order of declaration: P a pointer or size_t, E an
unscoped enum, i a 4-byte, h a 2-byte and b a 1-byte scalar, d a double or int64_t. A number before
a code repeats it; braces hold a structure inside. "{4i} 2P b" is a structure of four ints, two
pointers and a bool. Z and z are P and i that only the tflite-micro package has: it is compiled from
a newer revision than projects are, records allocations, and takes compressed tensors. F and f are P
and i that are there without TF_LITE_STATIC_MEMORY alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_FIELD = re.compile(r"(\d*)([PEihbdZzFf{}])")


def aligned(nbytes: int, alignment: int) -> int:
    """The next multiple of alignment."""
    return -(-nbytes // alignment) * alignment


@dataclass(frozen=True)
class Abi:
    """pointer: bytes of a pointer and of size_t. enum: bytes of an unscoped enum of few values.
    package: whether structures are those of the tflite-micro package. static: whether they are
    compiled with TF_LITE_STATIC_MEMORY."""

    pointer: int
    enum: int
    package: bool = False
    static: bool = True

    def size(self, layout: str) -> int:
        return _measure(layout, self)[0]

    def alignment(self, layout: str) -> int:
        return _measure(layout, self)[1]


# The Arm procedure call standard as arm-none-eabi-gcc applies it: enums are as short as they can be
# (-fshort-enums), 8-byte scalars are aligned to 8.
ARM = Abi(pointer=4, enum=1)
ARM_NOT_STATIC = Abi(pointer=4, enum=1, static=False)
X86_64_PACKAGE = Abi(pointer=8, enum=4, package=True)


@lru_cache(maxsize=256)
def _measure(layout: str, abi: Abi) -> tuple[int, int]:
    """(bytes, alignment) of a structure of these fields."""
    fields = iter(_FIELD.findall(layout))
    return _structure(fields, abi)


def _structure(fields: Iterator[tuple[str, str]], abi: Abi) -> tuple[int, int]:
    """Reads fields up to the closing brace or the end."""
    scalars = {"P": abi.pointer, "E": abi.enum, "i": 4, "h": 2, "b": 1, "d": 8}
    if abi.package:
        scalars |= {"Z": abi.pointer, "z": 4}
    if not abi.static:
        scalars |= {"F": abi.pointer, "f": 4}
    offset, strictest = 0, 1
    for count, code in fields:
        if code == "}":
            break
        if code not in scalars and code != "{":
            continue
        size, alignment = _structure(fields, abi) if code == "{" else (scalars[code],) * 2
        offset = aligned(offset, alignment) + size * int(count or 1)
        strictest = max(strictest, alignment)
    return aligned(offset, strictest), strictest
