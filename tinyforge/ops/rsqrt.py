"""RSQRT, int8."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, require, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_functions import inverse_square_root
from tinyforge.ops.fixed_point import Int, quantize_multiplier, requantize

_SHIFT = 20  # keeps fractions of the root


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: RsqrtEvalQuantized of micro/kernels/elementwise.cc."""
    source, out = tensor(graph, op, 0), output(graph, op)
    # The interpreter ends an inference at the first value that is negative.
    require(
        source.zero_point == -128,
        f"RSQRT needs an input without negative values, of zero point -128: it has "
        f"{source.zero_point}",
        graph,
        op,
        fix="take the root of what cannot be negative: of a square, or after a ReLU",
    )
    root = np.sqrt(np.float32(source.scale))
    multiplier, shift = quantize_multiplier(1.0 / float(root * np.float32(out.scale)))
    require(-31 <= shift - _SHIFT <= 0, "output scale is out of RSQRT's range", graph, op)
    value = x - source.zero_point
    root_multiplier, root_shift = inverse_square_root(value)
    one = np.ones(x.shape, np.int64)
    data = requantize(one, root_multiplier, root_shift + _SHIFT)
    scaled = requantize(data, multiplier, shift - _SHIFT) + out.zero_point
    return np.where(value == 0, 127, np.clip(scaled, -128, 127)).astype(np.int8)


OP = unary("RSQRT", function)
