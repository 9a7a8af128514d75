"""A batch that the file fixes is set to 1 where that is known to be right, and only there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.graph.passes.batch import single_batch
from tinyforge.proof.oracle import tflm_trace
from tinyforge.tflite import read, require_quantized, write

pytest.importorskip("tflite_micro")

SCALE, ZERO_POINT = 0.1, -7


def classifier(batch: int) -> Graph:
    """As converters write it with a fixed batch: a Flatten to a constant shape."""
    b, rng = GraphBuilder(), np.random.default_rng(4)
    x = b.input((batch, 7, 6, 3), SCALE, ZERO_POINT)
    y = layers.conv_2d(b, rng, x, filters=4)
    y = layers.pool_2d(b, y, "MAX_POOL_2D")
    y = layers.fully_connected(b, rng, layers.reshape(b, y, (batch, 36)), units=5)
    return b.build([layers.softmax(b, y)])


@pytest.mark.parametrize("batch", [2, 32])
def test_it_is_one_in_the_firmware(batch: int) -> None:
    """One input after the other gives what all at once give, in TFLM."""
    before = read(write(classifier(batch)))
    after, notes = adapt(before)
    require_quantized(after)
    assert notes == (
        f"note: the batch is {batch} in the file and 1 in the firmware: one input at a time",
    )
    assert all(t.shape[0] == 1 for t in after.tensors if t.index in after.producers)
    size = 7 * 6 * 3
    x = np.random.default_rng(8).integers(-128, 128, (batch, size)).astype(np.int8)
    together = tflm_trace(write(before), before, x.reshape(1, -1))[before.outputs[0]]
    apart = tflm_trace(write(after), after, x)[after.outputs[0]]
    np.testing.assert_array_equal(together.reshape(batch, -1), apart)


def test_a_batch_of_one_is_left() -> None:
    graph = classifier(1)
    assert single_batch(graph)[0] is graph


def across(op: str) -> Graph:
    """Operators that mix the inputs of a batch, or whose first dimension is none."""
    b, rng = GraphBuilder(), np.random.default_rng(4)
    x = b.input((4, 6), SCALE, ZERO_POINT)
    if op == "mean":
        axes = b.constant(np.array([0], np.int32))
        y = b.op("MEAN", [x, axes], (1, 6), SCALE, ZERO_POINT, keep_dims=True)
    elif op == "transpose":
        y = layers.moved(b, "TRANSPOSE", [x], (6, 4), [1, 0])
        y = layers.moved(b, "TRANSPOSE", [y], (4, 6), [1, 0])
        y = layers.unary(b, "RELU", y, SCALE, ZERO_POINT)
    elif op == "reverse":
        y = layers.moved(b, "REVERSE_V2", [x], (4, 6), [0])
    elif op == "reshape":
        y = layers.reshape(b, x, (2, 12))
    elif op == "position":
        data = rng.integers(-9, 9, (4, 6)).astype(np.int8)
        other = b.constant(data, b.tensors[x].quant)
        y = layers.binary(b, rng, "ADD", x, other)
    else:
        y = layers.moved(b, "STRIDED_SLICE", [x], (1, 6), [0, 0], [1, 6], [1, 1])
    return b.build([y])


@pytest.mark.parametrize("op", ["mean", "transpose", "reverse", "reshape", "position", "slice"])
def test_inputs_that_are_mixed_stay_together(op: str) -> None:
    graph = across(op)
    after, notes = single_batch(graph)
    assert after is graph
    assert notes == ()
    require_quantized(adapt(graph)[0])  # all of it at once, which is a model too


def two(first: tuple[int, ...], second: tuple[int, ...]) -> Callable[[], Graph]:
    def make() -> Graph:
        b = GraphBuilder()
        x, y = b.input(first, SCALE, ZERO_POINT), b.input(second, SCALE, ZERO_POINT)
        return b.build([layers.binary(b, np.random.default_rng(1), "ADD", x, y)])

    return make


@pytest.mark.parametrize(
    ("make", "batch"), [(two((4, 6), (4, 6)), 1), (two((4, 6), (1, 6)), 4), (two((4, 6), (6,)), 4)]
)
def test_all_inputs_have_the_batch_or_it_is_none(make: Callable[[], Graph], batch: int) -> None:
    after, _ = single_batch(make())
    assert after.tensors[after.outputs[0]].shape[0] == batch
