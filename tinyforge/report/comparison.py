"""A model's variants in a terminal: what each is worth, and what it takes on the board."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.datasets.decide import figure
from tinyforge.report import findings, wording
from tinyforge.report.drawing import ACCENT, BAD, QUIET, Glyphs, fitted, glyphs_of
from tinyforge.report.record import Comparison, Device

# Of what a variant takes on the board, in the order of taken().
HEADINGS = ("flash", "RAM", "instructions", "cycles", "ms", "µJ")


@dataclass(frozen=True)
class TerminalComparison:
    """Renders on a Rich console. seconds: wall time of the command."""

    comparison: Comparison
    seconds: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.comparison
        title = Text.assemble(
            (wording.printable(found.model), "bold"),
            f" on {wording.printable(found.board)}, {found.core}: "
            f"{wording.plural(found.held_out, 'sample')} held out of "
            f"{wording.printable(found.data)}, range {wording.printable(found.range)}",
        )
        body = (title, Text(), *parts(found, glyphs_of(options)))
        yield from console.render(Group(*body), fitted(options))
        yield Text(f"{self.seconds:,.1f} s", style=QUIET)


def parts(found: Comparison, glyphs: Glyphs) -> Iterator[RenderableType]:
    """The tables, with what they teach."""
    yield _sizes(found, glyphs)
    yield Text()
    lessons = tuple(findings.lessons(found))
    for lesson in lessons:
        item = Table.grid(padding=(0, 1))
        item.add_row(Text("-", ACCENT), Text(lesson))
        yield item
    if lessons:
        yield Text()
    if any(v.device for v in found.variants):
        yield _devices(found, glyphs)
        yield Text(findings.compared(found))
        yield Text()
    others = [(name, why, QUIET) for name, why in findings.not_on_board(found)]
    others += [(one.name, one.why, BAD) for one in found.unmade]
    for name, why, style in others:
        yield Text(f"{wording.printable(name)}: {wording.printable(why)}", style)
    if others:
        yield Text()


def _table(glyphs: Glyphs, *headings: str) -> Table:
    table = Table(
        box=glyphs.rules, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style=ACCENT
    )
    table.add_column("variant", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _sizes(found: Comparison, glyphs: Glyphs) -> Table:
    table = _table(glyphs, ".tflite", "gzip", "nonzero weights", found.measure or "accuracy")
    smallest = min((v.tflite_bytes for v in found.variants), default=0)
    smallest_gzip = min((v.gzip_bytes for v in found.variants), default=0)
    for v in found.variants:
        table.add_row(
            Text(wording.printable(v.name)),
            Text(wording.nbytes(v.tflite_bytes), "bold" if v.tflite_bytes == smallest else ""),
            Text(wording.nbytes(v.gzip_bytes), "bold" if v.gzip_bytes == smallest_gzip else ""),
            wording.count(v.nonzero),
            "" if v.accuracy is None else figure(found.measure, v.accuracy),
        )
    return table


def _devices(found: Comparison, glyphs: Glyphs) -> Table:
    devices = [(v.name, v.device) for v in found.variants if v.device is not None]
    energy = any(device.uj for _, device in devices)
    names = HEADINGS if energy else HEADINGS[:-1]
    table = _table(glyphs, *names)
    for name, device in devices:
        table.add_row(Text(wording.printable(name)), *taken(device)[: len(names)])
    return table


def taken(device: Device) -> tuple[str, ...]:
    """As HEADINGS has it; empty where it is not known."""
    return (
        "" if device.flash is None else wording.nbytes(device.flash),
        "" if device.ram is None else wording.nbytes(device.ram),
        "" if device.instructions is None else wording.count(device.instructions),
        "" if device.cycles is None else wording.about(device.cycles),
        "" if device.ms is None else str(device.ms).removesuffix(" ms"),
        "" if device.uj is None else str(device.uj).removesuffix(" µJ"),
    )
