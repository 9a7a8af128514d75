"""HARD_SWISH, int8: x * min(max(x + 3, 0), 6) / 6 in 16 bits."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, require, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, quantize_multiplier, rounding_divide_by_pot

_HIRES_SHIFT = 7
# The scale on which 3.0 is 2**15.
_RELUISH_SCALE = 3 / 32768
# Beyond these the interpreter's shifts are undefined, or shift in ones.
_LEAST_SHIFT, _MOST_RELUISH_SHIFT = -15, 31


def _factors(graph: Graph, op: Operator) -> tuple[tuple[int, int], tuple[int, int]]:
    """From the input, scaled up, to the output and to reluish values; multipliers are Q15.

    ForgeError where a scale is out of range. Source: HardSwishPrepare.
    """
    source, out = tensor(graph, op, 0), output(graph, op)
    hires = source.scale / (1 << _HIRES_SHIFT)
    multiplier, shift = quantize_multiplier(hires / out.scale)
    reluish_multiplier, reluish_shift = quantize_multiplier(hires / _RELUISH_SCALE)
    require(shift <= 0, "output scale is below 1/128 of the input's", graph, op)
    require(
        shift >= _LEAST_SHIFT and multiplier > 0,
        "output scale is too large for the input's",
        graph,
        op,
    )
    require(
        _LEAST_SHIFT <= reluish_shift <= _MOST_RELUISH_SHIFT,
        f"input scale {source.scale} is out of HARD_SWISH's range",
        graph,
        op,
    )
    return (_to_q15(multiplier), shift), (_to_q15(reluish_multiplier), reluish_shift)


def _to_q15(multiplier: int) -> int:
    """Q31 to Q15. Source: DownScaleInt32ToInt16Multiplier."""
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1)


def _high_mul(a: Int, multiplier: int) -> Int:
    """a * multiplier / 2**15, halves rounded up. Source: SaturatingRoundingDoublingHighMul, int16.

    multiplier: >= 0, so that nothing saturates.
    """
    return np.asarray((a * multiplier + (1 << 14)) >> 15, np.int64)


def _left(a: Int, shift: int) -> Int:
    """Source: SaturatingLeftShift of hard_swish.h."""
    return np.asarray(np.clip(a << shift, -(1 << 15), (1 << 15) - 1), np.int64)


def _reluish(hires: Int, multiplier: int, shift: int) -> Int:
    """min(max(x + 3, 0), 6) / 6 in Q15."""
    if shift > 0:  # saturation counts in the last shift only
        scaled = _left(_high_mul(_left(hires, shift - 1), multiplier), 1)
    else:
        scaled = rounding_divide_by_pot(_high_mul(hires, multiplier), -shift)
    return (scaled + (1 << 15)) >> 1


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: reference_ops::HardSwish; values are int16 throughout."""
    (multiplier, shift), reluish_factor = _factors(graph, op)
    hires = (x - tensor(graph, op, 0).zero_point) << _HIRES_SHIFT
    product = _reluish(hires, *reluish_factor) * _high_mul(hires, multiplier)
    truncated = np.sign(product) * (np.abs(product) >> 15)
    value = rounding_divide_by_pot(truncated, -shift) + output(graph, op).zero_point
    return np.clip(value, -128, 127).astype(np.int8)


OP = unary("HARD_SWISH", function)
