"""What `tinyforge inspect` says of a model, without building anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.boards import Need, fitting_boards
from tinyforge.engines.choose import ENGINES
from tinyforge.graph import Graph, Tensor
from tinyforge.graph.channels import narrowed
from tinyforge.memory.search import plan
from tinyforge.ops import OPS
from tinyforge.proof.channels import removed_by_layer, removed_channels
from tinyforge.proof.record import Channels
from tinyforge.report.drawing import OP_WIDTH
from tinyforge.report.wording import printable, shape
from tinyforge.report.wording import removed as removed_words

# Columns from which a table of layers has room for their options.
_WIDE = 78
_BOARDS_NAMED = 5


@dataclass(frozen=True)
class LayerSummary:
    """One layer. options: in words, as in the generated C. parameters: constant elements.
    removed: channels of its output that the compiled engine does without."""

    index: int
    op: str
    name: str
    output_shape: tuple[int, ...]
    options: str
    macs: int
    parameters: int
    removed: int = 0


@dataclass(frozen=True)
class TensorSummary:
    """An input or output. dtype: int8, int16, ... scale, zero_point: None without quantization."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    scale: float | None
    zero_point: int | None

    def __str__(self) -> str:
        return f"{printable(self.name)}: {self.dtype} {shape(self.shape)}"


@dataclass(frozen=True)
class ModelSummary:
    """inputs, outputs: in the order of their numbers; input_shape, output_shape: of the first.

    arena_bytes, lower_bound: of the compiled engine's plan, None where aot lacks an operator.
    channels: that it does without, None where it needs all.

    weight_bytes: all constants of the file. boards: ids of those with room for the arena and what
    is left of the weights alone, the smallest first: `tinyforge build` measures the rest. missing:
    by engine, what it lacks.
    """

    model: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    macs: int
    parameters: int
    weight_bytes: int
    arena_bytes: int | None
    lower_bound: int | None
    channels: Channels | None
    boards: tuple[str, ...]
    missing: dict[str, list[str]]
    layers: tuple[LayerSummary, ...]


def summarize(graph: Graph) -> ModelSummary:
    """graph: fully int8."""
    missing = {
        name: [f"{m.where}: {m.what}" for m in engine.missing(graph)]
        for name, engine in ENGINES.items()
    }
    compiled = None if missing["aot"] else narrowed(graph)
    planned = plan(compiled.graph) if compiled else None
    channels = removed_channels(compiled) if compiled else None
    removed = removed_by_layer(compiled) if compiled else {}
    constants = [t for t in graph.tensors if t.data is not None and graph.consumers[t.index]]
    weight_bytes = sum(t.nbytes for t in constants)
    layers = tuple(_layer(graph, i, removed.get(i, 0)) for i in range(len(graph.operators)))
    need = Need(
        planned.arena_bytes if planned else 0,
        weight_bytes - (channels.weight_bytes if channels else 0),
    )
    return ModelSummary(
        model=graph.name,
        input_shape=graph.tensors[graph.inputs[0]].shape,
        output_shape=graph.tensors[graph.outputs[0]].shape,
        inputs=tuple(map(_tensor, graph.input_tensors)),
        outputs=tuple(map(_tensor, graph.output_tensors)),
        macs=sum(layer.macs for layer in layers),
        parameters=sum(t.size for t in constants),
        weight_bytes=weight_bytes,
        arena_bytes=planned.arena_bytes if planned else None,
        lower_bound=planned.lower_bound if planned else None,
        channels=channels,
        boards=tuple(b.id for b in fitting_boards(need)),
        missing={name: found for name, found in missing.items() if found},
        layers=layers,
    )


def _tensor(t: Tensor) -> TensorSummary:
    scale, zero_point = (t.scale, t.zero_point) if t.quant else (None, None)
    return TensorSummary(t.name, t.shape, t.dtype.name.lower(), t.nbytes, scale, zero_point)


def _layer(graph: Graph, index: int, removed: int) -> LayerSummary:
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
        removed=removed,
    )


@dataclass(frozen=True)
class ModelTable:
    """Renders a summary on a Rich console."""

    summary: ModelSummary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console
        yield Text(printable(self.summary.model), style="bold")
        yield self._layers(wide=options.max_width >= _WIDE)
        yield self._facts()

    def _layers(self, *, wide: bool) -> Table:
        """wide: with the operators' options."""
        s = self.summary
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("operator", no_wrap=True, max_width=OP_WIDTH)
        table.add_column("output", no_wrap=True)
        if wide:
            table.add_column("options")  # the one to be cut where there is no room
        table.add_column("MACs", justify="right", no_wrap=True)
        table.add_column("parameters", justify="right", no_wrap=True)
        for layer in s.layers:
            counts = (_count(layer.macs), _count(layer.parameters))
            words = Text(printable(layer.options), no_wrap=True, overflow="ellipsis")
            option = (words,) if wide else ()
            table.add_row(
                str(layer.index), printable(layer.op), shape(layer.output_shape), *option, *counts
            )
        table.add_section()
        empty = ("",) if wide else ()
        table.add_row("", "all", "", *empty, _count(s.macs), _count(s.parameters))
        return table

    def _facts(self) -> Table:
        s = self.summary
        facts = Table(box=None, show_header=False, pad_edge=False)
        facts.add_column(style="cyan", no_wrap=True)
        facts.add_column()
        for side, tensors in (("input", s.inputs), ("output", s.outputs)):
            for number, tensor in enumerate(tensors):
                facts.add_row(f"{side} {number}" if len(tensors) > 1 else side, str(tensor))
        for name, found in s.missing.items():
            facts.add_row(name, Text(f"cannot run it: {printable(found[0])}", style="yellow"))
        if s.arena_bytes is not None:
            least = "" if s.arena_bytes == s.lower_bound else f" than {s.lower_bound:,}"
            facts.add_row(
                "arena", f"{s.arena_bytes:,} bytes for size (no placement needs less{least})"
            )
        facts.add_row("weights", f"{s.weight_bytes:,} bytes")
        if s.channels is not None:
            facts.add_row("channels", removed_words(**asdict(s.channels)))
        facts.add_row("boards", self._boards())
        return facts

    def _boards(self) -> str:
        """How many have room, and the first few, which have least memory."""
        boards = self.summary.boards
        if not boards:
            return "none known has room for arena and weights"
        names = ", ".join(boards[:_BOARDS_NAMED])
        more = ", ..." if len(boards) > _BOARDS_NAMED else ""
        return (
            f"{len(boards)} with room for arena and weights: {names}{more}\n"
            "(`tinyforge boards fit` measures and ranks them)"
        )


def _count(n: int) -> str:
    return f"{n:,}" if n else ""
