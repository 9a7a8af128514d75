"""LOGISTIC and TANH, int8 or int16: curves whose output has a scale of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import curves
from tinyforge.ops.base import Kernel, Op, Table, Values, output, require, tensor
from tinyforge.ops.elementwise import elementwise_kernel, unary
from tinyforge.ops.fixed_point import (
    Int,
    input_radius,
    requantize,
    round_half_away,
    rounding_divide_by_pot,
)
from tinyforge.ops.quantization import saturated

_INTEGER_BITS = 4

# (Q4 values, their integer bits) to Q0.
Curve = Callable[[Int, int], Int]
# One of curves.py.
WideCurve = Callable[[Int], Int]


def sigmoid(
    name: str, curve: Curve, wide_curve: WideCurve, fraction_bits: int, zero_point: int
) -> Op:
    """An operator from its curves of int8 and int16; the output's scale is 2**-fraction_bits, of
    int16 2**-15.

    Source: reference_integer_ops::Logistic and Tanh, which differ in nothing else, but that TFLM
    runs TANH with other zero points, and returns the same values.
    """
    # Beside 2**-12 the input scales that TFLM takes as they are: tanh's also at twice that.
    exact = (0,) if name == "LOGISTIC" else (0, 1)

    def function(graph: Graph, op: Operator, x: Int) -> Values:
        if output(graph, op).dtype is DType.INT16:
            _require_q15(graph, op)
            factor = _wide_factor(graph, op, exact)
            return saturated(wide_curve(curves.scaled(x, *factor)), output(graph, op))
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

    def wide(graph: Graph, op: Operator) -> Kernel:
        multiplier, shift = _wide_factor(graph, op, exact)
        return elementwise_kernel(
            graph,
            op,
            "forge_curve_i16",
            f"forge_{name.lower()}_i16_run",
            {
                "multiplier": multiplier,
                "shift": shift,
                "table": Table("uint16_t", curves.SIGMOID_TABLE),
            },
        )

    return unary(name, function, wide)


def _multiplier(graph: Graph, op: Operator) -> tuple[int, int]:
    scale = tensor(graph, op, 0).scale
    fraction, shift = math.frexp(scale * 2.0 ** (31 - _INTEGER_BITS))
    require(0 <= shift <= 30, f"input scale {scale} is out of {op.op}'s range", graph, op)
    return round_half_away(fraction * 2**31), shift


def _log2(scale: float) -> tuple[int, bool]:
    """The nearest power of two, and whether it is near enough to be taken for it.

    Source: CheckedLog2, in float32.
    """
    power = np.log(np.float32(scale)) * (np.float32(1) / np.log(np.float32(2)))
    nearest = round_half_away(float(power))
    return nearest, bool(abs(power - np.float32(nearest)) < np.float32(1e-3))


def _require_q15(graph: Graph, op: Operator) -> None:
    scale = output(graph, op).scale
    require(_log2(scale) == (-15, True), f"{op.op} needs output scale 1/32768", graph, op)


def _wide_factor(graph: Graph, op: Operator, exact: tuple[int, ...]) -> tuple[int, int]:
    """From int16 to three times Q3.12: a multiplier below 2**15, and a shift to the right.

    Source: PrepareLogistic and TanhPrepare.
    """
    scale = tensor(graph, op, 0).scale
    power, near = _log2(scale)
    if near and power + 12 in exact:
        return 3 << (power + 12), 0
    multiplier, shift = scale * 4096.0 * 3.0, 0
    require(multiplier < 2**15, f"input scale {scale} is out of {op.op}'s range", graph, op)
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier, shift = multiplier * 2.0, shift + 1
    require(shift <= 30, f"input scale {scale} is out of {op.op}'s range", graph, op)
    return int(multiplier), shift
