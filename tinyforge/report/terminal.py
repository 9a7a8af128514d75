"""The report in a terminal: legible at 80 columns, without colours, and in plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tinyforge.report import findings, wording
from tinyforge.report.record import DemoReport, Report

_GOOD, _BAD, _ACCENT, _QUIET = "bold green", "bold red", "bold dark_orange3", "dim"
# An operator's column: DEPTHWISE_CONV_2D fits, the few longer names are cut.
_OP_WIDTH = 17
# Wider than this, a bar says no more and the eye loses the row.
_MAX_WIDTH = 100


@dataclass(frozen=True)
class TerminalReport:
    """Renders a report on a Rich console: `console.print(TerminalReport(report))`."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitted = options.update_width(min(options.max_width, _MAX_WIDTH))
        yield from console.render(Group(*self._parts(options.ascii_only)), fitted)

    def _parts(self, ascii_only: bool) -> Iterator[RenderableType]:
        yield _title(self.report)
        yield Text()
        if isinstance(self.report, DemoReport):
            yield _variants(self.report)
            yield Text()
            yield from _lessons(self.report)
            yield Text()
        yield _proof(self.report)
        yield Text()
        yield _layers(self.report, tick="ok" if ascii_only else "\u2713")
        yield Text()
        yield Text(f"{self.report.seconds:,.1f} s", style=_QUIET)


def _title(report: Report) -> Text:
    proof = report.proof
    return Text.assemble(
        (wording.printable(proof.model), "bold"),
        f" on {report.board}, {proof.core}, engine {proof.engine}",
    )


def _variants(report: DemoReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style=_ACCENT)
    table.add_column("variant")
    for heading in (".tflite", "gzip", "nonzero weights", "accuracy"):
        table.add_column(heading, justify="right")
    smallest = min((v.tflite_bytes for v in report.variants), default=0)
    smallest_gzip = min((v.gzip_bytes for v in report.variants), default=0)
    for v in report.variants:
        table.add_row(
            Text(v.name),
            Text(wording.nbytes(v.tflite_bytes), "bold" if v.tflite_bytes == smallest else ""),
            Text(wording.nbytes(v.gzip_bytes), "bold" if v.gzip_bytes == smallest_gzip else ""),
            wording.count(v.nonzero),
            "" if v.accuracy is None else wording.percent(v.accuracy, 2),
        )
    return table


def _lessons(report: DemoReport) -> Iterator[Table]:
    for lesson in findings.lessons(report):
        item = Table.grid(padding=(0, 1))
        item.add_row(Text("-", _ACCENT), Text(lesson))
        yield item


def _proof(report: Report) -> Panel:
    result = findings.verdict(report.proof)
    style = _GOOD if result.proved else _BAD
    word = Text(f" {' '.join(result.word)} ", f"{style} reverse")
    claim = "bit-exact, layer by layer" if result.proved else "not bit-exact"
    head = Text.assemble(word, ("  " + claim, style))
    body: list[RenderableType] = [head, *map(Text, result.lines), Text(), _facts(report)]
    return Panel(Group(*body), box=box.ROUNDED, border_style=style, padding=(0, 1))


def _facts(report: Report) -> Table:
    proof = report.proof
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=_ACCENT)
    grid.add_column()
    if proof.accuracy is not None:
        grid.add_row("accuracy", f"{wording.percent(proof.accuracy, 2)} on the device")
    if isinstance(report, DemoReport) and report.real_drawings is not None:
        drawings = report.real_drawings
        grid.add_row(
            "real drawings",
            f"{wording.percent(drawings.balanced_accuracy, 2)} balanced accuracy on "
            f"{wording.count(drawings.count)} drawn by people",
        )
    agrees, arena = findings.arena(proof.arena)
    grid.add_row("arena", Text(f"{arena}; {findings.bound(proof.arena)}", "" if agrees else _BAD))
    for memory in findings.memories(proof):
        grid.add_row(memory.name, Text(str(memory), "" if memory.fits else _BAD))
        grid.add_row("", _bar(memory.total, memory.limit, bad=not memory.fits))
        grid.add_row("", Text(_parts(memory), _QUIET))
    grid.add_row("instructions", findings.instructions(proof))
    grid.add_row("machine", Text(wording.printable(proof.machine)))
    grid.add_row("toolchain", Text(wording.printable(proof.toolchain)))
    return grid


def _parts(memory: findings.Usage) -> str:
    return " + ".join(f"{what} {wording.count(size)}" for what, size in memory.parts)


def _bar(part: float, whole: float, *, bad: bool = False) -> ProgressBar:
    colour = "red" if bad else "dark_orange3"
    return ProgressBar(
        total=max(whole, 1e-9),
        completed=min(part, whole),
        style="grey37",
        complete_style=colour,
        finished_style=colour,
    )


def _layers(report: Report, *, tick: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        header_style=_ACCENT,
        expand=True,
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("layer", max_width=_OP_WIDTH, no_wrap=True)
    table.add_column("output", justify="right", no_wrap=True)
    table.add_column("MACs", justify="right", no_wrap=True)
    table.add_column("instructions", justify="right", no_wrap=True)
    table.add_column("share", ratio=1, min_width=5)
    table.add_column("per MAC", justify="right", no_wrap=True)
    table.add_column("exact", justify="center", no_wrap=True)
    shares = findings.layer_shares(report.proof)
    largest = max((s.share or 0.0 for s in shares), default=0.0)
    for row in shares:
        layer = row.layer
        table.add_row(
            str(layer.index),
            Text(layer.op),
            wording.shape(layer.output_shape),
            wording.count(layer.macs) if layer.macs else "",
            "" if layer.instructions is None else wording.count(layer.instructions),
            _bar(row.share or 0.0, largest),
            row.per_mac,
            Text(tick, _GOOD) if layer.bit_exact else Text("NO", _BAD),
        )
    return table
