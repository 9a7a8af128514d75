"""tinyforge advise: what would help a model on a board, and by how much."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import BoardKernels, Dataset, Keras, Proving, settle
from tinyforge.cli.options import Board, Config
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge advise model.tflite --board nrf52_dk --ms 20"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    *,
    board: Board = None,
    ms: Annotated[
        float | None,
        typer.Option(help="Milliseconds that an inference may take.", min=1e-3, max=1e9),
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Build and run nothing: by plans and cost models.")
    ] = False,
    dataset: Dataset,
    kernels: BoardKernels,
    proving: Proving,
    keras: Keras,
    config: Config = None,
) -> None:
    """Say what would help a model on a board, and by how much.

    Nothing is trained and nothing written. What keeps the answers is built and counted; what needs
    training is planned, with accuracy as it was measured on other models.
    """
    from dataclasses import asdict

    from tinyforge import boards
    from tinyforge.advice.advise import advise
    from tinyforge.report.advice import AdviceTable
    from tinyforge.source import open_for_costs

    spec = settle(config, dataset, kernels, proving, model=model, board=board)
    source = open_for_costs(spec, ui, keras.loading())
    found = advise(source, spec, boards.load(spec.board), ui, ms=ms, count=not estimate)
    ui.print(AdviceTable(found))
    ui.emit_json(asdict(found))
