"""tinyforge inspect: what is in a model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge inspect model.tflite"


def run(
    ui: Ui,
    model: Annotated[Path, typer.Argument(help="A .tflite file, int8.")],
) -> None:
    """Show a model's layers, its arena, and where it fits."""
    from tinyforge.report.summary import ModelTable, summarize
    from tinyforge.source import open_tflite

    summary = summarize(open_tflite(model, ui).graph)
    ui.print(ModelTable(summary))
    ui.emit_json(asdict(summary))
