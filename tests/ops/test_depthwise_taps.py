"""The kernel for depthwise filters of any size: when it is offered, on cores, what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.depthwise import (
    RELU6,
    Layer,
    assert_costs_as_estimated,
    assert_equal_tflm,
    case,
    variants,
)
from tests.ops.draw import SAME, VALID

WAY = "pairs of taps"


@pytest.mark.parametrize(
    ("layer", "offered"),
    [
        (Layer(kernel=(2, 2)), True),
        (Layer(stride=3), True),
        (Layer(dilation=2), True),
        (Layer(kernel=(1, 1)), True),
        (Layer(), False),  # another is quicker
        (Layer(kernel=(5, 5), channels=3), False),
        (Layer(kernel=(5, 5), multiplier=2), False),
        (Layer(kernel=(5, 5), output_scale=3e-5), False),  # a factor above 1/2
        (Layer(kernel=(5, 5), bias=2**31 - 2**20), False),  # doubled, it leaves 32 bits
    ],
)
def test_is_offered_where_it_is_exact(layer: Layer, *, offered: bool) -> None:
    assert [kernel.way for kernel in variants(layer)].count(WAY) == offered


@pytest.mark.parametrize(
    ("compiler", "core"),
    [("gcc", "cortex-m4"), ("zig", "cortex-m4"), ("gcc", "cortex-m33"), ("zig", "cortex-m0plus")],
)
def test_equals_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    """Odd and even taps, channels of any number, padding of 127 and -128, halves both ways."""
    windows = [((5, 5), 1, 1), ((9, 1), 1, 1), ((1, 3), 2, 1), ((2, 4), 3, 1), ((3, 3), 1, 2)]
    layers = [
        Layer(
            height=9,
            width=9,
            channels=channels,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            padding=padding,
            zero_point=zero_point,
            ties=zero_point == 0,
            activation=RELU6 * (channels == 7),
        )
        for kernel, stride, dilation in windows
        for channels, zero_point in ((4, -128), (7, 127), (8, 0))
        for padding in (SAME, VALID)
    ]
    assert_equal_tflm([case(layer, WAY) for layer in layers], core, compiler, tmp_path)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize(
    "layer",
    [
        Layer(49, 1, 64, kernel=(9, 1)),
        Layer(8, 8, 32, kernel=(5, 5)),
        Layer(20, 1, 18, kernel=(3, 1), stride=2),
    ],
)
def test_cycles_are_about_as_estimated(layer: Layer, compiler: str, tmp_path: Path) -> None:
    """Compilers differ in how they find the taps."""
    assert_costs_as_estimated(case(layer, WAY), compiler, tmp_path, within=0.2)
