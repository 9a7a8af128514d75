"""How a microcontroller reads its flash: the width of a read, caches, what hides wait states."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Title = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9 (),:+./_-]{0,159}\Z")]
_Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
_Bytes = Annotated[int, msgspec.Meta(ge=4, le=64)]
_Lines = Annotated[int, msgspec.Meta(ge=1, le=256)]  # MOST_CACHE_LINES in sim/memory_system.h

_MOST_PARTS = 32  # reads that fill a cache's line, a bit each


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """lines: of so many bytes, filled a read at a time. ways: the lines that a piece of memory may
    lie in, of which the one not used for longest gives way; None: all of them."""

    lines: _Lines
    line_bytes: _Bytes
    ways: _Lines | None = None

    def __post_init__(self) -> None:
        if self.ways is not None and self.lines % self.ways:
            raise ValueError(f"{self.lines} lines are no multiple of {self.ways} ways")


class Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far simulated cycles were from those measured on a board, in percent.

    on: the board, of the same family. programs: so many whose speed there is known.
    """

    on: _Title
    programs: Annotated[int, msgspec.Meta(ge=1)]
    mean: _Percent
    worst: _Percent


class FlashReads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The flash interface, as it is after reset or as the vendor's own startup code leaves it.

    read_bytes: that one read of the flash brings, aligned; the last of them is held beside the
    cache, for instructions and for data. prefetch: whether it reads on behind what is executed.
    slow_ram: where in the main RAM loads begin to take a cycle more, in bytes; None: nowhere.
    source: of these figures. checked: what is known of the error; None where nothing is.
    """

    read_bytes: _Bytes
    prefetch: bool = False
    instruction_cache: Cache | None = None
    data_cache: Cache | None = None
    slow_ram: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None = None
    source: _Title
    checked: Checked | None = None

    def __post_init__(self) -> None:
        if self.read_bytes & (self.read_bytes - 1):
            raise ValueError(f"read_bytes is {self.read_bytes}, which is no power of 2")
        for cache in (self.instruction_cache, self.data_cache):
            if cache is None:
                continue
            parts, rest = divmod(cache.line_bytes, self.read_bytes)
            if rest or not 1 <= parts <= _MOST_PARTS:
                raise ValueError(
                    f"a cache's line of {cache.line_bytes} bytes does not hold whole reads of "
                    f"{self.read_bytes}"
                )


class MemorySystem(msgspec.Struct, frozen=True, kw_only=True):
    """What a clock runs against. wait_states: cycles that a read takes more than one."""

    wait_states: int
    reads: FlashReads
