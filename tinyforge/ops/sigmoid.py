"""LOGISTIC and TANH, int8: curves whose output has a scale of its own, whatever the model says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Op, output, require, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import (
    Int,
    input_radius,
    requantize,
    round_half_away,
    rounding_divide_by_pot,
)

_INTEGER_BITS = 4

# (Q4 values, their integer bits) to Q0.
Curve = Callable[[Int, int], Int]


def sigmoid(name: str, curve: Curve, fraction_bits: int, zero_point: int) -> Op:
    """An operator from its curve; the output's scale is 2**-fraction_bits.

    Source: reference_integer_ops::Logistic and Tanh, which differ in nothing else, but that TFLM
    runs TANH with other zero points, and returns the same values.
    """

    def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
        require(
            output(graph, op).zero_point == zero_point,
            f"{name} needs output zero point {zero_point}",
            graph,
            op,
        )
        multiplier, shift = _multiplier(graph, op)
        radius = input_radius(_INTEGER_BITS, shift)
        centred = x - tensor(graph, op, 0).zero_point
        inside = np.clip(centred, -radius + 1, radius - 1)  # saturated below; keeps this defined
        q0 = curve(requantize(inside, multiplier, shift), _INTEGER_BITS)
        rounded = rounding_divide_by_pot(q0, 31 - fraction_bits) + zero_point
        result = np.clip(rounded, -128, 127)
        result = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))
        return result.astype(np.int8)

    return unary(name, function)


def _multiplier(graph: Graph, op: Operator) -> tuple[int, int]:
    scale = tensor(graph, op, 0).scale
    fraction, shift = math.frexp(scale * 2.0 ** (31 - _INTEGER_BITS))
    require(0 <= shift <= 30, f"input scale {scale} is out of {op.op}'s range", graph, op)
    return round_half_away(fraction * 2**31), shift
