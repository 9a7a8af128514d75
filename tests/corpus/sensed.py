"""Small models of what sensors measure: rows of a sound, samples of three axes."""

from __future__ import annotations

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.corpus.layers import RELU
from tinyforge.graph import Graph


def words(seed: int) -> Graph:
    """Convolution, pool, dense, softmax over 20 rows of 16 channels, scaled as microWakeWord's."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("words")
    x = b.input((1, 20, 16, 1), 26 / 255, -128)
    x = layers.conv_2d(b, rng, x, filters=6, stride=(2, 2), activation=RELU)
    x = layers.pool_2d(b, x, "MAX_POOL_2D")
    shape = b.tensors[x].shape
    x = layers.reshape(b, x, (1, int(np.prod(shape))))
    x = layers.fully_connected(b, rng, x, units=4)
    return b.build([layers.softmax(b, x)])


def gait(seed: int) -> Graph:
    """The same over 24 samples of an accelerometer in g, a row each."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder("gait")
    x = b.input((1, 24, 3), 1 / 100, 5)
    x = layers.reshape(b, x, (1, 24, 1, 3))
    x = layers.conv_2d(b, rng, x, filters=8, kernel=(3, 1), activation=RELU)
    shape = b.tensors[x].shape
    x = layers.reshape(b, x, (1, int(np.prod(shape))))
    x = layers.fully_connected(b, rng, x, units=4)
    return b.build([layers.softmax(b, x)])
