"""Pictures of one row, turned: every operator gives the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus import layers
from tests.memory import graphs
from tests.memory.graphs import Net
from tinyforge.graph import Graph, Quant
from tinyforge.memory.search import plan
from tinyforge.ops.upright import input_rows, upright
from tinyforge.proof.oracle import reference_trace


def assert_the_same(graph: Graph, turned: Graph) -> None:
    size = graph.tensors[graph.inputs[0]].nbytes
    inputs = np.random.default_rng(1).integers(-128, 128, (3, size)).astype(np.int8)
    expected, found = reference_trace(graph, inputs), reference_trace(turned, inputs)
    assert expected.keys() == found.keys()
    for t in expected:
        np.testing.assert_array_equal(found[t], expected[t], graph.tensors[t].name)


@pytest.mark.parametrize("seed", range(60))
def test_a_signal_is_handed_on_along_its_time(seed: int) -> None:
    graph = graphs.random_signals(seed, 8)
    turned = upright(graph)
    assert_the_same(graph, turned)
    for before, after in zip(graph.tensors, turned.tensors, strict=False):
        if len(before.shape) >= 3 and before.data is None:
            time, channels = before.shape[-2:]
            assert after.shape in ((1, time, 1, channels), (*before.shape[:-2], 1, channels))
    assert upright(turned) is turned


@pytest.mark.parametrize("axes", [[1], [1, 2], [-2]])
@pytest.mark.parametrize("op", ["MEAN", "REDUCE_MAX"])
def test_reductions_over_time(op: str, axes: list[int]) -> None:
    n = Net()
    x = n.input(1, 9, 4)
    shape = (1,) if 2 in axes else (1, 4)
    graph = n.build(layers.moved(n.builder, op, [x], shape, axes, keep_dims=False))
    turned = upright(graph)
    assert turned.tensors[x].shape == (1, 9, 1, 4)
    assert_the_same(graph, turned)


@pytest.mark.parametrize("axes", [[2], [0, 2]])
def test_reductions_over_channels_are_left(axes: list[int]) -> None:
    n = Net()
    x = n.input(1, 9, 4)
    shape = (9,) if 0 in axes else (1, 9)
    graph = n.build(layers.moved(n.builder, "MEAN", [x], shape, axes, keep_dims=False))
    assert upright(graph) is graph


def test_what_one_operator_cannot_turn_stays_with_all_it_is_joined_to() -> None:
    n = Net()
    x = n.input(1, 6, 4)
    y = n.relu(x)
    z = n.reshape(n.relu(n.reshape(y, 1, 1, 6, 4)), 1, 24)
    turns = layers.moved(n.builder, "TRANSPOSE", [y], (1, 4, 6), [0, 2, 1])
    graph = n.build(n.add(z, n.reshape(turns, 1, 24)))
    turned = upright(graph)
    assert [turned.tensors[t].shape for t in (x, y)] == [(1, 6, 4)] * 2
    assert (1, 6, 1, 4) in [t.shape for t in turned.tensors], "what is behind a RESHAPE is turned"
    assert_the_same(graph, turned)


def test_what_is_constant_over_time_alone_is_left() -> None:
    """[9, 1] over [9, 4] would be 9 channels of one sample once the signal is turned."""
    n = Net()
    gains = np.arange(9, dtype=np.int8).reshape(1, 9, 1)
    graph = n.build(n.add(n.input(1, 9, 4), n.builder.constant(gains, Quant((0.02,), (3,)))))
    assert upright(graph) is graph


def test_what_becomes_a_picture_is_left() -> None:
    n = Net()
    border = [(0, 0), (1, 1), (0, 0), (0, 0)]
    graph = n.build(layers.moved(n.builder, "PAD", [n.input(1, 1, 6, 2)], (1, 3, 6, 2), border))
    assert upright(graph) is graph


def test_pictures_are_left() -> None:
    graph = graphs.random_pictures(3, 8)
    assert upright(graph) is graph


def test_a_signal_takes_a_few_samples_of_memory() -> None:
    n = Net()
    x = n.input(1, 1, 64, 2)
    for _ in range(3):
        x = layers.conv_2d(n.builder, n.rng, x, filters=4, kernel=(1, 3))
    graph = n.build(n.dense(n.reshape(x, 1, 256), 2))
    assert input_rows(graph) == 64
    # The input; two rings of three samples, one sample, the sums of two answers, and they.
    assert plan(graph).arena_bytes <= 128 + 2 * 3 * 4 + 4 + 8 + 2
    assert plan(graph, by_rows=True).arena_bytes <= 3 * 2 + 2 + 2 * 3 * 4 + 4 + 8 + 2
