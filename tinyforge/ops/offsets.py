"""Requantization in one multiplication with an offset, where bounds prove that it is exact.

TensorFlow Lite Micro rounds twice: the doubling high product of sum and multiplier, halves up; and
that divided by a power of two, halves away from zero. Of a doubled sum the first is the upper word
of a product. The second is a right shift after half of what it drops has been added, less 1 where
the product is negative. The sum's sign does as well: a product of 0 comes to 0 either way. Where
outputs below the zero point are clamped to it, signs do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import Requantization


@dataclass(frozen=True, eq=False)
class Offsets:
    """A doubled sum's output is the upper word of its product with the multiplier, rounded; plus
    the offset, and where away less 1 if the sum is negative; all that >> shift, saturated and
    clamped. Numbers of each channel."""

    multiplier: Int
    offset: Int
    shift: Int
    away: bool


def offsets(r: Requantization, low: Int, high: Int) -> Offsets | None:
    """Of sums in [low, high], one of each a channel. None where that form is not exact: where a
    channel is shifted to the left, or not at all and signs matter, or a doubled sum leaves 32
    bits."""
    zero_point = r.output.zero_point
    away = r.low < zero_point
    multiplier, shift = (np.broadcast_to(x, low.shape) for x in (r.multiplier, -r.shift))
    if (low < -(2**30)).any() or (high >= 2**30).any():
        return None
    ends = [requantize(x, multiplier, -shift) + zero_point for x in (low, high)]
    # Channels that cannot vary, such as those of zeros, need no factor.
    constant = (ends[0] == ends[1]) & (shift >= 0)
    multiplier = np.where(constant, 0, multiplier)
    shift = np.where(constant, 1, shift)
    if (shift < int(away)).any():
        return None
    offset = (np.where(constant, ends[0], zero_point) << shift) + ((1 << shift) >> 1)
    # What the shift is applied to; 1 less, or rounded up, stays within 32 bits as well.
    reached = np.array([offset, *((2 * x * multiplier >> 32) + offset for x in (low, high))])
    if (reached <= -(2**31)).any() or (reached >= 2**31 - 1).any():
        return None
    return Offsets(multiplier, offset, shift, away)
