"""Does it fit: all RAM and all flash against a board."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.boards.board import Board
from tinyforge.boards.catalog import all_boards
from tinyforge.errors import ForgeError


@dataclass(frozen=True)
class Fit:
    """The verdict on one board, in bytes.

    ram: arena, other .data and .bss, and stack. flash: code, constants, weights, vectors.
    """

    board: Board
    ram: int
    flash: int

    @property
    def ram_over(self) -> int:
        """Bytes of RAM too many; 0 when it fits."""
        return max(0, self.ram - self.board.ram_limit)

    @property
    def flash_over(self) -> int:
        """Bytes of flash too many; 0 when it fits."""
        return max(0, self.flash - self.board.flash_limit)

    @property
    def ok(self) -> bool:
        return not self.ram_over and not self.flash_over

    def require(self) -> None:
        """Returns when it fits. ForgeError with the numbers and what would make it fit."""
        if self.ok:
            return
        problems = [
            f"{kind} {used} of {limit} bytes, {over} too many"
            for kind, used, limit, over in (
                ("RAM", self.ram, self.board.ram_limit, self.ram_over),
                ("flash", self.flash, self.board.flash_limit, self.flash_over),
            )
            if over
        ]
        raise ForgeError(
            f"the firmware does not fit {self.board.id}: {'; '.join(problems)}",
            where=f"board {self.board.id} ({self.board.name})",
            fix=self._remedy(),
        )

    def _remedy(self) -> str:
        steps = []
        if self.ram_over:
            steps.append("shrink the largest activations (smaller input, fewer channels)")
        if self.flash_over:
            steps.append("shrink the weights (fewer channels or layers)")
        larger = fitting_boards(self.ram, self.flash)
        if larger:
            names = ", ".join(board.id for board in larger[:3])
            steps.append(f"or take a board on which it fits: {names}")
        else:
            steps.append("no board known here is large enough")
        return "; ".join(steps)


def fits(ram_total: int, flash_total: int, board: Board) -> Fit:
    """The verdict for this many bytes of RAM and flash on a board."""
    return Fit(board, ram_total, flash_total)


def fitting_boards(ram_total: int, flash_total: int) -> tuple[Board, ...]:
    """The boards it fits on, smallest RAM first, then smallest flash, then by id."""
    boards = (b for b in all_boards() if fits(ram_total, flash_total, b).ok)
    return tuple(sorted(boards, key=lambda b: (b.ram_limit, b.flash_limit, b.id)))
