"""tinyforge boards: what firmware can be made for."""

from __future__ import annotations

from typing import Annotated

import typer

from tinyforge.cli.options import Debug, Json
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge boards nrf52840_dk"


def run(
    board: Annotated[str | None, typer.Argument(help="One board's id, for all its facts.")] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the boards, or show one."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        import msgspec

        from tinyforge import boards
        from tinyforge.report.catalogue import board_facts, board_table

        if board is None:
            found = boards.all_boards()
            ui.print(board_table(found))
            ui.emit_json({"boards": [msgspec.to_builtins(b) for b in found]})
        else:
            one = boards.load(board)
            ui.print(board_facts(one))
            ui.emit_json(msgspec.to_builtins(one))
