"""How long an inference takes on a board: an estimate, as a range, from counted instructions.

Instructions are exact; what a cycle does with them is not known without the silicon.

low: everything hits. A Cortex-M4 then takes 1.2 cycles an instruction, by its timing tables (Arm
DDI 0439, chapter 3) applied to the instructions of convolutions; a Cortex-M7 issues two at once.
high: 1.8 cycles, as code that loads many registers at once takes, and every flash access waits: a
line of 128 bits holds four instructions, and one instruction in sixteen loads a weight. What hides
that (prefetch, caches, wider lines) lies between the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.boards.board import Board

_LOW = 1.2
_LOW_DUAL_ISSUE = 0.6
_HIGH = 1.8
_FLASH_ACCESSES = 1 / 4 + 1 / 16  # an instruction

_DUAL_ISSUE = ("cortex-m7",)


@dataclass(frozen=True)
class Milliseconds:
    """From everything hits to everything waits."""

    low: float
    high: float

    def __str__(self) -> str:
        digits = 0 if self.low >= 10 else 1 if self.low >= 1 else 2
        return f"{self.low:.{digits}f} to {self.high:.{digits}f} ms"


def cycles_per_instruction(board: Board) -> tuple[float, float]:
    """Lowest and highest. Without a figure for its wait states, a board is taken to have none."""
    low = _LOW_DUAL_ISSUE if board.core in _DUAL_ISSUE else _LOW
    return low, _HIGH + _FLASH_ACCESSES * (board.flash_wait_states or 0)


def milliseconds(board: Board, instructions: int) -> Milliseconds:
    """Of one inference with so many instructions, counted for the board's core."""
    low, high = cycles_per_instruction(board)
    per_millisecond = board.mhz * 1000
    return Milliseconds(instructions * low / per_millisecond, instructions * high / per_millisecond)
