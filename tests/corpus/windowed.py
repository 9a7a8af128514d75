"""Models of windows over rows in time: layers that follow the rows, at last one that takes all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder, float32
from tests.corpus.layers import RELU, SAME, VALID
from tinyforge.graph import DType, Graph, Quant


class Stack:
    """A model being made, layer upon layer. x: the latest one's output."""

    def __init__(self, *shape: int, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.b = GraphBuilder("windows")
        self.x = self.b.input(shape, 0.05, int(self.rng.integers(-40, 40)))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.b.tensors[self.x].shape

    def conv(
        self,
        height: int,
        *,
        width: int = 3,
        stride: int = 1,
        dilation: int = 1,
        padding: int = SAME,
        filters: int = 6,
    ) -> Stack:
        self.x = layers.conv_2d(
            self.b, self.rng, self.x, filters=filters, kernel=(height, width), stride=(stride, 1),
            dilation=(dilation, 1), padding=padding, activation=RELU,
        )  # fmt: skip
        return self

    def depthwise(self, height: int, *, stride: int = 1, padding: int = SAME) -> Stack:
        self.x = layers.depthwise_conv_2d(
            self.b, self.rng, self.x, kernel=(height, 3), stride=(stride, 1), padding=padding
        )
        return self

    def pool(self, op: str, height: int, *, stride: int = 2, padding: int = VALID) -> Stack:
        self.x = layers.pool_2d(
            self.b, self.x, f"{op}_POOL_2D", kernel=(height, 1), stride=(stride, 1), padding=padding
        )
        return self

    def pad(self, before: int, after: int) -> Stack:
        n, rows, *rest = self.shape
        amounts = [[0, 0], [before, after], *[[0, 0]] * len(rest)]
        self.x = layers.moved(self.b, "PAD", [self.x], (n, rows + before + after, *rest), amounts)
        return self

    def add(self, other: int) -> Stack:
        self.x = layers.binary(self.b, self.rng, "ADD", self.x, other)
        return self

    def unary(self, op: str) -> Stack:
        scale, zero_point = (1 / 256, -128) if op == "LOGISTIC" else (0.04, 3)
        self.x = layers.unary(self.b, op, self.x, scale, zero_point)
        return self

    def reshape(self, *shape: int) -> Stack:
        self.x = layers.reshape(self.b, self.x, shape)
        return self

    def dense(self, units: int = 5) -> Stack:
        self.x = layers.fully_connected(self.b, self.rng, self.x, units=units)
        return self

    def graph(self) -> Graph:
        """All rows into a few values."""
        return self.reshape(1, math.prod(self.shape)).dense().b.build([self.x])


def _valid() -> Graph:
    return Stack(1, 30, 6, 1).conv(5, stride=2, padding=VALID).conv(3, padding=VALID).graph()


def _same() -> Graph:
    return Stack(1, 40, 6, 1).conv(7, stride=2).depthwise(3).conv(1, width=1).depthwise(3).graph()


def _pools() -> Graph:
    """Odd numbers of rows, some of which no window reaches."""
    return (
        Stack(1, 49, 6, 1).conv(3).pool("MAX", 2, padding=SAME).conv(3, padding=VALID)
        .pool("AVERAGE", 3, padding=SAME).graph()
    )  # fmt: skip


def _residual() -> Graph:
    s = Stack(1, 36, 4, 2).conv(3)
    skipped = s.x
    return s.conv(5).conv(3).add(skipped).unary("LOGISTIC").graph()


def _conv1d() -> Graph:
    """As converters write Conv1D."""
    s = Stack(1, 50, 3).reshape(1, 1, 50, 3)
    for _ in range(2):
        s.x = layers.conv_2d(s.b, s.rng, s.x, filters=8, kernel=(1, 3), activation=RELU)
        rows, channels = s.shape[-2:]
        s.reshape(1, rows, channels).reshape(1, 1, rows, channels)
    return s.graph()


def _flat() -> Graph:
    return Stack(1, 200).reshape(1, 40, 5, 1).conv(3).conv(3).graph()


def _padded() -> Graph:
    return Stack(1, 30, 4, 2).pad(2, 1).conv(4, padding=VALID).unary("RELU").pad(0, 3).graph()


def _dilated() -> Graph:
    return Stack(1, 48, 4, 2).conv(3, dilation=4).conv(3, dilation=2, padding=VALID).graph()


def _dense_rows() -> Graph:
    """A dense layer on each row; what one row is, softmax takes together."""
    s = Stack(1, 24, 10).dense(8).dense(6)
    s.x = layers.softmax(s.b, s.x)
    return s.graph()


def _branches() -> Graph:
    """Two readers of one tensor, side by side again; all of it is an output as well."""
    s = Stack(1, 32, 4, 2).conv(3)
    both = s.x
    first = s.conv(5).x
    s.x = both
    second = s.conv(1, width=1).x
    quant = s.b.tensors[first].quant
    assert quant is not None
    requantized = s.b.op("QUANTIZE", [second], s.shape, quant.scale[0], quant.zero_point[0])
    shape = (*s.shape[:-1], 12)
    s.x = s.b.op(
        "CONCATENATION", [first, requantized], shape, quant.scale[0], quant.zero_point[0], axis=3
    )
    s.reshape(1, math.prod(shape)).dense()
    return s.b.build([s.x, both])


def _means() -> Graph:
    """What each row is in the mean, and the greatest of that."""
    s = Stack(1, 30, 4, 2).conv(3)
    s.x = layers.moved(s.b, "MEAN", [s.x], (1, 30, 6), [2], keep_dims=False)
    s.reshape(1, 30, 1, 6).conv(3, width=1, filters=16)
    s.x = layers.moved(s.b, "REDUCE_MAX", [s.x], (1, 30, 1, 1), [2, 3], keep_dims=True)
    return s.graph()


def _int16() -> Graph:
    """Activations of 16 bits."""
    b = GraphBuilder("windows")
    rng = np.random.default_rng(2)
    x = b.input((1, 30, 4, 2), 1e-3, dtype=DType.INT16)
    weights = b.constant(
        rng.integers(-127, 128, (6, 5, 3, 2)).astype(np.int8), Quant(float32([0.01] * 6), (0,) * 6)
    )
    bias = b.constant(
        rng.integers(-9999, 9999, 6).astype(np.int64), Quant(float32([1e-5] * 6), (0,) * 6)
    )
    x = b.op(
        "CONV_2D", [x, weights, bias], (1, 30, 4, 6), 4e-3, dtype=DType.INT16,
        padding=SAME, stride_w=1, stride_h=1,
    )  # fmt: skip
    y = b.op(
        "RESHAPE", [x, b.constant(np.array((1, 720), np.int32))], (1, 720), 4e-3,
        dtype=DType.INT16, new_shape=(1, 720),
    )  # fmt: skip
    return b.build([y])


MODELS: Mapping[str, Callable[[], Graph]] = {
    "valid": _valid,
    "same": _same,
    "pools": _pools,
    "residual": _residual,
    "conv1d": _conv1d,
    "flat": _flat,
    "padded": _padded,
    "dilated": _dilated,
    "dense rows": _dense_rows,
    "branches": _branches,
    "means": _means,
    "int16": _int16,
}


def stacked(seed: int) -> Graph:
    """Layers of any kind, in any order."""
    rng = np.random.default_rng(seed)
    s = Stack(1, int(rng.integers(40, 90)), int(rng.integers(1, 5)), 2, seed=seed)
    for _ in range(int(rng.integers(2, 6))):
        height, stride = int(rng.integers(1, 6)), int(rng.integers(1, 3))
        padding = int(rng.integers(0, 2))
        match rng.integers(0, 6):
            case 0:
                s.depthwise(height, padding=SAME)
            case 1:
                op = str(rng.choice(["MAX", "AVERAGE"]))
                s.pool(op, height, stride=stride, padding=padding)
            case 2:
                s.pad(int(rng.integers(0, 4)), int(rng.integers(0, 4)))
            case 3:
                skipped = s.x
                s.conv(height, filters=s.shape[-1]).add(skipped)
            case _:
                s.conv(height, width=1, stride=stride, padding=padding)
    return s.graph()
