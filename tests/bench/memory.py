"""The compiled engine over TensorFlow Lite Micro with CMSIS-NN, on a Cortex-M4.

The ratios of instructions and of estimated cycles; of the arena to what the interpreter uses of its
own; of all RAM to all RAM; and, compiled for size, of code and weights to the interpreter's code
and model. Apart from that, the arena where the input is fed row by row and not kept.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.memory [zig|gcc]
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, Case, result, toolchain_named
from tinyforge.bench import baselines
from tinyforge.bench.measure import Result
from tinyforge.graph.channels import narrowed
from tinyforge.memory.search import plan
from tinyforge.report.bench import ratio_table
from tinyforge.report.drawing import glyphs_of
from tinyforge.spec import ToolchainChoice
from tinyforge.tflite import read_file


def compared(corpus: Path, model: str, toolchain: ToolchainChoice) -> Result:
    """The model compiled for speed, but for its ratio of flash."""
    known = baselines.load(corpus / "baselines")
    speed = result(corpus, Case(model, "cortex-m4", "speed"), toolchain, known)
    size = result(corpus, Case(model, "cortex-m4", "size"), toolchain, known)
    return replace(speed, ratios=speed.ratios | {"flash": size.ratios["flash"]})


def fed_by_rows(corpus: Path) -> Table:
    """Arenas with --feed rows, in bytes, and over what the interpreter uses of its own."""
    known = baselines.load(corpus / "baselines")
    table = Table("fed by rows", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arena", justify="right")
    table.add_column("/ TFLM", justify="right")
    ratios = []
    for model in MODELS:
        _, graph = read_file(corpus / "models" / f"{model}.tflite")
        baseline = baselines.find(known, model, "cortex-m4")
        assert baseline is not None
        arena = plan(narrowed(graph).graph, by_rows=True).arena_bytes
        ratios.append(arena / baseline.arena)
        table.add_row(model, f"{arena:,}", f"{ratios[-1]:.3f}")
    table.add_row("geometric mean", "", f"{geometric_mean(ratios):.3f}", style="bold")
    return table


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    console = Console(width=110)
    rows = [compared(corpus, model, toolchain) for model in MODELS]
    console.print(f"{rows[0].toolchain}; flash: compiled for size")
    console.print(ratio_table(rows, glyphs_of(console.options)))
    console.print(fed_by_rows(corpus))


if __name__ == "__main__":
    main()
