"""Layer by layer: cycles on a Cortex-M4 over those of TensorFlow Lite Micro with CMSIS-NN.

Estimated cycles (mid, no wait states), of layers that run as one together. The aim is that none is
slower; those that are are marked, and counted at the end.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.layers [zig|gcc] [speed|balanced|size]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, OPTIMIZE, Case, result, toolchain_named
from tinyforge.bench import baselines
from tinyforge.bench.measure import Result

CORE = "cortex-m4"


@dataclass(frozen=True)
class Row:
    """A layer with those that run within it. ops: their operators. ours, theirs: cycles."""

    index: int
    ops: str
    ours: int
    theirs: int

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def rows(found: Result) -> Iterator[Row]:
    """Of the layers that have code and a baseline."""
    for layer in found.layers:
        if layer.within is not None or layer.cycles is None or layer.baseline is None:
            continue
        if layer.baseline.cycles is None:
            continue
        within = [other.op for other in found.layers if other.within == layer.index]
        ops = " + ".join([*within, layer.op])
        yield Row(layer.index, ops, layer.cycles.mid, layer.baseline.cycles)


def table_of(title: str, found: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title)
    table.add_column("#", justify="right")
    table.add_column("layer", no_wrap=True)
    for name in ("ours", "TFLM", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found:
        figures = f"{row.ours:,}", f"{row.theirs:,}", f"{row.ratio:.2f}"
        table.add_row(str(row.index), row.ops, *figures, style="red" if row.ratio > 1 else "")
    return table


def main() -> None:
    corpus, arguments = Path(os.environ["TINYFORGE_CORPUS"]), sys.argv[1:]
    toolchain = toolchain_named(arguments)
    optimize = next((choice for choice in OPTIMIZE if choice in arguments), "speed")
    known = baselines.load(corpus / "baselines")
    slower = 0
    for model in MODELS:
        found = tuple(rows(result(corpus, Case(model, CORE, optimize), toolchain, known)))
        slower += sum(row.ratio > 1 for row in found)
        Console().print(table_of(f"{model} for {optimize}, {toolchain}, {CORE}", found))
    Console().print(f"slower than TensorFlow Lite Micro: {slower} layers")


if __name__ == "__main__":
    main()
