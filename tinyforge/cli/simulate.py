"""tinyforge simulate: run a project's or a model's firmware on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    App,
    Board,
    Config,
    Core,
    Data,
    Debug,
    Engine,
    Feed,
    Inputs,
    Json,
    Machine,
    Optimize,
    Range,
    Seed,
    Toolchain,
    WeightsInRam,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge simulate firmware --machine qemu"


def run(
    target: Annotated[
        Path | None, typer.Argument(help="A project's folder, or a .tflite file.")
    ] = None,
    inputs: Inputs = None,
    data: Data = None,
    range_: Range = None,
    board: Board = None,
    core: Core = None,
    pio: Annotated[
        bool,
        typer.Option("--pio", help="Run what PlatformIO builds of the project for `sim`."),
    ] = False,
    engine: Engine = None,
    app: App = None,
    toolchain: Toolchain = None,
    optimize: Optimize = None,
    weights_in_ram: WeightsInRam = None,
    feed: Feed = None,
    machine: Machine = None,
    seed: Seed = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run firmware on the host, every layer compared.

    Writes nothing. A project's own sources are compiled, as they lie in its folder; with --pio
    by PlatformIO, in the folder itself. Without --inputs, its golden vectors are run.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge.report.json_report import to_json
        from tinyforge.report.terminal import TerminalReport
        from tinyforge.simulate import simulate, simulate_pio
        from tinyforge.spec import FILE_NAME, settle
        from tinyforge.spec import weights_in_ram as ram_of

        project = target if target is not None and target.is_dir() else None
        spec = settle(
            config or (project / FILE_NAME if project else None),
            model=str(target) if target and not project else None,
            data=data,
            range=range_,
            board=board,
            engine=engine,
            app=app,
            toolchain=toolchain,
            optimize=optimize,
            weights_in_ram=ram_of(weights_in_ram),
            feed=feed,
            layer_tests=False,  # nothing is written
            machine=machine,
            seed=seed,
        )
        report = (simulate_pio if pio else simulate)(
            spec,
            ui,
            project=project,
            inputs=inputs,
            data=data if project else spec.data,
            core=core,
        )
        ui.print(TerminalReport(report))
        ui.emit_json(to_json(report))
        if not report.proof.bit_exact:
            raise SystemExit(1)
