"""tinyforge quantize: a .keras model as an int8 .tflite file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import AcceptAccuracy, Data, Debug, Json, Output, Range, Seed, Trust
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge quantize model.keras --data doodles -o model.tflite"


def run(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    data: Data = None,
    range_: Range = None,
    output: Output = None,
    accept_accuracy: AcceptAccuracy = False,
    seed: Seed = None,
    trust_model: Trust = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Quantize a .keras model to an int8 .tflite file."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from dataclasses import asdict

        from tinyforge.files import write_files
        from tinyforge.training.process import apart
        from tinyforge.training.workflow import quantized_file

        small = apart(
            quantized_file,
            model,
            data,
            stages=ui,
            trust=trust_model,
            seed=seed or 0,
            range_text=range_,
            accept=accept_accuracy,
        )
        target = Path(output or f"{model.stem}.tflite")
        write_files({target: small.model})
        measured = small.measured
        said = f"\n{measured.measure}: {measured}" if measured else ""
        ui.print(f"{target}: {len(small.model):,} bytes{said}\nNext: tinyforge build {target}")
        figures = asdict(measured) if measured else None
        ui.emit_json({"model": str(target), "bytes": len(small.model), "accuracy": figures})
