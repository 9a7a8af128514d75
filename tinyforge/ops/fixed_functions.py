"""Roots, reciprocals and logarithms in TensorFlow Lite Micro's fixed-point arithmetic, in NumPy.

As in fixed_point.py: int64 arrays that hold int32 values. Source: TensorFlow Lite's
kernels/internal/common.h.
"""

from __future__ import annotations

import numpy as np

from tinyforge.ops.fixed_point import (
    INT32_MAX,
    Int,
    doubling_high_mul,
    one_over_one_plus_x,
    rounding_divide_by_pot,
    saturating_left_shift,
    wrap32,
)

_HALF_SQRT_2 = 1518500250  # Q0


def leading_zeros(x: Int) -> Int:
    """Of 32 bits; x >= 0."""
    bits = np.ceil(np.log2(x.astype(np.float64) + 1)).astype(np.int64)
    return np.asarray(32 - bits, np.int64)


def _shift_left(x: Int, exponent: Int) -> Int:
    """x * 2**exponent for x >= 0, saturated."""
    return np.asarray(np.minimum(x << exponent, INT32_MAX), np.int64)


def inverse_square_root(x: Int) -> tuple[Int, Int]:
    """1 / sqrt(x) for x >= 0, as a multiplier and a shift, as requantize takes them; 1 for 0.

    Source: GetInvSqrtQuantizedMultiplierExp, with its reverse shift of -1.
    """
    value = np.maximum(x, 2)
    shift = np.full(x.shape, 11, np.int64)
    while (large := value >= 1 << 29).any():
        value = np.where(large, value // 4, value)
        shift = shift + large
    pairs = (leading_zeros(value) - 1) // 2 - 1
    shift = shift - pairs
    value = value << (2 * pairs)
    half = rounding_divide_by_pot(value >> 1, 1)  # Q3
    root = np.full(x.shape, 1 << 28, np.int64)
    for _ in range(5):
        square = doubling_high_mul(root, root)
        cube = saturating_left_shift(doubling_high_mul(square, root), 6)
        term = doubling_high_mul((1 << 28) + (1 << 27), root) - doubling_high_mul(half, cube)
        root = saturating_left_shift(term, 3)
    root = doubling_high_mul(root, _HALF_SQRT_2)
    root = wrap32(root << np.maximum(-shift, 0))
    tiny = x <= 1
    return np.where(tiny, INT32_MAX, root), np.where(tiny, 0, -np.maximum(shift, 0))


# What the interpreter makes of 1 / 0: its arithmetic, which there wraps.
_RECIPROCAL_OF_0 = -1515870788


def reciprocal(x: Int) -> tuple[Int, Int]:
    """1 / x for 0 <= x < 2**31, as a Q0 multiplier and how many bits x has above 1.

    Source: GetReciprocal with 31 integer digits.
    """
    zeros = leading_zeros(x)
    fraction = np.where(x > 0, (x << zeros) - (1 << 31), 0)
    return np.where(x > 0, one_over_one_plus_x(fraction), _RECIPROCAL_OF_0), 31 - zeros


def log(x: Int, integer_bits: int, output_bits: int) -> Int:
    """log(x) for x >= 1. x: Q(integer_bits). Returns Q(output_bits).

    Source: log_x_for_x_greater_than_or_equal_to_1, which rounds x to a power of two, or to one
    times sqrt(2), and takes the logarithm of the rest from a rational function.
    """
    bits = 31 - (output_bits + 1)  # of fractions, while sums are taken
    quarter = np.int64(1 << (bits - 2))
    zeros = leading_zeros(x)
    scaled = doubling_high_mul(_shift_left(x, zeros - 1), _HALF_SQRT_2)
    first = saturating_left_shift(scaled, 1)
    first_power = ((integer_bits - zeros) << bits) + quarter
    headroom = leading_zeros(doubling_high_mul(x, _HALF_SQRT_2)) - 1
    second = _shift_left(x, headroom)
    second_power = ((integer_bits - headroom) << bits) - quarter
    power = np.maximum(first_power, second_power)
    rest = np.minimum(first, second)

    sqrt_sqrt_half = 1805811301
    total = rest + sqrt_sqrt_half
    p = (total + 1) >> 1
    q = 2 * (rest - sqrt_sqrt_half)
    square = doubling_high_mul(q, q)
    numerator = doubling_high_mul(q, rest)
    numerator = numerator + doubling_high_mul(doubling_high_mul(q, square), 117049297)
    denominator = doubling_high_mul(p, 1057819769 + q + doubling_high_mul(square, 127690142))
    denominator = denominator + doubling_high_mul(q, 638450708)
    fraction = rounding_divide_by_pot(numerator, output_bits + 1)
    value = doubling_high_mul(power, 1488522236)  # log(2)
    value = value + doubling_high_mul(fraction, one_over_one_plus_x(denominator))
    return saturating_left_shift(value, 1)
