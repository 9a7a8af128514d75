"""How long an inference takes on a board: simulated in its memory system where that is known, else
a range from the core's cycles, else from counted instructions. And the energy that it takes, where
the board says what it draws.

A range's low end: everything hits. A Cortex-M4 then takes the cycles of its timing tables (Arm DDI
0439, chapter 3; sim/cycles), or, where those were not counted, 1.2 an instruction, as convolutions
do by them; a Cortex-M7 issues two at once: published programs took 0.73 to 0.93 on it, 1.13 to 1.49
on a Cortex-M33, 1.26 to 1.75 on an M0+. Its high end: the most that the tables leave open, or 1.8
cycles, as code that loads many registers at once takes; and every flash access waits: a line of 128
bits holds four instructions, and one instruction in sixteen loads a weight. What hides that
(prefetch, caches, wider lines) lies between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyforge.boards.board import Board

_LOW = 1.2
_LOW_OF = {"cortex-m7": 0.6, "cortex-m33": 1.1}
_HIGH = 1.8
_FLASH_ACCESSES = 1 / 4 + 1 / 16  # an instruction
_EXTREMES = "from all hits to every access to flash waiting"


@dataclass(frozen=True)
class _Range:
    """The lowest and the highest."""

    low: float
    high: float

    unit: ClassVar[str]

    def __str__(self) -> str:
        digits = 0 if self.low >= 10 else 1 if self.low >= 1 else 2
        return f"{self.low:,.{digits}f} to {self.high:,.{digits}f} {self.unit}"


class Milliseconds(_Range):
    unit = "ms"


class Microjoules(_Range):
    unit = "µJ"


@dataclass(frozen=True)
class BoardCycles:
    """Cycles of one inference on a board. low: where nothing ever waits. mid: in its memory system;
    None where that is not simulated. high: with the highest that documents leave open of the core,
    in that memory system, or else where nothing waits."""

    low: int
    mid: int | None
    high: int


@dataclass(frozen=True)
class Timing:
    """What an inference takes on a board. Field names are keys of `--json`.

    cycles: simulated; None where the range alone is known. error: of such cycles, in percent, at
    worst; None where it was not measured. basis: where all this comes from. microjoules: of the
    microcontroller alone; None where the board does not say what it draws. drawn: what it says.
    """

    board: str
    mhz: int
    cycles: int | None
    milliseconds: Milliseconds
    error: float | None
    basis: str
    microjoules: Microjoules | None = None
    drawn: str = ""


def cycles_per_instruction(board: Board) -> tuple[float, float]:
    """Lowest and highest."""
    return _LOW_OF.get(board.core, _LOW), _HIGH + _waits(board)


def _waits(board: Board) -> float:
    """Cycles an instruction that flash costs at most. Without a figure for its wait states, a board
    is taken to have none."""
    return _FLASH_ACCESSES * (board.flash_wait_states or 0)


def milliseconds(board: Board, instructions: int) -> Milliseconds:
    """The range, of one inference with so many instructions, counted for the board's core."""
    low, high = cycles_per_instruction(board)
    return _milliseconds(board, instructions * low, instructions * high)


def timing(board: Board, instructions: int, cycles: BoardCycles | None = None) -> Timing:
    """Of one inference: simulated where it was, within the error that was measured or, where none
    was, from its low to its high; else the range."""
    reads = board.flash.reads
    if cycles is None:
        least, most = cycles_per_instruction(board)
        basis = f"not simulated: {least:.2g} to {most:.2f} cycles an instruction, {_EXTREMES}"
        return _timing(board, (instructions * least, instructions * most), basis)
    if cycles.mid is None or reads is None:
        waits = instructions * _waits(board)
        basis = f"memory not simulated: the core's cycles, estimated, {_EXTREMES}"
        return _timing(board, (cycles.low, cycles.high + waits), basis)
    if reads.checked is None:
        basis = f"flash and caches simulated as documented ({reads.source}), not checked on silicon"
        return _timing(board, (cycles.low, cycles.high), basis, cycles=cycles.mid)
    found = reads.checked
    off = cycles.mid * found.worst / 100
    basis = (
        f"flash and caches simulated ({reads.source}); of {found.programs} programs measured "
        f"on {found.on} it was off by {found.mean:g} % in the mean, {found.worst:g} % at worst"
    )
    span = (cycles.mid - off, cycles.mid + off)
    return _timing(board, span, basis, cycles=cycles.mid, error=found.worst)


def _timing(
    board: Board,
    span: tuple[float, float],
    basis: str,
    *,
    cycles: int | None = None,
    error: float | None = None,
) -> Timing:
    """span: cycles, from the least to the most."""
    milliseconds, power = _milliseconds(board, *span), board.power
    if power is None:
        return Timing(board.id, board.mhz, cycles, milliseconds, error, basis)
    energy = Microjoules(*map(power.microjoules, span))
    return Timing(board.id, board.mhz, cycles, milliseconds, error, basis, energy, str(power))


def _milliseconds(board: Board, low: float, high: float) -> Milliseconds:
    """low, high: cycles."""
    return Milliseconds(low / (board.mhz * 1000), high / (board.mhz * 1000))
