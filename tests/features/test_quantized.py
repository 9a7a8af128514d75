"""A sensor's steps as int8, against exact fractions of a ratio of 32 fraction bits."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tinyforge.features import quantized


@pytest.mark.parametrize(
    ("step", "scale", "zero_point"),
    [
        (0.0390625, 0.10196078568696976, -128),  # microWakeWord's
        (1 / 16384, 1 / 40, 5),
        (9.80665 / 2048, 0.6134, -3),
        (1.0, 2.0, 0),  # ties
        (1e-6, 30.0, 7),
        (16000.0, 1.0, 0),
    ],
)
def test_rounded_half_away_from_zero_and_saturated(
    step: float, scale: float, zero_point: int
) -> None:
    steps = np.array([*range(-2100, 2100), *range(-32768, 32768, 211), 65535])
    exact = Fraction(step) / Fraction(float(np.float32(scale)))
    ratio = Fraction(math.floor(exact * 2**32 + Fraction(1, 2)), 2**32)
    expected = []
    for n in steps.tolist():
        size = math.floor(abs(n) * ratio + Fraction(1, 2))
        expected.append(min(127, max(-128, (size if n >= 0 else -size) + zero_point)))
    found = quantized(steps, step, scale=scale, zero_point=zero_point)
    np.testing.assert_array_equal(found, expected)
