"""Every shared model on every core, proved bit-exact: all golden inputs, and some random ones.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.cores
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.figures import MODELS
from tinyforge.bench.measure import Result, measure
from tinyforge.cli.ui import Ui
from tinyforge.proof import examples
from tinyforge.proof.examples import Examples
from tinyforge.source import open_tflite
from tinyforge.spec import MachineChoice, Spec

MACHINES: dict[str, MachineChoice] = {
    "cortex-m0plus": "unicorn",
    "cortex-m4": "unicorn",
    "cortex-m7": "unicorn",
    "cortex-m33": "unicorn",
    "cortex-m55": "qemu",
}
_RANDOM = 4


def proved(corpus: Path, model: str, core: str) -> Result:
    """ForgeError for one byte that differs from TensorFlow Lite Micro's."""
    ui = Ui()
    source = open_tflite(corpus / "models" / f"{model}.tflite", ui)
    golden = examples.load(corpus / "golden" / f"{model}.npz", source.graph)
    shape = (_RANDOM, golden.inputs.shape[1])
    others = np.random.default_rng(7).integers(-128, 128, shape).astype(np.int8)
    inputs = Examples(np.concatenate([golden.inputs, others]))
    return measure(source, inputs, core, Spec(machine=MACHINES[core]), ui)


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    table = Table("core", "model", title="bit-exact")
    for name in ("instructions", "arena", "RAM", "stack"):
        table.add_column(name, justify="right")
    for core in MACHINES:
        for model in MODELS:
            found = proved(corpus, model, core)
            figures = (found.instructions, found.arena, found.ram, found.stack)
            table.add_row(core, model, *(f"{figure:,}" for figure in figures))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
