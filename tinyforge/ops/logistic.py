"""LOGISTIC (sigmoid), int8."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, require, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import (
    input_radius,
    logistic,
    requantize,
    round_half_away,
    rounding_divide_by_pot,
)

_INTEGER_BITS = 4


def _multiplier(graph: Graph, op: Operator) -> tuple[int, int]:
    fraction, shift = math.frexp(tensor(graph, op, 0).scale * 2.0 ** (31 - _INTEGER_BITS))
    return round_half_away(fraction * 2**31), shift


def check(graph: Graph, op: Operator) -> None:
    require(
        output(graph, op).zero_point == -128, "LOGISTIC needs output zero point -128", graph, op
    )
    multiplier, shift = _multiplier(graph, op)
    require(
        0 <= shift <= 30 and multiplier < 2**31,
        f"input scale {tensor(graph, op, 0).scale} is out of LOGISTIC's range",
        graph,
        op,
    )


def function(graph: Graph, op: Operator, x: npt.NDArray[np.int64]) -> Int8Array:
    """Source: reference_integer_ops::Logistic. Whatever the output scale says, it is 1/256."""
    multiplier, shift = _multiplier(graph, op)
    radius = input_radius(_INTEGER_BITS, shift)
    centred = x - tensor(graph, op, 0).zero_point
    inside = np.clip(centred, -radius + 1, radius - 1)  # saturated below; keeps this defined
    q0 = logistic(requantize(inside, multiplier, shift), _INTEGER_BITS)
    result = np.clip(rounding_divide_by_pot(q0, 23) - 128, -128, 127)
    result = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))
    return result.astype(np.int8)


OP = unary("LOGISTIC", function, check)
