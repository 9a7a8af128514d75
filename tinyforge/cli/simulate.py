"""tinyforge simulate: run a project's or a model's firmware on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import BoardKernels, Dataset, Firmware, Proving, settle
from tinyforge.cli.options import Board, Config, Core, Inputs
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge simulate firmware --machine qemu"


def run(
    ui: Ui,
    target: Annotated[
        Path | None, typer.Argument(help="A project's folder, or a .tflite file.")
    ] = None,
    *,
    inputs: Inputs = None,
    dataset: Dataset,
    board: Board = None,
    core: Core = None,
    pio: Annotated[
        bool,
        typer.Option("--pio", help="Run what PlatformIO builds of the project for `sim`."),
    ] = False,
    firmware: Firmware,
    kernels: BoardKernels,
    proving: Proving,
    config: Config = None,
) -> None:
    """Run firmware on the host, every layer compared.

    Writes nothing. A project's own sources are compiled, as they lie in its folder; with --pio
    by PlatformIO, in the folder itself. Without --inputs, its golden vectors are run.
    """
    from tinyforge.report.json_report import to_json
    from tinyforge.report.terminal import TerminalReport
    from tinyforge.simulate import simulate, simulate_pio
    from tinyforge.spec import FILE_NAME

    project = target if target is not None and target.is_dir() else None
    settings = config or (project / FILE_NAME if project else None)
    # Nothing is written: no layer tests.
    spec = settle(
        settings, dataset, firmware, kernels, proving,
        model=None if project else target, board=board, layer_tests=False,
    )  # fmt: skip
    report = (simulate_pio if pio else simulate)(
        spec,
        ui,
        project=project,
        inputs=inputs,
        data=dataset.data if project else spec.data,
        core=core,
    )
    ui.print(TerminalReport(report))
    ui.emit_json(to_json(report))
    if not report.proof.bit_exact:
        raise SystemExit(1)
