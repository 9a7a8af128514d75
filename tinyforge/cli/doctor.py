"""tinyforge doctor: which tools are there, and what each missing one costs."""

from __future__ import annotations

from dataclasses import asdict

from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge doctor"


def run(ui: Ui) -> None:
    """Say which tools are there, and how to get the others."""
    from tinyforge.report.catalogue import tools_table
    from tinyforge.tools import survey

    found = survey()
    ui.print(tools_table(found))
    ui.emit_json({"tools": [asdict(tool) for tool in found]})
