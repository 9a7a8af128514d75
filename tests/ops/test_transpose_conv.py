"""What TRANSPOSE_CONV refuses, and an output in which places are reached by no input."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.draw import SAME, VALID
from tests.ops.refusals import accepted, refused
from tinyforge.graph import Graph, Quant


def transpose_conv(
    out: tuple[int, ...],
    *,
    source: tuple[int, ...] = (1, 3, 4, 2),
    weights: tuple[int, ...] = (5, 2, 2, 2),
    stride: int = 2,
    padding: int = SAME,
    shape: Constant | TensorSpec | None = None,
    bias: Constant | None = None,
    weight: int = 1,
) -> Graph:
    quant = Quant((0.01,), (0,))
    return single_op(
        "TRANSPOSE_CONV",
        inputs=[
            shape or Constant(np.array(out, np.int32)),
            Constant(np.full(weights, weight, np.int8), quant),
            TensorSpec(source, 0.1, 5),
            bias,
        ],
        output=TensorSpec(out, 0.05, -7),
        options={"padding": padding, "stride_h": stride, "stride_w": stride},
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    accepted(transpose_conv((1, 6, 8, 5)))
    accepted(transpose_conv((1, 5, 7, 5)))
    accepted(transpose_conv((1, 7, 9, 5), padding=VALID))
    refused(transpose_conv((1, 7, 8, 5)), "2x2 window over 7x8 does not give 3x4")
    refused(transpose_conv((1, 5, 8, 5), padding=VALID), "does not give 3x4")
    refused(transpose_conv((1, 6, 8, 4)), "do not fit input")
    refused(transpose_conv((1, 6, 8, 5), weights=(5, 2, 2, 3)), "do not fit input")
    refused(transpose_conv((6, 8, 5)), "needs 4 dimensions")
    refused(transpose_conv((1, 6, 8, 5), stride=0), "stride 0x0 is not positive")


def test_an_output_shape_that_is_another_or_is_computed_is_refused() -> None:
    other = Constant(np.array((1, 8, 6, 5), np.int32))
    refused(transpose_conv((1, 6, 8, 5), shape=other), r"output shape \[1, 8, 6, 5\] is not")
    refused(transpose_conv((1, 6, 8, 5), shape=TensorSpec((4,), 1.0)), "constant output shape")


def test_a_bias_of_another_size_or_beyond_the_accumulator_is_refused() -> None:
    quant = Quant((0.001,), (0,))
    four, most = np.zeros(4, np.int32), np.full(5, 2**31 - 1, np.int32)
    refused(transpose_conv((1, 6, 8, 5), bias=Constant(four, quant)), r"expected int32 \[5\]")
    refused(transpose_conv((1, 6, 8, 5), bias=Constant(most, quant)), "could overflow 32 bits")


def test_places_that_no_input_reaches_are_the_bias(tmp_path: Path) -> None:
    """A kernel smaller than its stride leaves gaps, and the rest of the output after the last."""
    quant = Quant((0.001,), (0,))
    bias = Constant(np.arange(100, 600, 100).astype(np.int32), quant)
    graph = transpose_conv(
        (1, 15, 20, 5), weights=(5, 1, 1, 2), stride=5, padding=VALID, bias=bias, weight=127
    )
    x = np.full((1, 3, 4, 2), 127, np.int8)
    ((found,),) = harness.assert_equal_tflm([(graph, [x])], tmp_path)
    gaps = np.ones((15, 20), bool)
    gaps[::5, ::5] = False
    np.testing.assert_array_equal(found[0, gaps], [[-5, -3, -1, 1, 3]] * 288)
