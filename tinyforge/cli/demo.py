"""tinyforge demo: doodles to proved firmware, in one command."""

from __future__ import annotations

from tinyforge.cli.options import (
    App,
    Board,
    Config,
    Data,
    Debug,
    Engine,
    Feed,
    Json,
    Machine,
    Optimize,
    Output,
    Overwrite,
    Quick,
    Seed,
    Toolchain,
)
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge demo --quick"


def run(
    output: Output = None,
    overwrite: Overwrite = False,
    board: Board = None,
    engine: Engine = None,
    app: App = None,
    data: Data = None,
    quick: Quick = False,
    toolchain: Toolchain = None,
    optimize: Optimize = None,
    feed: Feed = None,
    machine: Machine = None,
    seed: Seed = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """From doodles to proved firmware, in one command.

    Draws, trains, prunes, quantizes, compiles, runs every held-out drawing on an emulated
    Cortex-M, compares every layer with TensorFlow Lite Micro, and reports.

    With TINYFORGE_CORPUS set, the model is also tried on real drawings.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge import preflight
        from tinyforge.demo import demo
        from tinyforge.report.json_report import to_json
        from tinyforge.report.terminal import TerminalReport
        from tinyforge.spec import settle

        spec = settle(
            config,
            output=output,
            board=board,
            engine=engine,
            app=app,
            data=data,
            toolchain=toolchain,
            optimize=optimize,
            feed=feed,
            machine=machine,
            seed=seed,
        )
        preflight.require_build(spec)
        report, folder = demo(spec, ui, quick=quick, overwrite=overwrite)
        ui.print(TerminalReport(report))
        ui.print(f"project: {folder}\nreport:  {folder / 'report.html'}")
        ui.emit_json({**to_json(report), "project": str(folder)})
