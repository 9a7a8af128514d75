"""int16 twins of int8 graphs: the same layers on 16-bit activations, with 8-bit weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant, Tensor
from tinyforge.ops import OPS

_STEPS = 256  # of int16 in one of int8
# What operators prescribe of their outputs' scales.
_Q15 = ("LOGISTIC", "SOFTMAX", "TANH")


def wide(graph: Graph) -> Graph | None:
    """None where some layer has no such twin."""
    narrow, biases = _weights(graph), _biases(graph)
    fixed = {op.outputs[0] for op in graph.operators if op.op in _Q15}
    tensors = []
    for t in graph.tensors:
        if t.index in biases:
            tensors.append(_bias(t))
        elif t.dtype is DType.INT8 and t.index not in narrow:
            tensors.append(_activation(t, t.index in fixed))
        else:
            tensors.append(t)
    twin = replace(graph, tensors=tuple(tensors))
    try:
        for op in twin.operators:
            OPS[op.op].check(twin, op)
    except ForgeError:
        return None
    return twin


def _weights(graph: Graph) -> set[int]:
    """Constants that stay int8."""
    found = set()
    for op in graph.operators:
        weighted = OPS[op.op].weighted
        if weighted:
            found.add(op.inputs[weighted.weights])
        if op.op == "PRELU":
            found.add(op.inputs[1])
    return found


def _biases(graph: Graph) -> set[int]:
    known = ((op, OPS[op.op].weighted) for op in graph.operators)
    return {op.inputs[w.bias] for op, w in known if w and len(op.inputs) > w.bias} - {-1}


def _finer(quant: Quant | None) -> Quant:
    assert quant is not None
    scales = (float(np.float32(s / _STEPS)) for s in quant.scale)
    return Quant(tuple(scales), (0,) * len(quant.scale), quant.axis)


def _bias(t: Tensor) -> Tensor:
    assert t.data is not None
    values = t.data.astype(np.int64) * _STEPS
    return replace(t, dtype=DType.INT64, quant=_finer(t.quant), data=values)


def _activation(t: Tensor, fixed: bool) -> Tensor:
    quant = Quant((2.0**-15,), (0,)) if fixed else _finer(t.quant)
    data = None if t.data is None else (t.data.astype(np.int16) - t.zero_point).astype(np.int16)
    return replace(t, dtype=DType.INT16, quant=quant, data=data)
