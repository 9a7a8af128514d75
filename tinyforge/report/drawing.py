"""What the reports in a terminal are drawn with: colours, rules and bars."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import ConsoleOptions
from rich.progress_bar import ProgressBar

GOOD, BAD, CAUTION = "bold green", "bold red", "bold yellow"
ACCENT, QUIET = "bold dark_orange3", "dim"
# An operator's column: DEPTHWISE_CONV_2D fits, the few longer names are cut.
OP_WIDTH = 17
# Wider than this, a bar says no more and the eye loses the row.
_MAX_WIDTH = 100


@dataclass(frozen=True)
class Glyphs:
    """What an encoding can show: the mark of an exact layer, the rules of a table."""

    tick: str
    rules: box.Box


_DRAWN = Glyphs("\u2713", box.SIMPLE)
# Rows of a box: top, head, head rule, body, row rule, foot rule, foot, bottom.
_BLANK, _RULE = "    ", " -- "
_ASCII = Glyphs(
    "ok",
    box.Box(
        "\n".join([_BLANK, _BLANK, _RULE, _BLANK, _BLANK, _RULE, _BLANK, _BLANK, ""]), ascii=True
    ),
)


def glyphs_of(options: ConsoleOptions) -> Glyphs:
    """Those that the console's encoding has."""
    return _ASCII if options.ascii_only else _DRAWN


def levels_of(options: ConsoleOptions) -> str:
    """Characters from the lowest to the highest, for lines of values."""
    return "_.:-=+*#" if options.ascii_only else "▁▂▃▄▅▆▇█"


def fitted(options: ConsoleOptions) -> ConsoleOptions:
    """The console, or as much of its width as a report uses."""
    return options.update_width(min(options.max_width, _MAX_WIDTH))


def bar(part: float, whole: float, *, bad: bool = False) -> ProgressBar:
    """As long as part is of whole; full where it is more."""
    colour = "red" if bad else "dark_orange3"
    return ProgressBar(
        total=max(whole, 1e-9),
        completed=min(part, whole),
        style="grey37",
        complete_style=colour,
        finished_style=colour,
    )
