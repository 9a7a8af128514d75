"""The float model that is in an int8 file: its own weights, computed without int8's rounding.

Beside it stands what the file's activations lose. What its weights lost before is in both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.ranges import Reals
from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.graph.packed import packed, typed, unpacked
from tinyforge.proof import oracle

_STORED = (DType.INT8, DType.INT16, DType.INT4, DType.INT32, DType.INT64)


def float_values(graph: Graph, inputs: npt.NDArray[np.int8]) -> dict[int, Reals]:
    """What it computes of the same inputs: by tensor of the graph float32 (n, elements).

    inputs: raw bytes of all, (n, bytes). TensorFlow Lite Micro's float kernels do it, so its wheel
    must be installed. ForgeError where it has none for a layer.
    """
    twin = dequantized(graph)
    given = zip(graph.input_tensors, unpacked(inputs, graph.input_tensors), strict=True)
    rows = packed([_real(t, values) if _is_quantized(t) else values for t, values in given])
    made = oracle.tflm_trace(tflite.write(twin), twin, rows)
    tensors = {i: twin.tensors[i] for i in made}
    return {i: typed(made[i], t) for i, t in tensors.items() if t.dtype is DType.FLOAT32}


def dequantized(graph: Graph) -> Graph:
    """The graph with all that is quantized in float32; tensors and operators keep their numbers."""
    return replace(
        graph,
        tensors=tuple(map(_tensor, graph.tensors)),
        operators=tuple(map(_operator, graph.operators)),
    )


def _is_quantized(tensor: Tensor) -> bool:
    return tensor.quant is not None and tensor.dtype in _STORED


def _tensor(tensor: Tensor) -> Tensor:
    if not _is_quantized(tensor):
        return tensor
    data = None if tensor.data is None else _real(tensor, tensor.data)
    start = None if tensor.start is None else _real(tensor, tensor.start)
    return replace(tensor, dtype=DType.FLOAT32, quant=None, data=data, start=start)


def _operator(op: Operator) -> Operator:
    """A change of scale or type is none in float."""
    if op.op not in ("QUANTIZE", "DEQUANTIZE"):
        return op
    return replace(op, op="RESHAPE", options={"new_shape": ()})


def _real(tensor: Tensor, codes: npt.NDArray[Any]) -> Reals:
    """codes: (..., *shape) of one scale, or the tensor's own data."""
    assert tensor.quant is not None
    scale, zero_point = np.array(tensor.quant.scale), np.array(tensor.quant.zero_point)
    if tensor.quant.per_channel:
        wide = [-1 if i == tensor.quant.axis else 1 for i in range(len(tensor.shape))]
        scale, zero_point = scale.reshape(wide), zero_point.reshape(wide)
    real: npt.NDArray[np.float64] = (codes - zero_point.astype(np.float64)) * scale
    return real.astype(np.float32)
