"""DIV, int8: the first value times the reciprocal of the second."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Values, output, require, tensor
from tinyforge.ops.binary import Scaling, binary, scaling_of
from tinyforge.ops.fixed_functions import leading_zeros, reciprocal
from tinyforge.ops.fixed_point import (
    Int,
    doubling_high_mul,
    quantize_multiplier,
    rounding_divide_by_pot,
    wrap32,
)

# Beyond these the interpreter would shift the wrong way, or by more than 64.
_LEAST_SHIFT, _MOST_SHIFT = -25, 22


def scaling(graph: Graph, op: Operator) -> Scaling:
    """Source: CalculateOpDataDiv."""
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    factor = quantize_multiplier(first.scale / (second.scale * out.scale))
    require(
        factor[0] > 0 and _LEAST_SHIFT <= factor[1] <= _MOST_SHIFT,
        "output scale is out of DIV's range for those of its inputs",
        graph,
        op,
    )
    return scaling_of(graph, op, output_factor=factor)


def _sign_bits(x: Int) -> Int:
    """That repeat the first one. Source: CountLeadingSignBits, of int32."""
    return leading_zeros(np.where(x < 0, ~x, x)) - 1


def _divided_by_pot(x: Int, exponent: Int) -> Int:
    """x / 2**exponent, rounded, halves away from zero, for exponents below 32.

    From 32 on what RoundingDivideByPOT makes of it on the interpreter's x86-64, where the mask of
    the bits that go is all ones and shifts are by the exponent's last five bits: a quotient that is
    too small for its output comes out as 1, or far too large.
    """
    near = rounding_divide_by_pot(x, np.minimum(exponent, 31))
    return np.where(exponent < 32, near, (x >> (exponent & 31)) + (x >= 0))


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_ops::DivElementwise. What it makes of a division by 0 is not infinite."""
    a, b = np.broadcast_arrays(first - s.first_zero_point, second - s.second_zero_point)
    a, b = np.where(b < 0, -a, a), np.abs(b)
    inverse, bits = reciprocal(b)
    headroom = _sign_bits(a)
    quotient = doubling_high_mul(wrap32(a << headroom), inverse)
    multiplier, shift = s.output
    exponent = headroom + bits - shift
    scaled = _divided_by_pot(doubling_high_mul(quotient, multiplier), exponent)
    return s.clamped(scaled + s.output_zero_point)


OP = binary("DIV", scaling, function)
