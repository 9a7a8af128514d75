"""What int8 leaves of kernels: beside those of the float model, or as the codes alone tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.ranges import Reals
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.types import DType
from tinyforge.graph.wide import SUFFIX
from tinyforge.ops import OPS
from tinyforge.training.noise.record import POOR, Weights
from tinyforge.training.noise.snr import ratio, snr, snrs, worst

_KERNELS = (DType.INT8, DType.INT4)
_ROUNDING = 1 / 12  # of a step squared: the mean square of what rounding takes of a value

Array = npt.NDArray[Any]


def compared(graph: Graph, op: Operator, kernels: Mapping[str, Reals]) -> Weights | None:
    """An operator's kernel beside the float one. kernels: by the name of the operator's output.
    None for a layer without a kernel, or of another form in the float model."""
    tensor = graph.tensors[op.inputs[1]] if len(op.inputs) > 1 and op.inputs[1] >= 0 else None
    real = kernels.get(graph.tensors[op.outputs[0]].name.removesuffix(SUFFIX))
    if tensor is None or tensor.data is None or tensor.quant is None or real is None:
        return None
    if real.ndim < 2 or real.shape != tensor.shape or tensor.dtype not in _KERNELS:
        return None
    axis = tensor.quant.axis if tensor.quant.per_channel else 0
    ours, theirs = _columns(real, axis), _columns(tensor.data, axis) * np.array(tensor.quant.scale)
    return _weights(snr(ours, theirs), _rests(ours, theirs), tensor)


def kernel_of(graph: Graph, op: Operator) -> Tensor | None:
    """The constant weights of an operator that has some. Of a verified graph (tflite.quantized)."""
    roles = OPS[op.op].weighted
    tensor = None if roles is None else graph.tensors[op.inputs[roles.weights]]
    return tensor if tensor is not None and tensor.data is not None else None


def estimated(graph: Graph, op: Operator) -> Weights | None:
    """The same without the float kernel: rounding takes a twelfth of a squared step of each weight
    in the mean, and nothing of a zero, which is most often one in float too."""
    roles, tensor = OPS[op.op].weighted, kernel_of(graph, op)
    if roles is None or tensor is None:
        return None
    assert tensor.data is not None and tensor.quant is not None
    codes = _columns(tensor.data, roles.channel_axis).astype(np.float64)
    rounded = (codes != 0) * _ROUNDING
    step = np.array(tensor.quant.scale) ** 2
    all_of_them = ratio(float((codes**2 * step).sum()), float((rounded * step).sum()))
    order = _but_furthest(codes)
    signal, noise = (np.take_along_axis(x, order, 0).sum(axis=0) for x in (codes**2, rounded))
    channels = [ratio(*both) for both in zip(signal.tolist(), noise.tolist(), strict=True)]
    return _weights(all_of_them, channels, tensor)


def _weights(found: float | None, channels: list[float | None], tensor: Tensor) -> Weights:
    assert tensor.quant is not None
    poor = sum(one is not None and one < POOR for one in channels)
    return Weights(found, worst(channels)[0], poor, tensor.quant.per_channel)


def _columns(values: Array, axis: int) -> Array:
    """(weights, channels)."""
    return np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])


def _rests(real: Array, found: Array) -> list[float | None]:
    """Of each column without its furthest in a hundred, whose strength is no help to others."""
    order = _but_furthest(real)
    return snrs(np.take_along_axis(real, order, 0), np.take_along_axis(found, order, 0))


def _but_furthest(columns: Array) -> Array:
    """Of each column where the values are, but for the furthest in a hundred."""
    return np.abs(columns).argsort(axis=0)[: len(columns) - max(1, len(columns) // 100)]
