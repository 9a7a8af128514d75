"""SVDF: its state, and what is refused. test_sequences.py compares it with TFLM."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.ops.refusals import accepted, refused
from tests.ops.sequences import case
from tinyforge.graph import DType, Graph, Quant
from tinyforge.tflite import read, write


def test_a_state_is_read_as_it_was_written() -> None:
    graph, _ = case("SVDF", 0)
    (state,) = (t for t in read(write(graph)).tensors if t.variable)
    assert state.data is None
    assert state.index == graph.operators[0].inputs[4]


@pytest.mark.parametrize(
    ("dtype", "zero_point", "initial"),
    [(DType.INT8, -5, -5), (DType.INT8, 0, 0), (DType.INT16, -5, 0)],
)
def test_what_a_state_is_before_the_first_inference(
    dtype: DType, zero_point: int, initial: int
) -> None:
    (state,) = (t for t in case("SVDF", 0)[0].tensors if t.variable)
    assert replace(state, dtype=dtype, quant=Quant((1.0,), (zero_point,))).initial == initial


def changed(graph: Graph, position: int, **fields: Any) -> Graph:
    """The graph with something else about an operand."""
    tensors = list(graph.tensors)
    index = graph.operators[0].inputs[position]
    tensors[index] = replace(tensors[index], **fields)
    return replace(graph, tensors=tuple(tensors))


def test_what_tflm_would_not_run_is_refused() -> None:
    graph, _ = case("SVDF", 1)
    accepted(graph)
    op = graph.operators[0]
    state, time = graph.tensors[op.inputs[4]], graph.tensors[op.inputs[2]]
    other = DType.INT16 if state.dtype is DType.INT8 else DType.INT8
    refused(changed(graph, 4, variable=False), "is not a variable tensor")
    refused(changed(graph, 4, dtype=other), "expected int8 or int16 for both")
    refused(changed(graph, 4, shape=(1, state.size + 1)), "do not fit")
    refused(changed(graph, 4, shape=(state.size,)), "needs 2 dimensions")
    refused(changed(graph, 2, data=None), "constant weights")
    refused(changed(graph, 2, quant=Quant((time.scale,), (1,))), "have a zero point")
    refused(changed(graph, 3, quant=Quant((time.scale * state.scale + 1e-3,), (0,))), "the bias")
    refused(changed(graph, 4, quant=None), "one scale a tensor")
    for rank in (0, -1, graph.tensors[op.inputs[1]].shape[0] + 1):
        wrong = replace(op, options={**op.options, "rank": rank})
        refused(replace(graph, operators=(wrong,)), "do not fit")
