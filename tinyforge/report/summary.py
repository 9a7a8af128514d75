"""What `tinyforge inspect` says of a model, without building anything."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.boards import Need, fitting_boards
from tinyforge.engines.choose import ENGINES
from tinyforge.graph import Graph
from tinyforge.memory.planner import plan
from tinyforge.ops import OPS
from tinyforge.report.wording import printable


@dataclass(frozen=True)
class LayerSummary:
    """One layer. options: in words, as in the generated C. parameters: constant elements."""

    index: int
    op: str
    name: str
    output_shape: tuple[int, ...]
    options: str
    macs: int
    parameters: int


@dataclass(frozen=True)
class ModelSummary:
    """arena_bytes, lower_bound: of the compiled engine's plan, None where aot lacks an operator.

    weight_bytes: all constants. boards: ids of those with room for arena and weights alone, the
    smallest first: `tinyforge build` measures the rest. missing: by engine, what it lacks.
    """

    model: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int
    parameters: int
    weight_bytes: int
    arena_bytes: int | None
    lower_bound: int | None
    boards: tuple[str, ...]
    missing: dict[str, list[str]]
    layers: tuple[LayerSummary, ...]


def summarize(graph: Graph) -> ModelSummary:
    """graph: fully int8."""
    missing = {
        name: [f"{m.where}: {m.what}" for m in engine.missing(graph)]
        for name, engine in ENGINES.items()
    }
    planned = None if missing["aot"] else plan(graph)
    constants = [t for t in graph.tensors if t.data is not None and graph.consumers[t.index]]
    weight_bytes = sum(t.nbytes for t in constants)
    layers = tuple(_layer(graph, i) for i in range(len(graph.operators)))
    arena = planned.arena_bytes if planned else 0
    return ModelSummary(
        model=graph.name,
        input_shape=graph.tensors[graph.inputs[0]].shape,
        output_shape=graph.tensors[graph.outputs[0]].shape,
        macs=sum(layer.macs for layer in layers),
        parameters=sum(t.size for t in constants),
        weight_bytes=weight_bytes,
        arena_bytes=planned.arena_bytes if planned else None,
        lower_bound=planned.lower_bound if planned else None,
        boards=tuple(b.id for b in fitting_boards(Need(arena, weight_bytes))),
        missing={name: found for name, found in missing.items() if found},
        layers=layers,
    )


def _layer(graph: Graph, index: int) -> LayerSummary:
    op = graph.operators[index]
    out = graph.tensors[op.outputs[0]]
    known = OPS.get(op.op)
    constants = [graph.tensors[t] for t in op.inputs if t >= 0]
    return LayerSummary(
        index=index,
        op=op.op,
        name=out.name,
        output_shape=out.shape,
        options=known.summary(graph, op) if known else "",
        macs=known.macs(graph, op) if known else 0,
        parameters=sum(t.size for t in constants if t.data is not None),
    )


@dataclass(frozen=True)
class ModelTable:
    """Renders a summary on a Rich console."""

    summary: ModelSummary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        s = self.summary
        yield Text(printable(s.model), style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("#", justify="right")
        for name in ("operator", "output", "options"):
            table.add_column(name)
        table.add_column("MACs", justify="right")
        table.add_column("parameters", justify="right")
        for layer in s.layers:
            shape = "x".join(map(str, layer.output_shape))
            counts = (_count(layer.macs), _count(layer.parameters))
            table.add_row(str(layer.index), layer.op, shape, layer.options, *counts)
        table.add_section()
        table.add_row("", "all", "", "", _count(s.macs), _count(s.parameters))
        yield table
        yield from self._facts()

    def _facts(self) -> RenderResult:
        s = self.summary
        for name, found in s.missing.items():
            yield Text(f"{name} engine: cannot run it: {printable(found[0])}", style="yellow")
        if s.arena_bytes is not None:
            least = "" if s.arena_bytes == s.lower_bound else f" than {s.lower_bound:,}"
            yield Text(f"arena    {s.arena_bytes:,} bytes (no placement needs less{least})")
        yield Text(f"weights  {s.weight_bytes:,} bytes")
        names = ", ".join(s.boards) or "none known"
        yield Text(f"boards   {names}")
        yield Text(
            "         room for arena and weights; `tinyforge build` measures all of it", style="dim"
        )


def _count(n: int) -> str:
    return f"{n:,}" if n else ""
