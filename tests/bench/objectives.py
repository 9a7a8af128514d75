"""What each objective gives on a core, over TensorFlow Lite Micro with CMSIS-NN.

Estimated cycles (mid, no wait states; on an M55 instructions), arena, flash of code and weights.
On an M4 and an M0+, where nobody counted the interpreter's, also instructions over those of the
best other engine that was counted there.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.objectives [zig|gcc] [m4|m55|m0plus]
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS, OPTIMIZE, Case, result, toolchain_named
from tinyforge.bench import baselines

# What is compared with the interpreter's, on each core.
RATIOS = {
    "cortex-m4": ("cycles", "arena", "flash"),
    "cortex-m55": ("instructions", "arena", "flash"),
    "cortex-m0plus": (),
}
# As silicon/ calls a model.
NAMES = {"resnet8": "ic"}
OTHERS = {"cortex-m4": "ST", "cortex-m0plus": "Bosch"}


def counted(corpus: Path, core: str) -> Iterator[tuple[str, int]]:
    """The other engine's models, as silicon/ calls them, and instructions; of any version."""
    if core == "cortex-m4":
        for row in _rows(corpus, "engines_m4"):
            if row["engine"].startswith(OTHERS[core]):
                yield row["model"], int(row["instructions"])
    if core == "cortex-m0plus":
        for row in _rows(corpus, "other_cores"):
            if row["core"] == "M0+":
                yield row["image"].rpartition("_")[2], int(row["instructions"])


def _rows(corpus: Path, name: str) -> Sequence[Mapping[str, str]]:
    with (corpus / "silicon" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fewest(corpus: Path, core: str) -> Mapping[str, int]:
    """The other engine's instructions, by model."""
    found: dict[str, int] = {}
    for name, count in counted(corpus, core):
        found[name] = min(count, found.get(name, count))
    return {model: found[name] for model in MODELS if (name := NAMES.get(model, model)) in found}


def core_named(arguments: Sequence[str]) -> str:
    return next((core for core in RATIOS if core.removeprefix("cortex-") in arguments), "cortex-m4")


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = toolchain_named(sys.argv[1:])
    core = core_named(sys.argv[1:])
    known = baselines.load(corpus / "baselines")
    theirs, other = fewest(corpus, core), OTHERS.get(core)
    names = (*((other,) if other else ()), *RATIOS[core])
    for optimize in OPTIMIZE:
        table = Table(box=box.SIMPLE_HEAD, title=f"for {optimize}, {toolchain}, {core}")
        table.add_column("model")
        for name in ("instructions", *(f"/ {name}" for name in names)):
            table.add_column(name, justify="right", no_wrap=True)
        rows: dict[str, list[float]] = {name: [] for name in names}
        for model in MODELS if RATIOS[core] else theirs:
            found = result(corpus, Case(model, core, optimize), toolchain, known)
            ratios = {name: found.ratios[name] for name in RATIOS[core]}
            if other and model in theirs:
                ratios[other] = found.instructions / theirs[model]
            for name, ratio in ratios.items():
                rows[name].append(ratio)
            shown = (f"{ratios[name]:.2f}" if name in ratios else "" for name in rows)
            table.add_row(model, f"{found.instructions:,}", *shown)
        table.add_section()
        table.add_row("mean, geometric", "", *(f"{geometric_mean(r):.3f}" for r in rows.values()))
        Console().print(table)


if __name__ == "__main__":
    main()
