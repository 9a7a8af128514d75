"""Flash of the compiled engine against TensorFlow Lite Micro's on a Cortex-M4, for speed and size.

Ours is code, constants and runtime; TFLM's is the .tflite file and its code for int8 alone.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.flash [zig|gcc]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.instructions import CMSIS_NN, MODELS, baselines, proof_of
from tinyforge.proof.record import Proof
from tinyforge.spec import OptimizeChoice

CHOICES: tuple[OptimizeChoice, ...] = ("speed", "size")


def flash_ratio(proof: Proof, tflm: dict[str, str]) -> float:
    """Ours / TFLM's."""
    assert proof.flash is not None
    ours = proof.flash.code + proof.flash.weights
    return ours / (int(tflm["model_bytes"]) + int(tflm["code_bytes_int8_only"]))


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = sys.argv[1] if len(sys.argv) > 1 else "zig"
    rows = baselines(corpus)
    table = Table(box=box.SIMPLE_HEAD, title=f"aot, {toolchain}, Cortex-M4: ratio = ours / TFLM's")
    for name in ("model", "optimize", "code", "weights", "/ TFLM", "instructions"):
        table.add_column(name, justify="left" if name in ("model", "optimize") else "right")
    for optimize in CHOICES:
        ratios = []
        for model in MODELS:
            proof = proof_of(corpus, model, toolchain, optimize=optimize)
            assert proof.flash is not None
            ratios.append(flash_ratio(proof, rows[model, CMSIS_NN]))
            sizes = (proof.flash.code, proof.flash.weights)
            cells = [*(f"{n:,}" for n in sizes), f"{ratios[-1]:.3f}", f"{proof.instructions:,}"]
            table.add_row(model, optimize, *cells)
        table.add_row("geometric mean", optimize, "", "", f"{geometric_mean(ratios):.3f}", "")
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
