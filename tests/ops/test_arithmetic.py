"""What roots, quotients, logarithms and sums refuse, and all their results where the interpreter's
arithmetic is odd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.refusals import accepted, refused
from tinyforge.graph import Graph

EVERY = np.arange(-128, 128).astype(np.int8)


def div(scales: tuple[float, float, float], zero_points: tuple[int, int, int]) -> Graph:
    first, second, out = zip(scales, zero_points, strict=True)
    return single_op(
        "DIV",
        inputs=[TensorSpec((256, 1), *first), TensorSpec((1, 256), *second)],
        output=TensorSpec((256, 256), *out),
    )


@pytest.mark.parametrize(
    "scales", [(1.0, 1.0, 1.0), (0.1, 0.1, 0.01), (0.1, 0.1, 1.0), (0.01, 0.5, 0.3)]
)
def test_every_quotient_equals_tflm(scales: tuple[float, float, float], tmp_path: Path) -> None:
    """Divisions by 0 among them, and quotients that the interpreter shifts by more than 31 bits."""
    graphs = [div(scales, points) for points in ((0, 0, 0), (-128, 5, -128), (127, -128, 3))]
    values = [EVERY.reshape(256, 1), EVERY.reshape(1, 256)]
    harness.assert_equal_tflm([(graph, values) for graph in graphs], tmp_path)


def test_a_quotient_too_small_for_its_output_is_1() -> None:
    """So the interpreter rounds it; what it is divided by decides from where on."""
    graph = div((0.1, 0.1, 1.0), (0, 0, 0))
    zero, one = np.zeros((256, 1), np.int8), EVERY.reshape(1, 256)
    (found,) = harness.reference(graph, [zero, one])
    assert found[0, 128 + 100] == 1
    assert found[0, 128 + 1] == 0


def test_a_quotient_out_of_range_is_refused() -> None:
    accepted(div((1.0, 2.0**-10, 2.0**-11), (0, 0, 0)))
    refused(div((1.0, 2.0**-11, 2.0**-11), (0, 0, 0)), "out of DIV's range")
    accepted(div((2.0**-13, 2.0**13, 1.0), (0, 0, 0)))
    refused(div((2.0**-13, 2.0**14, 1.0), (0, 0, 0)), "out of DIV's range")


def rsqrt(scale: float, zero_point: int, output: float) -> Graph:
    return single_op(
        "RSQRT",
        inputs=[TensorSpec((1, 256), scale, zero_point)],
        output=TensorSpec((1, 256), output, -128),
    )


def test_every_root_equals_tflm(tmp_path: Path) -> None:
    scales = [(1.0, 0.01), (0.05, 0.05), (1e-4, 1.0), (1e-6, 100.0), (100.0, 1e-3)]
    cases = [(rsqrt(scale, -128, out), [EVERY.reshape(1, 256)]) for scale, out in scales]
    harness.assert_equal_tflm(cases, tmp_path)


def test_roots_of_what_may_be_negative_are_refused() -> None:
    accepted(rsqrt(0.1, -128, 0.1))
    refused(rsqrt(0.1, -127, 0.1), "without negative values")
    refused(rsqrt(1e-20, -128, 1e-20), "out of RSQRT's range")


def test_l2_normalization_elsewhere_is_refused() -> None:
    def graph(channels: int, scale: float = 1 / 128, activation: int = 0) -> Graph:
        return single_op(
            "L2_NORMALIZATION",
            inputs=[TensorSpec((1, channels), 0.1)],
            output=TensorSpec((1, channels), scale),
            options={"fused_activation_function": activation},
        )

    accepted(graph(33025))
    refused(graph(33026), "could overflow 32 bits")
    refused(graph(5, scale=0.1), "output scale 1/128")
    refused(graph(5, activation=1), "no activation fused")


def test_long_and_short_vectors_equal_tflm(tmp_path: Path) -> None:
    """Sums of squares of all magnitudes: 0, 1, 2 and up to 31 bits."""
    spec, out = TensorSpec((4, 33025), 0.1, -128), TensorSpec((4, 33025), 1 / 128)
    graph = single_op("L2_NORMALIZATION", inputs=[spec], output=out)
    x = np.full((4, 33025), -128, np.int8)
    x[1, 5], x[2, 5:7] = -127, -127
    x[3] = 127
    harness.assert_equal_tflm([(graph, [x])], tmp_path)


def test_log_softmax_elsewhere_is_refused() -> None:
    def graph(scale: float, zero_point: int = 127, source: float = 0.1) -> Graph:
        return single_op(
            "LOG_SOFTMAX",
            inputs=[TensorSpec((1, 5), source)],
            output=TensorSpec((1, 5), scale, zero_point),
        )

    accepted(graph(1 / 16))
    refused(graph(1 / 32), "output scale 1/16")
    refused(graph(1 / 16, 0), "zero point 127")
    refused(graph(1 / 16, source=1e-9), "input scale is too small")


def test_as_many_classes_as_there_may_be_equal_tflm(tmp_path: Path) -> None:
    spec, out = TensorSpec((2, 4095), 0.1, 3), TensorSpec((2, 4095), 1 / 16, 127)
    graph = single_op("LOG_SOFTMAX", inputs=[spec], output=out)
    rng = np.random.default_rng(1)
    x = np.stack([np.zeros(4095), rng.integers(-128, 128, 4095)]).astype(np.int8)
    harness.assert_equal_tflm([(graph, [x])], tmp_path)


def add_n(count: int, scale: float = 0.1, *others: TensorSpec) -> Graph:
    spec = TensorSpec((1, 5), 0.1)
    return single_op("ADD_N", inputs=[*[spec] * count, *others], output=TensorSpec((1, 5), scale))


def test_sums_of_what_differs_are_refused() -> None:
    accepted(add_n(15))
    refused(add_n(16), "needs 2 to 15 inputs")
    refused(add_n(1), "needs 2 to 15 inputs")
    refused(add_n(2, 0.1, TensorSpec((1, 5), 0.2)), "of one scale and zero point")
    refused(add_n(2, 0.1, TensorSpec((5, 1), 0.1)), r"\[5, 1\] and \[1, 5\]")
    refused(add_n(2, 1e-8), "output scale is out of range")


def test_cumsum_refuses_several_axes() -> None:
    def graph(axis: object) -> Graph:
        spec = TensorSpec((2, 5), 0.1)
        return single_op("CUMSUM", inputs=[spec, Constant(np.array(axis, np.int32))], output=spec)

    accepted(graph([-1]))
    refused(graph([0, 1]), "2 axes")
    refused(graph(2), "axis 2 is outside 2 dimensions")
