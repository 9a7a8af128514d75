"""tinyforge inspect: what is in a model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Dataset
from tinyforge.cli.options import Seed
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge inspect model.tflite --explain --data examples.npz"


def run(
    ui: Ui,
    model: Annotated[Path, typer.Argument(help="A .tflite file, int8.")],
    *,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show what int8 loses in each layer of the file, its cause and cure.",
        ),
    ] = False,
    dataset: Dataset,
    seed: Seed = None,
) -> None:
    """Show a model's layers, its arena, where it fits, and what quantizing does to it."""
    from tinyforge.explaining import explained_file, require_explain
    from tinyforge.report.noise import NoiseTable
    from tinyforge.report.summary import ModelTable, summarize
    from tinyforge.source import open_tflite
    from tinyforge.spec import Spec

    settings = Spec(data=dataset.data, range=dataset.range, seed=seed or 0)
    require_explain(settings, explain=explain)
    source = open_tflite(model, ui)
    summary = summarize(source.graph)
    ui.print(ModelTable(summary))
    document = asdict(summary)
    if explain:
        said = explained_file(source, settings, ui)
        ui.print(NoiseTable(said))
        document["explained"] = asdict(said)
    ui.emit_json(document)
