"""A graph as the planner sees it: values of so many bytes, and layers that make them in steps.

A value is a tensor together with its reshaped forms: the same bytes under other shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS
from tinyforge.ops.forms import Form

# Buffers begin at multiples of this, so that kernels may load words.
ALIGNMENT = 4


def aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


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


@dataclass(frozen=True)
class Layer:
    """An operator with code.

    reads, makes: values. over: values whose bytes the output may take, byte for byte.
    form: how it goes over them. streaming: another form, for an input that comes row by row where
    form needs all of it at once; None where there is none.
    """

    index: int
    reads: tuple[int, ...]
    makes: tuple[int, ...]
    over: tuple[int, ...]
    form: Form
    streaming: Form | None


@dataclass(frozen=True, eq=False)
class Network:
    """layers: in the order in which they finish. nbytes: of each value. value: tensor to value.

    inputs: values that are there before the first step. outputs: those that are needed after the
    last one. A variable tensor is both: an inference finds what the one before it left.
    """

    layers: tuple[Layer, ...]
    nbytes: Mapping[int, int]
    value: Mapping[int, int]
    inputs: tuple[int, ...]
    outputs: frozenset[int]

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

    def _taken_by_rows(self, value: int, maker: Layer) -> bool:
        rows = maker.form.output_rows
        return bool(self.readers[value]) and all(
            (reader.streaming or reader.form).input_rows == rows for reader in self.readers[value]
        )


def network(graph: Graph, order: tuple[int, ...]) -> Network:
    """The network of a graph all of whose operators are in OPS. order: operator indices."""
    there = (*graph.inputs, *graph.states)
    value = {t: t for t in there}
    rows = dict.fromkeys(there, 1)  # in how many each value is made
    layers = []
    for op in (graph.operators[index] for index in order):
        if is_alias(op):
            value[op.outputs[0]] = value[op.inputs[0]]
            continue
        layer = _layer(graph, op, value, rows)
        value |= {t: t for t in op.outputs}
        rows |= dict.fromkeys(op.outputs, layer.form.output_rows)
        layers.append(layer)
    return Network(
        layers=tuple(layers),
        nbytes={v: graph.tensors[v].nbytes for v in value.values()},
        value=value,
        inputs=there,
        outputs=frozenset(value[t] for t in (*graph.outputs, *graph.states)),
    )


def _layer(graph: Graph, op: Operator, value: Mapping[int, int], rows: Mapping[int, int]) -> Layer:
    known = OPS[op.op]
    assert known.lower is not None
    reads = tuple(dict.fromkeys(value[t] for t in op.inputs if t in value))
    by_rows = known.streaming and known.streaming(graph, op, rows[reads[0]])
    return Layer(
        index=op.index,
        reads=reads,
        makes=op.outputs,
        over=tuple(dict.fromkeys(value[t] for t in sharable(graph, op, op.outputs[0]))),
        form=known.lower(graph, op).form,
        streaming=by_rows.form if by_rows else None,
    )
