"""Operators that only move values, between scales that the converter made different.

It gives REVERSE_V2 (of a Bidirectional) the scale of what is concatenated behind it, and not that
of its input. The runtime moves bytes, so the values would be scaled by the quotient: a QUANTIZE
before the operator puts that right.
"""

from __future__ import annotations

from dataclasses import replace

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.types import DType

_MOVERS = frozenset(
    {
        *("BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER"),
        *("GATHER_ND", "MIRROR_PAD", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE"),
        *("SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
    }
)


def with_common_scales(graph: Graph) -> Graph:
    """The graph with a QUANTIZE before each such operator; the very same where there is none."""
    tensors = list(graph.tensors)
    operators: list[Operator] = []
    for op in graph.operators:
        moved = op
        if op.op in _MOVERS and _differ(graph, op):
            source, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
            index = len(tensors)
            name = f"{source.name}/rescaled"
            tensors.append(Tensor(index, name, source.shape, source.dtype, out.quant))
            operators.append(Operator(0, "QUANTIZE", (source.index,), (index,), {}))
            moved = replace(op, inputs=(index, *op.inputs[1:]))
        operators.append(moved)
    if len(operators) == len(graph.operators):
        return graph
    return replace(
        graph,
        tensors=tuple(tensors),
        operators=tuple(replace(op, index=i) for i, op in enumerate(operators)),
    )


def _differ(graph: Graph, op: Operator) -> bool:
    source, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if source.dtype is not DType.INT8 or out.dtype is not DType.INT8 or source.data is not None:
        return False
    return (source.quant and (source.quant.scale, source.quant.zero_point)) != (
        out.quant and (out.quant.scale, out.quant.zero_point)
    )
