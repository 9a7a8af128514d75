"""Compiled engine against TensorFlow Lite Micro on an emulated Cortex-M4: instructions and RAM.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.instructions [zig|gcc]
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from statistics import geometric_mean

from rich import box
from rich.console import Console
from rich.table import Table

from tinyforge import pipeline
from tinyforge.cli.ui import Ui
from tinyforge.proof.record import Proof
from tinyforge.spec import OptimizeChoice, Spec

MODELS = ("resnet8", "kws", "vww", "ad", "quickdraw")
REFERENCE = "cortex-m4 (reference kernels)"
CMSIS_NN = "cortex-m4 (CMSIS-NN)"


def baselines(corpus: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Rows of tflm.csv by model and core."""
    with (corpus / "baselines" / "tflm.csv").open() as file:
        return {(row["model"], row["core"]): row for row in csv.DictReader(file)}


def proof_of(
    corpus: Path,
    model: str,
    toolchain: str,
    *,
    optimize: OptimizeChoice = "speed",
    core: str = "cortex-m4",
) -> Proof:
    """The model's proof on its golden vectors, with enough memory."""
    settings = Spec(
        model=str(corpus / "models" / f"{model}.tflite"),
        board="nucleo_l4r5zi",
        engine="aot",
        toolchain="gcc" if toolchain == "gcc" else "zig",
        optimize=optimize,
    )
    golden = corpus / "golden" / f"{model}.npz"
    report = pipeline.simulate(settings, Ui(), project=None, inputs=golden, core=core)
    assert report.proof.bit_exact
    return report.proof


def main() -> None:
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    toolchain = sys.argv[1] if len(sys.argv) > 1 else "zig"
    rows = baselines(corpus)
    table = Table(box=box.SIMPLE_HEAD, title=f"aot, {toolchain}, Cortex-M4: ratio = ours / TFLM's")
    for name in ("model", "instructions", "/ reference", "/ CMSIS-NN", "arena", "/ arena used"):
        table.add_column(name, justify="left" if name == "model" else "right")
    ratios: list[tuple[float, float, float]] = []
    for model in MODELS:
        proof = proof_of(corpus, model, toolchain)
        assert proof.instructions is not None
        reference, cmsis_nn = rows[model, REFERENCE], rows[model, CMSIS_NN]
        ratios.append(
            (
                proof.instructions / float(reference["instructions_per_inference"]),
                proof.instructions / float(cmsis_nn["instructions_per_inference"]),
                proof.arena.planned / float(cmsis_nn["arena_used"]),
            )
        )
        cells = [f"{r:.2f}" for r in ratios[-1]]
        arena = f"{proof.arena.planned:,}"
        table.add_row(model, f"{proof.instructions:,}", *cells[:2], arena, cells[2])
    means = [f"{geometric_mean(column):.2f}" for column in zip(*ratios, strict=True)]
    table.add_section()
    table.add_row("geometric mean", "", *means[:2], "", means[2])
    Console().print(table)


if __name__ == "__main__":
    main()
