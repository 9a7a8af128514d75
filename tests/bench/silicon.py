"""Cycles of an inference on a NUCLEO-L4R5ZI, simulated, over the best that were measured there.

The measured ones are of MLPerf Tiny, rounds 0.5 to 1.3: the fastest of all submissions on that
board. The flash is read 8 bytes at a time, as the board is delivered and the firmware made for, or
16 with its option bit DBANK cleared, as some submitters did. Waits are what comes to the cycles of
the core alone: for instructions, for data in flash, and for loads from slow RAM.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.silicon [zig|gcc]
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from statistics import geometric_mean

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import Case, result, toolchain_named
from tinyforge import boards
from tinyforge.boards import Board

BOARD = "nucleo_l4r5zi"
MODELS = ("ad", "resnet8", "kws", "vww")
READ_BYTES = (8, 16)


def best_measured(corpus: Path, model: str, mhz: int) -> float:
    """Cycles: the clock over the most inferences a second."""
    with (corpus / "silicon" / "mlperf_tiny.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "L4R5ZI" in row["board"].upper()]
    return mhz * 1e6 / max(float(row[f"{model}_inf_per_s"] or 0) for row in rows)


def reading(board: Board, nbytes: int) -> Board:
    """The board with its flash read so many bytes at a time."""
    assert board.flash.reads is not None
    reads = msgspec.structs.replace(board.flash.reads, read_bytes=nbytes)
    flash = msgspec.structs.replace(board.flash, reads=reads)
    return msgspec.structs.replace(board, id=f"{nbytes} bytes", flash=flash)


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    board = boards.load(BOARD)
    clocks = [reading(board, nbytes) for nbytes in READ_BYTES]
    table = Table(box=box.SIMPLE_HEAD, title=f"aot, {toolchain}, {board.name} at {board.mhz} MHz")
    table.add_column("model")
    each = [name for clock in clocks for name in (f"{clock.id} a read", "waits", "ratio")]
    for name in ("measured", "core", *each):
        table.add_column(name, justify="right")
    ratios = []
    for model in MODELS:
        best = best_measured(corpus, model, board.mhz)
        case = Case(model, board.core, "speed")
        found = result(corpus, case, toolchain, timed_on=clocks, board=BOARD)
        assert found.cycles is not None
        core = found.cycles.mid
        ours = [found.simulated[clock.id].mid for clock in clocks]
        ratios.append([cycles / best for cycles in ours])
        cells = (
            cell
            for cycles in ours
            for cell in (f"{cycles:,}", f"{1 - core / cycles:.1%}", f"{cycles / best:.3f}")
        )
        table.add_row(model, f"{round(best):,}", f"{core:,}", *cells)
    table.add_section()
    means = (f"{geometric_mean(column):.3f}" for column in zip(*ratios, strict=True))
    table.add_row("geometric mean", "", "", *(cell for mean in means for cell in ("", "", mean)))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
