"""Two traces against each other: which byte is named when one differs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.packed import raw
from tinyforge.memory.search import plan
from tinyforge.proof.compare import answer_difference, difference, first_difference, layer_proofs
from tinyforge.proof.oracle import reference_trace

COUNT = 3
Traces = tuple[Graph, dict[int, npt.NDArray[np.int8]], dict[int, npt.NDArray[np.int8]]]


@pytest.fixture
def traces() -> Traces:
    """A graph, what it computes, and a copy to be changed."""
    graph = models.classifier(2)
    x = np.random.default_rng(4).integers(-128, 128, (COUNT, 64)).astype(np.int8)
    expected = dict(reference_trace(graph, x))
    return graph, expected, {t: values.copy() for t, values in expected.items()}


def test_equal_traces_differ_nowhere(traces: Traces) -> None:
    graph, expected, actual = traces
    assert first_difference(graph, actual, expected) is None
    assert all(row.bit_exact for row in layer_proofs(graph, plan(graph).order, actual, expected))


def test_the_last_byte_of_the_last_input_counts(traces: Traces) -> None:
    graph, expected, actual = traces
    out = graph.tensors[graph.operators[0].outputs[0]]
    assert out.shape == (1, 6, 6, 4)
    actual[out.index][-1, -1] ^= 1
    found = first_difference(graph, actual, expected)
    assert found is not None
    assert (found.input, found.layer, found.op) == (COUNT - 1, 0, "CONV_2D")
    assert found.name == out.name
    assert found.index == (0, 5, 5, 3)
    assert found.expected == expected[out.index][-1, -1]
    assert found.actual == found.expected ^ 1


def test_the_earliest_layer_is_named_then_the_first_input(traces: Traces) -> None:
    """A later layer differs for an earlier input; what is named is where it began."""
    graph, expected, actual = traces
    pool, dense = graph.operators[1].outputs[0], graph.operators[3].outputs[0]
    actual[dense][0, 0] ^= 1
    actual[pool][2, 0] ^= 1
    actual[pool][1, 7] ^= 1
    found = first_difference(graph, actual, expected)
    assert found is not None
    assert (found.layer, found.input, found.index) == (1, 1, (0, 0, 1, 3))
    rows = layer_proofs(graph, plan(graph).order, actual, expected)
    assert [row.index for row in rows if not row.bit_exact] == [1, 3]


def test_rows_are_in_the_order_that_layers_run(traces: Traces) -> None:
    graph, expected, actual = traces
    order = (2, 0, 1, 3, 4)
    counts = np.array([10.4, 20.5001, 0.0, 30.0])
    rows = layer_proofs(graph, order, actual, expected, counts=counts)
    assert [row.index for row in rows] == list(order)
    # The last layer has no column: it has no code that was probed.
    assert [row.instructions for row in rows] == [0, 10, 21, 30, 0]
    assert [row.macs for row in rows] == [0, 6 * 6 * 4 * 9, 0, 36 * 3, 0]
    uncounted = layer_proofs(graph, order, actual, expected)
    assert {row.instructions for row in uncounted} == {None}


def test_elements_of_any_type_are_named_by_their_value() -> None:
    tensors = (Tensor(0, "a", (1, 2, 2), DType.INT16), Tensor(1, "b", (1, 2), DType.FLOAT32))
    graph = Graph("model", tensors, (), (0, 1), (1, 0))
    expected = {
        0: raw(np.array([[1, 2, 3, 4], [5, 6, -300, 8]], np.int16)),
        1: raw(np.array([[0.5, 1.0], [2.0, 3.0]], np.float32)),
    }
    wrong = {t: rows.copy() for t, rows in expected.items()}
    wrong[0][1, 5] ^= 1  # the higher byte of the last but one
    found = difference(graph, 0, wrong[0], expected[0])
    assert found is not None
    assert (found.input, found.index, found.expected, found.actual) == (1, (0, 1, 0), -300, -44)
    wrong[1] = raw(np.array([[0.5, 1.0], [2.0, -3.0]], np.float32))
    outputs = np.concatenate([wrong[1], expected[0]], axis=1)
    found = answer_difference(graph, outputs, expected)
    assert found is not None
    assert (found.name, found.index, found.expected, found.actual) == ("b", (0, 1), 3.0, -3.0)
    right = np.concatenate([expected[1], expected[0]], axis=1)
    assert answer_difference(graph, right, expected) is None
