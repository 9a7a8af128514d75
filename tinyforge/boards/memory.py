"""Where memory lies: what a linker places things into and a machine maps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A memory: base address and size in bytes."""

    base: int
    size: int


@dataclass(frozen=True)
class MemoryMap:
    """Where the linker puts things, and what the machine maps."""

    flash: Region
    ram: Region
