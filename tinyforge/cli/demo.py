"""tinyforge demo: doodles to proved firmware, in one command."""

from __future__ import annotations

from tinyforge.cli.option_groups import Firmware, Kernels, Proving, Target, settle
from tinyforge.cli.options import Config, Data, Overwrite, Quick
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge demo --quick"


def run(
    ui: Ui,
    *,
    target: Target,
    overwrite: Overwrite = False,
    firmware: Firmware,
    data: Data = None,
    quick: Quick = False,
    kernels: Kernels,
    proving: Proving,
    config: Config = None,
) -> None:
    """From doodles to proved firmware, in one command.

    Draws, trains, prunes, quantizes, compiles, runs every held-out drawing on an emulated
    Cortex-M, compares every layer with TensorFlow Lite Micro, and reports.

    With TINYFORGE_CORPUS set, the model is also tried on real drawings.
    """
    from tinyforge import preflight
    from tinyforge.demo import demo
    from tinyforge.report.json_report import to_json
    from tinyforge.report.terminal import TerminalReport

    spec = settle(config, target, firmware, kernels, proving, data=data)
    preflight.require_build(spec)
    report, folder = demo(spec, ui, quick=quick, overwrite=overwrite)
    ui.print(TerminalReport(report))
    ui.print(f"project: {folder}\nreport:  {folder / 'report.html'}")
    ui.emit_json({**to_json(report), "project": str(folder)})
