"""Instructions of the compiled engine over those of TensorFlow Lite Micro, on a Cortex-M4.

With its reference kernels and with CMSIS-NN.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.instructions [zig|gcc]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, Case, result, toolchain_named
from tinyforge.bench import baselines
from tinyforge.memory.interpreter import Kernels

CORE = "cortex-m4"
KERNELS = (Kernels.REFERENCE, Kernels.CMSIS_NN)


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    theirs = {
        (row.model, row.kernels): row.instructions
        for row in baselines.load(corpus / "baselines")
        if row.core == CORE
    }
    table = Table(box=box.SIMPLE_HEAD, title=f"aot, {toolchain}, {CORE}: ratio = ours / TFLM's")
    table.add_column("model")
    for name in ("instructions", *(f"/ {kernels.value}" for kernels in KERNELS)):
        table.add_column(name, justify="right")
    ratios: list[list[float]] = []
    for model in MODELS:
        ours = result(corpus, Case(model, CORE, "speed"), toolchain).instructions
        ratios.append([ours / theirs[model, kernels] for kernels in KERNELS])
        table.add_row(model, f"{ours:,}", *(f"{ratio:.2f}" for ratio in ratios[-1]))
    means = [f"{geometric_mean(column):.2f}" for column in zip(*ratios, strict=True)]
    table.add_section()
    table.add_row("geometric mean", "", *means)
    Console().print(table)


if __name__ == "__main__":
    main()
