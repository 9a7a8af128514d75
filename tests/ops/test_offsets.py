"""Requantization with offsets against the arithmetic of TensorFlow Lite Micro, at its edges."""

from __future__ import annotations

import numpy as np
import pytest

from tinyforge.graph import DType, Quant, Tensor
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.offsets import Offsets, offsets
from tinyforge.ops.quantization import Requantization

END = 2**30  # of sums that fit 32 bits when doubled


def requantization(multiplier: int, shift: int, zero_point: int) -> Requantization:
    output = Tensor(0, "y", (1,), DType.INT8, Quant((0.1,), (zero_point,)), None)
    return Requantization(np.array([multiplier]), np.array([-shift]), output, -128, 127)


def outputs(found: Offsets, sums: Int) -> Int:
    """As the kernels compute them, in Python's own integers."""
    values = []
    for x in sums.tolist():
        upper = (2 * x * int(found.multiplier[0]) + 2**31) >> 32
        before = upper + int(found.offset[0]) - (found.away and x < 0)
        assert -(2**31) <= 2 * x < 2**31
        assert -(2**31) <= before < 2**31
        values.append(min(max(before >> int(found.shift[0]), -128), 127))
    return np.array(values)


def ends(low: int, high: int) -> tuple[Int, Int]:
    return np.array([low]), np.array([high])


@pytest.mark.parametrize("multiplier", [2**30, 2**30 + 1, 3 * 2**29, 1717986918, 2**31 - 1, 0])
@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_equals_two_roundings(multiplier: int, zero_point: int) -> None:
    """Near 0, where signs matter; at halves, which a multiplier of 2**30 makes; at the ends."""
    compared = 0
    for shift in range(32):
        r = requantization(multiplier, shift, zero_point)
        steps = (np.arange(-300, 300) << max(0, shift - 1)) + np.arange(-2, 3)[:, None]
        near = np.concatenate([np.arange(-2000, 2000), steps.ravel()])
        sums = np.concatenate([near, [-END, -END + 1, END - 1]])
        sums = np.unique(sums[(sums >= -END) & (sums < END)])
        found = offsets(r, *ends(-END, END - 1))
        if found is not None:
            assert found.away == (zero_point > -128)
            np.testing.assert_array_equal(outputs(found, sums), r.apply(sums), f"shift {shift}")
            compared += 1
    assert compared >= 20


@pytest.mark.parametrize("shift", [0, -1, -3])
def test_needs_a_right_shift(shift: int) -> None:
    assert offsets(requantization(2**30, shift, 0), *ends(-1000, 1000)) is None


@pytest.mark.parametrize("low", [-END, -END - 1])
@pytest.mark.parametrize("high", [END - 1, END])
def test_doubled_sums_have_32_bits(low: int, high: int) -> None:
    found = offsets(requantization(2**30, 9, 0), *ends(low, high))
    assert (found is not None) == (low == -END and high == END - 1)


@pytest.mark.parametrize("shift", [0, 5, 31])
def test_what_cannot_vary_needs_no_factor(shift: int) -> None:
    found = offsets(requantization(2**30, shift, -7), *ends(64, 64))
    assert found is not None
    assert outputs(found, np.array([64])) == requantization(2**30, shift, -7).apply(np.array([64]))
