"""The figures that must not get worse: of each shared model, on three cores, for each objective."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tinyforge.bench.baselines import Baseline
from tinyforge.bench.measure import Result, measure
from tinyforge.boards import Board
from tinyforge.cli.ui import Ui
from tinyforge.graph.channels import narrowed
from tinyforge.memory.search import Aim, plan
from tinyforge.ops.target import target_of
from tinyforge.proof import examples
from tinyforge.proof.examples import Examples
from tinyforge.source import open_tflite
from tinyforge.spec import DEFAULT_BOARD, OptimizeChoice, Spec, ToolchainChoice
from tinyforge.tflite import read_file

RESULTS = Path(__file__).with_name("results.json")
STORE = "python -m tests.bench.store"

MODELS = ("resnet8", "kws", "vww", "ad", "quickdraw")
CORES = ("cortex-m4", "cortex-m0plus", "cortex-m55")
OPTIMIZE: tuple[OptimizeChoice, ...] = ("speed", "balanced", "size")


@dataclass(frozen=True)
class Case:
    """What is measured: a shared model on a core."""

    model: str
    core: str
    optimize: OptimizeChoice

    def __str__(self) -> str:
        return f"{self.model} {self.core} {self.optimize}"


CASES = [Case(m, core, optimize) for m in MODELS for core in CORES for optimize in OPTIMIZE]


def result(
    corpus: Path,
    case: Case,
    toolchain: ToolchainChoice = "zig",
    baselines: Sequence[Baseline] = (),
    timed_on: Sequence[Board] | None = None,
    board: str = DEFAULT_BOARD,
) -> Result:
    """One of the model's golden inputs, built for a board's flash, run and proved."""
    ui = Ui()
    source = open_tflite(corpus / "models" / f"{case.model}.tflite", ui)
    golden = examples.load(corpus / "golden" / f"{case.model}.npz", source.graph)
    assert golden.outputs is not None
    one = Examples(golden.inputs[:1], outputs=golden.outputs[:1])
    settings = Spec(toolchain=toolchain, optimize=case.optimize, board=board)
    return measure(source, one, case.core, settings, ui, baselines=baselines, timed_on=timed_on)


def toolchain_named(arguments: Sequence[str]) -> ToolchainChoice:
    """gcc where a program was told so, else zig."""
    return "gcc" if "gcc" in arguments else "zig"


def measured(corpus: Path, case: Case) -> dict[str, Any]:
    """The toolchain, and the figures: instructions and mid cycles of an inference, the rest in
    bytes. Of each figure, less is better."""
    found = result(corpus, case)
    _, graph = read_file(corpus / "models" / f"{case.model}.tflite")
    aim = Aim(case.optimize, target_of(case.core))
    cycles = {} if found.cycles is None else {"cycles": found.cycles.mid}
    return {
        "toolchain": found.toolchain,
        "instructions": found.instructions,
        **cycles,
        "arena": found.arena,
        "arena fed by rows": plan(narrowed(graph).graph, aim, by_rows=True).arena_bytes,
        "ram": found.ram,
        "stack": found.stack,
        "code": found.code,
        "weights": found.weights,
    }


@cache
def stored() -> dict[str, dict[str, Any]]:
    """By case: the figures, and the toolchain that they are of."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text())
    return found
