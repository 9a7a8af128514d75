"""tinyforge build: the whole way from a model to proved firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    AcceptAccuracy,
    App,
    Board,
    Config,
    Core,
    Custom,
    Data,
    Debug,
    Engine,
    Explain,
    Feed,
    Hop,
    Inputs,
    InputShape,
    Json,
    LayerTests,
    Machine,
    Optimize,
    Output,
    Overwrite,
    Range,
    Seed,
    TflmLibrary,
    Toolchain,
    Trust,
    UpdateOf,
    WeightsInRam,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge build model.tflite --board nucleo_h743zi --inputs examples.npz"


def run(
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    output: Output = None,
    overwrite: Overwrite = False,
    board: Board = None,
    core: Core = None,
    engine: Engine = None,
    app: App = None,
    inputs: Inputs = None,
    data: Data = None,
    range_: Range = None,
    accept_accuracy: AcceptAccuracy = False,
    toolchain: Toolchain = None,
    optimize: Optimize = None,
    weights_in_ram: WeightsInRam = None,
    explain: Explain = False,
    feed: Feed = None,
    hop: Hop = None,
    update_of: UpdateOf = None,
    layer_tests: LayerTests = None,
    tflm_library: TflmLibrary = None,
    machine: Machine = None,
    seed: Seed = None,
    trust_model: Trust = False,
    input_shape: InputShape = None,
    custom: Custom = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """From a model to a proved PlatformIO project.

    Nothing is written unless every layer is bit-exact and everything fits the board. A .keras
    model is quantized first, calibrated with --data.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge import pipeline, preflight
        from tinyforge.report.choices import Choices
        from tinyforge.report.json_report import to_json
        from tinyforge.report.terminal import TerminalReport
        from tinyforge.source import open_model, with_examples
        from tinyforge.spec import settle
        from tinyforge.spec import weights_in_ram as ram_of
        from tinyforge.training.settings import Loading, shape_of

        spec = settle(
            config,
            model=str(model) if model else None,
            output=output,
            board=board,
            engine=engine,
            app=app,
            data=data,
            range=range_,
            toolchain=toolchain,
            optimize=optimize,
            weights_in_ram=ram_of(weights_in_ram),
            feed=feed,
            hop=hop,
            layer_tests=layer_tests,
            tflm_library=tflm_library,
            machine=machine,
            seed=seed,
        )
        preflight.require_build(spec, core=core)
        how = Loading(trust_model, shape_of(input_shape), custom)
        source = open_model(spec, ui, how, accept=accept_accuracy)
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
