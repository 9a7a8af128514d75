"""3x3 convolutions of one channel or three: when kernels are offered, their blocks, their costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import alone, harness
from tests.ops.depthwise import RELU6, Layer
from tests.ops.draw import SAME, VALID, Random
from tests.ops.on_core import Case
from tests.ops.variants import cases_of, check_on_core, check_portable, check_within_memory
from tinyforge.graph import Graph, Quant, Tensor
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.sim.toolchains import toolchain

WAYS = {1: "one channel, pairs of rows", 3: "three channels, pairs of rows"}
M4 = TARGETS["cortex-m4"]


def few(inputs: int, outputs: int = 4, **fields: object) -> Graph:
    """A convolution with the weights and biases of a depthwise layer that makes as many channels of
    one as it has pairs of input and output."""
    layer = Layer(channels=1, multiplier=inputs * outputs, **fields)  # type: ignore[arg-type]
    graph = layer.graph()
    (op,) = graph.operators
    source, weights, bias, out = graph.tensors
    assert weights.data is not None
    assert bias.data is not None
    filters = np.moveaxis(weights.data.reshape(*layer.kernel, inputs, outputs), 3, 0)
    tensors = (
        replace(source, shape=(*source.shape[:3], inputs)),
        replace(_of(weights, outputs), shape=filters.shape, data=filters),
        replace(_of(bias, outputs), shape=(outputs,), data=bias.data[:outputs]),
        replace(out, shape=(*out.shape[:3], outputs)),
    )
    options = {k: v for k, v in op.options.items() if k != "depth_multiplier"}
    return replace(graph, tensors=tensors, operators=(replace(op, op="CONV_2D", options=options),))


def _of(t: Tensor, outputs: int) -> Tensor:
    """With scales of so many output channels, which come first."""
    assert t.quant is not None
    return replace(t, quant=Quant(t.quant.scale[:outputs], (0,) * outputs, 0))


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    """One, or none."""
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, M4) if k.way in WAYS.values())


@pytest.mark.parametrize("inputs", WAYS)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stride": 2},
        {"outputs": 7, "padding": VALID},
        {"width": 1},
        {"height": 1},
        {"activation": RELU6},
        {"bias": 2**30 - 2**21},
    ],
)
def test_is_offered(inputs: int, fields: dict[str, int]) -> None:
    graph = few(inputs, **fields)
    assert [kernel.way for kernel in kernels(graph)] == [WAYS[inputs]]
    (op,) = graph.operators
    assert WAYS[inputs] not in {kernel.way for kernel in OPS[op.op].variants(graph, op, ANY)}


@pytest.mark.parametrize("inputs", WAYS)
@pytest.mark.parametrize(
    "fields",
    [
        {"outputs": 3},
        {"kernel": (2, 2)},
        {"kernel": (3, 4)},
        {"stride": 3},
        {"dilation": 2},
        {"output_scale": 3e-5},  # a factor above 1/2
        {"bias": 2**31 - 2**20},  # sums that leave 32 bits when doubled
    ],
)
def test_is_not_offered(inputs: int, fields: dict[str, Any]) -> None:
    assert not kernels(few(inputs, **fields))


def test_other_numbers_of_channels_are_left_to_others() -> None:
    assert not any(kernels(few(inputs)) for inputs in (2, 4, 5))


def graphs() -> Iterator[Graph]:
    """Rows of every width, so of every sequence of blocks; padding on every side; ties; clamps."""
    widths = (*range(1, 16), 20, 25)
    for width, stride, padding, inputs in product(widths, (1, 2), (SAME, VALID), WAYS):
        if width < 3 and padding == VALID:
            continue
        yield few(
            inputs,
            4 + width % 5,
            width=width,
            height=3 + width % 4,
            stride=stride,
            padding=padding,
            zero_point=(-128, 0, 127)[(width + padding) % 3],
            ties=(width + padding + stride) % 3 == 0,
            activation=RELU6 * (width % 2),
            output_scale=0.2,
        )
    yield from (few(inputs, 5, height=1, width=1) for inputs in WAYS)


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Random)


def test_the_portable_kernels_equal_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("specialized", [False, True])
def test_the_kernels_of_a_core_equal_tflm(compiler: str, specialized: bool, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, specialized=specialized)


def test_they_stay_within_their_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("inputs", WAYS)
@pytest.mark.parametrize(
    "fields",
    [
        {"outputs": 12, "height": 26, "width": 26, "padding": VALID},
        {"outputs": 16, "height": 28, "width": 28},
        {"outputs": 6, "height": 20, "width": 49, "stride": 2},
        {"outputs": 32, "height": 13, "width": 13, "stride": 2, "padding": VALID},
        {"outputs": 8, "height": 12, "width": 12, "activation": RELU6, "output_scale": 0.1},
    ],
)
def test_cycles_are_about_as_estimated(
    inputs: int, fields: dict[str, int], compiler: str, tmp_path: Path
) -> None:
    """And the kernel that they choose is hardly slower than any other."""
    graph = few(inputs, **fields)
    (op,) = graph.operators
    x = np.random.default_rng(0).integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (expected,) = harness.tflm(graph, [x])
    cycles, estimates = {}, {}
    for kernel in OPS[op.op].variants(graph, op, M4):
        found = alone.run(graph, kernel, [x], toolchain(compiler), tmp_path)
        np.testing.assert_array_equal(found.output, expected, kernel.way)
        assert kernel.cycles is not None
        cycles[kernel.way], estimates[kernel.way] = found.cycles, kernel.cycles
    assert estimates[WAYS[inputs]] == pytest.approx(cycles[WAYS[inputs]], rel=0.1)
    chosen = min(estimates, key=lambda way: estimates[way])
    assert cycles[chosen] <= 1.1 * min(cycles.values())
