"""The kernel for depthwise filters of 3x3: when it is offered, all its blocks, what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops import alone
from tests.ops.depthwise import (
    RELU6,
    Layer,
    assert_costs_as_estimated,
    assert_equal_tflm,
    case,
    variants,
)
from tests.ops.draw import SAME, VALID
from tinyforge.sim.toolchains import toolchain

WAY = "pairs of rows"


@pytest.mark.parametrize(
    "layer",
    [
        Layer(),
        Layer(stride=2),
        Layer(channels=7, padding=VALID),
        Layer(width=1),
        Layer(height=1),
        Layer(activation=RELU6),
        Layer(bias=2**30 - 2**20),
    ],
)
def test_is_offered(layer: Layer) -> None:
    assert [kernel.way for kernel in variants(layer)] == [WAY]


@pytest.mark.parametrize(
    "layer",
    [
        Layer(channels=3),
        Layer(kernel=(2, 2)),
        Layer(stride=3),
        Layer(dilation=2),
        Layer(multiplier=2),
        Layer(output_scale=3e-5),  # a factor above 1/2
        Layer(bias=2**31 - 2**20),  # sums that leave 32 bits when doubled
    ],
)
def test_is_not_offered(layer: Layer) -> None:
    assert WAY not in [kernel.way for kernel in variants(layer)]


@pytest.mark.parametrize(
    ("compiler", "core"),
    [("gcc", "cortex-m4"), ("zig", "cortex-m4"), ("gcc", "cortex-m7"), ("zig", "cortex-m33")],
)
def test_all_blocks_equal_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    """Rows of every width, so of every sequence of blocks."""
    layers = [
        Layer(
            width=width,
            stride=stride,
            padding=padding,
            channels=4 + width % 5,
            zero_point=(-128, 0, 127)[(width + padding) % 3],
            ties=(width + padding + stride) % 3 == 0,
        )
        for width in (*range(1, 16), 20, 25)
        for stride in (1, 2)
        for padding in (SAME, VALID)
        if width >= 3 or padding == SAME
    ]
    assert_equal_tflm([case(layer, WAY) for layer in layers], core, compiler, tmp_path)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize(
    "layer",
    [
        Layer(25, 5, 64),
        Layer(10, 48, 8, activation=RELU6, output_scale=0.1),
        Layer(12, 12, 32, stride=2),
        Layer(3, 3, 128),
        Layer(13, 7, 16, stride=2, padding=VALID),
    ],
)
def test_cycles_are_about_as_estimated(layer: Layer, compiler: str, tmp_path: Path) -> None:
    assert_costs_as_estimated(case(layer, WAY), compiler, tmp_path, within=0.1)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("stride", [1, 2])
def test_parts_of_rows_cost_about_as_estimated(stride: int, compiler: str, tmp_path: Path) -> None:
    """Rows of two windows, against rows of 24 that are divided into as many."""
    wide, narrow = (
        case(Layer(12, (n - 1) * stride + 3, 16, stride=stride, padding=VALID), WAY)
        for n in (24, 2)
    )
    whole, part = (
        alone.run(c.graph, c.kernel, c.inputs, toolchain(compiler), tmp_path).cycles
        for c in (wide, narrow)
    )
    rows, parts = wide.outputs[0].shape[1], 12
    estimated = whole + rows * (parts - 1) * wide.kernel.part
    assert estimated == pytest.approx(parts * part, rel=0.15)
