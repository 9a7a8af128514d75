"""What operators with constant weights check alike: weights, bias, accumulator.

Their operands are input, weights, bias; TRANSPOSE_CONV's lie elsewhere, and it says where.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    check_activation,
    check_computed,
    constant,
    optional_tensor,
    output,
    require,
    tensor,
)


def check_weighted(
    graph: Graph, op: Operator, channel_axis: int, *, source_at: int = 0, bias_at: int = 2
) -> None:
    """Computed int8 input, int8 output; constant int8 weights with zero point 0, int32 bias.

    channel_axis: the weights' output-channel dimension. Also proves that no int32 accumulator
    can overflow, whatever the input: TFLM would wrap there, and a kernel that sums in another
    order must not.
    """
    source, weights, out = tensor(graph, op, source_at), tensor(graph, op, 1), output(graph, op)
    check_activation(graph, op, (source, out))
    check_computed(graph, op, source)
    require(
        weights.dtype is DType.INT8 and weights.quant is not None,
        f"{op.op} needs int8 weights, found {weights.dtype.name.lower()}",
        graph,
        op,
        fix="quantize the model to full int8 first: tinyforge quantize --help",
    )
    assert weights.quant is not None
    values = constant(graph, op, weights, "weights")
    channels = weights.shape[channel_axis]
    scales = len(weights.quant.scale)
    require(
        scales in (1, channels)
        and (scales == 1 or weights.quant.axis % values.ndim == channel_axis % values.ndim),
        f"weights {weights.name!r} have {scales} scales for {channels} output channels",
        graph,
        op,
    )
    require(
        not any(weights.quant.zero_point),
        f"weights {weights.name!r} have a zero point other than 0",
        graph,
        op,
    )
    bias = bias_values(graph, op, channels, bias_at)
    magnitude = np.abs(np.moveaxis(values, channel_axis, 0).reshape(channels, -1).astype(np.int64))
    require(
        bool((magnitude.sum(1) * 255 + np.abs(bias) < 2**31).all()),
        "an accumulator could overflow 32 bits",
        graph,
        op,
    )


def bias_values(
    graph: Graph, op: Operator, channels: int, bias_at: int = 2
) -> npt.NDArray[np.int64]:
    """The bias, one value a channel; zeros where the model has none."""
    bias = optional_tensor(graph, op, bias_at)
    if bias is None:
        return np.zeros(channels, np.int64)
    require(
        bias.dtype is DType.INT32 and bias.size == channels,
        f"bias {bias.name!r} is {bias.dtype.name.lower()} {list(bias.shape)}, "
        f"expected int32 [{channels}]",
        graph,
        op,
    )
    return constant(graph, op, bias, "bias").reshape(-1).astype(np.int64)


def exact_matmul(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Integer matrix product by float64 BLAS: exact, since every sum stays below 2**53."""
    return np.rint(a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)


def weights_table(t: Tensor) -> npt.NDArray[Any]:
    """A weights tensor's values; check_weighted has seen that they are constant."""
    assert t.data is not None
    return t.data
