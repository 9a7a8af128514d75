"""Where memory lies: what a linker places things into and a machine maps."""

from __future__ import annotations

from dataclasses import dataclass

_PAGE = 1024  # bytes: the smallest piece of memory that emulators of the Cortex-M know


@dataclass(frozen=True)
class Region:
    """A memory: base address and size in bytes."""

    base: int
    size: int

    def pages(self) -> Region:
        """The whole pages that lie inside."""
        base = -(-self.base // _PAGE) * _PAGE
        end = (self.base + self.size) // _PAGE * _PAGE
        return Region(base, max(0, end - base))


@dataclass(frozen=True)
class MemoryMap:
    """Where the linker puts things, and what the machine maps."""

    flash: Region
    ram: Region
