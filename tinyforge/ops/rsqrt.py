"""RSQRT, int8 or int16."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, require, tensor
from tinyforge.ops.elementwise import elementwise_kernel, unary
from tinyforge.ops.fixed_functions import inverse_square_root
from tinyforge.ops.fixed_point import Int, quantize_multiplier, requantize
from tinyforge.ops.quantization import limits, saturated

_SHIFT = 20  # keeps fractions of the root
# Roots are at most 2**_SHIFT, and what is shifted stays below 2**31.
_MOST_SHIFT = 10


def _factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """From roots in steps of 2**-_SHIFT to outputs. Source: SetRsqrtOutputMultiplier."""
    root = np.sqrt(np.float32(tensor(graph, op, 0).scale))
    scale = 1.0 / float(root * np.float32(output(graph, op).scale))
    multiplier, shift = quantize_multiplier(scale)
    inside = -31 <= shift - _SHIFT <= _MOST_SHIFT
    require(inside, "output scale is out of RSQRT's range", graph, op)
    return multiplier, shift - _SHIFT


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: RsqrtEvalQuantized of micro/kernels/elementwise.cc, which ends an inference at the
    first value that is negative: of int16, whose zero point is 0, those that there are must not be.
    """
    source, out = tensor(graph, op, 0), output(graph, op)
    require(
        source.dtype is DType.INT16 or source.zero_point == -128,
        f"RSQRT needs an input without negative values, of zero point -128: it has "
        f"{source.zero_point}",
        graph,
        op,
        fix="take the root of what cannot be negative: of a square, or after a ReLU",
    )
    value = x - source.zero_point
    multiplier, shift = inverse_square_root(value)
    one = np.ones(x.shape, np.int64)
    fraction = requantize(one, multiplier, shift + _SHIFT)
    scaled = requantize(fraction, *_factor(graph, op)) + out.zero_point
    return saturated(np.where(value == 0, limits(out)[1], scaled), out)


def _wide(graph: Graph, op: Operator) -> Kernel:
    multiplier, shift = _factor(graph, op)
    fields = {"multiplier": multiplier, "shift": shift}
    kernel = elementwise_kernel(graph, op, "forge_rsqrt_i16", "forge_rsqrt_i16_run", fields)
    return replace(kernel, header="rsqrt_int16.h")


OP = unary("RSQRT", function, _wide)
