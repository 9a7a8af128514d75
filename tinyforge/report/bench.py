"""What `tinyforge bench` says: tables and bars for a terminal, and the same for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.bench.measure import LayerResult, Result, means
from tinyforge.boards.timing import Timing
from tinyforge.report import findings, wording
from tinyforge.report.drawing import ACCENT, OP_WIDTH, QUIET, Glyphs, bar, fitted, glyphs_of
from tinyforge.sim.cycles.count import Cycles

_CAVEAT = (
    "low, mid and high are estimates, by a model of the core without wait states: quote ratios to "
    "two digits, with the range."
)
_RATIOS = "Ratios: ours over those of TensorFlow Lite Micro with CMSIS-NN."


@dataclass(frozen=True)
class BenchReport:
    """Renders on a Rich console: a table and a chart a model, then all ratios together."""

    results: Sequence[Result]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(Group(*self._parts(glyphs_of(options))), fitted(options))

    def _parts(self, glyphs: Glyphs) -> Iterator[RenderableType]:
        for result in self.results:
            yield from (_title(result), Text(), _layers(result, glyphs), Text())
            yield from (_chart(result.layers), Text(), _facts(result), Text())
        if any(result.baseline for result in self.results):
            yield from (ratio_table(self.results, glyphs), Text(_RATIOS, QUIET))
        if any(result.cycles for result in self.results):
            yield Text(_CAVEAT, QUIET)
        simulated = (time for time in map(_time, self.results) if time is not None)
        for said in dict.fromkeys(f"board: {time.board}, {time.basis}." for time in simulated):
            yield Text(said, QUIET)


def _title(result: Result) -> Text:
    return Text.assemble(
        (wording.printable(result.model), "bold"),
        f" on {result.core}, for {result.optimize}: {wording.printable(result.toolchain)}, "
        f"{wording.printable(result.machine)}",
    )


def _table(glyphs: Glyphs) -> Table:
    return Table(
        box=glyphs.rules,
        show_edge=False,
        padding=0,
        header_style=ACCENT,
        footer_style="bold",
    )


def _layers(result: Result, glyphs: Glyphs) -> Table:
    """One row a layer; the whole inference as the last line."""
    table = _table(glyphs)
    table.show_footer = True
    right = partial(table.add_column, justify="right", no_wrap=True)
    right("#")
    table.add_column("layer", "whole inference", max_width=OP_WIDTH, no_wrap=True)
    right("MACs", wording.about(result.macs))
    right("instructions", wording.count(result.instructions))
    time = _time(result)
    names = ("low", "mid", "high", "/ MAC", *(["board"] if time else []))
    whole = _estimates(result.cycles, result.cycles_per_mac, time.cycles if time else None)
    for name, cycles in zip(names, whole, strict=False):
        right(name, cycles)
    if result.baseline is not None:
        right("ratio", _decimal(result.ratios["instructions"]))
    for layer in result.layers:
        table.add_row(
            str(layer.index),
            Text(wording.printable(layer.op)),
            wording.about(layer.macs) if layer.macs else "",
            _counted(layer),
            *_estimates(layer.cycles, layer.cycles_per_mac, layer.simulated),
            *([_decimal(_layer_ratio(layer))] if result.baseline is not None else []),
        )
    return table


def _time(result: Result) -> Timing | None:
    """What was simulated; None where nothing was."""
    return result.time if result.time is not None and result.time.cycles is not None else None


def _counted(layer: LayerResult) -> str:
    if layer.within is not None:
        return wording.within(layer.within)
    return "" if layer.instructions is None else wording.count(layer.instructions)


def _estimates(cycles: Cycles | None, per_mac: float | None, simulated: int | None) -> list[str]:
    """low, mid, high, and mid a MAC; cycles on a board where they were simulated. Nothing without
    an estimate."""
    if cycles is None:
        return []
    counts = map(wording.about, (cycles.low, cycles.mid, cycles.high))
    on_board = [] if simulated is None else [wording.about(simulated)]
    return [*counts, _decimal(per_mac), *on_board]


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _layer_ratio(layer: LayerResult) -> float | None:
    """Of instructions. None for a layer that compiles to nothing."""
    if layer.baseline is None or not layer.instructions:
        return None
    return layer.instructions / layer.baseline.instructions


def _chart(layers: Sequence[LayerResult]) -> Table:
    """Each layer's share of the cycles, or of the instructions where there is no estimate."""
    costs = [_cost(layer) for layer in layers]
    total, largest = sum(costs) or 1, max(costs, default=0)
    chart = Table.grid(padding=(0, 1, 0, 0), expand=True)
    chart.add_column(justify="right", no_wrap=True)
    chart.add_column(max_width=2 * OP_WIDTH, no_wrap=True)
    chart.add_column(justify="right", no_wrap=True)
    chart.add_column(ratio=1)
    for layer, cost in zip(layers, costs, strict=True):
        if cost:
            share = wording.percent(cost / total)
            within = [other.op for other in layers if other.within == layer.index]
            name = Text(wording.printable(" + ".join([*within, layer.op])))
            chart.add_row(str(layer.index), name, share, bar(cost, largest))
    return chart


def _cost(layer: LayerResult) -> int:
    return layer.cycles.mid if layer.cycles is not None else layer.instructions or 0


def _facts(result: Result) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=ACCENT)
    grid.add_column()
    scratch = f" (scratch {wording.count(result.scratch)})" if result.scratch else ""
    grid.add_row(
        "RAM",
        f"{wording.nbytes(result.ram)}: arena {wording.count(result.arena)}{scratch} + data and "
        f"bss {wording.count(result.data_bss)} + stack {wording.count(result.stack)}",
    )
    grid.add_row(
        "flash",
        f"{wording.nbytes(result.code + result.weights)}: code {wording.count(result.code)} + "
        f"weights {wording.count(result.weights)}",
    )
    if result.time is not None:
        grid.add_row("time", f"{findings.time(result.time)} on {result.time.board}")
        if result.time.microjoules is not None:
            grid.add_row("energy", f"{result.time.microjoules}: {result.time.drawn}")
    return grid


def ratio_table(results: Sequence[Result], glyphs: Glyphs) -> Table:
    """One row a model that has a baseline, and the geometric means."""
    compared = [result for result in results if result.baseline is not None]
    names = list(dict.fromkeys(name for result in compared for name in result.ratios))
    table = _table(glyphs)
    table.add_column("ratio")
    for name in names:
        table.add_column(name, justify="right")

    def add(title: str, ratios: Mapping[str, float], style: str = "") -> None:
        cells = (_decimal(ratios.get(name)) for name in names)
        table.add_row(Text(wording.printable(title)), *cells, style=style)

    for result in compared:
        add(result.model, result.ratios)
    if len(compared) > 1:
        add("geometric mean", means(compared), "bold")
    return table


def bench_json(results: Sequence[Result]) -> dict[str, Any]:
    """What --json prints. A layer's baseline stands with the layer, and nowhere else."""
    models = []
    for result in results:
        document = asdict(result)
        if document["baseline"] is not None:
            del document["baseline"]["layers"]
        models.append(document)
    return {"models": models, "geometric_means": means(results)}
