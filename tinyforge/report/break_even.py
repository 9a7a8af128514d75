"""What ever more zeros would be worth to a model's widest layer that has some, by estimate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import Aim
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.costs import cycles, stalls, table_bytes
from tinyforge.ops.kernels import kernels_of
from tinyforge.spec import StructureChoice
from tinyforge.training.sparsity import mask_of

# Enough to see where a curve bends; a share costs as much as choosing the layer's kernel does.
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_ZEROS = 0.2  # of a layer's weights: rounding to int8 leaves fewer
STRUCTURES: tuple[StructureChoice, ...] = ("unstructured", "blocks")


@dataclass(frozen=True)
class Least:
    """cycles: of an inference, of the kernel that takes fewest, with what it waits for tables in
    slow flash. tables: bytes of constants, of the kernel that has fewest."""

    cycles: int
    tables: int


@dataclass(frozen=True)
class Curve:
    """points: by SHARES. cycles_from, tables_from: the first of these from which on every one is
    less than without skipping; None where the last one is not."""

    structure: StructureChoice
    points: tuple[Least, ...]
    cycles_from: float | None
    tables_from: float | None


@dataclass(frozen=True)
class BreakEven:
    """weights: their shape. zeros: the share of them that is 0. own: the layer as it is. dense: by
    kernels that multiply by zeros. shares: of zeros, that the curves' points are of."""

    layer: int
    op: str
    name: str
    weights: tuple[int, ...]
    zeros: float
    own: Least
    dense: Least
    shares: tuple[float, ...]
    curves: tuple[Curve, ...]


def break_even_of(plan: Plan, aim: Aim) -> BreakEven | None:
    """Of the layer with most multiply-adds among those that have zeros enough, and kernels that
    could skip them; None where there is none. aim: what the plan was made for."""
    graph = plan.graph
    with_zeros = [
        op for op in graph.operators if op.index in plan.kernels and _has_zeros(graph, op)
    ]
    for op in sorted(with_zeros, key=lambda op: -OPS[op.op].macs(graph, op)):
        emptied = thinned(graph, op, SHARES[-1], "unstructured")
        if any(kernel.skips_zeros for kernel in kernels_of(emptied, op, aim.compiled_for)):
            return _of_layer(graph, op, aim)
    return None


def thinned(graph: Graph, op: Operator, share: float, structure: StructureChoice) -> Graph:
    """With that share of an operator's weights 0, the least as `tinyforge prune` takes them.

    Zeros that it has do not say where zeros of another share or structure would be: others of its
    weights stand for them, drawn at random.
    """
    weights, channel_axis = _weights(graph, op)
    assert weights.data is not None
    outputs_last = np.moveaxis(weights.data, channel_axis, -1).astype(np.int64)
    there = outputs_last[outputs_last != 0]
    # Drawn twice, to rank and to stay: the largest of many draws would make sums too large for
    # kernels that the layer has, and small values channels that cannot vary.
    ranked, filled = (
        np.where(outputs_last == 0, drawn, outputs_last)
        for drawn in np.random.default_rng(0).choice(there, (2, *outputs_last.shape))
    )
    kept = filled * (mask_of(ranked, share, structure) != 0)
    data = np.moveaxis(kept, -1, channel_axis).astype(weights.data.dtype)
    tensors = list(graph.tensors)
    tensors[weights.index] = replace(weights, data=np.ascontiguousarray(data))
    return replace(graph, tensors=tuple(tensors))


def _weights(graph: Graph, op: Operator) -> tuple[Tensor, int]:
    """And which of their dimensions is the output channels'."""
    place = OPS[op.op].weighted
    assert place is not None
    return graph.tensors[op.inputs[place.weights]], place.channel_axis


def _has_zeros(graph: Graph, op: Operator) -> bool:
    return OPS[op.op].weighted is not None and _ZEROS <= _zeros(graph, op) < 1


def _zeros(graph: Graph, op: Operator) -> float:
    """The share of an operator's weights that is 0; 0 of weights that are computed."""
    data = _weights(graph, op)[0].data
    return 0.0 if data is None else 1 - float(np.count_nonzero(data) / data.size)


def _of_layer(graph: Graph, op: Operator, aim: Aim) -> BreakEven:
    every = kernels_of(graph, op, aim.compiled_for)
    dense = _least(graph, op, aim, (k for k in every if not k.skips_zeros))
    return BreakEven(
        layer=op.index,
        op=op.op,
        name=graph.tensors[op.outputs[0]].name,
        weights=_weights(graph, op)[0].shape,
        zeros=_zeros(graph, op),
        own=_least(graph, op, aim, every),
        dense=dense,
        shares=SHARES,
        curves=tuple(_curve(graph, op, aim, structure, dense) for structure in STRUCTURES),
    )


def _curve(graph: Graph, op: Operator, aim: Aim, structure: StructureChoice, dense: Least) -> Curve:
    points = tuple(_points(graph, op, aim, structure, dense))
    return Curve(
        structure,
        points,
        _from([point.cycles for point in points], dense.cycles),
        _from([point.tables for point in points], dense.tables),
    )


def _points(
    graph: Graph, op: Operator, aim: Aim, structure: StructureChoice, dense: Least
) -> Iterator[Least]:
    """Kernels that multiply by zeros take the same whatever the share."""
    for share in SHARES:
        layer = thinned(graph, op, share, structure)
        skipping = [k for k in kernels_of(layer, op, aim.compiled_for) if k.skips_zeros]
        found = _least(layer, op, aim, skipping) if skipping else dense
        yield Least(min(found.cycles, dense.cycles), min(found.tables, dense.tables))


def _least(graph: Graph, op: Operator, aim: Aim, kernels: Iterable[Kernel]) -> Least:
    costs = [
        (cycles(graph, op, k) + stalls(graph, op, k, aim.flash), table_bytes(k)) for k in kernels
    ]
    return Least(*map(min, zip(*costs, strict=True)))


def _from(costs: Sequence[int], dense: int) -> float | None:
    paying = None
    for share, cost in zip(reversed(SHARES), reversed(costs), strict=True):
        if cost >= dense:
            break
        paying = share
    return paying
