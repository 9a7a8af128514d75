"""The report in a terminal: legible at 80 columns, without colours, and in plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tinyforge.proof.record import LayerProof, Proof
from tinyforge.report import comparison, findings, wording
from tinyforge.report.drawing import (
    ACCENT,
    BAD,
    CAUTION,
    GOOD,
    OP_WIDTH,
    QUIET,
    Glyphs,
    bar,
    fitted,
    glyphs_of,
)
from tinyforge.report.record import DemoReport, Report

_STYLES = {"proved": GOOD, "carried": CAUTION, "differs": BAD}


@dataclass(frozen=True)
class TerminalReport:
    """Renders a report on a Rich console: `console.print(TerminalReport(report))`."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        yield from console.render(Group(*self._parts(glyphs)), fitted(options))

    def _parts(self, glyphs: Glyphs) -> Iterator[RenderableType]:
        yield _title(self.report)
        yield Text()
        if isinstance(self.report, DemoReport):
            yield from comparison.parts(self.report.comparison, glyphs)
        yield _proof(self.report)
        yield Text()
        if self.report.engines:
            yield _engines(self.report, glyphs)
            yield from map(Text, findings.engines(self.report.engines))
            yield Text()
        if self.report.proof.instructions_by_layer:
            yield _layers(self.report.proof, glyphs)
            yield Text()
        if self.report.seconds is not None:
            yield Text(f"{self.report.seconds:,.1f} s", style=QUIET)


def _title(report: Report) -> Text:
    proof = report.proof
    return Text.assemble(
        (wording.printable(proof.model), "bold"),
        f" on {wording.printable(report.board)}, {proof.core}, engine {proof.engine}",
    )


def _proof(report: Report) -> Panel:
    result = findings.verdict(report.proof)
    style = _STYLES[result.state]
    said = Text(f"{result.word}: {result.claim}", justify="center")
    banner = Padding(said, style=f"{style} reverse")
    body: list[RenderableType] = [banner, Text(), *map(Text, result.lines), Text(), _facts(report)]
    return Panel(Group(*body), box=box.ROUNDED, border_style=style, padding=(0, 1))


def _facts(report: Report) -> Table:
    proof = report.proof
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=ACCENT)
    grid.add_column()
    if report.accuracy is not None:
        grid.add_row(report.accuracy.measure, Text(wording.printable(str(report.accuracy))))
        grid.add_row("range", Text(wording.printable(report.accuracy.range)))
    elif proof.accuracy is not None:
        grid.add_row("accuracy", f"{wording.percent(proof.accuracy, 2)} on the device")
    if isinstance(report, DemoReport) and report.real_drawings is not None:
        drawings = report.real_drawings
        grid.add_row(
            "real drawings",
            f"{wording.percent(drawings.balanced_accuracy, 2)} balanced accuracy on "
            f"{wording.count(drawings.count)} drawn by people",
        )
    agrees, arena = findings.arena(proof.arena)
    grid.add_row("arena", Text(f"{arena}; {findings.bound(proof.arena)}", "" if agrees else BAD))
    for memory in findings.memories(proof):
        grid.add_row(memory.name, Text(str(memory), "" if memory.fits else BAD))
        grid.add_row("", _framed(bar(memory.total, memory.limit, bad=not memory.fits)))
        grid.add_row("", Text(_parts(memory), QUIET))
    grid.add_row("instructions", findings.instructions(proof))
    if proof.cycles is not None:
        grid.add_row("cycles", findings.cycles(proof))
    if proof.time is not None:
        grid.add_row("time", findings.time(proof.time))
        grid.add_row("", Text(proof.time.basis, QUIET))
        if proof.time.microjoules is not None:
            grid.add_row("energy", f"{proof.time.microjoules} an inference")
            grid.add_row("", Text(proof.time.drawn, QUIET))
    if proof.golden is not None:
        for name, said in zip_longest(
            ["golden vectors"], findings.golden(proof.golden), fillvalue=""
        ):
            grid.add_row(name, Text(said))
    grid.add_row("machine", Text(wording.printable(proof.machine)))
    grid.add_row("toolchain", Text(wording.printable(proof.toolchain)))
    return grid


def _engines(report: Report, glyphs: Glyphs) -> Table:
    table = Table(box=glyphs.rules, show_edge=False, pad_edge=False, header_style=ACCENT)
    table.add_column("engine")
    for heading in ("arena", "RAM", "flash", "instructions"):
        table.add_column(heading, justify="right")
    for engine in report.engines:
        sizes = (engine.arena, engine.ram, engine.flash)
        table.add_row(
            engine.engine,
            *("" if size is None else wording.nbytes(size) for size in sizes),
            _counted(engine.instructions),
        )
    return table


def _parts(memory: findings.Usage) -> str:
    return " + ".join(f"{what} {wording.count(size)}" for what, size in memory.parts)


def _framed(bar: RenderableType) -> Table:
    """The bar between brackets: without colours, they alone show where the board's limit is."""
    frame = Table.grid(expand=True)
    frame.add_column()
    frame.add_column(ratio=1)
    frame.add_column()
    frame.add_row(Text("[", QUIET), bar, Text("]", QUIET))
    return frame


def _layers(proof: Proof, glyphs: Glyphs) -> Table:
    table = _layer_columns(proof, glyphs)
    shares = findings.layer_shares(proof)
    largest = max((s.share or 0.0 for s in shares), default=0.0)
    for row in shares:
        layer = row.layer
        table.add_row(
            str(layer.index),
            Text(wording.printable(layer.op)),
            wording.shape(layer.output_shape),
            wording.count(layer.macs) if layer.macs else "",
            _counted(layer.instructions) if layer.within is None else wording.within(layer.within),
            bar(row.share or 0.0, largest),
            row.per_mac,
            _mark(layer, glyphs),
        )
    return table


def _mark(layer: LayerProof, glyphs: Glyphs) -> Text:
    """Empty for a layer whose output is never there."""
    if layer.bit_exact is None:
        return Text("")
    return Text(glyphs.tick, GOOD) if layer.bit_exact else Text("NO", BAD)


def _layer_columns(proof: Proof, glyphs: Glyphs) -> Table:
    """The empty table, with the whole inference as its last line."""
    macs = findings.all_macs(proof)
    table = Table(
        box=glyphs.rules,
        show_edge=False,
        show_footer=True,
        padding=(0, 1, 0, 0),
        header_style=ACCENT,
        footer_style="bold",
        expand=True,
    )
    right = partial(table.add_column, justify="right", no_wrap=True)
    right("#")
    table.add_column("layer", "whole inference", max_width=OP_WIDTH, no_wrap=True)
    right("output")
    right("MACs", wording.count(macs))
    right("instructions", _counted(proof.instructions))
    table.add_column("share", ratio=1, min_width=5)
    right("per MAC", wording.per(proof.instructions, macs))
    table.add_column("exact", justify="center", no_wrap=True)
    return table


def _counted(instructions: int | None) -> str:
    return "" if instructions is None else wording.count(instructions)
