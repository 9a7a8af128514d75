"""tinyforge build: the whole way from a model to proved firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import (
    BoardKernels,
    Dataset,
    Extras,
    Firmware,
    Keras,
    Proving,
    Target,
    settle,
)
from tinyforge.cli.options import (
    AcceptAccuracy,
    Config,
    Core,
    Explain,
    Hop,
    Inputs,
    Overwrite,
    UpdateOf,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge build model.tflite --board nucleo_h743zi --inputs examples.npz"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    *,
    target: Target,
    overwrite: Overwrite = False,
    core: Core = None,
    firmware: Firmware,
    inputs: Inputs = None,
    dataset: Dataset,
    accept_accuracy: AcceptAccuracy = False,
    kernels: BoardKernels,
    hop: Hop = None,
    explain: Explain = False,
    update_of: UpdateOf = None,
    extras: Extras,
    proving: Proving,
    keras: Keras,
    config: Config = None,
) -> None:
    """From a model to a proved PlatformIO project.

    Nothing is written unless every layer is bit-exact and everything fits the board. A .keras
    model is quantized first, calibrated with --data.
    """
    from tinyforge import pipeline, preflight
    from tinyforge.report.choices import Choices
    from tinyforge.report.json_report import to_json
    from tinyforge.report.terminal import TerminalReport
    from tinyforge.source import open_model, with_examples

    spec = settle(config, target, firmware, dataset, kernels, extras, proving, model=model, hop=hop)
    preflight.require_build(spec, core=core)
    preflight.require_update_of(update_of)
    source = open_model(spec, ui, keras.loading(), accept=accept_accuracy, explain=True)
    source, examples = with_examples(
        source, spec, ui, inputs=inputs, data=spec.data, update_of=update_of
    )
    report, folder = pipeline.build(
        source, examples, spec, ui, core=core, overwrite=overwrite, accept=accept_accuracy
    )
    ui.print(TerminalReport(report))
    if explain:
        ui.print(Choices(spec.optimize, report.choices))
    ui.print(f"project: {folder}\nreport:  {folder / 'report.html'}")
    ui.emit_json({**to_json(report), "project": str(folder)})
