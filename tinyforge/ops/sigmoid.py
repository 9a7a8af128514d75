"""LOGISTIC and TANH, int8: curves whose output has a scale of its own, whatever the model says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

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

    Source: reference_integer_ops::Logistic and Tanh, which differ in nothing else.
    """

    def check(graph: Graph, op: Operator) -> None:
        require(
            output(graph, op).zero_point == zero_point,
            f"{name} needs output zero point {zero_point}",
            graph,
            op,
        )
        multiplier, shift = _multiplier(graph, op)
        require(
            0 <= shift <= 30 and multiplier < 2**31,
            f"input scale {tensor(graph, op, 0).scale} is out of {name}'s range",
            graph,
            op,
        )

    def function(graph: Graph, op: Operator, x: npt.NDArray[np.int64]) -> Int8Array:
        multiplier, shift = _multiplier(graph, op)
        radius = input_radius(_INTEGER_BITS, shift)
        centred = x - tensor(graph, op, 0).zero_point
        inside = np.clip(centred, -radius + 1, radius - 1)  # saturated below; keeps this defined
        q0 = curve(requantize(inside, multiplier, shift), _INTEGER_BITS)
        rounded = rounding_divide_by_pot(q0, 31 - fraction_bits) + zero_point
        result = np.clip(rounded, -128, 127)
        result = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))
        return result.astype(np.int8)

    return unary(name, function, check)


def _multiplier(graph: Graph, op: Operator) -> tuple[int, int]:
    fraction, shift = math.frexp(tensor(graph, op, 0).scale * 2.0 ** (31 - _INTEGER_BITS))
    return round_half_away(fraction * 2**31), shift
