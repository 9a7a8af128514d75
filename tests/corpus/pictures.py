"""Layers over several pictures at once, as an older TimeDistributed of Keras has them."""

from __future__ import annotations

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tinyforge.graph import Graph

SCALE, ZERO_POINT = 0.1, -7


def pictures(kind: str, count: int) -> Graph:
    """One of KINDS over so many pictures."""
    b, rng = GraphBuilder(), np.random.default_rng(4)
    x = b.input((1, count, 7, 6, 3), SCALE, ZERO_POINT)
    y = layers.reshape(b, x, (count, 7, 6, 3))
    if kind == "CONV_2D":
        y = layers.conv_2d(b, rng, y, filters=4, stride=(2, 1))
    elif kind == "dilated":
        y = layers.conv_2d(b, rng, y, filters=5, dilation=(2, 1), padding=layers.VALID)
    elif kind == "DEPTHWISE_CONV_2D":
        y = layers.depthwise_conv_2d(b, rng, y, multiplier=2)
    elif kind == "MEAN":
        axes = b.constant(np.array([1, 2], np.int32))
        y = b.op("MEAN", [y, axes], (count, 3), SCALE, ZERO_POINT)
    elif kind == "larger":
        y = layers.conv_2d(b, rng, y, filters=4)
        y = layers.transpose_conv(b, rng, y, filters=3)
        t, size = b.tensors[y], (9, 17)
        y = b.op(
            "RESIZE_BILINEAR",
            [y, b.constant(np.array(size, np.int32))],
            (count, *size, 3),
            t.scale,
            t.zero_point,
            half_pixel_centers=True,
        )
        y = layers.conv_2d(b, rng, y, filters=2)
    elif kind == "several":
        y = layers.conv_2d(b, rng, y, filters=4)
        y = b.op("RELU", [y], b.tensors[y].shape, b.tensors[y].scale, 3)
        y = layers.pool_2d(b, y, "MAX_POOL_2D")
        y = layers.depthwise_conv_2d(b, rng, y)
        y = layers.pool_2d(b, y, "AVERAGE_POOL_2D", kernel=(3, 3), stride=(1, 1))
        y = layers.fully_connected(b, rng, layers.reshape(b, y, (count, 4)), units=5)
        y = layers.softmax(b, y)
    else:
        y = layers.pool_2d(b, y, kind, kernel=(3, 2), stride=(2, 1), padding=layers.SAME)
    size = b.tensors[y].shape
    return b.build([layers.reshape(b, y, (1, int(np.prod(size))))])


KINDS = [
    *("CONV_2D", "dilated", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN"),
    *("larger", "several"),
]
