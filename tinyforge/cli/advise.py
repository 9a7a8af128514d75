"""tinyforge advise: what would help a model on a board, and by how much."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    Board,
    Config,
    Custom,
    Data,
    Debug,
    Feed,
    InputShape,
    Json,
    Machine,
    Optimize,
    Range,
    Seed,
    Toolchain,
    Trust,
    WeightsInRam,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge advise model.tflite --board nrf52_dk --ms 20"


def run(
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    board: Board = None,
    ms: Annotated[
        float | None, typer.Option(help="Milliseconds that an inference may take.", min=1e-3)
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Build and run nothing: by plans and cost models.")
    ] = False,
    data: Data = None,
    range_: Range = None,
    optimize: Optimize = None,
    feed: Feed = None,
    weights_in_ram: WeightsInRam = None,
    toolchain: Toolchain = None,
    machine: Machine = None,
    seed: Seed = None,
    trust_model: Trust = False,
    input_shape: InputShape = None,
    custom: Custom = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what would help a model on a board, and by how much.

    Nothing is trained and nothing written. What keeps the answers is built and counted; what needs
    training is planned, with accuracy as it was measured on other models.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from dataclasses import asdict

        from tinyforge import boards
        from tinyforge.advice.advise import advise
        from tinyforge.report.advice import AdviceTable
        from tinyforge.source import open_for_costs
        from tinyforge.spec import settle
        from tinyforge.spec import weights_in_ram as bytes_of
        from tinyforge.training.settings import Loading, shape_of

        spec = settle(
            config,
            model=str(model) if model else None,
            board=board,
            data=data,
            range=range_,
            optimize=optimize,
            feed=feed,
            weights_in_ram=bytes_of(weights_in_ram),
            toolchain=toolchain,
            machine=machine,
            seed=seed,
        )
        how = Loading(trust_model, shape_of(input_shape), custom)
        source = open_for_costs(spec, ui, how)
        found = advise(source, spec, boards.load(spec.board), ui, ms=ms, count=not estimate)
        ui.print(AdviceTable(found))
        ui.emit_json(asdict(found))
