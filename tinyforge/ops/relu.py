"""RELU as an operator of its own, int8: it may rescale."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import scale_factor


def function(graph: Graph, op: Operator, x: Int) -> Int8Array:
    """Source: ReluQuantized."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return np.clip(value, out.zero_point, 127).astype(np.int8)


OP = unary("RELU", function)
