"""Does it fit: all RAM and all flash against a board; and on which boards, smallest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from tinyforge.boards.board import Board
from tinyforge.boards.catalog import all_boards
from tinyforge.boards.timing import BoardCycles, Timing, timing
from tinyforge.errors import ForgeError

_ROOMY = 16 * 1024 * 1024


@dataclass(frozen=True)
class Need:
    """What firmware was measured to take on one core.

    ram: bytes of arena, other .data and .bss, and stack. flash: bytes of code, constants, weights,
    vectors. instructions: of one inference; None where they were not counted. cycles: of one
    on boards of that core, by their ids.
    """

    ram: int
    flash: int
    instructions: int | None = None
    cycles: Mapping[str, BoardCycles] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """The verdict on one board."""

    board: Board
    need: Need

    @property
    def ram_left(self) -> int:
        """Bytes of RAM; negative where they are missing."""
        return self.board.ram_limit - self.need.ram

    @property
    def flash_left(self) -> int:
        """Bytes of flash; negative where they are missing."""
        return self.board.flash_limit - self.need.flash

    @property
    def ram_over(self) -> int:
        """Bytes of RAM too many; 0 when it fits."""
        return max(0, -self.ram_left)

    @property
    def flash_over(self) -> int:
        """Bytes of flash too many; 0 when it fits."""
        return max(0, -self.flash_left)

    @property
    def ok(self) -> bool:
        return not self.ram_over and not self.flash_over

    @property
    def time(self) -> Timing | None:
        """Of an inference; None where instructions were not counted."""
        if self.need.instructions is None:
            return None
        cycles = self.need.cycles.get(self.board.id)
        return timing(self.board, self.need.instructions, cycles)

    def require(self) -> None:
        """Returns when it fits. ForgeError with the numbers and what would make it fit."""
        if self.ok:
            return
        problems = [
            f"{kind} {used:,} of {limit:,} bytes, {over:,} too many"
            for kind, used, limit, over in (
                ("RAM", self.need.ram, self.board.ram_limit, self.ram_over),
                ("flash", self.need.flash, self.board.flash_limit, self.flash_over),
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
        larger = fitting_boards(self.need)
        if larger:
            names = ", ".join(self._with_time(board) for board in larger[:3])
            steps.append(f"or take a board on which it fits: {names}")
        else:
            steps.append("no board known here is large enough")
        return "; ".join(steps)

    def _with_time(self, other: Board) -> str:
        """Another board's id, and what an inference takes there, where it has the same core."""
        time = Fit(other, self.need).time
        if time is None or other.core != self.board.core:
            return other.id
        return f"{other.id} ({time.milliseconds})"


def fits(need: Need, board: Board) -> Fit:
    """The verdict for a board."""
    return Fit(board, need)


def rank(needs: Mapping[str, Need]) -> tuple[Fit, ...]:
    """The verdict on every board whose core there is a need for: those that fit first, the smallest
    of them before all; then the others, the nearest miss first.

    needs: by core. Of two boards the smaller is the one with less RAM, then with less flash.
    """
    found = [Fit(board, needs[board.core]) for board in all_boards() if board.core in needs]
    return tuple(sorted(found, key=_order))


def _order(fit: Fit) -> tuple[int, int, int, str]:
    board = fit.board
    return (fit.ram_over + fit.flash_over, board.ram_limit, board.flash_limit, board.id)


def fitting_boards(need: Need) -> tuple[Board, ...]:
    """The boards on which it fits, whatever their core, smallest first."""
    needs = {board.core: need for board in all_boards()}
    return tuple(fit.board for fit in rank(needs) if fit.ok)


def roomy(board: Board) -> Board:
    """The same board with memories that hold more than any board's: to measure what firmware takes
    that does not fit the real one."""
    flash, ram = (
        msgspec.structs.replace(memory, size=_ROOMY, usable=None)
        for memory in (board.flash, board.ram[0])
    )
    return msgspec.structs.replace(board, flash=flash, ram=(ram,))
