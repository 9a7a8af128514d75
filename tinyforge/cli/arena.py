"""tinyforge arena: how much memory a model's activations take, and why."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Feed, Hop, Optimize
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge arena model.tflite --engine tflm --core cortex-m55"


class _Engine(StrEnum):
    TFLM = "tflm"
    AOT = "aot"


class _Kernels(StrEnum):
    CMSIS_NN = "cmsis-nn"
    REFERENCE = "reference"


def run(
    ui: Ui,
    model: Annotated[Path, typer.Argument(help="A .tflite file, int8.")],
    engine: Annotated[_Engine, typer.Option(help="How the model runs.")] = _Engine.TFLM,
    core: Annotated[
        str, typer.Option(help="The core, e.g. m4, m7 or m55.", metavar="CORE")
    ] = "cortex-m4",
    kernels: Annotated[
        _Kernels, typer.Option(help="Which kernels the interpreter runs.")
    ] = _Kernels.CMSIS_NN,
    optimize: Optimize = None,
    feed: Feed = None,
    hop: Hop = None,
) -> None:
    """Say how large the arena must be, and what lies in it.

    Nothing is built: the interpreter's allocations are computed for a 32-bit core.
    """
    from tinyforge.boards.cores import full_name
    from tinyforge.engines.choose import choose
    from tinyforge.hopping import in_hops
    from tinyforge.memory.interpreter import Kernels
    from tinyforge.report.arena import ArenaTable, compiled, interpreted
    from tinyforge.source import open_tflite

    source = open_tflite(model, ui)
    if hop is not None:
        source, _ = in_hops(source, hop, optimize or "balanced", ui)
    core = full_name(core)
    by_rows = feed == "rows"
    choose(source.graph, engine.value, by_rows=by_rows)
    report = (
        compiled(source.graph_of("aot"), core, optimize or "balanced", by_rows=by_rows)
        if engine is _Engine.AOT
        else interpreted(source.graph, source.model, core, Kernels(kernels.value))
    )
    ui.print(ArenaTable(report))
    ui.emit_json(asdict(report))
