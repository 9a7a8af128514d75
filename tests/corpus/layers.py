"""Layers with seeded random weights and plausible scales, on top of GraphBuilder.

Every function adds one operator to a builder, reads its input's shape there, and returns the
output's index. Output scales are chosen so that most values stay inside int8 and some saturate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import GraphBuilder, OptionValue, TensorSpec, float32
from tinyforge.graph.types import DType, Quant

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6, TANH = 0, 1, 2, 3, 4

# Standard deviation of uniformly distributed int8 values.
_SIGMA = 74.0


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Rows or columns that a sliding window gives."""
    if padding == SAME:
        return math.ceil(size / stride)
    return math.ceil((size - (kernel - 1) * dilation) / stride)


def _weights(
    b: GraphBuilder,
    rng: np.random.Generator,
    shape: Sequence[int],
    axis: int,
    *,
    per_channel: bool,
) -> int:
    """int8 weights whose sums of products are about as large as the inputs."""
    channels = shape[axis] if per_channel else 1
    terms = math.prod(shape) // shape[axis]
    scale = rng.uniform(0.3, 1, channels) / (_SIGMA * math.sqrt(terms))
    values = rng.integers(-127, 128, shape, dtype=np.int8)
    return b.constant(values, Quant(tuple(scale), (0,) * channels, axis))


def _bias(b: GraphBuilder, rng: np.random.Generator, source: int, weights: int, n: int) -> int:
    quant = b.tensors[weights].quant
    assert quant is not None
    scale = np.float32(b.tensors[source].scale) * np.array(quant.scale, np.float32)
    values = rng.integers(-3000, 3000, n, dtype=np.int32)
    return b.constant(values, Quant(tuple(scale.tolist()), (0,) * scale.size))


def _sum_scale(b: GraphBuilder, source: int, weights: int, terms: int) -> float:
    """The output scale at which a sum of random products has a deviation of half of int8."""
    quant = b.tensors[weights].quant
    assert quant is not None
    step = b.tensors[source].scale * max(quant.scale)
    return step * _SIGMA * _SIGMA * math.sqrt(terms) / 64


def _zero_point(rng: np.random.Generator) -> int:
    return int(rng.integers(-128, 128))


def conv_2d(
    b: GraphBuilder,
    rng: np.random.Generator,
    source: int,
    *,
    filters: int,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: int = SAME,
    activation: int = NONE,
    per_channel: bool = True,
    bias: bool = True,
) -> int:
    """CONV_2D. Pairs are (height, width)."""
    pictures, height, width, channels = b.tensors[source].shape
    weights = _weights(b, rng, (filters, *kernel, channels), 0, per_channel=per_channel)
    return b.op(
        "CONV_2D",
        [source, weights, _bias(b, rng, source, weights, filters) if bias else -1],
        (
            pictures,
            output_size(height, kernel[0], stride[0], padding, dilation[0]),
            output_size(width, kernel[1], stride[1], padding, dilation[1]),
            filters,
        ),
        _sum_scale(b, source, weights, math.prod(kernel) * channels),
        _zero_point(rng),
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        dilation_h_factor=dilation[0],
        dilation_w_factor=dilation[1],
        fused_activation_function=activation,
    )


def depthwise_conv_2d(
    b: GraphBuilder,
    rng: np.random.Generator,
    source: int,
    *,
    multiplier: int = 1,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: int = SAME,
    activation: int = NONE,
    per_channel: bool = True,
) -> int:
    """DEPTHWISE_CONV_2D, always with a bias: TFLM crashes without. Pairs are (height, width)."""
    pictures, height, width, channels = b.tensors[source].shape
    n = channels * multiplier
    weights = _weights(b, rng, (1, *kernel, n), 3, per_channel=per_channel)
    return b.op(
        "DEPTHWISE_CONV_2D",
        [source, weights, _bias(b, rng, source, weights, n)],
        (
            pictures,
            output_size(height, kernel[0], stride[0], padding, dilation[0]),
            output_size(width, kernel[1], stride[1], padding, dilation[1]),
            n,
        ),
        _sum_scale(b, source, weights, math.prod(kernel)),
        _zero_point(rng),
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        depth_multiplier=multiplier,
        dilation_h_factor=dilation[0],
        dilation_w_factor=dilation[1],
        fused_activation_function=activation,
    )


def transpose_conv(
    b: GraphBuilder,
    rng: np.random.Generator,
    source: int,
    *,
    filters: int,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (2, 2),
    bias: bool = True,
) -> int:
    """TRANSPOSE_CONV with SAME padding, output stride times the input. Pairs: (height, width)."""
    pictures, height, width, channels = b.tensors[source].shape
    shape = (pictures, height * stride[0], width * stride[1], filters)
    weights = _weights(b, rng, (filters, *kernel, channels), 0, per_channel=True)
    return b.op(
        "TRANSPOSE_CONV",
        [
            b.constant(np.array(shape, np.int32)),
            weights,
            source,
            _bias(b, rng, source, weights, filters) if bias else -1,
        ],
        shape,
        _sum_scale(b, source, weights, math.prod(kernel) * channels),
        _zero_point(rng),
        padding=SAME,
        stride_h=stride[0],
        stride_w=stride[1],
    )


def fully_connected(
    b: GraphBuilder,
    rng: np.random.Generator,
    source: int,
    *,
    units: int,
    activation: int = NONE,
    per_channel: bool = False,
    bias: bool = True,
) -> int:
    """FULLY_CONNECTED over the last dimension."""
    *rows, depth = b.tensors[source].shape
    weights = _weights(b, rng, (units, depth), 0, per_channel=per_channel)
    return b.op(
        "FULLY_CONNECTED",
        [source, weights, _bias(b, rng, source, weights, units) if bias else -1],
        (*rows, units),
        _sum_scale(b, source, weights, depth),
        _zero_point(rng),
        fused_activation_function=activation,
        keep_num_dims=len(rows) > 1,
    )


def svdf(
    b: GraphBuilder,
    rng: np.random.Generator,
    x: int,
    *,
    units: int,
    memory: int,
    rank: int = 1,
    state: DType = DType.INT8,
    zero_point: int = 0,
) -> int:
    """zero_point: of the state."""
    filters, inputs = units * rank, b.tensors[x].shape[1]
    feature = _weights(b, rng, (filters, inputs), 0, per_channel=False)
    limit = 127 if state is DType.INT8 else 2000
    time = rng.integers(-limit, limit, (filters, memory)).astype(state.numpy)
    time_scale = 1 / limit
    state_scale = _sum_scale(b, x, feature, inputs) * 127 / np.iinfo(state.numpy).max
    bias = rng.integers(-2000, 2000, units).astype(np.int32)
    operands = [
        x,
        feature,
        b.constant(time, Quant((time_scale,), (0,))),
        b.constant(bias, Quant((state_scale * time_scale,), (0,))),
        b.variable((1, filters * memory), state, Quant((state_scale,), (zero_point,))),
    ]
    scale = state_scale * np.iinfo(state.numpy).max / 127 * math.sqrt(memory * rank) / 2
    return b.op("SVDF", operands, (1, units), scale, _zero_point(rng), rank=rank)


def lstm(
    b: GraphBuilder, rng: np.random.Generator, x: int, *, units: int, zero_point: int = 0
) -> int:
    """zero_point: of the hidden state. Its cells are clipped at 10, as converters have it."""
    steps, inputs = b.tensors[x].shape[1:]
    hidden = b.variable((1, units), DType.INT8, Quant(float32([1 / 128]), (zero_point,)))
    weights = [_weights(b, rng, (units, inputs), 0, per_channel=False) for _ in range(4)]
    recurrent = [_weights(b, rng, (units, units), 0, per_channel=False) for _ in range(4)]
    biases = [_bias(b, rng, x, w, units) for w in weights]
    cell = b.variable((1, units), DType.INT16, Quant((2.0**-11,), (0,)))
    absent = -1
    operands = [x, *weights, *recurrent, *[absent] * 3, *biases, absent, absent, hidden, cell]
    return b.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [*operands, *[absent] * 4],
        (1, steps, units),
        1 / 128,
        zero_point,
        fused_activation_function=TANH,
        cell_clip=10.0,
    )


def pool_2d(
    b: GraphBuilder,
    source: int,
    op: str,
    *,
    kernel: tuple[int, int] = (2, 2),
    stride: tuple[int, int] = (2, 2),
    padding: int = VALID,
    activation: int = NONE,
) -> int:
    """AVERAGE_POOL_2D or MAX_POOL_2D, which keep scale and zero point."""
    tensor = b.tensors[source]
    pictures, height, width, channels = tensor.shape
    return b.op(
        op,
        [source],
        (
            pictures,
            output_size(height, kernel[0], stride[0], padding),
            output_size(width, kernel[1], stride[1], padding),
            channels,
        ),
        tensor.scale,
        tensor.zero_point,
        padding=padding,
        stride_h=stride[0],
        stride_w=stride[1],
        filter_height=kernel[0],
        filter_width=kernel[1],
        fused_activation_function=activation,
    )


def binary(
    b: GraphBuilder,
    rng: np.random.Generator,
    op: str,
    first: int,
    second: int,
    *,
    activation: int = NONE,
) -> int:
    """ADD, SUB or MUL, shapes broadcast."""
    shape = np.broadcast_shapes(b.tensors[first].shape, b.tensors[second].shape)
    scales = b.tensors[first].scale, b.tensors[second].scale
    scale = math.prod(scales) * _SIGMA if op == "MUL" else sum(scales)
    return b.op(
        op,
        [first, second],
        shape,
        scale * rng.uniform(0.7, 1.4),
        _zero_point(rng),
        fused_activation_function=activation,
    )


def unary(b: GraphBuilder, op: str, source: int, scale: float, zero_point: int) -> int:
    """An operator that changes values and not the shape, all options at their defaults."""
    return b.op(op, [source], b.tensors[source].shape, scale, zero_point)


def softmax(b: GraphBuilder, source: int, *, beta: float = 1.0) -> int:
    return b.op("SOFTMAX", [source], b.tensors[source].shape, 1 / 256, -128, beta=beta)


def reshape(b: GraphBuilder, source: int, shape: Sequence[int]) -> int:
    """RESHAPE with its shape as a constant operand, as converters write it."""
    tensor = b.tensors[source]
    operand = b.constant(np.array(shape, np.int32))
    return b.op(
        "RESHAPE",
        [source, operand],
        shape,
        tensor.scale,
        tensor.zero_point,
        new_shape=tuple(shape),
    )


def moved(
    b: GraphBuilder,
    op: str,
    inputs: Sequence[int],
    shape: Sequence[int],
    *operands: object,
    **options: OptionValue,
) -> int:
    """An operator that moves values and does not change them. operands: int32 constants."""
    constants = [b.constant(np.array(values, np.int32)) for values in operands]
    source = b.tensors[inputs[0]]
    return b.op(op, [*inputs, *constants], shape, source.scale, source.zero_point, **options)


def halves(b: GraphBuilder, source: int) -> list[int]:
    """SPLIT in two along the last dimension."""
    tensor = b.tensors[source]
    half = TensorSpec((*tensor.shape[:-1], tensor.shape[-1] // 2), tensor.scale, tensor.zero_point)
    axis = b.constant(np.array(-1, np.int32))
    return b.ops("SPLIT", [axis, source], [half, half], {"num_splits": 2})


def random_spec(
    rng: np.random.Generator, shape: Sequence[int], scale: float | None = None
) -> TensorSpec:
    """An activation of the shape, with random scale and zero point."""
    return TensorSpec(tuple(shape), scale or float(rng.uniform(0.005, 0.1)), _zero_point(rng))


def random_inputs(
    rng: np.random.Generator, shapes: Sequence[tuple[int, ...]]
) -> list[npt.NDArray[np.int8]]:
    """One int8 array a shape; every third value or so at an end of the range."""
    arrays = []
    for shape in shapes:
        wide = rng.integers(-192, 192, shape)
        arrays.append(np.clip(wide, -128, 127).astype(np.int8))
    return arrays
