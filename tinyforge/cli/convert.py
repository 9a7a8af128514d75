"""tinyforge convert: a .tflite file as a C array."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Output
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge convert model.tflite -o model_data.c"


def run(
    ui: Ui,
    model: Annotated[Path, typer.Argument(help="A .tflite file.")],
    output: Output = None,
) -> None:
    """Write a .tflite file as a C array, with a header."""
    from tinyforge.files import write_files
    from tinyforge.names import c_identifier
    from tinyforge.tflite import read_file
    from tinyforge.tflite.c_array import c_array, c_array_header

    data, _ = read_file(model)
    source = Path(output) if output else Path(f"{model.stem}_data.c")
    header = source.with_suffix(".h")
    symbol = c_identifier(source.stem)
    write_files({source: c_array(data, symbol), header: c_array_header(symbol, len(data))})
    ui.print(f"{source} and {header}: {len(data):,} bytes as {symbol}")
    ui.emit_json(
        {"source": str(source), "header": str(header), "symbol": symbol, "bytes": len(data)}
    )
