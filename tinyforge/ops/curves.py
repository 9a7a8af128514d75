"""Sigmoid and tanh of int16 values: one table, between whose values they interpolate.

Both take three times a Q3.12 number, on which scale the table has a value every 512 steps, and give
Q0.15. firmware/kernels/curves.h has them under the same names.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.ops.fixed_point import Int


def _sigmoid_table() -> npt.NDArray[np.int64]:
    """sigmoid(i / 24) as Q0.16, 256 values between which the curves interpolate.

    Each is moved by half of what a chord of that length is off by, so that chords lie on both sides
    of the curve. The last one is where it saturates. Source: sigmoid_table_uint16.
    """
    i = np.arange(256)
    curve, before, after = (65536 / (1 + np.exp(-(i + d) / 24)) for d in (0, -0.5, 0.5))
    table = np.floor(curve + (curve - (before + after) / 2) / 2 + 0.5).astype(np.int64)
    table[-1] = 65535
    return table


SIGMOID_TABLE = _sigmoid_table()


def _interpolated(magnitude: Int, bits: int, most: int) -> Int:
    """The table's function of magnitude / 2**bits, times 2**bits; most beyond the table."""
    i = np.minimum(magnitude >> bits, 254)
    low, high = SIGMOID_TABLE[i], SIGMOID_TABLE[i + 1]
    inside = (low << bits) + (magnitude & ((1 << bits) - 1)) * (high - low)
    return np.where(magnitude >> bits > 254, most << bits, inside)


def scaled(x: Int, multiplier: int, shift: int) -> Int:
    """x * multiplier / 2**shift, halves up: what a curve takes of x."""
    return np.asarray((x * multiplier + ((1 << shift) >> 1)) >> shift, np.int64)


def sigmoid(x: Int) -> Int:
    """Source: reference_integer_ops::Logistic of int16."""
    value = _interpolated(np.abs(x), 9, 65534)
    return np.where(x < 0, (1 << 25) - value + 511, value + 512) >> 10


def tanh(x: Int) -> Int:
    """2 * sigmoid(2 * x) - 1. Source: reference_integer_ops::Tanh of int16."""
    value = _interpolated(np.abs(x), 8, 65535) - (1 << 23)
    return np.where(x < 0, -value + 127, value + 128) >> 8
