"""ABS, int8: it may rescale."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import scale_factor


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: AbsEvalQuantized. Where scales are equal it does not rescale, which is a factor 1."""
    distance = np.abs(x - tensor(graph, op, 0).zero_point)
    value = requantize(distance, *scale_factor(graph, op)) + output(graph, op).zero_point
    return np.clip(value, -128, 127).astype(np.int8)


OP = unary("ABS", function)
