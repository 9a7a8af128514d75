"""What `tinyforge arena` says: how much memory activations take, and what makes it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.engines.choose import choose
from tinyforge.engines.tflm.arena import MARGIN, Recorded, arena_size, not_counted, recorded
from tinyforge.graph import Graph
from tinyforge.memory.interpreter import Kernels, predict, target_for
from tinyforge.memory.search import Aim, Objective, plan
from tinyforge.ops.target import target_of
from tinyforge.proof.arena import slot_name
from tinyforge.report.wording import printable, short_name

_SHOWN_BUFFERS = 10


@dataclass(frozen=True)
class ArenaBuffer:
    """A stretch of the head, alive from operator `first` to `last`, -1 being the model's input."""

    what: str
    nbytes: int
    offset: int
    first: int
    last: int


@dataclass(frozen=True)
class ArenaReport:
    """One model's arena under one engine; bytes.

    predicted: in use once the model is ready, head and tail together. smallest_working: the
    smallest arena, a multiple of 16, that suffices to get there. reserved: what a generated
    project has. recorded_on_host: what the tflite-micro package takes, with 64-bit structures and
    the reference kernels; None without it and for the compiled engine. source: sentences.
    unknown: layers and plans that are not counted. structures: the tail, by kind.
    """

    model: str
    engine: str
    core: str
    kernels: str
    predicted: int
    head: int
    tail: int
    smallest_working: int
    reserved: int
    recorded_on_host: Recorded | None
    source: tuple[str, ...]
    unknown: tuple[str, ...]
    buffers: tuple[ArenaBuffer, ...]
    structures: Mapping[str, int]


def interpreted(graph: Graph, model: bytes, core: str, kernels: Kernels) -> ArenaReport:
    """TensorFlow Lite Micro's arena. ForgeError for an unknown core, or a model it cannot run."""
    found = predict(graph, target_for(core, kernels))
    choose(graph, "tflm")
    host = recorded(model)
    source = ["computed from TensorFlow Lite Micro's structures on a 32-bit Arm core"]
    size = arena_size(graph, model)
    source.append(f"a project for Arduino, whose library is of 2023, reserves {size.in_arduino:,}")
    unknown = not_counted(graph, model)
    if unknown:
        source.append("incomplete: what is named under unknown is not counted")
    return ArenaReport(
        model=graph.name,
        engine="tflm",
        core=core,
        kernels=kernels.value,
        predicted=found.used,
        head=found.head,
        tail=found.tail,
        smallest_working=found.smallest_working,
        reserved=size.on(core),
        recorded_on_host=host,
        source=tuple(source),
        unknown=unknown,
        buffers=tuple(
            ArenaBuffer(b.what, b.nbytes, offset, b.first - 1, b.last - 1)
            for b, offset in found.buffers
        ),
        structures=found.structures,
    )


def compiled(
    graph: Graph, core: str, objective: Objective, *, by_rows: bool = False
) -> ArenaReport:
    """The compiled engine's arena: its memory plan. by_rows: how the input is fed. ForgeError where
    it lacks an operator."""
    target_for(core)
    choose(graph, "aot")
    planned = plan(graph, Aim(objective, target_of(core)), by_rows=by_rows)
    return ArenaReport(
        model=graph.name,
        engine="aot",
        core=core,
        kernels="",
        predicted=planned.arena_bytes,
        head=planned.arena_bytes,
        tail=0,
        smallest_working=planned.arena_bytes,
        reserved=planned.arena_bytes,
        recorded_on_host=None,
        source=(
            "the memory plan, which is exact"
            + (" and proved the smallest for its steps" if planned.optimal else ""),
        ),
        unknown=(),
        buffers=tuple(
            ArenaBuffer(slot_name(graph, slot), slot.nbytes, slot.offset, slot.first, slot.last)
            for slot in planned.slots
        ),
        structures={},
    )


@dataclass(frozen=True)
class ArenaTable:
    """Renders a report on a Rich console: the head by its largest tensors, the tail by kind."""

    report: ArenaReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        r = self.report
        where = ", ".join(filter(None, (f"engine {r.engine}", r.core, r.kernels)))
        yield Text(f"{printable(r.model)}: {where}", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("", no_wrap=True, max_width=40)
        for name in ("bytes", "offset", "layers"):
            table.add_column(name, justify="right", no_wrap=True)
        self._head(table)
        if r.tail:
            self._tail(table)
        table.add_section()
        table.add_row("in use", f"{r.predicted:,}")
        table.add_row("smallest arena that works", f"{r.smallest_working:,}", style="bold")
        table.add_row("reserved in a project", f"{r.reserved:,}")
        yield table
        yield from self._notes()

    def _head(self, table: Table) -> None:
        r = self.report
        table.add_row(f"head: {r.head:,}", style="cyan")
        by_size = sorted(r.buffers, key=lambda b: (-b.nbytes, b.offset, b.first))
        for b in by_size[:_SHOWN_BUFFERS]:
            alive = f"{max(b.first, 0)}" if b.first == b.last else f"{max(b.first, 0)}-{b.last}"
            table.add_row(f"  {short_name(b.what)}", f"{b.nbytes:,}", f"{b.offset:,}", alive)
        if len(by_size) > _SHOWN_BUFFERS:
            table.add_row(
                f"  {len(by_size) - _SHOWN_BUFFERS} smaller ones, in between", style="dim"
            )

    def _tail(self, table: Table) -> None:
        r = self.report
        table.add_section()
        table.add_row(f"tail: {r.tail:,}", style="cyan")
        for what, nbytes in sorted(r.structures.items(), key=lambda item: -item[1]):
            table.add_row(f"  {what}", f"{nbytes:,}")

    def _notes(self) -> RenderResult:
        r = self.report
        for sentence in r.source:
            yield Text(sentence)
        if r.engine == "tflm":
            yield Text(
                f"reserved: {MARGIN} more than the larger need of CMSIS-NN and reference kernels"
            )
        if r.recorded_on_host:
            total = r.recorded_on_host.head + r.recorded_on_host.tail
            yield Text(
                f"recorded here (64 bits, reference kernels): {total:,},"
                f" of it head {r.recorded_on_host.head:,}"
            )
        for layer in r.unknown:
            yield Text(f"unknown: {printable(layer)}", style="yellow")
