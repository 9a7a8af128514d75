"""float32 that is only moved between DEQUANTIZE and QUANTIZE is int8 that is only moved.

So converters write variables, which they do not quantize: DEQUANTIZE before ASSIGN_VARIABLE, and
QUANTIZE behind READ_VARIABLE, perhaps with a STRIDED_SLICE between. Where all of these have one
scale and zero point nothing is lost: an int8 value, as float32 and back, is itself (the quotient of
two roundings is within 1e-4 of a whole number).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinyforge.graph.passes.pruned import pruned
from tinyforge.graph.passes.values import CONVERTS, MOVES, Array, Known, evaluated
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor

_MOVERS = {*MOVES, "READ_VARIABLE", "ASSIGN_VARIABLE"}


def moved_floats(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Such float32 tensors become int8; the conversions around them go."""
    quants: dict[int, Quant] = {}
    for group in _groups(graph):
        quant = _common_scale(graph, group)
        if quant is not None:
            quants |= dict.fromkeys(group, quant)
    if not quants:
        return graph, ()
    gone = [op for op in graph.operators if _converts(op) and {*op.inputs, *op.outputs} & {*quants}]
    renamed = {op.outputs[0]: op.inputs[0] for op in gone}
    tensors = tuple(_as_int8(t, quants[t.index]) if t.index in quants else t for t in graph.tensors)
    after = replace(
        graph,
        tensors=tensors,
        operators=tuple(
            replace(op, inputs=_through(op.inputs, renamed))
            for op in graph.operators
            if op not in gone
        ),
        outputs=_through(graph.outputs, renamed),
    )
    return pruned(after), ()


def _through(indices: tuple[int, ...], renamed: dict[int, int]) -> tuple[int, ...]:
    def source(t: int) -> int:
        while t in renamed:
            t = renamed[t]
        return t

    return tuple(map(source, indices))


def _converts(op: Operator) -> bool:
    return op.op in CONVERTS and len(op.inputs) == len(op.outputs) == 1


def _groups(graph: Graph) -> Iterator[set[int]]:
    """float32 tensors that operators move to each other."""
    group_of = {t.index: {t.index} for t in graph.tensors if t.dtype is DType.FLOAT32}
    for op in graph.operators:
        if op.op in _MOVERS:
            together = [t for t in (*op.inputs, *op.outputs) if t in group_of]
            merged = set().union(*(group_of[t] for t in together))
            group_of |= dict.fromkeys(merged, merged)
    yield from {id(group): group for group in group_of.values()}.values()


def _common_scale(graph: Graph, group: set[int]) -> Quant | None:
    """Of the int8 tensors that a group is converted from and to. None where they have not one
    alone, or where something else makes or reads the group."""
    if group & {*graph.inputs, *graph.outputs}:
        return None
    quants = set()
    for op in graph.operators:
        reads, makes = group & {*op.inputs}, group & {*op.outputs}
        if not reads | makes or op.op in _MOVERS:
            continue
        if not _converts(op) or (op.op == "DEQUANTIZE") == bool(reads):
            return None
        inner = graph.tensors[op.outputs[0] if reads else op.inputs[0]]
        if inner.dtype is not DType.INT8 or inner.quant is None or inner.quant.per_channel:
            return None
        quants.add(inner.quant)
    return quants.pop() if len(quants) == 1 else None


def _as_int8(t: Tensor, quant: Quant) -> Tensor:
    int8 = replace(t, dtype=DType.INT8, quant=quant, data=None, start=None)
    if t.data is not None:
        return replace(int8, data=_quantized(t.data, int8))
    if t.variable:
        return replace(int8, start=_quantized(t.at_start(), int8))
    return int8


def _quantized(values: Array, like: Tensor) -> Array:
    known = Known(Operator(0, "QUANTIZE", (0,), (0,), {}), [values], [None], [like])
    found = evaluated(CONVERTS["QUANTIZE"], known)
    assert found is not None, "float32 to one scale"
    return found[0]
