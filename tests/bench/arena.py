"""The interpreter's arena, computed against measured, for the shared models on every core; and
against what the tflite-micro package records, where it is installed.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.arena
"""

from __future__ import annotations

import os
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tinyforge.bench import baselines
from tinyforge.engines.tflm.arena import recorded
from tinyforge.memory.interpreter import HOST, predict, target_for
from tinyforge.tflite import read_file

# Never less than what was measured, and at most so much more.
_MOST = 1.02


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("model", "core", "kernels"):
        table.add_column(name)
    for name in ("computed", "measured", "ratio", "head", "smallest", "host: ratio"):
        table.add_column(name, justify="right")
    on_host: dict[str, str] = {}
    good = True
    for row in baselines.load(corpus / "baselines"):
        data, graph = read_file(corpus / "models" / f"{row.model}.tflite")
        found = predict(graph, target_for(row.core, row.kernels))
        if row.model not in on_host:
            host = recorded(data)
            ratio = predict(graph, HOST).used / (host.head + host.tail) if host else None
            on_host[row.model] = f"{ratio:.4f}" if ratio else "-"
        good &= row.arena <= found.used <= row.arena * _MOST and found.head == row.head
        table.add_row(
            row.model,
            row.core,
            row.kernels.value,
            f"{found.used:,}",
            f"{row.arena:,}",
            f"{found.used / row.arena:.4f}",
            "exact" if found.head == row.head else f"{found.head - row.head:+,}",
            f"{found.smallest_working:,}",
            on_host[row.model],
        )
    console = Console(width=110)
    console.print(table)
    console.print("all within -0 % and +2 %, heads exact" if good else "OUT OF BOUNDS")
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
