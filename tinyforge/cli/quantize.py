"""tinyforge quantize: a .keras model as an int8 .tflite file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Data, Debug, Json, Output, Seed, Trust
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge quantize model.keras --data doodles -o model.tflite"


def run(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    data: Data = None,
    output: Output = None,
    seed: Seed = None,
    trust_model: Trust = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Quantize a .keras model to an int8 .tflite file."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge.files import require_writable, write_files
        from tinyforge.preflight import require_model
        from tinyforge.training.process import apart
        from tinyforge.training.workflow import quantized_file

        target = Path(output or f"{model.stem}.tflite")
        require_model(model)
        require_writable(target)
        small, _ = apart(quantized_file, model, data, stages=ui, trust=trust_model, seed=seed or 0)
        write_files({target: small})
        ui.print(f"{target}: {len(small):,} bytes\nNext: tinyforge build {target}")
        ui.emit_json({"model": str(target), "bytes": len(small)})
