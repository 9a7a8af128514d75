"""UNIDIRECTIONAL_SEQUENCE_LSTM: its table, and what is refused. test_sequences.py compares it with
TFLM."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.ops.refusals import accepted, refused
from tests.ops.sequences import case
from tinyforge.graph import DType, Graph, Quant
from tinyforge.ops.curves import SIGMOID_TABLE

WEIGHTS, RECURRENT, BIAS, HIDDEN, CELL = 3, 6, 14, 18, 19  # of some gate

GRAPH, _ = case("UNIDIRECTIONAL_SEQUENCE_LSTM", 1)
(OP,) = GRAPH.operators


def operand(position: int) -> Any:
    return GRAPH.tensors[OP.inputs[position]]


def changed(index: int, **fields: Any) -> Graph:
    """The graph with something else about a tensor."""
    tensors = list(GRAPH.tensors)
    tensors[index] = replace(tensors[index], **fields)
    return replace(GRAPH, tensors=tuple(tensors))


def given(position: int, tensor: int) -> Graph:
    """The graph with another tensor at a position, or none."""
    inputs = list(OP.inputs)
    inputs[position] = tensor
    return replace(GRAPH, operators=(replace(OP, inputs=tuple(inputs)),))


def optioned(**options: Any) -> Graph:
    return replace(GRAPH, operators=(replace(OP, options={**OP.options, **options}),))


def test_the_table_is_a_sigmoid() -> None:
    """Within 1.2 steps of Q0.16, half of what its chords are off by included."""
    curve = 65536 / (1 + np.exp(-np.arange(256) / 24))
    assert np.abs(SIGMOID_TABLE - curve).max() < 1.2
    assert (np.diff(SIGMOID_TABLE) >= 0).all()
    assert SIGMOID_TABLE[[0, -1]].tolist() == [32768, 65535]


def test_the_graph_that_the_others_are_changed_from_is_accepted() -> None:
    accepted(GRAPH)


@pytest.mark.parametrize(
    ("position", "variant"),
    [(9, "peepholes"), (11, "peepholes"), (16, "projection"), (20, "layer normalization")],
)
def test_variants_are_refused(position: int, variant: str) -> None:
    refused(given(position, OP.inputs[BIAS]), variant)


@pytest.mark.parametrize("position", [1, 5, 12])
def test_coupled_gates_are_refused(position: int) -> None:
    refused(given(position, -1), "gates are coupled")


@pytest.mark.parametrize(
    ("position", "fields", "why"),
    [
        (WEIGHTS, {"data": None}, "constant weights"),
        (WEIGHTS, {"dtype": DType.INT16}, "are int16, expected int8"),
        (WEIGHTS, {"quant": Quant((0.1,), (1,))}, "have a zero point"),
        (RECURRENT, {"quant": Quant((0.1, 0.1), (0, 0))}, "expected int8 with one scale"),
        (RECURRENT, {"shape": (1, 99)}, r"have shape \[1, 99\]"),
        (BIAS, {"quant": None}, "does not have the scale"),
        (BIAS, {"quant": Quant((99.0,), (0,))}, "does not have the scale"),
        (BIAS, {"dtype": DType.INT64}, "expected int32"),
        (HIDDEN, {"variable": False}, "is not a variable tensor"),
        (HIDDEN, {"dtype": DType.INT16}, "is int16, but .* is int8"),
        (HIDDEN, {"shape": (99,)}, "needs 2 dimensions"),
        (HIDDEN, {"shape": (1, 99)}, "do not fit"),
        (HIDDEN, {"quant": Quant((0.5,), (0,))}, "otherwise than the hidden state"),
        (CELL, {"variable": False}, "is not a variable tensor"),
        (CELL, {"dtype": DType.INT8}, "expected int16"),
        (CELL, {"shape": (1, 99)}, "do not fit"),
        (CELL, {"quant": Quant((0.0005,), (0,))}, "expected a power of two"),
        (CELL, {"quant": Quant((2.0,), (0,))}, "expected a power of two"),
        (CELL, {"quant": Quant((2.0**-11,), (1,))}, "expected a power of two"),
    ],
)
def test_operands_that_do_not_fit_are_refused(
    position: int, fields: dict[str, Any], why: str
) -> None:
    refused(changed(OP.inputs[position], **fields), why)


def test_an_accumulator_that_could_overflow_is_refused() -> None:
    bias = operand(BIAS)
    most = np.full(bias.shape, 2**31 - 1, np.int32)
    refused(changed(bias.index, data=most), "an accumulator could overflow")


def test_other_activations_are_refused() -> None:
    refused(optioned(fused_activation_function=1), "must be tanh")


def test_batches_are_refused() -> None:
    source = operand(0)
    refused(changed(source.index, shape=(2, 2, source.shape[2])), "the batch is 2")


def test_operands_that_are_missing_are_refused() -> None:
    refused(given(HIDDEN, -1), "input 18 is missing")
    short = replace(OP, inputs=OP.inputs[:20])
    refused(replace(GRAPH, operators=(short,)), "needs 24 to 24 inputs")
