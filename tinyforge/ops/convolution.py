"""What operators with constant weights check alike: weights, bias, accumulator.

Their operands are input, weights, bias; TRANSPOSE_CONV's lie elsewhere, and it says where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.graph.nibbles import packed
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Table,
    check_activation,
    check_computed,
    constant,
    optional_tensor,
    output,
    require,
    tensor,
)
from tinyforge.ops.quantization import Requantization, channel_requantization

# Types of biases, by that of the input: TensorFlow Lite Micro takes others for what they are not.
INT8_BIAS = (DType.INT32,)
INT16_BIAS = (DType.INT64, DType.INT32)
WIDE_BITS = 47  # of the magnitude of a sum that MultiplyByQuantizedMultiplier takes


def check_weighted(
    graph: Graph,
    op: Operator,
    channel_axis: int,
    *,
    source_at: int = 0,
    bias_at: int = 2,
    int16_bias: Sequence[DType] = INT16_BIAS,
    int4: bool = False,
) -> None:
    """Computed input, output of its type; constant int8 weights with zero point 0, or int4 where
    that is taken; a bias of int32, or for int16 inputs of one of the types.

    channel_axis: the weights' output-channel dimension. Also proves that no accumulator can
    overflow, whatever the input: TFLM would wrap there, and a kernel that sums in another order
    must not. (32-bit sums of int16 inputs wrap in the kernel, too, whatever the order.)
    """
    source, weights, out = tensor(graph, op, source_at), tensor(graph, op, 1), output(graph, op)
    check_activation(graph, op, (source, out), INT8_OR_INT16)
    check_computed(graph, op, source)
    taken = weights.dtype is DType.INT8 or (int4 and weights.dtype is DType.INT4)
    require(
        taken and weights.quant is not None,
        f"{op.op} needs int8 weights, found {weights.dtype.name.lower()}",
        graph,
        op,
        fix="convert the model again with int8 weights",
    )
    require(
        weights.dtype is DType.INT8 or source.dtype is DType.INT8,
        "TensorFlow Lite Micro runs int4 weights on int8 inputs alone",
        graph,
        op,
        fix="quantize this layer's weights to int8, or its activations to int8",
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
    check_bias(
        graph, op, channels, bias_at, INT8_BIAS if source.dtype is DType.INT8 else int16_bias
    )
    magnitude = np.abs(np.moveaxis(values, channel_axis, 0).reshape(channels, -1).astype(np.int64))
    total, bias = magnitude.sum(1), np.abs(bias_values(graph, op, channels, bias_at))
    if source.dtype is DType.INT8:
        fits = (total * 255 + bias < 2**31).all()
        require(bool(fits), "an accumulator could overflow 32 bits", graph, op)
    elif is_wide(graph, op, source_at, bias_at):
        fits = (total * 2**15 + bias < 2**WIDE_BITS).all()
        require(bool(fits), f"an accumulator could overflow {WIDE_BITS + 1} bits", graph, op)


def check_bias(
    graph: Graph, op: Operator, channels: int, bias_at: int, types: Sequence[DType] = INT8_BIAS
) -> None:
    """Constant, of one of the types, one value a channel; or none."""
    bias = optional_tensor(graph, op, bias_at)
    if bias is None:
        return
    require(
        bias.dtype in types and bias.size == channels,
        f"bias {bias.name!r} is {bias.dtype.name.lower()} {list(bias.shape)}, "
        f"expected {' or '.join(t.name.lower() for t in types)} [{channels}]",
        graph,
        op,
    )
    constant(graph, op, bias, "bias")


def is_wide(graph: Graph, op: Operator, source_at: int = 0, bias_at: int = 2) -> bool:
    """Whether sums have 64 bits: those of int16 inputs, unless the bias is int32."""
    bias = optional_tensor(graph, op, bias_at)
    bias_type = bias.dtype.value if bias else op.options.get("quantized_bias_type")
    return tensor(graph, op, source_at).dtype is DType.INT16 and bias_type != DType.INT32.value


def requantization_of(graph: Graph, op: Operator) -> Requantization:
    """Of sums as wide as the operands make them."""
    return channel_requantization(graph, op, wide=is_wide(graph, op))


def weighted_fields(
    graph: Graph,
    op: Operator,
    requantization: Requantization,
    *,
    channel_axis: int,
    run: tuple[int, ...],
    source_at: int = 0,
    bias_at: int = 2,
) -> dict[str, int | Table]:
    """The members that every kernel with weights has.

    run: dimensions of the weights whose products the kernel sums up before it adds them to others;
    narrow, of int16 inputs: such a sum fits 32 bits, or wraps there.
    """
    source, weights = tensor(graph, op, source_at), weights_table(tensor(graph, op, 1))
    bias = bias_values(graph, op, weights.shape[channel_axis], bias_at)
    if source.dtype is DType.INT8:
        first, bias_type = {"input_zero_point": source.zero_point}, DType.INT32
    else:
        sums = np.abs(weights.astype(np.int64)).sum(axis=run)
        first = {"narrow": int(not requantization.wide or int(sums.max()) < 2**16)}
        bias_type = DType.INT64
    table = Table("int8_t", weights)
    if tensor(graph, op, 1).dtype is DType.INT4:
        table = Table("uint8_t", packed(weights))
    return {
        **first,
        "weights": table,
        "bias": Table(f"{bias_type.name.lower()}_t", bias),
        **requantization.fields(),
    }


def bias_values(
    graph: Graph, op: Operator, channels: int, bias_at: int = 2
) -> npt.NDArray[np.int64]:
    """The bias, one value a channel; zeros where the model has none. check_bias has seen it."""
    bias = optional_tensor(graph, op, bias_at)
    if bias is None:
        return np.zeros(channels, np.int64)
    return constant(graph, op, bias, "bias").reshape(-1).astype(np.int64)


def exact_matmul(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Integer matrix product by float64 BLAS: exact, since every sum stays below 2**53."""
    return np.rint(a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)


def weights_table(t: Tensor) -> npt.NDArray[Any]:
    """A weights tensor's values; check_weighted has seen that they are constant."""
    assert t.data is not None
    return t.data
