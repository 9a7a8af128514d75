"""A graph as the planner sees it: values of so many bytes, and layers that make them in steps.

A value is a tensor together with its reshaped forms: the same bytes under other shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tinyforge.graph import Graph, Operator
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel
from tinyforge.ops.chains import Chain
from tinyforge.ops.forms import Form, Repeated, RowByRow, row_by_row
from tinyforge.ops.kernels import by_rows as taking_rows
from tinyforge.ops.upright import rows_input

# In place of an operator's index: the layer that hands in the graph's input, row by row.
FEED = -1


def is_alias(op: Operator) -> bool:
    """Whether the output is the input's bytes under another shape."""
    return OPS[op.op].lower is None


def sharable(graph: Graph, op: Operator, out: int) -> list[int]:
    """Computed inputs whose bytes the output may take, if nobody needs them afterwards."""
    positions = (0,) if is_alias(op) else OPS[op.op].inplace
    return [
        t
        for t in (op.inputs[p] for p in positions)
        if graph.tensors[t].data is None and graph.tensors[t].nbytes == graph.tensors[out].nbytes
    ]


def units_of(graph: Graph, joined: Mapping[int, Chain]) -> list[tuple[Operator, ...]]:
    """What runs at once: chains, in the places of their last operators, and single operators."""
    units: dict[int, tuple[Operator, ...]] = {op.index: (op,) for op in graph.operators}
    for last, chain in joined.items():
        units[last] = chain.operators
        for op in chain.operators[:-1]:
            del units[op.index]
    return list(units.values())


def read_by(op: Operator) -> tuple[int, ...]:
    """Its inputs but for the variable whose place its output takes, which it does not look at."""
    replaced = OPS[op.op].replaces
    return tuple(t for i, t in enumerate(op.inputs) if i != replaced)


def next_values(graph: Graph) -> dict[int, int]:
    """Variable tensors to the tensors that take their places, for the next inference."""
    found = {}
    for op in graph.operators:
        known = OPS.get(op.op)
        if known is not None and known.replaces is not None:
            found[op.inputs[known.replaces]] = op.outputs[0]
    return found


def awaited(units: Sequence[Sequence[Operator]], value: Mapping[int, int]) -> dict[int, set[int]]:
    """Operators that take a variable's place, and what is made of it: whoever reads a variable is
    done before.

    value: of each tensor, aliases and variables among them. Tensors by operator index.
    """
    readers: dict[int, list[Operator]] = {}
    for unit in units:
        for t in {value[t] for op in unit for t in read_by(op) if t in value}:
            readers.setdefault(t, []).append(unit[-1])
    found = {}
    for op in (unit[-1] for unit in units):
        position = OPS[op.op].replaces
        if position is not None:
            others = readers.get(value[op.inputs[position]], ())
            found[op.index] = {t for r in others if not is_alias(r) for t in r.outputs}
    return found


@dataclass(frozen=True, eq=False)
class Layer:
    """An operator with code, or a chain of them under the index of the last.

    reads, makes: values. over: values whose bytes the output may take, byte for byte.
    form: how it goes over them. taking_rows: another kernel, for an input that comes row by row
    where form needs all of it at once; None where there is none. beside: values that it goes over
    in a form of their own: what is broadcast, and what only later operators of a chain read.
    """

    index: int
    reads: tuple[int, ...]
    makes: tuple[int, ...]
    over: tuple[int, ...]
    form: Form
    taking_rows: Kernel | None = None
    beside: Mapping[int, Form] = field(default_factory=dict)

    @property
    def streaming(self) -> Form | None:
        """The form of taking_rows."""
        return None if self.taking_rows is None else self.taking_rows.form

    def taking(self, value: int, form: Form) -> Form:
        """How it goes over one of the values it reads, when it runs in this form."""
        return self.beside.get(value, form)


@dataclass(frozen=True, eq=False)
class Network:
    """layers: in the order in which they finish. nbytes: of each value. value: tensor to value.

    inputs: values that are there before the first step. outputs: those that are needed after the
    last one. A variable tensor is both: an inference finds what the one before it left. An input
    that is fed by rows is made by a layer of its own, the first, with the index FEED. becomes: what
    takes a variable's place, and that variable. homes: what is best made there, because it is
    assigned to it.
    """

    layers: tuple[Layer, ...]
    nbytes: Mapping[int, int]
    value: Mapping[int, int]
    inputs: tuple[int, ...]
    outputs: frozenset[int]
    becomes: Mapping[int, int] = field(default_factory=dict)
    homes: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def maker(self) -> Mapping[int, Layer]:
        """Value to the layer that makes it; none for what is there before."""
        return {v: layer for layer in self.layers for v in layer.makes}

    @cached_property
    def readers(self) -> Mapping[int, tuple[Layer, ...]]:
        return {v: tuple(r for r in self.layers if v in r.reads) for v in self.nbytes}

    def form_of(self, layer: Layer, streamed: frozenset[int]) -> Form:
        """The form in which a layer runs when these values are streamed."""
        if layer.streaming is not None and not streamed.isdisjoint(layer.reads):
            return layer.streaming
        return layer.form

    @cached_property
    def streamable(self) -> tuple[int, ...]:
        """Values that may be handed on row by row, in the order in which they are made."""
        return tuple(
            v
            for layer in self.layers
            for v in layer.makes
            if layer.form.steps > 1 and v not in self.outputs and self._taken_by_rows(v, layer)
        )

    def part(self, layers: Sequence[Layer], needed: frozenset[int]) -> Network:
        """Some of the layers as a network of their own. needed: of what they touch, afterwards."""
        made = {v for layer in layers for v in layer.makes}
        read = dict.fromkeys(v for layer in layers for v in layer.reads if v not in made)
        return Network(
            layers=tuple(layers),
            nbytes={v: self.nbytes[v] for v in (*read, *made)},
            value={},
            inputs=tuple(read),
            outputs=needed,
        )

    def _taken_by_rows(self, value: int, maker: Layer) -> bool:
        rows = maker.form.output_rows
        return bool(self.readers[value]) and all(
            reader.taking(value, reader.streaming or reader.form).input_rows == rows
            for reader in self.readers[value]
        )


def network(lowered: LoweredGraph, order: Sequence[int], *, by_rows: bool = False) -> Network:
    """The network of a graph all of whose operators are in OPS.

    order: operator indices. by_rows: one of the inputs, as rows_input says, comes row by row.
    """
    graph, joined = lowered.graph, lowered.chains
    value = {t: t for t in (*graph.inputs, *graph.states)}
    rows = dict.fromkeys(value, 1)  # in how many each value is made
    layers = []
    fed: tuple[int, ...] = ()
    if by_rows:
        feed = _feed(graph)
        fed = feed.makes
        rows |= dict.fromkeys(feed.makes, feed.form.output_rows)
        layers.append(feed)
    together = units_of(graph, joined)
    units = {unit[-1].index for unit in together}
    for op in (graph.operators[index] for index in order if index in units):
        if is_alias(op):
            value[op.outputs[0]] = value[op.inputs[0]]
            continue
        chain = joined.get(op.index)
        layer = _chain(graph, chain, value) if chain else _layer(lowered, op, value, rows)
        value |= {t: t for t in op.outputs}
        rows |= dict.fromkeys(op.outputs, layer.form.output_rows)
        layers.append(layer)
    after = awaited(together, value)
    layers = [_waiting(layer, after.get(layer.index, ())) for layer in layers]
    becomes = next_values(graph)
    return Network(
        layers=tuple(layers),
        nbytes={v: graph.tensors[v].nbytes for v in value.values()},
        value=value,
        inputs=tuple(t for t in (*graph.inputs, *graph.states) if t not in fed),
        outputs=frozenset(
            value[t] for t in (*graph.outputs, *(becomes.get(t, t) for t in graph.states))
        ),
        becomes={after: state for state, after in becomes.items()},
        homes=homes(graph, becomes, value),
    )


def _waiting(layer: Layer, values: Iterable[int]) -> Layer:
    """Which reads these values, in effect: they are made before."""
    reads = tuple(dict.fromkeys((*layer.reads, *sorted(values))))
    return layer if reads == layer.reads else replace(layer, reads=reads)


def homes(graph: Graph, becomes: Mapping[int, int], value: Mapping[int, int]) -> dict[int, int]:
    """What is assigned to each variable, unless it lies somewhere already."""
    assigned = {graph.producers[after].inputs[-1]: state for state, after in becomes.items()}
    there = (*graph.inputs, *graph.states)
    return {value[t]: s for t, s in assigned.items() if t in value and value[t] not in there}


def _feed(graph: Graph) -> Layer:
    fed = graph.inputs[rows_input(graph)]
    return Layer(index=FEED, reads=(), makes=(fed,), over=(), form=row_by_row(graph.tensors[fed]))


def _layer(
    lowered: LoweredGraph, op: Operator, value: Mapping[int, int], rows: Mapping[int, int]
) -> Layer:
    graph, kernel = lowered.graph, lowered.kernels[op.index]
    reads = _values(op, value)
    repeated = [op.inputs[i] for i in kernel.repeated if op.inputs[i] in value]
    by_rows = reads and taking_rows(graph, op, kernel, rows[reads[0]], lowered.target)
    return Layer(
        index=op.index,
        reads=reads,
        makes=op.outputs,
        over=_over(graph, op, value),
        form=kernel.form,
        taking_rows=by_rows or None,
        beside={value[t]: Repeated(kernel.form.steps) for t in repeated},
    )


def _chain(graph: Graph, chain: Chain, value: Mapping[int, int]) -> Layer:
    last = chain.operators[-1]
    by_first = _values(chain.first, value)
    by_others = dict.fromkeys(v for s in chain.stages for v in _values(s.operator, value))
    form = chain.form(graph)
    return Layer(
        index=last.index,
        reads=tuple(dict.fromkeys((*by_first, *by_others))),
        makes=last.outputs,
        # The next pixel's window may reach back to what the first operator reads.
        over=tuple(v for v in _over(graph, last, value) if v not in by_first),
        form=form,
        beside={v: RowByRow(form.steps) for v in by_others if v not in by_first},
    )


def _values(op: Operator, value: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(value[t] for t in read_by(op) if t in value))


def _over(graph: Graph, op: Operator, value: Mapping[int, int]) -> tuple[int, ...]:
    shared = sharable(graph, op, op.outputs[0])
    return tuple(dict.fromkeys(value[t] for t in shared if t in value))
