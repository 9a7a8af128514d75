"""Models with fewer channels or weights cost what such a model costs that is built so."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.corpus.layers import RELU, SAME
from tinyforge import tflite
from tinyforge.advice import shapes
from tinyforge.graph import Graph
from tinyforge.memory.lowered import smallest
from tinyforge.memory.plan import Plan
from tinyforge.memory.planner import plan_of
from tinyforge.memory.progress import ignored
from tinyforge.memory.search import Aim, plan, plan_cycles
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.target import target_of
from tinyforge.proof.measure import macs

SPEED = Aim("speed", target_of("cortex-m4"))


def network(first: int, second: int) -> Graph:
    """Two convolutions of so many filters, the second's joined to a third's by an addition."""
    rng = np.random.default_rng(0)
    b = GraphBuilder("network")
    x = b.input((1, 10, 10, 4), 1 / 64, 0)
    x = layers.conv_2d(b, rng, x, filters=first, padding=SAME, activation=RELU)
    one = layers.conv_2d(b, rng, x, filters=second, padding=SAME, activation=RELU)
    other = layers.conv_2d(b, rng, x, filters=second, padding=SAME, activation=RELU)
    x = layers.binary(b, rng, "ADD", one, other)
    x = layers.reshape(b, x, (1, 100 * second))
    return b.build([layers.fully_connected(b, rng, x, units=3)])


def costs(graph: Graph, aim: Aim) -> tuple[int, int, int]:
    return costs_of(plan(graph, aim))


def costs_of(found: Plan) -> tuple[int, int, int]:
    tables = sum(map(table_bytes, found.kernels.values()))
    return found.arena_bytes, tables, plan_cycles(found)


def test_channels_that_go_together_are_one_family() -> None:
    one, two = shapes.families(network(8, 12))
    assert (len(one), [op.index for op in one.makers]) == (8, [0])
    assert (len(two), [op.index for op in two.makers]) == (12, [1, 2])


def test_a_narrower_model_costs_what_one_costs_that_is_built_so() -> None:
    graph = network(16, 20)
    one, two = shapes.families(graph)
    narrow = shapes.narrower(graph, [(one, 8), (two, 4)])
    built = network(8, 16)
    # By kernels that multiply by every weight: which channels never change is up to the weights.
    found, expected = (
        costs_of(plan_of(smallest(g), by_rows=False, progress=ignored)) for g in (narrow, built)
    )
    assert found == expected
    assert macs(narrow) == macs(network(8, 16))
    tflite.read(tflite.write(narrow))  # verifies all of it


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_about_the_share_of_the_work_goes(share: float) -> None:
    graph = network(32, 48)
    pruned = shapes.pruned(graph, share)
    assert macs(pruned) <= (1 - share) * macs(graph) < 1.35 * macs(pruned)
    assert all(len(one) % 4 == 0 for one in shapes.families(pruned))


def test_four_channels_stay() -> None:
    (one, two) = shapes.families(shapes.pruned(network(8, 8), 0.99))
    assert (len(one), len(two)) == (4, 4)


def test_odd_numbers_of_channels_are_found() -> None:
    assert [len(one) for one in shapes.uneven(network(13, 16))] == [13]
    assert list(shapes.uneven(network(7, 16))) == []


def test_blocks_of_least_weights_become_zero() -> None:
    graph = models.separable(1)
    zeros = shapes.in_blocks(network(16, 16), 0.5)
    for op in zeros.operators:
        if op.op == "CONV_2D":
            weights = zeros.tensors[op.inputs[1]].data
            assert weights is not None
            blocks = np.abs(weights.reshape(8, 2, -1, 4)).sum(axis=(1, 3))
            assert (blocks == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert costs(zeros, SPEED)[2] < 0.8 * costs(network(16, 16), SPEED)[2]
    same = shapes.in_blocks(graph, 0.0)
    pairs = zip(same.tensors, graph.tensors, strict=True)
    assert all(np.array_equal(a.data, b.data) for a, b in pairs if a.data is not None)


def test_the_least_weights_become_zero() -> None:
    graph = network(16, 16)
    zeros = shapes.singly(graph, 0.75)
    for op in graph.operators:
        if op.op == "CONV_2D":
            before, after = (g.tensors[op.inputs[1]].data for g in (graph, zeros))
            assert before is not None and after is not None
            assert (after == 0).mean() == pytest.approx(0.75, abs=0.02)
            assert np.abs(before[after == 0]).max() <= np.abs(after[after != 0]).min()
