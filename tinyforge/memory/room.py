"""How much RAM the tables of kernels may take, where the flash is slow."""

from __future__ import annotations

from dataclasses import dataclass

# Bytes of the quick RAM that are left to the stack, and to what an application has.
_OTHERS = 16384


@dataclass(frozen=True)
class Room:
    """ram: bytes of a board's main RAM. quick: those from its beginning on that a core loads from
    without waiting. asked: bytes that the user gives to tables; None: half of what an arena leaves,
    as far as that is quick."""

    ram: int
    quick: int
    asked: int | None = None

    def beside(self, arena: int) -> int:
        """Bytes for tables, beside an arena of so many."""
        if self.asked is not None:
            return self.asked
        return max(0, min((self.ram - arena) // 2, self.quick - arena - _OTHERS))
