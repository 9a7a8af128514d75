"""tinyforge flash: a project onto its board, proved there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Engine
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge flash firmware --port /dev/ttyACM0"


def run(
    ui: Ui,
    project: Annotated[Path, typer.Argument(help="A project's folder.")],
    port: Annotated[
        str | None,
        typer.Option("--port", help="The board's serial port. [default: the only one there is]"),
    ] = None,
    engine: Engine = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Compare every layer, not the outputs alone.")
    ] = False,
    no_upload: Annotated[
        bool, typer.Option("--no-upload", help="The self-test is on the board already.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds that one inference may take.", min=0.1)
    ] = 30.0,
) -> None:
    """Flash a project and prove it on the board.

    Reads every constant back from the project's sources, uploads self-test firmware with
    PlatformIO, sends the project's golden vectors over the serial port, compares every answer with
    TensorFlow Lite Micro's, and then uploads the application. A wrong answer ends with status 1 and
    names the first wrong layer; the self-test stays on the board.
    """
    from dataclasses import asdict

    from tinyforge.device.flash import flash
    from tinyforge.device.summary import summary

    proof, device = flash(
        project,
        ui,
        engine=engine,
        port=port,
        upload=not no_upload,
        layers=layers,
        seconds=timeout,
    )
    ui.print(summary(proof, device))
    ui.emit_json({"proof": asdict(proof), "device": asdict(device)})
    if not proof.bit_exact:
        raise SystemExit(1)
