"""Boards ranked for a model, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.boards import Fit
from tinyforge.boards.timing import Timing
from tinyforge.needs import Needs

# How times are come by: boards/timing.py has it in full.
ESTIMATE = (
    "RAM, flash and instructions are measured. Times: * simulated with the board's\n"
    "flash and caches, within the error measured on silicon; + simulated as\n"
    "documented, never checked; others from the core's estimated cycles (M7, M33, M0+:\n"
    "0.6, 1.1, 1.2 to 1.8 an instruction) to those and a wait at every access to\n"
    "flash. Energy: of the microcontroller alone, by what its data sheet says it\n"
    "draws, where known."
)


@dataclass(frozen=True)
class Ranking:
    """Renders on a Rich console: one row a board, 80 columns. fits: as rank() orders them."""

    fits: Sequence[Fit]
    needs: Needs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        for core, need in self.needs.by_core.items():
            yield Text(
                f"{core}: {need.ram:,} bytes of RAM, {need.flash:,} of flash, "
                f"{need.instructions:,} instructions"
            )
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("board", no_wrap=True)
        table.add_column("core", no_wrap=True)
        for name in ("RAM", "flash", "inference", "≤ µJ"):
            table.add_column(name, justify="right", no_wrap=True)
        for fit in self.fits:
            table.add_row(
                Text(fit.board.id, "green" if fit.ok else "red"),
                fit.board.core.partition("-")[2],
                _kib(fit.ram_left),
                _kib(fit.flash_left),
                *((_time(fit.time), _energy(fit.time)) if fit.ok else ("does not fit", "")),
            )
        table.caption = "RAM and flash: KiB left, or missing (-)"
        yield table
        yield Text(ESTIMATE)
        names = ", ".join(board.id for board in self.needs.unmeasured)
        if names:
            yield Text(f"Not emulated here, so not measured: {names}.")


def _time(timing: Timing | None) -> str:
    """With the mark that says what it is worth."""
    if timing is None:
        return ""
    mark = "" if timing.cycles is None else "+" if timing.error is None else "*"
    return f"{timing.milliseconds} {mark or ' '}"


def _energy(timing: Timing | None) -> str:
    """Of the microcontroller alone; empty where the board does not say what it draws."""
    if timing is None or timing.microjoules is None:
        return ""
    return f"{timing.microjoules.high:,.0f}"


def _kib(nbytes: int) -> str:
    return f"{nbytes / 1024:,.0f}"


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """What --json prints: bytes, instructions, milliseconds, microjoules; left is negative where
    missing. cycles: simulated. error: of those, in percent, at worst, where measured."""
    return {
        "cores": {core: asdict(need) for core, need in ranking.needs.by_core.items()},
        "boards": [_board(fit) for fit in ranking.fits],
        "not_measured": [board.id for board in ranking.needs.unmeasured],
        "estimate": ESTIMATE.replace("\n", " "),
    }


def _board(fit: Fit) -> Mapping[str, Any]:
    board, need, time = fit.board, fit.need, fit.time
    return {
        "id": board.id,
        "core": board.core,
        "mhz": board.mhz,
        "fits": fit.ok,
        "ram": {"used": need.ram, "limit": board.ram_limit, "left": fit.ram_left},
        "flash": {"used": need.flash, "limit": board.flash_limit, "left": fit.flash_left},
        "instructions": need.instructions,
        "milliseconds": None if time is None else asdict(time.milliseconds),
        "microjoules": None if not time or not time.microjoules else asdict(time.microjoules),
        "cycles": None if time is None else time.cycles,
        "error": None if time is None else time.error,
        "basis": None if time is None else time.basis,
    }
