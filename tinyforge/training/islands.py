"""float32 operators that the converter leaves among int8 ones, as int8 operators of the same.

The converter quantizes no ELU, NEG and SQUARE, and writes DEQUANTIZE and QUANTIZE around them.
With the scales that it found for their operands, ELU is TensorFlow Lite Micro's ELU of int8 (a
table of the very same values), -x is SUB of 0 and x, and the square is MUL of x and x; Keras's
normalizations (LayerNormalization and its kin) are made of these.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.graph.types import DType

_ISLANDS = ("ELU", "NEG", "SQUARE")
_PLAIN = {"fused_activation_function": 0}  # none


def without_islands(graph: Graph) -> Graph:
    """The graph with such operators in int8; the very same where there are none."""
    tensors = list(graph.tensors)
    operators: list[Operator] = []
    changed = False
    for op in graph.operators:
        before = _island(graph, op)
        if before is None:
            operators.append(op)
            continue
        changed = True
        source = graph.tensors[before.inputs[0]]
        conversions = graph.consumers[op.outputs[0]]
        operators += [_as_int8(tensors, op, source, after.outputs) for after in conversions]
    if not changed:
        return graph
    done = {t for op in operators if op.op != "QUANTIZE" for t in op.outputs}
    kept = [op for op in operators if op.op != "QUANTIZE" or not done & {*op.outputs}]
    after = replace(
        graph,
        tensors=tuple(tensors),
        operators=tuple(replace(op, index=i) for i, op in enumerate(kept)),
    )
    return dead_operators(after)[0]


def _island(graph: Graph, op: Operator) -> Operator | None:
    """The DEQUANTIZE before such an operator, whose results are read by QUANTIZE alone."""
    if op.op not in _ISLANDS or len(op.inputs) != 1 or len(op.outputs) != 1:
        return None
    before, after = graph.producers.get(op.inputs[0]), graph.consumers[op.outputs[0]]
    if before is None or before.op != "DEQUANTIZE" or op.outputs[0] in graph.outputs:
        return None
    ends = [graph.tensors[before.inputs[0]], *(graph.tensors[a.outputs[0]] for a in after)]
    sound = after and all(a.op == "QUANTIZE" for a in after) and all(map(_is_int8, ends))
    return before if sound else None


def _is_int8(tensor: Tensor) -> bool:
    return tensor.dtype is DType.INT8 and tensor.quant is not None and not tensor.quant.per_channel


def _as_int8(
    tensors: list[Tensor], op: Operator, source: Tensor, outputs: tuple[int, ...]
) -> Operator:
    """tensors: a constant is added where one is needed."""
    if op.op == "ELU":
        return replace(op, inputs=(source.index,), outputs=outputs)
    if op.op == "SQUARE":
        return Operator(0, "MUL", (source.index, source.index), outputs, _PLAIN)
    zero = np.full((1,) * len(source.shape), source.zero_point, np.int8)
    index = len(tensors)
    tensors.append(Tensor(index, f"{source.name}/zero", zero.shape, DType.INT8, source.quant, zero))
    return Operator(0, "SUB", (index, source.index), outputs, _PLAIN)
