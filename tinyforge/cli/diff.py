"""tinyforge diff: what an update from one build to the next has to carry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import Toolchain
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge diff firmware_1 firmware_2"


def run(
    ui: Ui,
    old: Annotated[Path, typer.Argument(help="A project's folder, an ELF or a .tflite file.")],
    new: Annotated[Path, typer.Argument(help="Another of the same kind.")],
    toolchain: Toolchain = None,
) -> None:
    """Show which bytes change between two builds, and how large the patch is.

    Projects are built here, for the emulator. To have few changes build the new one with
    --update-of: its self-test then keeps the old one's inputs.
    """
    from dataclasses import asdict

    from tinyforge.ota.difference import difference
    from tinyforge.ota.image import image_of
    from tinyforge.report.difference import DifferenceTable

    images = [image_of(path, toolchain, ui) for path in (old, new)]
    found = difference(*images)
    ui.print(DifferenceTable(found))
    ui.emit_json(asdict(found))
