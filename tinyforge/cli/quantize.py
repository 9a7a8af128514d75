"""tinyforge quantize: a Keras model as an int8 .tflite file, perhaps with layers in int16."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Dataset, Keras
from tinyforge.cli.options import AcceptAccuracy, Output, Seed
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge quantize model.keras --data doodles -o model.tflite"


def run(
    ui: Ui,
    model: Annotated[
        Path,
        typer.Argument(
            help="A .keras or .h5 file, or a SavedModel folder; for --int16 also a .tflite file."
        ),
    ],
    *,
    dataset: Dataset,
    output: Output = None,
    accept_accuracy: AcceptAccuracy = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show what int8 adds in each layer, its cause and cure."),
    ] = False,
    equalize: Annotated[
        bool,
        typer.Option(
            "--equalize", help="Bring channels that reach far to the others' range: exact in float."
        ),
    ] = False,
    qat: Annotated[
        bool,
        typer.Option(
            "--qat",
            help="Train with int8's rounding first, on a part of the data, with zeros and clusters "
            "kept.",
        ),
    ] = False,
    int16: Annotated[
        list[str] | None,
        typer.Option(
            "--int16",
            help="Keep this layer's values in 16 bits: its number in the .tflite, or its name. May "
            "be given several times.",
            metavar="LAYER",
        ),
    ] = None,
    seed: Seed = None,
    keras: Keras,
) -> None:
    """Quantize a Keras model to an int8 .tflite file."""
    from dataclasses import asdict
    from shlex import join

    from tinyforge.files import require_writable, write_files
    from tinyforge.int16 import int16_file
    from tinyforge.preflight import require_model
    from tinyforge.report.noise import NoiseTable
    from tinyforge.training.process import apart
    from tinyforge.training.quantize_file import quantized_file

    target = Path(output or f"{model.stem}.tflite")
    how = keras.loading()
    require_model(model)
    require_writable(target)
    layers = tuple(int16 or ())
    if model.suffix == ".tflite":
        others = explain or equalize or qat or dataset.data is not None
        made = int16_file(model, layers, ui, others=others)
        write_files({target: made})
        ui.print(
            f"{target}: {len(made):,} bytes\nNext: {join(('tinyforge', 'build', str(target)))}"
        )
        ui.emit_json({"model": str(target), "bytes": len(made)})
        return
    small = apart(
        quantized_file,
        model,
        dataset.data,
        stages=ui,
        how=how,
        seed=seed or 0,
        range_text=dataset.range,
        accept=accept_accuracy,
        explain=explain,
        equalize=equalize,
        qat=qat,
        int16=layers,
    )
    write_files({target: small.model})
    measured = small.measured
    said = f"\n{measured.measure}: {measured}" if measured else ""
    proof = ("--data", str(dataset.data)) if measured else ()
    if small.explained:
        ui.print(NoiseTable(small.explained))
    ui.print(f"{target}: {len(small.model):,} bytes{said}")
    ui.print(f"Next: {join(('tinyforge', 'build', str(target), *proof))}")
    figures = asdict(measured) if measured else None
    document = {"model": str(target), "bytes": len(small.model), "accuracy": figures}
    if small.explained:
        document["explained"] = asdict(small.explained)
    ui.emit_json(document)
