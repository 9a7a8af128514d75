"""What changed between two builds, in the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.ota.difference import Difference, Part
from tinyforge.report.wording import plural, printable

_NAME = 44  # characters: all columns fit a terminal of 80


@dataclass(frozen=True)
class DifferenceTable:
    """Renders on a Rich console: a row a part that changed, then the others together, the whole,
    and what its patch takes."""

    found: Difference

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        found = self.found
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("part", overflow="ellipsis", no_wrap=True, max_width=_NAME)
        for name in ("before", "now", "changed"):
            table.add_column(f"{name}, B", justify="right", no_wrap=True)
        same = [part for part in found.parts if not part.changed]
        for part in found.parts:
            if part.changed:
                table.add_row(*_cells(part))
        if same:
            old, new = (sum(getattr(part, when) for part in same) for when in ("old", "new"))
            rest = Part(f"{plural(len(same), 'part')} unchanged", old, new, 0)
            table.add_row(*_cells(rest), style="dim")
        table.add_section()
        whole = f"all of the {found.kind}, where it lies"
        table.add_row(*_cells(Part(whole, found.old, found.new, found.changed)))
        yield table
        yield Text(
            f"patch: {found.patch:,} B compressed (bsdiff); the whole: {found.compressed:,} B "
            "compressed (zlib)"
        )


def _cells(part: Part) -> tuple[str, ...]:
    return (printable(part.name), f"{part.old:,}", f"{part.new:,}", f"{part.changed:,}")
