"""Arenas and planning times of models that people deploy.

The planned arena, what TensorFlow Lite Micro with CMSIS-NN takes on a Cortex-M4 for the same graph,
computed, their ratio, and the CPU seconds of planning. Fails where the ratios' geometric mean is
above 0.20, or a model takes more than 2 s.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.public [FOLDER]
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tinyforge.errors import ForgeError
from tinyforge.graph.channels import narrowed
from tinyforge.graph.passes import adapt
from tinyforge.memory.interpreter import predict, target_for
from tinyforge.memory.search import plan
from tinyforge.ops import OPS
from tinyforge.tflite import read_file, require_quantized

_MOST_RATIO, _MOST_SECONDS = 0.20, 2.0


def main() -> int:
    folder = sys.argv[1] if len(sys.argv) > 1 else Path(os.environ["TINYFORGE_CORPUS"]) / "real"
    table = Table("model", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("arena", "TFLM", "/ TFLM", "seconds"):
        table.add_column(name, justify="right")
    ratios, slowest = [], 0.0
    for path in sorted(Path(folder).glob("*.tflite")):
        try:
            graph, _ = adapt(read_file(path)[1])
            require_quantized(graph)
            lacking = sorted({op.op for op in graph.operators} - set(OPS))
            if lacking:
                table.add_row(path.stem, "no", ", ".join(lacking))
                continue
            begin = time.process_time()
            arena = plan(narrowed(graph).graph).arena_bytes
            seconds = time.process_time() - begin
        except ForgeError as error:
            table.add_row(path.stem, "refused", error.what)
            continue
        interpreter = predict(graph, target_for("cortex-m4")).used
        ratios.append(arena / interpreter)
        slowest = max(slowest, seconds)
        row = (f"{arena:,}", f"{interpreter:,}", f"{ratios[-1]:.3f}", f"{seconds:.2f}")
        table.add_row(path.stem, *row)
    mean = geometric_mean(ratios)
    table.add_row("geometric mean; slowest", "", "", f"{mean:.3f}", f"{slowest:.2f}", style="bold")
    Console(width=110).print(table)
    return int(mean > _MOST_RATIO or slowest > _MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
