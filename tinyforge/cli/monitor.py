"""tinyforge monitor: what an application answers on its board, drawn as it comes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge monitor firmware --inputs pictures"


def run(
    ui: Ui,
    project: Annotated[Path, typer.Argument(help="The folder of the project on the board.")],
    port: Annotated[
        str | None,
        typer.Option("--port", help="The board's serial port. [default: the only one there is]"),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            help="Send these to the board, which waits for them: a .npz, or any data that --data "
            "takes. [default: listen to a board with sensors of its own]",
        ),
    ] = None,
    emulated: Annotated[
        bool,
        typer.Option(
            "--emulated",
            help="In the board's place QEMU, which runs the project's "
            "sources; without --inputs on its golden vectors.",
        ),
    ] = False,
    answers: Annotated[
        int | None, typer.Option("--answers", help="Stop after so many. [default: never]", min=1)
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds that an answer may take.", min=0.1)
    ] = 30.0,
) -> None:
    """Show what an application answers on its board, as it comes.

    On a terminal: each class with its scores over time, the time between answers, and of inputs
    with labels how many were right. Elsewhere a line for each that the board says. Ctrl-C ends it.
    """
    from tinyforge import interrupts
    from tinyforge.device.monitor import application, board_line, emulated_line, watch
    from tinyforge.report.monitor import History, event_text, monitor_json

    found = application(project, ui, inputs=inputs, golden=emulated)
    opened = emulated_line(found, ui) if emulated else board_line(found, port)
    heard = []
    with opened as line, interrupts.welcome():
        history = History(f"{found.model} on {found.board.id}, {line.name}")
        with ui.live(history) as show:
            for event in watch(line, found.labels, found.inputs, seconds=timeout):
                history.add(event)
                show(event_text(event))
                if ui.json:
                    heard.append(event)
                if history.answers == answers:
                    break
    if history.right is not None and not sys.stdout.isatty():
        ui.note(f"right: {history.right}")
    ui.emit_json(monitor_json(line.name, heard, history))
