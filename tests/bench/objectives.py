"""What each objective gives on a Cortex-M4 or M55, over TensorFlow Lite Micro with CMSIS-NN.

Estimated cycles (mid, no wait states; on an M55 instructions), arena, flash of code and weights.
On an M4 also instructions over those of the best closed engine, by silicon/engines_m4.csv.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.objectives [zig|gcc] [m4|m55]
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, OPTIMIZE, Case, result, toolchain_named
from tinyforge.bench import baselines

# What stands for time on each core.
TIMES = {"cortex-m4": "cycles", "cortex-m55": "instructions"}
# As that file calls a model, and its maker's name there.
NAMES = {"resnet8": "ic"}
CLOSED = "ST"


def closed(corpus: Path) -> Mapping[str, int]:
    """The fewest instructions of any version, by model."""
    found: dict[str, int] = {}
    with (corpus / "silicon" / "engines_m4.csv").open() as file:
        for row in csv.DictReader(file):
            if row["engine"].startswith(CLOSED):
                count = int(row["instructions"])
                found[row["model"]] = min(count, found.get(row["model"], count))
    return {model: found[name] for model in MODELS if (name := NAMES.get(model, model)) in found}


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    core = "cortex-m55" if "m55" in sys.argv[1:] else "cortex-m4"
    known = baselines.load(corpus / "baselines")
    theirs = closed(corpus) if core == "cortex-m4" else {}
    names = (*((CLOSED,) if theirs else ()), TIMES[core], "arena", "flash")
    for optimize in OPTIMIZE:
        table = Table(box=box.SIMPLE_HEAD, title=f"for {optimize}, {toolchain}, {core}")
        table.add_column("over TFLM")
        for name in ("instructions", *(f"/ {name}" for name in names)):
            table.add_column(name, justify="right", no_wrap=True)
        rows: dict[str, list[float]] = {name: [] for name in names}
        for model in MODELS:
            found = result(corpus, Case(model, core, optimize), toolchain, known)
            ratios = {name: found.ratios[name] for name in names if name != CLOSED}
            if model in theirs:
                ratios[CLOSED] = found.instructions / theirs[model]
            for name, ratio in ratios.items():
                rows[name].append(ratio)
            shown = (f"{ratios[name]:.2f}" if name in ratios else "" for name in rows)
            table.add_row(model, f"{found.instructions:,}", *shown)
        table.add_section()
        table.add_row("mean, geometric", "", *(f"{geometric_mean(r):.3f}" for r in rows.values()))
        Console().print(table)


if __name__ == "__main__":
    main()
