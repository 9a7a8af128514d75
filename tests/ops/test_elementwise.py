"""What the operators on one value at a time refuse, and all their results at extreme scales."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import GraphBuilder, TensorSpec, single_op
from tests.ops import harness
from tests.ops.case_elementwise import CASES
from tests.ops.refusals import accepted, refused
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS

# The operators whose results have one output scale, and those that a factor takes to any.
FIXED = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
FACTORED = ("ABS", "LEAKY_RELU", "QUANTIZE", "RELU")
FREE = (*FACTORED, "ELU", "HARD_SWISH")
SHAPE = (1, 256)


def unary(
    name: str,
    scales: tuple[float, float],
    zero_points: tuple[int, int] = (0, 0),
    shape: tuple[int, ...] = SHAPE,
    **options: float,
) -> Graph:
    return single_op(
        name,
        inputs=[TensorSpec(SHAPE, scales[0], zero_points[0])],
        output=TensorSpec(shape, scales[1], zero_points[1]),
        options=options,
    )


@pytest.mark.parametrize("name", CASES)
def test_another_shape_is_refused(name: str) -> None:
    scale, zero_point = FIXED.get(name, (0.1, 0))
    accepted(unary(name, (0.1, scale), (0, zero_point)))
    refused(unary(name, (0.1, scale), (0, zero_point), (256, 1)), r"\[1, 256\] in, \[256, 1\] out")


@pytest.mark.parametrize("name", FACTORED)
def test_a_factor_that_overflows_is_refused(name: str) -> None:
    """255 times the factor must fit 31 bits."""
    accepted(unary(name, (2.0**22, 1.0)))
    refused(unary(name, (2.0**23, 1.0)), "output scale is too small")
    refused(unary(name, (2.0**120, 1.0)), "output scale is too small")
    refused(unary(name, (3e38, 1e-37)), "output scale is too small")


def test_a_slope_that_overflows_is_refused() -> None:
    for alpha in (2.0**22, -(2.0**22)):
        accepted(unary("LEAKY_RELU", (1.0, 1.0), alpha=alpha))
        refused(unary("LEAKY_RELU", (1.0, 1.0), alpha=2 * alpha), "output scale is too small")
    refused(unary("LEAKY_RELU", (3e38, 1e-37), alpha=3e38), "output scale is too small")


@pytest.mark.parametrize("name", FIXED)
def test_curves_elsewhere_than_where_they_are_are_refused(name: str) -> None:
    scale, zero_point = FIXED[name]
    refused(unary(name, (0.1, scale), (0, 1)), f"output zero point {zero_point}")
    accepted(unary(name, (7.9, scale), (0, zero_point)))
    refused(unary(name, (8.0, scale), (0, zero_point)), "out of .*'s range")
    refused(unary(name, (2.0**-29, scale), (0, zero_point)), "out of .*'s range")


def test_hard_swish_that_its_16_bits_do_not_hold_is_refused() -> None:
    accepted(unary("HARD_SWISH", (127.9, 1.0)))
    refused(unary("HARD_SWISH", (128.0, 1.0)), "below 1/128 of the input's")
    refused(unary("HARD_SWISH", (3e38, 1e-37)), "below 1/128 of the input's")
    accepted(unary("HARD_SWISH", (1.0, 511.0)))
    refused(unary("HARD_SWISH", (1.0, 513.0)), "output scale is too large")
    refused(unary("HARD_SWISH", (1e-37, 3e38)), "output scale is too large")
    accepted(unary("HARD_SWISH", (4e-7, 4e-7)))
    refused(unary("HARD_SWISH", (1e-7, 1e-7)), "out of HARD_SWISH's range")
    accepted(unary("HARD_SWISH", (1e7, 1e7)))
    refused(unary("HARD_SWISH", (1e8, 1e8)), "out of HARD_SWISH's range")


def test_elu_beyond_int32_is_refused() -> None:
    accepted(unary("ELU", (2.0**21, 1.0)))
    refused(unary("ELU", (2.0**22, 1.0)), "output scale is too small")
    refused(unary("ELU", (1e-10, 1e-10)), "output scale is too small")


@pytest.mark.parametrize("name", CASES)
def test_a_constant_is_refused(name: str) -> None:
    scale, zero_point = FIXED.get(name, (0.1, 0))
    b = GraphBuilder()
    x = b.input(SHAPE, scale, zero_point)
    folded = b.op(name, [b.constant(np.zeros(SHAPE, np.int8), Quant((0.1,), (0,)))], SHAPE, scale,
                  zero_point)  # fmt: skip
    graph = b.build([b.op("ADD", [x, folded], SHAPE, scale)])
    with pytest.raises(ForgeError, match=f"{name} of a constant"):
        OPS[name].check(graph, graph.operators[0])


# (input, output): equal scales, a shift either way, and the ends of what is accepted.
SCALES = [(0.05, 0.05), (3e-3, 1.0), (0.7, 0.011), (100.0, 1.0), (1e-6, 3e-6), (1e-2, 1e-4)]
ENDS = {
    "ABS": [(2.0**22, 1.0), (1e-30, 1e30)],
    "ELU": [(2.0**21, 1.0)],
    "HARD_SWISH": [(127.9, 1.0), (1.0, 511.0), (4e-7, 4e-7), (1e7, 1e7)],
    "LEAKY_RELU": [(2.0**22, 1.0), (1e-30, 1e30)],
    "QUANTIZE": [(2.0**22, 1.0), (1e-30, 1e30)],
    "RELU": [(2.0**22, 1.0), (1e-30, 1e30)],
}


@pytest.mark.parametrize("name", FREE)
def test_every_value_equals_tflm(name: str, tmp_path: Path) -> None:
    options = [{"alpha": a} for a in (0.0, 0.3, -1.7)] if name == "LEAKY_RELU" else [{}]
    graphs = [
        unary(name, scales, zero_points, **chosen)
        for scales in (*SCALES, *ENDS[name])
        for zero_points in ((-128, -128), (127, -128), (0, 127), (-3, 5))
        for chosen in options
    ]
    values = np.arange(-128, 128).astype(np.int8).reshape(SHAPE)
    harness.assert_equal_tflm([(graph, [values]) for graph in graphs], tmp_path)
