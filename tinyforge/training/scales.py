"""Operators that only move values, between scales that the converter made different.

It gives REVERSE_V2 (of a Bidirectional) the scale of what is concatenated behind it, and not that
of its input. The runtime moves bytes, so the values would be scaled by the quotient: a QUANTIZE
before the operator puts that right. Likewise an LSTM's output, which is a copy of its hidden state:
there it stands behind.
"""

from __future__ import annotations

from dataclasses import replace

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.types import DType, Quant
from tinyforge.ops.lstm import HIDDEN

_MOVERS = frozenset(
    {
        *("BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER"),
        *("GATHER_ND", "MIRROR_PAD", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE"),
        *("SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
    }
)


def with_common_scales(graph: Graph) -> Graph:
    """The graph with a QUANTIZE at each such operator; the very same where there is none."""
    tensors = list(graph.tensors)
    operators: list[Operator] = []
    for op in graph.operators:
        if op.op in _MOVERS and _differ(graph, op):
            source, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
            index = len(tensors)
            name = f"{source.name}/rescaled"
            tensors.append(Tensor(index, name, source.shape, source.dtype, out.quant))
            operators.append(Operator(0, "QUANTIZE", (source.index,), (index,), {}))
            operators.append(replace(op, inputs=(index, *op.inputs[1:])))
        elif (quant := _state(graph, op)) is not None:
            out, index = graph.tensors[op.outputs[0]], len(tensors)
            tensors.append(Tensor(index, f"{out.name}/state", out.shape, out.dtype, quant))
            operators.append(replace(op, outputs=(index,)))
            operators.append(Operator(0, "QUANTIZE", (index,), op.outputs, {}))
        else:
            operators.append(op)
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
    return _scale(source) != _scale(out)


def _state(graph: Graph, op: Operator) -> Quant | None:
    """Of an LSTM the hidden state's quantization, where the output has another."""
    if op.op != "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return None
    hidden, out = graph.tensors[op.inputs[HIDDEN]], graph.tensors[op.outputs[0]]
    differs = hidden.dtype is out.dtype is DType.INT8 and _scale(hidden) != _scale(out)
    return hidden.quant if differs else None


def _scale(tensor: Tensor) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
    return None if tensor.quant is None else (tensor.quant.scale, tensor.quant.zero_point)
