"""Small valid int8 models that tests build themselves, from a seed: same seed, same bytes.

NETWORKS are whole nets of a few layers. SINGLE has a builder an operator, with random geometry,
for differential tests of that operator alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.corpus.layers import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID
from tinyforge.graph.types import DType, Graph

Random = np.random.Generator


def _input(b: GraphBuilder, rng: Random, *shape: int) -> int:
    spec = layers.random_spec(rng, shape)
    return b.input(spec.shape, spec.scale, spec.zero_point)


def classifier(seed: int) -> Graph:
    """Convolution, pool, flatten, dense, softmax: about 1 KB."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("classifier")
    x = b.input((1, 8, 8, 1), 1 / 255, -128)
    x = layers.conv_2d(b, rng, x, filters=4, padding=VALID, activation=RELU)
    x = layers.pool_2d(b, x, "MAX_POOL_2D")
    x = layers.reshape(b, x, (1, 36))
    x = layers.fully_connected(b, rng, x, units=3)
    return b.build([layers.softmax(b, x)])


def separable(seed: int) -> Graph:
    """Depthwise and pointwise convolutions, a mean over the picture, dense, as in MobileNet."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("separable")
    x = b.input((1, 12, 10, 3), 1 / 128, 0)
    x = layers.conv_2d(b, rng, x, filters=8, stride=(2, 2), activation=RELU6)
    x = layers.depthwise_conv_2d(b, rng, x, activation=RELU)
    x = layers.conv_2d(b, rng, x, filters=12, kernel=(1, 1), activation=RELU)
    x = layers.depthwise_conv_2d(b, rng, x, stride=(2, 2), activation=RELU)
    x = layers.pool_2d(b, x, "AVERAGE_POOL_2D", kernel=(3, 3), stride=(3, 3))
    x = layers.reshape(b, x, (1, 12))
    x = layers.fully_connected(b, rng, x, units=5)
    return b.build([layers.softmax(b, x)])


def keywords(seed: int) -> Graph:
    """Three layers with states, of both widths and with a zero point, then dense, softmax: what a
    detector of keywords is, which gets one spectrum an inference."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("keywords")
    x = b.input((1, 40), 1 / 16, -10)
    x = layers.svdf(b, rng, x, units=16, memory=8, rank=2)
    x = layers.svdf(b, rng, x, units=12, memory=5, state=DType.INT16)
    x = layers.svdf(b, rng, x, units=10, memory=3, zero_point=-7)
    x = layers.fully_connected(b, rng, x, units=5)
    return b.build([layers.softmax(b, x)])


def gestures(seed: int) -> Graph:
    """A convolution over rows of measurements, two LSTM layers over what it finds, then dense."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("gestures")
    x = b.input((1, 12, 6, 1), 1 / 32, 4)
    x = layers.conv_2d(b, rng, x, filters=5, activation=RELU)
    x = layers.pool_2d(b, x, "MAX_POOL_2D")
    x = layers.reshape(b, x, (1, 6, 15))
    x = layers.lstm(b, rng, x, units=9, zero_point=-7)
    x = layers.lstm(b, rng, x, units=6)
    x = layers.reshape(b, x, (1, 36))
    x = layers.fully_connected(b, rng, x, units=4)
    return b.build([layers.softmax(b, x)])


def large(seed: int) -> Graph:
    """An output of 57 KB, whatever is streamed: more than the smallest boards have."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("large")
    x = b.input((1, 60, 60, 1), 1 / 255, -128)
    x = layers.conv_2d(b, rng, x, filters=16, activation=RELU)
    x = layers.conv_2d(b, rng, x, filters=16, activation=RELU)
    return b.build([x])


def residual(seed: int) -> Graph:
    """Two residual blocks, the second with a convolution on its shortcut, as in ResNet."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("residual")
    x = b.input((1, 8, 8, 3), 1 / 255, -128)
    x = layers.conv_2d(b, rng, x, filters=6, activation=RELU)
    y = layers.conv_2d(b, rng, x, filters=6, activation=RELU)
    x = layers.binary(b, rng, "ADD", x, layers.conv_2d(b, rng, y, filters=6), activation=RELU)
    y = layers.conv_2d(b, rng, x, filters=8, stride=(2, 2), activation=RELU)
    y = layers.conv_2d(b, rng, y, filters=8)
    shortcut = layers.conv_2d(b, rng, x, filters=8, kernel=(1, 1), stride=(2, 2))
    x = layers.binary(b, rng, "ADD", shortcut, y, activation=RELU)
    x = layers.pool_2d(b, x, "AVERAGE_POOL_2D", kernel=(4, 4), stride=(4, 4))
    x = layers.reshape(b, x, (1, 8))
    x = layers.fully_connected(b, rng, x, units=4)
    return b.build([layers.unary(b, "LOGISTIC", x, 1 / 256, -128)])


def branches(seed: int) -> Graph:
    """Padding, slices, transposes and joins around convolutions, as in U-Net and ShuffleNet."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("branches")
    x = b.input((1, 9, 8, 3), 1 / 128, -5)
    x = layers.moved(b, "PAD", [x], (1, 12, 11, 3), [(0, 0), (1, 2), (2, 1), (0, 0)])
    x = layers.conv_2d(b, rng, x, filters=6, stride=(2, 2), padding=VALID, activation=RELU)
    left = layers.moved(b, "SLICE", [x], (1, 5, 4, 6), [0, 0, 1, 0], [1, 5, 4, 6])
    right = layers.moved(b, "TRANSPOSE", [x], (1, 5, 5, 6), [0, 2, 1, 3])
    right = layers.moved(b, "STRIDED_SLICE", [right], (1, 5, 4, 6), *_REVERSED)
    x = layers.moved(b, "CONCATENATION", [left, right], (1, 5, 4, 12), axis=-1)
    x = layers.moved(b, "RESIZE_NEAREST_NEIGHBOR", [x], (1, 10, 8, 12), [10, 8])
    x = layers.conv_2d(b, rng, x, filters=8, stride=(2, 2), activation=RELU)
    left, right = layers.halves(b, x)
    x = layers.moved(b, "CONCATENATION", [right, left], (1, 5, 4, 8), axis=3)
    x = layers.moved(b, "DEPTH_TO_SPACE", [x], (1, 10, 8, 2), block_size=2)
    x = layers.moved(b, "SPACE_TO_DEPTH", [x], (1, 5, 4, 8), block_size=2)
    x = layers.pool_2d(b, x, "AVERAGE_POOL_2D", kernel=(5, 4))
    x = layers.moved(b, "SQUEEZE", [x], (1, 8), squeeze_dims=(1, 2))
    x = layers.moved(b, "PACK", [x, x], (1, 2, 8), axis=1, values_count=2)
    x = layers.moved(b, "EXPAND_DIMS", [x], (1, 1, 2, 8), 1)
    x = layers.reshape(b, x, (1, 16))
    return b.build([layers.fully_connected(b, rng, x, units=5)])


# begin, end and strides of a STRIDED_SLICE that reads rows backwards and leaves out a column.
_REVERSED = ([0, -1, 0, 0], [1, -6, 4, 6], [1, -1, 1, 1])


NETWORKS: Mapping[str, Callable[[int], Graph]] = {
    "classifier": classifier,
    "separable": separable,
    "residual": residual,
    "branches": branches,
}


def _pair(rng: Random, low: int, high: int) -> tuple[int, int]:
    first, second = rng.integers(low, high + 1, 2).tolist()
    return first, second


def _picture(b: GraphBuilder, rng: Random) -> int:
    """An input of random height and width (5 to 12) and channels (1 to 9)."""
    height, width = _pair(rng, 5, 12)
    return _input(b, rng, 1, height, width, int(rng.integers(1, 10)))


def _activation(rng: Random) -> int:
    return int(rng.choice([NONE, RELU, RELU_N1_TO_1, RELU6]))


def _conv_2d(b: GraphBuilder, rng: Random) -> int:
    return layers.conv_2d(
        b,
        rng,
        _picture(b, rng),
        filters=int(rng.integers(1, 10)),
        kernel=_pair(rng, 1, 3),
        stride=_pair(rng, 1, 3),
        dilation=_pair(rng, 1, 2),
        padding=int(rng.choice([SAME, VALID])),
        activation=_activation(rng),
        per_channel=bool(rng.integers(4)),
        bias=bool(rng.integers(4)),
    )


def _depthwise_conv_2d(b: GraphBuilder, rng: Random) -> int:
    return layers.depthwise_conv_2d(
        b,
        rng,
        _picture(b, rng),
        multiplier=int(rng.integers(1, 4)),
        kernel=_pair(rng, 1, 3),
        stride=_pair(rng, 1, 3),
        dilation=_pair(rng, 1, 2),
        padding=int(rng.choice([SAME, VALID])),
        activation=_activation(rng),
        per_channel=bool(rng.integers(4)),
    )


def _fully_connected(b: GraphBuilder, rng: Random) -> int:
    rows = int(rng.choice([1, 1, 3]))
    return layers.fully_connected(
        b,
        rng,
        _input(b, rng, *((1, rows) if rows > 1 else (1,)), int(rng.integers(1, 70))),
        units=int(rng.integers(1, 20)),
        activation=_activation(rng),
        per_channel=bool(rng.integers(2)),
        bias=bool(rng.integers(4)),
    )


def _pool_2d(op: str) -> Callable[[GraphBuilder, Random], int]:
    def build(b: GraphBuilder, rng: Random) -> int:
        return layers.pool_2d(
            b,
            _picture(b, rng),
            op,
            kernel=_pair(rng, 1, 4),
            stride=_pair(rng, 1, 3),
            padding=int(rng.choice([SAME, VALID])),
            activation=_activation(rng),
        )

    return build


def _binary(op: str) -> Callable[[GraphBuilder, Random], int]:
    """Two computed operands, or one that is constant, a channel's or a single value's worth."""

    def build(b: GraphBuilder, rng: Random) -> int:
        first = _picture(b, rng)
        shape = b.tensors[first].shape
        match int(rng.integers(4)):
            case 0:
                values = rng.integers(-128, 128, shape[-1:], dtype=np.int8)
                spec = layers.random_spec(rng, shape[-1:])
                second = b.constant(values, spec.quant)
            case 1:
                second = _input(b, rng, 1, 1, 1, shape[-1])
            case _:
                second = _input(b, rng, *shape)
        return layers.binary(b, rng, op, first, second, activation=_activation(rng))

    return build


def _fixed_output(op: str, scale: float, zero_point: int) -> Callable[[GraphBuilder, Random], int]:
    """An activation function whose output range the runtime prescribes."""

    def build(b: GraphBuilder, rng: Random) -> int:
        return layers.unary(b, op, _picture(b, rng), scale, zero_point)

    return build


def _free_output(op: str) -> Callable[[GraphBuilder, Random], int]:
    """An activation function between any two quantizations."""

    def build(b: GraphBuilder, rng: Random) -> int:
        source = _picture(b, rng)
        scale = b.tensors[source].scale * rng.uniform(0.5, 2)
        return layers.unary(b, op, source, scale, int(rng.integers(-128, 128)))

    return build


def _softmax(b: GraphBuilder, rng: Random) -> int:
    rows = int(rng.choice([1, 1, 4]))
    source = _input(b, rng, *((1, rows) if rows > 1 else (1,)), int(rng.integers(2, 40)))
    return layers.softmax(b, source, beta=float(rng.choice([1.0, 0.5])))


def _reshape(b: GraphBuilder, rng: Random) -> int:
    source = _picture(b, rng)
    return layers.reshape(b, source, (1, math.prod(b.tensors[source].shape)))


def _transpose_conv(b: GraphBuilder, rng: Random) -> int:
    source = _picture(b, rng)
    return layers.transpose_conv(
        b,
        rng,
        source,
        filters=int(rng.integers(1, 6)),
        kernel=_pair(rng, 1, 3),
        stride=_pair(rng, 1, 2),
        bias=bool(rng.integers(4)),
    )


def _pad(b: GraphBuilder, rng: Random) -> int:
    source = _picture(b, rng)
    amounts = np.array([(0, 0), _pair(rng, 0, 3), _pair(rng, 0, 3), (0, 0)], np.int32)
    shape = tuple(int(n) for n in b.tensors[source].shape + amounts.sum(1))
    return layers.moved(b, "PAD", [source], shape, amounts)


def _mean(b: GraphBuilder, rng: Random) -> int:
    source = _picture(b, rng)
    tensor = b.tensors[source]
    return b.op(
        "MEAN",
        [source, b.constant(np.array([1, 2], np.int32))],
        (1, tensor.shape[3]),
        tensor.scale * rng.uniform(0.2, 0.5),
        int(rng.integers(-128, 128)),
        keep_dims=False,
    )


def _concatenation(b: GraphBuilder, rng: Random) -> int:
    first = _picture(b, rng)
    tensor = b.tensors[first]
    channels = int(rng.integers(1, 6))
    second = b.input((*tensor.shape[:3], channels), tensor.scale, tensor.zero_point)
    shape = (*tensor.shape[:3], tensor.shape[3] + channels)
    return layers.moved(b, "CONCATENATION", [first, second], shape, axis=int(rng.choice([3, -1])))


# The operators with a model of one operator, by TensorFlow Lite's name.
_SINGLE: Mapping[str, Callable[[GraphBuilder, Random], int]] = {
    "ADD": _binary("ADD"),
    "AVERAGE_POOL_2D": _pool_2d("AVERAGE_POOL_2D"),
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "HARD_SWISH": _free_output("HARD_SWISH"),
    "LOGISTIC": _fixed_output("LOGISTIC", 1 / 256, -128),
    "MAX_POOL_2D": _pool_2d("MAX_POOL_2D"),
    "MEAN": _mean,
    "MUL": _binary("MUL"),
    "PAD": _pad,
    "RELU": _free_output("RELU"),
    "RELU6": _free_output("RELU6"),
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SUB": _binary("SUB"),
    "TANH": _fixed_output("TANH", 1 / 128, 0),
    "TRANSPOSE_CONV": _transpose_conv,
}


def single(op: str, seed: int) -> Graph:
    """A model of that one operator, its geometry, weights and options drawn from the seed."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder(f"{op.lower()}_{seed}")
    return b.build([_SINGLE[op](b, rng)])


SINGLE = tuple(_SINGLE)
