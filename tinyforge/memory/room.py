"""How much RAM the tables of kernels may take, where the flash is slow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """ram: bytes of a board's main RAM. quick: those of them that a model can have, and that a core
    loads without waiting. asked: bytes that the user gives to tables; None: half of what an arena
    leaves, as far as that is quick."""

    ram: int
    quick: int
    asked: int | None = None

    def beside(self, arena: int) -> int:
        """Bytes for tables, beside an arena of so many."""
        if self.asked is not None:
            return self.asked
        return max(0, min((self.ram - arena) // 2, self.quick - arena))
