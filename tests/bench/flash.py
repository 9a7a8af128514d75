"""Flash of the compiled engine over TensorFlow Lite Micro's on a Cortex-M4, for speed and size.

Ours is code, constants and runtime; TFLM's is the .tflite file and its code for int8 alone.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.flash [zig|gcc]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, OPTIMIZE, Case, result, toolchain_named
from tinyforge.bench import baselines
from tinyforge.bench.measure import means


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    known = baselines.load(corpus / "baselines")
    table = Table(box=box.SIMPLE_HEAD, title=f"aot, {toolchain}, Cortex-M4: ratio = ours / TFLM's")
    for name in ("model", "optimize", "code", "weights", "/ TFLM", "instructions"):
        table.add_column(name, justify="left" if name in ("model", "optimize") else "right")
    for optimize in OPTIMIZE:
        found = [result(corpus, Case(m, "cortex-m4", optimize), toolchain, known) for m in MODELS]
        for row in found:
            sizes = (f"{n:,}" for n in (row.code, row.weights))
            ratio = f"{row.ratios['flash']:.3f}"
            table.add_row(row.model, optimize, *sizes, ratio, f"{row.instructions:,}")
        table.add_row("geometric mean", optimize, "", "", f"{means(found)['flash']:.3f}", "")
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
