"""Layers that multiply by int8 weights and add up, alike: what each weight is multiplied by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import option, tensor
from tinyforge.ops.convolution import bias_values, exact_matmul, weights_table
from tinyforge.ops.quantization import Requantization, channel_requantization
from tinyforge.ops.window import weights_window

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Taps:
    """values: int16, (positions, weights of a channel), or (positions, weights, channels) of a
    depthwise layer; input less zero point, 0 in the padding. weights: (channels, weights). bias:
    (channels,). acc: (positions, channels), the sums. sums: of the weights that lie on inputs, in
    that shape."""

    values: npt.NDArray[np.int16]
    weights: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    acc: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    requantization: Requantization

    @property
    def depthwise(self) -> bool:
        return self.values.ndim == 3

    def of(self, channel: int) -> npt.NDArray[np.int16]:
        """(positions, weights)."""
        return self.values[:, :, channel] if self.depthwise else self.values

    def flat(self, outputs: Array) -> Array:
        """Something a layer's output element, (positions, channels)."""
        return outputs.reshape(self.acc.shape)

    def as_stored(self, weights: Array) -> Array:
        """Something a weight, (channels, weights), in the order in which they lie in flash."""
        return weights.T if self.depthwise else weights


def taps_of(graph: Graph, op: Operator, values: Mapping[int, Array]) -> Taps | None:
    """None of any other layer."""
    if op.op not in _OF:
        return None
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    if source.dtype is not DType.INT8 or weights.dtype is not DType.INT8 or weights.data is None:
        return None
    return _OF[op.op](graph, op, values[op.inputs[0]])


def _convolution(graph: Graph, op: Operator, source: Array) -> Taps | None:
    weights = weights_table(tensor(graph, op, 1))
    if source.shape[3] != weights.shape[3]:  # groups
        return None
    values, there = _windows(graph, op, source)
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return _dense(graph, op, values.reshape(-1, rows.shape[1]), there, rows)


def _fully_connected(graph: Graph, op: Operator, source: Array) -> Taps | None:
    rows = weights_table(tensor(graph, op, 1)).astype(np.int64)
    centred = source.reshape(-1, rows.shape[1]).astype(np.int16) - tensor(graph, op, 0).zero_point
    return _dense(graph, op, centred.astype(np.int16), np.ones_like(centred), rows)


def _dense(graph: Graph, op: Operator, values: Array, there: Array, rows: Array) -> Taps:
    bias = bias_values(graph, op, len(rows))
    return Taps(
        values,
        rows,
        bias,
        exact_matmul(values, rows.T) + bias,
        exact_matmul(there.reshape(values.shape), rows.T),
        channel_requantization(graph, op),
    )


def _depthwise(graph: Graph, op: Operator, source: Array) -> Taps | None:
    weights = weights_table(tensor(graph, op, 1))
    channels = weights.shape[3]
    rows = weights.reshape(-1, channels).T.astype(np.int64)
    multiplier = option(op, "depth_multiplier")
    values, there = (
        np.repeat(one, multiplier, axis=4).reshape(-1, rows.shape[1], channels)
        for one in _windows(graph, op, source)
    )
    bias = bias_values(graph, op, channels)
    return Taps(
        values,
        rows,
        bias,
        np.einsum("ptc,ct->pc", values.astype(np.int64), rows) + bias,
        np.einsum("ptc,ct->pc", there.astype(np.int64), rows),
        channel_requantization(graph, op),
    )


def _windows(graph: Graph, op: Operator, source: Array) -> tuple[Array, Array]:
    """Every window's contents, int16, (positions, 1, kernel height, width, channels), and 1 where
    they are of the input, 0 in the padding."""
    window, t = weights_window(graph, op), tensor(graph, op, 0)
    pictures = [picture.astype(np.int64) - t.zero_point for picture in source]
    values = np.stack([window.taps(picture, 0) for picture in pictures]).astype(np.int16)
    there = np.stack([window.taps(np.ones_like(p), 0) for p in pictures]).astype(np.int16)
    return (
        values.reshape(-1, 1, *values.shape[3:]),
        there.reshape(-1, 1, *values.shape[3:]),
    )


_OF = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
}
