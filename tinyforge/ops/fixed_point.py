"""TensorFlow Lite Micro's fixed-point arithmetic, in NumPy.

Every function works on int64 arrays that hold int32 values and returns the same, so that nothing
overflows on the way; where the C++ wraps at 32 bits, `wrap32` does. Source: gemmlowp
fixedpoint/fixedpoint.h and TensorFlow Lite's quantization_util.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def wrap32(x: Int) -> Int:
    """Two's complement wrap to 32 bits."""
    return ((x + 2**31) % 2**32) - 2**31


def round_half_away(x: float) -> int:
    """std::round: the nearest integer, halves away from zero."""
    whole = math.trunc(x)  # x + 0.5 could itself round up
    return whole + (1 if x > 0 else -1) if abs(x - whole) >= 0.5 else whole


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A real factor >= 0 as (multiplier, shift): multiplier * 2**(shift - 31).

    multiplier: Q31, in [2**30, 2**31) or 0. shift: power of two, < 0 is right.
    Source: QuantizeMultiplier. Factors below 2**-31 or so become 0, as there.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2**31)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def doubling_high_mul(a: Int | int, b: Int | int) -> Int:
    """a * b / 2**31, rounded, halves up; saturates the one product that does not fit.

    Source: gemmlowp SaturatingRoundingDoublingHighMul. Its division truncates and its nudge
    depends on the sign, which together is floor(a*b / 2**31 + 1/2).
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.asarray(np.minimum((product + (1 << 30)) >> 31, INT32_MAX), np.int64)


def rounding_divide_by_pot(x: Int, exponent: Int | int) -> Int:
    """x / 2**exponent, rounded, halves away from zero. exponent in [0, 31].

    Source: gemmlowp RoundingDivideByPOT.
    """
    mask = (np.int64(1) << np.asarray(exponent, np.int64)) - 1
    threshold = (mask >> 1) + (x < 0)
    return np.asarray((x >> exponent) + ((x & mask) > threshold), np.int64)


def requantize(acc: npt.NDArray[Any], multiplier: Int | int, shift: Int | int) -> Int:
    """int32 accumulators to int32, TFLM double rounding.

    acc: any shape. multiplier: Q31, in [2**30, 2**31) or 0; shift: power of two in [-31, 30],
    < 0 is right; both scalars or arrays that broadcast against acc.
    Source: MultiplyByQuantizedMultiplier (double rounding form).
    """
    left = np.maximum(shift, 0)
    right = np.maximum(-np.asarray(shift), 0)
    shifted = wrap32(np.asarray(acc, np.int64) << left)
    return rounding_divide_by_pot(doubling_high_mul(shifted, multiplier), right)


def reduced_multiplier(multiplier: Int | int) -> Int:
    """A Q31 multiplier as Q15, for int64 values. Source: MultiplyByQuantizedMultiplier of int64."""
    return np.asarray(np.minimum((np.asarray(multiplier, np.int64) + (1 << 15)) >> 16, 0x7FFF))


def requantize_wide(acc: npt.NDArray[Any], multiplier: Int | int, shift: Int | int) -> Int:
    """int64 accumulators below 2**47 to int32, rounded once, halves up.

    multiplier: Q31, in [2**30, 2**31) or 0; shift: power of two in [-31, 7], < 0 is right; both
    scalars or arrays that broadcast against acc.
    Source: MultiplyByQuantizedMultiplier of int64.
    """
    right = 15 - np.asarray(shift, np.int64)
    product = np.asarray(acc, np.int64) * reduced_multiplier(multiplier)
    return wrap32((product + (np.int64(1) << (right - 1))) >> right)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The largest |input| that a fixed-point function with so many integer bits can take.

    Source: CalculateInputRadius with 31 signed bits.
    """
    return math.floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << left_shift))


def saturating_left_shift(x: Int, exponent: int) -> Int:
    """x * 2**exponent, saturated to int32. Source: gemmlowp SaturatingRoundingMultiplyByPOT."""
    return np.asarray(np.clip(x << exponent, INT32_MIN, INT32_MAX), np.int64)


def exp_on_negative_values(a: Int, integer_bits: int) -> Int:
    """exp(a) for a <= 0. a: Q(integer_bits), integer_bits <= 5. Returns Q0.

    Source: gemmlowp exp_on_negative_values.
    """
    fractional_bits = 31 - integer_bits
    quarter = np.int64(1) << (fractional_bits - 2)
    a_mod_quarter = (a & (quarter - 1)) - quarter
    result = _exp_between_minus_quarter_and_0(saturating_left_shift(a_mod_quarter, integer_bits))
    remainder = a_mod_quarter - a
    # Q0 constants exp(-2**e) for e = -2, -1, ...
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for exponent, factor in zip(range(-2, integer_bits), factors, strict=False):
        bit = np.int64(1) << (fractional_bits + exponent)
        result = np.where(remainder & bit, doubling_high_mul(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _exp_between_minus_quarter_and_0(a: Int) -> Int:
    """exp(a) for -1/4 <= a < 0, Q0 to Q0: a Taylor expansion around -1/8."""
    exp_minus_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = doubling_high_mul(x, x)
    x3 = doubling_high_mul(x2, x)
    x4 = doubling_high_mul(x2, x2)
    x4_over_4 = rounding_divide_by_pot(x4, 2)
    tail = rounding_divide_by_pot(doubling_high_mul(x4_over_4 + x3, third) + x2, 1)
    return exp_minus_eighth + doubling_high_mul(x + tail, exp_minus_eighth)


def _reciprocal_of_half(a: Int) -> Int:
    """2 / (1 + a) for a in [0, 1), Q0 to Q2: three Newton-Raphson steps."""
    half_denominator = (a + INT32_MAX + 1) >> 1
    x = 1515870810 + doubling_high_mul(half_denominator, -1010580540)  # Q2: 48/17 - 32/17 * d
    for _ in range(3):
        error = (1 << 29) - doubling_high_mul(half_denominator, x)
        x = x + saturating_left_shift(doubling_high_mul(x, error), 2)
    return x


def one_over_one_plus_x(a: Int) -> Int:
    """1 / (1 + a) for a in [0, 1), Q0 to Q0. Source: gemmlowp one_over_one_plus_x_for_x_in_0_1."""
    return saturating_left_shift(_reciprocal_of_half(a), 1)


def one_minus_x_over_one_plus_x(a: Int) -> Int:
    """(1 - a) / (1 + a) for a in [0, 1), Q0 to Q0.

    Source: gemmlowp one_minus_x_over_one_plus_x_for_x_in_0_1.
    """
    return saturating_left_shift(_reciprocal_of_half(a) - (1 << 29), 2)


def logistic(a: Int, integer_bits: int) -> Int:
    """1 / (1 + exp(-a)). a: Q(integer_bits). Returns Q0. Source: gemmlowp logistic."""
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, INT32_MAX - positive))


def tanh(a: Int, integer_bits: int) -> Int:
    """tanh(a). a: Q(integer_bits), integer_bits <= 4. Returns Q0. Source: gemmlowp tanh."""
    # The same bits with one more integer bit are twice the value.
    magnitude = one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(a), integer_bits + 1))
    return np.where(a == 0, 0, np.where(a > 0, magnitude, -magnitude))
