"""tinyforge generate: a model and a board to a PlatformIO project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    App,
    Board,
    Config,
    Data,
    Debug,
    Engine,
    Explain,
    Feed,
    Hop,
    Inputs,
    Json,
    LayerTests,
    Optimize,
    Output,
    Overwrite,
    Range,
    Seed,
    TflmLibrary,
    UpdateOf,
    WeightsInRam,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge generate model.tflite --board nucleo_h743zi -o firmware"


def run(
    model: Annotated[Path | None, typer.Argument(help="A .tflite file, int8.")] = None,
    output: Output = None,
    overwrite: Overwrite = False,
    board: Board = None,
    engine: Engine = None,
    app: App = None,
    inputs: Inputs = None,
    data: Data = None,
    range_: Range = None,
    optimize: Optimize = None,
    weights_in_ram: WeightsInRam = None,
    explain: Explain = False,
    feed: Feed = None,
    hop: Hop = None,
    update_of: UpdateOf = None,
    layer_tests: LayerTests = None,
    tflm_library: TflmLibrary = None,
    seed: Seed = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Generate a model's PlatformIO project, unproved."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from dataclasses import asdict

        from tinyforge import pipeline, preflight
        from tinyforge.generation import choose_golden, generate, planned
        from tinyforge.report import findings
        from tinyforge.report.choices import Choices
        from tinyforge.source import model_path, open_tflite, with_examples
        from tinyforge.spec import settle
        from tinyforge.spec import weights_in_ram as ram_of

        spec = settle(
            config,
            model=str(model) if model else None,
            output=output,
            board=board,
            engine=engine,
            app=app,
            data=data,
            range=range_,
            optimize=optimize,
            weights_in_ram=ram_of(weights_in_ram),
            feed=feed,
            hop=hop,
            layer_tests=layer_tests,
            tflm_library=tflm_library,
            seed=seed,
        )
        preflight.require_project(spec)
        source = open_tflite(model_path(spec), ui)
        source, examples = with_examples(
            source, spec, ui, inputs=inputs, data=spec.data, update_of=update_of
        )
        engines = planned(source, spec, ui)
        golden = choose_golden(source, examples, spec, ui, engines)
        project = generate(source, examples, spec, ui, golden=golden, of=engines)
        folder = pipeline.write(project, spec, overwrite=overwrite)
        if explain:
            ui.print(Choices(spec.optimize, project.choices))
        seen = pipeline.seen_by(golden, project)
        if seen is not None:
            ui.print(f"golden vectors: {'; '.join(findings.golden(seen))}")
        ui.print(f"{folder}: {len(project.files)} files. Prove it: tinyforge simulate {folder}")
        coverage = None if seen is None else asdict(seen)
        files = sorted(project.files)
        ui.emit_json({"project": str(folder), "files": files, "golden": coverage})
