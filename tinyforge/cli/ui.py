"""What a command shows: progress on stderr, its result on stdout, an error a user can act on.

Rich is imported when something is shown, not before: `tinyforge --help` has to be quick.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from tinyforge import interrupts
from tinyforge.cli.options import Debug, Json
from tinyforge.errors import ForgeError
from tinyforge.report.wording import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

# Called with the number of steps that are done.
Tell = Callable[[int], None]

EXIT_FORGE_ERROR = 2
_STDERR = 2
# Characters of a stage's line on a terminal: its title, its bar, and what else there is.
_TITLE, _BAR = 48, 12
_BESIDE = _BAR + 20


class Ui:
    """One command's way to talk to its user.

    json: stdout carries one JSON document and nothing else. debug: errors show their traceback.
    """

    def __init__(self, *, json: Json = False, debug: Debug = False) -> None:
        self.json = json
        self.debug = debug
        self._started = time.monotonic()
        if debug:  # what silences TensorFlow asks this logger
            logging.getLogger("tinyforge").setLevel(logging.DEBUG)

    @property
    def seconds(self) -> float:
        """Wall time since the command began."""
        return time.monotonic() - self._started

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Tell]:
        """Shows that a stage is running; yields the function that tells how many steps are done.

        On a terminal a live bar (a pulse where total is None) that stays as a line with its time;
        elsewhere one line when the stage begins, after the seconds since the command began.
        """
        with _own_stderr() as stream:
            if not stream.isatty():
                stream.write(f"{self.seconds:6.1f} s  {title}\n")
                stream.flush()
                yield lambda _done: None
                return
            with _progress(stream) as progress:
                task = progress.add_task(title, total=total)
                yield lambda done: progress.update(task, completed=done)
                reached = progress.tasks[task].completed or 1
                progress.update(task, total=reached, completed=reached)

    def print(self, renderable: RenderableType) -> None:
        """Shows a result on stdout. With json nothing: the document says it all."""
        if not self.json:
            _print(renderable, sys.stdout)

    @contextmanager
    def live(self, renderable: RenderableType) -> Iterator[Callable[[RenderableType], None]]:
        """Shows a result that changes on stdout; yields the function to call after each change.

        On a terminal it is drawn again, and stays as it is at the end; elsewhere what that function
        is given is printed. With json nothing.
        """
        if self.json or not sys.stdout.isatty():
            yield self.print
            return
        from rich.live import Live

        with Live(renderable, console=_console(sys.stdout), auto_refresh=False) as live:
            yield lambda _line: live.refresh()

    def note(self, text: str) -> None:
        """Tells the user something on stderr that is not the result: a warning, a path."""
        _print(text, sys.stderr)

    def emit_json(self, document: Mapping[str, Any]) -> None:
        """Prints the command's one JSON document when it was asked for."""
        if self.json:
            from tinyforge.report.json_report import json_text

            sys.stdout.write(json_text(dict(document)))
            sys.stdout.flush()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Ends the command with status 2 on a ForgeError, having said what, where and the fix.

        With json, stdout holds {"error": {what, where, fix}}. An interrupt, wherever it came, ends
        it with status 130. Any other exception is a defect of ours and passes through.
        """
        try:
            with interrupts.remembered():
                yield
        except KeyboardInterrupt:
            written = [str(path) for path in interrupts.written()]
            said = f"written: {', '.join(written)}" if written else "nothing was written"
            _print(f"interrupted: {said}", sys.stderr)
            raise SystemExit(interrupts.EXIT_INTERRUPTED) from None
        except ForgeError as error:
            self._show(error)
            self.emit_json({"error": {"what": error.what, "where": error.where, "fix": error.fix}})
            raise SystemExit(EXIT_FORGE_ERROR) from error

    def _show(self, error: ForgeError) -> None:
        from rich.text import Text

        if self.debug:
            _print("".join(traceback.format_exception(error)), sys.stderr)
        message = Text.assemble(("error: ", "bold red"), (_harmless(error.what), "bold"))
        for label, text in (("where", error.where), ("fix", error.fix)):
            if text:
                message.append(f"\n  {label}: ", "cyan")
                message.append(_harmless(text))
        _print(message, sys.stderr)


def _harmless(text: str) -> str:
    """Lines of text, names from a model among them, without what could steer a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())


def _print(renderable: RenderableType, stream: TextIO) -> None:
    from rich.text import Text

    # Plain text is not broken at 80 columns: paths and commands in it are there to be copied.
    _console(stream).print(renderable, soft_wrap=isinstance(renderable, str | Text))


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # A character that the stream's encoding lacks must not end the command with a traceback.
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    return Console(file=stream, highlight=False, markup=False, emoji=False)


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """stderr by a descriptor of its own: progress goes on while a library's chatter, which it
    writes to descriptor 2, is turned off."""
    try:
        genuine = sys.stderr.fileno() == _STDERR
    except (OSError, ValueError):  # a stream in memory has no descriptor
        genuine = False
    if not genuine:
        yield sys.stderr
        return
    with os.fdopen(os.dup(_STDERR), "w", encoding=sys.stderr.encoding, errors="replace") as stream:
        yield stream


def _progress(stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    # As wide for every stage, so that their bars stand below each other, a line each.
    width = min(_TITLE, max(1, console.width - _BESIDE))
    title = Column(width=width, no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn(finished_text="[green]done[/]"),
        TextColumn("{task.description}", markup=False, table_column=title),
        BarColumn(bar_width=_BAR),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        redirect_stdout=False,
    )
